"""A person at the command line who may read less than the roles of the service."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING
from unittest.mock import patch

from certrotation.cli import following
from certrotation.names.service import ROTATE_ROLE, role_name
from certrotation.names.source_policies import Reader
from tests.cli.running import Ran, deploy, run
from tests.simulation.central import SPOKE, STACK, Central
from tests.simulation.estate import HOME, PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.double import Call
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

LOGS = "tls-rotate-logs"
SHOP = f"{PREFIX}shop"
OTHER = Reader(SPOKE, HOME, "other")


class World:
    """A deployment with one reference, and the account of its source."""

    def __init__(self, estate: Estate, authorities: Authorities) -> None:
        self.estate = estate
        self._issue = authorities.public.issue
        self._is_at_work = False
        self.central = Central(estate.aws)
        estate.environment["CERTROTATION_SOURCE_SECRETS"] = self.central.sources
        self.source = self.central.secret("shop", self._issue("shop.example.com"))
        self.central.share(self.source, [*self.central.readers, OTHER])
        estate.reference("shop", self.source)
        deploy(estate, logs=LOGS)

    def renew(self) -> str:
        """Renew the source, and return its version."""
        return self.central.renew(self.source, self._issue("shop.example.com"))

    def work(self) -> None:
        """The deployed functions take what is queued, and log what they did."""
        self._is_at_work = True
        try:
            with self.estate.aws.acting_as(role_name(STACK, HOME, ROTATE_ROLE)):
                self.estate.aws.log(LOGS, *self.estate.drain().lines)
        finally:
            self._is_at_work = False

    def scan_and_work(self) -> None:
        self.estate.scan()
        self.work()

    def typed(self, *words: str, by: str = "operator", **variables: str) -> Ran:
        """What a person types, whose role this is."""
        with self.estate.aws.acting_as(by):
            return run(*words, **variables)

    def followed(
        self, *words: str, by: str = "operator", work: Callable[[], object] | None = None
    ) -> Ran:
        """Type that the reference be rotated, and wait."""
        return self.waited("rotate", "shop", "--wait", *words, by=by, work=work)

    def waited(
        self, *words: str, by: str = "operator", work: Callable[[], object] | None = None
    ) -> Ran:
        """Type a command that waits for two minutes, while the functions work."""
        with (
            patch.object(following, "sleep", lambda _: (work or self.work)()),
            patch.object(following, "monotonic", count(step=30).__next__),
        ):
            return self.typed(*words, "--timeout", "2", by=by)

    @contextmanager
    def answering_persons(self, code: str, applies: Callable[[Call], bool]) -> Iterator[None]:
        """Answer calls with an error, but not those of the deployed functions."""

        def fail(call: Call) -> None:
            if not self._is_at_work and applies(call):
                raise self.estate.aws.error(code, call.operation)

        with self.estate.aws.before(fail):
            yield

    def hide_log(self) -> None:
        self.estate.aws.behaviour.denied.add(("logs", "FilterLogEvents", None))


def said(ran: Ran) -> str:
    return " ".join((ran.out + ran.err).split())
