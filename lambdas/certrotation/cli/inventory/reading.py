"""Reads what the lists of a scan do not show: issuers, key types, and who uses a certificate.

Actions: acm:SearchCertificates, acm:DescribeCertificate.

SearchCertificates is newer than ListCertificates, and AWS does not document in which Regions it is
offered. Where it fails, for whatever reason, DescribeCertificate tells the same of the certificates
that it is asked about.

If a member of an answer is absent: a certificate without attributes has no issuer and no key type;
one without InUseBy has unknown users.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from certrotation.aws.errors import translated
from certrotation.cli.inventory.rows import NO_FACTS, Facts, Row
from certrotation.errors import CertRotationError
from certrotation.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_PAGE = 500
_WORKERS_A_REGION = 4
"""ACM answers ten DescribeCertificate a second in a Region (ACM quotas)."""
_IMPORTED = {"Filter": {"AcmCertificateMetadataFilter": {"Type": "IMPORTED"}}}


class Detail(NamedTuple):
    """What DescribeCertificate tells."""

    facts: Facts
    users: tuple[str, ...] | None


def search(client: Any) -> dict[str, Facts]:
    """Return issuer and key type of every imported certificate of a Region, by ARN.

    Raises:
        CertRotationError: the operation is denied, or unknown in the Region.
    """
    found: dict[str, Facts] = {}
    request: dict[str, Any] = {"FilterStatement": _IMPORTED, "MaxResults": _PAGE}
    region = client.meta.region_name
    while True:
        with translated("acm:SearchCertificates", f"the certificates in {region}"):
            answer = client.search_certificates(**request)
        for each in answer.get("Results", ()):
            attributes = each.get("X509Attributes", {})
            if "CertificateArn" in each:
                found[each["CertificateArn"]] = Facts(
                    _issuer(attributes.get("Issuer", {})), attributes.get("KeyAlgorithm", "")
                )
        if not answer.get("NextToken"):
            return found
        request["NextToken"] = answer["NextToken"]


def describe(client: Any, arn: str) -> Detail:
    """Return what ACM tells about one certificate.

    Raises:
        CertRotationError: the certificate is gone, or may not be read.
    """
    with translated("acm:DescribeCertificate", arn):
        answer = client.describe_certificate(CertificateArn=arn).get("Certificate", {})
    return Detail(
        facts=Facts(answer.get("Issuer", ""), answer.get("KeyAlgorithm", "").replace("-", "_", 1)),
        users=tuple(answer["InUseBy"]) if "InUseBy" in answer else None,
    )


def with_facts(rows: Sequence[Row], client: Callable[[str], Any]) -> list[Row]:
    """Return the rows with issuers and key types, where ACM tells them in lists."""
    regions = sorted({each.status.certificate.region for each in rows})
    clients = {region: client(region) for region in regions}

    def try_to_search(region: str) -> Mapping[str, Facts]:
        try:
            return search(clients[region])
        except CertRotationError:
            return {}

    found: dict[str, Facts] = {}
    for of_region in _at_once(try_to_search, regions, len(regions)):
        found.update(of_region)
    return [replace(each, facts=found.get(each.arn, NO_FACTS)) for each in rows]


def with_details(
    rows: Sequence[Row], most: int, client: Callable[[str], Any], step: Callable[[], None]
) -> list[Row]:
    """Return the rows, with users and missing facts of the first ones that need them.

    Args:
        rows: most urgent first.
        most: how many certificates are described.
        client: makes a client of ACM in a Region.
        step: is called after each certificate.
    """
    wanted = [each for each in rows if needs_detail(each)][:most]
    clients = {
        region: client(region) for region in {each.status.certificate.region for each in wanted}
    }

    def try_to_describe(row: Row) -> Row:
        try:
            detail = describe(clients[row.status.certificate.region], row.arn)
        except CertRotationError:
            return row
        finally:
            step()
        facts = row.facts if row.facts.issuer else detail.facts
        return replace(row, facts=facts, users=detail.users)

    described = _at_once(try_to_describe, wanted, _WORKERS_A_REGION * len(clients))
    by_arn = {each.arn: each for each in described}
    return [by_arn.get(each.arn, each) for each in rows]


def needs_detail(row: Row) -> bool:
    """Return whether ACM must be asked about a certificate by itself."""
    return row.status.certificate.in_use or row.facts == NO_FACTS


def _issuer(name: Mapping[str, str]) -> str:
    return name.get("CommonName") or name.get("Organization") or ""


def _at_once(work: Callable[[Any], Any], items: Iterable[Any], workers: int) -> list[Any]:
    listed = list(items)
    if not listed:
        return []
    with ThreadPoolExecutor(max_workers=max(1, min(workers, len(listed)))) as pool:
        return list(pool.map(work, listed))
