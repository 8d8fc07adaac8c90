"""The mail about a rotation, line by line."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from certrotation.core.estate.current_copies import CurrentCopy
from certrotation.core.estate.inventory import Origin
from certrotation.core.findings import Code, refuse, warn
from certrotation.core.notify.refusal_notice import refusal_notice
from certrotation.core.rotation.outcomes import RegionOutcome, RotationOutcome, Status, Stranded
from certrotation.names.runbook import LIVE_CERTIFICATE_LEFT
from tests.core.builders import HOME, SHOP, US, managed
from tests.core.rotation_outcomes import DENIED, EXPIRED, PLAN, failed, throttled
from tests.core.samples import DAY, NOW

if TYPE_CHECKING:
    from certrotation.core.notify.notice import Notice

LIVE = {
    HOME: (CurrentCopy("arn:1", NOW + DAY), CurrentCopy("arn:2", None)),
    US: (),
}
UNMOVABLE = refuse(Code.DEPENDENT_UNMOVABLE, "Kubernetes owns listener/1.")
DRIFTS = warn(Code.DEPENDENT_DRIFTS, "A stack owns it.")
STRANDED = Stranded(dependent="listener/1", because="it is full", is_settled=False)
AT_THE_END = [
    "  The rotation retries automatically after the fix, at the latest at the next scan.",
    "  Until then you get one reminder a day.",
]


def mail(
    outcome: RotationOutcome, live: dict[str, tuple[CurrentCopy, ...]] | None = None
) -> Notice:
    return refusal_notice("tls", outcome, live or {})


def lines(outcome: RotationOutcome) -> list[str]:
    return mail(outcome).body.splitlines()


def of_regions(*regions: RegionOutcome) -> RotationOutcome:
    """What came of material that nothing is wrong with by itself."""
    return RotationOutcome.of_regions(replace(PLAN, findings=(DRIFTS,)), regions)


LEFT = warn(Code.LIVE_CERTIFICATE_LEFT, "arn:3 is left.", advice="Tag arn:3.")


def test_what_was_passed_over_is_told_with_its_remedy_and_heading() -> None:
    done = RegionOutcome(region=HOME, status=Status.DONE, findings=(LEFT, DRIFTS))

    notice = refusal_notice("tls", of_regions(done), LIVE, left=[done])

    assert notice.subject == f"tls: certificate left {SHOP}"
    assert notice.body.splitlines() == [
        "A certificate in use shares a name with new material, and this service does not renew it.",
        "",
        f"Secret: {SHOP}",
        "Stack: tls",
        "",
        "Certificates in use that this service does not renew:",
        f"  {HOME}: LIVE_CERTIFICATE_LEFT",
        "    Found: arn:3 is left.",
        "    Remedy: Tag arn:3.",
        "",
        "Status by Region:",
        f"  {HOME}: done: the new material is live",
        "",
        "Currently live:",
        f"  {HOME}: arn:1, expires {NOW + DAY:%Y-%m-%d %H:%M} UTC",
        f"  {HOME}: arn:2, expiry not recorded",
        f"  {US}: no copy yet",
        "",
        "What to do:",
        f'  Follow docs/runbook.md, "{LIVE_CERTIFICATE_LEFT}".',
        "  You get this mail once a version of the secret.",
    ]


def test_a_refusal_and_what_was_passed_over_are_one_mail() -> None:
    refused = RegionOutcome(region=HOME, status=Status.REFUSED, findings=(UNMOVABLE, LEFT))

    notice = refusal_notice("tls", of_regions(refused), {}, left=[refused])

    assert notice.subject == f"tls: refused {SHOP}"
    for each in ("DEPENDENT_UNMOVABLE", "arn:3 is left.", "LiveCertificateLeft: ", *AT_THE_END):
        assert each in notice.body


def test_material_that_is_refused_is_told_in_full() -> None:
    refused = RotationOutcome(
        secret=SHOP, status=Status.REFUSED, findings=(EXPIRED, DRIFTS), described=managed()
    )

    notice = mail(refused, LIVE)

    assert notice.subject == f"tls: refused {SHOP}"
    assert notice.body.splitlines() == [
        "New material was refused. The previous certificate stays live where it was refused.",
        "",
        f"Secret: {SHOP}",
        "Version: v-new",
        "Changed: 2026-06-01 11:59 UTC",
        "Stack: tls",
        "",
        "Reasons:",
        "  all Regions: EXPIRED",
        "    Found: It expired.",
        "    Remedy: Write renewed material into the secret.",
        "",
        "Currently live:",
        f"  {HOME}: arn:1, expires 2026-06-02 12:00 UTC",
        f"  {HOME}: arn:2, expiry not recorded",
        f"  {US}: no copy yet",
        "",
        "What to do:",
        '  Follow docs/runbook.md, "MaterialRefused: new material was refused".',
        *AT_THE_END,
    ]


@pytest.mark.parametrize(
    ("version", "shown"), [(None, "Version: unknown"), ("v-new", "Version: v-new")]
)
def test_a_reference_that_cannot_be_read_is_told_with_its_source(
    version: str | None, shown: str
) -> None:
    problem = refuse(Code.SOURCE_DENIED, "The key denies it.")
    reference = replace(managed(version=version, source=" arn:x "), origin=Origin("arn:x", problem))
    refused = RotationOutcome(
        secret=SHOP, status=Status.REFUSED, findings=(problem,), described=reference
    )

    told = lines(refused)

    assert told[0] == (
        "The secret takes its value from another account, and cannot be read there. The previous"
        " certificate stays live."
    )
    assert told[2:5] == [f"Secret: {SHOP}", shown, "Source: arn:x"]
    assert "  all Regions: SOURCE_DENIED" in told


def test_a_region_that_refuses_is_told_beside_those_that_do_not() -> None:
    told = lines(
        of_regions(
            RegionOutcome(region=HOME, status=Status.DONE),
            RegionOutcome(region=US, status=Status.REFUSED, findings=(UNMOVABLE, DRIFTS)),
        )
    )

    assert told[told.index("Reasons:") : told.index("What to do:") - 1] == [
        "Reasons:",
        f"  {US}: DEPENDENT_UNMOVABLE",
        "    Found: Kubernetes owns listener/1.",
        f"    Remedy: {UNMOVABLE.remedy}",
        "",
        "Status by Region:",
        f"  {HOME}: done: the new material is live",
        f"  {US}: refused: nothing changes until a person acts",
    ]


def test_the_same_reason_in_two_regions_is_told_of_each() -> None:
    told = lines(
        of_regions(
            *(
                RegionOutcome(region=each, status=Status.REFUSED, findings=(UNMOVABLE,))
                for each in (HOME, US)
            )
        )
    )

    assert f"  {HOME}: DEPENDENT_UNMOVABLE" in told
    assert f"  {US}: DEPENDENT_UNMOVABLE" in told
    assert not [each for each in told if "all Regions" in each]


@pytest.mark.parametrize(
    ("outcome", "where"),
    [
        (RotationOutcome.of_error(SHOP, DENIED), "all Regions"),
        (of_regions(failed(DENIED)), HOME),
    ],
)
def test_what_aws_refuses_is_told_with_what_to_do(outcome: RotationOutcome, where: str) -> None:
    told = lines(outcome)

    begin = told.index(f"  {where}: ACCESS_DENIED")
    assert told[begin + 1 : begin + 3] == ["    Found: Denied.", "    Remedy: Allow it."]


def test_what_merely_failed_is_no_reason() -> None:
    told = lines(
        of_regions(
            failed(throttled(timedelta(1))),
            RegionOutcome(region=US, status=Status.REFUSED, findings=(UNMOVABLE,)),
        )
    )

    assert not [each for each in told if "THROTTLED" in each]
    assert f"  {HOME}: failed; retried automatically" in told


def test_a_stranded_dependent_has_a_mail_of_its_own() -> None:
    outcome = of_regions(RegionOutcome(region=HOME, status=Status.STRANDED, stranded=(STRANDED,)))

    notice = mail(outcome)

    assert notice.subject == f"tls: stranded {SHOP}"
    assert notice.body.splitlines() == [
        "New material is live, but a listener or distribution uses the old certificate.",
        "",
        f"Secret: {SHOP}",
        "Stack: tls",
        "",
        "Dependents that use the old certificate:",
        f"  {HOME}: listener/1: it is full",
        "",
        "Status by Region:",
        f"  {HOME}: imported, but a dependent still uses the old certificate",
        "",
        "What to do:",
        (
            '  Follow docs/runbook.md, "DependentsStranded: a listener or distribution uses the old'
            ' certificate".'
        ),
        *AT_THE_END,
    ]


def test_one_that_is_both_is_told_with_both_headings() -> None:
    notice = mail(
        of_regions(
            RegionOutcome(region=HOME, status=Status.STRANDED, stranded=(STRANDED,)),
            RegionOutcome(region=US, status=Status.REFUSED, findings=(UNMOVABLE,)),
        )
    )

    assert notice.subject == f"tls: refused {SHOP}"
    assert '"MaterialRefused:' in notice.body
    assert '"DependentsStranded:' in notice.body


def test_what_is_not_known_of_a_secret_is_left_out() -> None:
    secret = replace(managed(version=None, hold=""), last_changed=None)

    told = lines(replace(RotationOutcome.of_error(SHOP, DENIED), described=secret))

    assert told[2:6] == [
        f"Secret: {SHOP}",
        "Version: none",
        "On hold: the secret has the tag certrotation:hold, so nothing is applied",
        "Stack: tls",
    ]


@pytest.mark.parametrize("status", Status)
def test_every_status_has_words(status: Status) -> None:
    told = lines(of_regions(RegionOutcome(region=HOME, status=status)))

    assert any(each.startswith(f"  {HOME}: ") for each in told)


def test_where_the_team_has_a_runbook_of_its_own_the_mail_links_to_its_heading() -> None:
    refused = RotationOutcome(secret=SHOP, status=Status.REFUSED, findings=(EXPIRED,))
    url = "https://wiki.example.com/runbook"

    body = refusal_notice("tls", refused, {}, runbook_url=url).body.splitlines()

    assert body[-3:] == [
        f"  Follow {url}#materialrefused-new-material-was-refused",
        *AT_THE_END,
    ]
