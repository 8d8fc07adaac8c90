"""The certificate by which a domain name with mutual TLS proves that its owner may use the names.

API Gateway demands one, issued by ACM, beside an imported certificate; the imported one may have
no other names, and nothing can be changed once it has expired (API Gateway Developer Guide,
Configuring mutual TLS authentication for a REST API).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.aws.acm import AcmCertificates
from certrotation.core.estate.inventory import Proof
from certrotation.core.material.host_names import names_of
from certrotation.errors import CertRotationError

if TYPE_CHECKING:
    from mypy_boto3_acm import ACMClient


def read_proof(client: ACMClient, arn: str) -> Proof | None:
    """Return what is known of the certificate; None if it cannot be read.

    Then nothing is refused beforehand: API Gateway checks what it is given.
    """
    try:
        leaf = AcmCertificates(client, client).presented(arn).leaf
    except CertRotationError:
        return None
    return Proof(arn=arn, names=frozenset(names_of(leaf)), not_after=leaf.not_valid_after_utc)
