"""Elastic Load Balancing's listeners and their certificates, default and SNI kept apart.

Moto keeps both in one list, which ModifyListener overwrites. Here `FakeListener.certificates`
holds the default alone and `World.sni` the rest.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from moto.elbv2.models import elbv2_backends

from tests.double import load_balancers
from tests.double.builders import attached
from tests.double.builders import create_listener as create_secure_listener
from tests.double.certificates import ImportedCertificate, find
from tests.double.fakes import Fake
from tests.double.load_balancers import backend, paged
from tests.double.material import has_domain_name, read_leaf
from tests.double.world import Answer, Forwarded, Refusal, Request, succeeded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from moto.elbv2.models import FakeListener, FakeLoadBalancer

    from tests.double.embedded import EmbeddedAws
    from tests.double.fakes import Clients
    from tests.double.world import World

_SECURE = ("HTTPS", "TLS")


def create_listener(request: Request) -> Forwarded:
    """ELB API Reference, CreateListener: HTTPS and TLS take exactly one certificate.

    Moto creates a secure listener without any, and drops MutualAuthentication.
    """
    params = request.params
    balancer = backend(request).load_balancers.get(params["LoadBalancerArn"])
    certificates = params.get("Certificates", [])
    if balancer is None:
        raise Refusal("LoadBalancerNotFound", "The specified load balancer does not exist.")
    if params.get("Protocol") in _SECURE and not certificates:
        raise Refusal("ValidationError", "A certificate must be specified for HTTPS listeners")
    _check_default(request, balancer, certificates)
    if certificates and balancer.type == "network":
        _check_room(request, balancer)
    before = set(balancer.listeners)
    answer = request.forward()
    if succeeded(answer):
        created = next(each for arn, each in balancer.listeners.items() if arn not in before)
        _keep_mutual_authentication(created, params)
    return answer


def modify_listener(request: Request) -> Mapping[str, Any] | Forwarded:
    """ELB API Reference, ModifyListener: a certificate replaces the default and nothing else.

    Moto refuses TLS, takes several certificates, and drops AlpnPolicy and MutualAuthentication.
    """
    params = request.params
    listener = _listener(request)
    balancer = _balancer(request, listener)
    certificates = params.get("Certificates", [])
    if "Certificates" in params and not certificates:
        raise Refusal(
            "InvalidConfigurationRequest",
            "You must provide a list containing exactly one certificate if the listener "
            "protocol is HTTPS.",
        )
    _check_default(request, balancer, certificates)
    if params.get("Protocol") != "TLS":
        answer = request.forward()
        if not succeeded(answer):
            return answer
    listener.protocol = params.get("Protocol", listener.protocol)
    listener.alpn_policy = params.get("AlpnPolicy", listener.alpn_policy)
    _keep_mutual_authentication(listener, params)
    if certificates:
        listener.certificate = certificates[0]["CertificateArn"]
        listener.certificates = [listener.certificate]
    return {"Listeners": [listener]}


def add_listener_certificates(request: Request) -> Mapping[str, Any]:
    """ELB API Reference, AddListenerCertificates: one per call, idempotent, within the quota.

    Moto takes what does not exist, twice, and counts per listener.
    """
    listener = _listener(request)
    balancer = _balancer(request, listener)
    arn = _only_certificate(request)
    _check_certificate(request, balancer, arn)
    listed = request.world.sni.setdefault(listener.arn, [])
    if arn not in listed:
        _check_room(request, balancer)
        listed.append(arn)
    return {"Certificates": [{"CertificateArn": arn, "IsDefault": False}]}


def remove_listener_certificates(request: Request) -> Mapping[str, Any]:
    """ELB API Reference, RemoveListenerCertificates: OperationNotPermitted for the default.

    Moto removes the default. A default that is in the SNI list as well leaves that list only.
    """
    listener = _listener(request)
    arn = _only_certificate(request)
    listed = request.world.sni.get(listener.arn, [])
    if arn in listed:
        listed.remove(arn)
    elif arn in listener.certificates:
        raise Refusal("OperationNotPermitted", "You cannot remove the default certificate.")
    return {}


def describe_listener_certificates(request: Request) -> Mapping[str, Any]:
    """ELB API Reference, DescribeListenerCertificates.

    The default comes first, and once more if the SNI list holds it too; moto never says so.
    """
    listener = _listener(request)
    certificates = [
        {"CertificateArn": arn, "IsDefault": is_default}
        for arn, is_default in chain(
            ((arn, True) for arn in listener.certificates),
            ((arn, False) for arn in request.world.sni.get(listener.arn, ())),
        )
    ]
    return paged(request, "Certificates", certificates)


def describe_listeners(request: Request) -> Mapping[str, Any]:
    """ELB API Reference, DescribeListeners; moto never pages."""
    params = request.params
    balancer, arns = params.get("LoadBalancerArn"), params.get("ListenerArns", [])
    if bool(balancer) == bool(arns):
        raise Refusal("ValidationError", "You must specify either listeners or a load balancer")
    listeners = backend(request).describe_listeners(balancer, arns)
    if len(listeners) < len(set(arns)):
        raise Refusal("ListenerNotFound", "One or more listeners not found")
    return paged(request, "Listeners", listeners)


def _listener(request: Request) -> FakeListener:
    return backend(request).describe_listeners(None, [request.params["ListenerArn"]])[0]


def _balancer(request: Request, listener: FakeListener) -> FakeLoadBalancer:
    return backend(request).load_balancers[listener.load_balancer_arn]


def _keep_mutual_authentication(listener: FakeListener, params: Mapping[str, Any]) -> None:
    """Moto's listener has no such member; its serializer reads whatever attribute there is."""
    if "MutualAuthentication" in params:
        vars(listener)["mutual_authentication"] = params["MutualAuthentication"]


def _only_certificate(request: Request) -> str:
    """ELB API Reference, Add- and RemoveListenerCertificates: one certificate per call."""
    certificates = request.params["Certificates"]
    if len(certificates) != 1:
        raise Refusal("ValidationError", "You can specify one certificate per call")
    _refuse_is_default(certificates)
    return str(certificates[0]["CertificateArn"])


def _refuse_is_default(certificates: Sequence[Mapping[str, Any]]) -> None:
    """ELB API Reference, Certificate: IsDefault is not set on input."""
    if any("IsDefault" in each for each in certificates):
        raise Refusal("ValidationError", "IsDefault cannot be specified")


def _check_default(
    request: Request, balancer: FakeLoadBalancer, certificates: Sequence[Mapping[str, Any]]
) -> None:
    """ELB API Reference, ModifyListener, TooManyCertificates: the default is one certificate."""
    if len(certificates) > 1:
        raise Refusal("TooManyCertificates", "Up to '1' certificate ARNs can be specified")
    _refuse_is_default(certificates)
    for each in certificates:
        _check_certificate(request, balancer, each["CertificateArn"])


def _check_certificate(request: Request, balancer: FakeLoadBalancer, arn: str) -> None:
    """ELB User Guides, Server certificates: it exists in this Region and the balancer can use it.

    It names a domain, and a Network Load Balancer takes no RSA-4096; moto checks existence only.
    """
    if ":iam:" in arn:
        return
    certificate = find(request.world, request.region, arn)
    if certificate is None:
        raise Refusal("CertificateNotFound", f"Certificate '{arn}' not found")
    if not isinstance(certificate, ImportedCertificate):
        return
    leaf = read_leaf(certificate.leaf)
    too_large = balancer.type == "network" and leaf.key_algorithm == "RSA_4096"
    if too_large or not has_domain_name(leaf):
        raise Refusal(
            "UnsupportedCertificate",
            f"The certificate '{arn}' must have a fully-qualified domain name, a supported "
            "signature, and a supported key size.",
        )


def _check_room(request: Request, balancer: FakeLoadBalancer) -> None:
    """ELB User Guides, Quotas: certificates per load balancer, defaults only counted for an NLB."""
    behaviour, sni = request.world.behaviour, request.world.sni
    held = sum(len(sni.get(arn, ())) for arn in balancer.listeners)
    limit = behaviour.alb_certificate_limit
    if balancer.type == "network":
        held += sum(len(each.certificates) for each in balancer.listeners.values())
        limit = behaviour.nlb_certificate_limit
    if held >= limit:
        raise Refusal(
            "TooManyCertificates",
            "You've reached the limit on the number of certificates per load balancer",
        )


ANSWERS: dict[str, Answer] = load_balancers.ANSWERS | {
    "AddListenerCertificates": add_listener_certificates,
    "CreateListener": create_listener,
    "DescribeListenerCertificates": describe_listener_certificates,
    "DescribeListeners": describe_listeners,
    "ModifyListener": modify_listener,
    "RemoveListenerCertificates": remove_listener_certificates,
}


def uses(world: World, region: str) -> Iterator[tuple[str, str]]:
    """The user is the load balancer; moto names a listener."""
    for balancer in elbv2_backends[world.account_id][region].load_balancers.values():
        for listener in balancer.listeners.values():
            for arn in (*listener.certificates, *world.sni.get(listener.arn, ())):
                yield arn, balancer.arn


def _present(aws: EmbeddedAws, clients: Clients, region: str, certificate: str) -> str:
    balancer = aws.load_balancer("any-dependent", region=region)
    return create_secure_listener(clients("elbv2", region), balancer, certificate)


def _presented(clients: Clients, listener: str) -> set[str]:
    return {arn for arn, _ in attached(clients("elbv2", listener.split(":")[3]), listener)}


FAKE = Fake(
    service="elbv2",
    iam_prefix="elasticloadbalancing",
    answers=ANSWERS,
    uses=uses,
    present=_present,
    presented=_presented,
)
