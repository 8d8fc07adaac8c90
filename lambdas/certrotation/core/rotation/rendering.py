"""The same plan as text for a person and as JSON for a log or a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from certrotation.core.rotation.plan import Confirm, MarkSuperseded, Move, Publish, Strand

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from certrotation.core.findings import Finding
    from certrotation.core.rotation.plan import Plan, RegionPlan, Step


def plan_to_text(plan: Plan) -> str:
    """Return the plan in lines, each step with its reason."""
    return "\n".join(_lines(plan))


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """Return the plan as JSON values."""
    return {
        "secret": plan.secret,
        "version": plan.version,
        "refused": plan.is_refused,
        "held": plan.is_held,
        "findings": [each.to_json() for each in plan.findings],
        "regions": [
            {
                "region": region.region,
                "refused": region.is_refused,
                "findings": [each.to_json() for each in region.findings],
                "notes": list(region.notes),
                "steps": [_step_to_json(step) for step in region.steps],
            }
            for region in plan.regions
        ],
    }


def describe_step(step: Step) -> str:
    """Return a step in words, without its reason."""
    match step:
        case Move():
            return f"{step.verb} {step.dependent} from {step.arn} to {step.to_arn}"
        case Strand():
            return f"{step.verb} {step.dependent} at {step.arn} instead of {step.to_arn}"
        case Confirm():
            return f"{step.verb} {step.dependent} at {step.arn}"
        case MarkSuperseded():
            return f"{step.verb} {step.arn} by {step.by_arn}"
        case Publish():
            return f"{step.verb} {step.arn} as {', '.join(map(str, step.publication.parameters))}"
        case _:
            return f"{step.verb} {step.arn}"


def _step_to_json(step: Step) -> dict[str, Any]:
    fields = {"verb": step.verb, "arn": step.arn, "because": step.because}
    match step:
        case Confirm() | Move() | Strand():
            return {**fields, "dependent": step.dependent.arn, "to": step.to_arn}
        case MarkSuperseded():
            return {**fields, "by": step.by_arn}
        case Publish():
            return {**fields, "parameters": [str(each) for each in step.publication.parameters]}
        case _:
            return fields


def _lines(plan: Plan) -> Iterator[str]:
    yield f"{plan.secret} version {plan.version}"
    yield from _finding_lines(plan.findings)
    if plan.is_refused:
        yield "  refused: nothing will be changed in any Region"
        return
    for region in plan.regions:
        yield from _region_lines(region)
    if plan.is_held:
        yield "  on hold: planned only"


def _region_lines(region: RegionPlan) -> Iterator[str]:
    yield f"  {region.region}{'' if region.steps else ': nothing to do'}"
    yield from (f"  {line}" for line in _finding_lines(region.findings))
    yield from (f"    note: {each}" for each in region.notes)
    yield from (f"    {describe_step(step)}, because {step.because}" for step in region.steps)


def _finding_lines(findings: Iterable[Finding]) -> Iterator[str]:
    return (f"  {each}" for each in findings)
