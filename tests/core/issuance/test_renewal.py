"""When a certificate is renewed, and which rule decides."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certrotation.core.estate.expiry_windows import WindowPolicy, windows_of
from certrotation.core.issuance.renewal import (
    CaWindow,
    Renewal,
    Rule,
    Validity,
    asked_by_request,
    is_window_asked,
    renewal_of,
    without_window,
)
from certrotation.core.material.certificate_request import CertificateRequest
from certrotation.core.material.x509_facts import KeyAlgorithm
from tests.core.samples import DAY, LEAF, NOW

HOUR = timedelta(hours=1)
POLICY = WindowPolicy()


def validity(lifetime: timedelta, identity: str = "aki.serial") -> Validity:
    return Validity(NOW, NOW + lifetime, identity)


def renewal(
    lifetime: timedelta, window: CaWindow | None = None, *, at_edge: bool = False
) -> Renewal:
    return renewal_of(validity(lifetime), POLICY, window=window, may_be_at_edge=at_edge)


@pytest.mark.parametrize(
    ("lifetime", "at_edge", "left", "rule"),
    [
        (90 * DAY, False, 30 * DAY, Rule.THIRD_LEFT),
        (90 * DAY, True, 30 * DAY, Rule.THIRD_LEFT),
        (45 * DAY, False, 15 * DAY, Rule.THIRD_LEFT),
        (10 * DAY, False, 10 * DAY / 3, Rule.THIRD_LEFT),
        (160 * HOUR, False, 80 * HOUR, Rule.HALF_LEFT),
        (160 * HOUR, True, 80 * HOUR, Rule.HALF_LEFT),
        (6 * DAY - HOUR, True, 72 * HOUR, Rule.EDGE_LEAD),
        (DAY, False, 12 * HOUR, Rule.HALF_LEFT),
        (DAY, True, 16 * HOUR, Rule.EDGE_LEAD),
    ],
)
def test_without_a_window_of_the_ca_a_share_of_the_lifetime_decides(
    lifetime: timedelta,
    at_edge: bool,  # noqa: FBT001  a table
    left: timedelta,
    rule: Rule,
) -> None:
    found = renewal(lifetime, at_edge=at_edge)
    assert (NOW + lifetime - found.at, found.rule) == (left, rule)
    assert not found.is_due(found.at - timedelta(seconds=1))
    assert found.is_due(found.at)


def test_a_longer_warning_window_than_a_third_decides() -> None:
    policy = WindowPolicy(warning_fraction=0.5, warning_cap=400 * DAY)
    found = renewal_of(validity(90 * DAY), policy, window=None, may_be_at_edge=False)
    assert (NOW + 90 * DAY - found.at, found.rule) == (45 * DAY, Rule.WARNING_WINDOW)


def test_the_cas_window_decides_even_if_it_is_later_than_a_third() -> None:
    window = CaWindow(NOW + 65 * DAY, NOW + 67 * DAY, "https://ca.example/why")
    found = renewal(90 * DAY, window)
    assert found.rule is Rule.CA_WINDOW
    assert window.start <= found.at < window.end
    assert found.explanation == "https://ca.example/why"


def test_a_window_in_the_past_is_due_at_once() -> None:
    found = renewal(90 * DAY, CaWindow(NOW - 2 * DAY, NOW - DAY))
    assert found.rule is Rule.CA_WINDOW
    assert found.is_due(NOW)


def test_a_window_that_ends_before_it_begins_counts_from_its_start() -> None:
    assert renewal(90 * DAY, CaWindow(NOW + 2 * DAY, NOW + DAY)).at == NOW + 2 * DAY


def test_the_warning_window_is_the_latest_whatever_the_ca_says() -> None:
    late = CaWindow(NOW + 89 * DAY, NOW + 90 * DAY)
    opens = windows_of(NOW, NOW + 90 * DAY, POLICY).warning_opens
    assert renewal(90 * DAY, late) == Renewal(opens, Rule.WARNING_WINDOW)
    assert without_window(validity(90 * DAY), POLICY, may_be_at_edge=False) == Renewal(
        opens, Rule.WARNING_WINDOW
    )


@given(
    hours=st.integers(1, 24 * 400),
    identity=st.text(),
    start=st.integers(-1000, 10_000),
    length=st.integers(-10, 500),
    at_edge=st.booleans(),
)
def test_every_look_computes_the_same_moment_and_none_later_than_the_warning_window(
    hours: int,
    identity: str,
    start: int,
    length: int,
    at_edge: bool,  # noqa: FBT001  drawn
) -> None:
    valid = validity(hours * HOUR, identity)
    window = CaWindow(NOW + start * HOUR, NOW + (start + length) * HOUR)
    found = renewal_of(valid, POLICY, window=window, may_be_at_edge=at_edge)
    assert found == renewal_of(valid, POLICY, window=window, may_be_at_edge=at_edge)
    assert found.at <= windows_of(NOW, valid.not_after, POLICY).warning_opens
    if found.rule is Rule.CA_WINDOW:
        assert window.start <= found.at <= max(window.start, window.end)


def test_many_certificates_of_one_day_are_spread_over_the_window() -> None:
    window = CaWindow(NOW + 60 * DAY, NOW + 62 * DAY)
    points = sorted(
        renewal_of(
            validity(90 * DAY, f"aki.{number}"), POLICY, window=window, may_be_at_edge=False
        ).at
        for number in range(200)
    )
    halves = sum(each < NOW + 61 * DAY for each in points)
    assert 70 < halves < 130


@pytest.mark.parametrize("identity", ["a", "b", "c", "d"])
def test_the_ca_is_asked_every_six_hours_and_not_after_the_expiry(identity: str) -> None:
    valid = validity(90 * DAY, identity)
    asked = [is_window_asked(valid, NOW + number * HOUR) for number in range(48)]
    assert sum(asked) == 8
    assert all(a == b for a, b in zip(asked, asked[6:], strict=False))
    later: list[datetime] = [valid.not_after + number * HOUR for number in range(6)]
    assert not any(is_window_asked(valid, each) for each in later)


def test_a_certificate_of_a_day_is_asked_about_at_every_look() -> None:
    assert all(is_window_asked(validity(DAY), NOW + number * HOUR) for number in range(24))


def test_a_request_asks_at_once_for_a_first_certificate_a_new_name_and_another_key() -> None:
    leaf = LEAF.certificate
    same = CertificateRequest(("www.example.com",))
    assert asked_by_request(None, None) is None
    assert asked_by_request(None, leaf) is None
    assert asked_by_request(same, None) is Rule.FIRST
    assert asked_by_request(same, leaf) is None
    assert asked_by_request(same._replace(key=KeyAlgorithm.EC_PRIME256V1), leaf) is None
    assert asked_by_request(same._replace(key=KeyAlgorithm.RSA_2048), leaf) is Rule.REQUEST_CHANGED
    more = CertificateRequest(("a.example.com", "www.example.com"))
    assert asked_by_request(more, leaf) is Rule.REQUEST_CHANGED
    two = CertificateRequest(("*.example.com",))
    assert asked_by_request(two, leaf) is Rule.REQUEST_CHANGED
