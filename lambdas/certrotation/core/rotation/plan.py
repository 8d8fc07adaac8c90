"""A plan as data: what will be done, in which order, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeAlias

from certrotation.core.findings import Finding, refusals
from certrotation.values import dataclass, replace

if TYPE_CHECKING:
    from certrotation.core.estate.arn_parameters import Publication
    from certrotation.core.estate.inventory import Copy, Dependent

NEW_COPY = "the new copy"
"""Stands for the ARN that an Import will make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """What every step has: an ARN that it changes, and a reason."""

    verb: ClassVar[str]
    arn: str
    because: str


class Adopt(_Step):
    """Tag an imported certificate as a copy of the secret."""

    __slots__ = ()
    verb = "adopt"


class Unmark(_Step):
    """Take the superseded marks off a copy that is to be used again."""

    __slots__ = ()
    verb = "unmark"


class Reimport(_Step):
    """Put the material under a copy's ARN."""

    __slots__ = ()
    verb = "reimport"


class Tag(_Step):
    """Record on a copy what it carries."""

    __slots__ = ()
    verb = "tag"


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """Import the material under a new ARN, tags included."""

    verb: ClassVar[str] = "import"
    arn: ClassVar[str] = NEW_COPY
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkLeaving(_Step):
    """Record on a copy that its dependents begin to leave, before the first of them moves."""

    verb = "mark leaving"
    is_undone: bool = False
    """Whether a dependent's service has undone an earlier move."""


class Await(_Step):
    """Wait until ACM no longer names users that have left a copy."""

    __slots__ = ()
    verb = "await"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkSuperseded(_Step):
    """Mark a copy whose dependents have left; a later scan deletes it."""

    verb = "mark superseded"
    by_arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish(_Step):
    """Have the ARN parameters hold a copy's ARN."""

    verb = "publish"
    publication: Publication


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfDependent:
    """What every step for a dependent has."""

    verb: ClassVar[str]
    dependent: Dependent
    to_arn: str
    """The certificate that the dependent should present; may be the new copy's."""
    because: str

    @property
    def arn(self) -> str:
        """The ARN that the dependent presents before the step."""
        return self.dependent.certificate_arn


class Move(_OfDependent):
    """Point a dependent at another certificate."""

    __slots__ = ()
    verb = "move"


class Confirm(_OfDependent):
    """Ask a dependent whether it takes what was reimported under its ARN."""

    __slots__ = ()
    verb = "confirm"


class Strand(_OfDependent):
    """Leave a dependent where it is, because another move would be undone: a person must act."""

    __slots__ = ()
    verb = "strand"


Step: TypeAlias = (
    Adopt
    | Await
    | Unmark
    | Reimport
    | Import
    | Confirm
    | Tag
    | MarkLeaving
    | Move
    | Strand
    | MarkSuperseded
    | Publish
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionPlan:
    """The steps for one Region, in order; none if a finding refuses them."""

    region: str
    steps: tuple[Step, ...]
    findings: tuple[Finding, ...] = ()
    """On this Region alone; they stay with it until they are reported."""
    notes: tuple[str, ...] = ()
    """What was found and left alone."""
    current: tuple[Copy, ...] = ()
    """The copies that are not superseded; the material must not be worse than what they present."""
    is_searched: bool = False
    """Whether the Region was searched for certificates that share a name with the material."""

    @property
    def is_refused(self) -> bool:
        """Whether a person must act before this Region changes."""
        return bool(refusals(self.findings))

    def refused_by(self, findings: tuple[Finding, ...]) -> RegionPlan:
        """Return the plan without its steps, because of these findings."""
        return replace(self.with_earlier_findings(findings), steps=())

    def with_earlier_findings(self, findings: tuple[Finding, ...]) -> RegionPlan:
        """Return the plan with these findings first, each finding once."""
        return replace(self, findings=tuple(dict.fromkeys((*findings, *self.findings))))

    @property
    def imports(self) -> bool:
        """Whether a new ARN is to be made."""
        return any(isinstance(step, Import) for step in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be done for one secret; the first Region is the canary."""

    secret: str
    version: str
    findings: tuple[Finding, ...]
    """On the material; one that refuses stops every Region."""
    regions: tuple[RegionPlan, ...]
    """None if the material is refused."""
    is_held: bool
    """Whether the secret is on hold: its owner asked that nothing be applied."""

    @property
    def is_refused(self) -> bool:
        """Whether the material itself is refused."""
        return bool(refusals(self.findings))

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """The findings on the material, then those of each Region."""
        return (*self.findings, *(each for region in self.regions for each in region.findings))
