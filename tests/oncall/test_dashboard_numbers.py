"""What the numbers of the dashboard say, also after scans have stopped."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.infra.dashboard_body import widgets_of
from tests.oncall.conftest import STACK
from tests.oncall.dashboard_numbers import Reader
from tests.oncall.metric_store import Metric, MetricStore
from tests.oncall.watch import DEPLOYED

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tests.infra.synthesis import Template
    from tests.oncall.metric_math import Series

pytestmark = pytest.mark.infra


@pytest.fixture
def template(stack_at: Callable[[int], Template]) -> Template:
    return stack_at(60)


MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def number(template: Template, title: str, store: MetricStore, until: datetime) -> Series:
    (widget,) = [each for each in widgets_of(template) if each.title == title]
    return Reader(store=store, until=until, shown=7 * DAY).number(widget)


def put(store: MetricStore, name: str, at: datetime, value: float) -> None:
    store.put(Metric.of("CertRotation", name, {"service": STACK}), at, value)


@pytest.mark.parametrize("since", [MINUTE, 40 * MINUTE, 3 * HOUR, 2 * DAY])
def test_how_long_the_last_scan_is_ago_goes_on_growing_when_scans_have_stopped(
    template: Template, since: timedelta
) -> None:
    store = MetricStore()
    for hour in range(3):
        put(store, "ScanCompleted", DEPLOYED + hour * HOUR, 1)

    shown = number(template, "Are scans running?", store, DEPLOYED + 2 * HOUR + since)

    assert shown[-1] is not None
    assert abs(shown[-1] * MINUTE - since) <= 5 * MINUTE
    assert max(each for each in shown if each is not None) <= max(since, HOUR) / MINUTE + 5


def test_before_the_first_scan_there_is_no_such_number(template: Template) -> None:
    assert not any(number(template, "Are scans running?", MetricStore(), DEPLOYED))


def test_what_the_last_scan_said_stays_there_when_scans_have_stopped(template: Template) -> None:
    store = MetricStore()
    put(store, "DaysToExpiryMin", DEPLOYED, 9)
    put(store, "DaysToExpiryMin", DEPLOYED + HOUR, 8)

    assert number(template, "First expiry", store, DEPLOYED + DAY)[-1] == 8
