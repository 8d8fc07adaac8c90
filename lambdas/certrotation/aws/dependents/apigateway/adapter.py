"""Custom domain names of API Gateway, through its first API alone; actions: see `iam`.

The first API shows the domain names of REST, HTTP and WebSocket APIs, and an update names one path:
nothing else changes. The second API sends a whole configuration and knows fewer security policies.

ACM does not name a domain name as a user. In front of regional domain names are load balancers, and
in front of edge-optimized ones a distribution, of AWS's own accounts (reported: sst/sst, issue
5462; Zappa, issue 1874). What ACM names for a private domain name is not documented.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from certrotation.aws.dependents.apigateway.proof import read_proof
from certrotation.aws.dependents.faults import BUSY, FIXED, NOT_SEEN_YET
from certrotation.aws.dependents.ownership import stack_of, why_unmovable
from certrotation.aws.errors import DENIED, VANISHED, incomplete, meaning, translated
from certrotation.core.estate.dependent_kinds import (
    API_EDGE_DOMAIN,
    API_PRIVATE_DOMAIN,
    API_REGIONAL_DOMAIN,
)
from certrotation.core.estate.inventory import Claim, Dependent, is_foreign
from certrotation.core.material.host_names import normalise
from certrotation.errors import RETRIED, DependentBusy, Vanished

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mypy_boto3_acm import ACMClient

    from certrotation.aws.dependents.services import Clients, DependentSettings
    from certrotation.core.estate.dependent_kinds import DependentKind
    from certrotation.core.estate.inventory import Proof

MEANINGS = (
    meaning(VANISHED, "NotFoundException"),
    meaning(DENIED, "UnauthorizedException"),
)
"""What API Gateway's error codes mean (API Reference, version 2015-07-09)."""

UPDATING = (
    # UpdateDomainName: one request in 30 seconds for each account, a quota that cannot be raised
    # (API Gateway Developer Guide, Quotas). The message comes back later; nothing waits meanwhile.
    meaning(BUSY, "LimitExceededException", "TooManyRequestsException"),
    # The status is read before, so that somebody else has begun an update meanwhile (inferred).
    meaning(BUSY, "ConflictException"),
    # No document has the words; inferred from other services.
    meaning(NOT_SEEN_YET, "BadRequestException", words="does(n't| not) exist|not found"),
    meaning(FIXED, "BadRequestException"),
    *MEANINGS,
)
"""What they mean for UpdateDomainName."""

_MEMBERS: Mapping[DependentKind, str] = {
    API_REGIONAL_DOMAIN: "regionalCertificateArn",
    API_EDGE_DOMAIN: "certificateArn",
    API_PRIVATE_DOMAIN: "certificateArn",
}
"""The member of the answer, and the path of an update, that hold the certificate."""

_OWN_SERVICES = ("apigateway", "execute-api")
"""Of resources of API Gateway, by their ARNs."""
_PREFIX = "/domainnames/"
_PAGE = 500
"""The most domain names on a page (API Reference, GetDomainNames, limit)."""
_NO_NAME = "API Gateway does not say its name, or the id of a private domain name"
_NO_EDGE = (
    "whoever changes an edge-optimized domain name needs the right to update every distribution,"
    " which rotate has only if the setting dependents contains cloudfront and dependents_tag is not"
    " set"
)


def make(clients: Clients, region: str) -> RegionalDomains:
    """Return the regional and private domain names of a Region."""
    return RegionalDomains(
        clients("apigateway", region),
        region,
        updating=clients("apigateway", region, retries=False),
        acm=clients("acm", region),
    )


def make_consumer(clients: Clients, region: str, settings: DependentSettings) -> EdgeDomains:
    """Return the edge-optimized domain names of a Region."""
    return EdgeDomains(
        clients("apigateway", region),
        region,
        updating=clients("apigateway", region, retries=False),
        is_movable="cloudfront" in settings.names and settings.tag is None,
    )


class _Domains(ABC):
    """The domain names of one Region.

    The client of updates sends each request once: an update that must wait is left to the queue.
    """

    kinds: frozenset[DependentKind]
    region: str | None

    def __init__(self, client: Any, place: str, *, updating: Any) -> None:
        self._client = client
        self._updating = updating
        self._place = place

    @abstractmethod
    def _kinds_of(self, domain: Mapping[str, Any]) -> tuple[DependentKind, ...]:
        """Return which kinds a domain name is of; while it is migrated, of two."""

    def _why_unmovable(self) -> str | None:
        return None

    def _proof(self, domain: Mapping[str, Any]) -> Proof | None:
        del domain
        return None

    @abstractmethod
    def may_explain(self, certificate_arn: str, user_arn: str) -> bool:
        """Return whether a domain name may be behind a user."""

    def claim(self, certificate_arn: str, user_arns: Sequence[str]) -> Claim:
        """Return the domain names that name the certificate; reads all of the Region.

        One suffices to explain all these users, because nothing says which domain name is behind
        which user. Without one, nothing is explained.
        """
        users = [each for each in user_arns if self.may_explain(certificate_arn, each)]
        # By kind and ARN: who creates or deletes others meanwhile may put one on two pages.
        found = {
            (each.kind, each.arn): each
            for domain in (self._every() if users else ())
            for each in self._dependents(domain, certificate_arn)
        }
        return Claim(dependents=tuple(found.values()), explained=frozenset(users if found else ()))

    def move(self, dependent: Dependent, to_arn: str) -> None:
        """Replace a domain name's certificate, unless somebody has replaced it meanwhile."""
        try:
            domain = self._read(dependent)
            if _certificate(domain, dependent) == dependent.certificate_arn:
                _require_free(domain, dependent)
                self._update(dependent, to_arn)
        except Vanished:
            return

    def still_presents(self, dependent: Dependent) -> bool:
        """Read back whether the domain name has the old certificate.

        Raises:
            DependentBusy: it has, and an update is in progress. Whether API Gateway shows the new
                certificate before the end of the update is not documented.
        """
        try:
            domain = self._read(dependent)
        except Vanished:
            return False
        if _certificate(domain, dependent) != dependent.certificate_arn:
            return False
        _require_free(domain, dependent)
        return True

    def complaint(self, dependent: Dependent) -> str | None:
        """Return why a domain name does not take what was reimported, if it does not."""
        try:
            domain = self._read(dependent)
        except Vanished:
            return None
        status = domain.get("domainNameStatus", "")
        return _told(domain) if status.startswith("PENDING_") or status == "FAILED" else None

    def _dependents(self, domain: Mapping[str, Any], certificate_arn: str) -> Iterator[Dependent]:
        name, identifier = domain.get("domainName"), domain.get("domainNameId")
        tags = domain.get("tags", {})
        for kind in self._kinds_of(domain):
            if domain.get(_MEMBERS[kind]) != certificate_arn:
                continue
            is_nameless = not name or (kind is API_PRIVATE_DOMAIN and not identifier)
            yield Dependent(
                kind=kind,
                arn=_arn(domain, certificate_arn, self._place),
                certificate_arn=certificate_arn,
                names=frozenset({normalise(name)} if name else ()),
                unmovable=(_NO_NAME if is_nameless else None)
                or self._why_unmovable()
                or why_unmovable(tags),
                drifts=stack_of(tags),
                region=self.region,
                keeps_issuer=bool(domain.get("mutualTlsAuthentication")),
                proof=self._proof(domain),
            )

    def _every(self) -> Iterator[Mapping[str, Any]]:
        with translated("apigateway:GET", f"/domainnames in {self._place}", MEANINGS):
            pages = self._client.get_paginator("get_domain_names").paginate(
                PaginationConfig={"PageSize": _PAGE}
            )
            for page in pages:
                yield from page.get("items", ())

    def _read(self, dependent: Dependent) -> Mapping[str, Any]:
        with translated("apigateway:GET", dependent.arn, MEANINGS):
            domain: Mapping[str, Any] = self._client.get_domain_name(**_named(dependent))
            return domain

    def _update(self, dependent: Dependent, to_arn: str) -> None:
        path = f"/{_MEMBERS[dependent.kind]}"
        with translated("apigateway:PATCH", dependent.arn, UPDATING):
            self._updating.update_domain_name(
                **_named(dependent),
                patchOperations=[{"op": "replace", "path": path, "value": to_arn}],
            )


class RegionalDomains(_Domains):
    """The regional and private domain names of a Region, with certificates of that Region."""

    kinds = frozenset({API_REGIONAL_DOMAIN, API_PRIVATE_DOMAIN})
    region = None

    def __init__(
        self,
        client: Any,
        place: str,
        *,
        updating: Any,
        acm: ACMClient,
    ) -> None:
        super().__init__(client, place, updating=updating)
        self._acm = acm

    def may_explain(self, certificate_arn: str, user_arn: str) -> bool:
        """Return whether a user is a load balancer of AWS's, or a resource of API Gateway."""
        service, region = _service_and_region(user_arn)
        if region != self._place:
            return False
        is_balancer = service == "elasticloadbalancing" and is_foreign(certificate_arn, user_arn)
        return is_balancer or service in _OWN_SERVICES

    def _kinds_of(self, domain: Mapping[str, Any]) -> tuple[DependentKind, ...]:
        return (API_PRIVATE_DOMAIN,) if _is_private(domain) else (API_REGIONAL_DOMAIN,)

    def _proof(self, domain: Mapping[str, Any]) -> Proof | None:
        arn = domain.get("ownershipVerificationCertificateArn")
        return read_proof(self._acm, arn) if arn else None


class EdgeDomains(_Domains):
    """The edge-optimized domain names of a Region, with certificates of CloudFront's Region."""

    kinds = frozenset({API_EDGE_DOMAIN})

    def __init__(self, client: Any, region: str, *, updating: Any, is_movable: bool) -> None:
        super().__init__(client, region, updating=updating)
        self.region = region
        self._is_movable = is_movable

    def may_explain(self, certificate_arn: str, user_arn: str) -> bool:
        """Return whether a user is a distribution of AWS's, or a resource of API Gateway."""
        service, region = _service_and_region(user_arn)
        is_distribution = service == "cloudfront" and is_foreign(certificate_arn, user_arn)
        return is_distribution or (service in _OWN_SERVICES and region == self._place)

    def _kinds_of(self, domain: Mapping[str, Any]) -> tuple[DependentKind, ...]:
        return () if _is_private(domain) else (API_EDGE_DOMAIN,)

    def _why_unmovable(self) -> str | None:
        return None if self._is_movable else _NO_EDGE


def _service_and_region(arn: str) -> tuple[str, str]:
    parts = (*arn.split(":", 5), *("",) * 4)
    return parts[2], parts[3]


def _is_private(domain: Mapping[str, Any]) -> bool:
    """Return whether a domain name is private; only private ones have an id (API Reference)."""
    types = domain.get("endpointConfiguration", {}).get("types", ())
    return "PRIVATE" in types or bool(domain.get("domainNameId"))


def _certificate(domain: Mapping[str, Any], dependent: Dependent) -> str:
    member = _MEMBERS[dependent.kind]
    if not domain.get(member):
        raise incomplete(f"apigateway:GET for {dependent.arn}", member)
    return str(domain[member])


def _require_free(domain: Mapping[str, Any], dependent: Dependent) -> None:
    """Make sure that no change of the domain name is in progress.

    "If the status is UPDATING, the domain cannot be modified further" (API Reference, DomainName).

    Raises:
        DependentBusy: a change is in progress, or API Gateway waits for something.
    """
    status = domain.get("domainNameStatus", "")
    if status == "UPDATING" or status.startswith("PENDING"):
        raise DependentBusy(f"{dependent.arn} is busy: {_told(domain)}.", RETRIED)


def _told(domain: Mapping[str, Any]) -> str:
    """Return status and message as API Gateway gives them."""
    told = (domain.get("domainNameStatus"), domain.get("domainNameStatusMessage"))
    return ": ".join(each.strip().rstrip(".") for each in told if each)


def _arn(domain: Mapping[str, Any], certificate_arn: str, region: str) -> str:
    """Return the ARN as the Service Authorization Reference has it: a private one has an account.

    A domain name of which the answer leaves out the name has one as well, for the finding.
    """
    _, partition, _, _, account, _ = certificate_arn.split(":", 5)
    name, identifier = domain.get("domainName", "?"), domain.get("domainNameId")
    owner, suffix = (account, f"+{identifier}") if identifier else ("", "")
    return f"arn:{partition}:apigateway:{region}:{owner}:{_PREFIX}{name}{suffix}"


def _named(dependent: Dependent) -> Any:
    """Return the parameters that name a domain name in a request."""
    name, _, identifier = dependent.arn.partition(_PREFIX)[2].partition("+")
    return {"domainName": name, **({"domainNameId": identifier} if identifier else {})}
