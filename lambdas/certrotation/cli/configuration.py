"""The settings of a command: from options, else from variables, else from the deployed stack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from certrotation.aws.errors import translated
from certrotation.cli.session import client
from certrotation.cli.stack import Stack, find_stack, variables_of
from certrotation.errors import AccessDenied, CertRotationError, SettingsError, Vanished
from certrotation.names import environment as names
from certrotation.names.environment import Mode
from certrotation.settings import Settings
from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    import boto3

    from certrotation.cli.shell import Common
    from certrotation.names.issuers import AnyIssuer

OPTIONS = {
    names.TARGET_REGIONS: "--target-regions",
    names.SECRET_PREFIX: "--prefix",
    names.QUEUE_URL: "--queue-url",
}
_SETTINGS = frozenset(
    value
    for value in vars(names).values()
    if isinstance(value, str) and value.startswith("CERTROTATION_")
)
_NO_QUEUE = "https://queue.invalid/"
"""Stands for the queue where there is none: no verb sends to it."""


class Source(NamedTuple):
    """Where settings come from."""

    name: str
    """How a sentence names it; a variable is named by itself."""
    values: Mapping[str, str]

    def of(self, variable: str) -> str:
        """Return how a sentence names the source of one setting."""
        return self.name.format(option=OPTIONS.get(variable, ""), variable=variable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The settings, and what is deployed."""

    settings: Settings
    stack: Stack | None
    """None if nothing is deployed under this name, or it could not be read."""
    deployed: Mapping[str, str]
    """The settings of the stack; empty without one."""
    has_queue: bool
    warnings: tuple[str, ...] = ()
    """Where two sources disagree."""
    notes: tuple[str, ...] = ()

    def require_stack(self) -> Stack:
        """Return the stack.

        Raises:
            SettingsError: there is none.
        """
        if self.stack is None:
            raise SettingsError(
                f"No stack of certrotation was found in {self.settings.home_region}.",
                "Give --stack and --region as they were deployed.",
            )
        return self.stack

    def require_queue(self) -> None:
        """Make sure that there is a queue to send to.

        Raises:
            SettingsError: there is none.
        """
        if not self.has_queue:
            raise SettingsError(
                "There is no queue: nothing is deployed, and no option names one.",
                "Give --stack and --region as they were deployed, or --queue-url.",
            )


def configure(
    common: Common, environment: Mapping[str, str], session: boto3.Session, home: str
) -> Configuration:
    """Read all sources, and return the settings.

    Raises:
        CertRotationError: a setting is wrong; or the stack that `--stack` names cannot be read.
    """
    stack, deployed, notes = _deployed(common, session, home)
    stack_name = f"the stack {common.stack_name}"
    sources = (
        Source("{option}", common.variables),
        Source(
            "{variable}", {k: v for k, v in environment.items() if k in _SETTINGS and v.strip()}
        ),
        Source(stack_name, deployed),
    )
    chosen, warnings = merge(sources)
    if names.TARGET_REGIONS not in chosen:
        regions, note = _enabled_regions(session, home)
        chosen[names.TARGET_REGIONS] = Found(",".join(regions), stack_name)
        notes = (*notes, *note)
    has_queue = names.QUEUE_URL in chosen
    chosen.setdefault(names.QUEUE_URL, Found(_NO_QUEUE, stack_name))
    roots = chosen.get(names.PUBLIC_ROOTS_FILE)
    if roots and roots.source == stack_name and not Path(roots.value).exists():
        del chosen[names.PUBLIC_ROOTS_FILE]
        own = "The stack has a file of public roots of its own, and this command uses certifi's."
        notes = (*notes, f"{own} Set {names.PUBLIC_ROOTS_FILE} to that file.")
    return Configuration(
        # CloudFormation names the stack of a StackSet otherwise than the service.
        settings=_settings(chosen, home, deployed.get(names.SERVICE, common.stack_name)),
        stack=stack,
        deployed=deployed,
        has_queue=has_queue,
        warnings=warnings,
        notes=notes,
    )


def issuers_of(
    configuration: Configuration, session: boto3.Session
) -> Mapping[str, AnyIssuer] | None:
    """Return the issuers by name: those of the variable, else those of the stack.

    Only the issue function has the setting. A stack without that function has no issuers.

    Returns:
        None without a stack.

    Raises:
        CertRotationError: the function cannot be read, or its setting is wrong.
    """
    from certrotation.names.issuers import parse_issuers

    given, stack = configuration.settings.issuers, configuration.stack
    if given:
        return {each.name: each for each in given}
    if stack is None:
        return None
    if stack.issue_function is None:
        return {}
    home = configuration.settings.home_region
    variables = variables_of(lambda service: client(session, service, home), stack.issue_function)
    try:
        found = parse_issuers(json.loads(variables.get(names.ISSUERS, "")))
    except ValueError:
        raise SettingsError(
            f"{names.ISSUERS} of {stack.issue_function} cannot be read.",
            "Use the version of certrotation that is deployed.",
        ) from None
    return {each.name: each for each in found}


class Found(NamedTuple):
    """A setting, and how a sentence names its source."""

    value: str
    source: str


def merge(sources: tuple[Source, ...]) -> tuple[dict[str, Found], tuple[str, ...]]:
    """Take each setting from the first source that has it, and say where later ones disagree.

    In report mode nothing is changed, so report mode counts whichever source gives it.
    """
    chosen: dict[str, Found] = {}
    warnings: list[str] = []
    for variable in sorted(_SETTINGS):
        given = [
            Found(source.values[variable].strip(), source.of(variable))
            for source in sources
            if variable in source.values
        ]
        if not given:
            continue
        first = next(
            (each for each in given if variable == names.MODE and each.value == Mode.REPORT),
            given[0],
        )
        chosen[variable] = first
        warnings += (
            f"{each.source} gives {_setting(variable)} {each.value!r}; {first.value!r} is used,"
            f" from {first.source}."
            for each in given
            if each.value != first.value
        )
    return chosen, tuple(warnings)


def _setting(variable: str) -> str:
    return variable.removeprefix("CERTROTATION_").lower().replace("_", " ")


def _deployed(
    common: Common, session: boto3.Session, home: str
) -> tuple[Stack | None, Mapping[str, str], tuple[str, ...]]:
    """Return the stack, its settings, and what should be known if it has none."""

    def make(service: str) -> Any:
        return client(session, service, home)

    try:
        stack = find_stack(make, common.stack_name)
        deployed = variables_of(make, stack.rotate_function)
    except (AccessDenied, Vanished, SettingsError) as error:
        if common.stack:
            raise
        if isinstance(error, AccessDenied):
            note = f"The stack cannot be read: {error.found} Its settings are not used."
        else:
            note = f"There is no stack {common.stack_name} in {home}: its settings are not used."
        return None, {}, (note,)
    read = _SETTINGS | {names.SERVICE}
    return stack, {k: v for k, v in deployed.items() if k in read}, ()


def _enabled_regions(session: boto3.Session, home: str) -> tuple[list[str], tuple[str, ...]]:
    """Return the Regions that the account has enabled, the home Region first."""
    try:
        with translated("ec2:DescribeRegions", f"the Regions of the account, in {home}"):
            answer = client(session, "ec2", home).describe_regions()
    except CertRotationError as error:
        note = f"The Regions of the account are not known: {error.found} Only {home} is read."
        return [home], (f"{note} Give --target-regions for others.",)
    found = {each["RegionName"] for each in answer.get("Regions", ()) if "RegionName" in each}
    return [home, *sorted(found - {home})], ()


def _settings(chosen: Mapping[str, Found], home: str, stack: str) -> Settings:
    """Parse the settings; an error names the option, or where the variable comes from."""
    variables = {variable: found.value for variable, found in chosen.items()}
    try:
        return Settings.from_env({**variables, names.HOME_REGION: home, names.SERVICE: stack})
    except SettingsError as error:
        for variable, found in chosen.items():
            if error.found.startswith(f"{variable} "):
                place = "Correct it." if found.source == variable else f"Correct {found.source}."
                raise SettingsError(
                    error.found.replace(variable, OPTIONS.get(found.source, found.source), 1)
                    if found.source.startswith("--")
                    else error.found,
                    place,
                ) from None
        raise SettingsError(error.found, "Correct it.") from None
