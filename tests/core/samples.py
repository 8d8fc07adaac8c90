"""What the tests of the core share: one clock, two CAs, and the way from material to findings."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from certrotation.core.material.bundle import PresentedCertificate
from certrotation.core.material.checks import Inspection, inspect_secret
from certrotation.core.material.secret_value import SecretValue
from certrotation.core.material.trust import PublicRoots
from tests.support.authority import Authority, Issued, pem, shared_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from certrotation.core.findings import Code, Finding, Severity
    from certrotation.core.material.bundle import Material

NOW = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
LONG_AGO = NOW - 365 * DAY
VERSION = "11111111-2222-4333-8444-555555555555"


def root(name: str, *, key: str = "p256") -> Authority:
    return Authority.root(name, key=shared_key(key, name), not_before=LONG_AGO)


def under(
    authority: Authority,
    name: str,
    *,
    key: str = "p256",
    not_after: datetime | None = None,
    path_length: int | None = None,
) -> Authority:
    return authority.intermediate(
        name,
        key=shared_key(key, name),
        not_before=LONG_AGO,
        not_after=not_after or LONG_AGO + 3000 * DAY,
        path_length=path_length,
    )


PUBLIC_ROOT = root("Public Root")
ISSUING_CA = under(PUBLIC_ROOT, "Issuing CA")
PRIVATE_ROOT = root("Private Root")
PRIVATE_CA = under(PRIVATE_ROOT, "Private Issuing CA")
ROOTS = PublicRoots([PUBLIC_ROOT.certificate])

LEAF = ISSUING_CA.issue("www.example.com", not_before=NOW - DAY)
PRIVATE_LEAF = PRIVATE_CA.issue("www.internal.example", not_before=NOW - DAY)
RSA_LEAF = ISSUING_CA.issue(
    "rsa.example.com", not_before=NOW - DAY, key=shared_key("rsa2048", "leaf")
)


def resigned(
    authority: Authority,
    certificate: x509.Certificate,
    *,
    without: Iterable[type[x509.ExtensionType]] = (),
) -> x509.Certificate:
    """Sign `certificate` once more with the authority's key, some extensions left out."""
    builder = x509.CertificateBuilder(
        issuer_name=authority.certificate.subject,
        subject_name=certificate.subject,
        public_key=certificate.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=certificate.not_valid_before_utc,
        not_valid_after=certificate.not_valid_after_utc,
        extensions=[
            each for each in certificate.extensions if not isinstance(each.value, tuple(without))
        ],
    )
    return builder.sign(authority.key, hashes.SHA256())


def secret(**fields: object) -> SecretValue:
    return SecretValue(version=VERSION, text=json.dumps(fields))


def secret_of(issued: Issued, *chain: x509.Certificate) -> SecretValue:
    """The secret of `issued`, with `chain` instead of its own if any is given."""
    return secret(
        certificate=issued.certificate_pem,
        private_key=issued.key_pem(),
        chain=pem(*chain) or issued.chain_pem,
    )


def inspect(value: SecretValue, *, now: datetime = NOW, roots: PublicRoots = ROOTS) -> Inspection:
    return inspect_secret(value, roots, now)


def material_of(
    issued: Issued, *chain: x509.Certificate, roots: PublicRoots = ROOTS, now: datetime = NOW
) -> Material:
    material = inspect(secret_of(issued, *chain), roots=roots, now=now).material
    assert material is not None
    return material


def presented(issued: Issued, *chain: x509.Certificate) -> PresentedCertificate:
    return PresentedCertificate(leaf=issued.certificate, chain=chain or issued.chain)


def verdicts(findings: Iterable[Finding]) -> list[tuple[Code, Severity]]:
    return [(each.code, each.severity) for each in findings]


def the(code: Code, findings: Iterable[Finding]) -> Finding:
    """The one finding of this code."""
    (found,) = [each for each in findings if each.code is code]
    return found
