"""Parses the value of a managed secret, in every form that common tools write.

Parsing only returns the certificates and the private key; other modules check them. No message,
finding or exception ever quotes the value.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from certrotation.core.findings import Code, refuse
from certrotation.core.material.decoding import (
    Supplied,
    UnreadableSecretError,
    decode_certificates,
    decode_pkcs12,
    decode_private_key,
    malformed,
)
from certrotation.core.material.x509_facts import public_bytes_of

if TYPE_CHECKING:
    from cryptography import x509

CERTIFICATE_KEYS = ("certificate", "fullchain", "cert", "tls.crt")
PRIVATE_KEY_KEYS = ("private_key", "privkey", "privateKey", "tls.key")
CHAIN_KEYS = ("chain", "certificateChain", "ca.crt")
PKCS12_KEY = "pkcs12"
PASSPHRASE_KEY = "passphrase"  # noqa: S105  a field's name, not a passphrase


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretValue:
    """One version of a secret, as Secrets Manager returns it; the repr shows only the version."""

    version: str
    text: str | None = field(default=None, repr=False)
    binary: bytes | None = field(default=None, repr=False)


def parse_secret(value: SecretValue) -> Supplied:
    """Return the certificates and the private key in the secret's value.

    Raises:
        UnreadableSecretError: SECRET_MALFORMED, KEY_ENCRYPTED, KEY_UNSUPPORTED, LEAF_MISSING.
    """
    if value.text is not None:
        return _parse_fields(_fields(value.text))
    if value.binary is not None:
        return decode_pkcs12(value.binary, None)
    raise malformed("The secret has no value.")


def _fields(text: str) -> dict[str, str]:
    """Return the known fields of the JSON object; blank fields and nulls count as absent."""
    known = {*CERTIFICATE_KEYS, *PRIVATE_KEY_KEYS, *CHAIN_KEYS, PKCS12_KEY, PASSPHRASE_KEY}
    found = {}
    for key, value in _json_object(text).items():
        if key not in known or value is None:
            continue
        if not isinstance(value, str):
            raise malformed(f"The value of {key} is not a string.")
        if value.strip() or key == PASSPHRASE_KEY:
            found[key] = value
    return found


def _json_object(text: str) -> dict[str, object]:
    try:
        document = json.loads(text.lstrip("\ufeff"), object_pairs_hook=_without_repetition)
    except json.JSONDecodeError as error:
        found = f"Invalid JSON at line {error.lineno}, column {error.colno}."
    except (RecursionError, ValueError):
        found = "Invalid JSON: it is nested too deeply, or contains a number that is too long."
    else:
        if isinstance(document, dict):
            return document
        raise malformed("The secret's JSON is not an object.")
    raise malformed(f"{found} If the value is PEM, wrap it in JSON as the README shows.")


def _without_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise malformed("The secret's JSON contains the same key twice.")
    return fields


def _parse_fields(fields: dict[str, str]) -> Supplied:
    passphrase = fields.get(PASSPHRASE_KEY)
    secret = passphrase.encode("utf-8", "replace") if passphrase is not None else None
    if PKCS12_KEY in fields:
        return _with_chain(decode_pkcs12(_base64(fields[PKCS12_KEY]), secret), fields)
    key_fields = [key for key in PRIVATE_KEY_KEYS if key in fields]
    if not key_fields:
        raise malformed(f"The secret contains no private key ({', '.join(PRIVATE_KEY_KEYS)}).")
    if len({fields[key].strip() for key in key_fields}) > 1:
        raise malformed(f"{' and '.join(key_fields)} contain different private keys.")
    if not any(key in fields for key in CERTIFICATE_KEYS):
        raise UnreadableSecretError(
            refuse(Code.LEAF_MISSING, "The secret contains no certificate.")
        )
    key_field = key_fields[0]
    supplied = Supplied(
        certificates=_certificates(fields, (*CERTIFICATE_KEYS, *CHAIN_KEYS)),
        private_key=decode_private_key(key_field, _pem_bytes(fields[key_field]), secret),
    )
    _require_one_leaf(fields, public_bytes_of(supplied.private_key.public_key()))
    return supplied


def _require_one_leaf(fields: dict[str, str], public: bytes) -> None:
    """Refuse several fields with different certificates for the key: one of them is ambiguous."""
    named = [key for key in CERTIFICATE_KEYS if key in fields]
    own = {each for each in _certificates(fields, tuple(named)) if _has_key(each, public)}
    if len(named) > 1 and len(own) > 1:
        raise malformed(f"{' and '.join(named)} contain different certificates for the key.")


def _has_key(certificate: x509.Certificate, public: bytes) -> bool:
    return public_bytes_of(certificate.public_key()) == public


def _with_chain(bundle: Supplied, fields: dict[str, str]) -> Supplied:
    """Add the field chain to a PKCS#12 bundle; a second key or leaf would be ambiguous."""
    conflicting = [key for key in (*CERTIFICATE_KEYS, *PRIVATE_KEY_KEYS) if key in fields]
    if conflicting:
        raise malformed(
            f"The secret contains {PKCS12_KEY} and {' and '.join(conflicting)}. Use one form."
        )
    return replace(bundle, certificates=(*bundle.certificates, *_certificates(fields, CHAIN_KEYS)))


def _certificates(fields: dict[str, str], wanted: tuple[str, ...]) -> tuple[x509.Certificate, ...]:
    """Return the certificates of the `wanted` fields that exist, in that order."""
    certificates: list[x509.Certificate] = []
    for key in wanted:
        if key in fields:
            certificates.extend(decode_certificates(key, _pem_bytes(fields[key])))
    return tuple(certificates)


def _pem_bytes(text: str) -> bytes:
    """Return PEM bytes; Kubernetes encodes PEM in base64 again."""
    pem = text.encode("utf-8", "replace")
    try:
        return pem if b"-----BEGIN" in pem else base64.b64decode(pem)
    except ValueError:
        return b""


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        raise malformed(f"{PKCS12_KEY} is not valid base64.") from None
