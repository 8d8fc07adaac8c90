"""The inventory as a page: a timeline of the coming year, and a table to filter."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from certrotation.cli.inventory.rows import Window
from certrotation.cli.pages import element, facts, page, text
from certrotation.cli.untrusted import for_html

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from certrotation.cli.inventory.rendering import View
    from certrotation.cli.inventory.rows import Row

_YEAR = timedelta(days=365)
_WEEKS = 53
_LONGEST_LABEL = 44
"""Characters that fit beside a lane."""
_MOST_LANES = 60
"""How many certificates have a line of their own in the timeline."""
_WIDTH, _LABEL, _LANE, _TOP, _BARS = 1100, 300, 20, 24, 70
_CLASSES = {
    Window.EXPIRED: "critical",
    Window.CRITICAL: "critical",
    Window.WARNING: "warning",
    Window.OPEN: "ok",
}
_COLUMNS = (
    "Names",
    "Region",
    "Days",
    "Expires",
    "Key",
    "Issuer",
    "State",
    "Secret",
    "Used by",
    "Next",
)


def inventory_page(view: View) -> str:
    """Return the page."""
    return page("Imported certificates", view.at, _body(view))


def _body(view: View) -> Iterator[str]:
    where = f"stack {view.stack}, {view.mode} mode" if view.stack else "nothing is deployed"
    yield facts(
        (
            where,
            f"{len(view.target_regions)} Regions: {', '.join(view.target_regions)}",
            *(f"{count:,} {state}" for state, count in view.states.items() if count),
        )
    )
    for region, reason in view.unreachable.items():
        yield text("p", f"{region} cannot be read: {reason}", class_="critical") + "\n"
    for secret, reason in view.unknown_sources.items():
        yield text("p", f"The version of {secret} is not known: {reason}") + "\n"
    yield from _timeline(view)
    yield from _table(view)
    yield from _groups(view)
    if view.findings:
        yield "<h2>Findings</h2>\n"
        for each in view.findings:
            yield text("p", f"{each.code} ({each.severity}): {each.found} {each.remedy}") + "\n"


def _timeline(view: View) -> Iterator[str]:
    """Draw when certificates in use, or managed ones, expire within a year, and their windows."""
    watched = sorted(
        (row for row in view.shown if row.is_hit or row.status.state.is_managed),
        key=lambda row: row.status.certificate.not_after,
    )
    coming = [row for row in watched if row.status.certificate.not_after < view.at + _YEAR]
    yield '<h2 id="year">The coming year</h2>\n'
    if not coming:
        yield "<p>No watched certificate expires within a year.</p>\n"
        return
    lanes = coming[:_MOST_LANES]
    critical = sum(_is_in(row, Window.EXPIRED, Window.CRITICAL) for row in coming)
    warning = sum(_is_in(row, Window.WARNING) for row in coming)
    said = (
        f"{len(coming):,} watched certificates expire within a year: {critical:,} are in their"
        f" critical window or expired, {warning:,} in their warning window."
    )
    more = len(coming) - len(lanes)
    if more:
        said += f" The next {len(lanes)} have a line of their own; the columns count all."
    yield text("p", said)
    legend = (
        "A line begins when the warning window opens, is thick from the begin of the critical"
        " window, and ends with a mark at the expiry. The table below has the same certificates."
    )
    yield text("p", legend, class_="quiet") + "\n"
    height = _TOP + _BARS + 12 + len(lanes) * _LANE + 8
    content = "".join((*_months(view.at, height), *_bars(coming, view.at), *_lanes(lanes, view.at)))
    yield '<div class="scroll" tabindex="0" role="region" aria-labelledby="year">'
    yield (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{for_html(said)}"'
        f' preserveAspectRatio="xMinYMin meet">{content}</svg></div>\n'
    )


def _is_in(row: Row, *windows: Window) -> bool:
    return row.window in windows


def _x(at: datetime, now: datetime) -> float:
    share = (at - now) / _YEAR
    return round(_LABEL + max(0.0, min(1.0, share)) * (_WIDTH - _LABEL - 10), 1)


def _months(now: datetime, height: int) -> Iterator[str]:
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(12):
        month = (month + timedelta(days=32)).replace(day=1)
        x = _x(month, now)
        yield f'<line class="axis" x1="{x}" y1="{_TOP - 4}" x2="{x}" y2="{height}"/>'
        yield f'<text class="quiet" x="{x + 3}" y="{_TOP - 8}">{month:%b %Y}</text>'


def _bars(rows: Sequence[Row], now: datetime) -> Iterator[str]:
    """Yield a column for each week: how many expire."""
    counts = [0] * _WEEKS
    for row in rows:
        week = max(0, (row.status.certificate.not_after - now).days // 7)
        counts[min(week, _WEEKS - 1)] += 1
    base, most = _TOP + _BARS, max(counts)
    yield f'<text x="0" y="{base - 4}">Expire, by week (most: {most:,})</text>'
    for week, count in enumerate(counts):
        if count:
            left = _x(now + timedelta(weeks=week), now)
            width = max(2.0, _x(now + timedelta(weeks=week + 1), now) - left - 2)
            high = max(3.0, round(count / most * (_BARS - 8), 1))
            title = f"<title>{now + timedelta(weeks=week):%Y-%m-%d}: {count:,}</title>"
            yield _rect("ok", left, base - high, width, high, title)


def _lanes(rows: Sequence[Row], now: datetime) -> Iterator[str]:
    """Yield a line for each certificate."""
    for number, row in enumerate(rows):
        certificate, windows = row.status.certificate, row.status.windows
        y = _TOP + _BARS + 12 + number * _LANE
        start, critical, end = (
            _x(each, now)
            for each in (windows.warning_opens, windows.critical_opens, certificate.not_after)
        )
        name = row.names[0] if row.names else "(no names)"
        label = f"{name} {certificate.region}"
        shown = label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}\u2026"
        kind = _CLASSES[row.window]
        title = (
            f"{label}: warning from {windows.warning_opens:%Y-%m-%d}, critical from"
            f" {windows.critical_opens:%Y-%m-%d}, expires {certificate.not_after:%Y-%m-%d}"
        )
        yield (
            f"<g><title>{for_html(title)}</title>"
            f'<text x="0" y="{y + 11}">{for_html(shown)}</text>'
            f"{_rect(kind, start, y + 5, max(0.0, critical - start), 4)}"
            f"{_rect(kind, critical, y + 2, max(2.0, end - critical), 10)}"
            f"{_rect('end', end, y, 2, 14)}</g>"
        )


def _rect(kind: str, x: float, y: float, width: float, height: float, content: str = "") -> str:  # noqa: PLR0913, PLR0917  a rectangle
    place = f'x="{x}" y="{y:.1f}" width="{width:.1f}" height="{height}"'
    return f'<rect class="{kind}" {place}>{content}</rect>'


def _table(view: View) -> Iterator[str]:
    yield '<h2 id="table">Certificates</h2>\n'
    states = sorted({row.state for row in view.shown})
    regions = sorted({row.status.certificate.region for row in view.shown})
    windows = [each.value for each in Window if any(row.window is each for row in view.shown)]
    yield '<div class="filters" hidden>'
    yield (
        '<label>Search <input type="search" data-filter="text" placeholder="name, secret, ARN'
        '"></label>'
    )
    for label, key, values in (
        ("State", "state", states),
        ("Region", "region", regions),
        ("Window", "window", windows),
        ("In use", "used", ["yes", "no"]),
    ):
        options = "".join(text("option", each, value=each) for each in values)
        yield (
            f'<label>{label} <select data-filter="{key}"><option value="">all</option>{options}'
            "</select></label>"
        )
    yield '<p id="count" role="status" class="quiet"></p></div>\n'
    heads = "".join(
        f'<th scope="col"><button type="button">{each}</button></th>' for each in _COLUMNS
    )
    yield (
        '<div class="scroll" tabindex="0" role="region" aria-labelledby="table">'
        f'<table id="certificates"><thead><tr>{heads}</tr></thead>\n<tbody>\n'
    )
    for row in view.shown:
        yield _tr(row)
    yield "</tbody></table></div>\n"


def _tr(row: Row) -> str:
    status, certificate = row.status, row.status.certificate
    kind = _CLASSES[row.window] if row.is_hit else ""
    names = for_html(", ".join(row.names) or "(no names)")
    window = "" if row.window is Window.OPEN else f" {row.window}"
    cells = (
        f'<td class="wide">{names}<br><code>{for_html(row.arn)}</code></td>',
        text("td", certificate.region, class_="keep"),
        f'<td class="number {kind}" data-key="{row.days}">{row.days}{window}</td>',
        text(
            "td",
            f"{certificate.not_after:%Y-%m-%d}",
            class_="keep",
            data_key=str(int(certificate.not_after.timestamp())),
        ),
        text("td", row.facts.key or "-"),
        text("td", row.facts.issuer or "-"),
        text("td", row.state),
        text("td", status.marks.secret or "-"),
        text("td", row.used_by),
        text("td", row.next, class_="wide"),
    )
    return (
        element(
            "tr",
            "".join(cells),
            data_state=row.state,
            data_region=certificate.region,
            data_window=row.window.value,
            data_used="yes" if certificate.in_use else "no",
        )
        + "\n"
    )


def _groups(view: View) -> Iterator[str]:
    if not view.groups:
        return
    yield '<h2 id="groups">Certificates without a secret, by site</h2>\n'
    heads = "".join(
        f'<th scope="col"><span>{each}</span></th>'
        for each in ("Proposed secret", "Names", "Key", "Certificates", "Regions", "Tags")
    )
    yield (
        '<div class="scroll" tabindex="0" role="region" aria-labelledby="groups">'
        f"<table><thead><tr>{heads}</tr></thead>\n<tbody>\n"
    )
    for group in view.groups:
        yield (
            element(
                "tr",
                text("td", group.secret)
                + text("td", ", ".join(group.names) or "-")
                + text("td", group.key or "-")
                + text("td", f"{len(group.rows)}, {len(group.used)} in use")
                + text("td", ", ".join(group.regions))
                + text(
                    "td", ", ".join(f"{key}={value}" for key, value in group.tags.items()) or "-"
                ),
            )
            + "\n"
        )
    yield "</tbody></table></div>\n"
