"""Reads the value of a managed secret, in every form that common tools write.

Nothing here decides whether the material is good; it says which certificates and which key the
value holds. No message, finding or exception ever quotes the value: cryptography's own errors can
hold bytes of a key, so they end here.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12

from certrotation.core.certificates import extended_key_usages_of, is_ca, key_usages_of
from certrotation.core.findings import Code, Finding, refuse
from certrotation.core.names import names_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

CERTIFICATE_KEYS = ("certificate", "fullchain", "cert", "tls.crt")
PRIVATE_KEY_KEYS = ("private_key", "privkey", "privateKey", "tls.key")
CHAIN_KEYS = ("chain", "certificateChain", "ca.crt")
PKCS12_KEY = "pkcs12"
PASSPHRASE_KEY = "passphrase"  # noqa: S105  a field's name, not a passphrase

_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What cryptography raises for bytes that are not what they claim to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretValue:
    """One version of a secret, as Secrets Manager gives it; its repr shows the version alone."""

    version: str
    text: str | None = field(default=None, repr=False)
    binary: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplied:
    """What a secret holds: certificates in the order found, and the private key."""

    certificates: tuple[x509.Certificate, ...]
    private_key: PrivateKeyTypes = field(repr=False)


class UnreadableSecretError(Exception):
    """The value is none of the forms known; `finding` says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


def parse_secret(value: SecretValue) -> Supplied:
    """Return what the secret's value holds.

    Raises:
        UnreadableSecretError: SECRET_MALFORMED, KEY_ENCRYPTED, KEY_UNSUPPORTED, LEAF_MISSING.
    """
    if value.text is not None:
        return _parse_fields(_fields(value.text))
    if value.binary is not None:
        return _parse_pkcs12(value.binary, None)
    raise _malformed("The secret has no value.")


def _fields(text: str) -> dict[str, str]:
    """Return the JSON object's fields that are known; empty ones and nulls count as absent."""
    known = {*CERTIFICATE_KEYS, *PRIVATE_KEY_KEYS, *CHAIN_KEYS, PKCS12_KEY, PASSPHRASE_KEY}
    found = {}
    for key, value in _json_object(text).items():
        if key not in known or value is None or value == "":
            continue
        if not isinstance(value, str):
            raise _malformed(f"The value of {key} is not a string.")
        found[key] = value
    return found


def _json_object(text: str) -> dict[str, object]:
    try:
        document = json.loads(text.lstrip("\ufeff"), object_pairs_hook=_without_repetition)
    except json.JSONDecodeError as error:
        position = f"line {error.lineno}, column {error.colno}"
    except RecursionError:
        position = "a place nested too deep"
    else:
        if isinstance(document, dict):
            return document
        raise _malformed("The secret's JSON is not an object.")
    raise _malformed(f"The secret is not JSON: it breaks off at {position}.")


def _without_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise _malformed("A key stands twice in the secret's JSON.")
    return fields


def _parse_fields(fields: dict[str, str]) -> Supplied:
    passphrase = fields.get(PASSPHRASE_KEY)
    secret = passphrase.encode("utf-8", "replace") if passphrase is not None else None
    if PKCS12_KEY in fields:
        return _parse_pkcs12(_base64(fields[PKCS12_KEY]), secret)
    key_fields = [key for key in PRIVATE_KEY_KEYS if key in fields]
    if not key_fields:
        raise _malformed("The secret holds no private key: neither private_key nor a name like it.")
    if len({fields[key] for key in key_fields}) > 1:
        raise _malformed(f"{' and '.join(key_fields)} hold different keys.")
    certificates = [
        certificate
        for key in (*CERTIFICATE_KEYS, *CHAIN_KEYS)
        if key in fields
        for certificate in _certificates(key, fields[key])
    ]
    if not any(key in fields for key in CERTIFICATE_KEYS):
        raise UnreadableSecretError(refuse(Code.LEAF_MISSING, "The secret holds no certificate."))
    return Supplied(
        certificates=tuple(certificates),
        private_key=_private_key(key_fields[0], fields[key_fields[0]], secret),
    )


def _certificates(field_name: str, text: str) -> Sequence[x509.Certificate]:
    try:
        found = x509.load_pem_x509_certificates(_pem_bytes(text))
        for each in found:
            _decode_everything(each)
    except _UNREADABLE:
        found = []
    if not found:
        raise _malformed(f"{field_name} holds no certificate that can be read as PEM.")
    return found


def _decode_everything(certificate: x509.Certificate) -> None:
    """Decode what is read later; cryptography decodes on first use, and may fail only then."""
    names_of(certificate)
    is_ca(certificate)
    key_usages_of(certificate)
    extended_key_usages_of(certificate)
    _ = (certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string())
    _ = (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
    _ = certificate.signature_hash_algorithm
    try:
        certificate.public_key()
    except UnsupportedAlgorithm:
        subject = certificate.subject.rfc4514_string()
        raise UnreadableSecretError(
            refuse(Code.KEY_UNSUPPORTED, f"The key of {subject} is of an unknown type.")
        ) from None


def _private_key(field_name: str, text: str, passphrase: bytes | None) -> PrivateKeyTypes:
    pem = _pem_bytes(text)
    try:
        return load_pem_private_key(pem, None)
    except TypeError:
        pass  # it is encrypted
    except UnsupportedAlgorithm:
        raise UnreadableSecretError(
            refuse(Code.KEY_UNSUPPORTED, f"{field_name} holds a key of an unknown type.")
        ) from None
    except ValueError:
        raise _malformed(f"{field_name} holds no private key that can be read as PEM.") from None
    if passphrase is None:
        raise UnreadableSecretError(
            refuse(Code.KEY_ENCRYPTED, f"{field_name} is encrypted, without passphrase.")
        )
    try:
        return load_pem_private_key(pem, passphrase)
    except _UNREADABLE:
        raise UnreadableSecretError(
            refuse(Code.KEY_ENCRYPTED, f"The passphrase does not open {field_name}.")
        ) from None


def _parse_pkcs12(data: bytes, passphrase: bytes | None) -> Supplied:
    bundle = _open_pkcs12(data, [passphrase] if passphrase is None else [passphrase, None])
    if bundle.key is None:
        raise _malformed("The PKCS#12 bundle holds no private key.")
    certificates = [
        each.certificate for each in (bundle.cert, *bundle.additional_certs) if each is not None
    ]
    if not certificates:
        raise UnreadableSecretError(
            refuse(Code.LEAF_MISSING, "The PKCS#12 bundle holds no certificate.")
        )
    try:
        for each in certificates:
            _decode_everything(each)
    except _UNREADABLE:
        raise _malformed("The PKCS#12 bundle holds a certificate that cannot be decoded.") from None
    return Supplied(certificates=tuple(certificates), private_key=bundle.key)


def _open_pkcs12(data: bytes, passphrases: list[bytes | None]) -> pkcs12.PKCS12KeyAndCertificates:
    """Open the bundle with the first passphrase that fits; some tools write one and use none."""
    complaint = ""
    for passphrase in passphrases:
        try:
            return pkcs12.load_pkcs12(data, passphrase)
        except _UNREADABLE as error:
            complaint = str(error)
    if "password" not in complaint.lower():
        raise _malformed("The value is no PKCS#12 bundle that can be read.")
    found = "The passphrase does not open the PKCS#12 bundle."
    if passphrases == [None]:
        found = "The PKCS#12 bundle is encrypted, and there is no passphrase."
    raise UnreadableSecretError(refuse(Code.KEY_ENCRYPTED, found))


def _pem_bytes(text: str) -> bytes:
    """Return PEM bytes; Kubernetes wraps PEM in base64 once more."""
    pem = text.encode("utf-8", "replace")
    if b"-----BEGIN" in pem:
        return pem
    try:
        return base64.b64decode(pem, validate=False)
    except binascii.Error:
        return pem


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        raise _malformed(f"{PKCS12_KEY} is not base64.") from None


def _malformed(found: str) -> UnreadableSecretError:
    return UnreadableSecretError(refuse(Code.SECRET_MALFORMED, found))
