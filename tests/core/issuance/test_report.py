"""The report of a look, and the mail about a certificate that is not issued."""

from __future__ import annotations

from datetime import timedelta

import pytest

from certrotation.core.issuance.cause import Cause
from certrotation.core.issuance.renewal import Renewal, Rule
from certrotation.core.issuance.report import EXPLAINED, Looked, LookReport, State
from certrotation.core.notify.issuance_notice import issuance_notice
from tests.core.samples import DAY, NOW

HOUR = timedelta(hours=1)
REFUSED = Cause("ISSUANCE_REFUSED", "No.", "Ask.")
DARK = Cause("UNREACHABLE", "AWS is dark.", "Wait.")
DUE = Renewal(NOW - DAY, Rule.THIRD_LEFT, "https://ca.example/why")
SINCE = int(NOW.timestamp())
LATER = Renewal(NOW + DAY, Rule.THIRD_LEFT)


def looked(state: State = State.CURRENT, **members: object) -> Looked:
    return Looked(secret="certrotation/shop", state=state, **members)  # type: ignore[arg-type]  # the test's own


def test_the_metrics_count_what_is_due_failing_and_stalled() -> None:
    report = LookReport(
        looked=[
            looked(renewal=LATER, left=30 * DAY),
            looked(State.STARTED, renewal=DUE, left=30 * DAY),
            looked(State.WAITING, renewal=DUE, left=2 * DAY, cause=REFUSED, since=0),
            looked(State.STARTED, renewal=DUE),
            looked(State.FAILED, cause=DARK),
        ],
        now=NOW,
    )
    assert report.metrics() == {
        "IssuanceChecked": 1,
        "RenewalsWanted": 3,
        "IssuancesFailing": 2,
        "IssuancesStalled": 1,
    }
    summary = report.summary()
    assert summary["states"]["current"] == 1
    assert len(summary["secrets"]) == 4
    shown = summary["secrets"][1]
    assert shown == {
        "secret": "certrotation/shop",
        "state": "waiting",
        "renewal_at": int((NOW - DAY).timestamp()),
        "rule": "a third of the lifetime is left",
        "explanation": "https://ca.example/why",
        "finding": {
            "code": "ISSUANCE_REFUSED",
            "severity": "refuse",
            "found": "No.",
            "remedy": "Ask.",
        },
        "error": None,
        "left_records": None,
    }
    assert summary["secrets"][3]["renewal_at"] is None
    assert summary["secrets"][3]["finding"] is None
    assert summary["secrets"][3]["error"] == "UNREACHABLE: AWS is dark. Wait."


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("cause", [REFUSED, DARK])
def test_whatever_state_a_begun_issuance_has_its_failure_counts(state: State, cause: Cause) -> None:
    report = LookReport(looked=[looked(state, cause=cause, is_noted=True)], now=NOW)
    assert report.metrics()["IssuancesFailing"] == 1


@pytest.mark.parametrize(
    ("left", "stalled_after"),
    [
        # A first certificate.
        (None, 24 * HOUR),
        (30 * DAY, 10 * DAY),
        (HOUR, HOUR / 3),
        # The certificate had expired before the request was changed.
        (-DAY, timedelta()),
    ],
)
def test_an_issuance_is_stalled_a_third_of_what_is_left_after_it_was_due_and_a_first_one_in_a_day(
    left: timedelta | None, stalled_after: timedelta
) -> None:
    due = Renewal(NOW, Rule.FIRST if left is None else Rule.REQUEST_CHANGED)
    found = looked(State.STARTED, renewal=due, left=left)

    assert found.is_stalled(NOW + stalled_after + HOUR)
    assert not found.is_stalled(NOW + stalled_after) or stalled_after == timedelta()
    assert not looked(State.HELD).is_stalled(NOW)


def test_records_that_stay_are_named_whatever_state_the_secret_has() -> None:
    left = looked(left_records="Remove the TXT records of _acme-challenge.a.example by hand: no.")
    (shown,) = LookReport(looked=[looked(), left], now=NOW).summary()["secrets"]
    assert (shown["state"], shown["left_records"]) == ("current", left.left_records)


def test_of_many_secrets_the_summary_explains_some_and_counts_the_rest() -> None:
    many = [looked(State.STARTED, renewal=DUE)] * (EXPLAINED + 3)
    summary = LookReport(looked=many, now=NOW).summary()
    assert (len(summary["secrets"]), summary["unexplained"]) == (EXPLAINED, 3)


@pytest.mark.parametrize(
    ("found", "mailed_after"),
    [
        (looked(State.REFUSED, cause=REFUSED, since=SINCE), [0, 24, 48]),
        # The attempt has sent the first mail.
        (looked(State.WAITING, cause=REFUSED, since=SINCE, is_noted=True), [24, 48]),
        (looked(State.STARTED, cause=REFUSED, since=SINCE, is_noted=True), [24, 48]),
        # What may pass is mailed when it lasts.
        (looked(State.UNDER_WAY, cause=DARK, since=SINCE, is_noted=True), [2, 26, 50]),
        (looked(State.REFUSED, cause=REFUSED), []),
        (looked(), []),
    ],
)
def test_a_cause_is_mailed_at_once_or_when_it_lasts_and_then_once_a_day(
    found: Looked, mailed_after: list[int]
) -> None:
    hours = [each for each in range(60) if found.is_reminded(NOW + each * HOUR, HOUR)]
    assert hours == mailed_after


def test_the_mail_has_the_cas_sentence_and_the_heading_of_the_runbook() -> None:
    mail = issuance_notice("stack", "certrotation/shop", REFUSED)
    assert mail.subject == "stack: not issued certrotation/shop"
    assert "Found: No." in mail.body
    assert "Remedy: Ask." in mail.body
    assert 'docs/runbook.md, "IssuanceFailing: an issuer does not issue certificates".' in mail.body
    linked = issuance_notice("stack", "x", REFUSED, runbook_url="https://wiki.example/runbook")
    assert "https://wiki.example/runbook#issuancefailing" in linked.body
