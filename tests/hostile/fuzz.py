"""Fuzzes the reading of a secret's value, guided by coverage, from the corpus' secrets on.

    python -m tests.hostile.fuzz [seconds]

Whatever the bytes are, there is a material or a finding, never an exception, and no finding shows
a piece of a key. It needs atheris (`make fuzz` installs it), which is there for Linux only.
"""

from __future__ import annotations

import base64
import json
import sys
import warnings
from pathlib import Path

import atheris
from cryptography.hazmat.primitives.serialization import Encoding

with atheris.instrument_imports(include=["certrotation"]):
    from certrotation.core.material.checks import inspect_secret
    from certrotation.core.material.secret_format import (
        CERTIFICATE_KEYS,
        CHAIN_KEYS,
        PASSPHRASE_KEY,
        PKCS12_KEY,
        PRIVATE_KEY_KEYS,
    )
    from certrotation.core.material.secret_value import SecretValue

from tests.hostile.corpus.families import all_rows
from tests.hostile.corpus.leaks import leaks, pieces_of
from tests.hostile.corpus.material import NOW, PASSPHRASE, PRIVATE, ROOTS, SHOP
from tests.hostile.corpus.row import VERSION
from tests.support.bundles import encrypted, encrypted_key, plain_key

SECONDS = 60
FOLDER = Path(".fuzz")
"""What was found interesting, for the next run; and what broke a promise, if anything did."""
LONGEST = 16_384
"""Bytes of an input: longer ones find nothing that shorter ones do not, and take longer."""
LONGEST_SEED = 8_192
SLOW = "as many rounds"
"""What is the most that is read takes a second."""

KEYS = (*CERTIFICATE_KEYS, *PRIVATE_KEY_KEYS, *CHAIN_KEYS, PKCS12_KEY, PASSPHRASE_KEY)
SEPARATOR, PIECE = b"\x1e", b"\x1d"
"""Between fields, and between the texts of a chain that is a list."""
SECRETS: set[str] = set()


def seeds() -> dict[str, bytes]:
    """Return the inputs to start from, by name; the first byte says how the rest is read."""
    inputs: dict[str, bytes] = {}
    for number, row in enumerate(all_rows()):
        value = row.value
        text = (value.text or "").encode("utf-8", "surrogatepass")
        if SLOW in row.name or len(value.binary or text) > LONGEST_SEED:
            continue
        SECRETS.update(pieces_of(value))
        inputs[f"{number:03}"] = b"B" + value.binary if value.binary else b"T" + text
        if fields := _known_fields(value):
            joined = SEPARATOR.join(fields)
            inputs |= {f"{number:03}-{kind}": kind.encode() + joined for kind in "FVJ"}
        if bundle := _bundle(value):
            inputs[f"{number:03}-bundle"] = b"P" + bundle
    for name, issued in {"shop": SHOP, "private": PRIVATE}.items():
        for number, each in enumerate((issued.certificate, *issued.chain)):
            inputs[f"{name}-{number}"] = b"D" + each.public_bytes(Encoding.DER)
        inputs[f"{name}-key"] = b"K" + encrypted_key(
            data=encrypted(plain_key(issued.key), PASSPHRASE)
        )
    return inputs


def _bundle(value: SecretValue) -> bytes | None:
    """Return the PKCS#12 bundle of a secret, if it has one."""
    try:
        return base64.b64decode(json.loads(value.text or "")[PKCS12_KEY], validate=True)
    except (ValueError, RecursionError, TypeError, KeyError):
        return None


def _known_fields(value: SecretValue) -> list[bytes]:
    """Return the fields of a secret that is JSON, each behind the place of its name in KEYS."""
    try:
        document = json.loads(value.text or "")
    except (ValueError, RecursionError):
        return []
    members = document.items() if isinstance(document, dict) else ()
    texts = {
        key: PIECE.decode().join(each) if _is_list_of_texts(each) else each for key, each in members
    }
    return [
        bytes([KEYS.index(key)]) + each.encode("utf-8", "surrogatepass")
        for key, each in texts.items()
        if key in KEYS and isinstance(each, str)
    ]


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def value_of(data: bytes) -> SecretValue:
    """Return the secret's value that an input stands for.

    Half of all values are put into JSON or PEM here, so that the fuzzer reaches what is inside.
    """
    kind, rest = data[:1], data[1:]
    if kind == b"B":
        return SecretValue(version=VERSION, binary=rest)
    document = _document(kind, rest)
    if document is None:
        return SecretValue(version=VERSION, text=_text(rest))
    if kind == b"J":
        return SecretValue(version=VERSION, binary=json.dumps(document).encode())
    return SecretValue(version=VERSION, text=json.dumps(document))


def _document(kind: bytes, rest: bytes) -> object:
    """Return the JSON that an input of this kind stands for, or None."""
    good = {"certificate": SHOP.certificate_pem, "private_key": SHOP.key_pem()}
    match kind:
        case b"F" | b"J":
            return _members(rest)
        case b"V":
            return {"request_id": "1", "data": _members(rest)}
        case b"D":
            return good | {"certificate": _pem("CERTIFICATE", rest), "chain": SHOP.chain_pem}
        case b"K":
            key = _pem("ENCRYPTED PRIVATE KEY", rest)
            return good | {"private_key": key, "passphrase": PASSPHRASE, "chain": SHOP.chain_pem}
        case b"P":
            return {"pkcs12": base64.b64encode(rest).decode(), "passphrase": PASSPHRASE}
        case _:
            return None


def _members(data: bytes) -> dict[str, object]:
    """Return fields; a text in pieces is a list."""
    found = [each for each in data.split(SEPARATOR) if each]
    return {
        KEYS[each[0] % len(KEYS)]: [_text(piece) for piece in each[1:].split(PIECE)]
        if PIECE in each
        else _text(each[1:])
        for each in found
    }


def _pem(label: str, der: bytes) -> str:
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n"


def _text(data: bytes) -> str:
    """Return text: in JSON half a surrogate is possible, what is not UTF-8 is something else."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def one_input(data: bytes) -> None:
    """Read one value; raise if a promise breaks."""
    inspection = inspect_secret(value_of(data), ROOTS, NOW)
    if inspection.material is None and not inspection.findings:
        raise AssertionError("neither a material nor a finding")
    for finding in inspection.findings:
        said = json.dumps(finding.to_json())
        if not finding.found or not finding.remedy:
            raise AssertionError(f"an empty message: {finding.code}")
        if leaks(said, SECRETS, [PASSPHRASE]):
            raise AssertionError(f"a secret in a finding of {finding.code}")


def main() -> None:
    """Fuzz for so many seconds; libFuzzer prints executions and coverage, and ends the process."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    # cryptography warns of encodings that RFC 5280 forbids and it reads all the same.
    warnings.simplefilter("ignore")
    FOLDER.mkdir(exist_ok=True)
    for name, data in seeds().items():
        (FOLDER / name).write_bytes(data)
    options = (
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST}",
        f"-artifact_prefix={FOLDER}/",
        "-timeout=30",
        "-print_final_stats=1",
        "-verbosity=1",
    )
    atheris.Setup([sys.argv[0], *options, str(FOLDER)], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
