"""Material as people have it: the files of renewal tools, bundles, passphrases in descriptors."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.authority import Issued


def write(path: Path, content: str | bytes) -> str:
    """Write a file and return its path as an argument."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def certbot(folder: Path, name: str, issued: Issued, number: int = 1) -> str:
    """Write what certbot writes, symbolic links included, and return live/NAME."""
    archive, live = folder / "archive" / name, folder / "live" / name
    live.mkdir(parents=True, exist_ok=True)
    contents = {
        "cert": issued.certificate_pem,
        "chain": issued.chain_pem,
        "fullchain": issued.fullchain_pem,
        "privkey": issued.key_pem(),
    }
    for kind, text in contents.items():
        write(archive / f"{kind}{number}.pem", text)
        link = live / f"{kind}.pem"
        link.unlink(missing_ok=True)
        link.symlink_to(f"../../archive/{name}/{kind}{number}.pem")
    write(live / "README", "This directory contains your keys and certificates.\n")
    return str(live)


def pfx(issued: Issued, passphrase: str) -> bytes:
    """The bundle that Windows and Java tools write."""
    return pkcs12.serialize_key_and_certificates(
        b"shop",
        issued.key,
        issued.certificate,
        issued.chain,
        BestAvailableEncryption(passphrase.encode()),
    )


@contextmanager
def descriptor(text: str) -> Iterator[int]:
    """An open descriptor from which a passphrase can be read."""
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    try:
        yield reading
    finally:
        os.close(reading)
