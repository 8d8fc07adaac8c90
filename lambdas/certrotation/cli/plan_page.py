"""Plans as a page, for a change request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.cli.forecasting import lines_of
from certrotation.cli.pages import element, facts, page, text
from certrotation.cli.plan_rendering import summary_of
from certrotation.cli.planning import region_errors
from certrotation.core.findings import Severity
from certrotation.core.rotation.rendering import describe_step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from certrotation.cli.planning import Planned
    from certrotation.core.findings import Finding
    from certrotation.core.issuance.forecast import Forecast
    from certrotation.core.rotation.plan import RegionPlan

_CLASSES = {Severity.REFUSE: "critical", Severity.WARN: "warning", Severity.REPAIR: "ok"}


def plan_page(plans: Sequence[Planned], at: datetime, about: Sequence[str]) -> str:
    """Return the page.

    Args:
        plans: what would be done.
        at: when that was planned.
        about: facts on the account and the service.
    """
    return page("Planned rotations", at, _body(plans, about))


def _body(plans: Sequence[Planned], about: Sequence[str]) -> Iterator[str]:
    changed = sum(each.has_steps for each in plans)
    refused = sum(each.is_refused for each in plans)
    yield facts((*about, f"{len(plans):,} secrets", f"{changed:,} change", f"{refused:,} refused"))
    if not plans:
        yield "<p>No secret is due: every target Region presents what its secret holds.</p>\n"
    for each in plans:
        yield element("section", "".join(_plan(each)), class_="plan") + "\n"


def _plan(planned: Planned) -> Iterator[str]:
    outcome = planned.outcome
    yield text("h2", planned.secret)
    version = outcome.plan.version if outcome.plan else None
    is_wrong = planned.is_refused or planned.error is not None
    yield text("p", summary_of(planned), class_="critical" if is_wrong else "ok")
    if version:
        yield f"<p>Version {text('code', version)}, plan {text('code', planned.digest[:16])}</p>"
    if outcome.error is not None:
        yield text("p", str(outcome.error), class_="critical")
    yield _findings(outcome.plan.findings if outcome.plan else outcome.findings)
    for number, region in enumerate(outcome.plan.regions if outcome.plan else ()):
        yield from _region(region, is_canary=number == 0)
    for name, error in region_errors(planned).items():
        yield text("h3", name) + text("p", error, class_="critical")
    if planned.forecast is not None:
        yield from _next_issuance(planned.forecast)


def _next_issuance(found: Forecast) -> Iterator[str]:
    heading, *lines = lines_of(found)
    yield text("h3", f"{heading[0].upper()}{heading[1:]}")
    yield "".join(text("p", f"{each[0].upper()}{each[1:]}.") for each in lines)
    yield _findings([found.refusal] if found.refusal else [])


def _region(region: RegionPlan, *, is_canary: bool) -> Iterator[str]:
    yield text("h3", f"{region.region}{' (canary: goes first, alone)' if is_canary else ''}")
    yield _findings(region.findings)
    yield "".join(text("p", f"Left alone: {each}", class_="quiet") for each in region.notes)
    if not region.steps:
        yield "<p>Nothing to do.</p>"
        return
    rows = "".join(
        element(
            "tr",
            text("td", str(number), class_="number")
            + element("td", text("code", describe_step(step)))
            + text("td", step.because),
        )
        for number, step in enumerate(region.steps, start=1)
    )
    heads = "".join(
        f'<th scope="col"><span>{each}</span></th>' for each in ("No.", "Step", "Because")
    )
    label = f"Steps in {region.region}"
    yield element(
        "div",
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>",
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label=label,
    )


def _findings(findings: Sequence[Finding]) -> str:
    return "".join(
        element(
            "p",
            text(
                "strong", f"{each.severity.value} {each.code.value}", class_=_CLASSES[each.severity]
            )
            + text("span", f": {each.found} {each.remedy}"),
        )
        for each in findings
    )
