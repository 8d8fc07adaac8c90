"""How ACM shows an imported certificate: in a list, and described."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.double.certificates import ImportedCertificate, imported, uses
from tests.double.material import extended_key_usage_name, read_leaf

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.double.material import Leaf
    from tests.double.world import World

_DEFAULT_KEY_TYPES = ("RSA_1024", "RSA_2048")
_LISTED_NAMES = 100


def summaries(world: World, region: str) -> list[dict[str, Any]]:
    """Return the CertificateSummary of each imported certificate, oldest first."""
    users = world.seen("in_use_by", region, uses)
    return [_summary(each, in_use=bool(users.get(each.arn))) for each in imported(world, region)]


def search_results(world: World, region: str) -> list[dict[str, Any]]:
    """Return the CertificateSearchResult of each imported certificate."""
    return [
        {
            "CertificateArn": each.arn,
            "X509Attributes": {
                "Issuer": {"CommonName": read_leaf(each.leaf).issuer},
                "KeyAlgorithm": read_leaf(each.leaf).key_algorithm,
                "NotBefore": each.leaf.not_valid_before_utc,
                "NotAfter": each.leaf.not_valid_after_utc,
            },
        }
        for each in imported(world, region)
    ]


def included(
    summary: Mapping[str, Any], statuses: list[str] | None, includes: Mapping[str, list[str]]
) -> bool:
    """ACM API Reference, ListCertificates and Filters.

    Without `keyTypes` only RSA 1024 and 2048 certificates with a domain are returned.
    """
    key_types = includes.get("keyTypes")
    if not key_types and not summary["DomainName"]:
        return False
    return (
        summary["KeyAlgorithm"] in (key_types or _DEFAULT_KEY_TYPES)
        and (not statuses or summary["Status"] in statuses)
        and _any_of(includes.get("keyUsage"), summary["KeyUsages"])
        and _any_of(includes.get("extendedKeyUsage"), summary["ExtendedKeyUsages"])
    )


def _any_of(wanted: Iterable[str] | None, present: Iterable[str]) -> bool:
    return wanted is None or not set(wanted).isdisjoint(present)


def detail(certificate: ImportedCertificate, users: list[str]) -> dict[str, Any]:
    """Return the CertificateDetail; its KeyAlgorithm has a hyphen: `RSA-2048`.

    The list and every request spell it with an underscore, as moto does here too.
    """
    leaf = read_leaf(certificate.leaf)
    return _shared(certificate, leaf) | {
        "KeyAlgorithm": leaf.key_algorithm.replace("_", "-", 1),
        "SubjectAlternativeNames": list(leaf.alternative_names[:_LISTED_NAMES]),
        "Serial": _serial(certificate.leaf.serial_number),
        "Subject": certificate.leaf.subject.rfc4514_string(),
        "Issuer": leaf.issuer,
        "SignatureAlgorithm": _signature_algorithm(certificate),
        "InUseBy": users,
        "KeyUsages": [{"Name": name} for name in _key_usages(leaf)],
        "ExtendedKeyUsages": [
            {"Name": extended_key_usage_name(usage), "OID": usage.dotted_string}
            for usage in leaf.extended_key_usages or ()
        ],
        "Options": {"CertificateTransparencyLoggingPreference": "DISABLED"},
    }


def _summary(certificate: ImportedCertificate, *, in_use: bool) -> dict[str, Any]:
    leaf = read_leaf(certificate.leaf)
    return _shared(certificate, leaf) | {
        "KeyAlgorithm": leaf.key_algorithm,
        "SubjectAlternativeNameSummaries": list(leaf.alternative_names[:_LISTED_NAMES]),
        "HasAdditionalSubjectAlternativeNames": len(leaf.alternative_names) > _LISTED_NAMES,
        "InUse": in_use,
        "Exported": False,
        "KeyUsages": _key_usages(leaf),
        "ExtendedKeyUsages": [
            extended_key_usage_name(usage) for usage in leaf.extended_key_usages or ()
        ]
        or ["NONE"],
    }


def _shared(certificate: ImportedCertificate, leaf: Leaf) -> dict[str, Any]:
    certificate.check()
    return {
        "CertificateArn": certificate.arn,
        "DomainName": leaf.domain_name,
        "Status": certificate.status,
        "Type": certificate.type,
        "RenewalEligibility": "INELIGIBLE",
        "NotBefore": certificate.leaf.not_valid_before_utc,
        "NotAfter": certificate.leaf.not_valid_after_utc,
        "CreatedAt": certificate.created_at,
        "ImportedAt": certificate.imported_at,
    }


def _key_usages(leaf: Leaf) -> list[str]:
    return ["ANY"] if leaf.key_usages is None else sorted(leaf.key_usages)


def _serial(number: int) -> str:
    """Return lower-case pairs of hexadecimal digits with colons, a leading zero byte kept."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big").hex(":")


def _signature_algorithm(certificate: ImportedCertificate) -> str:
    """Return `SHA256WITHRSA` and the like."""
    digest = certificate.leaf.signature_hash_algorithm
    family = "ECDSA" if "ecdsa" in certificate.leaf.signature_algorithm_oid._name else "RSA"
    return f"{digest.name.upper() if digest else ''}WITH{family}"
