"""Plans the rotation of one secret: each Region once, then all Regions together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.core.estate.tags import CopyTags, tags_for_copy
from certrotation.core.findings import (
    Code,
    Finding,
    Severity,
    apply_acceptance,
    mark_accepted,
    refusals,
    soften_known,
)
from certrotation.core.rotation.dependent_checks import fit_chain
from certrotation.core.rotation.plan import Plan
from certrotation.core.rotation.region_planning import (
    NO_REJECTIONS,
    RegionGoal,
    Rejections,
    decide,
    users_decide,
)
from certrotation.core.rotation.regression_checks import (
    causes_known,
    check_expiry,
    check_names,
    check_trust,
)
from certrotation.names.tags import ISSUER
from certrotation.values import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from certrotation.core.estate.arn_parameters import ArnParameters, Publication
    from certrotation.core.estate.dependent_kinds import DependentKind
    from certrotation.core.estate.expiry_windows import WindowPolicy
    from certrotation.core.estate.inventory import Copy, ManagedSecret, RegionLook
    from certrotation.core.material.bundle import Material
    from certrotation.core.material.certificate_request import CertificateRequest
    from certrotation.core.material.trust import PublicRoots
    from certrotation.core.rotation.plan import RegionPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationPolicy:
    """The rules of a rotation."""

    targets: tuple[str, ...]
    """The stack's target Regions, canary first."""
    windows: WindowPolicy
    roots: PublicRoots
    prefix: str
    """Of the names of managed secrets."""
    adopts: bool = True
    applies: bool = True
    """False in report mode: plan and report, change nothing."""
    arn_parameters: ArnParameters | None = None
    """How ARN parameters are named; None if there are none."""


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
    request: CertificateRequest | None = None
    """The request to an issuer beside the material."""

    @classmethod
    def of(
        cls,
        secret: ManagedSecret,
        material: Material,
        material_findings: tuple[Finding, ...],
        policy: RotationPolicy,
        request: CertificateRequest | None = None,
    ) -> Rotation:
        """Return the rotation of `secret` to `material`."""
        tags, truncated = tags_for_copy(
            secret.name,
            material.version,
            material.not_after,
            secret.tags,
            later=2 if policy.arn_parameters else 1,
        )
        findings = (*secret.findings(policy.targets), *material_findings, *truncated)
        return cls(
            secret=secret,
            material=material,
            findings=findings,
            tags=tags,
            policy=policy,
            request=request,
        )

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
        """Return whether it matters for the plan of a Region who presents its copies.

        Args:
            copies: the Region's copies.
            kinds: the kinds of dependents that may present a certificate of the Region.
            now: the present time.
        """
        return users_decide(copies, self._goal(now), kinds)

    def decide(
        self, look: RegionLook, now: datetime, rejections: Rejections = NO_REJECTIONS
    ) -> RegionPlan:
        """Plan one Region, without a comparison of the material with its copies.

        Args:
            look: what was found there.
            now: the present time.
            rejections: what AWS rejected while an earlier plan was applied.
        """
        material, repairs = fit_chain(self.material, look)
        goal = replace(
            self._goal(now, rejections),
            material=material,
            publication=self.publication(look.region),
        )
        plan = decide(look, goal).with_earlier_findings(repairs)
        return replace(plan, findings=mark_accepted(plan.findings, self.secret.accepted))

    def material_for(self, look: RegionLook) -> Material:
        """Return the material with the chain that every dependent of the Region accepts."""
        return fit_chain(self.material, look).material

    def plan(self, regions: Sequence[RegionPlan], now: datetime) -> Plan:
        """Compare the material with all copies that it replaces, and return the whole plan.

        Args:
            regions: the plan of each Region that could be read, canary first.
            now: the present time.
        """
        current = [copy for region in regions for copy in region.current]
        outdated = [each for each in current if not each.presented.equals(self.material)]
        findings = self._soften(
            apply_acceptance(
                (*self.findings, *self._compare(outdated, now)),
                self._accepted_for_material(regions),
                self.material.version,
            ),
            current,
            now,
        )
        return Plan(
            secret=self.secret.name,
            version=self.material.version,
            findings=findings,
            regions=() if refusals(findings) else tuple(regions),
            is_held=self.secret.is_held,
        )

    def _accepted_for_material(self, regions: Sequence[RegionPlan]) -> tuple[str, ...]:
        """Return the accepted findings, less what the Regions' own findings give an effect.

        Whether a certificate is left is known only if every Region was searched.
        """
        left = Code.LIVE_CERTIFICATE_LEFT
        may_have_effect = len(regions) < len(self.regions) or any(
            not region.is_searched or left in {each.code for each in region.findings}
            for region in regions
        )
        return tuple(each for each in self.secret.accepted if each != left or not may_have_effect)

    def publication(self, region: str) -> Publication | None:
        """Return where the ARN of a Region's copy is published, if anywhere."""
        named = self.policy.arn_parameters
        return named.of(self.secret.name, region) if named else None

    def _goal(self, now: datetime, rejections: Rejections = NO_REJECTIONS) -> RegionGoal:
        return RegionGoal(
            secret=self.secret.name,
            material=self.material,
            tags=self.tags,
            roots=self.policy.roots,
            adopts=self.policy.adopts,
            now=now,
            rejections=rejections,
        )

    def _soften(
        self, findings: tuple[Finding, ...], copies: Sequence[Copy], now: datetime
    ) -> tuple[Finding, ...]:
        """Turn refusals into warnings whose cause all current copies have too."""
        if not refusals(findings):
            return findings
        presented = [copy.presented for copy in copies]
        return soften_known(findings, causes_known(presented, self.policy.roots.with_former, now))

    def _left_out(self, finding: Finding) -> Finding:
        """Turn lost names into a warning if a person left them out of the request to an issuer.

        The material must have been issued for the request: then its names are the request's.
        """
        request = self.request if ISSUER in self.secret.tags else None
        if request is None or frozenset(request.names) != self.material.names:
            return finding
        found = f"The request leaves names out: {finding.found}"
        return replace(finding, severity=Severity.WARN, found=found)

    def _compare(self, copies: Sequence[Copy], now: datetime) -> Iterator[Finding]:
        for copy in copies:
            yield from map(self._left_out, check_names(self.material, copy.arn, copy.presented))
            yield from check_trust(self.material, copy.arn, copy.presented, self.policy.roots)
        presented = [(copy.arn, copy.presented) for copy in copies]
        yield from check_expiry(self.material, presented, self.policy.windows, now)
