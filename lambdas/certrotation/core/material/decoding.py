"""Decodes PEM and PKCS#12 into certificates and keys, and reports why decoding fails.

The errors of cryptography can contain bytes of a key, so they are not passed on: no message,
finding or exception ever quotes the input.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12

from certrotation.core.findings import Code, Finding, refuse
from certrotation.core.material.host_names import names_of
from certrotation.core.material.x509_facts import extended_key_usages_of, is_ca, key_usages_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

_BEGIN = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----")
_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""The errors that cryptography raises for bytes that it cannot decode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplied:
    """The content of a secret: certificates in the order found, and the private key."""

    certificates: tuple[x509.Certificate, ...]
    private_key: PrivateKeyTypes = field(repr=False)


class UnreadableSecretError(Exception):
    """The value has no known form; `finding` says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


def malformed(found: str) -> UnreadableSecretError:
    """Return the error for a value that has no known form."""
    return UnreadableSecretError(refuse(Code.SECRET_MALFORMED, found))


def decode_certificates(field_name: str, pem: bytes) -> list[x509.Certificate]:
    """Return the certificates in `pem`, at least one, in the order found.

    Raises:
        UnreadableSecretError: SECRET_MALFORMED, KEY_UNSUPPORTED.
    """
    try:
        found = x509.load_pem_x509_certificates(pem)
    except _UNREADABLE:
        raise malformed(f"{field_name} contains no readable PEM certificate.") from None
    if len(found) < len(_BEGIN.findall(pem)):
        # cryptography skips certificates without an END line, and OpenSSL's TRUSTED form.
        raise malformed(f"{field_name} contains a certificate that is cut off or not plain PEM.")
    _decode(field_name, found)
    return found


def decode_private_key(field_name: str, pem: bytes, passphrase: bytes | None) -> PrivateKeyTypes:
    """Return the first private key in `pem`; a passphrase for an unencrypted key is ignored.

    Raises:
        UnreadableSecretError: SECRET_MALFORMED, KEY_ENCRYPTED, KEY_UNSUPPORTED.
    """
    try:
        return load_pem_private_key(pem, None)
    except TypeError:
        pass  # the key is encrypted
    except UnsupportedAlgorithm:
        raise UnreadableSecretError(
            refuse(Code.KEY_UNSUPPORTED, f"{field_name} contains a key of an unknown type.")
        ) from None
    except ValueError:
        raise malformed(f"{field_name} contains no readable PEM private key.") from None
    if passphrase is None:
        raise UnreadableSecretError(
            refuse(
                Code.KEY_ENCRYPTED, f"{field_name} is encrypted, and the secret has no passphrase."
            )
        )
    try:
        return load_pem_private_key(pem, passphrase)
    except _UNREADABLE:
        raise UnreadableSecretError(
            refuse(Code.KEY_ENCRYPTED, f"The passphrase does not decrypt {field_name}.")
        ) from None


def decode_pkcs12(data: bytes, passphrase: bytes | None) -> Supplied:
    """Return the certificates and the private key of a PKCS#12 bundle.

    Raises:
        UnreadableSecretError: SECRET_MALFORMED, KEY_ENCRYPTED, KEY_UNSUPPORTED, LEAF_MISSING.
    """
    bundle = _open_pkcs12(data, passphrase)
    if bundle.key is None:
        raise malformed("The PKCS#12 bundle contains no private key.")
    certificates = [
        each.certificate for each in (bundle.cert, *bundle.additional_certs) if each is not None
    ]
    if not certificates:
        raise UnreadableSecretError(
            refuse(Code.LEAF_MISSING, "The PKCS#12 bundle contains no certificate.")
        )
    _decode("The PKCS#12 bundle", certificates)
    return Supplied(certificates=tuple(certificates), private_key=bundle.key)


def _open_pkcs12(data: bytes, passphrase: bytes | None) -> pkcs12.PKCS12KeyAndCertificates:
    """Open the bundle with the passphrase or without one; some tools write one and use none.

    A passphrase that contains NUL opens no bundle, and cryptography would panic and quote it.
    """
    complaints = []
    usable = None if passphrase is None or b"\0" in passphrase else passphrase
    for attempt in dict.fromkeys((usable, None)):
        try:
            return pkcs12.load_pkcs12(data, attempt)
        except _UNREADABLE as error:
            complaints.append(str(error))
    if "password" not in complaints[0]:
        raise malformed("The value is not a readable PKCS#12 bundle.")
    found = "The passphrase does not decrypt the PKCS#12 bundle."
    if passphrase is None:
        found = "The PKCS#12 bundle is encrypted, and the secret has no passphrase."
    raise UnreadableSecretError(refuse(Code.KEY_ENCRYPTED, found))


def _decode(where: str, certificates: Sequence[x509.Certificate]) -> None:
    try:
        for each in certificates:
            _decode_everything(each)
    except _UNREADABLE:
        raise malformed(f"{where} contains a certificate that cannot be decoded.") from None


def _decode_everything(certificate: x509.Certificate) -> None:
    """Decode every field that is read later; cryptography decodes, and may fail, on first use."""
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
            refuse(Code.KEY_UNSUPPORTED, f"The key of {subject} has an unknown type.")
        ) from None
