"""Custom domains of Cognito user pools, in one consumer Region; actions: see `iam`.

Their certificates are in CloudFront's Region. ACM names a distribution of AWS's own account as the
user (aws-cdk issue 28063; the form is inferred), so that any of them may be meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import botocore

from certrotation.aws.dependents.cognito.domain import Domain, describe
from certrotation.aws.dependents.faults import BUSY, FIXED, NOT_SEEN_YET
from certrotation.aws.dependents.ownership import NO_OWNER, stack_of, why_unmovable
from certrotation.aws.errors import DENIED, VANISHED, meaning, translated
from certrotation.core.estate.dependent_kinds import USER_POOL_DOMAIN
from certrotation.core.estate.inventory import Claim, Dependent, is_foreign
from certrotation.core.material.host_names import normalise
from certrotation.errors import RETRIED, DependentBusy, DependentRefused, Vanished

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from certrotation.aws.dependents.services import Clients, DependentSettings
    from certrotation.aws.errors import Meaning

MEANINGS = (
    meaning(DENIED, "NotAuthorizedException"),
    meaning(BUSY, "ConcurrentModificationException"),
    # The words are CloudFront's, of a certificate that is minutes old; that Cognito hands them on
    # is inferred.
    meaning(NOT_SEEN_YET, "InvalidParameterException", words="doesn't exist, isn't in us-east-1"),
    meaning(
        FIXED,
        "FeatureUnavailableInTierException",
        "InvalidParameterException",
        "OperationNotEnabledException",
    ),
)
"""What Cognito's error codes mean (Cognito user pools API Reference, UpdateUserPoolDomain)."""

SEARCHING = (
    # A name of the certificate that can be no domain of a user pool, such as an address.
    meaning(VANISHED, "InvalidParameterException"),
    *MEANINGS,
)
"""What they mean for DescribeUserPoolDomain, if the name is one of the certificate."""

_PAGE = 60
"""The most user pools on a page (API Reference, ListUserPools, MaxResults)."""
_NO_POOL = "Cognito does not say which user pool it belongs to"
_OF_ANOTHER = "its user pool belongs to another account"
_NO_RIGHT = (
    "whoever changes the certificate of a custom domain needs the right to update every"
    " distribution, which rotate has only if the setting dependents contains cloudfront and"
    " dependents_tag is not set"
)
_NEWER_BOTO3 = "Deploy a release of certrotation with a newer boto3, or move this domain by hand."


def make_consumer(clients: Clients, region: str, settings: DependentSettings) -> UserPoolDomains:
    """Return the custom domains of a Region's user pools."""
    return UserPoolDomains(
        clients("cognito-idp", region),
        region,
        clients=clients,
        is_movable="cloudfront" in settings.names and settings.tag is None,
    )


class UserPoolDomains:
    """The custom domains of the user pools of one Region.

    A domain has no ARN of its own: it goes by that of its user pool, and its name.
    """

    kinds = frozenset({USER_POOL_DOMAIN})

    def __init__(self, client: Any, region: str, *, clients: Clients, is_movable: bool) -> None:
        self._client = client
        self._clients = clients
        self._is_movable = is_movable
        self.region = region

    def may_explain(self, certificate_arn: str, user_arn: str) -> bool:
        """Return whether a user is a distribution of AWS's, or a user pool of this Region."""
        _, _, service, region, *_ = (*user_arn.split(":", 5), "", "", "", "")
        is_distribution = service == "cloudfront" and is_foreign(certificate_arn, user_arn)
        return is_distribution or (service == "cognito-idp" and region == self.region)

    def claim(self, certificate_arn: str, user_arns: Sequence[str]) -> Claim:
        """Return the custom domains that name the certificate.

        One suffices to explain all these users, because nothing says which domain is behind which
        user. Without one, nothing is explained.
        """
        users = [each for each in user_arns if self.may_explain(certificate_arn, each)]
        found = [
            self._dependent(domain, certificate_arn)
            for domain in (self.presenting(certificate_arn) if users else ())
        ]
        return Claim(dependents=tuple(found), explained=frozenset(users if found else ()))

    def presenting(self, certificate_arn: str) -> tuple[Domain, ...]:
        """Return the custom domains that present a certificate."""
        every = self._domains(certificate_arn)
        return tuple(each for each in every if each.certificate_arn == certificate_arn)

    def move(self, dependent: Dependent, to_arn: str) -> None:
        """Replace a domain's certificate, and send back everything else as it was read."""
        domain = self._read(_name(dependent))
        if domain is None or domain.certificate_arn != dependent.certificate_arn:
            return
        if domain.unknown:
            raise DependentRefused(f"{dependent.arn} stays: {_erased(domain)}.", _NEWER_BOTO3)
        if not domain.is_free:
            raise DependentBusy(f"{dependent.arn} is {domain.status or 'busy'}.", RETRIED)
        try:
            with translated("cognito-idp:UpdateUserPoolDomain", dependent.arn, MEANINGS):
                self._client.update_user_pool_domain(
                    Domain=domain.name, UserPoolId=domain.pool, **domain.with_certificate(to_arn)
                )
        except Vanished:
            return

    def still_presents(self, dependent: Dependent) -> bool:
        """Read back whether the domain has the old certificate.

        Raises:
            DependentBusy: it has, and an update is in progress. Whether Cognito shows the new
                certificate before the end of the update is not documented.
        """
        domain = self._read(_name(dependent))
        if domain is None or domain.certificate_arn != dependent.certificate_arn:
            return False
        if not domain.is_free:
            raise DependentBusy(f"{dependent.arn} is {domain.status or 'busy'}.", RETRIED)
        return True

    def complaint(self, dependent: Dependent) -> None:
        """Return nothing: such a resource takes every reimport."""
        del dependent

    def _dependent(self, domain: Domain, certificate_arn: str) -> Dependent:
        _, partition, _, _, account, _ = certificate_arn.split(":", 5)
        pool = f"arn:{partition}:cognito-idp:{self.region}:{account}:userpool/{domain.pool or '?'}"
        tags = self._tags(pool) if domain.pool else {}
        is_own = domain.account in {None, account}
        return Dependent(
            kind=USER_POOL_DOMAIN,
            arn=f"{pool}:{domain.name}",
            certificate_arn=certificate_arn,
            names=frozenset({normalise(domain.name)}),
            unmovable=(None if domain.pool else _NO_POOL)
            or (None if is_own else _OF_ANOTHER)
            or (_erased(domain) if domain.unknown else None)
            or (None if self._is_movable else _NO_RIGHT)
            or (NO_OWNER if tags is None else why_unmovable(tags)),
            drifts=stack_of(tags or {}),
            region=self.region,
        )

    def _domains(self, certificate_arn: str) -> Iterator[Domain]:
        """Yield the custom domains that the certificate's names lead to, and more if need be.

        A name without a wildcard is asked for by itself. If there is a wildcard, or if these names
        lead to no domain with the certificate, every user pool is read.
        """
        names = self._names(certificate_arn)
        is_found = False
        for name in names:
            domain = None if "*" in name else self._read(name, SEARCHING)
            if domain:
                is_found = is_found or domain.certificate_arn == certificate_arn
                yield domain
        if is_found and not any("*" in each for each in names):
            return
        for name in self._domains_of_pools():
            domain = None if name in names else self._read(name)
            if domain:
                yield domain

    def _names(self, certificate_arn: str) -> tuple[str, ...]:
        acm = self._clients("acm", certificate_arn.split(":")[3])
        with translated("acm:DescribeCertificate", certificate_arn):
            detail = acm.describe_certificate(CertificateArn=certificate_arn).get("Certificate", {})
        listed = (detail.get("DomainName"), *detail.get("SubjectAlternativeNames", ()))
        return tuple(dict.fromkeys(normalise(each) for each in listed if each))

    def _domains_of_pools(self) -> Iterator[str]:
        with translated("cognito-idp:ListUserPools", self.region, MEANINGS):
            pages = self._client.get_paginator("list_user_pools").paginate(
                PaginationConfig={"PageSize": _PAGE}
            )
            pools = [each.get("Id") for page in pages for each in page.get("UserPools", ())]
        for pool in filter(None, pools):
            try:
                with translated("cognito-idp:DescribeUserPool", pool, MEANINGS):
                    answer = self._client.describe_user_pool(UserPoolId=pool)
            except Vanished:
                continue
            domain = answer.get("UserPool", {}).get("CustomDomain")
            if domain:
                yield normalise(domain)

    def _read(self, name: str, meanings: Sequence[Meaning] = MEANINGS) -> Domain | None:
        """Return a custom domain, or None if there is none of this name."""
        try:
            with translated("cognito-idp:DescribeUserPoolDomain", name, meanings):
                return describe(self._client, name)
        except Vanished:
            return None

    def _tags(self, pool: str) -> Mapping[str, str] | None:
        """Return a user pool's tags, or None if Cognito does not find it."""
        try:
            with translated("cognito-idp:ListTagsForResource", pool, MEANINGS):
                tags: Mapping[str, str] = self._client.list_tags_for_resource(ResourceArn=pool).get(
                    "Tags", {}
                )
        except Vanished:
            return None
        return tags


def _name(dependent: Dependent) -> str:
    return dependent.arn.rpartition(":")[2]


def _erased(domain: Domain) -> str:
    settings = ", ".join(each.removeprefix("DomainDescription.") for each in domain.unknown)
    return f"botocore {botocore.__version__} does not know {settings} there, and would erase it"
