"""Classic Load Balancers: moto's, with AWS's rules for certificates.

Moto's SetLoadBalancerListenerSSLCertificate takes a load balancer, a port and a certificate that
are not there, and names the DNS name, not the ARN, as the certificate's user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.elb.models import elb_backends

from tests.double.certificates import ImportedCertificate, find
from tests.double.fakes import Fake
from tests.double.material import has_domain_name, read_leaf
from tests.double.world import Answer, Forwarded, Refusal, Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from moto.elb.models import LoadBalancer

    from tests.double.embedded import EmbeddedAws
    from tests.double.fakes import Clients
    from tests.double.world import World


def create_load_balancer(request: Request) -> Forwarded:
    """ELB API Reference 2012-06-01, CreateLoadBalancer, CertificateNotFound; moto takes any."""
    for each in request.params["Listeners"]:
        if each.get("SSLCertificateId"):
            _check_certificate(request, each["SSLCertificateId"])
    return request.forward()


def set_certificate(request: Request) -> Mapping[str, Any]:
    """ELB API Reference 2012-06-01, SetLoadBalancerListenerSSLCertificate and its errors."""
    params = request.params
    balancer = _balancers(request.world, request.region).get(params["LoadBalancerName"])
    if balancer is None:
        raise Refusal("LoadBalancerNotFound", "There is no ACTIVE Load Balancer of this name")
    port = int(params["LoadBalancerPort"])
    listeners = [each for each in balancer.listeners if int(each.load_balancer_port) == port]
    if not listeners:
        raise Refusal("ListenerNotFound", f"There is no listener at the port {port}")
    if str(listeners[0].protocol).upper() not in {"HTTPS", "SSL"}:
        raise Refusal("InvalidConfigurationRequest", "Listener is not a secure listener")
    _check_certificate(request, params["SSLCertificateId"])
    listeners[0].ssl_certificate_id = params["SSLCertificateId"]
    return {}


def _check_certificate(request: Request, arn: str) -> None:
    """Classic guide, SSL/TLS certificates: it is in the Region, and has a fully qualified name.

    Which code the second has is inferred.
    """
    certificate = find(request.world, request.region, arn)
    if certificate is None:
        raise Refusal("CertificateNotFound", f"Server Certificate not found for the key: {arn}")
    if isinstance(certificate, ImportedCertificate) and not has_domain_name(
        read_leaf(certificate.leaf)
    ):
        raise Refusal("InvalidConfigurationRequest", "A fully qualified domain name is needed")


def _balancers(world: World, region: str) -> Mapping[str, LoadBalancer]:
    balancers: Mapping[str, LoadBalancer] = elb_backends[world.account_id][region].load_balancers
    return balancers


def uses(world: World, region: str) -> Iterator[tuple[str, str]]:
    """The user's ARN: Service Authorization Reference, Elastic Load Balancing (inferred)."""
    for balancer in _balancers(world, region).values():
        for listener in balancer.listeners:
            if listener.ssl_certificate_id:
                yield listener.ssl_certificate_id, _arn(world.account_id, region, balancer.name)


def _arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/{name}"


def present(aws: EmbeddedAws, clients: Clients, region: str, certificate: str) -> str:
    """Make a load balancer with an HTTPS and an HTTP listener; returns its ARN."""
    name = f"classic-{certificate[-8:]}"
    common = {"InstanceProtocol": "HTTP", "InstancePort": 80}
    https = {"Protocol": "HTTPS", "LoadBalancerPort": 443, "SSLCertificateId": certificate}
    http = {"Protocol": "HTTP", "LoadBalancerPort": 80}
    clients("elb", region).create_load_balancer(
        LoadBalancerName=name,
        Listeners=[https | common, http | common],
        AvailabilityZones=[f"{region}a"],
    )
    return _arn(aws.account_id, region, name)


def presented(clients: Clients, balancer: str) -> set[str]:
    """Return what the listeners of a load balancer present."""
    _, _, _, region, _, resource = balancer.split(":", 5)
    got = clients("elb", region).describe_load_balancers(
        LoadBalancerNames=[resource.rpartition("/")[2]]
    )
    (described,) = got["LoadBalancerDescriptions"]
    listeners = [each["Listener"] for each in described["ListenerDescriptions"]]
    return {each["SSLCertificateId"] for each in listeners if each.get("SSLCertificateId")}


ANSWERS: dict[str, Answer] = {
    "CreateLoadBalancer": create_load_balancer,
    "SetLoadBalancerListenerSSLCertificate": set_certificate,
}
FAKE = Fake(
    service="elb",
    iam_prefix="elasticloadbalancing",
    answers=ANSWERS,
    uses=uses,
    present=present,
    presented=presented,
)
