"""The state of API Gateway's domain names, and what AWS's documents leave open about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(kw_only=True)
class ApiGatewayRules:
    """How API Gateway behaves; every field may be changed while the double runs.

    Attributes:
        seconds_between_updates: for each account (Developer Guide, Quotas: UpdateDomainName).
        updates: whether an update is done at once, or a domain name stays UPDATING until
            `finish_updates`.
        shows_new_certificate: whether a domain name that is UPDATING shows the new certificate. Not
            documented.
        keeps_issuer: whether a reimport with another issuer leaves a domain name with mutual TLS
            PENDING_CERTIFICATE_REIMPORT (Developer Guide, mutual TLS); when is not documented.
        names_private_by: what ACM names as the user behind a private domain name. Not documented.
        refuses: what an update of a certificate is refused for, in API Gateway's words.
    """

    seconds_between_updates: float = 30
    updates: Literal["at_once", "when_told"] = "at_once"
    shows_new_certificate: bool = True
    keeps_issuer: bool = True
    names_private_by: Literal["balancer", "domain"] = "balancer"
    refuses: str | None = None


@dataclass(kw_only=True)
class Domain:
    """A domain name; `shown` holds the members of the answer."""

    shown: dict[str, Any]
    issuer: str | None = None
    """Of the certificate at its association, where mutual TLS is configured."""
    update: tuple[str, str] | None = None
    """The member and the ARN of an update in progress."""

    def change(self, member: str | None = None, arn: str | None = None) -> None:
        """Begin an update: of a certificate, or of something else if none is given."""
        if member is None or arn is None:
            members = ("regionalCertificateArn", "certificateArn")
            member, arn = next((e, self.shown[e]) for e in members if self.shown.get(e))
        self.update = (member, arn)
        self.shown["domainNameStatus"] = "UPDATING"

    def finish(self) -> None:
        """End an update: the domain name is AVAILABLE, with its new certificate."""
        if self.update:
            member, arn = self.update
            self.shown |= {member: arn, "domainNameStatus": "AVAILABLE"}
            self.update = None

    @property
    def types(self) -> list[str]:
        """The endpoint types."""
        found: list[str] = self.shown["endpointConfiguration"]["types"]
        return found


@dataclass(kw_only=True)
class ApiGateway:
    """The state of API Gateway in an account."""

    rules: ApiGatewayRules = field(default_factory=ApiGatewayRules)
    domains: dict[tuple[str, str], Domain] = field(default_factory=dict)
    """By Region, and name, with the id of a private one behind it."""
    updated_at: float | None = None

    def finish_updates(self) -> None:
        """Let every domain name that is UPDATING become AVAILABLE, with its new certificate."""
        for each in self.domains.values():
            each.finish()
