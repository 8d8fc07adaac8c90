"""Serve the gate on 127.0.0.1: `python -m tests.e2e.gate`, where ministack is installed.

Prints its address.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import boto3

from tests.e2e.gate.evaluator import Evaluator
from tests.e2e.gate.judge import Judge
from tests.e2e.gate.proxy import Gate, server
from tests.e2e.gate.queue import Queues
from tests.e2e.gate.resources import Resources
from tests.e2e.gate.roles import Credentials, Roles
from tests.e2e.gate.upstream import Upstream
from tests.e2e.places import ROOT_SECRET
from tests.support.caller_headers import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.awsrequest import AWSRequest

_make: Any = boto3.client
"""Typed by hand: the service is a parameter."""


def main() -> None:
    """Serve until the process is ended."""
    given = _parser().parse_args()
    clients = _Clients(given)
    gate = Gate(
        judge=Judge(
            evaluator=Evaluator(),
            roles=Roles(clients.of_account, given.account),
            resources=Resources(client=clients.double, unseen=given.unseen),
        ),
        double=Upstream(url=given.double),
        queues=Queues(
            upstream=Upstream(url=given.ministack, trusted=given.trusted),
            own=lambda account: clients.of_account("sqs", account),
            client_of=lambda credentials: clients.ministack("sqs", credentials),
        ),
        log=given.log,
    )
    with server(gate) as listening:
        print(f"http://127.0.0.1:{listening.server_port}", flush=True)  # noqa: T201  its output
        listening.serve_forever()


class _Clients:
    """The gate's own clients, made once each: making them is not thread-safe."""

    def __init__(self, given: argparse.Namespace) -> None:
        self._given = given
        self._lock = Lock()
        self._made: dict[tuple[str, str, str, Credentials], Any] = {}

    def double(self, service: str, region: str, account: str) -> Any:
        """Return a client of the double, as the account itself."""
        return self._client(service, region, self._given.double, _own(account))

    def of_account(self, service: str, account: str) -> Any:
        """Return a client of ministack, as the account itself."""
        return self.ministack(service, _own(account))

    def ministack(self, service: str, credentials: Credentials) -> Any:
        """Return a client of ministack with these credentials."""
        return self._client(service, self._given.region, self._given.ministack, credentials)

    def _client(self, service: str, region: str, url: str, credentials: Credentials) -> Any:
        wanted = (service, region, url, credentials)
        with self._lock:
            if wanted not in self._made:
                key, secret, token = credentials
                client = self._made[wanted] = _make(
                    service,
                    region_name=region,
                    aws_access_key_id=key,
                    aws_secret_access_key=secret,
                    aws_session_token=token,
                    endpoint_url=url,
                    verify=self._given.trusted if url == self._given.ministack else None,
                )
                if url == self._given.double:
                    client.meta.events.register("before-sign", _naming(key))
            return self._made[wanted]


def _own(account: str) -> Credentials:
    """Return an account's own credentials, as ministack knows them."""
    return Credentials(account, ROOT_SECRET, None)


def _naming(account: str) -> Callable[..., None]:
    """Return what names the account in each request: the double asks for that."""

    def name(request: AWSRequest, **_: object) -> None:
        request.headers[ACCOUNT] = account

    return name


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.gate", description=__doc__)
    parser.add_argument("--double", required=True, help="where the double listens")
    parser.add_argument("--ministack", required=True, help="where ministack listens")
    parser.add_argument("--trusted", required=True, help="PEM file of ministack's certificate")
    parser.add_argument("--region", required=True, help="the home Region")
    parser.add_argument("--account", action="append", required=True, help="one, or more of them")
    parser.add_argument("--log", type=Path, required=True, help="where decisions are written")
    parser.add_argument("--unseen", type=Path, required=True, help="ARNs whose tags are not seen")
    return parser


if __name__ == "__main__":
    main()
