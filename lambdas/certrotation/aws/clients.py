"""Makes boto3 clients: when they are first used, with the retries that each use wants."""

from __future__ import annotations

import logging
from threading import Lock
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from certrotation.aws.import_beat import wait_for_next_beat
from certrotation.aws.wire_logs import withhold
from certrotation.errors import without_frames

if TYPE_CHECKING:
    from collections.abc import Callable

    import boto3

_WRITE_BODIES = ("auth", "client", "endpoint", "hooks", "httpsession", "parsers")
"""Set by themselves, so that a level set on their parent changes nothing."""

CONFIG = Config(
    # A client that is throttled learns the rate and keeps to it, for all its requests.
    retries={"mode": "adaptive", "total_max_attempts": 8},
    connect_timeout=5,
    read_timeout=20,
    max_pool_connections=10,
)
_IMPORTS = CONFIG.merge(
    # The newer modes take every retry from a quota. A client that is throttled all the time uses
    # the quota up and then no longer retries.
    Config(retries={"mode": "legacy", "total_max_attempts": 8})
)
ONCE = CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))
BRIEF = Config(
    # For calls that a run can do without. If a mail cannot be sent, the run logs that; if a source
    # does not answer, only its references wait. A long wait would use up the time of the run, and
    # the next run would have to repeat its work.
    retries={"mode": "standard", "total_max_attempts": 2},
    connect_timeout=3,
    read_timeout=5,
)


withhold()
# What is withheld need not be made: Lambda's application log level may set the root logger to
# DEBUG. At INFO they tell at each start where they found credentials.
for _name in ("boto3", "botocore", *(f"botocore.{each}" for each in _WRITE_BODIES), "urllib3"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class OnFirstUse:
    """A boto3 client that is made when it is first used.

    A scan never asks a load balancer anything, and a rotation rarely does: making those clients
    for every Region would lengthen each cold start. Making clients is not thread-safe, hence the
    lock (Boto3 documentation, Multithreading with clients).
    """

    _lock = Lock()

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._client: Any = None

    def __getattr__(self, name: str) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._make()
        return getattr(self._client, name)


def made_on_first_use(make: Callable[[], Any]) -> Any:
    """Return what stands for a client until its first use."""
    return OnFirstUse(make)


def client_of(session: boto3.Session, service: str, region: str, config: Config = CONFIG) -> Any:
    """Return a client of a service in a Region."""
    return made_on_first_use(
        lambda: session.client(service, region_name=region, config=config)  # type: ignore[call-overload]  # the stubs want a literal name
    )


def importing_client(session: boto3.Session, region: str) -> Any:
    """Return a client of ACM that retries a throttled import at the next beat."""

    def make() -> Any:
        client = session.client("acm", region_name=region, config=_IMPORTS)
        events: Any = client.meta.events  # the stubs want handlers that return nothing
        events.register("needs-retry.acm.ImportCertificate", wait_for_next_beat)
        return client

    return made_on_first_use(make)


def forget_failed_tries(session: boto3.Session) -> None:
    """Let no request without an answer stay in memory: it may hold a key."""
    session.events.register("needs-retry", _forget_failed_try)


def _forget_failed_try(caught_exception: Exception | None, **_: object) -> None:
    """Forget the frames of a request without an answer, before botocore retries it.

    In legacy mode botocore has raised the exception once more by now, so that its traceback leads
    to the frames that handle it, and these to the exception: a circle that holds the request.
    """
    if caught_exception is not None:
        without_frames(caught_exception)
