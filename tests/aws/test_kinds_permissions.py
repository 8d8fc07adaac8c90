"""What a kind of dependent is granted is what its adapter calls: no action more, and none less.

The end-to-end run shows the same of the deployed roles; this is each kind by itself, without others
whose statements allow the same.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from certrotation.aws.dependents.registry import statements_of
from certrotation.aws.dependents.services import DependentSettings, dependent_services
from tests.double import cognito, elasticbeanstalk
from tests.double.builders import import_issued
from tests.double.dispatch import iam_prefix
from tests.simulation.estate import client

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.double import EmbeddedAws
    from tests.support.authorities import Authorities

REGION = "us-east-1"

PRESENT: dict[str, Sequence[Callable[..., object]]] = {
    "elasticbeanstalk": (
        elasticbeanstalk.present,
        partial(elasticbeanstalk.environment, name="old-prod", is_classic=True),
    ),
    # Found by a name of the certificate, and, since that one is none, among all user pools.
    "cognito": (lambda aws, _, region, arn: cognito.user_pool(aws, region, arn, "a.example.com"),),
}
"""What makes a dependent of each form that an adapter knows."""


@pytest.fixture
def used(aws: EmbeddedAws, authorities: Authorities) -> tuple[str, str]:
    """Two certificates, neither used by anybody."""
    del aws
    first, second = (
        import_issued(client("acm", REGION), authorities.public.issue("www.example.com"))
        for _ in range(2)
    )
    return first, second


def move_all(name: str, aws: EmbeddedAws, old: str, new: str) -> int:
    """Find whatever presents a certificate, and move it; returns how many there were."""
    (service,) = dependent_services(
        DependentSettings((name,), (REGION,)), client, REGION, is_edge=True
    )
    found = service.claim(old, aws.in_use_by(old)).dependents
    for each in found:
        service.move(each, new)
        assert not service.still_presents(each)
    return len(found)


@pytest.mark.parametrize("name", PRESENT)
def test_a_kind_calls_what_it_is_granted_and_needs_each_of_it(
    aws: EmbeddedAws, used: tuple[str, str], name: str
) -> None:
    for present in PRESENT[name]:
        present(aws, client, REGION, used[0])
    aws.calls.clear()

    assert move_all(name, aws, *used) == len(PRESENT[name])

    called = {
        f"{iam_prefix(each.service)}:{each.operation}"
        for each in aws.calls
        if each.service != "acm"  # whose certificates rotate reads whatever is configured
    }
    granted = {
        action
        for statement in statements_of(name)
        if not statement.for_edge_with  # asked for by AWS, not by a call: see the gate
        for action in statement.actions
    }
    assert called == granted
