"""Certificate Manager's operations: import, list, describe, get, delete, tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.double import acm_views
from tests.double.acm_rules import (
    check_form,
    check_material,
    check_quota,
    check_reimport,
    check_tag_policy,
)
from tests.double.certificates import ImportedCertificate, find, store, uses
from tests.double.world import Answer, Forwarded, Refusal, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.acm.models import CertBundle


def import_certificate(request: Request) -> Mapping[str, Any]:
    """ACM API Reference, ImportCertificate: an ARN makes it a reimport."""
    params = request.params
    material = (params["Certificate"], params["PrivateKey"], params.get("CertificateChain"))
    check_form(*material)
    new = ImportedCertificate(
        account_id=request.world.account_id,
        region=request.region,
        certificate=material[0],
        private_key=material[1],
        chain=material[2],
    )
    check_material(new)
    arn = params.get("CertificateArn")
    return {"CertificateArn": _reimport(request, arn, new) if arn else _import(request, new)}


def _reimport(request: Request, arn: str, new: ImportedCertificate) -> str:
    """ACM API Reference, ImportCertificate: no tags with an ARN; moto takes and then loses them."""
    if "Tags" in request.params:
        raise Refusal("ValidationException", "Tagging is not permitted on re-import.")
    check_reimport(_existing(request), new).replace(new)
    return arn


def _import(request: Request, new: ImportedCertificate) -> str:
    tags = request.params.get("Tags", [])
    check_tag_policy(request.world, _as_mapping(tags))
    new.tags.add(tags)
    check_quota(request.world, request.region)
    store(request.world, request.region)._certificates[new.arn] = new
    return new.arn


def list_certificates(request: Request) -> Mapping[str, Any]:
    """ACM API Reference, ListCertificates: filters, then pages of at most 1,000.

    Moto lists every key type, never pages, and leaves out half of a summary.
    """
    params = request.params
    if ("SortBy" in params) != ("SortOrder" in params):
        raise Refusal("ValidationException", "SortBy and SortOrder must be specified together.")
    summaries = request.world.seen("list_certificates", request.region, acm_views.summaries)
    listed = [
        each
        for each in summaries
        if acm_views.included(each, params.get("CertificateStatuses"), params.get("Includes", {}))
    ]
    if params.get("SortOrder") == "DESCENDING":
        listed.reverse()
    page, token = request.page(listed, maximum=1000, size="MaxItems", token="NextToken")
    return {"CertificateSummaryList": page, "NextToken": token}


def search_certificates(request: Request) -> Mapping[str, Any]:
    """ACM API Reference, SearchCertificates: pages of at most 500; only imported ones are here."""
    found = acm_views.search_results(request.world, request.region)
    page, token = request.page(found, maximum=500, size="MaxResults", token="NextToken")
    return {"Results": page, "NextToken": token}


def describe_certificate(request: Request) -> Mapping[str, Any] | Forwarded:
    """ACM API Reference, DescribeCertificate."""
    certificate = _existing(request)
    if not isinstance(certificate, ImportedCertificate):
        return request.forward()
    users = request.world.seen("in_use_by", request.region, uses).get(certificate.arn, [])
    return {"Certificate": acm_views.detail(certificate, users)}


def get_certificate(request: Request) -> Mapping[str, Any] | Forwarded:
    """ACM API Reference, GetCertificate: the chain as imported; moto adds one of Amazon's."""
    certificate = _existing(request)
    if not isinstance(certificate, ImportedCertificate):
        return request.forward()
    chain = {"CertificateChain": certificate.chain.decode()} if certificate.chain else {}
    return {"Certificate": certificate.cert.decode(), **chain}


def delete_certificate(request: Request) -> Mapping[str, Any] | Forwarded:
    """ACM API Reference, DeleteCertificate: ResourceInUseException; moto deletes all the same.

    A certificate counts as used while a stale read says so too: ACM hears of a detach late.
    """
    arn = _existing(request).arn
    world, region = request.world, request.region
    if world.seen("in_use_by", region, uses).get(arn) or uses(world, region).get(arn):
        raise Refusal("ResourceInUseException", f"Certificate {arn} is in use.")
    return request.forward()


def add_tags(request: Request) -> Mapping[str, Any] | Forwarded:
    """ACM API Reference, AddTagsToCertificate."""
    _existing(request)
    check_tag_policy(request.world, _as_mapping(request.params["Tags"]))
    return request.forward()


def _existing(request: Request) -> CertBundle:
    """Return the certificate that the request names; brings its status up to date."""
    arn = request.params["CertificateArn"]
    certificate = find(request.world, request.region, arn)
    if certificate is None:
        raise Refusal("ResourceNotFoundException", f"Could not find certificate {arn}.")
    certificate.check()
    return certificate


def _as_mapping(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in tags}


ANSWERS: dict[str, Answer] = {
    "AddTagsToCertificate": add_tags,
    "DeleteCertificate": delete_certificate,
    "DescribeCertificate": describe_certificate,
    "GetCertificate": get_certificate,
    "ImportCertificate": import_certificate,
    "ListCertificates": list_certificates,
    "SearchCertificates": search_certificates,
}
