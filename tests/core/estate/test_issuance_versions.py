"""What the ids of versions that an issuance makes say of the secret's last change."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from certrotation.core.estate.issuance_versions import (
    issuance_version,
    last_change,
    made_by_issuance,
)
from tests.core.samples import DAY, NOW

HOUR = timedelta(hours=1)
CURRENT, OTHER = "11111111-2222-3333-4444-555555555555", "99999999-2222-3333-4444-555555555555"


def made(current: str | None = CURRENT) -> str:
    """The id of a note or of a rotation: a person changed the secret three days ago."""
    return issuance_version(NOW - 3 * DAY, current, NOW - HOUR, uuid4().hex)


def test_an_id_says_when_it_was_made_and_when_a_person_last_changed_the_secret() -> None:
    version = made()
    found = made_by_issuance(version)

    assert found is not None
    assert (found.changed, found.made) == (NOW - 3 * DAY, NOW - HOUR)
    assert found.is_based_on(CURRENT)
    assert not found.is_based_on(OTHER)
    # Secrets Manager API Reference, ClientRequestToken.
    assert 32 <= len(version) <= 64
    assert made() != version


@pytest.mark.parametrize("version", [CURRENT, "", "certrotation-1-2-3-4", "a" * 40])
def test_other_ids_say_nothing(version: str) -> None:
    assert made_by_issuance(version) is None


@pytest.mark.parametrize("label", ["CERTROTATION_ORDER", "AWSPENDING"])
def test_notes_and_rotations_do_not_count_as_changes(label: str) -> None:
    labels = {"AWSCURRENT": CURRENT, label: made()}
    assert last_change(NOW, labels) == NOW - 3 * DAY


@pytest.mark.parametrize(
    "labels",
    [
        {"AWSCURRENT": CURRENT},
        {"AWSCURRENT": CURRENT, "AWSPENDING": OTHER},
        # A person has written another version since.
        {"AWSCURRENT": OTHER, "CERTROTATION_ORDER": made()},
        # The issuance has come to its end, and AWS has not taken the label off yet.
        {"AWSCURRENT": (issued := made()), "AWSPENDING": issued, "AWSPREVIOUS": CURRENT},
        {"AWSCURRENT": OTHER, "AWSPREVIOUS": made(OTHER)},
    ],
)
def test_in_all_other_cases_the_date_of_secrets_manager_counts(labels: dict[str, str]) -> None:
    assert last_change(NOW, labels) == NOW
    assert last_change(None, labels) is None


def test_a_secret_without_a_current_version_or_a_date_has_ids_too() -> None:
    version = issuance_version(None, None, NOW, uuid4().hex)
    found = made_by_issuance(version)
    assert found is not None
    assert (found.changed, found.made, found.is_based_on(None)) == (NOW, NOW, True)
    assert last_change(NOW + DAY, {"AWSPENDING": version}) == NOW
