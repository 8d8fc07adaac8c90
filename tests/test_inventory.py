"""The inventory sees what a scan sees, and changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import pytest

from certrotation import composition
from certrotation.core.scan.classification import State
from certrotation.errors import AccessDenied
from certrotation.names import tags
from certrotation.settings import Settings
from certrotation.workflows.inventory import Inventory, inventory
from tests.aws.samples import raising
from tests.simulation.estate import HOME, PREFIX

if TYPE_CHECKING:
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

US = "us-east-1"
LISTS = {"ListCertificates", "GetResources", "ListSecrets"}


def taken(estate: Estate) -> Inventory:
    settings = Settings.from_env(estate.environment)
    parts = composition.compose(settings, boto3.Session())
    return inventory(parts.account, parts.scan_policy, datetime.now(UTC))


def test_it_lists_and_neither_queues_nor_deletes(estate: Estate, authorities: Authorities) -> None:
    old = authorities.public.issue("shop.example.com", lifetime=timedelta(days=20))
    estate.secret("shop", authorities.public.issue("shop.example.com"))
    due = estate.certificate(old, HOME, {tags.SECRET: PREFIX + "shop"})
    gone = {
        tags.SECRET: PREFIX + "shop",
        tags.SUPERSEDED_BY: due,
        tags.SUPERSEDED_AT: "0",
    }
    superseded = estate.certificate(old, HOME, gone)
    estate.aws.calls.clear()

    found = taken(estate)

    states = {each.certificate.arn: each.state for each in found.assessment.statuses}
    assert states == {due: State.DUE, superseded: State.SUPERSEDED}
    assert [each.secret.name for each in found.assessment.due] == [PREFIX + "shop"]
    assert [each.arn for each in found.assessment.deletions] == [superseded]
    assert {call.operation for call in estate.aws.calls} == LISTS
    assert estate.waiting_messages()["ApproximateNumberOfMessages"] == 0
    assert set(estate.certificates(HOME)) == {due, superseded}


def test_a_region_that_cannot_be_read_is_named_and_the_others_are_assessed(
    estate: Estate, authorities: Authorities
) -> None:
    arn = estate.certificate(authorities.public.issue("shop.example.com"), HOME)
    estate.aws.behaviour.denied.add(("acm", "ListCertificates", US))

    found = taken(estate)

    assert [each.certificate.arn for each in found.assessment.statuses] == [arn]
    assert "acm:ListCertificates" in found.unreachable[US]
    assert list(found.unreachable) == [US]


@pytest.mark.usefixtures("aws")
def test_without_the_list_of_secrets_there_is_no_inventory(estate: Estate) -> None:
    estate.aws.behaviour.denied.add(("secretsmanager", "ListSecrets", None))

    with raising(AccessDenied, "secretsmanager:ListSecrets"):
        taken(estate)
