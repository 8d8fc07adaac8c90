"""Plans what a rotation would do now, with the functions' own planner; changes nothing."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from certrotation.cli.remedies import UNSEEN
from certrotation.cli.secret_tags import tags_after
from certrotation.cli.unseen import described
from certrotation.core.estate.inventory import ManagedSecret
from certrotation.core.findings import refusals
from certrotation.core.rotation.rendering import plan_to_json
from certrotation.core.rotation.request import RotationRequest, ScanSnapshot
from certrotation.errors import CertRotationError, NotYet, Vanished
from certrotation.names.tags import ISSUER
from certrotation.values import dataclass, replace
from certrotation.workflows.rotate import RECEIVES_UNTIL_NEXT_CANARY, Rotator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from certrotation.cli.documents import NextIssuance
    from certrotation.cli.shell import Shell
    from certrotation.core.findings import Finding
    from certrotation.core.issuance.forecast import Forecast
    from certrotation.core.material.secret_value import SecretValue
    from certrotation.core.rotation.outcomes import RotationOutcome
    from certrotation.core.rotation.planning import RotationPolicy
    from certrotation.workflows.ports import Account, Secrets

_WORKERS = 4
NOT_STORED = "not-stored"
"""Stands for the version id of material that is in no secret yet."""


class Planned(NamedTuple):
    """What rotate would do with one secret."""

    outcome: RotationOutcome
    forecast: Forecast | None = None
    """The next issuance, if the secret has an issuer."""

    @property
    def secret(self) -> str:
        """The name of the secret."""
        return self.outcome.secret

    @property
    def error(self) -> str | None:
        """Why there is no plan, or none for some Regions, apart from refusals."""
        errors = [self.outcome.error, *(each.error for each in self.outcome.regions)]
        return next((str(each) for each in errors if each is not None), None)

    @property
    def unseen(self) -> CertRotationError | None:
        """Why nothing is known of the plan, if the source of a reference was not seen."""
        error = self.outcome.error
        return error if isinstance(error, UNSEEN) else None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, of every Region."""
        plan = self.outcome.plan
        return plan.all_findings if plan else self.outcome.findings

    @property
    def is_refused(self) -> bool:
        """Whether the material, or a Region, is refused."""
        return bool(refusals(self.findings))

    @property
    def is_issuance_refused(self) -> bool:
        """Whether the issuer of the secret may not be asked for its next certificate."""
        return self.forecast is not None and self.forecast.refusal is not None

    @property
    def has_steps(self) -> bool:
        """Whether something would be changed."""
        plan = self.outcome.plan
        return plan is not None and any(region.steps for region in plan.regions)

    @property
    def is_held(self) -> bool:
        """Whether the secret is on hold."""
        return self.outcome.described is not None and self.outcome.described.is_held

    @property
    def digest(self) -> str:
        """What is equal for two plans that do the same with the same version."""
        plan = plan_to_json(self.outcome.plan) if self.outcome.plan else None
        if plan is not None:
            for each in (plan, *plan["regions"]):
                each["findings"] = [finding["code"] for finding in each["findings"]]
                each.pop("notes", None)
            for region in plan["regions"]:
                for step in region["steps"]:
                    del step["because"]
        same = [self.secret, plan, sorted(each.code for each in self.findings), self.error]
        return hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """Plans secrets, as the functions would in report mode."""

    account: Account
    policy: RotationPolicy
    now: datetime

    def plan(self, secret: str) -> Planned:
        """Plan one secret, and search every Region for live certificates that would be left."""
        searched = ScanSnapshot(
            at=int(self.now.timestamp()), copies=(), lookalikes=self.policy.targets
        )
        outcome = self._rotator.rotate(RotationRequest(secret=secret, snapshot=searched))
        if outcome.plan is None and isinstance(outcome.error, NotYet):
            # As rotate does once it has received the message a few times: an unreachable canary
            # gives way to the next Region, and a secret that is not there does not exist.
            again = RotationRequest(secret=secret)
            outcome = self._rotator.rotate(again, receives=RECEIVES_UNTIL_NEXT_CANARY)
        return Planned(outcome)

    def plan_queued(self, request: RotationRequest) -> Planned:
        """Plan what a scan would queue now."""
        return Planned(self._rotator.rotate(request))

    def plan_all(
        self, requests: Sequence[RotationRequest], step: Callable[[], None]
    ) -> list[Planned]:
        """Plan everything that a scan would queue now, a few secrets at a time."""

        def plan(request: RotationRequest) -> Planned:
            try:
                return self.plan_queued(request)
            finally:
                step()

        if not requests:
            return []
        with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
            return list(pool.map(plan, requests))

    @property
    def _rotator(self) -> Rotator:
        """A rotator in report mode: its plans are never applied."""
        policy = replace(self.policy, applies=False)
        return Rotator(account=self.account, policy=policy, now=self.now)


class WithMaterial:
    """The secrets, but one of them has material that is not stored yet."""

    def __init__(
        self, secrets: Secrets, name: str, value: SecretValue, tags: Mapping[str, str]
    ) -> None:
        self._secrets = secrets
        self._name = name
        self._value = value
        self._tags = tags

    def list_managed(self) -> Sequence[ManagedSecret]:
        """Return every secret, as it is stored."""
        return self._secrets.list_managed()

    def describe(self, secret_id: str) -> ManagedSecret:
        """Return the secret as it would be; what its source holds does not matter."""
        try:
            stored = described(self._secrets, secret_id)
        except Vanished:
            stored = ManagedSecret(
                name=self._name, arn=self._name, current_version=None, last_changed=None
            )
        return replace(
            stored,
            current_version=self._value.version,
            previous_version=stored.current_version,
            tags=tags_after(stored, self._tags),
        )

    def current_value(self, secret_id: str) -> SecretValue:
        """Return the material."""
        del secret_id
        return self._value

    def is_newer(self, secret_id: str, version: str, than: str) -> bool:
        """Return False: nothing is newer than what is not stored yet."""
        del secret_id, version, than
        return False


def plan_material(
    shell: Shell, name: str, value: SecretValue, tags: Mapping[str, str] | None = None
) -> Planned:
    """Plan a secret as it would be with this value, and with these tags beside its own.

    Args:
        shell: where to look.
        name: of the secret, which need not exist.
        value: the material, which need not be stored.
        tags: more tags of the secret.
    """
    parts = shell.parts
    secrets = WithMaterial(parts.account.secrets, name, value, tags or {})
    account = replace(parts.account, secrets=secrets)
    planned = Planner(account=account, policy=parts.rotation_policy, now=shell.now).plan(name)
    return with_forecast(shell, planned, secrets)


def with_forecast(shell: Shell, planned: Planned, secrets: Secrets) -> Planned:
    """Add the next issuance to the plan of a secret with an issuer.

    Args:
        shell: where the issuers of the stack are read.
        planned: the plan.
        secrets: where the value is read that was planned.
    """
    described = planned.outcome.described
    if described is None or ISSUER not in described.tags or described.current_version is None:
        return planned
    from certrotation.cli.forecasting import next_issuance

    try:
        value = secrets.current_value(described.arn)
    except CertRotationError:
        # The plan has the reason: rotate reads the same value.
        return planned
    return planned._replace(forecast=next_issuance(shell, described, value))


def region_errors(planned: Planned) -> dict[str, str]:
    """Return why Regions could not be planned."""
    return {each.region: str(each.error) for each in planned.outcome.regions if each.error}


def document_of(planned: Planned) -> dict[str, Any]:
    """Return the part of a JSON object that is about one secret."""
    plan = plan_to_json(planned.outcome.plan) if planned.outcome.plan else None
    errors = region_errors(planned)
    regions = plan["regions"] if plan else []
    return {
        "secret": planned.secret,
        "version": plan["version"] if plan else _version(planned),
        "error": planned.error,
        "refused": planned.is_refused,
        "held": planned.is_held,
        "changes": planned.has_steps,
        "digest": planned.digest,
        "findings": [each.to_json() for each in (_own_findings(planned))],
        "regions": [
            *({**each, "error": errors.get(each["region"])} for each in regions),
            *(
                {
                    "region": region,
                    "refused": False,
                    "findings": [],
                    "notes": [],
                    "steps": [],
                    "error": error,
                }
                for region, error in errors.items()
                if region not in {each["region"] for each in regions}
            ),
        ],
        "next_issuance": _next_issuance(planned),
    }


def _next_issuance(planned: Planned) -> NextIssuance | None:
    if planned.forecast is None:
        return None
    from certrotation.cli.forecasting import issuance_document

    return issuance_document(planned.forecast)


def _own_findings(planned: Planned) -> tuple[Finding, ...]:
    plan = planned.outcome.plan
    return plan.findings if plan else planned.outcome.findings


def _version(planned: Planned) -> str | None:
    described = planned.outcome.described
    return described.current_version if described else None
