"""Which certificates that somebody else imported become copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from certrotation.core.findings import Code, Severity
from certrotation.core.rotation.adoption import Adoption, decide_adoption
from certrotation.core.rotation.plan import Adopt
from certrotation.names.tags import IGNORE, SECRET
from tests.core.builders import NAME, SHOP, arn, copy, issued, material
from tests.core.samples import DAY, PRIVATE_CA, ROOTS, SECOND

if TYPE_CHECKING:
    from certrotation.core.estate.inventory import Copy
    from certrotation.core.material.bundle import Material
    from tests.support.authority import Issued


def stranger(
    number: int = 1,
    leaf: Issued | None = None,
    *,
    in_use: bool = True,
    tags: dict[str, str] | None = None,
) -> Copy:
    """A certificate with the shop's name that carries none of our tags."""
    return copy(number, leaf, tags=tags or {}, in_use=in_use)


def decided(*lookalikes: Copy, wanted: Material | None = None, has_copy: bool = False) -> Adoption:
    return decide_adoption(wanted or material(), SHOP, lookalikes, ROOTS, has_copy=has_copy)


def assert_ambiguous(adoption: Adoption, found: str) -> None:
    (finding,) = adoption.findings
    assert (finding.code, finding.severity) == (Code.ADOPTION_AMBIGUOUS, Severity.REFUSE)
    assert finding.found == found
    assert adoption.copies == ()
    assert adoption.steps == ()


def test_nothing_is_adopted_where_nothing_is_there() -> None:
    assert decided() == Adoption()


def test_every_match_in_use_is_adopted_and_the_unused_ones_are_left_alone() -> None:
    first, unused, second = stranger(1), stranger(2, in_use=False), stranger(3)

    adoption = decided(first, unused, second)

    assert adoption == Adoption(copies=(first, second))


def test_a_single_match_that_is_not_in_use_is_adopted() -> None:
    only = stranger(in_use=False)

    assert decided(only) == Adoption(copies=(only,))


def test_several_matches_none_of_which_is_in_use_are_ambiguous() -> None:
    adoption = decided(stranger(1, in_use=False), stranger(2, in_use=False))

    assert_ambiguous(adoption, f"None of {arn(1)}, {arn(2)} is in use, and any could be meant.")


def test_where_the_secret_has_a_copy_what_nobody_uses_is_neither_adopted_nor_ambiguous() -> None:
    used, *unused = stranger(1), stranger(2, in_use=False), stranger(3, in_use=False)
    rival = stranger(4, tags={SECRET: "certrotation/wiki"})

    assert decided(used, *unused, has_copy=True) == Adoption(copies=(used,))
    assert decided(*unused, rival, has_copy=True) == Adoption()


def test_what_nobody_uses_is_not_adopted_where_acms_rules_forbid_a_reimport() -> None:
    with_more_usages = issued(usages=("digital_signature", "key_agreement"))
    spent, only = stranger(1, with_more_usages, in_use=False), stranger(2, in_use=False)

    assert decided(spent) == Adoption()
    assert decided(spent, only) == Adoption(copies=(only,))


def test_what_is_in_use_is_adopted_even_if_acms_rules_forbid_a_reimport() -> None:
    used = stranger(1, issued(usages=("digital_signature", "key_agreement")))

    assert decided(used) == Adoption(copies=(used,))


def test_the_step_says_why_a_copy_is_adopted() -> None:
    because = "names and key type are the material's, and no other secret claims it"

    assert decided(stranger()).steps == (Adopt(arn=arn(1), because=because),)


@pytest.mark.parametrize(
    "leaf",
    [
        issued(NAME, "www.example.com"),
        issued("www.example.com"),
        issued("*.example.com"),
        issued(key="rsa2048"),
        issued(key="p384"),
    ],
    ids=["more names", "other names", "a wildcard", "RSA", "another curve"],
)
def test_only_the_very_names_and_key_type_of_the_material_match(leaf: Issued) -> None:
    assert decided(stranger(leaf=leaf)) == Adoption()


def test_names_are_compared_as_a_set_without_case() -> None:
    wanted = material(issued(NAME, "www.example.com", ends=90 * DAY))
    only = stranger(leaf=issued("WWW.example.com", NAME.upper()))

    assert decided(only, wanted=wanted).copies == (only,)


@pytest.mark.parametrize("claimed_by", ["certrotation/wiki", "other/shop"])
def test_a_match_is_not_adopted_where_another_secrets_copy_has_names_and_key_type_too(
    claimed_by: str,
) -> None:
    rival = stranger(2, tags={SECRET: claimed_by})

    adoption = decided(stranger(1), rival, stranger(3))

    assert_ambiguous(
        adoption,
        f"{arn(2)} of {claimed_by} has the same names and key type as {arn(1)}, {arn(3)}.",
    )


@pytest.mark.parametrize(
    "rival",
    [
        stranger(2, issued(key="rsa2048"), tags={SECRET: "certrotation/wiki"}),
        stranger(2, issued("www.example.com"), tags={SECRET: "certrotation/wiki"}),
        stranger(2, tags={SECRET: SHOP}),
        stranger(2, tags={SECRET: "certrotation/wiki", IGNORE: ""}),
    ],
    ids=["another key type", "other names", "the secret's own copy", "ignored"],
)
def test_no_other_certificate_stands_in_the_way(rival: Copy) -> None:
    assert decided(stranger(1), rival) == Adoption(copies=(stranger(1),))


def test_another_secrets_copy_refuses_nothing_where_there_is_nothing_to_adopt() -> None:
    assert decided(stranger(tags={SECRET: "certrotation/wiki"})) == Adoption()


def test_a_certificate_tagged_to_be_ignored_is_not_adopted_and_makes_nothing_ambiguous() -> None:
    ignored, only = stranger(1, in_use=False, tags={IGNORE: ""}), stranger(2, in_use=False)

    assert decided(ignored, only) == Adoption(copies=(only,))


@pytest.mark.parametrize(
    ("leaf", "is_adopted"),
    [
        (issued(ends=90 * DAY), True),
        (issued(ends=90 * DAY + SECOND), False),
        (issued(authority=PRIVATE_CA), False),
    ],
    ids=["as long", "a second longer", "another CA"],
)
def test_a_match_is_left_alone_where_the_material_loses_trust_or_expires_sooner(
    *, leaf: Issued, is_adopted: bool
) -> None:
    adoption = decided(stranger(leaf=leaf))

    assert bool(adoption.copies) is is_adopted
    assert adoption.findings == ()
    assert bool(adoption.notes) is not is_adopted


def test_what_is_left_alone_is_noted_and_the_rest_adopted() -> None:
    better, fit = stranger(1, issued(ends=99 * DAY)), stranger(2, in_use=False)

    assert decided(better, fit) == Adoption(
        copies=(fit,),
        notes=(f"{arn(1)} is left alone: the material would lose trust or expire sooner",),
    )


def test_notes_stay_where_adoption_is_ambiguous() -> None:
    better = stranger(1, issued(ends=99 * DAY))
    unused = [stranger(number, in_use=False) for number in (2, 3)]

    assert len(decided(better, *unused).notes) == 1
    assert len(decided(better, stranger(4), stranger(5, tags={SECRET: "x"})).notes) == 1


def test_a_private_cas_certificate_is_adopted_by_material_of_the_same_ca() -> None:
    renewed = issued(ends=90 * DAY, authority=PRIVATE_CA)
    only = stranger(leaf=issued(authority=PRIVATE_CA))

    assert decided(only, wanted=material(renewed)).copies == (only,)
