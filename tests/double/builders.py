"""Requests that set up a world: what a test does not care about is filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_acm import ACMClient
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client

    from tests.support.authority import Issued

ALL_KEY_TYPES: Any = [
    "RSA_1024",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_prime256v1",
    "EC_secp384r1",
    "EC_secp521r1",
]


def material(issued: Issued) -> dict[str, Any]:
    """Return ImportCertificate's parameters; no chain at all if there is none."""
    chain = {"CertificateChain": issued.chain_pem.encode()} if issued.chain else {}
    return {
        "Certificate": issued.certificate_pem.encode(),
        "PrivateKey": issued.key_pem().encode(),
        **chain,
    }


def import_issued(acm: ACMClient, issued: Issued, **parameters: Any) -> str:
    """Import a certificate with its key and chain; returns its ARN."""
    return acm.import_certificate(**material(issued), **parameters)["CertificateArn"]


def listed(acm: ACMClient, **parameters: Any) -> list[Any]:
    """Return the summaries of all key types, over all pages."""
    given = {"Includes": {"keyTypes": ALL_KEY_TYPES}} | parameters
    pages = acm.get_paginator("list_certificates").paginate(**given)
    return [each for page in pages for each in page["CertificateSummaryList"]]


def create_listener(
    elbv2: ElasticLoadBalancingv2Client,
    balancer: str,
    *certificates: str,
    port: int = 443,
    **parameters: Any,
) -> str:
    """Create a secure listener with these certificates as its default; returns its ARN."""
    protocol = "TLS" if "/net/" in balancer else "HTTPS"
    given: dict[str, Any] = {
        "LoadBalancerArn": balancer,
        "Protocol": protocol,
        "Port": port,
        "Certificates": [{"CertificateArn": arn} for arn in certificates],
        "DefaultActions": [
            {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
        ],
    }
    return elbv2.create_listener(**given | parameters)["Listeners"][0]["ListenerArn"]


def attached(elbv2: ElasticLoadBalancingv2Client, listener: str) -> list[tuple[str, bool]]:
    """Return a listener's certificates as listed, each with whether it is the default."""
    pages = elbv2.get_paginator("describe_listener_certificates").paginate(ListenerArn=listener)
    return [
        (each["CertificateArn"], each["IsDefault"])
        for page in pages
        for each in page["Certificates"]
    ]


def add_to_listener(
    elbv2: ElasticLoadBalancingv2Client, listener: str, *certificates: str
) -> list[Any]:
    """Add these to a listener's SNI list in one call; returns what the call says it added."""
    added = elbv2.add_listener_certificates(
        ListenerArn=listener, Certificates=[{"CertificateArn": arn} for arn in certificates]
    )
    return list(added["Certificates"])


def distribution_config(
    reference: str, *, certificate: str | None = None, aliases: Sequence[str] = (), **members: Any
) -> Any:
    """Return a DistributionConfig with one custom origin and, if given, an ACM certificate."""
    viewer: dict[str, Any] = {"CloudFrontDefaultCertificate": True}
    if certificate is not None:
        viewer = {
            "ACMCertificateArn": certificate,
            "SSLSupportMethod": "sni-only",
            "MinimumProtocolVersion": "TLSv1.2_2021",
        }
    config: dict[str, Any] = {
        "CallerReference": reference,
        "Comment": "",
        "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [custom_origin()]},
        "DefaultCacheBehavior": {
            "TargetOriginId": "origin",
            "ViewerProtocolPolicy": "redirect-to-https",
            "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
        },
        "ViewerCertificate": viewer,
    }
    if aliases:
        config["Aliases"] = {"Quantity": len(aliases), "Items": list(aliases)}
    return config | members


def custom_origin(**members: Any) -> dict[str, Any]:
    """Return an origin whose CustomOriginConfig has these further members."""
    return {
        "Id": "origin",
        "DomainName": "origin.example.com",
        "CustomOriginConfig": {
            "HTTPPort": 80,
            "HTTPSPort": 443,
            "OriginProtocolPolicy": "https-only",
            **members,
        },
    }
