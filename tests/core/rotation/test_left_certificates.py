"""Which certificates in use are reported as passed over, in which words, and how many."""

from __future__ import annotations

from dataclasses import replace

import pytest

from certrotation.core.estate.inventory import (
    Copy,
    OtherCertificates,
    RegionLook,
    UnreadableCertificate,
    Users,
)
from certrotation.core.findings import Code, Finding, Severity
from certrotation.core.rotation.left_certificates import MOST_REPORTED
from certrotation.names.tags import IGNORE, SECRET
from tests.core.builders import (
    HOME,
    NAME,
    SHOP,
    arn,
    copy,
    issued,
    listener,
    managed,
    material,
    users,
)
from tests.core.region_plans import POLICY, RSA, plan_for, rotation
from tests.core.samples import DAY, NOW, PRIVATE_CA

USED = users(listener())
UNUSED = users()
WIDE = issued(NAME, "pay.example.com")
WORSE = "the material would lose trust or expire sooner"


def theirs(leaf: object = RSA, used_by: Users | None = USED, **facts: object) -> Copy:
    """A certificate without a tag of ours, in use by a listener unless told otherwise."""
    made = copy(leaf=leaf, tags={}, used_by=used_by, in_use=bool(used_by))  # type: ignore[arg-type]  # facts of a table
    return replace(made, **facts)  # type: ignore[arg-type]  # facts of a table


def seen(*lookalikes: Copy, **facts: object) -> RegionLook:
    others = OtherCertificates()
    look = RegionLook(region=HOME, copies=(), lookalikes=lookalikes, others=others)
    return replace(look, **facts)  # type: ignore[arg-type]  # facts of a table


def left_in(look: RegionLook, **facts: object) -> list[Finding]:
    """The findings of the plan for a Region."""
    plan = plan_for(rotation(**facts), look)  # type: ignore[arg-type]  # facts of a table
    return [each for each in plan.all_findings if each.code is Code.LIVE_CERTIFICATE_LEFT]


def test_it_names_certificate_dependent_and_reason_and_is_a_warning() -> None:
    (found,) = left_in(seen(theirs()))

    assert found.severity is Severity.WARN
    assert found.found == (
        f"{arn(1)} shares {NAME} with the material and has no tag of this service."
        " It is presented by ALB listener listener/1. The certificate is not adopted:"
        " its key type is RSA_2048, the material's is EC_prime256v1."
    )
    assert found.remedy == (
        f"Tag {arn(1)} with certrotation:secret = {SHOP}. The certificate then becomes a copy, and"
        " its dependents present the material. To leave the certificate as it is, accept"
        " LIVE_CERTIFICATE_LEFT in the tag certrotation:accept of the secret."
    )


def test_a_plan_with_it_goes_on() -> None:
    (region,) = plan_for(rotation(), seen(theirs())).regions

    assert [step.verb for step in region.steps] == ["import"]


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        pytest.param((NAME, "pay.example.com"), "pay.example.com", id="another name"),
        pytest.param((NAME, "*.example.com"), "*.example.com", id="a wildcard"),
    ],
)
def test_names_that_the_material_lacks_are_the_remedy(names: tuple[str, ...], missing: str) -> None:
    (found,) = left_in(seen(theirs(issued(*names))))

    assert f"the material does not have its names {missing}" in found.found
    assert found.remedy.startswith(f"Issue the certificate of {SHOP} with {missing} too, or point")
    assert "Tag " not in found.remedy


def test_a_name_that_the_materials_wildcard_covers_is_not_missing() -> None:
    wanted = material(issued("*.example.com", ends=90 * DAY))

    (found,) = left_in(seen(theirs(issued("*.example.com", NAME))), wanted=wanted)

    assert found.remedy.startswith(f"Tag {arn(1)} with certrotation:secret = {SHOP}.")


@pytest.mark.parametrize(
    ("leaf", "why"),
    [
        pytest.param(issued(ends=99 * DAY), WORSE, id="expires later"),
        pytest.param(issued(authority=PRIVATE_CA), WORSE, id="another CA"),
        pytest.param(WIDE, "the material does not have its names pay.example.com", id="more"),
        pytest.param(
            issued(NAME, "pay.example.com", ends=99 * DAY),
            f"the material does not have its names pay.example.com; {WORSE}",
            id="two reasons",
        ),
    ],
)
def test_the_reason_is_the_one_that_kept_it_from_being_adopted(leaf: object, why: str) -> None:
    (found,) = left_in(seen(theirs(leaf)))

    assert found.found == (
        f"{arn(1)} shares {NAME} with the material and has no tag of this service."
        f" It is presented by ALB listener listener/1. The certificate is not adopted: {why}."
    )


def test_material_with_further_names_is_a_reason_too() -> None:
    wanted = material(issued(NAME, "new.example.com", ends=90 * DAY))

    (found,) = left_in(seen(theirs(issued())), wanted=wanted)

    assert "it does not have the material's names new.example.com" in found.found
    assert found.remedy.startswith("Tag ")


def test_the_setting_is_a_reason() -> None:
    (found,) = left_in(seen(theirs(issued())), policy=replace(POLICY, adopts=False))

    assert "not adopted: adoption is off." in found.found


def test_where_adoption_is_refused_the_finding_refers_to_that_refusal() -> None:
    rival = replace(copy(2, tags={SECRET: "certrotation/wiki"}, in_use=True), users=USED)

    other, found = left_in(seen(theirs(issued()), replace(theirs(), arn=arn(3)), rival))

    assert found.found.startswith(f"{arn(3)} shares")
    assert "ADOPTION_AMBIGUOUS" not in found.found
    assert "not adopted: see ADOPTION_AMBIGUOUS." in other.found


@pytest.mark.parametrize(
    "look",
    [
        pytest.param(seen(), id="nothing there"),
        pytest.param(seen(theirs(issued())), id="adopted"),
        pytest.param(seen(theirs(used_by=UNUSED)), id="unused, whatever the list shows"),
        pytest.param(seen(theirs(tags={IGNORE: ""})), id="ignored"),
        pytest.param(seen(theirs(tags={SECRET: "other/shop"})), id="another deployment's"),
        pytest.param(seen(theirs(issued("www.example.com"))), id="other names"),
        pytest.param(seen(theirs(issued("*.example.com"))), id="a wildcard that covers the name"),
        pytest.param(seen(theirs(), others=None), id="not searched"),
    ],
)
def test_nothing_else_is_reported(look: RegionLook) -> None:
    assert left_in(look) == []


@pytest.mark.parametrize(
    ("used_by", "says"),
    [
        (None, "ACM lists the certificate as in use; its dependents could not be read."),
        (users(unknown=("arn:elsewhere",)), "It is presented by arn:elsewhere."),
    ],
    ids=["not known", "a user that no service knows"],
)
def test_who_presents_it_is_said_as_far_as_it_is_known(used_by: Users | None, says: str) -> None:
    sharing = theirs(WIDE, used_by=used_by)

    (found,) = left_in(seen(others=OtherCertificates(sharing=(sharing,))))

    assert f" has no tag of this service. {says} The certificate" in found.found


def test_a_certificate_in_use_that_cannot_be_read_is_reported_and_another_is_a_note() -> None:
    unreadable = (
        UnreadableCertificate(arn(1), "It is cut off.", is_left=True, users=USED),
        UnreadableCertificate(arn(2), "It is odd.", is_left=False),
    )
    look = seen(unreadable=unreadable)

    (found,) = left_in(look)

    assert found.found == (
        f"{arn(1)} shares a name with the material. It is presented by ALB listener listener/1."
        " The certificate is not adopted, because it cannot be read: It is cut off."
    )
    assert found.remedy == (
        f"Point the dependents of {arn(1)} at other certificates. To leave the certificate as it"
        " is, accept LIVE_CERTIFICATE_LEFT in the tag certrotation:accept of the secret."
    )
    (region,) = plan_for(rotation(), look).regions
    assert region.notes == ("left alone: It is cut off.", "left alone: It is odd.")


# How many


def many(number: int) -> tuple[Copy, ...]:
    return tuple(
        replace(theirs(WIDE), arn=arn(each), users=users(listener(on=arn(each))))
        for each in range(1, number + 1)
    )


@pytest.mark.parametrize(
    ("number", "unread", "reported", "rest"),
    [
        (MOST_REPORTED, 0, MOST_REPORTED, None),
        (MOST_REPORTED + 1, 0, MOST_REPORTED, "1 more "),
        (MOST_REPORTED, 2_480, MOST_REPORTED, "2,480 more "),
        (MOST_REPORTED + 2, 3, MOST_REPORTED, "5 more "),
    ],
)
def test_some_are_named_and_the_rest_counted(
    number: int, unread: int, reported: int, rest: str | None
) -> None:
    others = OtherCertificates(sharing=many(number), unread=unread)

    found = left_in(seen(others=others))

    assert sum(arn(each) in f.found for f in found for each in range(1, number + 1)) == reported
    counted = (
        f"{rest}certificates in use in {HOME} share a name with the material, have no tag of this"
        " service, and are not adopted."
    )
    assert [each.found for each in found[reported:]] == ([counted] if rest else [])


def test_what_expires_first_is_named_first() -> None:
    sooner, later = theirs(issued(key="rsa2048", ends=9 * DAY)), theirs(WIDE, arn=arn(2))

    found = left_in(seen(sooner, others=OtherCertificates(sharing=(later,))))

    assert [each.found.split()[0] for each in found] == [arn(1), arn(2)]


@pytest.mark.parametrize(("number", "more"), [(5, ""), (6, " and 1 more"), (9, " and 4 more")])
def test_a_long_list_of_names_or_dependents_is_cut(number: int, more: str) -> None:
    names = [f"n{each}.example.com" for each in range(number)]
    presenting = users(*(listener(each) for each in range(number)))

    (found,) = left_in(seen(theirs(issued(NAME, *names), used_by=presenting)))

    listed = ", ".join(f"ALB listener listener/{each}" for each in range(5))
    assert f"It is presented by {listed}{more}." in found.found
    assert f"its names {', '.join(names[:5])}{more}." in found.found


# Accepted


def test_accepted_it_stays_a_warning_that_says_so() -> None:
    secret = managed(accept="LIVE_CERTIFICATE_LEFT")

    (found,) = left_in(seen(theirs()), secret=secret)

    assert found.severity is Severity.WARN
    assert found.found.startswith("Accepted by tag: ")
    plan = plan_for(rotation(secret=secret), seen(theirs()))
    assert {each.code for each in plan.all_findings} == {Code.LIVE_CERTIFICATE_LEFT}


@pytest.mark.parametrize("entry", ["LIVE_CERTIFICATE_LEFT@v-new", "ADOPTION_AMBIGUOUS"])
def test_no_other_entry_accepts_it(entry: str) -> None:
    secret = managed(accept=entry)

    (found,) = left_in(seen(theirs()), secret=secret)

    assert not found.found.startswith("Accepted")
    plan = plan_for(rotation(secret=secret), seen(theirs()))
    assert Code.ACCEPT_WITHOUT_EFFECT in {each.code for each in plan.findings}


@pytest.mark.parametrize(
    ("look", "is_idle"),
    [
        pytest.param(seen(), True, id="searched, and nothing left"),
        pytest.param(seen(others=None), False, id="not searched"),
        pytest.param(seen(theirs()), False, id="something left"),
    ],
)
def test_the_acceptance_is_without_effect_only_if_a_search_found_nothing(
    look: RegionLook,
    is_idle: bool,  # noqa: FBT001  a column of the table
) -> None:
    plan = plan_for(rotation(secret=managed(accept="LIVE_CERTIFICATE_LEFT")), look)

    found = {each.code for each in plan.findings}
    assert found == ({Code.ACCEPT_WITHOUT_EFFECT} if is_idle else set())


def test_a_region_that_could_not_be_planned_may_give_the_acceptance_its_effect() -> None:
    secret = managed(accept="LIVE_CERTIFICATE_LEFT")

    assert rotation(secret=secret).plan([], NOW).findings == ()
