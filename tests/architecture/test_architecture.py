"""The picture of the architecture is drawn from its source, and names what the stack has."""

from __future__ import annotations

import tomllib
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.architecture.__main__ import DOCS, PICTURE, SOURCE
from tests.architecture.drawing import svg_of

TEXT = SOURCE.read_text(encoding="utf-8")
DRAWN: dict[str, Any] = tomllib.loads(TEXT)


def test_the_picture_is_what_the_source_draws() -> None:
    assert PICTURE.read_text(encoding="utf-8") == svg_of(TEXT), "run `make architecture`"


def test_the_picture_is_readable_as_a_document() -> None:
    root = ET.fromstring(PICTURE.read_bytes())  # noqa: S314  our own file

    said = {each.text for each in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {box["label"] for box in DRAWN["boxes"]} <= said
    assert root.find("{http://www.w3.org/2000/svg}desc") is not None


def test_everything_is_on_the_picture_and_no_box_is_on_another() -> None:
    boxes = [
        (box["x"], box["y"], box["x"] + box.get("width", 152), box["y"] + 64)
        for box in DRAWN["boxes"]
    ]
    points = [tuple(point) for arrow in DRAWN["arrows"] for point in arrow["points"]]

    for left, top, right, bottom in boxes:
        assert 0 < left < right < DRAWN["width"]
        assert 0 < top < bottom < DRAWN["height"]
        overlapping = [
            each
            for each in boxes
            if each[0] < right and left < each[2] and each[1] < bottom and top < each[3]
        ]
        assert overlapping == [(left, top, right, bottom)]
    assert all(0 < x < DRAWN["width"] and 0 < y < DRAWN["height"] for x, y in points)


@pytest.mark.parametrize("document", ["../README.md", "lifecycle.md"])
def test_the_picture_is_shown(document: str) -> None:
    assert "architecture.svg)" in (DOCS / document).read_text(encoding="utf-8")
