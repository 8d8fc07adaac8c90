"""CloudFront's distributions; actions: see `iam`.

If GetDistribution leaves out the distribution, its ETag, its aliases or what it presents to
viewers, the distribution counts as busy, and nothing is changed.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import botocore

from certrotation.aws.dependents.cloudfront.unknown_settings import get_distribution
from certrotation.aws.dependents.faults import BUSY, FIXED, FULL, NOT_SEEN_YET, REJECTED
from certrotation.aws.dependents.ownership import NO_OWNER, OwnResources, stack_of, why_unmovable
from certrotation.aws.errors import NOT_YET, VANISHED, incomplete, meaning, translated
from certrotation.core.estate.dependent_kinds import DISTRIBUTION
from certrotation.core.estate.inventory import Claim, Dependent
from certrotation.core.material.host_names import normalise
from certrotation.errors import RETRIED, DependentBusy, DependentRefused, NotYet, Vanished
from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_cloudfront.type_defs import (
        DistributionConfigOutputTypeDef,
        ViewerCertificateTypeDef,
    )

    from certrotation.aws.dependents.cloudfront.unknown_settings import UnknownSettings
    from certrotation.aws.dependents.services import Clients

_TRIES = 3
_SOURCES = ("ACMCertificateArn", "IAMCertificateId", "CloudFrontDefaultCertificate")
"""The members of which ViewerCertificate has one (CloudFront API Reference)."""
_NEWER_BOTO3 = (
    "Deploy a release of certrotation with a newer boto3, or move this distribution by hand."
)

MEANINGS = (
    meaning(VANISHED, "NoSuchDistribution", "NoSuchResource"),
    meaning(NOT_YET, "InvalidIfMatchVersion", "PreconditionFailed"),
    # One change of the viewer certificate at a time. CloudFront uses the same code for an update
    # that it never takes, such as one under a continuous deployment policy.
    meaning(BUSY, "IllegalUpdate", words="only one viewer certificate change may be in progress"),
    meaning(FIXED, "IllegalUpdate"),
    # The account's quota of certificates with dedicated IP addresses.
    meaning(FULL, "TooManyCertificates"),
    # CloudFront says so of a certificate that is minutes old, and of one that it cannot use.
    meaning(NOT_SEEN_YET, "InvalidViewerCertificate", words="doesn't exist, isn't in us-east-1"),
    meaning(REJECTED, "InvalidViewerCertificate"),
)
"""What CloudFront's error codes mean (CloudFront API Reference, UpdateDistribution)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Distribution:
    """A distribution as it was read; `etag` lets nobody else's change be overwritten."""

    config: DistributionConfigOutputTypeDef
    unknown: UnknownSettings
    etag: str
    is_deployed: bool

    @property
    def certificate_arn(self) -> str | None:
        """The certificate that it presents to viewers."""
        return self.config.get("ViewerCertificate", {}).get("ACMCertificateArn")

    def names(self, arn: str) -> bool:
        """Return whether any setting, known to botocore or not, names this certificate."""
        return (
            arn == self.certificate_arn
            or self.names_for_origins(arn)
            or any(arn in texts for texts in self.unknown.values())
        )

    def names_for_origins(self, arn: str) -> bool:
        """Return whether anything but the viewer certificate names this one: an origin's mTLS."""
        others = {key: part for key, part in self.config.items() if key != "ViewerCertificate"}
        return arn in _texts(others)


_OWN = OwnResources(service="cloudfront", resource="distribution/[^/]+", is_global=True)


def make(clients: Clients, region: str) -> Distributions:
    """Return the distributions that present certificates of CloudFront's Region."""
    return Distributions(clients("cloudfront", region))


class Distributions:
    """An account's distributions.

    Those under a continuous deployment policy, and staging distributions, keep their ARN:
    CloudFront rejects every change of the viewer certificate until the policy is detached.

    A distribution of another account, such as API Gateway's, is never explained.
    """

    kinds = frozenset({DISTRIBUTION})
    region = None

    def __init__(self, client: CloudFrontClient) -> None:
        self._client = client

    def may_explain(self, certificate_arn: str, user_arn: str) -> bool:
        """Return whether a user is a resource of this account."""
        return _OWN.include(certificate_arn, user_arn)

    def claim(self, certificate_arn: str, user_arns: Sequence[str]) -> Claim:
        """Return those of these users that name the certificate; reads each as a whole."""
        distributions = _OWN.among(certificate_arn, user_arns)
        found: list[Dependent] = []
        for arn in distributions:
            with suppress(Vanished):
                found += self._dependents_of(arn, certificate_arn)
        return Claim(dependents=tuple(found), explained=frozenset(distributions))

    def move(self, dependent: Dependent, to_arn: str) -> None:
        """Have a distribution present the new certificate; it takes one such change at a time."""
        for _ in range(_TRIES):
            try:
                self._move(dependent, to_arn)
            except Vanished:
                return
            except NotYet:  # somebody else's change came between reading and writing
                continue
            else:
                return
        raise DependentBusy(f"{dependent.arn} was changed {_TRIES} times meanwhile.", RETRIED)

    def complaint(self, dependent: Dependent) -> None:
        """Return nothing: such a resource takes every reimport."""
        del dependent

    def still_presents(self, dependent: Dependent) -> bool:
        """Read back whether the distribution names the old certificate anywhere."""
        try:
            read = self._read(dependent.arn)
        except Vanished:
            return False
        return read.names(dependent.certificate_arn)

    def _dependents_of(self, arn: str, certificate_arn: str) -> Iterator[Dependent]:
        read = self._read(arn)
        if not read.names(certificate_arn):
            return
        is_client_certificate = read.names_for_origins(certificate_arn)
        tags = self._tags(arn)
        yield Dependent(
            kind=DISTRIBUTION,
            arn=arn,
            certificate_arn=certificate_arn,
            names=frozenset(map(normalise, read.config.get("Aliases", {}).get("Items", ()))),
            unmovable=_why_unmovable(read, is_client_certificate=is_client_certificate)
            or (NO_OWNER if tags is None else why_unmovable(tags)),
            drifts=stack_of(tags or {}),
            needs_client_auth=is_client_certificate,
        )

    def _move(self, dependent: Dependent, to_arn: str) -> None:
        """Change the viewer certificate in the configuration as it is now, and nothing else.

        Raises:
            DependentRefused: it is set to something that would be erased.
            NotYet: the configuration was changed since it was read.
        """
        read = self._read(dependent.arn)
        if read.certificate_arn != dependent.certificate_arn:
            return
        if read.unknown:
            raise DependentRefused(f"{dependent.arn} stays: {_erased(read)}.", _NEWER_BOTO3)
        if not read.is_deployed:
            raise DependentBusy(f"{dependent.arn} is being deployed.", RETRIED)
        viewer = _with_certificate(read.config["ViewerCertificate"], to_arn)
        with translated("cloudfront:UpdateDistribution", dependent.arn, MEANINGS):
            self._client.update_distribution(
                Id=_id(dependent.arn),
                IfMatch=read.etag,
                DistributionConfig={**read.config, "ViewerCertificate": viewer},
            )

    def _read(self, arn: str) -> _Distribution:
        with translated("cloudfront:GetDistribution", arn, MEANINGS):
            answer, unknown = get_distribution(self._client, _id(arn))
        missing = _missing(answer)
        if missing:
            raise incomplete(f"cloudfront:GetDistribution for {arn}", missing, DependentBusy)
        return _Distribution(
            config=answer["Distribution"]["DistributionConfig"],
            unknown=unknown,
            etag=answer["ETag"],
            is_deployed=answer["Distribution"]["Status"] == "Deployed",
        )

    def _tags(self, arn: str) -> Mapping[str, str] | None:
        """Return a distribution's tags, or None if CloudFront does not say.

        Raises:
            Vanished: the distribution is gone. "A resource that was specified is not valid" alone
                does not say so, and one that is there must not be passed over.
        """
        try:
            with translated("cloudfront:ListTagsForResource", arn, MEANINGS):
                tags = self._client.list_tags_for_resource(Resource=arn)["Tags"].get("Items", [])
        except Vanished:
            self._read(arn)
            return None
        return {tag["Key"]: tag.get("Value", "") for tag in tags}


def _missing(answer: Mapping[str, Any]) -> str | None:
    """Name what the answer leaves out and nobody can do without, if it does."""
    if not answer.get("ETag"):
        return "ETag"
    if "Distribution" not in answer:
        return "Distribution"
    config = answer["Distribution"]["DistributionConfig"]
    viewer = config.get("ViewerCertificate", {})
    if not any(viewer.get(member) for member in _SOURCES):
        return "ViewerCertificate, or what it presents"
    aliases = config.get("Aliases", {"Quantity": 0})
    return "the aliases" if len(aliases.get("Items", ())) != aliases["Quantity"] else None


def _id(arn: str) -> str:
    return arn.rpartition("/")[2]


def _with_certificate(viewer: ViewerCertificateTypeDef, arn: str) -> ViewerCertificateTypeDef:
    """Return the viewer certificate with another ARN.

    What CloudFront echoes of the former one must go, or it is InvalidViewerCertificate (CloudFront
    API Reference, ViewerCertificate: `Certificate` and `CertificateSource` are deprecated).
    """
    changed = viewer.copy()
    changed.pop("Certificate", None)
    changed.pop("CertificateSource", None)
    changed.pop("IAMCertificateId", None)
    changed["CloudFrontDefaultCertificate"] = False
    changed["ACMCertificateArn"] = arn
    return changed


def _why_unmovable(read: _Distribution, *, is_client_certificate: bool) -> str | None:
    if is_client_certificate:
        return "it presents the certificate to an origin as a client"
    if read.config.get("Staging"):
        return (
            "it is a staging distribution: CloudFront keeps its certificate until its continuous"
            " deployment policy is detached"
        )
    policy = read.config.get("ContinuousDeploymentPolicyId")
    if policy:
        return (
            f"CloudFront keeps its certificate until the continuous deployment policy {policy} is"
            " detached"
        )
    if read.config.get("ConnectionMode") == "tenant-only":
        return "its tenants may present certificates of their own"
    if read.unknown:
        return f"{_erased(read)}; a release of certrotation with a newer boto3 may know it"
    return None


def _erased(read: _Distribution) -> str:
    settings = ", ".join(read.unknown)
    return f"botocore {botocore.__version__} does not know {settings} there, and would erase it"


def _texts(part: Any) -> Iterator[str]:
    """Yield every string in a configuration."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        for each in part.values():
            yield from _texts(each)
    elif isinstance(part, list):
        for each in part:
            yield from _texts(each)
