"""What the dashboard's numbers say, and the picture of it in the documents."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.infra.dashboard_body import widgets_of
from tests.infra.synthesis import synthesize_once
from tests.oncall.metric_store import Metric, MetricStore
from tests.oncall.picture.__main__ import PICTURE, SETTINGS, digest, draw
from tests.oncall.picture.reader import Curve, Reader
from tests.oncall.watch import DEPLOYED

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tests.infra.synthesis import Template

pytestmark = pytest.mark.infra


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return synthesize_once(tmp_path_factory, "picture", SETTINGS)


MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def number(template: Template, title: str, store: MetricStore, until: datetime) -> Curve:
    (widget,) = [each for each in widgets_of(template) if each.title == title]
    (curve,) = Reader(store=store, until=until, shown=7 * DAY).curves(widget)
    return curve


def put(store: MetricStore, name: str, at: datetime, value: float) -> None:
    store.put(Metric.of("CertRotation", name, {"service": "certrotation"}), at, value)


@pytest.mark.parametrize("since", [MINUTE, 40 * MINUTE, 3 * HOUR, 2 * DAY])
def test_how_long_the_last_scan_is_ago_goes_on_growing_when_scans_have_stopped(
    template: Template, since: timedelta
) -> None:
    store = MetricStore()
    for hour in range(3):
        put(store, "ScanCompleted", DEPLOYED + hour * HOUR, 1)

    shown = number(template, "Are scans running?", store, DEPLOYED + 2 * HOUR + since)

    assert shown.last is not None
    assert abs(shown.last * MINUTE - since) <= 5 * MINUTE
    assert max(each for each in shown.values if each is not None) <= max(since, HOUR) / MINUTE + 5


def test_before_the_first_scan_there_is_no_such_number(template: Template) -> None:
    assert number(template, "Are scans running?", MetricStore(), DEPLOYED).last is None


def test_what_the_last_scan_said_stays_there_when_scans_have_stopped(template: Template) -> None:
    store = MetricStore()
    put(store, "DaysToExpiryMin", DEPLOYED, 9)
    put(store, "DaysToExpiryMin", DEPLOYED + HOUR, 8)

    assert number(template, "First expiry", store, DEPLOYED + DAY).last == 8


def test_the_documents_show_the_dashboard_as_it_is(template: Template) -> None:
    """`make picture` draws it anew."""
    with Image.open(PICTURE) as picture:
        assert picture.info["dashboard"] == digest(template)
    assert PICTURE.stat().st_size < 300_000


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_it_can_be_drawn_anew(template: Template, tmp_path: Path) -> None:
    draw(template, tmp_path / "dashboard.png")

    with Image.open(tmp_path / "dashboard.png") as drawn, Image.open(PICTURE) as picture:
        assert drawn.size == picture.size
        assert drawn.info == picture.info
