"""What CloudFront asks of a viewer certificate. Moto asks nothing.

The rules are those of the CloudFront Developer Guide, "Requirements for using SSL/TLS
certificates with CloudFront" and "Troubleshoot distribution issues".
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.double.certificates import CLOUDFRONT_REGION, ImportedCertificate, find
from tests.double.material import issued, read_leaf
from tests.double.world import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.double.world import World

_KEY_TYPES = frozenset({"RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1"})
_MAX_CHAIN = 5


def _invalid(message: str) -> Refusal:
    return Refusal("InvalidViewerCertificate", message)


def echoed(viewer: Mapping[str, Any]) -> dict[str, Any]:
    """Return a ViewerCertificate as CloudFront shows it, with the deprecated pair filled in.

    CloudFront API Reference, ViewerCertificate; moto invents a default certificate beside the ARN.
    """
    arn, iam = viewer.get("ACMCertificateArn"), viewer.get("IAMCertificateId")
    if not (arn or iam):
        return {
            "CloudFrontDefaultCertificate": True,
            "SSLSupportMethod": "vip",
            "MinimumProtocolVersion": "TLSv1",
            "CertificateSource": "cloudfront",
        }
    return dict(viewer) | {
        "CloudFrontDefaultCertificate": False,
        "Certificate": arn or iam,
        "CertificateSource": "acm" if arn else "iam",
    }


def check_viewer_certificate(
    world: World, config: Mapping[str, Any], *, previous: Mapping[str, Any] | None
) -> None:
    """Refuse a configuration whose ACM certificate CloudFront would not serve.

    `previous` is the configuration that it replaces: trust is asked of a new certificate, or for
    a new alias, only.
    """
    viewer = config["ViewerCertificate"]
    _check_deprecated_pair(viewer)
    arn = viewer.get("ACMCertificateArn")
    if not arn:
        return
    _check_members(viewer)
    certificate = _usable(world, arn)
    aliases = _aliases(config)
    _check_names(certificate, aliases)
    known = previous is not None and (
        previous["ViewerCertificate"].get("ACMCertificateArn") == arn
        and set(aliases) <= set(_aliases(previous))
    )
    if not known:
        _check_trust(world, certificate)


def _check_deprecated_pair(viewer: Mapping[str, Any]) -> None:
    """CloudFront API Reference, ViewerCertificate: `Certificate` must match what replaced it."""
    left_over = viewer.get("Certificate")
    current = viewer.get("ACMCertificateArn") or viewer.get("IAMCertificateId")
    if left_over and left_over != current:
        raise _invalid("Your ACMCertificateArn does not match the given Certificate field.")
    if current and viewer.get("CertificateSource") == "cloudfront":
        raise _invalid("Your CertificateSource does not match the given certificate.")


def _check_members(viewer: Mapping[str, Any]) -> None:
    """CloudFront API Reference, ViewerCertificate: with an ARN both members are required."""
    if viewer.get("CloudFrontDefaultCertificate"):
        raise _invalid("CloudFrontDefaultCertificate cannot be true with an ACMCertificateArn.")
    for member in ("SSLSupportMethod", "MinimumProtocolVersion"):
        if not viewer.get(member):
            raise _invalid(f"{member} is required with an ACMCertificateArn.")


def _usable(world: World, arn: str) -> ImportedCertificate:
    """Return the certificate: in us-east-1, of a supported key, it and its chain valid now."""
    certificate = find(world, CLOUDFRONT_REGION, arn)
    if not isinstance(certificate, ImportedCertificate):
        raise _unusable()
    now = datetime.now(UTC)
    path = (certificate.leaf, *certificate.chain_certificates)
    if read_leaf(certificate.leaf).key_algorithm not in _KEY_TYPES:
        raise _invalid("The specified SSL certificate's key algorithm or size is not supported.")
    if len(path) - 1 > _MAX_CHAIN:
        raise _unusable()
    if not all(each.not_valid_before_utc <= now <= each.not_valid_after_utc for each in path):
        raise _unusable()
    return certificate


def _unusable() -> Refusal:
    return _invalid(
        "The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or "
        "doesn't include a valid certificate chain."
    )


def _check_names(certificate: ImportedCertificate, aliases: Iterable[str]) -> None:
    """A name covers an alias that it equals, or at the same level by its wildcard."""
    names = {name.lower() for name in read_leaf(certificate.leaf).dns_names}
    for alias in aliases:
        wildcard = "*." + alias.lower().partition(".")[2]
        if names.isdisjoint({alias.lower(), wildcard}):
            raise _invalid(f"The certificate that is attached doesn't cover the alias {alias}.")


def _check_trust(world: World, certificate: ImportedCertificate) -> None:
    """To add an alternate domain name the certificate comes from a trusted authority."""
    roots = world.behaviour.trusted_roots
    path = (certificate.leaf, *certificate.chain_certificates)
    if roots is None or any(root == each or issued(root, each) for root in roots for each in path):
        return
    raise _invalid(
        "The certificate that is attached to your distribution was not issued by a trusted "
        "Certificate Authority."
    )


def _aliases(config: Mapping[str, Any]) -> list[str]:
    return list(config["Aliases"].get("Items", ()))
