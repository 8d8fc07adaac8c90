"""ACM's rules of import and reimport. Each function refuses what breaks its rule.

Where AWS documents no message, the words are ours and only the code counts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.double.certificates import ImportedCertificate, imported
from tests.double.material import links, read_leaf
from tests.double.world import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.acm.models import CertBundle

    from tests.double.world import World

KEY_TYPES = frozenset(
    {
        "RSA_1024",
        "RSA_2048",
        "RSA_3072",
        "RSA_4096",
        "EC_prime256v1",
        "EC_secp384r1",
        "EC_secp521r1",
    }
)
_MAX_KEY_BYTES = 5120
_BEGIN = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----")


def _invalid(message: str) -> Refusal:
    return Refusal("ValidationException", message)


def check_form(certificate: bytes, private_key: bytes, chain: bytes | None) -> None:
    """ACM User Guide, Certificate and key format for importing.

    `Certificate` holds exactly one certificate and the key is at most 5,120 bytes; moto takes the
    first certificate and a key of any size.
    """
    if len(_BEGIN.findall(certificate)) > 1:
        raise _invalid(
            "The certificate field contains more than one certificate. "
            "You can specify only one certificate in this field."
        )
    if len(private_key) > _MAX_KEY_BYTES:
        raise _invalid("The private key length is not supported.")
    if chain is not None:
        try:
            x509.load_pem_x509_certificates(chain)
        except ValueError as error:
            raise _invalid("The certificate chain is not PEM-encoded or is not valid.") from error


def check_material(new: ImportedCertificate) -> None:
    """ACM User Guide, Prerequisites for importing: key type, the leaf's key, the chain's order.

    Moto accepts any key and any chain.
    """
    if read_leaf(new.leaf).key_algorithm not in KEY_TYPES:
        raise _invalid("The certificate's key algorithm is not supported.")
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if new._key.public_key().public_bytes(*form) != new.leaf.public_key().public_bytes(*form):
        raise _invalid("The private key does not match the certificate.")
    if not links(new.leaf, new.chain_certificates):
        raise _invalid("Could not validate the certificate with the certificate chain.")


def check_quota(world: World, region: str) -> None:
    """ACM User Guide, Quotas: imported certificates per Region; moto has no quota."""
    if len(imported(world, region)) >= world.behaviour.imported_certificate_quota:
        raise Refusal(
            "LimitExceededException",
            "You have reached the maximum number of certificates. Delete certificates that are "
            "not in use, or contact AWS Support to request an increase.",
        )


def check_tag_policy(world: World, tags: Mapping[str, str]) -> None:
    """ACM API Reference, TagPolicyException; moto knows no tag policy."""
    allowed = world.behaviour.tag_policy
    if allowed is not None and tags and not allowed(tags):
        raise Refusal("TagPolicyException", "The tag policy does not allow the specified tags.")


def check_reimport(current: CertBundle, new: ImportedCertificate) -> ImportedCertificate:
    """ACM User Guide, Reimport a certificate, Considerations; moto enforces none of them.

    Returns the current certificate, which was imported.
    """
    if not isinstance(current, ImportedCertificate):
        raise _invalid("Only an imported certificate can be reimported.")
    before, after = read_leaf(current.leaf), read_leaf(new.leaf)
    if before.key_algorithm != after.key_algorithm:
        raise _invalid("The key type and size of a reimported certificate cannot be changed.")
    if before.names and before.names.isdisjoint(after.names):
        raise _invalid("All domain names of the certificate cannot be removed.")
    _check_key_usages(before.key_usages, after.key_usages, after.key_algorithm)
    _check_extended_key_usages(before.extended_key_usages, after.extended_key_usages)
    return current


def _check_key_usages(
    before: frozenset[str] | None, after: frozenset[str] | None, key_algorithm: str
) -> None:
    """Values may be added, not removed, except keyEncipherment from an ECDSA certificate."""
    lost = (before or frozenset()) - (after or frozenset())
    if key_algorithm.startswith("EC_"):
        lost -= {"KEY_ENCIPHERMENT"}
    if lost or (before and after is None):
        raise _invalid(
            "New certificate is missing one or more Key Usages supported by the currently "
            "imported certificate"
        )


def _check_extended_key_usages(
    before: frozenset[x509.ObjectIdentifier] | None,
    after: frozenset[x509.ObjectIdentifier] | None,
) -> None:
    """Values may be added, not removed, except clientAuth."""
    lost = (before or frozenset()) - (after or frozenset())
    if lost - {ExtendedKeyUsageOID.CLIENT_AUTH}:
        raise _invalid(
            "New certificate is missing one or more Extended Key Usages supported by the "
            "currently imported certificate"
        )
