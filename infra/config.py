"""The settings of one deployment, read from the CDK context and checked before anything is built.

The object `context.certrotation` of `cdk.json` contains the settings. One setting can be given on
the command line, which overrides `cdk.json`: `npx cdk deploy -c certrotation:mode=report`. A
setting that the functions read too has the name of its environment variable, without
`CERTROTATION_`.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self

import botocore.session

from certrotation.aws.dependents.registry import DEFAULT, NAMES
from certrotation.names.environment import (
    DEFAULT_SCAN_INTERVAL_MINUTES,
    DEFAULT_SECRET_PREFIX,
    DEFAULT_STACK_NAME,
    OFF,
    RUNBOOK_URL_PATTERN,
    SECRET_PREFIX_PATTERN,
    Mode,
    Weekday,
)
from certrotation.names.issuers import AcmeIssuer, AnyIssuer, PrivateCaIssuer, parse_issuers
from certrotation.names.service import ROTATE_ROLE, SCAN_ROLE, account_secret_name, role_name
from certrotation.names.sources import SourcePattern

Arch = Literal["arm64", "x86_64"]
Switch = Literal["on", "off"]

CONTEXT_KEY = "certrotation"
_IN_FILE = f"cdk.json: {CONTEXT_KEY}"

OWN_ACCOUNT = "${AWS::AccountId}"
"""In an ARN, whichever account the template is deployed in."""

_ACCOUNT = "[0-9]{12}"

# CloudFormation API Reference, CreateStack, StackName. The length: the name of a topic that people
# read is at most 100 characters (SNS API Reference, CreateTopic, DisplayName).
_STACK_NAME = "[A-Za-z][A-Za-z0-9-]{0,89}"
_STACK_NAME_IN_WORDS = "a letter, then up to 89 letters, digits or hyphens"

_LONGEST_ROLE_NAME = 64
"""IAM User Guide, IAM and AWS STS quotas."""

_MOST_CENTRAL_ACCOUNTS = 200
"""Principals in a statement of a topic's policy (SNS Developer Guide, Policy quotas)."""

_LONGEST_SOURCES = 2_500
"""Characters of `source_secrets` together: all variables of a function have 4 KB (Lambda Developer
Guide, Quotas)."""

_NEAR = 0.6
"""How alike what was given and what was meant are at least (difflib, ratio)."""


class ConfigError(ValueError):
    """A setting is missing, unknown or invalid; the message names the setting and what to give."""


class _InvalidElementError(ValueError):
    """One element of a setting is invalid; the message names the element."""


@dataclass(frozen=True, slots=True)
class _Given:
    """A value, and where a person wrote it."""

    value: object
    where: str


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
    reserved_concurrency: Switch = "off"
    """Whether both functions keep their share of the account's concurrency to themselves."""
    critical_emails: tuple[str, ...] = ()
    """Who gets a mail from alarms that page."""
    warning_emails: tuple[str, ...] = ()
    """Who gets a mail from alarms that open a ticket."""
    secret_key_arns: tuple[str, ...] = ()
    """The customer-managed KMS keys that managed secrets are encrypted with."""
    dependents_tag: tuple[str, str] | None = None
    """Key and value of a tag without which a listener or a distribution is not changed."""
    edge_functions: tuple[str, ...] = ()
    """The functions of Lambda@Edge whose distributions may be moved to another certificate."""
    log_buckets: tuple[str, ...] = ()
    """The buckets that distributions write standard logs (legacy) to."""
    permissions_boundary: str | None = None
    """ARN of the policy that bounds every role of the stack."""
    tags: tuple[tuple[str, str], ...] = ()
    """Key and value of the tags that every resource of the stack carries."""
    termination_protection: Switch = "on"
    dependents: tuple[str, ...] = DEFAULT
    """The kinds of dependents that rotate looks for and moves, and is granted."""
    consumer_regions: tuple[str, ...] | None = None
    """Where dependents may be that present certificates of CloudFront's Region."""
    elasticbeanstalk_administrator_access: Switch | None = None
    """Whether rotate gets AWS's policy for administrators of Elastic Beanstalk. Environments
    without an operations role are then moved too."""
    adoption: Switch | None = None
    retention_days: int | None = None
    yearly_import_quota: int | None = None
    warning_fraction: float | None = None
    warning_cap_days: int | None = None
    critical_fraction: float | None = None
    critical_cap_days: int | None = None
    critical_floor_days: int | None = None
    runbook_url: str | None = None
    """The page of the team's own runbook, to which alarms and mails link."""
    public_roots_file: str | None = None
    """A PEM file, on the machine that deploys, of the roots that count as public."""
    issuers: tuple[AnyIssuer, ...] = ()
    """The CAs that may be asked for certificates; without any, nothing of that is deployed."""
    arn_parameters: Switch = "off"
    """Whether rotate keeps the ARNs of copies in parameters that other templates read."""
    critical_topic_arn: str | None = None
    """An existing topic for alarms that page, often of another account; then none is created."""
    warning_topic_arn: str | None = None
    """An existing topic for alarms that open a ticket, and for mails."""
    observability_sink: str | None = None
    """ARN of the sink in the monitoring account, to which this account shows its metrics."""
    central: Switch = "off"
    """Whether the app contains the stack of the central account as well."""
    central_accounts: tuple[str, ...] = ()
    """Ids of the accounts whose queues may subscribe to the central topic."""
    source_secrets: tuple[str, ...] = ()
    """Patterns of the ARNs of secrets in other accounts that managed secrets may refer to; without
    any, no role mentions another account, and no role has a fixed name."""
    source_topic: str | None = None
    """ARN of the topic by which the account of these secrets announces new versions."""
    custom_resource: Switch = "off"
    """Whether templates of other teams may wait for certificates with a custom resource."""
    events: Switch = "off"
    """Whether rotate puts events about its outcomes on the default event bus."""
    digest: str | None = None
    """The day on which the warning topic gets the digest of the week."""

    @classmethod
    def from_context(cls, context: Mapping[str, object]) -> Self:
        """Read the settings out of a whole CDK context.

        Raises:
            ConfigError: a setting is missing, unknown, or does not fit its rule.
        """
        given = _settings_in(context)
        if not given and CONTEXT_KEY not in context:
            raise ConfigError(
                f"cdk.json: the object {CONTEXT_KEY!r} in 'context' is missing. Add"
                f' "{CONTEXT_KEY}": {{"target_regions": ["eu-west-1"]}}.'
            )
        for name in sorted(given.keys() - _RULES.keys()):
            raise ConfigError(
                f"{given[name].where} is not a setting{_suggestion(name, _RULES)}"
                f" The settings are: {', '.join(_RULES)}."
            )
        for field in fields(cls):
            if field.default is MISSING and field.name not in given:
                raise ConfigError(
                    f"{_IN_FILE}.{field.name} is missing. Give {_RULES[field.name].wanted}."
                )
        config = cls(**{name: _checked(name, each) for name, each in given.items()})
        _check_partition(config, given)
        _check_topics(config, given)
        _check_home_region(config, given)
        _check_central(config, given)
        return config

    @property
    def source_patterns(self) -> tuple[SourcePattern, ...]:
        """The patterns of `source_secrets` in their parts."""
        return tuple(map(SourcePattern.parse, self.source_secrets))

    @property
    def acme_issuers(self) -> tuple[AcmeIssuer, ...]:
        """The issuers that speak ACME."""
        return tuple(each for each in self.issuers if isinstance(each, AcmeIssuer))

    @property
    def private_cas(self) -> tuple[PrivateCaIssuer, ...]:
        """The issuers of AWS Private CA."""
        return tuple(each for each in self.issuers if isinstance(each, PrivateCaIssuer))


def prefix_warning(secret_prefix: str) -> str | None:
    """Return what a prefix allows beyond the secrets that it is meant for, or None."""
    if secret_prefix.endswith("/"):
        return None
    return (
        f"{_IN_FILE}.secret_prefix {secret_prefix!r} does not end in '/'. Every secret whose name"
        f" begins with these characters is managed, and rotate can read it: for example"
        f" {secret_prefix}X and {secret_prefix}-backup/shop. If you mean a folder, give"
        f" {secret_prefix + '/'!r}."
    )


def home_region_warnings(config: StackConfig, home_region: str | None) -> Iterator[str]:
    """Yield a warning for each ARN that must be in the home Region and is in another one.

    Args:
        config: the settings.
        home_region: to which the stack would be deployed; None if nobody knows.
    """
    for name, arn in _in_the_home_region(config).items():
        region = arn.split(":")[3]
        if home_region not in {None, region}:
            yield (
                f"{_IN_FILE}.{name} {arn} is not in {home_region}, to which this stack would be"
                f" deployed, and CloudFormation would refuse it. Set AWS_REGION to the home Region,"
                " or give an ARN of this Region."
            )


def check_account(account: str) -> None:
    """Refuse what is not the id of an account.

    Raises:
        ConfigError: it is none.
    """
    if not re.fullmatch(_ACCOUNT, account):
        raise ConfigError(f"{account!r} is not an account id. Give 12 digits.")


def check_reader(stack_name: str) -> None:
    """Refuse what is not the name of a stack whose roles may be named in the policies of sources.

    Raises:
        ConfigError: it is none, or so long that IAM refuses the names of the roles.
    """
    if not re.fullmatch(_STACK_NAME, stack_name):
        raise ConfigError(f"{stack_name!r} is not a stack_name. Give {_STACK_NAME_IN_WORDS}.")
    excess = _excess(stack_name)
    if excess > 0:
        raise ConfigError(
            f"The roles of a deployment that reads sources get the names"
            f" {role_name(stack_name, '<Region>', SCAN_ROLE)} and"
            f" {role_name(stack_name, '<Region>', ROTATE_ROLE)}, and IAM allows"
            f" {_LONGEST_ROLE_NAME} characters. Give a stack_name of at most"
            f" {len(stack_name) - excess} characters."
        )


def _excess(stack_name: str) -> int:
    """Return by how many characters the names of the roles may be too long in some Region."""
    longest = max(map(len, _partitions()))
    names = [role_name(stack_name, longest * "x", each) for each in (SCAN_ROLE, ROTATE_ROLE)]
    return max(map(len, names)) - _LONGEST_ROLE_NAME


def check_region(region: str, where: str) -> None:
    """Refuse what is not a Region.

    Raises:
        ConfigError: it is none; `where` says where a person wrote it.
    """
    known = _partitions()
    if region not in known:
        raise ConfigError(f"{where}: {_no_region(region, known)}")


def check_portable(config: StackConfig) -> None:
    """Refuse what cannot be in a template that any account deploys.

    Raises:
        ConfigError: a setting names a resource of one account that every account must have.
    """
    boundary = config.permissions_boundary
    account = boundary.split(":")[4] if boundary else ""
    if boundary and account.isdecimal():
        raise ConfigError(
            f"{_IN_FILE}.permissions_boundary {boundary} is a policy of one account, and this"
            " template is for every account. Give"
            f" {boundary.replace(account, OWN_ACCOUNT)}, and create the policy in each account."
        )


@dataclass(frozen=True, slots=True)
class _Rule:
    wanted: str
    """What to give, as the end of a sentence."""
    read: Callable[[object], object]
    """The value in its own type, or None if it does not fit."""


def _settings_in(context: Mapping[str, object]) -> dict[str, _Given]:
    together = context.get(CONTEXT_KEY, {})
    if not isinstance(together, Mapping):
        raise ConfigError(
            f"{_IN_FILE} is {together!r}. Give an object, or one setting with"
            f" -c {CONTEXT_KEY}:mode=report."
        )
    alone_prefix = f"{CONTEXT_KEY}:"
    return {
        **{name: _Given(value, f"{_IN_FILE}.{name}") for name, value in together.items()},
        **{
            key.removeprefix(alone_prefix): _Given(value, f"-c {key}")
            for key, value in context.items()
            if key.startswith(alone_prefix)
        },
    }


def _checked(name: str, given: _Given) -> Any:
    rule = _RULES[name]
    try:
        result = rule.read(given.value)
    except _InvalidElementError as error:
        raise ConfigError(f"{given.where}: {error} Give {rule.wanted}.") from None
    if result is None:
        raise ConfigError(f"{given.where} is {given.value!r}. Give {rule.wanted}.")
    return result


def _suggestion(given: str, valid: Iterable[str]) -> str:
    """Return the end of a sentence: the valid name that was probably meant, if there is one."""
    nearness = {each: SequenceMatcher(None, given.lower(), each).ratio() for each in sorted(valid)}
    # Of equally near ones the first: eu-west-1 for eu-west-9.
    nearest = max(nearness, key=lambda each: nearness[each])
    return f"; did you mean {nearest}?" if nearness[nearest] >= _NEAR else "."


def _no_region(given: str, known: Iterable[str]) -> str:
    return f"{given!r} is not a Region{_suggestion(given, known)}"


def _texts(value: object) -> list[str] | None:
    """Return the elements of a list, which on the command line are separated by commas.

    Raises:
        _InvalidElementError: an element is not text, or is given twice.
    """
    elements = value.split(",") if isinstance(value, str) else value
    if not isinstance(elements, list | tuple) or not elements or elements == [""]:
        return None
    texts = list[str]()
    for each in elements:
        if not isinstance(each, str):
            raise _InvalidElementError(f"{each!r} is not text.")
        if each in texts:
            raise _InvalidElementError(f"{each!r} is given twice.")
        texts.append(each)
    return texts


def _text(pattern: str, wanted: str) -> _Rule:
    def read(value: object) -> str | None:
        return value if isinstance(value, str) and re.fullmatch(pattern, value) else None

    return _Rule(wanted, read)


def _one_of(*choices: str) -> _Rule:
    def read(value: object) -> str | None:
        if isinstance(value, str) and value not in choices:
            raise _InvalidElementError(
                f"{value!r} is not one of the choices{_suggestion(value, choices)}"
            )
        return value if isinstance(value, str) else None

    return _Rule(" or ".join(choices), read)


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


def _read_certificates(value: object) -> str | None:
    if not isinstance(value, str) or not Path(value).is_file():
        return None
    return value if b"-----BEGIN CERTIFICATE-----" in Path(value).read_bytes() else None


def _list_of(pattern: str, wanted: str) -> _Rule:
    """Different texts of one form."""

    def read(value: object) -> tuple[str, ...] | None:
        texts = _texts(value)
        for each in texts or ():
            if not re.fullmatch(pattern, each):
                raise _InvalidElementError(f"{each!r} does not fit.")
        return tuple(texts) if texts else None

    return _Rule(wanted, read)


def _some_of(what: str, choices: Collection[str]) -> _Rule:
    """Different ones of these texts."""

    def read(value: object) -> tuple[str, ...] | None:
        texts = _texts(value)
        for each in texts or ():
            if each not in choices:
                raise _InvalidElementError(
                    f"{each!r} is not one of the choices{_suggestion(each, choices)}"
                )
        return tuple(texts) if texts else None

    return _Rule(f"a list of different {what}, out of {', '.join(choices)}", read)


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


def _check_partition(config: StackConfig, given: Mapping[str, _Given]) -> None:
    """Refuse the ARN of another partition than that of the target Regions."""
    partition = _partitions()[config.target_regions[0]]
    for region in config.consumer_regions or ():
        if _partitions()[region] != partition:
            raise ConfigError(
                f"{given['consumer_regions'].where}: {region} is not in the partition {partition},"
                " where the target Regions are."
            )
    _check_issuers(config, given)
    _check_arn_parameters(config, given)
    _check_sources(config, given)
    arns = {
        "issuers": tuple(_arns_of_issuers(config)),
        "secret_key_arns": config.secret_key_arns,
        "source_secrets": config.source_secrets,
        **{
            name: tuple(filter(None, [getattr(config, name)]))
            for name in (
                "permissions_boundary",
                "critical_topic_arn",
                "warning_topic_arn",
                "observability_sink",
                "source_topic",
            )
        },
    }
    for name, each in ((name, each) for name, those in arns.items() for each in those):
        if not each.startswith(f"arn:{partition}:"):
            raise ConfigError(
                f"{given[name].where}: {each} is not in the partition {partition}, where the"
                " target Regions are."
            )
        region = each.split(":")[3]
        if region:  # IAM's ARNs have none.
            check_region(region, f"{given[name].where}: {each}")


def _check_topics(config: StackConfig, given: Mapping[str, _Given]) -> None:
    """Refuse addresses for a topic that this stack does not create."""
    for emails, topic in (
        ("critical_emails", config.critical_topic_arn),
        ("warning_emails", config.warning_topic_arn),
    ):
        if topic and emails in given:
            raise ConfigError(
                f"{given[emails].where}: the stack creates no topic, because the alarms publish to"
                f" {topic}. Subscribe the addresses to this topic, and remove {emails}."
            )


def _check_home_region(config: StackConfig, given: Mapping[str, _Given]) -> None:
    """Refuse what must all be in the home Region, and is in two Regions."""
    homes = {name: arn.split(":")[3] for name, arn in _in_the_home_region(config).items()}
    first, *others = [*homes] or [""]
    for each in others:
        if homes[each] != homes[first]:
            raise ConfigError(
                f"{given[each].where} is in {homes[each]}, and {first} in {homes[first]}. Both must"
                " be in the home Region, to which the stack is deployed. Give ARNs of this Region."
            )


def _in_the_home_region(config: StackConfig) -> Mapping[str, str]:
    """Return the given ARNs of what must be in the home Region, by their setting.

    An alarm notifies a topic of its own Region alone (CloudWatch User Guide, Alarm actions), and a
    link is in the Region of its sink (CloudWatch User Guide, Cross-account observability).
    """
    names = ("critical_topic_arn", "warning_topic_arn", "observability_sink")
    return {name: arn for name in names if (arn := getattr(config, name))}


def _check_central(config: StackConfig, given: Mapping[str, _Given]) -> None:
    """Refuse a central stack without accounts or with too many, and accounts without the stack."""
    if config.central == "on" and not config.central_accounts:
        raise ConfigError(
            f"{given['central'].where} is 'on', and nobody may subscribe. Give central_accounts,"
            f" {_RULES['central_accounts'].wanted}."
        )
    if len(config.central_accounts) > _MOST_CENTRAL_ACCOUNTS:
        raise ConfigError(
            f"{given['central_accounts'].where} has {len(config.central_accounts)} accounts, and"
            f" the policy of a topic takes {_MOST_CENTRAL_ACCOUNTS}. Give the others to another"
            " central stack, with another stack_name."
        )
    if config.central == "off" and config.central_accounts:
        raise ConfigError(
            f"{given['central_accounts'].where} has no effect, because central is off. Set central"
            " to 'on', or remove central_accounts."
        )


def _arns_of_issuers(config: StackConfig) -> Iterator[str]:
    yield from (each.dns_role for each in config.acme_issuers if each.dns_role)
    yield from (each.arn for each in config.private_cas)


def _check_issuers(config: StackConfig, given: Mapping[str, _Given]) -> None:
    """Refuse what could not be deployed, or would mix accounts with managed secrets."""
    accounts = account_secret_name(config.stack_name, "")
    if config.acme_issuers and accounts.startswith(config.secret_prefix):
        raise ConfigError(
            f"{given['issuers'].where}: the secrets of the accounts would begin with {accounts},"
            f" and so with secret_prefix {config.secret_prefix}. Give another prefix or stack_name."
        )


def _check_arn_parameters(config: StackConfig, given: Mapping[str, _Given]) -> None:
    """Refuse a name of the stack with which no parameter's name may begin.

    Source: Systems Manager API Reference, PutParameter, Name.
    """
    is_reserved = config.stack_name.lower().startswith(("aws", "ssm"))
    if config.arn_parameters == "on" and is_reserved:
        raise ConfigError(
            f"{given['arn_parameters'].where}: the names of the parameters would begin with"
            f" /{config.stack_name}/, and AWS reserves names that begin with aws or ssm. Give"
            " another stack_name, or 'off'."
        )


def _check_sources(config: StackConfig, given: Mapping[str, _Given]) -> None:
    """Refuse what could not be deployed or read, and a topic that nobody listens to."""
    if config.source_topic and not config.source_secrets:
        raise ConfigError(
            f"{given['source_topic'].where}: no secret can be read that the topic announces. Give"
            " source_secrets too."
        )
    length = len(",".join(config.source_secrets))
    if length > _LONGEST_SOURCES:
        raise ConfigError(
            f"{given['source_secrets'].where} has {length:,} characters, and the environment of the"
            f" functions has room for {_LONGEST_SOURCES:,}. Give fewer patterns: for example, one"
            " that ends in '*' for each account."
        )
    if config.source_secrets:
        check_reader(config.stack_name)


def _read_regions(value: object) -> tuple[str, ...] | None:
    regions = _texts(value)
    if regions is None:
        return None
    known = _partitions()
    for each in regions:
        if each not in known:
            raise _InvalidElementError(_no_region(each, known))
        if known[each] != known[regions[0]]:
            raise _InvalidElementError(
                f"{each!r} is in the partition {known[each]}, {regions[0]!r} in"
                f" {known[regions[0]]}; an account is in one partition."
            )
    return tuple(regions)


# AWS General Reference, Tagging your AWS resources; the narrowest charset of the services here.
_TAG = re.compile(r"([A-Za-z0-9_.:/+@-]{1,128})=([A-Za-z0-9 _.:/+@-]{0,256})")


def _read_tag(value: object) -> tuple[str, str] | None:
    found = _TAG.fullmatch(value) if isinstance(value, str) else None
    return (found[1], found[2]) if found and not found[1].lower().startswith("aws:") else None


def _read_tags(value: object) -> tuple[tuple[str, str], ...] | None:
    if isinstance(value, Mapping):
        value = [f"{key}={text}" for key, text in value.items()]
    tags = dict[str, tuple[str, str]]()
    for text in _texts(value) or ():
        tag = _read_tag(text)
        if tag is None:
            raise _InvalidElementError(f"{text!r} is not a tag that every service accepts.")
        # Keys that differ in case alone are one to IAM (IAM User Guide, Tags for IAM resources).
        if tag[0].lower() in tags:
            raise _InvalidElementError(
                f"the key {tag[0]!r} is given twice, apart from upper and lower case."
            )
        tags[tag[0].lower()] = tag
    return tuple(tags.values()) or None


def _read_issuers(value: object) -> tuple[AnyIssuer, ...] | None:
    try:
        # The command line gives every value as text.
        issuers = parse_issuers(_json(value) if isinstance(value, str) else value)
    except ValueError as error:
        raise _InvalidElementError(f"issuers {error}.") from None
    for each in issuers:
        if (
            isinstance(each, AcmeIssuer)
            and each.ca_file
            and _read_certificates(each.ca_file) is None
        ):
            raise _InvalidElementError(f"{each.ca_file!r} is not a file of PEM certificates.")
    return issuers


def _read_source_secrets(value: object) -> tuple[str, ...] | None:
    texts = _texts(value)
    for each in texts or ():
        try:
            SourcePattern.parse(each)
        except ValueError as error:
            raise _InvalidElementError(f"{each!r} {error}.") from None
    return tuple(texts) if texts else None


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        raise ValueError("must be JSON") from None


_FRACTION = _Rule("a number between 0 and 1, such as 0.2", _read_fraction)
_DAYS = _whole_number(1, 3650, "days")
_SWITCH = _one_of("on", "off")
# RFC 5322 allows far more; SNS sends a mail that must be confirmed to what is given here.
_EMAILS = _list_of(
    r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+",
    'a list of different e-mail addresses, such as ["oncall@example.com"]',
)

# SNS API Reference, CreateTopic, Name.
_TOPIC_ARN = r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}"
# A FIFO topic mails nobody.
_TOPIC = _text(_TOPIC_ARN, "the ARN of an SNS topic in the home Region")

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
    "stack_name": _text(_STACK_NAME, _STACK_NAME_IN_WORDS),
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
    # Lambda API Reference, GetFunction; S3 User Guide, Bucket naming rules.
    "edge_functions": _list_of(
        r"[A-Za-z0-9_-]{1,64}", 'a list of names of Lambda functions, such as ["rewrite"]'
    ),
    "log_buckets": _list_of(
        r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", 'a list of names of S3 buckets, such as ["acme-logs"]'
    ),
    "permissions_boundary": _text(
        rf"arn:aws[a-z-]*:iam::([0-9]{{12}}|aws|{re.escape(OWN_ACCOUNT)}):policy/"
        "[A-Za-z0-9/_+=,.@-]+",
        f"the ARN of an IAM policy, with {OWN_ACCOUNT} for a policy of the account itself",
    ),
    "tags": _Rule("different tags, as an object or as key=value,key=value", _read_tags),
    "termination_protection": _SWITCH,
    "dependents": _some_of("kinds of dependents", NAMES),
    "consumer_regions": _Rule(
        "a list of different Regions of the target Regions' partition", _read_regions
    ),
    "elasticbeanstalk_administrator_access": _SWITCH,
    "adoption": _SWITCH,
    "retention_days": _DAYS,
    "yearly_import_quota": _whole_number(1, 1_000_000, "imports"),
    "warning_fraction": _FRACTION,
    "warning_cap_days": _DAYS,
    "critical_fraction": _FRACTION,
    "critical_cap_days": _DAYS,
    "critical_floor_days": _DAYS,
    "runbook_url": _text(
        RUNBOOK_URL_PATTERN, "an https URL of at most 300 characters, without an anchor"
    ),
    "public_roots_file": _Rule(
        "the path of a file of PEM certificates, from the folder of cdk.json", _read_certificates
    ),
    "issuers": _Rule("the issuers by name, as docs/issuing.md shows", _read_issuers),
    "arn_parameters": _one_of("on", OFF),
    "critical_topic_arn": _TOPIC,
    "warning_topic_arn": _TOPIC,
    # CloudWatch Observability Access Manager API Reference, CreateLink, SinkIdentifier.
    "observability_sink": _text(
        r"arn:aws[a-z-]*:oam:[a-z0-9-]+:[0-9]{12}:sink/[a-f0-9-]{36}", "the ARN of a sink"
    ),
    "central": _SWITCH,
    "central_accounts": _list_of(
        _ACCOUNT,
        'a list of different account ids of 12 digits, as text, such as ["111122223333"]',
    ),
    "source_secrets": _Rule(
        "a list of different patterns of ARNs of secrets in other accounts", _read_source_secrets
    ),
    # A FIFO topic cannot deliver to a standard queue in order.
    "source_topic": _text(
        _TOPIC_ARN,
        "the ARN of an SNS topic that is no FIFO topic",
    ),
    "custom_resource": _one_of("on", OFF),
    "events": _one_of("on", OFF),
    "digest": _one_of(OFF, *Weekday),
}
