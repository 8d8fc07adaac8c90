"""A dependent that takes no chain of that length gets a shorter one that clients accept."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from certrotation.core.findings import Code, Severity, repair
from certrotation.core.rotation.dependent_checks import fit_chain
from certrotation.core.rotation.plan import Reimport
from tests.core.builders import (
    NAME,
    NEW_VERSION,
    copy,
    distribution,
    issued,
    listener,
    tags_of,
    users,
)
from tests.core.region_plans import look, plan_for, rotation
from tests.core.samples import DAY, ISSUING_CA, NOW, PUBLIC_ROOT, material_of, root, under, verdicts
from tests.support.authority import Issued

if TYPE_CHECKING:
    from cryptography import x509

    from certrotation.core.material.bundle import Material

CROSSED = root("Old Root").intermediate("Public Root", key=PUBLIC_ROOT.key).certificate


@cache
def material(intermediates: int, crossed: tuple[x509.Certificate, ...] = (CROSSED,)) -> Material:
    """A leaf under so many intermediates, and what cross-signed their root."""
    authorities = [ISSUING_CA]
    while len(authorities) < intermediates:
        authorities.insert(0, under(authorities[0], f"Level {len(authorities)}"))
    leaf = authorities[0].issue(NAME, not_before=NOW - DAY, not_after=NOW + 90 * DAY)
    return material_of(leaf, *(each.certificate for each in authorities), *crossed)


ON_CLOUDFRONT = copy(1, used_by=users(distribution(names=[NAME])))
ON_BALANCER = copy(1, used_by=users(listener()))


def test_material_knows_the_shorter_chains_that_clients_accept() -> None:
    assert material(5).shorter_chains == (material(5).chain[:-1],)
    assert material(5, crossed=()).shorter_chains == ()


@pytest.mark.parametrize(("longest", "length"), [(None, 6), (7, 6), (6, 6), (5, 5), (4, 6)])
def test_the_chain_is_within_a_length_if_there_is_one(longest: int | None, length: int) -> None:
    assert len(material(5).within(longest).chain) == length


def test_a_distribution_gets_the_shorter_chain_and_the_rest_is_named() -> None:
    fitted, repairs = fit_chain(material(5), look(ON_BALANCER, ON_CLOUDFRONT))
    assert fitted.chain == material(5).chain[:-1]
    assert fitted.leaf == material(5).leaf
    (dependent,) = ON_CLOUDFRONT.dependents
    assert repairs == (
        repair(
            Code.CHAIN_SUPERFLUOUS,
            f"{dependent} accepts 5 chain certificates. Left out of the chain in this Region:"
            " CN=Public Root.",
        ),
    )


def test_each_certificate_that_is_left_out_is_named() -> None:
    old = under(root("Oldest Root"), "Old Root")
    crossed = old.intermediate("Public Root", key=PUBLIC_ROOT.key)
    above = (crossed.certificate, old.certificate)
    _, (repaired,) = fit_chain(material(5, above), look(ON_CLOUDFRONT))
    assert repaired.found.endswith(
        " accepts 5 chain certificates. Left out of the chain in this Region:"
        " CN=Public Root; CN=Old Root."
    )


def test_a_certificate_that_is_yet_to_be_adopted_counts() -> None:
    fitted, _ = fit_chain(material(5), look(lookalikes=[ON_CLOUDFRONT]))
    assert len(fitted.chain) == 5


def test_what_fits_or_cannot_be_shortened_stays() -> None:
    for each, where in (
        (material(5), look(ON_BALANCER)),
        (material(4), look(ON_CLOUDFRONT)),
        (material(6, crossed=()), look(ON_CLOUDFRONT)),
        (material(5), look()),
    ):
        assert fit_chain(each, where) == (each, ())


def test_the_region_is_planned_and_applied_with_the_shorter_chain() -> None:
    found = look(ON_CLOUDFRONT)
    planned = rotation(material(5))
    (region,) = plan_for(planned, found).regions
    assert verdicts(region.findings) == [(Code.CHAIN_SUPERFLUOUS, Severity.REPAIR)]
    assert any(isinstance(step, Reimport) for step in region.steps)
    assert planned.material_for(found).chain == material(5).chain[:-1]
    assert planned.material_for(look(ON_BALANCER)) == planned.material


def test_a_copy_that_presents_the_shorter_chain_is_left_as_it_is() -> None:
    short = material(5).chain[:-1]
    carried = Issued(certificate=material(5).leaf, key=issued().key, chain=short)
    done = copy(
        1,
        carried,
        tags=tags_of(carried, NEW_VERSION),
        used_by=users(distribution(names=[NAME])),
    )
    (region,) = plan_for(rotation(material(5)), look(done)).regions
    assert not any(isinstance(step, Reimport) for step in region.steps)


def test_a_chain_that_no_shorter_one_replaces_is_refused() -> None:
    (region,) = plan_for(rotation(material(6, crossed=())), look(ON_CLOUDFRONT)).regions
    assert (Code.CHAIN_TOO_LONG, Severity.REFUSE) in verdicts(region.findings)
