import json
from pathlib import Path
from typing import Any

import pytest

from infra.config import (
    ConfigError,
    StackConfig,
    check_portable,
    home_region_warnings,
    prefix_warning,
)
from tests.infra.synthesis import ROOT
from tests.support.authority import Authority, pem


def read(**settings: Any) -> StackConfig:
    given = {"target_regions": ["eu-west-1", "us-east-1"]} | settings
    return StackConfig.from_context({"certrotation": given})


def test_only_the_regions_have_to_be_given() -> None:
    assert read() == StackConfig(target_regions=("eu-west-1", "us-east-1"))


def test_the_repositorys_own_settings_are_valid() -> None:
    cdk_json = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))
    assert StackConfig.from_context(cdk_json["context"]).target_regions


def test_a_setting_given_alone_wins_over_the_ones_given_together() -> None:
    context = {
        "certrotation": {"target_regions": ["eu-west-1"], "mode": "apply"},
        "certrotation:mode": "report",
        "@aws-cdk/aws-iam:minimizePolicies": True,
    }
    assert StackConfig.from_context(context).mode == "report"


def test_by_default_nothing_is_taken_from_the_accounts_concurrency() -> None:
    """Lambda rejects a reservation that leaves less than 100; a new account has 10 in all."""
    assert read().reserved_concurrency == "off"


def test_the_command_lines_text_becomes_numbers_and_lists() -> None:
    context = {
        "certrotation:target_regions": "eu-west-1,us-east-1",
        "certrotation:scan_interval_minutes": "15",
        "certrotation:warning_fraction": "0.25",
    }
    config = StackConfig.from_context(context)
    assert config.target_regions == ("eu-west-1", "us-east-1")
    assert config.scan_interval_minutes == 15
    assert config.warning_fraction == 0.25


def test_lists_and_tags_are_read_in_either_form() -> None:
    together = read(
        critical_emails=["a@example.com", "b@example.com"],
        tags={"team": "web", "stage": "prod"},
        dependents_tag="team=web",
    )
    alone = StackConfig.from_context(
        {
            "certrotation:target_regions": "eu-west-1,us-east-1",
            "certrotation:critical_emails": "a@example.com,b@example.com",
            "certrotation:tags": "team=web,stage=prod",
            "certrotation:dependents_tag": "team=web",
        }
    )
    assert together == alone
    assert alone.critical_emails == ("a@example.com", "b@example.com")
    assert alone.tags == (("team", "web"), ("stage", "prod"))
    assert alone.dependents_tag == ("team", "web")


@pytest.mark.parametrize(
    "region",
    ["us-east-1", "ap-southeast-7", "us-gov-west-1", "cn-northwest-1", "eusc-de-east-1"],
)
def test_every_partitions_regions_are_regions(region: str) -> None:
    assert read(target_regions=[region]).target_regions == (region,)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("target_regions", []),
        ("target_regions", ""),
        ("target_regions", ["eu-west-1", "eu-west-1"]),
        ("target_regions", ["eu-west-1", "Ireland"]),
        ("target_regions", ["eu-west-1 "]),
        ("target_regions", ["eu-west-9"]),
        ("target_regions", ["eu-west-1", "cn-north-1"]),
        ("target_regions", [1]),
        ("target_regions", 1),
        ("secret_prefix", ""),
        ("secret_prefix", "tls*"),
        ("secret_prefix", "tls/\n"),
        ("secret_prefix", "p" * 257),
        ("scan_interval_minutes", 4),
        ("scan_interval_minutes", 1441),
        ("scan_interval_minutes", 59.5),
        ("scan_interval_minutes", "hourly"),
        ("scan_interval_minutes", True),
        ("mode", "dry-run"),
        ("mode", None),
        ("arch", "amd64"),
        ("stack_name", "1st"),
        ("stack_name", "tls_rotation"),
        ("stack_name", "s" * 91),
        ("rotate_concurrency", 1),
        ("rotate_concurrency", 1001),
        ("reserved_concurrency", True),
        ("critical_emails", []),
        ("critical_emails", ["oncall"]),
        ("critical_emails", "oncall@example"),
        ("critical_emails", ["a@example.com", "a@example.com"]),
        ("warning_emails", ["tickets@example.com "]),
        ("warning_emails", [7]),
        ("secret_key_arns", ["arn:aws:kms:eu-west-1:123456789012:alias/secrets"]),
        ("secret_key_arns", {}),
        ("dependents_tag", "team"),
        ("dependents_tag", "aws:team=web"),
        ("dependents_tag", "team=w*b"),
        ("edge_functions", ["rewrite:3"]),
        ("edge_functions", []),
        ("log_buckets", ["acme-logs.s3.amazonaws.com/"]),
        ("log_buckets", ["Acme"]),
        ("permissions_boundary", "bounds"),
        ("permissions_boundary", "arn:aws:iam::123456789012:role/bounds"),
        ("tags", "team"),
        ("tags", ["team=web", "team=ops"]),
        ("tags", {"aws:team": "web"}),
        ("tags", {"AWS:team": "web"}),
        ("tags", {"Team": "web", "team": "ops"}),
        ("tags", 1),
        ("termination_protection", False),
        ("adoption", True),
        ("retention_days", 0),
        ("yearly_import_quota", 0),
        ("warning_fraction", 0),
        ("warning_fraction", 1.0),
        ("critical_fraction", "1/10"),
        ("warning_cap_days", -1),
        ("critical_cap_days", "x"),
        ("critical_floor_days", 3651),
        ("runbook_url", "http://wiki.example.com/runbook"),
        ("runbook_url", "https://wiki.example.com/runbook#alarms"),
        ("runbook_url", "https://wiki.example.com/my runbook"),
        ("runbook_url", f"https://wiki.example.com/{'r' * 280}"),
        ("runbook_url", 7),
        ("public_roots_file", "no/such/file.pem"),
        ("public_roots_file", "cdk.json"),
        ("public_roots_file", 7),
        ("digest", "Monday"),
        ("digest", True),
        ("arn_parameters", "yes"),
        ("arn_parameters", True),
        ("events", "yes"),
        ("custom_resource", "yes"),
    ],
)
def test_an_unfit_value_is_refused_by_its_key_with_what_to_give(key: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=rf"^cdk\.json: certrotation\.{key}(:| is) .* Give .+\.$"):
        read(**{key: value})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"target_regions": ["eu-west-1", "eu-west-9"]},
            "certrotation.target_regions: 'eu-west-9' is not a Region; did you mean eu-west-1?",
        ),
        ({"target_regions": ["Ireland"]}, ": 'Ireland' is not a Region. Give"),
        (
            {"target_regions": ["eu-west-1", "cn-north-1"]},
            ": 'cn-north-1' is in the partition aws-cn, 'eu-west-1' in aws;",
        ),
        ({"target_regions": ["eu-west-1", "eu-west-1"]}, ": 'eu-west-1' is given twice."),
        ({"target_regions": ["eu-west-1", 7]}, ": 7 is not text."),
        ({"mode": "Report"}, ": 'Report' is not one of the choices; did you mean report?"),
        ({"mode": "dry-run"}, ": 'dry-run' is not one of the choices. Give apply or report."),
        (
            {"critical_emails": ["a@example.com", "oncall"]},
            "certrotation.critical_emails: 'oncall' does not fit. Give a list of",
        ),
        ({"tags": {"a": "b", "Team": "web", "team": "x"}}, ": the key 'team' is given twice"),
        ({"tags": ["a=b", "c"]}, ": 'c' is not a tag that every service accepts."),
        ({"target_region": "eu-west-1"}, "not a setting; did you mean target_regions? The"),
    ],
)
def test_the_element_that_is_wrong_is_named_with_what_was_probably_meant(
    settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(**settings)

    assert said in str(caught.value)


def test_a_setting_of_the_command_line_is_named_as_it_was_given() -> None:
    with pytest.raises(ConfigError, match=r"^-c certrotation:mode: 'on' is not one"):
        StackConfig.from_context(
            {"certrotation:mode": "on", "certrotation:target_regions": "eu-west-1"}
        )


@pytest.mark.parametrize("prefix", ["certrotation/", "acme/tls/prod/", "/"])
def test_a_prefix_that_is_a_folder_is_not_warned_of(prefix: str) -> None:
    assert prefix_warning(prefix) is None


def test_a_prefix_without_a_slash_is_warned_of_with_what_rotate_can_read() -> None:
    warning = prefix_warning("certrotation")

    assert warning is not None
    assert "rotate can read it: for example certrotationX and certrotation-backup/shop" in warning
    assert "give 'certrotation/'." in warning


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("scan_interval_minutes", 5),
        ("scan_interval_minutes", 1440),
        ("rotate_concurrency", 2),
        ("secret_prefix", "p" * 256),
        ("stack_name", "s" * 90),
    ],
)
def test_the_bounds_themselves_are_fit(key: str, value: Any) -> None:
    assert getattr(read(**{key: value}), key) == value


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("secret_key_arns", ["arn:aws-cn:kms:cn-north-1:123456789012:key/1234"]),
        ("permissions_boundary", "arn:aws-us-gov:iam::123456789012:policy/bounds"),
    ],
)
def test_what_is_in_another_partition_is_refused(key: str, value: Any) -> None:
    with pytest.raises(
        ConfigError,
        match=rf"certrotation\.{key}: arn:aws-.* is not in the partition aws, where the",
    ):
        read(**{key: value})


def test_a_missing_setting_is_named_with_what_to_give() -> None:
    with pytest.raises(ConfigError, match=r"certrotation\.target_regions is missing\. Give a list"):
        StackConfig.from_context({"certrotation": {}})


def test_an_unknown_setting_is_named_beside_those_that_exist() -> None:
    with pytest.raises(
        ConfigError, match=r"certrotation\.regions is not a setting.*target_regions"
    ):
        read(regions=["eu-west-1"])


def test_settings_given_as_text_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"certrotation is 'report'\. Give an object"):
        StackConfig.from_context({"certrotation": "report"})


def test_a_file_of_public_roots_is_a_file_of_certificates(tmp_path: Path) -> None:
    roots = tmp_path / "roots.pem"
    roots.write_text(pem(Authority.root().certificate))
    assert read(public_roots_file=str(roots)).public_roots_file == str(roots)


@pytest.mark.parametrize("name", ["aws-certificates", "SSM-tls"])
def test_arn_parameters_are_refused_under_a_name_that_aws_reserves(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"begin with /{name}/, and AWS reserves"):
        read(arn_parameters="on", stack_name=name)

    assert read(arn_parameters="off", stack_name=name).stack_name == name


TOPIC = "arn:aws:sns:eu-west-1:111122223333:paging"


def test_alarms_may_publish_to_topics_that_exist_already() -> None:
    config = read(critical_topic_arn=TOPIC, warning_topic_arn=TOPIC)

    assert (config.critical_topic_arn, config.warning_topic_arn) == (TOPIC, TOPIC)
    assert read().critical_topic_arn is None


@pytest.mark.parametrize(
    "topic", ["paging", "arn:aws:sqs:eu-west-1:111122223333:paging", f"{TOPIC}.fifo"]
)
def test_what_is_not_the_arn_of_a_topic_is_refused(topic: str) -> None:
    with pytest.raises(ConfigError, match=r"warning_topic_arn .* Give the ARN of an SNS topic"):
        read(warning_topic_arn=topic)


def test_addresses_need_a_topic_of_the_stack() -> None:
    with pytest.raises(ConfigError, match=r"critical_emails: .* Subscribe the addresses to this"):
        read(critical_topic_arn=TOPIC, critical_emails=["oncall@example.com"])

    assert read(critical_topic_arn=TOPIC, warning_emails=["a@example.com"]).warning_emails


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("critical_topic_arn", "arn:aws-cn:sns:cn-north-1:111122223333:paging"),
        (
            "observability_sink",
            "arn:aws-cn:oam:cn-north-1:111122223333:sink/11111111-2222-3333-4444-555555555555",
        ),
    ],
)
def test_what_other_accounts_lend_is_in_the_partition(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=rf"{name}: .* is not in the partition aws"):
        read(**{name: value})


SINK = "arn:aws:oam:us-east-1:111122223333:sink/11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("critical_topic_arn", TOPIC.replace("eu-west-1", "eu-wset-1")),
        ("observability_sink", SINK.replace("us-east-1", "eu-wset-1")),
        ("source_secrets", ["arn:aws:secretsmanager:eu-wset-1:111122223333:secret:shared/*"]),
    ],
)
def test_a_mistyped_region_of_an_arn_is_named_with_what_was_meant(name: str, value: Any) -> None:
    with pytest.raises(
        ConfigError,
        match=rf"certrotation\.{name}: arn:.*: 'eu-wset-1' is not a Region; did you mean eu-west-1",
    ):
        read(**{name: value})


def test_what_must_be_in_the_home_region_is_in_one_region() -> None:
    with pytest.raises(
        ConfigError,
        match=r"observability_sink is in us-east-1, and critical_topic_arn in eu-west-1\. Both",
    ):
        read(critical_topic_arn=TOPIC, observability_sink=SINK)


def test_what_is_not_in_the_region_of_the_deployment_is_warned_of() -> None:
    config = read(critical_topic_arn=TOPIC)

    (warning,) = home_region_warnings(config, "us-east-1")

    assert "certrotation.critical_topic_arn" in warning
    assert "is not in us-east-1" in warning
    assert [*home_region_warnings(config, "eu-west-1")] == []
    assert [*home_region_warnings(config, None)] == []


def test_the_central_stack_is_for_listed_accounts() -> None:
    context = {
        "certrotation:target_regions": "eu-west-1",
        "certrotation:central": "on",
        "certrotation:central_accounts": "111122223333,444455556666",
    }

    config = StackConfig.from_context(context)

    assert config.central_accounts == ("111122223333", "444455556666")
    assert read().central == "off"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"central": "on"}, "nobody may subscribe. Give central_accounts"),
        ({"central_accounts": ["111122223333"]}, "has no effect, because central is off"),
        (
            {"central": "on", "central_accounts": [f"{each:012}" for each in range(201)]},
            "has 201 accounts, and the policy of a topic takes 200",
        ),
        ({"central": "on", "central_accounts": ["1111"]}, "'1111' does not fit.*of 12 digits"),
        ({"central": "on", "central_accounts": 2 * ["111122223333"]}, "is given twice"),
        ({"central": "on", "central_accounts": [111122223333]}, "is not text"),
        ({"central": "yes"}, "'yes' is not one of the choices"),
        ({"observability_sink": "arn:aws:oam:eu-west-1:111122223333:sink"}, "the ARN of a sink"),
    ],
)
def test_accounts_and_sinks_are_checked(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read(**settings)


def test_a_template_for_every_account_names_no_boundary_of_one() -> None:
    with pytest.raises(ConfigError, match=r"Give arn:aws:iam::\$\{AWS::AccountId\}:policy/bounds"):
        check_portable(read(permissions_boundary="arn:aws:iam::111122223333:policy/bounds"))

    for arn in ("arn:aws:iam::${AWS::AccountId}:policy/bounds", "arn:aws:iam::aws:policy/Power"):
        check_portable(read(permissions_boundary=arn))
