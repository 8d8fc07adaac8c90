"""Reads material from what people have: PEM and PKCS#12 files, a directory, standard input.

What is read takes the form of a secret's value, so that one parser and one set of checks judge it.
No message quotes a file, and a passphrase is never an argument of the command.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from certrotation.core.material.secret_value import SecretValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

STANDARD_INPUT = "-"
LARGEST_FILE = 1_000_000
"""Bytes; no material is that large, and a device has no end."""

_DIRECTORIES = (
    (("fullchain.pem",), ("privkey.pem",)),  # certbot, live/NAME
    (("cert.pem", "chain.pem"), ("privkey.pem",)),
    (("tls.crt",), ("tls.key",)),  # a volume of a Kubernetes secret
)
"""The certificates and the key of each kind of directory that is known."""
_KEY_BLOCK = re.compile(
    rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----\s*|\Z)",
    re.DOTALL,
)
_CERTIFICATE = b"CERTIFICATE-----"
_LINE = 64
_BOM = b"\xef\xbb\xbf"


class Given(NamedTuple):
    """One file's content, and how a message names the file."""

    name: str
    content: bytes


class Files(NamedTuple):
    """The material of several files, not yet parsed."""

    names: tuple[str, ...]
    """The files, as a message names them."""
    fields: Mapping[str, str]
    """As in a secret's value."""
    document: str | None = None
    """A secret's value as it is, instead of the fields."""

    @property
    def has_key(self) -> bool:
        """Whether there is a private key, or a form that may hold one."""
        return self.document is not None or bool({"private_key", "pkcs12"} & self.fields.keys())

    def value(self, version: str, passphrase: str | None) -> SecretValue:
        """Return the value of a secret with this material.

        Args:
            version: the id of the version.
            passphrase: of the private key or the bundle.
        """
        if self.document is not None:
            return SecretValue(version=version, text=self.document)
        more = {} if passphrase is None else {"passphrase": passphrase}
        return SecretValue(version=version, text=json.dumps({**self.fields, **more}))


def read_files(arguments: Sequence[str]) -> Files:
    """Read files, one directory, or standard input.

    Raises:
        click.UsageError: a directory has no known files, or files cannot be used together.
        OSError: a file cannot be read.
    """
    return combined([each for argument in arguments for each in _read(argument)])


def read_parts(certificate: str, private_key: str, chain: str | None) -> Files:
    """Read the files of `aws acm import-certificate`; each may be a path or a `fileb://` URL.

    Raises:
        click.UsageError: files cannot be used together.
        OSError: a file cannot be read.
    """
    leaf, key = _read_one(certificate), _read_one(private_key)
    files = combined([leaf, key])
    if chain is None:
        return files
    more = combined([_read_one(chain)])
    issuers = more.fields.get("certificate", "")
    return Files((*files.names, *more.names), {**files.fields, "chain": issuers})


def combined(files: Sequence[Given]) -> Files:
    """Return the material of these files.

    Raises:
        click.UsageError: files cannot be used together.
    """
    names = tuple(each.name for each in files)
    certificates: list[str] = []
    keys: list[str] = []
    bundles: list[str] = []
    for each in files:
        content = each.content.removeprefix(_BOM).lstrip()  # the last byte of DER may be a blank
        if content.startswith(b"{"):
            if len(files) > 1:
                raise click.UsageError(f"{each.name} is JSON, which is material by itself.")
            return Files(names, {}, content.decode("utf-8", "replace"))
        if _is_pkcs12(content):
            bundles.append(base64.b64encode(content).decode())
        elif _is_der_certificate(content):
            certificates.append(_as_pem(content))
        else:
            keys += [block.decode("utf-8", "replace") for block in _KEY_BLOCK.findall(content)]
            rest = _KEY_BLOCK.sub(b"", content)
            if _CERTIFICATE in rest:
                certificates.append(rest.decode("utf-8", "replace"))
    if len(bundles) > 1 or (bundles and keys):
        raise click.UsageError("A PKCS#12 bundle holds the key: name no other key beside it.")
    if bundles:
        return Files(names, _present({"pkcs12": bundles[0], "chain": _joined(certificates)}))
    fields = {"certificate": _joined(certificates), "private_key": _joined(keys)}
    return Files(names, _present(fields))


def read_passphrase(file: str | None, descriptor: int | None) -> str | None:
    """Return the first line of a file or of an open descriptor; None if neither is named.

    Raises:
        click.UsageError: the descriptor is not open.
        OSError: the file cannot be read.
    """
    if file is not None:
        with Path(file).open("rb") as stream:
            line = stream.readline(LARGEST_FILE)
    elif descriptor is not None:
        try:
            with os.fdopen(descriptor, "rb", closefd=False) as stream:
                line = stream.readline(LARGEST_FILE)
        except OSError:
            raise click.UsageError(f"File descriptor {descriptor} cannot be read.") from None
    else:
        return None
    return line.rstrip(b"\r\n").decode("utf-8", "replace")


def ask_passphrase(names: Iterable[str]) -> str | None:
    """Ask at the terminal, if there is one."""
    if not sys.stdin.isatty():
        return None
    import getpass

    from certrotation.cli.untrusted import for_terminal

    return getpass.getpass(f"Passphrase of {for_terminal(', '.join(names))}: ", sys.stderr)


def _read(argument: str) -> list[Given]:
    path = Path(argument)
    if argument == STANDARD_INPUT or not path.is_dir():
        return [_read_one(argument)]
    for certificates, keys in _DIRECTORIES:
        wanted = [path / each for each in (*certificates, *keys)]
        if all(each.exists() for each in wanted):
            return [_read_one(str(each)) for each in wanted]
    known = "; ".join(" and ".join((*a, *b)) for a, b in _DIRECTORIES)
    raise click.UsageError(f"The directory {argument} has none of these files: {known}.")


def _read_one(argument: str) -> Given:
    path = argument.removeprefix("fileb://").removeprefix("file://")
    if path == STANDARD_INPUT:
        return Given("standard input", sys.stdin.buffer.read(LARGEST_FILE))
    with Path(path).open("rb") as stream:
        return Given(path, stream.read(LARGEST_FILE))


def _is_pkcs12(content: bytes) -> bool:
    """Return whether the content begins as a PFX: a sequence with the integer 3 (RFC 7292)."""
    return _first_member(content).startswith(b"\x02\x01\x03")


def _is_der_certificate(content: bytes) -> bool:
    """Return whether the content begins as a certificate: a sequence in a sequence."""
    member = _first_member(content)
    return member.startswith(b"\x30") and _first_member(member)[:1] in {b"\xa0", b"\x02"}


def _first_member(content: bytes) -> bytes:
    """Return what follows the header of a DER sequence, or nothing."""
    if len(content) < 2 or content[0] != 0x30:  # noqa: PLR2004  a header has two bytes
        return b""
    length = content[1]
    return content[2 + (length & 0x7F if length & 0x80 else 0) :]


def _as_pem(der: bytes) -> str:
    text = base64.b64encode(der).decode()
    lines = [text[start : start + _LINE] for start in range(0, len(text), _LINE)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])


def _joined(texts: Iterable[str]) -> str:
    return "".join(f"{each.strip()}\n" for each in texts)


def _present(fields: dict[str, str]) -> dict[str, str]:
    return {key: text for key, text in fields.items() if text}
