"""Decodes what ACM's GetCertificate answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.core.material.bundle import PresentedCertificate
from certrotation.core.material.decoding import UnreadableSecretError, decode_certificates
from certrotation.errors import CertificateUnreadable

if TYPE_CHECKING:
    from mypy_boto3_acm.type_defs import GetCertificateResponseTypeDef


def decoded(arn: str, answer: GetCertificateResponseTypeDef) -> PresentedCertificate:
    """Return the leaf and chain in an answer, decoded in full.

    Raises:
        CertificateUnreadable: there is no certificate, or one cannot be decoded.
    """
    chain = answer.get("CertificateChain", "")
    if not answer.get("Certificate"):
        raise CertificateUnreadable(
            f"acm:GetCertificate for {arn} answers without Certificate.",
            "If this lasts, open a case with AWS Support.",
        )
    try:
        return PresentedCertificate(
            leaf=decode_certificates("Certificate", answer["Certificate"])[0],
            chain=tuple(decode_certificates("CertificateChain", chain)) if chain else (),
        )
    except UnreadableSecretError as unreadable:
        raise CertificateUnreadable(
            f"{arn} cannot be read: {unreadable.finding.found}",
            f"Delete {arn}, or tag it certrotation:ignore.",
        ) from None
