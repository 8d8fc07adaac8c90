"""The plan for one Region: reimport or replace, one copy in the end, who moves where."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import pytest

from certrotation.core.estate import DependentKind
from certrotation.core.findings import Code, Severity
from certrotation.core.region_planning import RegionGoal, users_decide
from certrotation.core.steps import (
    NEW_COPY,
    Adopt,
    Import,
    MarkSuperseded,
    Move,
    Reimport,
    Tag,
    Unmark,
)
from certrotation.core.tags import SECRET, VERSION
from tests.core.building import (
    BIRTH,
    NEW_VERSION,
    arn,
    copy,
    distribution,
    issued,
    listener,
    material,
    region_plan,
    rotation,
    superseded,
    tags_of,
    users,
)
from tests.core.samples import DAY, NOW, PUBLIC_ROOT, SECOND, under, verdicts
from tests.support.authority import CLIENT_AUTH, SERVER_AUTH

if TYPE_CHECKING:
    from cryptography.x509 import ObjectIdentifier

    from certrotation.core.estate import Copy, Dependent, Users
    from certrotation.core.findings import Finding
    from certrotation.core.steps import RegionPlan
    from tests.support.authority import Authority, Issued

HOUR = timedelta(hours=1)
NEW_LEAF = issued(ends=90 * DAY)
RSA = issued(key="rsa2048")
UNUSED = users()
IN_PLACE = "it ends 2026-06-21, the material 2026-08-30, and ACM's rules allow it in place"
TYPE_CHANGES = "the key changes from RSA_2048 to EC_prime256v1"
CARRIES = "it then carries version v-new"


def done(number: int = 1, *, used_by: Users | None = None, **more: object) -> Copy:
    """A copy that carries the material and says so."""
    tags = tags_of(NEW_LEAF, NEW_VERSION)
    return copy(number, NEW_LEAF, tags=tags, used_by=used_by, **more)  # type: ignore[arg-type]  # passed on


def shape(plan: RegionPlan) -> list[tuple[str, ...]]:
    """The steps without their reasons: verb, ARN, and where to or by whom."""
    return [
        (
            step.verb,
            step.arn,
            *((step.to_arn,) if isinstance(step, Move) else ()),
            *((step.by_arn,) if isinstance(step, MarkSuperseded) else ()),
        )
        for step in plan.steps
    ]


def refusal(code: Code, found: str) -> tuple[Code, Severity, str]:
    return (code, Severity.REFUSE, found)


def told(findings: tuple[Finding, ...]) -> list[tuple[Code, Severity, str]]:
    return [(each.code, each.severity, each.found) for each in findings]


# Reimport, tag, import


def test_a_region_without_a_copy_gets_one_import() -> None:
    plan = region_plan()

    assert plan.steps == (Import(because="the Region has no copy"),)
    assert plan.findings == ()


@pytest.mark.parametrize("used_by", [None, UNUSED, users(listener()), users(unknown=("arn:x",))])
def test_a_copy_is_reimported_in_place_whenever_acms_rules_allow_it(used_by: Users | None) -> None:
    plan = region_plan(copy(used_by=used_by))

    assert plan.steps == (
        Reimport(arn=arn(1), because=IN_PLACE),
        Tag(arn=arn(1), because=CARRIES),
    )
    assert plan.findings == ()


def test_a_reimported_copy_is_tagged_even_if_its_tags_say_so_already() -> None:
    plan = region_plan(copy(tags=tags_of(NEW_LEAF, NEW_VERSION)))

    assert shape(plan) == [("reimport", arn(1)), ("tag", arn(1))]


def test_a_copy_that_carries_the_material_and_says_so_needs_nothing() -> None:
    assert region_plan(done()).steps == ()


@pytest.mark.parametrize("tag", [SECRET, VERSION, "certrotation:not-after"])
def test_a_copy_whose_leaf_already_equals_the_materials_is_only_tagged(tag: str) -> None:
    tags = {**tags_of(NEW_LEAF, NEW_VERSION), tag: "something else"}

    plan = region_plan(copy(leaf=NEW_LEAF, tags=tags))

    assert plan.steps == (Tag(arn=arn(1), because=CARRIES),)


def test_labels_of_the_secret_alone_make_no_step() -> None:
    assert region_plan(done(more_tags={"team": "shop"})).steps == ()


@pytest.mark.parametrize(
    ("old", "because"),
    [
        (RSA, TYPE_CHANGES),
        (issued(key="p384"), "the key changes from EC_secp384r1 to EC_prime256v1"),
        (
            issued(usages=("digital_signature", "key_agreement")),
            "key usages would be lost: key_agreement",
        ),
    ],
    ids=["type", "size", "key usage"],
)
def test_a_copy_is_replaced_when_acms_rules_forbid_a_reimport(old: Issued, because: str) -> None:
    plan = region_plan(copy(leaf=old, used_by=users(listener())))

    assert plan.steps == (
        Import(because=f"no copy can take the material: {because}"),
        Move(dependent=listener(), to_arn=NEW_COPY, because=because),
        MarkSuperseded(
            arn=arn(1),
            by_arn=NEW_COPY,
            because="its dependents move, and the new copy has the material",
        ),
    )


def test_an_unused_copy_that_must_be_replaced_is_superseded_at_once() -> None:
    assert region_plan(copy(leaf=RSA, used_by=UNUSED)).steps == (
        Import(because=f"no copy can take the material: {TYPE_CHANGES}"),
        MarkSuperseded(
            arn=arn(1),
            by_arn=NEW_COPY,
            because="nothing uses it, and the new copy has the material",
        ),
    )


# One copy per Region, in the end


def test_every_copy_in_use_that_acm_lets_us_reimport_is_reimported() -> None:
    first, second = (
        copy(number, used_by=users(listener(number, on=arn(number)))) for number in (1, 2)
    )

    assert shape(region_plan(second, first)) == [
        ("reimport", arn(1)),
        ("tag", arn(1)),
        ("reimport", arn(2)),
        ("tag", arn(2)),
    ]


@pytest.mark.parametrize("oldest", [2, 3])
def test_dependents_of_the_others_move_to_the_oldest_of_these(oldest: int) -> None:
    leaving = copy(1, RSA, used_by=users(listener(1), listener(2)))
    staying = [
        copy(
            number,
            used_by=users(listener(number, on=arn(number))),
            created=BIRTH - DAY if number == oldest else BIRTH,
        )
        for number in (2, 3)
    ]

    plan = region_plan(leaving, *staying)

    assert shape(plan)[4:] == [
        ("move", arn(1), arn(oldest)),
        ("move", arn(1), arn(oldest)),
        ("mark superseded", arn(1), arn(oldest)),
    ]
    assert not plan.imports


def test_else_they_move_to_one_new_import() -> None:
    leaving = [
        copy(number, RSA, used_by=users(listener(number, on=arn(number)))) for number in (1, 2)
    ]

    assert shape(region_plan(*leaving)) == [
        ("import", NEW_COPY),
        ("move", arn(1), NEW_COPY),
        ("move", arn(2), NEW_COPY),
        ("mark superseded", arn(1), NEW_COPY),
        ("mark superseded", arn(2), NEW_COPY),
    ]


def test_a_copy_in_use_is_preferred_to_an_older_unused_one_which_is_superseded() -> None:
    used, spare = copy(2, used_by=users(listener(on=arn(2)))), done(1, used_by=UNUSED)

    assert shape(region_plan(spare, used)) == [
        ("reimport", arn(2)),
        ("tag", arn(2)),
        ("mark superseded", arn(1), arn(2)),
    ]


def test_an_unused_copy_that_carries_the_material_is_preferred_to_one_that_does_not() -> None:
    leaving = copy(3, RSA, used_by=users(listener(on=arn(3))))

    plan = region_plan(copy(1, used_by=UNUSED), done(2, used_by=UNUSED), leaving)

    assert shape(plan) == [
        ("move", arn(3), arn(2)),
        ("mark superseded", arn(1), arn(2)),
        ("mark superseded", arn(3), arn(2)),
    ]


def test_an_unused_copy_that_can_be_reimported_is_preferred_to_a_new_import() -> None:
    leaving = copy(3, RSA, used_by=users(listener(on=arn(3))))

    plan = region_plan(copy(2, used_by=UNUSED), copy(1, used_by=UNUSED), leaving)

    assert shape(plan) == [
        ("reimport", arn(1)),
        ("tag", arn(1)),
        ("move", arn(3), arn(1)),
        ("mark superseded", arn(2), arn(1)),
        ("mark superseded", arn(3), arn(1)),
    ]


@pytest.mark.parametrize(
    ("created_of_1", "winner"), [(BIRTH + SECOND, 2), (BIRTH, 1), (BIRTH - SECOND, 1)]
)
def test_among_equal_fingerprints_the_earliest_then_the_lowest_arn_wins(
    created_of_1: object, winner: int
) -> None:
    first = done(1, used_by=UNUSED, created=created_of_1)
    second = done(2, used_by=UNUSED, created=BIRTH)
    loser = 3 - winner

    plan = region_plan(second, first)

    assert plan.steps == (
        MarkSuperseded(
            arn=arn(loser),
            by_arn=arn(winner),
            because=f"nothing uses it, and {arn(winner)} has the material",
        ),
    )


def test_of_two_copies_that_carry_the_material_and_are_in_use_both_stay() -> None:
    both = [done(number, used_by=users(listener(number, on=arn(number)))) for number in (1, 2)]

    assert region_plan(*both).steps == ()


# Superseded copies


def test_superseded_copies_that_nothing_uses_are_left_alone() -> None:
    old = copy(1, RSA, used_by=UNUSED, more_tags=superseded(NOW))

    assert region_plan(old, done(2, used_by=UNUSED)).steps == ()


def test_reuse_by_a_rollback_takes_the_marks_off_before_anything_is_attached() -> None:
    old = done(1, used_by=UNUSED, more_tags=superseded(NOW - DAY))
    live = copy(2, RSA, used_by=users(listener(on=arn(2))))

    plan = region_plan(old, live)

    assert plan.steps == (
        Unmark(arn=arn(1), because="it is to be used again"),
        Move(dependent=listener(on=arn(2)), to_arn=arn(1), because=TYPE_CHANGES),
        MarkSuperseded(
            arn=arn(2),
            by_arn=arn(1),
            because=f"its dependents move, and {arn(1)} has the material",
        ),
    )
    assert plan.findings == ()


def test_a_superseded_copy_is_reused_under_another_version_id_of_the_same_leaf() -> None:
    old = copy(1, NEW_LEAF, used_by=UNUSED, more_tags=superseded(NOW - DAY))

    assert shape(region_plan(old)) == [("unmark", arn(1)), ("tag", arn(1))]


def test_a_superseded_copy_that_carries_something_else_is_never_reused() -> None:
    old = copy(1, used_by=UNUSED, more_tags=superseded(NOW - DAY))

    assert region_plan(old).steps == (Import(because="the Region has no copy"),)


def test_one_found_in_use_again_is_an_ordinary_copy_again_and_reported_as_reverted() -> None:
    back = copy(1, used_by=users(listener()), more_tags=superseded(NOW))

    plan = region_plan(back, done(2, used_by=UNUSED))

    assert shape(plan) == [
        ("unmark", arn(1)),
        ("reimport", arn(1)),
        ("tag", arn(1)),
        ("mark superseded", arn(2), arn(1)),
    ]
    assert told(plan.findings) == [
        (
            Code.DEPENDENT_REVERTED,
            Severity.WARN,
            f"{arn(1)} was superseded and is in use again.",
        )
    ]


def test_one_found_in_use_again_that_must_be_replaced_is_left_again() -> None:
    back = copy(1, RSA, used_by=users(listener()), more_tags=superseded(NOW))

    plan = region_plan(back, done(2, used_by=users(listener(2, on=arn(2)))))

    assert shape(plan) == [("move", arn(1), arn(2)), ("mark superseded", arn(1), arn(2))]
    assert verdicts(plan.findings) == [(Code.DEPENDENT_REVERTED, Severity.WARN)]


@pytest.mark.parametrize(
    ("since", "steps"), [(HOUR - SECOND, []), (HOUR, [("unmark", arn(1)), ("tag", arn(1))])]
)
def test_acms_word_alone_proves_use_only_once_its_hint_settled(
    since: timedelta, steps: list[tuple[str, ...]]
) -> None:
    old = copy(1, NEW_LEAF, used_by=users(unknown=("arn:x",)), more_tags=superseded(NOW - since))

    assert shape(region_plan(old, done(2, used_by=users(listener(on=arn(2)))))) == steps


# The 48-hour edge rule


def on_edge(ends: timedelta, **facts: object) -> Copy:
    return copy(leaf=issued(ends=ends), used_by=users(distribution(**facts)))  # type: ignore[arg-type]  # passed on


@pytest.mark.parametrize("ends", [2 * DAY, 3 * DAY])
def test_what_cloudfront_presents_is_reimported_while_48_hours_remain(ends: timedelta) -> None:
    plan = region_plan(on_edge(ends))

    assert shape(plan) == [("reimport", arn(1)), ("tag", arn(1))]
    assert plan.findings == ()


@pytest.mark.parametrize("ends", [2 * DAY - SECOND, -DAY])
def test_what_cloudfront_presents_is_replaced_when_less_than_48_hours_remain(
    ends: timedelta,
) -> None:
    plan = region_plan(on_edge(ends))

    assert shape(plan) == [
        ("import", NEW_COPY),
        ("move", arn(1), NEW_COPY),
        ("mark superseded", arn(1), NEW_COPY),
    ]
    assert plan.findings == ()


def test_a_late_replacement_says_until_when_the_old_one_lasts() -> None:
    step = region_plan(on_edge(DAY)).steps[1]

    assert (
        step.because == "CloudFront presents it, and it ends 2026-06-02 12:00 UTC, within 48 hours"
    )


def test_a_listeners_copy_is_reimported_however_little_time_remains() -> None:
    plan = region_plan(copy(leaf=issued(ends=HOUR), used_by=users(listener())))

    assert shape(plan) == [("reimport", arn(1)), ("tag", arn(1))]


def test_if_cloudfront_refuses_the_new_arn_it_is_reimported_after_all_with_edge_late() -> None:
    late = on_edge(DAY)

    plan = region_plan(late, done(2, used_by=UNUSED), edge_refused=[arn(1)])

    assert shape(plan) == [
        ("reimport", arn(1)),
        ("tag", arn(1)),
        ("mark superseded", arn(2), arn(1)),
    ]
    assert told(plan.findings) == [
        (
            Code.EDGE_LATE,
            Severity.WARN,
            (
                f"{arn(1)} is reimported in place although CloudFront presents it, and it ends"
                " 2026-06-02 12:00 UTC, within 48 hours: its users cannot move."
            ),
        )
    ]


@pytest.mark.parametrize(
    "used_by",
    [
        users(distribution(unmovable="its tenants present others")),
        users(distribution(), listener(unmovable="a controller owns it")),
        users(distribution(), unknown=("arn:environment",)),
    ],
)
def test_a_late_copy_whose_users_cannot_move_is_reimported_with_edge_late(used_by: Users) -> None:
    plan = region_plan(copy(leaf=issued(ends=DAY), used_by=used_by))

    assert shape(plan) == [("reimport", arn(1)), ("tag", arn(1))]
    assert verdicts(plan.findings) == [(Code.EDGE_LATE, Severity.WARN)]


def test_a_stack_that_drifts_does_not_keep_a_late_copy_from_being_replaced() -> None:
    plan = region_plan(on_edge(DAY, drifts="shop-edge"))

    assert plan.imports
    assert verdicts(plan.findings) == [(Code.DEPENDENT_DRIFTS, Severity.WARN)]


def test_a_late_copy_that_carries_the_material_already_is_kept() -> None:
    leaf = issued(ends=DAY)

    plan = region_plan(
        copy(leaf=leaf, tags=tags_of(leaf, NEW_VERSION), used_by=users(distribution())),
        wanted=material(leaf),
    )

    assert (plan.steps, plan.findings) == ((), ())


# What dependents cannot take, and what cannot move


@pytest.mark.parametrize(
    ("used_by", "found"),
    [
        (
            users(unknown=("arn:environment",)),
            f"arn:environment uses {arn(1)} and cannot be moved from here.",
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
            listener(kind=DependentKind.NLB_LISTENER),
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
            distribution(names=frozenset({"b.example.com", "a.example.com"})),
            NEW_LEAF,
            refusal(
                Code.DEPENDENT_NAME_UNCOVERED,
                "CloudFront distribution distribution/1 answers for a.example.com, b.example.com;"
                " the material does not.",
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
    ids=["NLB and RSA 4096", "CloudFront and P-384", "an alias", "a client certificate"],
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
        copy(leaf=bare, used_by=users(listener())), wanted=material(issued("intranet", ends=90 * DAY))
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
    alias = distribution(names=frozenset({"gone.example.com"}))

    plan = region_plan(copy(leaf=NEW_LEAF, used_by=users(alias)))

    assert (shape(plan), plan.findings) == ([("tag", arn(1))], ())


def test_every_refusal_of_a_region_is_told_at_once() -> None:
    first = copy(1, RSA, used_by=users(listener(1, unmovable="x"), listener(2, unmovable="y")))
    second = copy(2, RSA, used_by=users(unknown=("arn:z",)))

    plan = region_plan(first, second)

    assert [each.code for each in plan.findings] == [Code.DEPENDENT_UNMOVABLE] * 3
    assert plan.steps == ()


# Adoption in the plan


def test_an_adopted_copy_is_tagged_then_treated_as_a_copy() -> None:
    plan = region_plan(lookalikes=[copy(tags={}, used_by=users(listener()), in_use=True)])

    assert shape(plan) == [("adopt", arn(1)), ("reimport", arn(1)), ("tag", arn(1))]
    assert isinstance(plan.steps[0], Adopt)


def test_every_adoption_comes_before_anything_else() -> None:
    found = [
        copy(number, tags={}, used_by=users(listener(number, on=arn(number))), in_use=True)
        for number in (1, 2)
    ]

    assert [step.verb for step in region_plan(lookalikes=found).steps] == [
        "adopt",
        "adopt",
        "reimport",
        "tag",
        "reimport",
        "tag",
    ]


def test_dependents_of_a_copy_that_must_go_move_to_an_adopted_one() -> None:
    leaving = copy(1, RSA, used_by=users(listener(1)))
    twin = copy(2, tags={}, used_by=UNUSED, in_use=False)

    assert shape(region_plan(leaving, lookalikes=[twin])) == [
        ("adopt", arn(2)),
        ("reimport", arn(2)),
        ("tag", arn(2)),
        ("move", arn(1), arn(2)),
        ("mark superseded", arn(1), arn(2)),
    ]


@pytest.mark.parametrize(
    ("own", "lookalike", "expected"),
    [
        (done(1, used_by=users(listener())), issued(), []),
        (done(1, used_by=UNUSED), issued(), []),
        (None, issued(usages=("digital_signature", "key_agreement")), [("import", NEW_COPY)]),
    ],
    ids=["a copy is in use", "a copy carries the material", "ACM's rules forbid a reimport"],
)
def test_what_nothing_uses_is_not_adopted_only_to_be_superseded_and_deleted(
    own: Copy | None, lookalike: Issued, expected: list[tuple[str, ...]]
) -> None:
    spare = copy(2, lookalike, tags={}, used_by=UNUSED, in_use=False)

    plan = region_plan(*([own] if own else []), lookalikes=[spare])

    assert shape(plan) == expected
    assert plan.notes == (
        f"{arn(2)} is left alone: nothing uses it, and the Region has a better copy",
    )


def test_an_ambiguous_adoption_refuses_the_region_and_keeps_the_notes() -> None:
    unused = [copy(number, tags={}, used_by=UNUSED, in_use=False) for number in (1, 2)]
    better = copy(3, issued(ends=99 * DAY), tags={}, used_by=UNUSED, in_use=False)

    plan = region_plan(lookalikes=[*unused, better])

    assert verdicts(plan.findings) == [(Code.ADOPTION_AMBIGUOUS, Severity.REFUSE)]
    assert plan.steps == ()
    assert plan.notes == (
        f"{arn(3)} is left alone: the material would lose trust or expire sooner",
    )


# Whether it matters who presents the copies


@pytest.mark.parametrize(
    ("copies", "is_edge", "matters"),
    [
        ((), True, False),
        ((copy(),), False, False),
        ((copy(in_use=True),), True, True),
        ((copy(in_use=None),), True, True),
        ((copy(in_use=False),), True, False),
        ((copy(leaf=NEW_LEAF, in_use=True),), True, False),
        ((copy(leaf=RSA, in_use=False),), False, True),
        ((copy(more_tags=superseded(NOW)),), False, True),
        ((copy(1), copy(2)), False, True),
    ],
    ids=[
        "no copy",
        "one that is reimported anyway",
        "one that CloudFront may present",
        "one of which nothing is known, at the edge",
        "one that nobody uses, at the edge",
        "one that carries the material",
        "one that must be replaced",
        "one that is superseded",
        "two",
    ],
)
def test_users_are_asked_for_only_where_they_decide(
    *, copies: tuple[Copy, ...], is_edge: bool, matters: bool
) -> None:
    goal = RegionGoal(material=material(), tags=rotation().tags, now=NOW)

    assert users_decide(copies, goal, is_edge=is_edge) is matters
