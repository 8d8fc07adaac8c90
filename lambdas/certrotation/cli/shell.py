"""What a verb works with: the common options, the output, and, on first use, AWS."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from certrotation.cli.output import Output
from certrotation.errors import SettingsError
from certrotation.names.environment import DEFAULT_STACK_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import boto3

    from certrotation.cli.configuration import Configuration
    from certrotation.composition import Composition
    from certrotation.names.issuers import AnyIssuer
    from certrotation.settings import Settings

current: Shell | None = None
"""The shell of the command that runs, for whoever handles its errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """The options that every verb has."""

    profile: str | None = None
    region: str | None = None
    stack: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    """The settings that options give, by the names of their variables."""
    is_json: bool = False
    yes: bool = False
    debug: bool = False

    @property
    def stack_name(self) -> str:
        """The stack whose settings are used."""
        return self.stack or DEFAULT_STACK_NAME


@dataclass(kw_only=True)
class Shell:
    """One command that runs."""

    verb: str
    common: Common
    output: Output
    environment: Mapping[str, str]
    if_interrupted: str = "Nothing was changed."
    """What a person should know who presses Ctrl-C now."""

    @classmethod
    @contextmanager
    def for_command(cls, verb: str, common: Common) -> Iterator[Shell]:
        """Make the shell of a command that begins."""
        global current  # noqa: PLW0603  a process runs one command; errors are handled outside it
        output = Output.standard(os.environ, is_json=common.is_json)
        current = cls(verb=verb, common=common, output=output, environment=os.environ)
        yield current

    @property
    def schema(self) -> str:
        """The schema of the verb's JSON object."""
        return f"certrotation/{self.verb}/1"

    @cached_property
    def now(self) -> datetime:
        """The time of the command: one for all that it says."""
        return datetime.now(UTC)

    @cached_property
    def home_region(self) -> str:
        """The Region of the stack and of the secrets.

        Raises:
            SettingsError: nothing names it.
        """
        named = self.common.region or self.environment.get("AWS_REGION")
        region = named or self._session_without_region.region_name
        if not region:
            raise SettingsError(
                "No Region is given.", "Give --region, or set AWS_REGION or the profile's region."
            )
        return str(region)

    @cached_property
    def _session_without_region(self) -> boto3.Session:
        from certrotation.cli.session import session

        return session(self.common.profile, None)

    @cached_property
    def session(self) -> boto3.Session:
        """The boto3 session, whose credentials were found to be usable.

        Raises:
            SettingsError: there is no such profile, or there are no credentials.
        """
        from certrotation.cli.session import require_credentials, session

        made = session(self.common.profile, self.home_region)
        require_credentials(made, self.common.profile)
        return made

    @cached_property
    def configuration(self) -> Configuration:
        """The settings, and the deployed stack if there is one; where two disagree is said.

        Raises:
            CertRotationError: a setting is wrong, or AWS does not answer.
        """
        from certrotation.cli.configuration import configure

        found = configure(self.common, self.environment, self.session, self.home_region)
        for each in found.warnings:
            self.output.warn(each)
        for each in found.notes:
            self.output.note(each)
        return found

    @property
    def settings(self) -> Settings:
        """The settings alone."""
        return self.configuration.settings

    @cached_property
    def issuers(self) -> Mapping[str, AnyIssuer] | None:
        """The issuers of the stack by name; None if they are not known, which a note explains."""
        from certrotation.cli.configuration import issuers_of
        from certrotation.errors import CertRotationError

        because = "No stack was found, and no variable names them."
        try:
            found = issuers_of(self.configuration, self.session)
        except CertRotationError as error:
            found, because = None, error.found
        if found is None:
            self.output.note(f"The issuers are not known: {because} No issuance is planned.")
        return found

    @cached_property
    def parts(self) -> Composition:
        """Account, adapters and policies, as the functions have them, but for the sources."""
        from certrotation.cli.unseen import as_person
        from certrotation.composition import compose

        found = compose(self.settings, self.session)
        return found._replace(
            account=as_person(found.account, knows_setting=self.configuration.stack is not None)
        )

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a boto3 client, in the home Region unless another one is named."""
        from certrotation.cli.session import client

        return client(self.session, service, region or self.home_region)

    @property
    def secret_prefix(self) -> str:
        """How the names of managed secrets begin; no stack is asked if a person says so."""
        from certrotation.names.environment import SECRET_PREFIX

        given = self.common.variables.get(SECRET_PREFIX) or self.environment.get(SECRET_PREFIX, "")
        return given.strip() or self.settings.secret_prefix

    def secret_name(self, given: str) -> str:
        """Return the name of a secret that a person names with or without the prefix, or by ARN."""
        prefix = self.settings.secret_prefix
        return given if given.startswith((prefix, "arn:")) else f"{prefix}{given}"

    def confirm(self, question: str) -> bool:
        """Ask, unless `--yes` answers; without a terminal nobody can answer.

        Raises:
            click.UsageError: standard input is no terminal.
        """
        if self.common.yes:
            return True
        import click

        if not sys.stdin.isatty():
            raise click.UsageError(f"Nobody can answer: {question} Give --yes.")
        self.output.ask(question)
        return sys.stdin.readline().strip().lower() in {"y", "yes"}
