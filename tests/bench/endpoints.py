"""Times how long `verify` takes to ask a thousand endpoints, of which each answers."""

from __future__ import annotations

import multiprocessing
import socket
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.table import Table

from certrotation.cli.verifying.probe import Prober
from certrotation.cli.verifying.verdicts import MINUTES, Endpoint, Held, Verdict, questions
from certrotation.core.material.x509_facts import fingerprint_of
from tests.cli.tls import tls_server
from tests.support.authority import Authority, Issued

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

ENDPOINTS = 1_000
LIMIT = 30.0
"""Seconds."""
_ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/1"


def endpoints_table() -> Table:
    """Return the seconds that the handshakes took, and the limit."""
    seconds, handshakes = _measure()
    title = "verify: the handshakes, against a real server on the same machine"
    table = Table("endpoints", "handshakes", "seconds", "limit", title=title, title_justify="left")
    table.add_row(f"{ENDPOINTS:,}", f"{handshakes:,}", f"{seconds:.1f}", f"{LIMIT}")
    return table


def _measure() -> tuple[float, int]:
    issued = Authority.root().intermediate().issue("shop.example.com")
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=_serve, args=(theirs, issued.key_pem(), issued.fullchain_pem))
    server.start()
    try:
        port = ours.recv()
        held = {_ARN: _held(issued)}
        asked = [list(questions(_endpoint(number), held)) for number in range(ENDPOINTS)]
        prober = Prober(
            held=held,
            now=datetime.now(UTC),
            connect=lambda _host, _port: socket.create_connection(("127.0.0.1", port), timeout=5),
        )
        begin = time.perf_counter()
        answers = prober.ask(asked, lambda: None)
        seconds = time.perf_counter() - begin
    finally:
        ours.send(None)
        server.join(10)
    assert all(each.verdict is Verdict.SAME for each in answers)
    return seconds, len(answers)


def _serve(pipe: Connection, key: str, chain: str) -> None:
    """Serve until the other side says that it is done."""
    from cryptography import x509  # noqa: PLC0415  in a process of its own
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        load_pem_private_key,
    )

    leaf, *above = x509.load_pem_x509_certificates(chain.encode())
    private = load_pem_private_key(key.encode(), None)
    with tls_server() as server:
        server.serve(Issued(certificate=leaf, key=private, chain=tuple(above)))  # type: ignore[arg-type]
        pipe.send(server.port)
        pipe.recv()


def _held(issued: Issued) -> Held:
    return Held(
        arn=_ARN,
        secret="certrotation/shop",
        fingerprint=fingerprint_of(issued.certificate),
        names=frozenset({"shop.example.com"}),
        is_elliptic=True,
        imported_at=None,
    )


def _endpoint(number: int) -> Endpoint:
    return Endpoint(
        kind="ALB listener",
        resource=f"listener/{number}",
        host=f"lb-{number}.eu-west-1.elb.amazonaws.com",
        port=443,
        attached=(_ARN,),
        default=_ARN,
        grace=MINUTES,
    )
