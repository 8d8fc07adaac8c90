"""What exists: managed secrets, the certificates of each Region, and who presents them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from certrotation.core.estate.tags import LONGEST_VALUE, Marks
from certrotation.core.findings import Code, Finding, refuse, warn
from certrotation.names.tags import ACCEPT, HOLD, HOLD_ISSUANCE, ISSUER, REGIONS, SOURCE
from certrotation.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from certrotation.core.estate.arn_parameters import Parameter
    from certrotation.core.estate.dependent_kinds import DependentKind
    from certrotation.core.material.bundle import PresentedCertificate

HINT_SETTLES = timedelta(hours=1)
"""How long after a detach ACM's hint that a certificate is in use proves nothing."""


def hint_has_settled(marks: Marks, now: datetime) -> bool:
    """Return whether a superseded copy that ACM calls in use really is in use again."""
    return marks.superseded_since(now) >= HINT_SETTLES.total_seconds()


def reverted(arn: str, marks: Marks, now: datetime) -> Finding:
    """Return the finding that a superseded copy is in use again."""
    found = f"{arn} was superseded and is in use again"
    if marks.was_moved_again(now):
        found += ", for the second time within a week"
    return warn(Code.DEPENDENT_REVERTED, f"{found}.")


class Origin(NamedTuple):
    """The secret of another account that a reference takes its value from."""

    arn: str
    problem: Finding | None = None
    """Why its value cannot be had, if a person must act."""
    failure: str = ""
    """Why it could not be described now, if a retry can help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedSecret:
    """A secret whose name begins with the prefix; its value is not part of it.

    A reference has no value of its own: its versions, and when they changed, are those of its
    source. The tags are always its own.
    """

    name: str
    arn: str
    current_version: str | None
    """The version id labelled AWSCURRENT, or None if AWS names none, or if it is not known."""
    previous_version: str | None = None
    """The version id labelled AWSPREVIOUS."""
    last_changed: datetime | None
    """By anybody but an issuance that is under way."""
    tags: Mapping[str, str] = field(default_factory=dict)
    origin: Origin | None = None
    """Of a reference, once its source was asked for."""

    @property
    def is_reference(self) -> bool:
        """Whether the secret takes its value from another account's secret."""
        return SOURCE in self.tags

    @property
    def source_problem(self) -> Finding | None:
        """Why a person must act before a reference has a value; None for other secrets."""
        if self.origin is not None:
            return self.origin.problem
        if not self.is_reference:
            return None
        # Only without the setting is the source of a reference never asked for.
        from certrotation.core.estate.sources import problem_of  # noqa: PLC0415  mostly not needed

        return problem_of(self, ())

    @property
    def source_unknown_because(self) -> str:
        """Why the version of a reference is not known; nothing for other secrets."""
        problem = self.source_problem
        if problem is not None:
            return problem.found
        return self.origin.failure if self.origin else ""

    @property
    def is_held(self) -> bool:
        """Whether a person asked that nothing be applied."""
        only_issuer = ISSUER in self.tags and self.tags.get(HOLD, "").strip() == HOLD_ISSUANCE
        return HOLD in self.tags and not only_issuer

    @property
    def is_issuance_held(self) -> bool:
        """Whether a person asked that the issuer not be asked; the rest may go on."""
        return HOLD in self.tags

    @property
    def accepted(self) -> tuple[str, ...]:
        """The findings that a person accepts, as written."""
        return tuple(self.tags.get(ACCEPT, "").split())

    def regions(self, targets: Sequence[str]) -> tuple[str, ...]:
        """Return the target Regions of this secret, canary first; unknown ones are left out."""
        wanted = dict.fromkeys(self.tags.get(REGIONS, "").split())
        return tuple(each for each in wanted if each in targets) if wanted else tuple(targets)

    def findings(self, targets: Sequence[str]) -> tuple[Finding, ...]:
        """Return what is wrong with the secret before its value is read."""
        found = []
        if len(self.name) > LONGEST_VALUE:
            length = f"The secret's name has {len(self.name)} characters, over {LONGEST_VALUE}."
            found.append(refuse(Code.SECRET_NAME_TOO_LONG, length))
        unknown = [each for each in self.tags.get(REGIONS, "").split() if each not in targets]
        if unknown:
            text = f"{REGIONS} names {', '.join(unknown)}; the stack has {', '.join(targets)}."
            found.append(refuse(Code.REGION_UNKNOWN, text))
        problem = self.source_problem
        if problem is not None:
            found.append(problem)
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretVersion:
    """One version of a secret; its value is not part of it."""

    version: str
    labels: frozenset[str]
    """The staging labels; none on a version that AWS may delete."""
    created_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCertificate:
    """An imported certificate as a Region's list shows it: no call of its own was made for it."""

    arn: str
    region: str
    names: frozenset[str]
    """The first hundred names."""
    not_before: datetime
    not_after: datetime
    in_use: bool
    """Follows a detach by up to twenty minutes, so a hint."""
    imported_at: datetime | None = None
    """When something was imported under this ARN last; None if the list does not say."""
    has_further_names: bool = False
    """Whether the certificate has, or may have, names that the list does not show."""


class CertificateDetail(NamedTuple):
    """What ACM tells about one certificate beside its material."""

    created_at: datetime | None
    """When it was requested or imported, or None if ACM does not say."""
    in_use_by: tuple[str, ...] | None
    """ARNs of the resources that present it, or None if ACM does not say.

    Follows a detach by up to twenty minutes.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionListing:
    """The imported certificates of one Region and the tags of those that have any."""

    region: str
    certificates: tuple[ListedCertificate, ...]
    tags: Mapping[str, Mapping[str, str]]
    """By ARN."""


class Proof(NamedTuple):
    """Another certificate, by which a resource proves that its owner may use the names."""

    arn: str
    names: frozenset[str]
    """The resource's own certificate may have no names that this one does not cover."""
    not_after: datetime
    """After this, the resource cannot be changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependent:
    """A resource that names a certificate in its own configuration."""

    kind: DependentKind
    arn: str
    certificate_arn: str
    names: frozenset[str] = frozenset()
    """The names that the resource insists on: a distribution's aliases."""
    unmovable: str | None = None
    """Why it must not be pointed at another certificate, if so."""
    drifts: str | None = None
    """The CloudFormation stack that owns it, if one does."""
    overrides: str | None = None
    """What a move leaves as it is although it may name the old certificate too, if anything."""
    needs_client_auth: bool = False
    """Whether it presents the certificate as a client, to an origin that asks for one."""
    region: str | None = None
    """The Region of the resource, if it may differ from the Region of the certificate."""
    keeps_issuer: bool = False
    """Whether AWS documents that a reimport must not change the issuer: of mutual TLS."""
    proof: Proof | None = None
    updated_at: datetime | None = None
    """When its service updated it last, if that is over and may have undone a move."""

    def __str__(self) -> str:
        """Return kind and ARN."""
        return f"{self.kind} {self.arn}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one service found among the users that ACM names for a certificate."""

    dependents: tuple[Dependent, ...] = ()
    explained: frozenset[str] = frozenset()
    """The users that the service accounts for: those that `dependents` were found for, and those
    whose complete configuration was read and names the certificate no longer.
    """


class Asked(NamedTuple):
    """A service that was asked about a user, and did not explain it."""

    user: str
    """The ARN that ACM names."""
    kinds: str
    """The kinds of dependents that the service looked for."""
    region: str
    """Where it looked."""
    failure: str = ""
    """Why it could not look, if so."""

    def __str__(self) -> str:
        """Return kinds, Region and failure."""
        return f"{self.kinds} in {self.region}{f' ({self.failure})' if self.failure else ''}"


def is_foreign(certificate_arn: str, user_arn: str) -> bool:
    """Return whether a user does not belong to the certificate's account: AWS fronts a service.

    Several resources may be behind such a user, and one resource behind several users.
    """
    account = user_arn.split(":", 5)[4:5]
    return bool(account) and account != certificate_arn.split(":", 5)[4:5]


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """Who presents a copy, according to the services themselves."""

    dependents: tuple[Dependent, ...] = ()
    unknown: tuple[str, ...] = ()
    """ARNs that ACM names as users and that no service explained."""
    asked: tuple[Asked, ...] = ()
    """Who was asked about these ARNs."""

    def __bool__(self) -> bool:
        return bool(self.dependents or self.unknown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A certificate in one Region that carries, or may come to carry, a secret's material."""

    arn: str
    region: str
    tags: Mapping[str, str]
    presented: PresentedCertificate
    in_use: bool | None = None
    """ACM's hint, or None if it was not asked for."""
    created_at: datetime | None = None
    users: Users | None = None
    """None if they were not asked for, because they decide nothing."""

    @property
    def marks(self) -> Marks:
        """What our tags say about it."""
        return Marks.from_tags(self.tags)

    @property
    def is_used(self) -> bool:
        """Whether somebody presents it, or may do so because nobody was asked."""
        return self.users is None or bool(self.users)

    @property
    def dependents(self) -> tuple[Dependent, ...]:
        """The resources known to present it."""
        return self.users.dependents if self.users else ()

    @property
    def age(self) -> tuple[float, str]:
        """What copies are ordered by: when it was created, then the ARN."""
        return (self.created_at.timestamp() if self.created_at else 0.0, self.arn)

    def is_older(self, span: timedelta, now: datetime) -> bool:
        """Return whether it is known to have been created at least that long ago."""
        return self.created_at is not None and now - self.created_at >= span

    def moving_since(self, now: datetime) -> int | None:
        """Return when dependents began to move to the copy, in epoch seconds.

        The copies of earlier versions have no tag, and then the time of their creation counts. A
        time in the future, which somebody else wrote, counts as absent. None if nothing says when.
        """
        marked = self.marks.moving_since
        if marked is not None and marked <= int(now.timestamp()):
            return marked
        return int(self.created_at.timestamp()) if self.created_at else None

    def is_ordinary(self, now: datetime) -> bool:
        """Return whether it is to be kept right: not superseded, or superseded and in use again.

        A service that names it proves that; ACM's word alone does so only once its hint settled.
        """
        if not self.marks.is_superseded:
            return True
        if self.users is None:
            return False
        return bool(self.users.dependents) or (
            bool(self.users.unknown) and hint_has_settled(self.marks, now)
        )


class UnreadableCertificate(NamedTuple):
    """A certificate with a name of the material that could not be read."""

    arn: str
    found: str
    """The reason."""
    is_left: bool
    """Whether the list shows it in use under a name of the material, and nothing says that it is a
    copy of a secret, or ignored."""
    users: Users | None = None
    """None if they were not asked for, or could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherCertificates:
    """What a direct look found beside copies and lookalikes."""

    sharing: tuple[Copy, ...] = ()
    """Certificates in use, without a tag of this service, that have a name of the material and
    other names as well. They are never adopted. `users` is None if it is not known."""
    unread: int = 0
    """How many more certificates like `sharing` there are: of many, only some are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionLook:
    """What a rotation saw of one Region."""

    region: str
    copies: tuple[Copy, ...]
    """All that carry the secret's tag, superseded ones included."""
    lookalikes: tuple[Copy, ...] = ()
    """Other certificates with the material's names; only a direct look finds them."""
    unreadable: tuple[UnreadableCertificate, ...] = ()
    """What could not be read of the lookalikes, and of the others."""
    others: OtherCertificates | None = None
    """None unless the look was direct."""
    parameters: Mapping[Parameter, str | None] = field(default_factory=dict)
    """What the ARN parameters hold that are to hold the ARN of a copy; None where there is no such
    parameter. One that cannot be read is left out."""
