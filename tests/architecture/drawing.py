"""Turns docs/architecture.toml into SVG: boxes, groups and arrows at the places that it states."""

from __future__ import annotations

import tomllib
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_BOX_WIDTH, _BOX_HEIGHT = 152, 64
_CORNER = 8

# A viewer that knows the reader's scheme draws the picture in it; the card behind it makes the
# picture readable on any page.
_STYLE = """
text { font-family: -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
.card { fill: #ffffff; stroke: #d0d7de; }
.group { fill: #f6f8fa; stroke: #d0d7de; stroke-dasharray: 4 4; }
.group-label, .detail, .label { fill: #57606a; }
.title, .name { fill: #1f2328; }
.title { font-size: 20px; font-weight: 600; }
.name { font-size: 13.5px; font-weight: 600; }
.group-label { font-size: 13px; font-weight: 600; }
.detail, .label { font-size: 12px; }
.service { fill: #ffffff; stroke: #8c959f; }
.function { fill: #ddf4ff; stroke: #0969da; stroke-width: 2; }
.person { fill: #fff8c5; stroke: #bf8700; }
.flow, .read { fill: none; stroke: #424a53; stroke-width: 1.6; }
.read { stroke-dasharray: 5 4; stroke: #6e7781; }
.head { fill: #424a53; }
@media (prefers-color-scheme: dark) {
  .card { fill: #0d1117; stroke: #30363d; }
  .group { fill: #161b22; stroke: #30363d; }
  .group-label, .detail, .label { fill: #9198a1; }
  .title, .name { fill: #f0f6fc; }
  .service { fill: #0d1117; stroke: #656c76; }
  .function { fill: #0c2d6b; stroke: #4493f8; }
  .person { fill: #341a00; stroke: #d29922; }
  .flow { stroke: #b7bdc8; }
  .read { stroke: #9198a1; }
  .head { fill: #b7bdc8; }
}
"""


def svg_of(source: str) -> str:
    """Return the picture that the source, a TOML document, describes."""
    picture = tomllib.loads(source)
    return "\n".join(_lines(picture)) + "\n"


def _lines(picture: Mapping[str, Any]) -> Iterator[str]:
    width, height = picture["width"], picture["height"]
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" role="img" aria-labelledby="title description">'
    )
    yield "<!-- Drawn by `make architecture` from docs/architecture.toml. -->"
    yield f'<title id="title">{escape(picture["title"])}</title>'
    yield f'<desc id="description">{escape(picture["description"])}</desc>'
    yield f"<style>{_STYLE}</style>"
    yield (
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7"'
        ' markerHeight="7" orient="auto"><path class="head" d="M0 0 8 4 0 8z"/></marker></defs>'
    )
    yield _rectangle("card", 1, 1, width - 2, height - 2)
    yield _text("title", 20, 38, picture["title"])
    for group in picture["groups"]:
        yield _rectangle("group", group["x"], group["y"], group["width"], group["height"])
        yield _text("group-label", group["x"] + 14, group["y"] + 24, group["label"])
    for arrow in picture["arrows"]:
        yield _arrow(arrow["kind"], arrow["points"])
    for box in picture["boxes"]:
        yield from _box(box)
    # On top, so that no line crosses a word.
    for arrow in picture["arrows"]:
        if "label" in arrow:
            x, y = arrow["at"]
            yield _text("label", x, y, arrow["label"], anchor=arrow.get("anchor", "start"))
    for entry in picture["legend"]:
        x, y = entry["x"], entry["y"]
        yield _arrow(entry["kind"], [(x, y), (x + 36, y)])
        yield _text("label", x + 46, y + 4, entry["label"])
    yield "</svg>"


def _box(box: Mapping[str, Any]) -> Iterator[str]:
    x, y, width = box["x"], box["y"], box.get("width", _BOX_WIDTH)
    middle = x + width / 2
    yield _rectangle(box["kind"], x, y, width, _BOX_HEIGHT)
    yield _text("name", middle, y + 28, box["label"], anchor="middle")
    yield _text("detail", middle, y + 47, box["detail"], anchor="middle")


def _rectangle(kind: str, x: float, y: float, width: float, height: float) -> str:
    return (
        f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="{_CORNER}"/>'
    )


def _arrow(kind: str, points: Sequence[Sequence[float]]) -> str:
    path = " ".join(f"{x},{y}" for x, y in points)
    return f'<polyline class="{kind}" points="{path}" marker-end="url(#head)"/>'


def _text(kind: str, x: float, y: float, text: str, *, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'
