"""Starts a real ACME server with a CA of the tests, and finds the renewal tools."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.cli.files import write
from tests.cli.running import ROOT
from tests.support.authority import pem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.authority import Authority

PROGRAMS = ROOT / ".venv-acme" / "bin"
CONFIGURATION = """
[DBhandler]
handler: wsgi
dbfile: {folder}/acme.db
[Challenge]
challenge_validation_disable: True
[CAhandler]
handler_module: acme2certifier.cahandlers.openssl_ca_handler
issuing_ca_key: {key}
issuing_ca_cert: {certificate}
issuing_ca_crl: {folder}/unused.crl
cert_save_path: {folder}
cert_validity_days: 90
"""


def find_certbot() -> str:
    """Return certbot, or leave the test out in one line."""
    if not (PROGRAMS / "certbot").exists():
        pytest.skip("left out: certbot is not installed (make .venv-acme/.installed)")
    return str(PROGRAMS / "certbot")


def find_lego() -> str:
    """Return lego 4, or leave the test out in one line."""
    found = shutil.which("lego")
    if found is None:
        pytest.skip("left out: lego was not found (Debian: apt-get install lego)")
    # Debian's lego calls its version "dev".
    options = subprocess.run([found, "run", "--help"], capture_output=True, text=True, check=True)  # noqa: S603
    if "--run-hook" not in options.stdout:
        pytest.skip("left out: the installed lego is not lego 4")
    return found


@contextmanager
def acme_server(folder: Path, authority: Authority) -> Iterator[str]:
    """Serve ACME for one CA; gives the URL of the directory."""
    find_certbot()  # the server comes with it
    key = authority.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    configuration = CONFIGURATION.format(
        folder=folder,
        key=write(folder / "ca.key", key),
        certificate=write(folder / "ca.pem", pem(authority.certificate)),
    )
    with (
        (folder / "acme.log").open("w") as log,
        subprocess.Popen(  # noqa: S603  our own file
            [PROGRAMS / "python", ROOT / "tests" / "cli" / "acme_server.py"],
            env={
                "ACME_SRV_CONFIGFILE": write(folder / "acme.cfg", configuration),
                # Without this word, the server does not let challenges go unsolved.
                "ACME2CERTIFIER_I_KNOW_THE_RISK": "1",
            },
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as server,
    ):
        try:
            assert server.stdout
            port = server.stdout.readline().strip()
            assert port, (folder / "acme.log").read_text(encoding="utf-8")
            yield f"http://127.0.0.1:{port}/directory"
        finally:
            server.terminate()
