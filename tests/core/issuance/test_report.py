"""The report of a look, and the mail about a certificate that is not issued."""

from __future__ import annotations

from datetime import timedelta

from certrotation.core.findings import Code, refuse
from certrotation.core.issuance.renewal import Renewal, Rule
from certrotation.core.issuance.report import EXPLAINED, Looked, LookReport, State
from certrotation.core.notify.issuance_notice import issuance_notice
from tests.core.samples import DAY, NOW

HOUR = timedelta(hours=1)
FINDING = refuse(Code.ISSUANCE_REFUSED, "No.", advice="Ask.")
DUE = Renewal(NOW - DAY, Rule.THIRD_LEFT, "https://ca.example/why")
LATER = Renewal(NOW + DAY, Rule.THIRD_LEFT)


def looked(state: State = State.CURRENT, **members: object) -> Looked:
    return Looked(secret="certrotation/shop", state=state, **members)  # type: ignore[arg-type]  # the test's own


def test_the_metrics_count_what_is_due_failing_and_stalled() -> None:
    report = LookReport(
        looked=[
            looked(renewal=LATER, left=30 * DAY),
            looked(State.STARTED, renewal=DUE, left=30 * DAY),
            looked(State.WAITING, renewal=DUE, left=2 * DAY, finding=FINDING, since=0),
            looked(State.STARTED, renewal=DUE),
            looked(State.FAILED, error="AWS is dark."),
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
        "finding": FINDING.to_json(),
        "error": None,
    }
    assert summary["secrets"][3]["renewal_at"] is None


def test_of_many_secrets_the_summary_explains_some_and_counts_the_rest() -> None:
    many = [looked(State.STARTED, renewal=DUE)] * (EXPLAINED + 3)
    summary = LookReport(looked=many, now=NOW).summary()
    assert (len(summary["secrets"]), summary["unexplained"]) == (EXPLAINED, 3)


def test_a_finding_of_a_look_is_mailed_at_once_and_then_once_a_day() -> None:
    since = int(NOW.timestamp())
    found = looked(State.REFUSED, finding=FINDING, since=since)
    hours = [each for each in range(60) if found.is_reminded(NOW + each * HOUR, HOUR)]
    assert hours == [0, 24, 48]
    attempt = looked(State.WAITING, finding=FINDING, since=since)
    hours = [each for each in range(60) if attempt.is_reminded(NOW + each * HOUR, HOUR)]
    assert hours == [24, 48]
    assert not looked().is_reminded(NOW, HOUR)
    assert not looked(State.REFUSED, finding=FINDING).is_reminded(NOW, HOUR)


def test_the_mail_has_the_cas_sentence_and_the_heading_of_the_runbook() -> None:
    mail = issuance_notice("stack", "certrotation/shop", FINDING)
    assert mail.subject == "stack: not issued certrotation/shop"
    assert "Found: No." in mail.body
    assert "Remedy: Ask." in mail.body
    assert 'docs/runbook.md, "IssuanceFailing: an issuer does not issue certificates".' in mail.body
    linked = issuance_notice("stack", "x", FINDING, runbook_url="https://wiki.example/runbook")
    assert "https://wiki.example/runbook#issuancefailing" in linked.body
