"""Plans as text: per secret and Region, each step with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.cli.checking import print_findings
from certrotation.cli.forecasting import show as show_forecast
from certrotation.cli.output import Styled
from certrotation.cli.planning import region_errors
from certrotation.core.rotation.rendering import describe_step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certrotation.cli.output import Output
    from certrotation.cli.planning import Planned
    from certrotation.core.rotation.plan import RegionPlan


def show_plans(plans: Sequence[Planned], output: Output) -> None:
    """Print every plan."""
    for number, each in enumerate(plans):
        if number:
            output.say()
        _show_plan(each, output)


def summary_of(planned: Planned) -> str:
    """Return what would happen to a secret, in a few words."""
    if planned.unseen is not None:
        return "unknown: the source of the secret was not seen"
    if planned.error is not None and planned.outcome.plan is None:
        return "cannot be planned"
    if planned.outcome.plan is None or planned.outcome.plan.is_refused:
        return "refused: nothing would be changed in any Region"
    changed = [each.region for each in planned.outcome.plan.regions if each.steps]
    refused = [each.region for each in planned.outcome.plan.regions if each.is_refused]
    parts = [f"would change {', '.join(changed)}"] if changed else []
    parts += [f"refused in {', '.join(refused)}"] if refused else []
    if planned.is_held and changed:
        parts.append("on hold: planned only")
    return "; ".join(parts) or "nothing to do"


def _show_plan(planned: Planned, output: Output) -> None:
    outcome = planned.outcome
    style = "bold red" if planned.is_refused or planned.error else "bold"
    output.say([Styled(planned.secret, style), f": {summary_of(planned)}"])
    if outcome.error is not None:
        output.say(str(outcome.error), indent=2)
    print_findings(output, outcome.plan.findings if outcome.plan else outcome.findings, indent=2)
    for region in outcome.plan.regions if outcome.plan else ():
        _show_region(region, output)
    for name, error in region_errors(planned).items():
        output.say([Styled(name, "bold"), f": {error}"], indent=2)
    if planned.forecast is not None:
        show_forecast(planned.forecast, output, indent=2)


def _show_region(region: RegionPlan, output: Output) -> None:
    if not (region.steps or region.findings or region.notes):
        output.say([Styled(region.region, "bold"), ": nothing to do"], indent=2)
        return
    output.say(Styled(region.region, "bold"), indent=2)
    print_findings(output, region.findings, indent=4)
    for each in region.notes:
        output.say(f"note: {each}", indent=4)
    for step in region.steps:
        output.say([describe_step(step), Styled(f", because {step.because}", "dim")], indent=4)
