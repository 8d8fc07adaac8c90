"""HTTPS and SSL listeners of Classic Load Balancers, in one Region; actions: see `iam`.

A listener presents one certificate, since Classic Load Balancers know no SNI (their guide, HTTPS
listeners), and one call replaces the certificate: there is no moment without one.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from certrotation.aws.dependents.faults import FIXED, NOT_SEEN_YET, REJECTED
from certrotation.aws.dependents.ownership import NO_OWNER, OwnResources, stack_of, why_unmovable
from certrotation.aws.errors import THROTTLED, VANISHED, meaning, translated
from certrotation.core.estate.dependent_kinds import CLASSIC_LISTENER
from certrotation.core.estate.inventory import Claim, Dependent
from certrotation.errors import Vanished

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from certrotation.aws.dependents.services import Clients

MEANINGS = (
    meaning(VANISHED, "ListenerNotFound", "LoadBalancerNotFound"),
    meaning(NOT_SEEN_YET, "CertificateNotFound"),
    # The certificate, the listener's protocol, or the version of the request's signature.
    meaning(FIXED, "InvalidConfigurationRequest", "UnsupportedProtocol"),
    # Not in this API Reference; inferred from the listeners of Application Load Balancers.
    meaning(REJECTED, "UnsupportedCertificate"),
    meaning(THROTTLED, "DependencyThrottle"),
)
"""What Elastic Load Balancing's error codes mean (its API Reference, version 2012-06-01)."""

_PLAIN = frozenset({"HTTP", "TCP"})
"""Protocols without a certificate (API Reference, Listener, Protocol)."""


_OWN = OwnResources(service="elasticloadbalancing", resource="loadbalancer/[^/]+")


def make(clients: Clients, region: str) -> ClassicListeners:
    """Return the listeners of a Region."""
    return ClassicListeners(clients("elb", region))


class ClassicListeners:
    """The listeners of an account's Classic Load Balancers in the client's Region.

    A listener has no ARN of its own: it goes by that of its load balancer, and its port.
    """

    kinds = frozenset({CLASSIC_LISTENER})
    region = None

    def __init__(self, client: Any) -> None:
        self._client = client

    def may_explain(self, certificate_arn: str, user_arn: str) -> bool:
        """Return whether a user is a resource of this account."""
        return _OWN.include(certificate_arn, user_arn)

    def claim(self, certificate_arn: str, user_arns: Sequence[str]) -> Claim:
        """Return the listeners of these users that name the certificate.

        That ACM names a Classic Load Balancer by this ARN is inferred from the Service
        Authorization Reference. One whose description leaves something out is not explained.
        """
        found: list[Dependent] = []
        explained: list[str] = []
        balancers = _OWN.among(certificate_arn, user_arns)
        for balancer in balancers:
            certificates = self._certificates(balancer)
            if certificates is None:
                continue
            explained.append(balancer)
            ports = [port for port, arn in certificates.items() if arn == certificate_arn]
            with suppress(Vanished):
                found += self._dependents(balancer, ports, certificate_arn)
        return Claim(dependents=tuple(found), explained=frozenset(explained))

    def move(self, dependent: Dependent, to_arn: str) -> None:
        """Replace a listener's certificate, unless somebody has replaced it meanwhile."""
        balancer, port = _balancer_and_port(dependent)
        certificates = self._certificates(balancer) or {}
        # The call knows no condition: there is as little as can be between read and write.
        if certificates.get(port) == dependent.certificate_arn:
            with suppress(Vanished):
                self._replace(balancer, port, to_arn)

    def complaint(self, dependent: Dependent) -> None:
        """Return nothing: such a resource takes every reimport."""
        del dependent

    def still_presents(self, dependent: Dependent) -> bool:
        """Read back whether the listener names the old certificate, or does not say."""
        balancer, port = _balancer_and_port(dependent)
        certificates = self._certificates(balancer)
        return certificates is None or certificates.get(port) == dependent.certificate_arn

    def _dependents(
        self, balancer: str, ports: Sequence[int], certificate_arn: str
    ) -> Iterator[Dependent]:
        tags = self._tags(balancer) if ports else {}
        for port in ports:
            yield Dependent(
                kind=CLASSIC_LISTENER,
                arn=f"{balancer}:{port}",
                certificate_arn=certificate_arn,
                unmovable=NO_OWNER if tags is None else why_unmovable(tags),
                drifts=stack_of(tags or {}),
            )

    def _certificates(self, balancer: str) -> Mapping[int, str] | None:
        """Return the certificates of a load balancer's listeners by port.

        Empty if the load balancer is gone. None if the answer leaves out what its model lets it
        leave out: a listener, or the certificate of a secure one.
        """
        try:
            with translated("elasticloadbalancing:DescribeLoadBalancers", balancer, MEANINGS):
                # By its name, so that there is one page.
                answer = self._client.describe_load_balancers(LoadBalancerNames=[_name(balancer)])
        except Vanished:
            return {}
        described = answer.get("LoadBalancerDescriptions", ())
        listeners = [
            each.get("Listener", {})
            for balancer_described in described
            for each in balancer_described.get("ListenerDescriptions", [{}])
        ]
        if not described or any(_hides_certificate(each) for each in listeners):
            return None
        return {
            each["LoadBalancerPort"]: each["SSLCertificateId"]
            for each in listeners
            if each.get("SSLCertificateId")
        }

    def _tags(self, balancer: str) -> Mapping[str, str] | None:
        """Return a load balancer's tags, or None if the answer does not name it."""
        name = _name(balancer)
        try:
            with translated("elasticloadbalancing:DescribeTags", balancer, MEANINGS):
                answer = self._client.describe_tags(LoadBalancerNames=[name])
        except Vanished:
            # It was there a moment ago. If it is gone, it needs no move; if not, it must not count
            # as explained without its listeners.
            if self._certificates(balancer) == {}:
                raise
            return None
        for each in answer.get("TagDescriptions", ()):
            if each.get("LoadBalancerName") == name:
                return {tag["Key"]: tag.get("Value", "") for tag in each.get("Tags", ())}
        return None

    def _replace(self, balancer: str, port: int, arn: str) -> None:
        action = "elasticloadbalancing:SetLoadBalancerListenerSSLCertificate"
        with translated(action, f"{balancer}:{port}", MEANINGS):
            self._client.set_load_balancer_listener_ssl_certificate(
                LoadBalancerName=_name(balancer), LoadBalancerPort=port, SSLCertificateId=arn
            )


def _hides_certificate(listener: Mapping[str, Any]) -> bool:
    is_plain = listener.get("Protocol", "").upper() in _PLAIN
    return not is_plain and not listener.get("SSLCertificateId")


def _balancer_and_port(dependent: Dependent) -> tuple[str, int]:
    balancer, _, port = dependent.arn.rpartition(":")
    return balancer, int(port)


def _name(balancer: str) -> str:
    return balancer.rpartition("/")[2]
