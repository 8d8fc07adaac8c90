"""The state of every certificate, and which secrets are due."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from certrotation.core.assessment import Assessment, DueSecret, ScanPolicy, Verdict, assess
from certrotation.core.findings import Code, Severity
from certrotation.core.messages import RotationRequest, SeenCopy, Sighting
from certrotation.core.standing import State
from certrotation.core.tags import IGNORE, NOT_AFTER, SECRET, VERSION
from certrotation.core.windows import WindowPolicy
from tests.core.building import (
    HOME,
    NEW_VERSION,
    OLD_VERSION,
    SHOP,
    US,
    arn,
    carrying,
    listed,
    listing,
    managed,
    superseded,
)
from tests.core.samples import DAY, NOW, SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from certrotation.core.estate import ListedCertificate, ManagedSecret, RegionListing

HOUR = timedelta(hours=1)
POLICY = ScanPolicy(
    prefix="certrotation/",
    targets=(HOME, US),
    windows=WindowPolicy(),
    interval=HOUR,
    retention=30 * DAY,
)
ONLY_HOME = replace(POLICY, targets=(HOME,))
HOURS_AGO = superseded(NOW - 2 * HOUR)


def assessed(
    *listings: RegionListing,
    secrets: tuple[ManagedSecret, ...] = (managed(),),
    policy: ScanPolicy = ONLY_HOME,
) -> Assessment:
    return assess(secrets, listings, policy, NOW)


def verdict_on(
    certificate: ListedCertificate,
    tags: Mapping[str, str],
    secret: ManagedSecret | None = None,
    policy: ScanPolicy = POLICY,
) -> Verdict:
    """The verdict on the only certificate of its Region."""
    seen = listing((certificate, tags), region=certificate.region)
    (verdict,) = assessed(seen, secrets=(secret or managed(),), policy=policy).verdicts
    return verdict


def due_of(assessment: Assessment) -> DueSecret:
    (due,) = assessment.due
    return due


# The state of one certificate


def test_a_copy_that_carries_awscurrent_and_was_not_imported_over_is_current() -> None:
    verdict = verdict_on(listed(), carrying(listed()))

    assert (verdict.state, verdict.because) == (State.CURRENT, "its secret holds nothing else")


def test_a_copy_whose_version_tag_is_not_awscurrent_is_due() -> None:
    verdict = verdict_on(listed(), carrying(listed(), OLD_VERSION))

    assert verdict.state is State.DUE
    assert verdict.because == "it carries version v-old, AWSCURRENT is v-new"


def test_an_adopted_copy_that_was_never_tagged_with_a_version_is_due() -> None:
    assert verdict_on(listed(), {SECRET: SHOP}).state is State.DUE


@pytest.mark.parametrize("recorded", [-1, 1, None])
def test_a_copy_whose_listed_not_after_is_not_the_recorded_one_is_due(recorded: int | None) -> None:
    tags = carrying(listed())
    del tags[NOT_AFTER]
    if recorded is not None:
        tags[NOT_AFTER] = str(int(listed().not_after.timestamp()) + recorded)

    verdict = verdict_on(listed(), tags)

    assert verdict.state is State.DUE
    assert verdict.because == "somebody imported over it: its expiry is not the one recorded"


@pytest.mark.parametrize(
    ("ends", "state"), [(20 * DAY + SECOND, State.CURRENT), (20 * DAY, State.AWAITING)]
)
def test_a_copy_inside_its_warning_window_whose_secret_holds_nothing_newer_awaits_material(
    ends: timedelta, state: State
) -> None:
    certificate = listed(ends=ends)

    assert verdict_on(certificate, carrying(certificate)).state is state


def test_a_copy_that_awaits_material_says_until_when() -> None:
    certificate = listed(ends=DAY)

    verdict = verdict_on(certificate, carrying(certificate))

    assert verdict.because == "it expires 2026-06-02 12:00:00+00:00, and its secret is not renewed"


def test_a_due_copy_inside_its_warning_window_is_due_and_does_not_await_material() -> None:
    certificate = listed(ends=DAY)

    assert verdict_on(certificate, carrying(certificate, OLD_VERSION)).state is State.DUE


@pytest.mark.parametrize(
    ("tags", "because"),
    [
        ({}, "no managed secret stands behind it"),
        ({"team": "shop"}, "no managed secret stands behind it"),
        ({SECRET: "certrotation/gone"}, "its secret certrotation/gone is gone"),
    ],
)
def test_a_certificate_that_no_managed_secret_stands_behind_is_unmanaged(
    tags: dict[str, str], because: str
) -> None:
    verdict = verdict_on(listed(), tags)

    assert (verdict.state, verdict.because) == (State.UNMANAGED, because)


def test_an_orphan_whose_secret_no_longer_names_the_region_counts_as_unmanaged() -> None:
    there = listed(region=US)

    verdict = verdict_on(there, carrying(there, OLD_VERSION), managed(regions=HOME))

    assert verdict.state is State.UNMANAGED
    assert verdict.because == "its secret certrotation/shop no longer names us-east-1"


def test_a_certificate_tagged_to_be_ignored_is_ignored_whatever_else_its_tags_say() -> None:
    verdict = verdict_on(listed(), {**carrying(listed(), OLD_VERSION), IGNORE: ""})

    assert (verdict.state, verdict.because) == (State.IGNORED, "it is tagged to be ignored")


def test_a_certificate_of_another_prefix_belongs_to_another_deployment() -> None:
    verdict = verdict_on(listed(), {SECRET: "other/shop"})

    assert verdict.state is State.FOREIGN
    assert verdict.because == "other/shop belongs to another deployment"


def test_a_copy_whose_dependents_were_moved_away_is_superseded() -> None:
    tags = {**carrying(listed(), OLD_VERSION), **superseded(NOW, by="arn:new")}

    verdict = verdict_on(listed(in_use=False), tags)

    assert verdict.state is State.SUPERSEDED
    assert verdict.because == "its dependents were moved to arn:new"


@pytest.mark.parametrize(
    ("since", "version", "state"),
    [
        (HOUR - SECOND, OLD_VERSION, State.SUPERSEDED),
        (HOUR, OLD_VERSION, State.DUE),
        (HOUR, NEW_VERSION, State.CURRENT),
    ],
)
def test_a_superseded_copy_in_use_again_once_acms_hint_settled_is_an_ordinary_copy_again(
    since: timedelta, version: str, state: State
) -> None:
    tags = {**carrying(listed(), version), **superseded(NOW - since)}

    assert verdict_on(listed(in_use=True), tags).state is state


@pytest.mark.parametrize("state", State)
def test_only_copies_and_what_is_unmanaged_are_watched(state: State) -> None:
    managed_states = {State.CURRENT, State.DUE, State.AWAITING}

    assert state.is_managed is (state in managed_states)
    assert state.is_watched is (state in managed_states | {State.UNMANAGED})


def test_what_nobody_uses_does_not_count_as_used() -> None:
    assert verdict_on(listed(in_use=True), {}).counts_as_used
    assert not verdict_on(listed(in_use=False), {}).counts_as_used
    assert not verdict_on(listed(in_use=True), {IGNORE: ""}).counts_as_used


# Reverted, and deletable


@pytest.mark.parametrize("ends", [90 * DAY, DAY])
@pytest.mark.parametrize("version", [OLD_VERSION, NEW_VERSION])
def test_one_found_in_use_again_is_reported_as_dependent_reverted(
    version: str, ends: timedelta
) -> None:
    certificate = listed(ends=ends)

    (finding,) = assessed(
        listing((certificate, {**carrying(certificate, version), **HOURS_AGO}))
    ).findings

    assert (finding.code, finding.severity) == (Code.DEPENDENT_REVERTED, Severity.WARN)
    assert finding.found == f"{arn(1)} was superseded and is in use again."


def test_neither_an_ordinary_nor_a_superseded_copy_is_reported_as_reverted() -> None:
    old = listed(2, in_use=False)
    orphan = listed(3)

    found = assessed(
        listing(
            (listed(), carrying(listed())),
            (old, {**carrying(old, OLD_VERSION), **HOURS_AGO}),
            (orphan, {**carrying(orphan, secret="certrotation/gone"), **HOURS_AGO}),
        )
    ).findings

    assert found == ()


@pytest.mark.parametrize(
    ("kept_for", "is_deletable"), [(30 * DAY - SECOND, False), (30 * DAY, True)]
)
def test_a_superseded_copy_is_deletable_once_the_retention_has_passed(
    *, kept_for: timedelta, is_deletable: bool
) -> None:
    old = listed(2, in_use=False)
    tags = {**carrying(old, OLD_VERSION), **superseded(NOW - kept_for)}

    deletable = assessed(listing((listed(), carrying(listed())), (old, tags))).deletable

    assert deletable == ((old,) if is_deletable else ())


@pytest.mark.parametrize(
    ("in_use", "tags"),
    [
        (True, carrying(listed(), OLD_VERSION) | superseded(NOW - 31 * DAY)),
        (False, carrying(listed(), OLD_VERSION)),
        (False, carrying(listed(), secret="certrotation/gone") | superseded(NOW - 31 * DAY)),
        (False, carrying(listed(), secret="other/shop") | superseded(NOW - 31 * DAY)),
        (False, carrying(listed()) | superseded(NOW - 31 * DAY) | {IGNORE: ""}),
        (False, {**superseded(NOW - 31 * DAY)}),
        (False, carrying(listed()) | {"certrotation:superseded-by": "arn:new"}),
    ],
    ids=["in use", "not superseded", "orphan", "foreign", "ignored", "unmanaged", "no time"],
)
def test_nothing_else_is_ever_deletable(*, in_use: bool, tags: dict[str, str]) -> None:
    assert assessed(listing((listed(in_use=in_use), tags))).deletable == ()


def test_a_superseded_copy_still_in_use_within_the_lag_of_the_hint_is_not_deletable() -> None:
    tags = carrying(listed(), OLD_VERSION) | superseded(NOW - HOUR + SECOND)
    at_once = replace(ONLY_HOME, retention=SECOND)

    assert assessed(listing((listed(in_use=True), tags)), policy=at_once).deletable == ()
    assert assessed(listing((listed(in_use=False), tags)), policy=at_once).deletable


# Which secrets are due


def test_a_secret_all_of_whose_copies_are_current_is_not_due() -> None:
    assert assessed(listing((listed(), carrying(listed())))).due == ()


def test_a_secret_is_due_for_every_copy_that_is_due() -> None:
    stale = listed(2)

    due = due_of(
        assessed(listing((listed(), carrying(listed())), (stale, carrying(stale, OLD_VERSION))))
    )

    assert due.because == (f"{arn(2)}: it carries version v-old, AWSCURRENT is v-new",)
    assert due.places == 1


def test_a_target_region_that_has_no_copy_makes_its_secret_due() -> None:
    due = due_of(
        assessed(listing((listed(), carrying(listed()))), listing(region=US), policy=POLICY)
    )

    assert (due.because, due.places) == (("us-east-1: it has no copy",), 1)


@pytest.mark.parametrize(
    "more_tags", [IGNORE, "certrotation:superseded-by"], ids=["ignored", "superseded"]
)
def test_a_region_whose_only_copy_is_set_aside_has_no_copy(more_tags: str) -> None:
    due = due_of(
        assessed(listing((listed(in_use=False), {**carrying(listed()), more_tags: "arn:x"})))
    )

    assert due.because == ("eu-west-1: it has no copy",)


def test_a_region_that_could_not_be_read_is_not_taken_to_have_no_copy() -> None:
    assert assessed(listing((listed(), carrying(listed()))), policy=POLICY).due == ()


def test_a_region_that_the_secret_does_not_name_needs_no_copy() -> None:
    due = assessed(
        listing((listed(), carrying(listed()))),
        listing(region=US),
        secrets=(managed(regions=HOME),),
        policy=POLICY,
    ).due

    assert due == ()


def test_a_secret_without_a_current_version_is_never_due() -> None:
    empty = managed(version=None, regions="eu-nowhere-1")

    found = assessed(listing((listed(), carrying(listed(), OLD_VERSION))), secrets=(empty,))

    assert found.due == ()


def test_a_copy_of_a_secret_without_a_current_version_is_current_or_awaits_material() -> None:
    empty = managed(version=None)
    near = listed(ends=DAY)

    assert verdict_on(listed(), carrying(listed()), empty).state is State.CURRENT
    assert verdict_on(near, carrying(near), empty).state is State.AWAITING


def test_a_secret_on_hold_stays_due() -> None:
    seen = listing((listed(), carrying(listed(), OLD_VERSION)))

    assert due_of(assessed(seen, secrets=(managed(hold=""),))).places == 1


def test_a_secret_that_is_refused_by_itself_stays_due_until_a_person_acts() -> None:
    wrong = managed(regions=f"{HOME} eu-nowhere-1")

    due = due_of(assessed(listing((listed(), carrying(listed()))), secrets=(wrong,)))

    assert due.because == ("certrotation:regions names eu-nowhere-1; the stack has eu-west-1.",)
    assert due.places == 0


@pytest.mark.parametrize(
    ("ago", "is_overdue"),
    [(3 * HOUR, False), (3 * HOUR + SECOND, True), (None, False)],
)
def test_due_is_overdue_when_the_last_change_is_more_than_three_intervals_old(
    *, ago: timedelta | None, is_overdue: bool
) -> None:
    secret = replace(managed(), last_changed=None if ago is None else NOW - ago)
    seen = listing((listed(), carrying(listed(), OLD_VERSION)))

    assert due_of(assessed(seen, secrets=(secret,))).is_overdue is is_overdue


def test_each_due_secret_comes_with_what_was_seen_of_its_copies_and_no_others() -> None:
    stale, set_aside, other, there = (
        listed(1),
        listed(2, in_use=False),
        listed(3),
        listed(region=US),
    )
    tags = carrying(stale, OLD_VERSION)

    due = due_of(
        assessed(
            listing(
                (stale, {**tags, "team": "shop"}),
                (set_aside, {**carrying(set_aside), IGNORE: ""}),
                (other, carrying(other, secret="certrotation/wiki")),
                (listed(4), {}),
            ),
            listing((there, carrying(there)), region=US),
            secrets=(managed(), managed("certrotation/wiki", regions=HOME)),
            policy=POLICY,
        )
    )

    assert due.sighting == Sighting(
        at=int(NOW.timestamp()),
        copies=(
            SeenCopy(arn=stale.arn, region=HOME, in_use=True, tags=tags),
            SeenCopy(arn=there.arn, region=US, in_use=True, tags=carrying(there)),
        ),
    )


def test_a_sighting_shows_superseded_copies_and_says_which_are_in_use() -> None:
    old = listed(2, in_use=False)
    tags = carrying(old, OLD_VERSION) | superseded(NOW)

    seen = due_of(assessed(listing((listed(), {SECRET: SHOP}), (old, tags)))).sighting.copies

    assert [(each.arn, each.in_use, each.tags) for each in seen] == [
        (arn(1), True, {SECRET: SHOP}),
        (arn(2), False, tags),
    ]


def test_the_request_names_the_secret_and_the_version_that_is_awscurrent() -> None:
    due = due_of(assessed(listing()))

    assert due.request == RotationRequest(secret=SHOP, version=NEW_VERSION)
    assert due.request.sighting == due.sighting


def test_one_request_per_due_secret_in_the_order_of_the_secrets() -> None:
    names = ["certrotation/b", "certrotation/a"]
    stale = [listed(number) for number in (1, 2)]

    due = assessed(
        listing(*((each, {SECRET: names[0], VERSION: OLD_VERSION}) for each in stale)),
        secrets=tuple(map(managed, names)),
    ).due

    assert [each.secret.name for each in due] == names
    assert [each.places for each in due] == [2, 1]
