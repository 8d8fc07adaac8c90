from datetime import datetime, timedelta

import pytest
from cryptography import x509

from certrotation.core.estate.expiry_windows import WindowPolicy
from certrotation.core.findings import Code, Finding, refuse, warn
from certrotation.core.material.trust import PublicRoots
from certrotation.core.rotation.regression_checks import (
    causes_known,
    check_expiry,
    check_names,
    check_trust,
)
from tests.core.samples import (
    DAY,
    ISSUING_CA,
    LEAF,
    NOW,
    PRIVATE_CA,
    PRIVATE_LEAF,
    PRIVATE_ROOT,
    PUBLIC_ROOT,
    ROOTS,
    SECOND,
    inspect,
    material_of,
    presented,
    resigned,
    root,
    secret_of,
    under,
)
from tests.support.authority import Authority, Issued

ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
OTHER_ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/2"
POLICY = WindowPolicy()


def names_lost(served: tuple[str, ...], offered: tuple[str, ...]) -> list[Finding]:
    material = material_of(ISSUING_CA.issue(*offered, not_before=NOW - DAY))
    return list(check_names(material, ARN, presented(ISSUING_CA.issue(*served))))


@pytest.mark.parametrize(
    ("served", "offered"),
    [
        (("a.example",), ("A.example.",)),
        (("a.example",), ("a.example", "b.example")),
        (("www.a.example",), ("*.a.example",)),
        (("*.a.example",), ("*.a.example",)),
        (("2001:db8:0::1",), ("2001:db8::1",)),
    ],
)
def test_names_that_are_covered_are_not_lost(
    served: tuple[str, ...], offered: tuple[str, ...]
) -> None:
    assert names_lost(served, offered) == []


@pytest.mark.parametrize(
    ("served", "offered", "lost"),
    [
        (("a.example", "c.example", "b.example"), ("a.example",), "b.example, c.example"),
        (("*.a.example",), ("www.a.example",), "*.a.example"),
        (("a.example",), ("*.a.example",), "a.example"),
        (("192.0.2.1",), ("192.0.2.2",), "192.0.2.1"),
    ],
)
def test_names_that_are_not_covered_are_refused_and_named(
    served: tuple[str, ...], offered: tuple[str, ...], lost: str
) -> None:
    expected = refuse(Code.NAMES_LOST, f"{ARN} serves {lost}; the material does not.")
    assert names_lost(served, offered) == [expected]


def trust_lost(before: Issued, after: Issued, *chain: x509.Certificate) -> list[Finding]:
    material = material_of(after, *chain)
    return list(check_trust(material, ARN, presented(before), ROOTS))


STAGING = under(root("(STAGING) Root"), "(STAGING) Issuing CA")
STAGING_LEAF = STAGING.issue("www.example.com", not_before=NOW - DAY)
SECOND_CA = under(PUBLIC_ROOT, "Second Issuing CA")


def test_a_public_root_may_follow_a_public_root() -> None:
    assert trust_lost(LEAF, SECOND_CA.issue("a.example", not_before=NOW - DAY)) == []


def test_a_staging_ca_does_not_follow_a_public_root() -> None:
    (found,) = trust_lost(LEAF, STAGING_LEAF)
    assert found == refuse(
        Code.TRUST_LOST,
        f"{ARN} chains to public root CN=Public Root;"
        " the material to private CA CN=(STAGING) Root.",
    )


def test_a_private_namesake_of_the_public_root_does_not_follow_it() -> None:
    namesake = under(Authority.root("Public Root", not_before=NOW - DAY), "Issuing CA")
    (found,) = trust_lost(LEAF, namesake.issue("a.example", not_before=NOW - DAY))
    assert found.code is Code.TRUST_LOST


def test_a_public_root_that_follows_a_private_ca_is_warned_of() -> None:
    (found,) = trust_lost(PRIVATE_LEAF, LEAF)
    assert found == warn(
        Code.TRUST_CHANGED,
        f"{ARN} chains to private CA CN=Private Root; the material to public root CN=Public Root.",
    )


@pytest.mark.parametrize(
    "chain",
    [(PRIVATE_CA.certificate,), (PRIVATE_CA.certificate, PRIVATE_ROOT.certificate)],
    ids=["without root", "with root"],
)
def test_a_private_ca_may_follow_itself_however_much_of_its_chain_is_there(
    chain: tuple[x509.Certificate, ...],
) -> None:
    renewed = PRIVATE_CA.issue("www.internal.example", not_before=NOW - DAY)
    with_root = presented(PRIVATE_LEAF, PRIVATE_CA.certificate, PRIVATE_ROOT.certificate)
    without = presented(PRIVATE_LEAF)
    bare = presented(Issued(certificate=PRIVATE_LEAF.certificate, key=PRIVATE_LEAF.key))
    for copy in (with_root, without, bare):
        assert list(check_trust(material_of(renewed, *chain), ARN, copy, ROOTS)) == []


def test_another_private_ca_does_not_follow() -> None:
    other = under(root("Other Root"), "Private Issuing CA")
    (found,) = trust_lost(PRIVATE_LEAF, other.issue("a.example", not_before=NOW - DAY))
    assert found == refuse(
        Code.TRUST_LOST,
        f"{ARN} chains to private CA CN=Private Root; the material to private CA CN=Other Root.",
    )


def test_a_private_root_with_a_new_key_does_not_follow_its_namesake() -> None:
    rekeyed = under(Authority.root("Private Root", not_before=NOW - DAY), "Private Issuing CA")
    after = rekeyed.issue("a.example", not_before=NOW - DAY)
    material = material_of(after, rekeyed.certificate, *rekeyed.chain)
    before = presented(PRIVATE_LEAF, PRIVATE_CA.certificate, PRIVATE_ROOT.certificate)
    (found,) = check_trust(material, ARN, before, ROOTS)
    assert found.code is Code.TRUST_LOST


def test_a_renewed_private_root_with_its_old_key_follows() -> None:
    renewed = resigned(PRIVATE_ROOT, PRIVATE_ROOT.certificate)
    material = material_of(PRIVATE_LEAF, PRIVATE_CA.certificate, renewed)
    before = presented(PRIVATE_LEAF, PRIVATE_CA.certificate, PRIVATE_ROOT.certificate)
    assert list(check_trust(material, ARN, before, ROOTS)) == []


FORMER_ROOT = root("Former Root")
FORMER_LEAF = under(FORMER_ROOT, "Former CA").issue("www.example.com", not_before=NOW - DAY)
WITH_FORMER = PublicRoots([PUBLIC_ROOT.certificate], former=[FORMER_ROOT.certificate])


def trust_beside_former(before: Issued, after: Issued, *chain: x509.Certificate) -> list[Finding]:
    material = material_of(after, *chain, roots=WITH_FORMER)
    return list(check_trust(material, ARN, presented(before), WITH_FORMER))


def test_a_root_that_is_no_longer_public_is_replaced_as_a_public_one() -> None:
    assert trust_beside_former(FORMER_LEAF, LEAF) == []
    (found,) = trust_beside_former(FORMER_LEAF, PRIVATE_LEAF)
    assert found.code is Code.TRUST_LOST


def test_the_root_of_the_copy_is_never_lost_trust() -> None:
    renewed = under(FORMER_ROOT, "Former CA").issue("www.example.com", not_before=NOW)
    assert trust_beside_former(FORMER_LEAF, renewed) == []
    findings = inspect(secret_of(renewed), roots=WITH_FORMER).findings
    assert findings == (
        warn(
            Code.TRUST_CHANGED,
            "The chain ends at CN=Former Root, which is no longer in the list of public roots.",
        ),
    )


def test_a_forged_root_of_the_copys_name_is_lost_trust() -> None:
    forged = under(Authority.root("Former Root", not_before=NOW - DAY), "Former CA")
    (found,) = trust_beside_former(FORMER_LEAF, forged.issue("a.example", not_before=NOW - DAY))
    assert found.code is Code.TRUST_LOST


ENDS = NOW + 100 * DAY
CRITICAL = ENDS - 10 * DAY
MATERIAL = material_of(ISSUING_CA.issue("a.example", not_before=NOW, not_after=ENDS))


def expiry(now: datetime, *others: timedelta) -> list[Finding]:
    """What is found where copies expire by `others` later than the material."""
    copies = [
        presented(ISSUING_CA.issue("a.example", not_before=NOW, not_after=ENDS + each))
        for each in others
    ]
    return list(
        check_expiry(MATERIAL, list(zip((ARN, OTHER_ARN), copies, strict=False)), POLICY, now)
    )


SOON = refuse(
    Code.EXPIRES_SOON,
    f"The material expires on 2026-09-09 12:00:00+00:00, inside its critical window; later: {ARN}.",
)
BEST = warn(
    Code.EXPIRES_SOON,
    "The material expires on 2026-09-09 12:00:00+00:00, and is the best there is.",
)
SOONER = warn(
    Code.EXPIRES_SOONER, f"The material expires on 2026-09-09 12:00:00+00:00, sooner than {ARN}."
)


@pytest.mark.parametrize(
    ("now", "later", "expected"),
    [
        (CRITICAL - SECOND, SECOND, [SOONER]),
        (CRITICAL - SECOND, timedelta(0), []),
        (CRITICAL - SECOND, -SECOND, []),
        (CRITICAL, SECOND, [SOON]),
        (CRITICAL, timedelta(0), [BEST]),
        (CRITICAL, -SECOND, [BEST]),
        (ENDS + DAY, SECOND, [SOON]),
    ],
)
def test_material_about_to_expire_replaces_nothing_that_lasts_longer(
    now: datetime, later: timedelta, expected: list[Finding]
) -> None:
    assert expiry(now, later) == expected


def test_without_a_copy_material_about_to_expire_is_the_best_there_is() -> None:
    assert expiry(CRITICAL) == [BEST]
    assert expiry(CRITICAL - SECOND) == []


def test_of_several_copies_those_that_last_longer_are_named() -> None:
    assert expiry(NOW, -SECOND, SECOND)[0].found.endswith(f"sooner than {OTHER_ARN}.")
    assert expiry(NOW, SECOND, SECOND)[0].found.endswith(f"sooner than {ARN}, {OTHER_ARN}.")
    assert expiry(CRITICAL, -SECOND, SECOND)[0].found.endswith(f"later: {OTHER_ARN}.")


def test_the_causes_are_those_of_the_present_time() -> None:
    ended = under(PUBLIC_ROOT, "Ended CA", not_after=NOW - DAY)
    leaf = ended.issue("www.example.com", not_before=NOW - 9 * DAY, not_after=NOW - 2 * DAY)

    assert causes_known([presented(leaf)], ROOTS, NOW) == {(Code.CHAIN_EXPIRED, "")}
    assert causes_known([presented(leaf)], ROOTS, NOW - 3 * DAY) == frozenset()
