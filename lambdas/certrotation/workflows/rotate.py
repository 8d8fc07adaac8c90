"""Rotates one secret: read, check, plan every Region, then apply, the canary first and alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from certrotation.core.estate.current_copies import current_copies_in
from certrotation.core.findings import Code, apply_acceptance, final_refusals, refusals
from certrotation.core.material.checks import inspect_secret
from certrotation.core.rotation.outcomes import RegionOutcome, RotationOutcome, Status
from certrotation.core.rotation.planning import Rotation
from certrotation.errors import (
    CertRotationError,
    NotManaged,
    NotYet,
    SourceDenied,
    SourceGone,
    Vanished,
    without_frames,
)
from certrotation.values import dataclass, replace
from certrotation.workflows.apply_plan import RegionRotation
from certrotation.workflows.observe import Observer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.core.findings import Finding
    from certrotation.core.material.checks import Inspection
    from certrotation.core.material.secret_value import SecretValue
    from certrotation.core.rotation.plan import Plan, RegionPlan
    from certrotation.core.rotation.planning import RotationPolicy
    from certrotation.core.rotation.request import RotationRequest, ScanSnapshot
    from certrotation.workflows.observe import PlannedRegion
    from certrotation.workflows.ports import Account, Secrets

_In = TypeVar("_In")
_Out = TypeVar("_Out")

SNAPSHOT_LASTS = timedelta(minutes=15)
"""How long what a scan saw stands in for a search of our own."""

CONSISTENT_AFTER = timedelta(minutes=1)
"""When Secrets Manager is asked again if its answers do not agree."""

RECEIVES_UNTIL_NEXT_CANARY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotator:
    """Rotates secrets; one is made for each invocation."""

    account: Account
    policy: RotationPolicy
    now: datetime

    def rotate(self, request: RotationRequest, *, receives: int = 1) -> RotationOutcome:
        """Bring every target Region to what is AWSCURRENT, and return how far that came.

        Args:
            request: which secret.
            receives: how often this message was received, this time included.
        """
        secret: ManagedSecret | None = None
        try:
            secret = self.account.secrets.describe(request.secret)
            outcome = self._rotate(request, secret, receives)
        except Vanished as error:  # only reads of the secret raise it here
            told = error if receives > 1 else _not_shown_yet(str(error))
            outcome = RotationOutcome.of_error(request.secret, without_frames(told))
        except CertRotationError as error:
            outcome = RotationOutcome.of_error(request.secret, without_frames(error))
        return replace(outcome, described=secret)

    def _rotate(
        self, request: RotationRequest, secret: ManagedSecret, receives: int
    ) -> RotationOutcome:
        if not secret.name.startswith(self.policy.prefix):
            raise NotManaged(
                f"{secret.name} is not managed here: its name does not begin with"
                f" {self.policy.prefix}.",
                "Rename the secret, or change the stack's prefix.",
            )
        if secret.source_problem is not None:
            return _without_source(secret, secret.findings(self.policy.targets), receives)
        try:
            version, inspection = self._inspect(request, secret, receives)
        except (SourceDenied, SourceGone) as error:
            # Few secrets have a source, and the import would lengthen each cold start.
            from certrotation.core.estate.sources import finding_of  # noqa: PLC0415  see above

            problem = finding_of(without_frames(error))
            found = (*secret.findings(self.policy.targets), problem)
            return _without_source(secret, found, receives)
        if inspection.material is None:
            found = (*secret.findings(self.policy.targets), *inspection.findings)
            accepted = apply_acceptance(found, secret.accepted, version, is_complete=False)
            return _without_material(secret, accepted)
        rotation = Rotation.of(
            secret, inspection.material, inspection.findings, self.policy, inspection.request
        )
        found = rotation.findings_by_itself()
        if final_refusals(found):
            return _refused(secret, found)
        _require_validity(inspection, self.now)
        return self._rotate_regions(rotation, self._fresh(request.snapshot, receives), receives)

    def _inspect(
        self, request: RotationRequest, secret: ManagedSecret, receives: int
    ) -> tuple[str, Inspection]:
        """Read and check what is AWSCURRENT; of the value as it was read nothing is kept."""
        origin = secret.origin
        value = self.account.secrets.current_value(origin.arn if origin else secret.name)
        _require_consistency(self.account.secrets, request, secret, value, receives)
        return value.version, inspect_secret(value, self.policy.roots, self.now)

    def _fresh(self, snapshot: ScanSnapshot | None, receives: int) -> ScanSnapshot | None:
        """Return the snapshot if nothing much can have happened since."""
        oldest = (self.now - SNAPSHOT_LASTS).timestamp()
        return snapshot if snapshot and receives == 1 and snapshot.at >= oldest else None

    def _rotate_regions(
        self, rotation: Rotation, snapshot: ScanSnapshot | None, receives: int
    ) -> RotationOutcome:
        observer = Observer(
            rotation=rotation,
            now=self.now,
            snapshot=snapshot,
            publisher=self.account.publisher,
        )
        planned, unreadable = plan_regions(self.account, observer, rotation)
        first = next(iter(rotation.regions))
        if first in unreadable and receives < RECEIVES_UNTIL_NEXT_CANARY:
            return RotationOutcome.of_error(
                rotation.secret.name, _unreachable_canary(first, unreadable[first])
            )
        plan = rotation.plan([each.plan for each in planned.values()], self.now)
        current = {region: current_copies_in(each.look) for region, each in planned.items()}
        if plan.is_refused:
            return RotationOutcome(
                secret=plan.secret,
                status=Status.REFUSED,
                plan=plan,
                findings=plan.findings,
                current_copies=current,
            )
        outcomes = (
            *(RegionOutcome.of_error(region, error) for region, error in unreadable.items()),
            *self._apply(plan, planned, rotation, observer, receives),
        )
        return replace(
            RotationOutcome.of_regions(plan, outcomes),
            current_copies=current,
            leaf=rotation.material.leaf,
        )

    def _apply(
        self,
        plan: Plan,
        planned: Mapping[str, PlannedRegion],
        rotation: Rotation,
        observer: Observer,
        receives: int,
    ) -> Iterable[RegionOutcome]:
        """Apply the canary alone, then the rest at once; a Region's own refusal stops only it.

        A canary that fails again and again gives way to the next one.
        """
        refused = [_outcome(each, Status.REFUSED) for each in plan.regions if each.is_refused]
        ready = [each for each in plan.regions if not each.is_refused]
        if plan.is_held or not self.policy.applies:
            untouched = (
                _outcome(each, Status.PLANNED if each.steps else Status.DONE) for each in ready
            )
            return (*refused, *untouched)

        def apply(region: RegionPlan) -> RegionOutcome:
            return RegionRotation(
                region=self.account.regions[region.region],
                look=planned[region.region].look,
                plan=region,
                rotation=rotation,
                observer=observer,
                now=self.now,
                publisher=self.account.publisher,
                has_canary_moved=any(each.moved for each in alone),
            ).run()

        alone: list[RegionOutcome] = []
        for number, each in enumerate(ready, start=1):
            alone.append(apply(each))
            if alone[-1].lets_others_follow:
                return (*refused, *alone, *_at_once(apply, ready[number:]))
            if alone[-1].status is not Status.FAILED or receives < RECEIVES_UNTIL_NEXT_CANARY:
                break
        rest = ready[len(alone) :]
        not_started = (_outcome(each, Status.NOT_STARTED) for each in rest if each.steps)
        return (*refused, *alone, *not_started)


def plan_regions(
    account: Account, observer: Observer, rotation: Rotation
) -> tuple[dict[str, PlannedRegion], dict[str, CertRotationError]]:
    """Plan every Region at once; return the plans, and why the other Regions have none."""

    def try_to_plan(name: str) -> PlannedRegion | CertRotationError:
        try:
            return observer.plan(account.regions[name])
        except CertRotationError as error:
            return without_frames(error)

    results = dict(zip(rotation.regions, _at_once(try_to_plan, rotation.regions), strict=True))
    planned = {k: v for k, v in results.items() if not isinstance(v, CertRotationError)}
    unreadable = {k: v for k, v in results.items() if isinstance(v, CertRotationError)}
    return planned, unreadable


def _at_once(work: Callable[[_In], _Out], items: Sequence[_In]) -> list[_Out]:
    """Do `work` for all items at once, and return the results in the items' order."""
    if not items:
        return []
    with ThreadPoolExecutor(max_workers=len(items)) as pool:
        return list(pool.map(work, items))


def _outcome(plan: RegionPlan, status: Status) -> RegionOutcome:
    return RegionOutcome(region=plan.region, status=status, findings=plan.findings)


def _refused(secret: ManagedSecret, findings: tuple[Finding, ...]) -> RotationOutcome:
    return RotationOutcome(secret=secret.name, status=Status.REFUSED, findings=findings)


def _without_material(secret: ManagedSecret, findings: tuple[Finding, ...]) -> RotationOutcome:
    """Return the outcome for a value that is refused, or that awaits its first certificate."""
    if refusals(findings):
        return _refused(secret, findings)
    return RotationOutcome(secret=secret.name, status=Status.AWAITING_ISSUANCE, findings=findings)


def _without_source(
    secret: ManagedSecret, findings: tuple[Finding, ...], receives: int
) -> RotationOutcome:
    """Return the outcome for a reference whose source cannot be read.

    Raises:
        NotYet: the source may be new, and Secrets Manager's reads may lag behind its creation.
    """
    gone = [each for each in findings if each.code is Code.SOURCE_GONE]
    if gone and receives == 1:
        raise _not_shown_yet(gone[0].found)
    return _refused(secret, findings)


def _not_shown_yet(found: str) -> NotYet:
    """A new secret: Secrets Manager's reads may lag behind the event of its creation.

    Source: "All Secrets Manager operations are eventually consistent" (API, ListSecrets).
    """
    return NotYet(found, "Secrets Manager is asked again.", retry_after=CONSISTENT_AFTER)


def _unreachable_canary(region: str, error: CertRotationError) -> NotYet:
    return NotYet(
        f"The canary Region {region} cannot be looked at: {error}",
        f"From receive {RECEIVES_UNTIL_NEXT_CANARY} on, the next Region takes its place.",
    )


def _require_consistency(
    secrets: Secrets,
    request: RotationRequest,
    secret: ManagedSecret,
    value: SecretValue,
    receives: int,
) -> None:
    """Make sure that the value read is the current one; Secrets Manager's reads may lag.

    Raises:
        NotYet: its answers, or they and the message, do not agree.
    """
    named = request.version
    if value.version != secret.current_version:
        found = f"{value.version} was read, {secret.current_version} is AWSCURRENT."
    elif _has_yet_to_show(secrets, secret, named, value.version, receives):
        found = f"{value.version} was read, the message names {named}, which is newer."
    else:
        return
    raise NotYet(found, "Secrets Manager is asked again.", retry_after=CONSISTENT_AFTER)


def _has_yet_to_show(
    secrets: Secrets, secret: ManagedSecret, named: str | None, read: str, receives: int
) -> bool:
    """Return whether the version that the message names was written after the one that was read.

    If it is AWSPREVIOUS it was current before: somebody rolled back since. The role may not list
    the versions of a source: there, the version that is read a minute later counts.
    """
    if named is None or named in {read, secret.previous_version}:
        return False
    if secret.origin is not None:
        return receives == 1
    return secrets.is_newer(secret.arn, named, read)


def _require_validity(inspection: Inspection, now: datetime) -> None:
    """Wait for a certificate that becomes valid within minutes.

    Raises:
        NotYet: it is not valid yet; it comes back when it is.
    """
    if inspection.valid_from is not None:
        raise NotYet(
            f"The certificate is valid from {inspection.valid_from} on.",
            "It is imported then.",
            retry_after=inspection.valid_from - now + timedelta(seconds=1),
        )
