"""Every variable: what it means, its default, and its error, which names it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from certrotation.aws.dependents import registry
from certrotation.core.estate.expiry_windows import WindowPolicy
from certrotation.errors import SettingsError
from certrotation.names.environment import Mode, Weekday
from certrotation.names.sources import SourcePattern
from certrotation.settings import Settings

TOPIC = "arn:aws-us-gov:sns:us-gov-west-1:123456789012:tls-Warning_1"
QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/rotation"
RUNBOOK = "https://wiki.example.com/certrotation/runbook"
SHARED = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shared/*"
EVERYWHERE = "arn:aws:secretsmanager:*:111122223333:secret:*"
REQUIRED = {
    "AWS_REGION": "eu-west-1",
    "CERTROTATION_TARGET_REGIONS": "eu-west-1,us-east-1",
    "CERTROTATION_QUEUE_URL": QUEUE,
}
DEFAULT = Settings(
    home_region="eu-west-1",
    target_regions=("eu-west-1", "us-east-1"),
    queue_url=QUEUE,
    secret_prefix="certrotation/",
    mode=Mode.APPLY,
    adopts=True,
    dependents=registry.DEFAULT,
    dependents_tag=None,
    consumer_regions=None,
    elasticbeanstalk_administrator_access=False,
    scan_interval=timedelta(hours=1),
    retention=timedelta(days=30),
    yearly_import_quota=5_000,
    windows=WindowPolicy(),
    public_roots_file=None,
    warning_topic_arn=None,
    runbook_url=None,
    arn_parameters=False,
    events=False,
    stack="certrotation",
    source_secrets=(),
    digest=None,
    issuers=(),
)


def refusal_of(**variables: str) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({**REQUIRED, **variables})
    return caught.value


def test_three_variables_are_enough_and_everything_else_has_a_default() -> None:
    assert Settings.from_env(REQUIRED) == DEFAULT


def test_consumers_are_in_the_target_regions_and_at_home_unless_they_are_named() -> None:
    targets = {**REQUIRED, "CERTROTATION_TARGET_REGIONS": "us-east-1,ap-south-1"}
    named = {**targets, "CERTROTATION_CONSUMER_REGIONS": "us-west-2"}

    assert DEFAULT.consumers == ("eu-west-1", "us-east-1")
    assert Settings.from_env(targets).consumers == ("us-east-1", "ap-south-1", "eu-west-1")
    assert Settings.from_env(named).consumers == ("us-west-2",)


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", [None, "", " "])
def test_a_required_variable_that_is_not_set_is_named(name: str, value: str | None) -> None:
    rest = {key: text for key, text in REQUIRED.items() if key != name}
    environment = rest if value is None else {**rest, name: value}

    with pytest.raises(SettingsError) as caught:
        Settings.from_env(environment)

    assert caught.value.found == f"{name} is not set."
    assert caught.value.remedy == "Set it on the function, by the stack."


@pytest.mark.parametrize(
    ("name", "text", "attribute", "value"),
    [
        ("AWS_REGION", "us-gov-west-1", "home_region", "us-gov-west-1"),
        ("CERTROTATION_TARGET_REGIONS", "cn-north-1", "target_regions", ("cn-north-1",)),
        (
            "CERTROTATION_TARGET_REGIONS",
            " us-east-1 , eu-west-1",
            "target_regions",
            ("us-east-1", "eu-west-1"),
        ),
        ("CERTROTATION_CONSUMER_REGIONS", "ap-south-1", "consumer_regions", ("ap-south-1",)),
        ("CERTROTATION_DEPENDENTS_TAG", "team=web", "dependents_tag", "team=web"),
        (
            "CERTROTATION_QUEUE_URL",
            "http://localhost:4566/q",
            "queue_url",
            "http://localhost:4566/q",
        ),
        ("CERTROTATION_SECRET_PREFIX", "tls/_+=.@-9", "secret_prefix", "tls/_+=.@-9"),
        ("CERTROTATION_SECRET_PREFIX", "p" * 256, "secret_prefix", "p" * 256),
        ("CERTROTATION_MODE", "report", "mode", Mode.REPORT),
        ("CERTROTATION_MODE", " apply ", "mode", Mode.APPLY),
        ("CERTROTATION_ADOPTION", "off", "adopts", False),
        (
            "CERTROTATION_ELASTICBEANSTALK_ADMINISTRATOR_ACCESS",
            "on",
            "elasticbeanstalk_administrator_access",
            True,
        ),
        ("CERTROTATION_DEPENDENTS", "elbv2", "dependents", ("elbv2",)),
        (
            "CERTROTATION_DEPENDENTS",
            " cloudfront , elbv2 ",
            "dependents",
            ("elbv2", "cloudfront"),
        ),
        ("CERTROTATION_ADOPTION", "on", "adopts", True),
        ("CERTROTATION_SCAN_INTERVAL_MINUTES", "15", "scan_interval", timedelta(minutes=15)),
        ("CERTROTATION_RETENTION_DAYS", "0.5", "retention", timedelta(hours=12)),
        ("CERTROTATION_RETENTION_DAYS", "36500", "retention", timedelta(days=36_500)),
        ("CERTROTATION_YEARLY_IMPORT_QUOTA", "1", "yearly_import_quota", 1),
        ("CERTROTATION_PUBLIC_ROOTS_FILE", "/opt/roots.pem", "public_roots_file", "/opt/roots.pem"),
        ("CERTROTATION_WARNING_TOPIC_ARN", TOPIC, "warning_topic_arn", TOPIC),
        ("CERTROTATION_RUNBOOK_URL", RUNBOOK, "runbook_url", RUNBOOK),
        (
            "CERTROTATION_SOURCE_SECRETS",
            f"{SHARED} , {SHARED[:-1]}a-??????",
            "source_secrets",
            (SourcePattern.parse(SHARED), SourcePattern.parse(f"{SHARED[:-1]}a-??????")),
        ),
        ("CERTROTATION_DIGEST", "off", "digest", None),
        ("CERTROTATION_DIGEST", "sunday", "digest", Weekday.SUNDAY),
        (
            "CERTROTATION_WARNING_FRACTION",
            "0.25",
            "windows",
            WindowPolicy(warning_fraction=0.25),
        ),
        (
            "CERTROTATION_WARNING_CAP_DAYS",
            "21",
            "windows",
            WindowPolicy(warning_cap=timedelta(days=21)),
        ),
        (
            "CERTROTATION_CRITICAL_FRACTION",
            "0.2",
            "windows",
            WindowPolicy(critical_fraction=0.2),
        ),
        (
            "CERTROTATION_CRITICAL_CAP_DAYS",
            "60",
            "windows",
            WindowPolicy(critical_cap=timedelta(days=60)),
        ),
        (
            "CERTROTATION_CRITICAL_FLOOR_DAYS",
            "6",
            "windows",
            WindowPolicy(critical_floor=timedelta(days=6)),
        ),
    ],
)
def test_each_variable_sets_its_setting_and_no_other(
    name: str, text: str, attribute: str, value: object
) -> None:
    got = Settings.from_env({**REQUIRED, name: text})

    differing = {
        each for each in Settings.__slots__ if getattr(got, each) != getattr(DEFAULT, each)
    }
    assert getattr(got, attribute) == value
    assert differing <= {attribute}


def test_an_optional_variable_without_text_counts_as_not_set() -> None:
    assert Settings.from_env({**REQUIRED, "CERTROTATION_MODE": " "}) == DEFAULT


NO_REGION = "is not a valid Region (example: eu-west-1)"
A_NAME = "must be 1 to 256 letters, digits and /_+=.@-"
ABOVE_ZERO = "must be greater than 0"
A_FRACTION = "must be a fraction of the lifetime, less than 1"
A_CENTURY = "must be at most 36500 days"
A_PAGE = "must be an https URL of at most 300 characters, without an anchor"
A_DAY = "must be off or a day (example: monday)"
NO_TOPIC = "is not the ARN of an SNS topic"


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("AWS_REGION", "Ireland", NO_REGION),
        ("AWS_REGION", "eu-west-1a", NO_REGION),
        ("CERTROTATION_TARGET_REGIONS", "eu-west-1,", f"contains '', which {NO_REGION}"),
        ("CERTROTATION_TARGET_REGIONS", "foo,us-east-1", f"contains 'foo', which {NO_REGION}"),
        ("CERTROTATION_TARGET_REGIONS", "eu-west-1,eu-west-1", "contains eu-west-1 twice"),
        ("CERTROTATION_QUEUE_URL", "rotation", "is not the URL of an SQS queue"),
        (
            "CERTROTATION_SECRET_PREFIX",
            "tls *",
            A_NAME,
        ),
        (
            "CERTROTATION_SECRET_PREFIX",
            "p" * 257,
            A_NAME,
        ),
        ("CERTROTATION_MODE", "Apply", "must be apply or report"),
        ("CERTROTATION_WARNING_TOPIC_ARN", "tls-Warning", NO_TOPIC),
        (
            "CERTROTATION_WARNING_TOPIC_ARN",
            f"{TOPIC}:1",
            NO_TOPIC,
        ),
        ("CERTROTATION_RUNBOOK_URL", "http://wiki.example.com/runbook", A_PAGE),
        ("CERTROTATION_RUNBOOK_URL", f"{RUNBOOK}#anchor", A_PAGE),
        (
            "CERTROTATION_SOURCE_SECRETS",
            EVERYWHERE,
            (
                f"contains {EVERYWHERE!r}, which is not a pattern of ARNs of secrets that names one"
                " Region and the 12 digits of one account, and ends in '*' or in a secret's last"
                f" six characters (example: {SHARED})"
            ),
        ),
        ("CERTROTATION_DIGEST", "Monday", A_DAY),
        ("CERTROTATION_DIGEST", "daily", A_DAY),
        ("CERTROTATION_ADOPTION", "yes", "must be on or off"),
        ("CERTROTATION_SCAN_INTERVAL_MINUTES", "0", ABOVE_ZERO),
        ("CERTROTATION_SCAN_INTERVAL_MINUTES", "nan", ABOVE_ZERO),
        ("CERTROTATION_SCAN_INTERVAL_MINUTES", "1e300", A_CENTURY),
        ("CERTROTATION_RETENTION_DAYS", "-1", ABOVE_ZERO),
        ("CERTROTATION_YEARLY_IMPORT_QUOTA", "0", "must be a positive integer"),
        ("CERTROTATION_YEARLY_IMPORT_QUOTA", "many", "must be a positive integer"),
        ("CERTROTATION_RETENTION_DAYS", "inf", A_CENTURY),
        ("CERTROTATION_RETENTION_DAYS", "36500.1", A_CENTURY),
        ("CERTROTATION_RETENTION_DAYS", "soon", "must be a number"),
        ("CERTROTATION_WARNING_CAP_DAYS", "0", ABOVE_ZERO),
        ("CERTROTATION_CRITICAL_CAP_DAYS", "0", ABOVE_ZERO),
        ("CERTROTATION_CRITICAL_FLOOR_DAYS", "0", ABOVE_ZERO),
        ("CERTROTATION_WARNING_FRACTION", "1", A_FRACTION),
        ("CERTROTATION_WARNING_FRACTION", "0", ABOVE_ZERO),
        ("CERTROTATION_CRITICAL_FRACTION", "20", A_FRACTION),
    ],
)
def test_a_value_that_is_malformed_or_out_of_range_is_refused_naming_its_variable(
    name: str, text: str, why: str
) -> None:
    error = refusal_of(**{name: text})

    assert error.found == f"{name} {text!r} {why}."
    assert error.remedy == "Correct it in the stack."


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        (
            {"CERTROTATION_CRITICAL_FRACTION": "0.21"},
            "CRITICAL_FRACTION (0.21) is larger than CERTROTATION_WARNING_FRACTION (0.2).",
        ),
        (
            {"CERTROTATION_CRITICAL_CAP_DAYS": "61"},
            "CRITICAL_CAP_DAYS (61) is larger than CERTROTATION_WARNING_CAP_DAYS (60).",
        ),
        (
            {"CERTROTATION_CRITICAL_FLOOR_DAYS": "7"},
            "CRITICAL_FLOOR_DAYS (7) is larger than the warning window of 30-day certificates (6).",
        ),
        (
            {"CERTROTATION_CRITICAL_FLOOR_DAYS": "4", "CERTROTATION_CRITICAL_CAP_DAYS": "3"},
            "CRITICAL_FLOOR_DAYS (4) is larger than CERTROTATION_CRITICAL_CAP_DAYS (3).",
        ),
    ],
    ids=["fraction", "cap", "floor over the warning window", "floor over its cap"],
)
def test_a_critical_window_longer_than_the_warning_window_is_refused(
    variables: dict[str, str], found: str
) -> None:
    error = refusal_of(**variables)

    assert error.found == f"CERTROTATION_{found}"
    assert error.remedy == (
        "A critical window must not be longer than its warning window, nor its floor than its cap."
    )


def test_the_critical_windows_floor_may_be_its_cap() -> None:
    got = Settings.from_env({**REQUIRED, "CERTROTATION_CRITICAL_CAP_DAYS": "3"})

    assert got.windows == WindowPolicy(critical_cap=timedelta(days=3))
