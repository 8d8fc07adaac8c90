"""step-ca's ACME server, in the form of Caddy's `acme_server`, with the resolver of a test.

`make caddy` puts the program into the folder `.pebble`.
"""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.acme.pebble import ROOT, free_port, server_certificate, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = ROOT / ".pebble" / "caddy"
DENIED = "*.blocked.example.com"
"""The names that the server's policy refuses."""


class Caddy(NamedTuple):
    """A server that runs."""

    directory: str
    ca_file: Path
    """The certificate of the server's own HTTPS."""


def find_caddy() -> None:
    """Leave the test out, in one line, where Caddy is not installed."""
    if not PROGRAM.exists():
        pytest.skip("left out: Caddy was not found (make caddy)")


@contextmanager
def caddy(folder: Path, dns: str) -> Iterator[Caddy]:
    """Run Caddy with this resolver, until exit.

    Args:
        folder: an empty one, for its files.
        dns: address of the resolver, which answers over TCP.
    """
    find_caddy()
    certificate, key = server_certificate()
    (folder / "tls.pem").write_text(certificate, encoding="ascii")
    (folder / "tls.key").write_text(key, encoding="ascii")
    port, log = free_port(), folder / "caddy.log"
    (folder / "caddy.json").write_text(json.dumps(_config(folder, port, dns)), encoding="ascii")
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    with (
        log.open("w") as output,
        subprocess.Popen(  # noqa: S603  our own file
            [PROGRAM, "run", "--config", folder / "caddy.json"],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as server,
    ):
        try:
            wait_for(port, server, log)
            yield Caddy(f"https://localhost:{port}/acme/local/directory", folder / "tls.pem")
        finally:
            server.kill()


def _config(folder: Path, port: int, dns: str) -> dict[str, object]:
    """Return the configuration (Caddy's documents, JSON Config Structure, acme_server)."""
    handler = {
        "handler": "acme_server",
        "ca": "local",
        "challenges": ["dns-01"],
        "resolvers": [f"tcp/{dns}"],
        "policy": {
            "allow": {"domains": ["*.example.com", "*.shop.example.com"]},
            "deny": {"domains": [DENIED]},
            "allow_wildcard_names": True,
        },
    }
    files = {"certificate": str(folder / "tls.pem"), "key": str(folder / "tls.key")}
    return {
        "admin": {"disabled": True},
        "storage": {"module": "file_system", "root": str(folder / "storage")},
        "apps": {
            "pki": {"certificate_authorities": {"local": {"install_trust": False}}},
            "tls": {"certificates": {"load_files": [files]}},
            "http": {
                "servers": {
                    "ca": {
                        "listen": [f"127.0.0.1:{port}"],
                        "automatic_https": {"disable": True},
                        "tls_connection_policies": [{}],
                        "routes": [{"handle": [handler]}],
                    }
                }
            },
        },
    }
