"""Listeners of Application and Network Load Balancers, in one Region; actions: see `iam`.

If an answer leaves out its list, a listener's ARN, or the ARN of a certificate or whether it is the
default, the load balancer counts as busy, and nothing is changed. If DescribeTags leaves out a
resource, its listeners are not moved, because nobody knows who owns them. A listener without a
protocol is read like one with a certificate.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from certrotation.aws.dependents.faults import BUSY, FIXED, FULL, NOT_SEEN_YET, REJECTED
from certrotation.aws.dependents.ownership import NO_OWNER, OwnResources, stack_of, why_unmovable
from certrotation.aws.errors import NOT_YET, VANISHED, incomplete, meaning, translated
from certrotation.core.estate.dependent_kinds import ALB_LISTENER, NLB_LISTENER
from certrotation.core.estate.inventory import Claim, Dependent
from certrotation.errors import (
    DependentBusy,
    DependentFull,
    DependentRefused,
    NotYet,
    Vanished,
)
from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client

    from certrotation.aws.dependents.services import Clients
    from certrotation.errors import CertRotationError

_PLAIN = frozenset({"GENEVE", "HTTP", "QUIC", "TCP", "TCP_QUIC", "TCP_UDP", "UDP"})
"""Protocols without a certificate (ELB API Reference, Listener, Protocol).

A listener of any other protocol is read, so that one that is new hides no certificate.
"""
_PAGE = 400
_MOST_TAGGED = 20
"""Resources that one DescribeTags takes (Elastic Load Balancing API Reference)."""

MEANINGS = (
    meaning(VANISHED, "ListenerNotFound", "LoadBalancerNotFound"),
    meaning(NOT_SEEN_YET, "CertificateNotFound"),
    meaning(FULL, "TooManyCertificates"),
    # A listener's trust store that "is not active", such as one that is being created.
    meaning(BUSY, "TrustStoreNotReady"),
    meaning(
        FIXED,
        "IncompatibleProtocols",
        "InvalidConfigurationRequest",
        "SSLPolicyNotFound",
        "TrustStoreNotFound",
        "UnsupportedProtocol",
    ),
    # Not in the API Reference; seen from ModifyListener.
    meaning(REJECTED, "UnsupportedCertificate"),
)
"""What Elastic Load Balancing's error codes mean (its API Reference, version 2015-12-01)."""

REMOVING = (
    # "This operation is not allowed": the certificate has become the default meanwhile, or for
    # another reason; only another look at the listener tells which. For some weeks AWS said so of
    # a certificate that was not on the listener (terraform-provider-aws, issue 35403).
    meaning(NOT_YET, "OperationNotPermitted"),
    # The certificate is not on the listener (the same issue): somebody else has removed it.
    meaning(VANISHED, "CertificateNotFound"),
    *MEANINGS,
)
"""What they mean for RemoveListenerCertificates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attached:
    """The certificates of a listener, by ARN."""

    default: str | None
    sni: frozenset[str]

    def __contains__(self, arn: str) -> bool:
        return arn == self.default or arn in self.sni


_OWN = OwnResources(service="elasticloadbalancing", resource="loadbalancer/(app|net)/.+")


def make(clients: Clients, region: str) -> LoadBalancerListeners:
    """Return the listeners of a Region."""
    return LoadBalancerListeners(clients("elbv2", region))


class LoadBalancerListeners:
    """The listeners of an account's load balancers in the client's Region.

    Classic and Gateway Load Balancers are never explained, nor are those of another account, such
    as API Gateway's.
    """

    kinds = frozenset({ALB_LISTENER, NLB_LISTENER})
    region = None

    def __init__(self, client: ElasticLoadBalancingv2Client) -> None:
        self._client = client

    def may_explain(self, certificate_arn: str, user_arn: str) -> bool:
        """Return whether a user is a resource of this account."""
        return _OWN.include(certificate_arn, user_arn)

    def claim(self, certificate_arn: str, user_arns: Sequence[str]) -> Claim:
        """Return the listeners of these users that name the certificate; reads every listener."""
        balancers = _OWN.among(certificate_arn, user_arns)
        found: list[Dependent] = []
        for balancer in balancers:
            with suppress(Vanished):
                found += self._dependents_of(balancer, certificate_arn)
        return Claim(dependents=tuple(found), explained=frozenset(balancers))

    def move(self, dependent: Dependent, to_arn: str) -> None:
        """Attach the new certificate, then detach the old one; the others stay."""
        try:
            try:
                self._move(dependent, to_arn)
            except NotYet:  # the old one became the default after it was read
                self._move_again(dependent, to_arn)
        except Vanished:
            return

    def _move_again(self, dependent: Dependent, to_arn: str) -> None:
        """Move once more, and say why the old certificate cannot be removed if it cannot.

        Raises:
            DependentBusy: it has become the default again.
            DependentRefused: it is not the default, so that AWS forbids the removal for good.
        """
        try:
            self._move(dependent, to_arn)
        except NotYet as denied:
            attached = self._attached(dependent.arn)
            if dependent.certificate_arn == attached.default:
                raise DependentBusy(denied.found, denied.remedy) from None
            if dependent.certificate_arn in attached.sni:
                raise DependentRefused(denied.found, FIXED.remedy) from None

    def complaint(self, dependent: Dependent) -> None:
        """Return nothing: such a resource takes every reimport."""
        del dependent

    def still_presents(self, dependent: Dependent) -> bool:
        """Read back whether the listener names the old certificate, as default or for SNI."""
        return self._presents(dependent.arn, dependent.certificate_arn)

    def _dependents_of(self, balancer: str, certificate_arn: str) -> Iterator[Dependent]:
        naming = [
            listener
            for listener in self._listeners_with_certificates(balancer)
            if self._presents(listener, certificate_arn)
        ]
        if not naming:
            return
        tags = self._tags([balancer, *naming])
        is_application = ":loadbalancer/app/" in balancer
        unowned = None if balancer in tags else NO_OWNER
        for listener in naming:
            both = {**tags.get(balancer, {}), **tags.get(listener, {})}
            yield Dependent(
                kind=ALB_LISTENER if is_application else NLB_LISTENER,
                arn=listener,
                certificate_arn=certificate_arn,
                unmovable=why_unmovable(both) or (unowned if listener in tags else NO_OWNER),
                drifts=stack_of(both),
            )

    def _listeners_with_certificates(self, balancer: str) -> list[str]:
        with translated("elasticloadbalancing:DescribeListeners", balancer, MEANINGS):
            pages = self._client.get_paginator("describe_listeners").paginate(
                LoadBalancerArn=balancer, PaginationConfig={"PageSize": _PAGE}
            )
            listed = [page.get("Listeners") for page in pages]
        if any(each is None for each in listed):
            raise _incomplete("DescribeListeners", balancer, "Listeners")
        read = [
            listener
            for listeners in listed
            for listener in listeners or ()
            if listener.get("Protocol") not in _PLAIN
        ]
        if not all("ListenerArn" in each for each in read):
            raise _incomplete("DescribeListeners", balancer, "the ARN of a listener")
        return [listener["ListenerArn"] for listener in read]

    def _presents(self, listener: str, certificate_arn: str) -> bool:
        try:
            return certificate_arn in self._attached(listener)
        except Vanished:
            return False

    def _attached(self, listener: str) -> _Attached:
        """Read a listener's certificates; the default may be in the SNI list as well."""
        with translated("elasticloadbalancing:DescribeListenerCertificates", listener, MEANINGS):
            pages = self._client.get_paginator("describe_listener_certificates").paginate(
                ListenerArn=listener, PaginationConfig={"PageSize": _PAGE}
            )
            answers = [page.get("Certificates") for page in pages]
        if any(each is None for each in answers):
            raise _incomplete("DescribeListenerCertificates", listener, "Certificates")
        certificates = [each for answer in answers for each in answer or ()]
        if not all({"CertificateArn", "IsDefault"} <= each.keys() for each in certificates):
            missing = "the ARN of a certificate, or whether it is the default"
            raise _incomplete("DescribeListenerCertificates", listener, missing)
        listed = [(each["CertificateArn"], each["IsDefault"]) for each in certificates]
        return _Attached(
            default=next((arn for arn, is_default in listed if is_default), None),
            sni=frozenset(arn for arn, is_default in listed if not is_default),
        )

    def _tags(self, arns: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """Return the tags by ARN, without the resources that the answer does not name.

        Raises:
            NotYet: one of these is gone, and AWS tells nothing about the others.
        """
        batches = (
            arns[start : start + _MOST_TAGGED] for start in range(0, len(arns), _MOST_TAGGED)
        )
        try:
            with translated("elasticloadbalancing:DescribeTags", arns[0], MEANINGS):
                described = [
                    each
                    for batch in batches
                    for each in self._client.describe_tags(ResourceArns=batch).get(
                        "TagDescriptions", ()
                    )
                ]
        except Vanished as gone:
            raise NotYet(gone.found, "It is looked at again.") from None
        return {
            each["ResourceArn"]: {tag["Key"]: tag.get("Value", "") for tag in each.get("Tags", ())}
            for each in described
            if "ResourceArn" in each
        }

    def _move(self, dependent: Dependent, to_arn: str) -> None:
        """Move from whatever state the listener is in.

        Raises:
            NotYet: the listener was changed meanwhile.
        """
        listener, old = dependent.arn, dependent.certificate_arn
        attached = self._attached(listener)
        waits_for_slot = False
        if old in attached.sni and to_arn not in attached.sni:
            try:
                self._add(listener, to_arn)
            except DependentFull:
                # Clients of the names in question fall back to the default: if that is, or is to
                # be, the new certificate, the old one's slot can be freed first.
                if attached.default not in {old, to_arn}:
                    raise
                waits_for_slot = True
        # A listener knows no condition: what somebody changes in between would be overwritten, so
        # there is as little in between as can be.
        if attached.default == old and self._attached(listener).default == old:
            self._set_default(listener, to_arn)
        if old in attached.sni:
            self._remove(listener, old)
        if waits_for_slot:
            self._add(listener, to_arn)

    def _add(self, listener: str, arn: str) -> None:
        with translated("elasticloadbalancing:AddListenerCertificates", listener, MEANINGS):
            self._client.add_listener_certificates(
                ListenerArn=listener, Certificates=[{"CertificateArn": arn}]
            )

    def _set_default(self, listener: str, arn: str) -> None:
        """Replace the default; what ModifyListener is not told stays (its API Reference)."""
        with translated("elasticloadbalancing:ModifyListener", listener, MEANINGS):
            self._client.modify_listener(
                ListenerArn=listener, Certificates=[{"CertificateArn": arn}]
            )

    def _remove(self, listener: str, arn: str) -> None:
        """Remove a certificate; one that is not there, or whose listener is gone, is no error."""
        action = "elasticloadbalancing:RemoveListenerCertificates"
        with suppress(Vanished), translated(action, listener, REMOVING):
            self._client.remove_listener_certificates(
                ListenerArn=listener, Certificates=[{"CertificateArn": arn}]
            )


def _incomplete(operation: str, subject: str, member: str) -> CertRotationError:
    return incomplete(f"elasticloadbalancing:{operation} for {subject}", member, DependentBusy)
