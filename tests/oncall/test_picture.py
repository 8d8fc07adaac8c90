"""The picture of the dashboard in the documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.infra.synthesis import synthesize_once
from tests.oncall.picture.__main__ import PICTURE, SETTINGS, digest, draw

if TYPE_CHECKING:
    from pathlib import Path

    from tests.infra.synthesis import Template

pytestmark = pytest.mark.infra


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return synthesize_once(tmp_path_factory, "picture", SETTINGS)


def test_the_documents_show_the_dashboard_as_it_is(template: Template) -> None:
    """`make picture` draws it anew."""
    with Image.open(PICTURE) as picture:
        assert picture.info["dashboard"] == digest(template)
    assert PICTURE.stat().st_size < 300_000


@pytest.mark.slow
def test_it_can_be_drawn_anew(template: Template, tmp_path: Path) -> None:
    draw(template, tmp_path / "dashboard.png")

    with Image.open(tmp_path / "dashboard.png") as drawn, Image.open(PICTURE) as picture:
        assert drawn.size == picture.size
        assert drawn.info == picture.info
