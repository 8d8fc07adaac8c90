"""Plans what rotating one secret will do, in every Region, before anything is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from certrotation.core.estate.tags import CopyTags, tags_for_copy
from certrotation.core.findings import Finding, apply_acceptance, refusals, soften_known
from certrotation.core.rotation.adoption import Adoption, decide_adoption
from certrotation.core.rotation.plan import Plan
from certrotation.core.rotation.region_planning import (
    NO_REJECTIONS,
    RegionGoal,
    Rejections,
    plan_region,
    users_decide,
)
from certrotation.core.rotation.regression_checks import (
    causes_known,
    check_expiry,
    check_names,
    check_trust,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from certrotation.core.estate.dependent_kinds import DependentKind
    from certrotation.core.estate.expiry_windows import WindowPolicy
    from certrotation.core.estate.inventory import Copy, ManagedSecret, RegionLook
    from certrotation.core.material.bundle import Material
    from certrotation.core.material.trust import PublicRoots


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationPolicy:
    """What planning goes by."""

    targets: tuple[str, ...]
    """The stack's target Regions, canary first."""
    windows: WindowPolicy
    roots: PublicRoots
    adopts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """One secret, its material, and what was found about the two by themselves."""

    secret: ManagedSecret
    material: Material
    findings: tuple[Finding, ...]
    """Before acceptance."""
    tags: CopyTags
    """What the copies will be tagged with."""
    policy: RotationPolicy

    @classmethod
    def of(
        cls,
        secret: ManagedSecret,
        material: Material,
        material_findings: tuple[Finding, ...],
        policy: RotationPolicy,
    ) -> Rotation:
        """Return the rotation of `secret` to `material`."""
        tags, truncated = tags_for_copy(
            secret.name, material.version, material.not_after, secret.tags
        )
        findings = (*secret.findings(policy.targets), *material_findings, *truncated)
        return cls(secret=secret, material=material, findings=findings, tags=tags, policy=policy)

    @property
    def regions(self) -> tuple[str, ...]:
        """The Regions to rotate in, canary first."""
        return self.secret.regions(self.policy.targets)

    def findings_by_itself(self) -> tuple[Finding, ...]:
        """Return what was found before anything that is live was looked at, acceptance applied."""
        return apply_acceptance(
            self.findings, self.secret.accepted, self.material.version, is_complete=False
        )

    def users_decide(
        self, copies: Sequence[Copy], kinds: Iterable[DependentKind], now: datetime
    ) -> bool:
        """Say whether it matters for the plan of a Region who presents its copies.

        Args:
            copies: the Region's copies.
            kinds: the kinds of dependents that may present a certificate of the Region.
            now: the present time.
        """
        return users_decide(copies, self._goal(now), kinds)

    def plan(
        self,
        looks: Sequence[RegionLook],
        now: datetime,
        refused: Rejections = NO_REJECTIONS,
    ) -> Plan:
        """Plan every Region that was looked at.

        Args:
            looks: what was seen, canary first.
            now: the present time.
            refused: what AWS refused while an earlier plan was applied.
        """
        adoptions = [self._adoption(look) for look in looks]
        current = [
            copy
            for look, adoption in zip(looks, adoptions, strict=True)
            for copy in (*look.copies, *adoption.copies)
            if copy.is_ordinary(now)
        ]
        to_change = [each for each in current if not each.presented.equals(self.material)]
        plan = Plan(
            secret=self.secret.name,
            version=self.material.version,
            findings=self._soften(
                apply_acceptance(
                    (*self.findings, *self._compare(to_change, now)),
                    self.secret.accepted,
                    self.material.version,
                ),
                current,
                now,
            ),
            regions=(),
            is_held=self.secret.is_held,
        )
        if plan.is_refused:
            return plan
        goal = self._goal(now, refused)
        return plan.with_regions(
            plan_region(look, adoption, goal)
            for look, adoption in zip(looks, adoptions, strict=True)
        )

    def _goal(self, now: datetime, refused: Rejections = NO_REJECTIONS) -> RegionGoal:
        return RegionGoal(material=self.material, tags=self.tags, now=now, refusals=refused)

    def _adoption(self, look: RegionLook) -> Adoption:
        if not self.policy.adopts:
            return Adoption()
        return decide_adoption(
            self.material,
            self.secret.name,
            look.lookalikes,
            self.policy.roots,
            has_copy=bool(look.copies),
        )

    def _soften(
        self, findings: tuple[Finding, ...], copies: Sequence[Copy], now: datetime
    ) -> tuple[Finding, ...]:
        """Turn refusals into warnings whose cause all current copies have too."""
        if not refusals(findings):
            return findings
        presented = [copy.presented for copy in copies]
        return soften_known(findings, causes_known(presented, self.policy.roots.with_former, now))

    def _compare(self, copies: Sequence[Copy], now: datetime) -> Iterator[Finding]:
        for copy in copies:
            yield from check_names(self.material, copy.arn, copy.presented)
            yield from check_trust(self.material, copy.arn, copy.presented, self.policy.roots)
        presented = [(copy.arn, copy.presented) for copy in copies]
        yield from check_expiry(self.material, presented, self.policy.windows, now)
