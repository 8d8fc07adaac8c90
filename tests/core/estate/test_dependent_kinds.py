"""What AWS documents of each kind of dependent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from certrotation.core.estate.dependent_kinds import (
    ALB_LISTENER,
    DISTRIBUTION,
    NLB_LISTENER,
    DependentKind,
)
from certrotation.core.material.x509_facts import KeyAlgorithm


@pytest.mark.parametrize(
    ("kind", "rejected"),
    [
        (ALB_LISTENER, set()),
        (NLB_LISTENER, {KeyAlgorithm.RSA_4096}),
        (DISTRIBUTION, {KeyAlgorithm.EC_SECP384R1, KeyAlgorithm.EC_SECP521R1}),
    ],
    ids=["ALB", "NLB", "CloudFront"],
)
def test_each_kind_accepts_the_keys_that_its_service_documents(
    kind: DependentKind, rejected: set[KeyAlgorithm]
) -> None:
    assert set(KeyAlgorithm) - kind.accepted_keys == rejected


def test_a_distribution_limits_the_chain_and_shows_a_reimport_late() -> None:
    assert DISTRIBUTION.longest_chain == 5
    assert DISTRIBUTION.reimport_lead == timedelta(hours=48)
    assert not DISTRIBUTION.needs_qualified_name


@pytest.mark.parametrize("kind", [ALB_LISTENER, NLB_LISTENER], ids=str)
def test_a_load_balancer_needs_a_qualified_name_and_shows_a_reimport_at_once(
    kind: DependentKind,
) -> None:
    assert kind.needs_qualified_name
    assert (kind.longest_chain, kind.reimport_lead) == (None, None)
