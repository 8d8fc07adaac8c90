"""The settings of the functions: read from the environment once, checked, and frozen."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from certrotation.aws.dependents.registry import DEFAULT, chosen
from certrotation.core.estate.expiry_windows import WindowPolicy
from certrotation.core.scan.import_quota import YEARLY_QUOTA
from certrotation.errors import SettingsError
from certrotation.names import environment
from certrotation.names.environment import Mode, Weekday
from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from certrotation.names.issuers import AnyIssuer
    from certrotation.names.sources import SourcePattern

_T = TypeVar("_T")

_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}")
_TOPIC = re.compile(r"arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}")
_DAY = timedelta(days=1)
_LONGEST = timedelta(days=36_500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of both functions; docs/operating.md explains them to users."""

    home_region: str
    target_regions: tuple[str, ...]
    """The first is the canary."""
    queue_url: str
    secret_prefix: str
    mode: Mode
    adopts: bool
    dependents: tuple[str, ...]
    """The kinds of dependents that are looked for and moved, by their names in the registry."""
    dependents_tag: str | None
    """The tag, as key=value, without which the role may not change a dependent."""
    consumer_regions: tuple[str, ...] | None
    """Where dependents may be that present certificates of CloudFront's Region; see `consumers`."""
    elasticbeanstalk_administrator_access: bool
    """Whether environments without an operations role are updated with the rights of rotate."""
    scan_interval: timedelta
    retention: timedelta
    """How long a superseded copy is kept."""
    yearly_import_quota: int
    """Imports that ACM allows in a Region in 365 days."""
    windows: WindowPolicy
    public_roots_file: str | None
    """PEM file of the roots taken as public; None means the list that certifi ships."""
    warning_topic_arn: str | None
    """The SNS topic of notifications; None if the service sends no notifications."""
    runbook_url: str | None
    """The page of the team's own runbook, to which mails link; None means the repository's."""
    arn_parameters: bool
    """Whether rotate keeps the ARNs of copies in parameters of Systems Manager."""
    events: bool
    """Whether rotate puts events about its outcomes on the event bus of the home Region."""
    stack: str
    """The stack's name, with which the names of these parameters begin."""
    source_secrets: tuple[SourcePattern, ...]
    """Which secrets of other accounts may be the source of a managed secret."""
    digest: Weekday | None
    """The day on which a digest is sent, if one is wanted."""
    issuers: tuple[AnyIssuer, ...]
    """The CAs that may be asked for certificates; only the issue function has any."""

    @classmethod
    def from_env(cls, variables: Mapping[str, str]) -> Settings:
        """Read the settings from environment variables.

        Raises:
            SettingsError: a variable is missing, malformed or out of range; it is named.
        """
        read = _Reader(variables)
        return cls(
            home_region=read.required(environment.HOME_REGION, _region),
            target_regions=read.required(environment.TARGET_REGIONS, _regions),
            queue_url=read.required(environment.QUEUE_URL, _url),
            secret_prefix=read.optional(
                environment.SECRET_PREFIX, _secret_prefix, environment.DEFAULT_SECRET_PREFIX
            ),
            mode=read.optional(environment.MODE, _mode, Mode.APPLY),
            adopts=read.optional(environment.ADOPTION, _switch, default=True),
            dependents=read.optional(environment.DEPENDENTS, _dependents, DEFAULT),
            dependents_tag=read.optional(environment.DEPENDENTS_TAG, _tag, None),
            consumer_regions=read.optional(environment.CONSUMER_REGIONS, _regions, None),
            elasticbeanstalk_administrator_access=read.optional(
                environment.ELASTICBEANSTALK_ADMINISTRATOR_ACCESS, _switch, default=False
            ),
            scan_interval=read.optional(
                environment.SCAN_INTERVAL_MINUTES,
                _minutes,
                timedelta(minutes=environment.DEFAULT_SCAN_INTERVAL_MINUTES),
            ),
            retention=read.optional(environment.RETENTION_DAYS, _days, timedelta(days=30)),
            yearly_import_quota=read.optional(
                environment.YEARLY_IMPORT_QUOTA, _count, YEARLY_QUOTA
            ),
            windows=_windows(read),
            public_roots_file=read.optional(environment.PUBLIC_ROOTS_FILE, str, None),
            warning_topic_arn=read.optional(environment.WARNING_TOPIC_ARN, _topic_arn, None),
            runbook_url=read.optional(environment.RUNBOOK_URL, _runbook_url, None),
            arn_parameters=read.optional(environment.ARN_PARAMETERS, _switch, default=False),
            events=read.optional(environment.EVENTS, _switch, default=False),
            stack=read.optional(environment.SERVICE, str, environment.DEFAULT_STACK_NAME),
            source_secrets=read.optional(environment.SOURCE_SECRETS, _source_secrets, ()),
            digest=read.optional(environment.DIGEST, _digest, None),
            issuers=read.optional(environment.ISSUERS, _issuers, ()),
        )

    @property
    def consumers(self) -> tuple[str, ...]:
        """The consumer Regions; without the setting, the target Regions and the home Region."""
        by_default = dict.fromkeys((*self.target_regions, self.home_region))
        return self.consumer_regions or tuple(by_default)


class _Reader:
    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def required(self, name: str, parse: Callable[[str], _T]) -> _T:
        """Parse a variable that must be set."""
        text = self._variables.get(name, "").strip()
        if not text:
            raise SettingsError(f"{name} is not set.", "Set it on the function, by the stack.")
        return _parse(name, text, parse)

    def optional(self, name: str, parse: Callable[[str], _T], default: _T) -> _T:
        """Parse a variable, or return the default if it is not set."""
        text = self._variables.get(name, "").strip()
        return _parse(name, text, parse) if text else default


def _parse(name: str, text: str, parse: Callable[[str], _T]) -> _T:
    try:
        return parse(text)
    except ValueError as error:
        raise SettingsError(f"{name} {text!r} {error}.", "Correct it in the stack.") from error


def _windows(read: _Reader) -> WindowPolicy:
    default = WindowPolicy()
    policy = WindowPolicy(
        warning_fraction=read.optional(
            environment.WARNING_FRACTION, _fraction, default.warning_fraction
        ),
        warning_cap=read.optional(environment.WARNING_CAP_DAYS, _days, default.warning_cap),
        critical_fraction=read.optional(
            environment.CRITICAL_FRACTION, _fraction, default.critical_fraction
        ),
        critical_cap=read.optional(environment.CRITICAL_CAP_DAYS, _days, default.critical_cap),
        critical_floor=read.optional(
            environment.CRITICAL_FLOOR_DAYS, _days, default.critical_floor
        ),
    )
    least_warning = policy.warning(policy.floor_from_lifetime)
    for critical, critical_name, warning, warning_name in (
        (
            policy.critical_fraction,
            environment.CRITICAL_FRACTION,
            policy.warning_fraction,
            environment.WARNING_FRACTION,
        ),
        (
            policy.critical_cap / _DAY,
            environment.CRITICAL_CAP_DAYS,
            policy.warning_cap / _DAY,
            environment.WARNING_CAP_DAYS,
        ),
        (
            policy.critical_floor / _DAY,
            environment.CRITICAL_FLOOR_DAYS,
            policy.critical_cap / _DAY,
            environment.CRITICAL_CAP_DAYS,
        ),
        (
            policy.critical_floor / _DAY,
            environment.CRITICAL_FLOOR_DAYS,
            least_warning / _DAY,
            f"the warning window of {policy.floor_from_lifetime.days}-day certificates",
        ),
    ):
        if critical > warning:
            raise SettingsError(
                f"{critical_name} ({critical:g}) is larger than {warning_name} ({warning:g}).",
                "A critical window must not be longer than its warning window, nor its floor than"
                " its cap.",
            )
    return policy


def _region(text: str) -> str:
    if not _REGION.fullmatch(text):
        raise ValueError("is not a valid Region (example: eu-west-1)")
    return text


def _regions(text: str) -> tuple[str, ...]:
    names = tuple(each.strip() for each in text.split(","))
    for name in names:
        if not _REGION.fullmatch(name):
            raise ValueError(f"contains {name!r}, which is not a valid Region (example: eu-west-1)")
        if names.count(name) > 1:
            raise ValueError(f"contains {name} twice")
    return names


def _secret_prefix(text: str) -> str:
    if not re.fullmatch(environment.SECRET_PREFIX_PATTERN, text):
        raise ValueError("must be 1 to 256 letters, digits and /_+=.@-")
    return text


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise ValueError("must be a positive integer")
    return int(text)


def _url(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        raise ValueError("is not the URL of an SQS queue")
    return text


def _topic_arn(text: str) -> str:
    if not _TOPIC.fullmatch(text):
        raise ValueError("is not the ARN of an SNS topic")
    return text


def _runbook_url(text: str) -> str:
    if not re.fullmatch(environment.RUNBOOK_URL_PATTERN, text):
        raise ValueError("must be an https URL of at most 300 characters, without an anchor")
    return text


def _dependents(text: str) -> tuple[str, ...]:
    return tuple(each.name for each in chosen(name.strip() for name in text.split(",")))


def _tag(text: str) -> str:
    if not re.fullmatch("[^=]+=.*", text):
        raise ValueError("is not a tag (example: team=web)")
    return text


def _digest(text: str) -> Weekday | None:
    if text == environment.OFF:
        return None
    if text not in set(Weekday):
        raise ValueError("must be off or a day (example: monday)")
    return Weekday(text)


def _issuers(text: str) -> tuple[AnyIssuer, ...]:
    # Neither scan nor rotate has the setting, and the import would lengthen their cold starts.
    from certrotation.names.issuers import parse_issuers  # noqa: PLC0415  see above

    try:
        document = json.loads(text)
    except ValueError:
        raise ValueError("is not JSON") from None
    return parse_issuers(document)


def _source_secrets(text: str) -> tuple[SourcePattern, ...]:
    # Most deployments have no such setting, and the import would lengthen each cold start.
    from certrotation.names.sources import SourcePattern  # noqa: PLC0415  see above

    patterns = []
    for each in text.split(","):
        try:
            patterns.append(SourcePattern.parse(each.strip()))
        except ValueError as error:
            raise ValueError(f"contains {each.strip()!r}, which {error}") from None
    return tuple(patterns)


def _mode(text: str) -> Mode:
    if text not in set(Mode):
        raise ValueError("must be apply or report")
    return Mode(text)


def _switch(text: str) -> bool:
    if text not in {environment.ON, environment.OFF}:
        raise ValueError("must be on or off")
    return text == environment.ON


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError("must be a number") from None
    if not number > 0:
        raise ValueError("must be greater than 0")
    return number


def _minutes(text: str) -> timedelta:
    return _span(text, timedelta(minutes=1))


def _days(text: str) -> timedelta:
    return _span(text, timedelta(days=1))


def _span(text: str, unit: timedelta) -> timedelta:
    number = _positive(text)
    if number > _LONGEST / unit:
        raise ValueError(f"must be at most {_LONGEST.days} days")
    return number * unit


def _fraction(text: str) -> float:
    number = _positive(text)
    if number >= 1:
        raise ValueError("must be a fraction of the lifetime, less than 1")
    return number
