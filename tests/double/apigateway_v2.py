"""The second API of API Gateway, in front of the same domain names as the first (`apigateway`).

That both APIs show the same domain names is attested (localstack, issue 8705; the Terraform module
api-gateway of adamwshero, issue 13). No document says so, and none says what an update resets.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.double import apigateway
from tests.double.world import Answer, Refusal, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

POLICY = "TLS_1_2"
"""What a configuration has that names no policy. API Reference, DomainNameConfiguration: the API
knows this policy and TLS_1_0 alone."""

# serverless-domain-manager, issue 359.
_REGIONAL_ONLY = "Only REGIONAL domain names can be managed through the API Gateway V2 API."


def create_domain_name(request: Request) -> Mapping[str, Any]:
    """API Reference, CreateDomainName."""
    configuration = _configuration(request)
    shown = apigateway.create_domain_name(
        replace(
            request,
            params={
                "domainName": request.params["DomainName"],
                "regionalCertificateArn": configuration.get("CertificateArn"),
                "securityPolicy": configuration.get("SecurityPolicy", POLICY),
                "endpointConfiguration": {"types": ["REGIONAL"]},
            },
        )
    )
    return _described(shown)


def get_domain_name(request: Request) -> Mapping[str, Any]:
    """API Reference, GetDomainName."""
    return _described(apigateway.get_domain_name(_as_first(request)))


def get_domain_names(request: Request) -> Mapping[str, Any]:
    """API Reference, GetDomainNames. That others than regional ones are left out is inferred."""
    every = apigateway.get_domain_names(replace(request, params={}))["items"]
    return {"Items": [_described(each) for each in every if _is_regional(each)]}


def update_domain_name(request: Request) -> Mapping[str, Any]:
    """API Reference, UpdateDomainName: a configuration takes the place of the former one.

    Inferred: what the new one leaves out is reset, a newer security policy to `POLICY`.
    """
    configuration, first = _configuration(request), _as_first(request)
    shown = apigateway.get_domain_name(first)
    if not _is_regional(shown):
        raise Refusal("BadRequestException", _REGIONAL_ONLY)
    patch = {
        "op": "replace",
        "path": "/regionalCertificateArn",
        "value": configuration.get("CertificateArn", shown.get("regionalCertificateArn")),
    }
    apigateway.update_domain_name(
        replace(first, params={**first.params, "patchOperations": [patch]})
    )
    domain = request.world.api_gateway.domains[request.region, request.params["DomainName"]]
    domain.shown["securityPolicy"] = configuration.get("SecurityPolicy", POLICY)
    return _described(apigateway.get_domain_name(first))


def _configuration(request: Request) -> Mapping[str, Any]:
    (configuration,) = request.params["DomainNameConfigurations"]
    if configuration.get("EndpointType", "REGIONAL") != "REGIONAL":
        raise Refusal("BadRequestException", _REGIONAL_ONLY)
    found: Mapping[str, Any] = configuration
    return found


def _as_first(request: Request) -> Request:
    """Return the request as the first API has it."""
    return replace(request, params={"domainName": request.params["DomainName"]})


def _is_regional(shown: Mapping[str, Any]) -> bool:
    return bool(shown["endpointConfiguration"]["types"] == ["REGIONAL"])


def _described(shown: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a domain name of the first API as the second shows it."""
    configuration = {
        "ApiGatewayDomainName": shown.get("regionalDomainName"),
        "CertificateArn": shown.get("regionalCertificateArn"),
        "DomainNameStatus": shown["domainNameStatus"],
        "EndpointType": "REGIONAL",
        "SecurityPolicy": shown["securityPolicy"],
    }
    return {"DomainName": shown["domainName"], "DomainNameConfigurations": [configuration]}


ANSWERS: dict[str, Answer] = {
    "CreateDomainName": create_domain_name,
    "GetDomainName": get_domain_name,
    "GetDomainNames": get_domain_names,
    "UpdateDomainName": update_domain_name,
}
