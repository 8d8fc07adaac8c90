"""The settings of one deployment, read from the CDK context and checked before anything is built.

They stand in `cdk.json` under the key `certrotation`. One of them alone can be given on the
command line, where it wins: `npx cdk deploy -c certrotation:mode=report`. A setting that the
functions are told too is named like its environment variable, without `CERTROTATION_`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Any, Literal, Self

import botocore.session

from certrotation.aws.dependents.registry import DEFAULT, NAMES
from certrotation.names.environment import (
    DEFAULT_SCAN_INTERVAL_MINUTES,
    DEFAULT_SECRET_PREFIX,
    DEFAULT_STACK_NAME,
    OFF,
    SECRET_PREFIX_PATTERN,
    Mode,
    Weekday,
)

Arch = Literal["arm64", "x86_64"]
Switch = Literal["on", "off"]

_CONTEXT_KEY = "certrotation"


class ConfigError(ValueError):
    """A setting is missing, unknown or unfit; the message names it and says what to give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackConfig:
    """What a person decides about one deployment; None leaves the functions their default."""

    target_regions: tuple[str, ...]
    """Regions that present the certificates; the first is the canary."""
    secret_prefix: str = DEFAULT_SECRET_PREFIX
    scan_interval_minutes: int = DEFAULT_SCAN_INTERVAL_MINUTES
    mode: str = Mode.APPLY
    stack_name: str = DEFAULT_STACK_NAME
    """Also the value of the one metric dimension, so two deployments never share a metric."""
    arch: Arch = "arm64"
    rotate_concurrency: int = 4
    """How many secrets are rotated at the same time."""
    reserved_concurrency: Switch = "on"
    """Whether both functions keep their share of the account's concurrency to themselves."""
    critical_emails: tuple[str, ...] = ()
    """Who is told of what pages."""
    warning_emails: tuple[str, ...] = ()
    """Who is told of what opens a ticket."""
    secret_key_arns: tuple[str, ...] = ()
    """The customer-managed KMS keys that managed secrets are encrypted with."""
    dependents_tag: tuple[str, str] | None = None
    """Key and value of a tag without which a listener or a distribution is not changed."""
    permissions_boundary: str | None = None
    """ARN of the policy that bounds every role of the stack."""
    tags: tuple[tuple[str, str], ...] = ()
    """Key and value of the tags that every resource of the stack carries."""
    termination_protection: Switch = "on"
    dependents: tuple[str, ...] = DEFAULT
    """The kinds of dependents that rotate looks for and moves, and is granted."""
    adoption: Switch | None = None
    retention_days: int | None = None
    yearly_import_quota: int | None = None
    warning_fraction: float | None = None
    warning_cap_days: int | None = None
    critical_fraction: float | None = None
    critical_cap_days: int | None = None
    critical_floor_days: int | None = None
    digest: str | None = None
    """The day on which the warning topic is told of the week."""

    @classmethod
    def from_context(cls, context: Mapping[str, object]) -> Self:
        """Read the settings out of a whole CDK context.

        Raises:
            ConfigError: a setting is missing, unknown, or does not fit its rule.
        """
        given = _settings_in(context)
        unknown = sorted(given.keys() - _RULES.keys())
        if unknown:
            raise ConfigError(
                f"{_CONTEXT_KEY}.{unknown[0]} is not a setting; there are: {', '.join(_RULES)}"
            )
        for field in fields(cls):
            if field.default is MISSING and field.name not in given:
                raise ConfigError(
                    f"{_CONTEXT_KEY}.{field.name} is missing; give {_RULES[field.name].wanted}"
                )
        config = cls(**{key: _checked(key, value) for key, value in given.items()})
        _check_partition(config)
        return config


@dataclass(frozen=True, slots=True)
class _Rule:
    wanted: str
    """What to give, as the end of a sentence."""
    read: Callable[[object], object]
    """The value in its own type, or None if it does not fit."""


def _settings_in(context: Mapping[str, object]) -> dict[str, object]:
    together = context.get(_CONTEXT_KEY, {})
    if not isinstance(together, Mapping):
        raise ConfigError(
            f"{_CONTEXT_KEY} is {together!r}; give an object, or one setting as {_CONTEXT_KEY}:mode"
        )
    alone_prefix = f"{_CONTEXT_KEY}:"
    alone = {
        key.removeprefix(alone_prefix): value
        for key, value in context.items()
        if key.startswith(alone_prefix)
    }
    return {**together, **alone}


def _checked(key: str, value: object) -> Any:
    rule = _RULES[key]
    result = rule.read(value)
    if result is None:
        raise ConfigError(f"{_CONTEXT_KEY}.{key} is {value!r}; give {rule.wanted}")
    return result


def _text(pattern: str, wanted: str) -> _Rule:
    def read(value: object) -> str | None:
        return value if isinstance(value, str) and re.fullmatch(pattern, value) else None

    return _Rule(wanted, read)


def _one_of(*choices: str) -> _Rule:
    return _text("|".join(choices), " or ".join(choices))


def _whole_number(low: int, high: int, unit: str) -> _Rule:
    def read(value: object) -> int | None:
        # The command line gives every value as text.
        if isinstance(value, str) and re.fullmatch("[0-9]{1,9}", value):
            value = int(value)
        # To Python, JSON's true is a whole number as well.
        if not isinstance(value, int) or isinstance(value, bool):
            return None
        return value if low <= value <= high else None

    return _Rule(f"a whole number of {unit} from {low} to {high}", read)


def _read_fraction(value: object) -> float | None:
    if isinstance(value, str) and re.fullmatch(r"0?\.[0-9]{1,9}", value):
        value = float(value)
    return value if isinstance(value, float) and 0 < value < 1 else None


def _list_of(pattern: str, wanted: str) -> _Rule:
    """Different texts of one shape; on the command line they are separated by commas."""

    def read(value: object) -> tuple[str, ...] | None:
        texts = value.split(",") if isinstance(value, str) else value
        if not isinstance(texts, list | tuple) or not texts:
            return None
        if not all(isinstance(each, str) and re.fullmatch(pattern, each) for each in texts):
            return None
        return tuple(texts) if len(set(texts)) == len(texts) else None

    return _Rule(wanted, read)


@cache
def _partitions() -> Mapping[str, str]:
    """Return the partition of every Region that has ACM, as far as the installed botocore knows.

    Which of them an account has enabled, only AWS can tell.
    """
    session = botocore.session.get_session()
    return {
        region: partition
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("acm", partition_name=partition)
    }


def _check_partition(config: StackConfig) -> None:
    """Refuse the ARN of another partition than that of the target Regions."""
    partition = _partitions()[config.target_regions[0]]
    for arn in (*config.secret_key_arns, *filter(None, [config.permissions_boundary])):
        if not arn.startswith(f"arn:{partition}:"):
            raise ConfigError(f"{arn} is not in {partition}, where the target Regions are")


def _read_regions(value: object) -> tuple[str, ...] | None:
    regions = value.split(",") if isinstance(value, str) else value
    if not isinstance(regions, list | tuple) or not all(isinstance(name, str) for name in regions):
        return None
    # An account is in one partition, and None stands for a Region that there is not.
    partitions = {_partitions().get(name) for name in regions}
    if len(partitions) != 1 or partitions == {None}:
        return None
    return tuple(regions) if len(set(regions)) == len(regions) else None


# AWS General Reference, Tagging your AWS resources; the narrowest charset of the services here.
_TAG = re.compile(r"([A-Za-z0-9_.:/+@-]{1,128})=([A-Za-z0-9 _.:/+@-]{0,256})")


def _read_tag(value: object) -> tuple[str, str] | None:
    found = _TAG.fullmatch(value) if isinstance(value, str) else None
    return (found[1], found[2]) if found and not found[1].lower().startswith("aws:") else None


def _read_tags(value: object) -> tuple[tuple[str, str], ...] | None:
    if isinstance(value, Mapping):
        value = [f"{key}={text}" for key, text in value.items()]
    texts = value.split(",") if isinstance(value, str) else value
    if not isinstance(texts, list):
        return None
    tags = [tag for tag in map(_read_tag, texts) if tag is not None]
    # Keys that differ in case alone are one to IAM (IAM User Guide, Tags for IAM resources).
    return tuple(tags) if len({key.lower() for key, _ in tags}) == len(texts) else None


_FRACTION = _Rule("a number between 0 and 1, such as 0.2", _read_fraction)
_DAYS = _whole_number(1, 3650, "days")
_SWITCH = _one_of("on", "off")
# RFC 5322 allows far more; SNS sends a mail that must be confirmed to what is given here.
_EMAILS = _list_of(
    r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+",
    'a list of different e-mail addresses, such as ["oncall@example.com"]',
)

_RULES: Mapping[str, _Rule] = {
    "target_regions": _Rule(
        "a list of different Regions of one partition that the installed botocore knows, the canary"
        ' first, such as ["eu-west-1", "us-east-1"]',
        _read_regions,
    ),
    "secret_prefix": _text(
        SECRET_PREFIX_PATTERN, "1 to 256 of the characters A-Z a-z 0-9 / _ + = . @ -"
    ),
    "scan_interval_minutes": _whole_number(5, 24 * 60, "minutes"),
    "mode": _one_of(*Mode),
    # CloudFormation API Reference, CreateStack, StackName. The length: the name of a topic that
    # people read is at most 100 characters (SNS API Reference, CreateTopic, DisplayName).
    "stack_name": _text(
        "[A-Za-z][A-Za-z0-9-]{0,89}", "a letter, then up to 89 letters, digits or hyphens"
    ),
    "arch": _one_of("arm64", "x86_64"),
    # Lambda API Reference, ScalingConfig: an SQS event source cannot be limited to fewer than 2.
    "rotate_concurrency": _whole_number(2, 1000, "invocations"),
    "reserved_concurrency": _SWITCH,
    "critical_emails": _EMAILS,
    "warning_emails": _EMAILS,
    "secret_key_arns": _list_of(
        r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+",
        "a list of ARNs of KMS keys, not of their aliases",
    ),
    "dependents_tag": _Rule("a tag as key=value", _read_tag),
    "permissions_boundary": _text(
        r"arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9/_+=,.@-]+",
        "the ARN of an IAM policy",
    ),
    "tags": _Rule("different tags, as an object or as key=value,key=value", _read_tags),
    "termination_protection": _SWITCH,
    "dependents": _list_of(
        "|".join(NAMES), f"a list of different kinds of dependents, out of {', '.join(NAMES)}"
    ),
    "adoption": _SWITCH,
    "retention_days": _DAYS,
    "yearly_import_quota": _whole_number(1, 1_000_000, "imports"),
    "warning_fraction": _FRACTION,
    "warning_cap_days": _DAYS,
    "critical_fraction": _FRACTION,
    "critical_cap_days": _DAYS,
    "critical_floor_days": _DAYS,
    "digest": _one_of(OFF, *Weekday),
}
