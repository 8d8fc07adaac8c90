"""The weekly digest of issuances, section by section."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from certrotation.core.issuance.cause import Cause
from certrotation.core.issuance.issued import Issued
from certrotation.core.issuance.renewal import Renewal, Rule
from certrotation.core.issuance.report import Looked, LookReport, State
from certrotation.core.notify.issuance_digest import issuance_digest
from tests.core.samples import DAY, NOW, SECOND

if TYPE_CHECKING:
    from datetime import datetime

SHOP, WIKI = "certrotation/shop", "certrotation/wiki"


def issued(at: datetime, by: str = "letsencrypt") -> Issued:
    return Issued(by, Rule.CA_WINDOW, at, "version-1", NOW + 80 * DAY)


def looked(secret: str = SHOP, state: State = State.CURRENT, **more: object) -> Looked:
    return Looked(secret=secret, state=state, **more)  # type: ignore[arg-type]  # of this test


def sections(*found: Looked) -> dict[str, list[str]]:
    """The digest's lines by the title of their section; those before the first under ''."""
    lines: dict[str, list[str]] = {"": []}
    title = ""
    for line in issuance_digest("tls", LookReport(looked=found, now=NOW)).body.splitlines():
        if line.endswith(":") and not line.startswith(" "):
            title = line.removesuffix(":")
            lines[title] = []
        elif line:
            lines[title].append(line.removeprefix("  "))
    return lines


def test_what_was_issued_has_its_issuer_version_end_and_rule() -> None:
    found = sections(looked(issued=issued(NOW - 7 * DAY + SECOND)))

    assert found[""] == [
        "Stack tls, look of 2026-06-01 12:00 UTC.",
        "Secrets with an issuer: 1 current.",
    ]
    assert found["Issued in the last 7 days"] == [
        SHOP,
        "  issued by letsencrypt 2026-05-25 12:00 UTC, expires 2026-08-20 12:00 UTC",
        "  version version-1, because the CA's renewal window",
    ]
    assert found["Not issued"] == ["none"]


def test_what_is_older_than_a_week_or_was_not_issued_is_left_out() -> None:
    found = sections(looked(issued=issued(NOW - 7 * DAY)), looked(WIKI))
    assert found["Issued in the last 7 days"] == ["none"]
    assert sections()[""][1] == "Secrets with an issuer: none."


def test_a_failing_issuance_has_its_code_its_sentence_and_its_beginning() -> None:
    refused = Cause("ISSUANCE_REFUSED", "The CA refuses newOrder: no.", "Ask.")
    throttled = Cause("THROTTLED", "AWS throttles.", "Wait.")
    since = int((NOW - 2 * DAY).timestamp())
    found = sections(
        looked(state=State.WAITING, cause=refused, since=since),
        looked(WIKI, State.FAILED, cause=throttled),
    )

    assert found["Not issued"] == [
        SHOP,
        "  ISSUANCE_REFUSED: The CA refuses newOrder: no.",
        "  since 2026-05-30 12:00 UTC",
        WIKI,
        "  THROTTLED: AWS throttles.",
        'Follow docs/runbook.md, "IssuanceFailing: an issuer does not issue certificates".',
    ]


def test_renewals_of_the_coming_weeks_are_in_order_with_their_rules() -> None:
    found = sections(
        looked(renewal=Renewal(NOW + 30 * DAY, Rule.THIRD_LEFT)),
        looked(WIKI, renewal=Renewal(NOW - DAY, Rule.WARNING_WINDOW)),
        looked("certrotation/later", renewal=Renewal(NOW + 30 * DAY + SECOND, Rule.THIRD_LEFT)),
    )
    assert found["Renewed within 30 days"] == [
        f"{WIKI}: now, because the warning window",
        f"{SHOP}: 2026-07-01 12:00 UTC, because a third of the lifetime is left",
    ]


def test_the_subject_names_stack_and_day() -> None:
    notice = issuance_digest("tls", LookReport(looked=(), now=NOW + timedelta(hours=1)))
    assert notice.subject == "tls: weekly digest of issuances 2026-06-01"
