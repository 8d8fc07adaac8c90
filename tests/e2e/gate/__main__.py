"""Serve the gate on 127.0.0.1: `python -m tests.e2e.gate`, where ministack is installed.

Prints its address. The account's own credentials come from the environment.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from threading import Lock
from typing import Any

import boto3

from tests.e2e.gate.evaluator import Evaluator
from tests.e2e.gate.judge import Judge
from tests.e2e.gate.proxy import Gate, server
from tests.e2e.gate.queue import Queues
from tests.e2e.gate.resources import Resources
from tests.e2e.gate.roles import Roles
from tests.e2e.gate.upstream import Upstream

_make: Any = boto3.client
"""Typed by hand: the service is a parameter."""


def main() -> None:
    """Serve until the process is ended."""
    given = _parser().parse_args()
    clients = _Clients(given)
    gate = Gate(
        judge=Judge(
            evaluator=Evaluator(),
            roles=Roles(clients.ministack),
            resources=Resources(client=clients.double, unseen=given.unseen),
        ),
        double=Upstream(url=given.double),
        queues=Queues(
            upstream=Upstream(url=given.ministack, trusted=given.trusted),
            own=clients.ministack("sqs"),
            client_of=lambda credentials: clients.ministack("sqs", *credentials),
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
        self._made: dict[tuple[str, ...], Any] = {}

    def double(self, service: str, region: str) -> Any:
        """Return a client of the double."""
        return self._client(service, region, self._given.double)

    def ministack(self, service: str, *credentials: str) -> Any:
        """Return a client of ministack; without credentials it is the account's own."""
        return self._client(service, self._given.region, self._given.ministack, *credentials)

    def _client(self, service: str, region: str, url: str, *credentials: str) -> Any:
        wanted = (service, region, url, *credentials)
        with self._lock:
            if wanted not in self._made:
                key, secret, token = credentials or (None, None, None)
                self._made[wanted] = _make(
                    service,
                    region_name=region,
                    aws_access_key_id=key,
                    aws_secret_access_key=secret,
                    aws_session_token=token,
                    endpoint_url=url,
                    verify=self._given.trusted if url == self._given.ministack else None,
                )
            return self._made[wanted]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.gate", description=__doc__)
    parser.add_argument("--double", required=True, help="where the double listens")
    parser.add_argument("--ministack", required=True, help="where ministack listens")
    parser.add_argument("--trusted", required=True, help="PEM file of ministack's certificate")
    parser.add_argument("--region", required=True, help="the home Region")
    parser.add_argument("--log", type=Path, required=True, help="where decisions are written")
    parser.add_argument("--unseen", type=Path, required=True, help="ARNs whose tags are not seen")
    return parser


if __name__ == "__main__":
    main()
