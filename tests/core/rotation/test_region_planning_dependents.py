"""What dependents cannot take, and what cannot move."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from certrotation.core.estate.dependent_kinds import NLB_LISTENER
from certrotation.core.estate.inventory import Asked, Users
from certrotation.core.findings import Code, Severity
from tests.core.builders import (
    NAME,
    NEW_VERSION,
    arn,
    copy,
    distribution,
    issued,
    listener,
    managed,
    material,
    users,
)
from tests.core.region_plans import (
    NEW_LEAF,
    RSA,
    look,
    plan_for,
    refusal,
    region_plan,
    rotation,
    shape,
    told,
)
from tests.core.samples import DAY, PUBLIC_ROOT, under
from tests.support.authority import CLIENT_AUTH, SERVER_AUTH

if TYPE_CHECKING:
    from cryptography.x509 import ObjectIdentifier

    from certrotation.core.estate.inventory import Dependent
    from tests.support.authority import Authority, Issued


@pytest.mark.parametrize(
    ("used_by", "found"),
    [
        (
            users(unknown=("arn:environment",)),
            f"arn:environment uses {arn(1)} and cannot be moved from here.",
        ),
        (
            Users(
                unknown=("arn:balancer",),
                asked=(
                    Asked("arn:balancer", "API domain", "eu-west-1"),
                    Asked("arn:balancer", "API domain", "us-east-1", "THROTTLED: Slow down."),
                    Asked("arn:other", "API domain", "us-west-2"),
                ),
            ),
            (
                f"arn:balancer uses {arn(1)} and cannot be moved from here. Searched without a"
                " result: API domain in eu-west-1; API domain in us-east-1"
                " (THROTTLED: Slow down.)."
            ),
        ),
        (
            users(listener(unmovable="a controller owns it")),
            "ALB listener listener/1 must keep its ARN: a controller owns it.",
        ),
    ],
)
def test_a_replacement_is_refused_if_it_would_move_what_must_keep_its_arn(
    used_by: Users, found: str
) -> None:
    plan = region_plan(copy(leaf=RSA, used_by=used_by))

    assert plan.steps == ()
    assert plan.is_refused
    assert told(plan.findings) == [refusal(Code.DEPENDENT_UNMOVABLE, found)]


def test_what_must_keep_its_arn_stands_in_the_way_of_no_reimport() -> None:
    used_by = users(listener(unmovable="a controller owns it"), unknown=("arn:environment",))

    plan = region_plan(copy(used_by=used_by))

    assert shape(plan) == [("reimport", arn(1)), ("tag", arn(1))]
    assert plan.findings == ()


def test_one_that_cloudformation_owns_is_moved_with_a_warning() -> None:
    plan = region_plan(copy(leaf=RSA, used_by=users(listener(drifts="shop-stack"))))

    assert len(plan.steps) == 3
    assert told(plan.findings) == [
        (
            Code.DEPENDENT_DRIFTS,
            Severity.WARN,
            "ALB listener listener/1 belongs to the CloudFormation stack shop-stack.",
        )
    ]


@cache
def deep(depth: int) -> Authority:
    """A CA under whose leaves so many certificates stand, the root left out."""
    if depth == 0:
        return PUBLIC_ROOT
    return under(deep(depth - 1), f"Deep CA {depth}")


@pytest.mark.parametrize(
    ("dependent", "wanted", "refused"),
    [
        (
            listener(kind=NLB_LISTENER),
            issued(key="rsa4096", ends=90 * DAY),
            refusal(
                Code.DEPENDENT_KEY_UNSUPPORTED, "NLB listener listener/1 does not take RSA_4096."
            ),
        ),
        (
            distribution(),
            issued(key="p384", ends=90 * DAY),
            refusal(
                Code.DEPENDENT_KEY_UNSUPPORTED,
                "CloudFront distribution distribution/1 does not take EC_secp384r1.",
            ),
        ),
        (
            distribution(needs_client_auth=True),
            NEW_LEAF,
            refusal(
                Code.DEPENDENT_UNMOVABLE,
                "CloudFront distribution distribution/1 presents it to an origin and needs"
                " clientAuth.",
            ),
        ),
    ],
    ids=["NLB and RSA 4096", "CloudFront and P-384", "a client certificate"],
)
@pytest.mark.parametrize("stays", [True, False])
def test_what_a_dependent_cannot_take_is_refused_whether_its_arn_stays_or_not(
    *, dependent: Dependent, wanted: Issued, refused: tuple[Code, Severity, str], stays: bool
) -> None:
    kinds = {"EC_prime256v1": "p256", "EC_secp384r1": "p384", "RSA_4096": "rsa4096"}
    key = kinds[material(wanted).key_algorithm] if stays else "p521"

    plan = region_plan(
        copy(leaf=issued(key=key), used_by=users(dependent)), wanted=material(wanted)
    )

    assert told(plan.findings) == [refused]
    assert plan.steps == ()


def test_a_load_balancer_takes_no_certificate_without_a_fully_qualified_name() -> None:
    bare = issued("intranet")

    plan = region_plan(
        copy(leaf=bare, used_by=users(listener())),
        wanted=material(issued("intranet", ends=90 * DAY)),
    )

    assert told(plan.findings) == [
        refusal(
            Code.DEPENDENT_NAME_UNCOVERED,
            "ALB listener listener/1 takes no certificate without a fully qualified DNS name.",
        )
    ]


@pytest.mark.parametrize(
    ("depth", "dependent", "found"),
    [
        (5, distribution(), []),
        (6, listener(), []),
        (
            6,
            distribution(),
            [
                refusal(
                    Code.CHAIN_TOO_LONG,
                    "CloudFront distribution distribution/1 takes 5 chain certificates;"
                    " there are 6.",
                )
            ],
        ),
    ],
)
def test_a_chain_over_what_a_dependent_takes_is_refused(
    depth: int, dependent: Dependent, found: list[tuple[Code, Severity, str]]
) -> None:
    wanted = material(issued(ends=90 * DAY, authority=deep(depth)))

    plan = region_plan(copy(used_by=users(dependent)), wanted=wanted)

    assert len(wanted.chain) == depth
    assert told(plan.findings) == found


@pytest.mark.parametrize("extended", [(SERVER_AUTH, CLIENT_AUTH), (CLIENT_AUTH, SERVER_AUTH)])
def test_a_client_certificate_is_renewed_in_place_by_material_with_client_auth(
    extended: tuple[ObjectIdentifier, ...],
) -> None:
    wanted = material(issued(ends=90 * DAY, extended=extended))

    plan = region_plan(
        copy(leaf=issued(), used_by=users(distribution(needs_client_auth=True, unmovable="it is"))),
        wanted=wanted,
    )

    assert shape(plan) == [("reimport", arn(1)), ("tag", arn(1))]


def test_material_without_extended_key_usages_serves_clients_too() -> None:
    open_to_all = issued(ends=90 * DAY, extended=None)

    plan = region_plan(
        copy(leaf=issued(extended=None), used_by=users(distribution(needs_client_auth=True))),
        wanted=material(open_to_all),
    )

    assert plan.findings == ()


def test_a_dependent_that_presents_the_material_already_is_not_asked_whether_it_takes_it() -> None:
    alias = distribution(names=["gone.example.com"])

    plan = region_plan(copy(leaf=NEW_LEAF, used_by=users(alias)))

    assert (shape(plan), plan.findings) == ([("tag", arn(1))], ())


def test_every_refusal_of_a_region_is_told_at_once() -> None:
    first = copy(1, RSA, used_by=users(listener(1, unmovable="x"), listener(2, unmovable="y")))
    second = copy(2, RSA, used_by=users(unknown=("arn:z",)))

    plan = region_plan(first, second)

    assert [each.code for each in plan.findings] == [Code.DEPENDENT_UNMOVABLE] * 3
    assert plan.steps == ()


@pytest.mark.parametrize("key", ["p256", "p521"], ids=["in place", "moved"])
def test_an_alias_that_would_lose_its_certificate_is_refused(key: str) -> None:
    names = ["b.example.com", "a.example.com"]
    live = copy(leaf=issued(NAME, *names, key=key), used_by=users(distribution(names=names)))
    accepting = managed(accept=f"NAMES_LOST@{NEW_VERSION}")

    (plan,) = plan_for(rotation(secret=accepting), look(live)).regions

    assert plan.steps == ()
    assert refusal(
        Code.DEPENDENT_NAME_UNCOVERED,
        "CloudFront distribution distribution/1 answers for a.example.com, b.example.com;"
        " the material does not.",
    ) in told(plan.findings)


def test_an_alias_that_is_not_covered_today_either_stops_a_move_alone() -> None:
    used_by = users(distribution(names=["old.example.com"]))

    in_place = region_plan(copy(used_by=used_by))
    moved = region_plan(copy(leaf=RSA, used_by=used_by))

    assert shape(in_place) == [("reimport", arn(1)), ("tag", arn(1))]
    assert in_place.findings == ()
    assert [each.code for each in moved.findings] == [Code.DEPENDENT_NAME_UNCOVERED]
