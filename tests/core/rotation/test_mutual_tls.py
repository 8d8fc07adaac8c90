"""Domain names with mutual TLS: the issuer of a reimport, and the certificate of ownership."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from certrotation.core.estate.dependent_kinds import (
    ALB_LISTENER,
    API_EDGE_DOMAIN,
    API_REGIONAL_DOMAIN,
    DISTRIBUTION,
)
from certrotation.core.estate.inventory import Dependent, Proof
from certrotation.core.findings import Code, Severity
from certrotation.core.rotation.objections import may_object
from tests.core.builders import NAME, arn, copy, issued, material, users
from tests.core.region_plans import NEW_LEAF, RSA, done, region_plan, rotation, shape
from tests.core.samples import DAY, NOW, PUBLIC_ROOT, under, verdicts
from tests.support.authority import CLIENT_AUTH, SERVER_AUTH, shared_key

if TYPE_CHECKING:
    from certrotation.core.estate.dependent_kinds import DependentKind
    from certrotation.core.material.bundle import Material
    from tests.support.authority import Issued

OTHER_CA = under(PUBLIC_ROOT, "Other CA")
PROOF = Proof(arn="arn:proof", names=frozenset({NAME}), not_after=NOW + DAY)


def from_other(key: str = "p256") -> Issued:
    return OTHER_CA.issue(NAME, key=shared_key(key), not_before=NOW - DAY, lifetime=90 * DAY)


def domain(proof: Proof | None = None, kind: DependentKind = API_REGIONAL_DOMAIN) -> Dependent:
    return Dependent(
        kind=kind,
        arn="domain/1",
        certificate_arn=arn(1),
        names=frozenset({NAME}),
        keeps_issuer=True,
        proof=proof,
    )


def of(*names: str, key: str = "p256") -> Material:
    return material(issued(*names, key=key, ends=90 * DAY))


# The issuer


def test_another_issuer_refuses_nothing_is_warned_of_and_read_back() -> None:
    plan = region_plan(copy(used_by=users(domain())), wanted=material(from_other()))

    assert verdicts(plan.findings) == [(Code.DEPENDENT_ISSUER_CHANGED, Severity.WARN)]
    assert [step.verb for step in plan.steps] == ["reimport", "confirm", "tag"]
    assert "domain/1 has mutual TLS, and the issuer changes from" in plan.findings[0].found


def test_with_the_same_issuer_there_is_nothing_to_confirm() -> None:
    plan = region_plan(copy(used_by=users(domain())))

    assert plan.findings == ()
    assert shape(plan) == [("reimport", arn(1)), ("tag", arn(1))]


def test_a_run_that_ended_before_it_asked_is_followed_by_one_that_asks() -> None:
    """Who issued what was replaced is not known any more."""
    unfinished = copy(leaf=NEW_LEAF, used_by=users(domain()))

    assert [step.verb for step in region_plan(unfinished).steps] == ["confirm", "tag"]
    assert region_plan(done(used_by=users(domain()))).steps == ()


@pytest.mark.parametrize(
    ("kinds", "in_use", "asks"),
    [
        ([API_REGIONAL_DOMAIN], True, True),
        ([API_REGIONAL_DOMAIN], False, False),
        ([ALB_LISTENER], True, False),
    ],
)
def test_for_that_the_users_of_the_unfinished_copy_are_asked_for(
    *, kinds: list[DependentKind], in_use: bool, asks: bool
) -> None:
    unfinished = copy(leaf=NEW_LEAF, in_use=in_use)

    assert rotation().users_decide([unfinished], kinds, NOW) is asks


# The ownership certificate


@pytest.mark.parametrize(
    ("names", "leaf", "codes"),
    [
        ((NAME,), None, []),
        ((NAME, "b.example.com"), None, [Code.DEPENDENT_NAME_UNCOVERED]),
        ((NAME, "b.example.com"), issued(NAME, "b.example.com"), []),
        ((NAME, "b.example.com"), RSA, [Code.DEPENDENT_NAME_UNCOVERED]),
    ],
    ids=["covered", "a new name", "a name that it presents today", "a move"],
)
def test_the_material_has_no_names_but_those_that_the_ownership_certificate_covers(
    names: tuple[str, ...], leaf: Issued | None, codes: list[Code]
) -> None:
    plan = region_plan(copy(leaf=leaf, used_by=users(domain(PROOF))), wanted=of(*names))

    assert [each.code for each in plan.findings] == codes
    assert all(each.severity is Severity.REFUSE for each in plan.findings)
    assert all("ownership certificate" in each.remedy for each in plan.findings)


@pytest.mark.parametrize(("ends", "codes"), [(timedelta(), [Code.DEPENDENT_UNMOVABLE]), (DAY, [])])
def test_once_the_ownership_certificate_has_expired_nothing_can_be_moved(
    ends: timedelta, codes: list[Code]
) -> None:
    proof = PROOF._replace(not_after=NOW + ends)

    moved = region_plan(copy(leaf=RSA, used_by=users(domain(proof))))
    renewed = region_plan(copy(used_by=users(domain(proof))))

    assert [each.code for each in moved.findings] == codes
    assert renewed.findings == ()


# Whom an ordinary renewal asks


@pytest.mark.parametrize(
    ("kind", "live", "wanted", "expected"),
    [
        (API_REGIONAL_DOMAIN, issued(), of(), False),
        (API_REGIONAL_DOMAIN, issued(), material(from_other()), True),
        (API_REGIONAL_DOMAIN, issued(), of(NAME, "b.example.com"), True),
        (API_REGIONAL_DOMAIN, issued(NAME, "b.example.com"), of(), True),
        (ALB_LISTENER, issued(NAME, "b.example.com"), of(), False),
        (DISTRIBUTION, issued(), material(from_other()), False),
        (DISTRIBUTION, issued(NAME, "b.example.com"), of(), True),
        (DISTRIBUTION, issued(extended=(SERVER_AUTH, CLIENT_AUTH)), of(), True),
        (API_EDGE_DOMAIN, issued(ends=DAY), of(), True),
    ],
    ids=[
        "an ordinary renewal",
        "another issuer, and domain names with mutual TLS",
        "a further name, and ownership certificates",
        "a lost name, and domain names",
        "a lost name, and listeners, which have none",
        "another issuer, and distributions",
        "a lost name, and distributions",
        "a lost usage, and distributions, which may be clients",
        "a day left, and edge-optimized domain names",
    ],
)
def test_a_kind_is_asked_only_if_one_of_its_resources_may_object_to_the_reimport(
    *, kind: DependentKind, live: Issued, wanted: Material, expected: bool
) -> None:
    assert may_object(kind, copy(leaf=live), wanted, NOW) is expected


def test_a_key_that_the_documents_doubt_is_kept_and_nothing_moves_to_it() -> None:
    edge = domain(kind=API_EDGE_DOMAIN)
    large = of(key="rsa4096")

    renewed = region_plan(copy(leaf=issued(key="rsa4096"), used_by=users(edge)), wanted=large)
    moved = region_plan(copy(used_by=users(edge)), wanted=large)

    assert Code.DEPENDENT_KEY_UNSUPPORTED not in {each.code for each in renewed.findings}
    assert [each.code for each in moved.findings] == [Code.DEPENDENT_KEY_UNSUPPORTED]
