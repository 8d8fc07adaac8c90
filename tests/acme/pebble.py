"""Pebble, the ACME server for tests of Let's Encrypt, with the resolver of a test.

`make pebble` puts the program into the folder `.pebble`.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from cryptography import x509

from tests.support.authority import SERVER_AUTH, Authority, pem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / ".pebble" / "pebble"
PATIENCE = 60
"""Seconds for the start; on an idle machine it takes a tenth of one."""

EAB = {"kid-1": "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"}
"""Bindings that a Pebble with `needs_binding` takes: key id to HMAC key."""


@dataclass(frozen=True, kw_only=True)
class Pebble:
    """A server that runs."""

    directory: str
    management: str
    ca_file: Path
    log: Path

    def root(self, number: int = 0) -> x509.Certificate:
        """Return the root of the CA; 1 is the root of the alternate chain."""
        return x509.load_pem_x509_certificate(self._managed("GET", f"roots/{number}"))

    def set_window(self, certificate: x509.Certificate, window: Mapping[str, Any]) -> None:
        """Have a renewal window suggested for a certificate."""
        document = {"certificate": pem(certificate), "ariResponse": json.dumps(window)}
        self._managed("POST", "set-renewal-info/", json.dumps(document).encode())

    def orders(self) -> int:
        """Return how many orders were sent, refused ones included."""
        return self.log.read_text(encoding="utf-8").count("POST /order-plz")

    def issued(self) -> int:
        """Return how many certificates were issued."""
        return self.log.read_text(encoding="utf-8").count("Issued certificate serial")

    def accounts(self) -> int:
        """Return how many accounts were made."""
        return self.log.read_text(encoding="utf-8").count(" accounts in memory")

    def _managed(self, method: str, path: str, body: bytes | None = None) -> bytes:
        with urllib3.PoolManager(ca_certs=str(self.ca_file)) as pool:
            answer = pool.request(method, f"{self.management}/{path}", body=body, retries=False)
        assert answer.status < 300, answer.data
        return bytes(answer.data)


def find_pebble() -> None:
    """Leave the test out, in one line, where Pebble is not installed."""
    if not PROGRAM.exists():
        pytest.skip("left out: Pebble was not found (make pebble)")


@contextmanager
def pebble(
    folder: Path,
    dns: str,
    *,
    needs_binding: bool = False,
    bad_nonces: int = 0,
    reused_authorizations: int = 0,
    validity: int = 90 * 86_400,
) -> Iterator[Pebble]:
    """Run Pebble with this resolver, until exit.

    Args:
        folder: an empty one, for its files.
        dns: address of the resolver.
        needs_binding: whether accounts must be bound to one of `EAB`.
        bad_nonces: per cent of the requests that are answered badNonce.
        reused_authorizations: per cent of the authorizations that are reused.
        validity: of certificates, in seconds.
    """
    find_pebble()
    certificate, key = server_certificate()
    (folder / "tls.pem").write_text(certificate, encoding="ascii")
    (folder / "tls.key").write_text(key, encoding="ascii")
    ports = [free_port() for _ in range(2)]
    addresses = [f"127.0.0.1:{each}" for each in ports]
    config = {
        "listenAddress": addresses[0],
        "managementListenAddress": addresses[1],
        "certificate": str(folder / "tls.pem"),
        "privateKey": str(folder / "tls.key"),
        "httpPort": 5002,
        "tlsPort": 5001,
        "externalAccountBindingRequired": needs_binding,
        "externalAccountMACKeys": EAB,
        "retryAfter": {"authz": 0, "order": 0},
        "domainBlocklist": ["blocked.example"],
        "profiles": {
            "classic": {"description": "as always", "validityPeriod": validity},
            "shortlived": {"description": "six days", "validityPeriod": 6 * 86_400},
        },
    }
    (folder / "pebble.json").write_text(json.dumps({"pebble": config}), encoding="ascii")
    environment = {
        "PATH": os.environ["PATH"],
        "PEBBLE_VA_NOSLEEP": "1",
        "PEBBLE_WFE_NONCEREJECT": str(bad_nonces),
        "PEBBLE_AUTHZREUSE": str(reused_authorizations),
        "PEBBLE_ALTERNATE_ROOTS": "1",
    }
    log = folder / "pebble.log"
    with (
        log.open("w") as output,
        subprocess.Popen(  # noqa: S603  our own file
            [PROGRAM, "-config", folder / "pebble.json", "-dnsserver", dns],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as server,
    ):
        try:
            for port in ports:
                wait_for(port, server, log)
            yield Pebble(
                directory=f"https://{addresses[0]}/dir",
                management=f"https://{addresses[1]}",
                ca_file=folder / "tls.pem",
                log=log,
            )
        finally:
            server.kill()


@cache
def server_certificate() -> tuple[str, str]:
    """Return the certificate of a server's own HTTPS, with the one above, and the key."""
    authority = Authority.root("Pebble's own")
    issued = authority.issue("localhost", "127.0.0.1", extended=(SERVER_AUTH,))
    return issued.certificate_pem + pem(authority.certificate), issued.key_pem()


def free_port() -> int:
    """Return a port of the loopback address that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server listens."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(log.read_text(encoding="utf-8"))
