"""The kinds of dependents: one row of facts for each kind of resource that presents certificates.

A rule about dependents reads these facts; no rule compares a kind with a certain other one.
"""

from __future__ import annotations

from datetime import timedelta

from certrotation.core.material.x509_facts import KeyAlgorithm
from certrotation.values import dataclass

_ALL_KEYS = frozenset(KeyAlgorithm)
_CLOUDFRONT_KEYS = _ALL_KEYS - {KeyAlgorithm.EC_SECP384R1, KeyAlgorithm.EC_SECP521R1}


@dataclass(frozen=True, slots=True, kw_only=True)
class DependentKind:
    """What is known about every resource of one kind."""

    label: str
    """The kind's name in logs and findings."""
    accepted_keys: frozenset[KeyAlgorithm]
    doubted_keys: frozenset[KeyAlgorithm] = frozenset()
    """Accepted by one document and not by another: nothing moves to such a key, and what presents
    one today keeps it."""
    longest_chain: int | None = None
    """How many certificates above the leaf it accepts; None if no limit is documented."""
    needs_qualified_name: bool = False
    """Whether the certificate must hold a fully qualified DNS name."""
    reimport_lead: timedelta | None = None
    """How much of a certificate's validity must remain for a reimport to show in time.

    None if a reimport shows within minutes.
    """
    has_names: bool = False
    """Whether its resources answer for names, which the certificate must cover."""
    may_be_client: bool = False
    """Whether its resources may present the certificate as a client."""
    may_keep_issuer: bool = False
    """Whether some of its resources accept no reimport with other issuers or names."""

    def __str__(self) -> str:
        """Return the label."""
        return self.label


# Accepted keys: Elastic Load Balancing, "Server certificates for your Application Load Balancer"
# and "Server certificates for your Network Load Balancer". The qualified name: the message of
# UnsupportedCertificate (reported in issues of crossplane's provider-upjet-aws, 338).
ALB_LISTENER = DependentKind(
    label="ALB listener", accepted_keys=_ALL_KEYS, needs_qualified_name=True
)
NLB_LISTENER = DependentKind(
    label="NLB listener",
    accepted_keys=_ALL_KEYS - {KeyAlgorithm.RSA_4096},
    needs_qualified_name=True,
)
# The name: Classic Load Balancers guide, "SSL/TLS certificates for Classic Load Balancers". No
# document lists the key types; inferred from Application Load Balancers.
CLASSIC_LISTENER = DependentKind(
    label="Classic Load Balancer listener", accepted_keys=_ALL_KEYS, needs_qualified_name=True
)
# A distribution of AWS's presents it: CloudFront's rules are inferred. Cognito Developer Guide,
# "Using your own domain": the certificate covers the domain.
USER_POOL_DOMAIN = DependentKind(
    label="Cognito user pool domain",
    accepted_keys=_CLOUDFRONT_KEYS,
    longest_chain=5,
    reimport_lead=timedelta(hours=48),
    has_names=True,
)
# API Gateway Developer Guide, "Get certificates ready in AWS Certificate Manager": the certificate
# covers the domain name. Its editions contradict each other on key types of regional domain names
# (RSA of at most 2,048 bits, a public CA, neither): API Gateway decides.
API_REGIONAL_DOMAIN = DependentKind(
    label="API Gateway regional domain",
    accepted_keys=_ALL_KEYS,
    has_names=True,
    may_keep_issuer=True,
)
API_PRIVATE_DOMAIN = DependentKind(
    label="API Gateway private domain", accepted_keys=_ALL_KEYS, has_names=True
)
# The same page: CloudFront's rules, and a public key of at most 2,048 bits. That a reimport takes
# as long as with a distribution of one's own is inferred.
API_EDGE_DOMAIN = DependentKind(
    label="API Gateway edge-optimized domain",
    accepted_keys=_CLOUDFRONT_KEYS,
    doubted_keys=frozenset({KeyAlgorithm.RSA_3072, KeyAlgorithm.RSA_4096}),
    reimport_lead=timedelta(hours=48),
    has_names=True,
)
# Its load balancer takes the certificate: what is said above of the listeners holds here.
ENVIRONMENT = DependentKind(
    label="Elastic Beanstalk environment", accepted_keys=_ALL_KEYS, needs_qualified_name=True
)
# CloudFront Developer Guide, "Requirements for using SSL/TLS certificates with CloudFront" (keys;
# a reimport takes up to 24 hours to reach every edge location) and "Troubleshooting" (the chain).
# The lead leaves a second day for a person.
DISTRIBUTION = DependentKind(
    label="CloudFront distribution",
    accepted_keys=_CLOUDFRONT_KEYS,
    longest_chain=5,
    reimport_lead=timedelta(hours=48),
    has_names=True,
    may_be_client=True,
)
