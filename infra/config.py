"""The settings of one deployment, read from the CDK context and checked before anything is built.

They stand in `cdk.json` under the key `certrotation`. One of them alone can be given on the
command line, where it wins: `npx cdk deploy -c certrotation:mode=report`. A setting that the
functions are told too is named like its environment variable, without `CERTROTATION_`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Literal, Self

Arch = Literal["arm64", "x86_64"]

_CONTEXT_KEY = "certrotation"


class ConfigError(ValueError):
    """A setting is missing, unknown or unfit; the message names it and says what to give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackConfig:
    """What a person decides about one deployment; None leaves the functions their default."""

    target_regions: tuple[str, ...]
    """Regions that present the certificates; the first is the canary."""
    secret_prefix: str = "certrotation/"  # noqa: S105  how the names of secrets begin, not a secret
    scan_interval_minutes: int = 60
    mode: Literal["apply", "report"] = "apply"
    stack_name: str = "certrotation"
    """Also the value of the one metric dimension, so two deployments never share a metric."""
    arch: Arch = "arm64"
    rotate_concurrency: int = 4
    """How many secrets are rotated at the same time."""
    adoption: Literal["on", "off"] | None = None
    retention_days: int | None = None
    yearly_import_quota: int | None = None
    warning_fraction: float | None = None
    warning_cap_days: int | None = None
    critical_fraction: float | None = None
    critical_cap_days: int | None = None
    critical_floor_days: int | None = None

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
        return cls(**{key: _checked(key, value) for key, value in given.items()})


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


def _read_regions(value: object) -> tuple[str, ...] | None:
    regions = value.split(",") if isinstance(value, str) else value
    if not isinstance(regions, list | tuple) or not regions:
        return None
    # The shape alone: which Regions exist, and which the account has enabled, only AWS can tell.
    shape = "[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}"
    if not all(isinstance(name, str) and re.fullmatch(shape, name) for name in regions):
        return None
    return tuple(regions) if len(set(regions)) == len(regions) else None


_FRACTION = _Rule("a number between 0 and 1, such as 0.2", _read_fraction)
_DAYS = _whole_number(1, 3650, "days")

_RULES: Mapping[str, _Rule] = {
    "target_regions": _Rule(
        'a list of different Regions, the canary first, such as ["eu-west-1", "us-east-1"]',
        _read_regions,
    ),
    # The characters: Secrets Manager API Reference, CreateSecret, Name. The length: a copy's tag
    # holds the whole name, see ACM API Reference, Tag, Value.
    "secret_prefix": _text(
        "[A-Za-z0-9/_+=.@-]{1,256}", "1 to 256 of the characters A-Z a-z 0-9 / _ + = . @ -"
    ),
    "scan_interval_minutes": _whole_number(5, 24 * 60, "minutes"),
    "mode": _one_of("apply", "report"),
    # CloudFormation API Reference, CreateStack, StackName.
    "stack_name": _text(
        "[A-Za-z][A-Za-z0-9-]{0,127}", "a letter, then up to 127 letters, digits or hyphens"
    ),
    "arch": _one_of("arm64", "x86_64"),
    # Lambda API Reference, ScalingConfig: an SQS event source cannot be limited to fewer than 2.
    "rotate_concurrency": _whole_number(2, 1000, "invocations"),
    "adoption": _one_of("on", "off"),
    "retention_days": _DAYS,
    "yearly_import_quota": _whole_number(1, 1_000_000, "imports"),
    "warning_fraction": _FRACTION,
    "warning_cap_days": _DAYS,
    "critical_fraction": _FRACTION,
    "critical_cap_days": _DAYS,
    "critical_floor_days": _DAYS,
}
