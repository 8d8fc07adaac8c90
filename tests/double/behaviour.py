"""The knobs of the double: quotas, page sizes, refusals and timing that a test may turn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cryptography import x509

Denial: TypeAlias = tuple[str, str, str | None]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """An answer that is none of the caller's making; botocore retries it, as on AWS."""

    code: str
    status: int
    """Of HTTP."""
    takes_effect: bool = False
    """Whether the operation was carried out, and only the answer got lost."""


@dataclass(kw_only=True)
class Behaviour:
    """How the double answers; every field may be changed while it runs.

    Attributes:
        page_size: caps each page of each list API, so that a forgotten token shows; None is
            AWS's own maximum.
        trusted_roots: the roots that CloudFront trusts; None trusts everything.
        deployments: whether a change of a distribution, an environment or a custom domain is
            deployed at once, or stays in progress until `EmbeddedAws.finish_deployments`.
        alb_certificate_limit: SNI certificates per Application Load Balancer, defaults not counted.
        nlb_certificate_limit: certificates per Network Load Balancer, defaults counted.
        imported_certificate_quota: imported certificates per Region.
        denied: (service, operation, Region) that answer AccessDenied; a Region of None is all.
            Services carry their boto3 names, CloudFront's Region is us-east-1.
        dark_regions: Regions where every call fails to connect. CloudFront counts as us-east-1.
        fault: what a request of (service, operation, Region) runs into; asked once for each try.
        tag_policy: whether the organisation's tag policy allows these tags on a certificate.
        denied_to_role: the actions that the role's own policy denies on secrets of other accounts
            and on their keys, such as `kms:Decrypt`.
        names_policies: whether a denial across accounts names the type of policy, as most do.
    """

    page_size: int | None = None
    trusted_roots: list[x509.Certificate] | None = None
    deployments: Literal["at_once", "when_told"] = "at_once"
    alb_certificate_limit: int = 25
    nlb_certificate_limit: int = 25
    imported_certificate_quota: int = 2500
    denied: set[Denial] = field(default_factory=set)
    dark_regions: set[str] = field(default_factory=set)
    fault: Callable[[str, str, str], Fault | None] | None = None
    tag_policy: Callable[[Mapping[str, str]], bool] | None = None
    denied_to_role: set[str] = field(default_factory=set)
    names_policies: bool = True

    def denies(self, service: str, operation: str, region: str) -> bool:
        """Whether the caller lacks the permission for this operation."""
        return not self.denied.isdisjoint(
            {(service, operation, None), (service, operation, region)}
        )

    def page_limit(self, requested: int | None, maximum: int) -> int:
        """Return how many entries one page holds."""
        return min(requested or maximum, maximum, self.page_size or maximum)
