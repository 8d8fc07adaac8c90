"""The state of every certificate."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from certrotation.core.scan.classification import State
from certrotation.names.tags import IGNORE, NOT_AFTER, SECRET
from tests.core.builders import (
    HOME,
    HOUR,
    NEW_VERSION,
    OLD_VERSION,
    SCAN_POLICY,
    SHOP,
    US,
    assessed,
    carrying,
    listed,
    listing,
    managed,
    superseded,
)
from tests.core.samples import DAY, NOW, SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from certrotation.core.estate.inventory import ListedCertificate, ManagedSecret
    from certrotation.core.scan.assessment import CertificateStatus, ScanPolicy

TWO_TARGETS = replace(SCAN_POLICY, targets=(HOME, US))
HOURS_AGO = superseded(NOW - 2 * HOUR)


def verdict_on(
    certificate: ListedCertificate,
    tags: Mapping[str, str],
    secret: ManagedSecret | None = None,
    policy: ScanPolicy = TWO_TARGETS,
) -> CertificateStatus:
    """The verdict on the only certificate of its Region."""
    seen = listing((certificate, tags), region=certificate.region)
    (verdict,) = assessed(seen, secrets=(secret or managed(),), policy=policy).statuses
    return verdict


def test_a_copy_that_carries_awscurrent_and_was_not_imported_over_is_current() -> None:
    verdict = verdict_on(listed(), carrying(listed()))

    assert (verdict.state, verdict.because) == (
        State.CURRENT,
        "the copy has the current version of the secret",
    )


def test_a_copy_whose_version_tag_is_not_awscurrent_is_due() -> None:
    verdict = verdict_on(listed(), carrying(listed(), OLD_VERSION))

    assert verdict.state is State.DUE
    assert verdict.because == "the copy has version v-old, AWSCURRENT is v-new"


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
    assert verdict.because == "the expiry is not the recorded one: somebody imported over the copy"


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

    assert verdict.because == (
        "expires 2026-06-02 12:00:00+00:00, and the secret contains nothing newer"
    )


def test_a_due_copy_inside_its_warning_window_is_due_and_does_not_await_material() -> None:
    certificate = listed(ends=DAY)

    assert verdict_on(certificate, carrying(certificate, OLD_VERSION)).state is State.DUE


@pytest.mark.parametrize(
    ("tags", "because"),
    [
        ({}, "no managed secret belongs to the certificate"),
        ({"team": "shop"}, "no managed secret belongs to the certificate"),
        ({SECRET: "certrotation/gone"}, "the secret certrotation/gone does not exist any more"),
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
    assert verdict.because == "the secret certrotation/shop no longer names us-east-1"


def test_a_certificate_tagged_to_be_ignored_is_ignored_whatever_else_its_tags_say() -> None:
    verdict = verdict_on(listed(), {**carrying(listed(), OLD_VERSION), IGNORE: ""})

    assert (verdict.state, verdict.because) == (
        State.IGNORED,
        "the certificate has the tag certrotation:ignore",
    )


def test_a_certificate_of_another_prefix_belongs_to_another_deployment() -> None:
    verdict = verdict_on(listed(), {SECRET: "other/shop"})

    assert verdict.state is State.FOREIGN
    assert verdict.because == "other/shop belongs to another deployment"


def test_a_copy_whose_dependents_were_moved_away_is_superseded() -> None:
    tags = {**carrying(listed(), OLD_VERSION), **superseded(NOW, by="arn:new")}

    verdict = verdict_on(listed(in_use=False), tags)

    assert verdict.state is State.SUPERSEDED
    assert verdict.because == "the dependents were moved to arn:new"


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


def test_a_copy_whose_secret_names_no_current_version_is_due_for_a_direct_read() -> None:
    """A list may leave the labels out; only a direct read tells."""
    status = verdict_on(listed(), carrying(listed()), managed(version=None))

    assert status.state is State.DUE
    assert status.because == "the list of secrets names no AWSCURRENT version"
