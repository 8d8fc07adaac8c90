from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509

from certrotation.core.material.chain import Chain, ChainEnd, build_chain
from certrotation.core.material.trust import PublicRoots
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
    root,
    under,
)
from tests.support.authority import Authority, self_signed, shared_key

NO_ROOTS = PublicRoots([])
OLD_ROOT = root("Old Root")


def chain_of(
    leaf: x509.Certificate, *supplied: x509.Certificate, roots: PublicRoots = ROOTS
) -> Chain:
    return build_chain(leaf, supplied, roots)


def test_a_public_chain_ends_below_its_root() -> None:
    found = chain_of(LEAF.certificate, PUBLIC_ROOT.certificate, ISSUING_CA.certificate)
    assert found == Chain(certificates=(ISSUING_CA.certificate,), end=ChainEnd.PUBLIC_ROOT)


def test_a_private_chain_ends_with_its_root() -> None:
    found = chain_of(PRIVATE_LEAF.certificate, PRIVATE_ROOT.certificate, PRIVATE_CA.certificate)
    above = (PRIVATE_CA.certificate, PRIVATE_ROOT.certificate)
    assert found == Chain(certificates=above, end=ChainEnd.PRIVATE_ROOT)


def test_a_chain_whose_top_nobody_here_issued_ends_in_the_unknown() -> None:
    found = chain_of(PRIVATE_LEAF.certificate, PRIVATE_CA.certificate)
    assert found == Chain(certificates=(PRIVATE_CA.certificate,), end=ChainEnd.UNKNOWN_ISSUER)


def test_a_leaf_that_nothing_issued_has_no_chain() -> None:
    supplied = (LEAF.certificate, PRIVATE_CA.certificate, PRIVATE_ROOT.certificate)
    assert chain_of(LEAF.certificate, *supplied) == Chain(
        certificates=(), end=ChainEnd.UNKNOWN_ISSUER
    )


def test_a_self_signed_leaf_is_its_own_root() -> None:
    leaf = self_signed("www.example.com").certificate
    assert chain_of(leaf, leaf) == Chain(certificates=(), end=ChainEnd.PRIVATE_ROOT)


def test_a_leaf_of_a_public_root_needs_no_chain() -> None:
    leaf = PUBLIC_ROOT.issue("www.example.com").certificate
    expected = Chain(certificates=(), end=ChainEnd.PUBLIC_ROOT)
    assert chain_of(leaf) == expected
    assert chain_of(leaf, PUBLIC_ROOT.certificate) == expected


def test_a_root_that_an_old_root_signed_is_left_out_where_it_is_trusted_itself() -> None:
    """As Let's Encrypt served ISRG Root X1 signed by DST Root CA X3."""
    crossed = OLD_ROOT.intermediate("Public Root", key=PUBLIC_ROOT.key).certificate
    supplied = (ISSUING_CA.certificate, crossed, OLD_ROOT.certificate)
    expected = Chain(certificates=(ISSUING_CA.certificate,), end=ChainEnd.PUBLIC_ROOT)
    assert chain_of(LEAF.certificate, *supplied) == expected


def test_an_expired_cross_sign_does_not_hide_the_way_to_the_new_root() -> None:
    crossed = OLD_ROOT.intermediate("Issuing CA", key=ISSUING_CA.key, not_after=NOW - DAY)
    both = (crossed.certificate, ISSUING_CA.certificate)
    found = build_chain(LEAF.certificate, both, ROOTS, at=NOW)
    assert found == Chain(certificates=(ISSUING_CA.certificate,), end=ChainEnd.PUBLIC_ROOT)


def test_of_two_ways_the_public_one_wins_even_where_it_is_longer() -> None:
    middle = under(PUBLIC_ROOT, "Middle CA")
    by_private = PRIVATE_ROOT.intermediate("Crossed CA", key=shared_key("p256", "crossed"))
    by_public = middle.intermediate("Crossed CA", key=shared_key("p256", "crossed"))
    supplied = [by_private, PRIVATE_ROOT, by_public, middle]
    found = chain_of(
        by_private.issue("a.example").certificate, *(each.certificate for each in supplied)
    )
    above = (by_public.certificate, middle.certificate)
    assert found == Chain(certificates=above, end=ChainEnd.PUBLIC_ROOT)


def test_of_two_private_ways_the_shorter_wins() -> None:
    middle = under(PRIVATE_ROOT, "Private Middle CA")
    short = PRIVATE_ROOT.intermediate("Crossed CA", key=shared_key("p256", "crossed"))
    long = middle.intermediate("Crossed CA", key=shared_key("p256", "crossed"))
    found = chain_of(
        short.issue("a.example").certificate,
        *(each.certificate for each in (long, middle, short, PRIVATE_ROOT)),
    )
    assert found.certificates == (short.certificate, PRIVATE_ROOT.certificate)


def test_of_two_ways_into_the_unknown_the_shorter_wins() -> None:
    middle = under(PRIVATE_ROOT, "Private Middle CA")
    short = OLD_ROOT.intermediate("Crossed CA", key=shared_key("p256", "crossed"))
    long = middle.intermediate("Crossed CA", key=shared_key("p256", "crossed"))
    found = chain_of(
        short.issue("a.example").certificate,
        *(each.certificate for each in (long, middle, short)),
    )
    assert found == Chain(certificates=(short.certificate,), end=ChainEnd.UNKNOWN_ISSUER)


@pytest.mark.parametrize("reverse", [False, True])
def test_of_two_certificates_of_one_ca_the_later_expiry_wins(reverse: bool) -> None:  # noqa: FBT001  a table's column
    longer = under(PRIVATE_ROOT, "Private Issuing CA", not_after=NOW + 2000 * DAY)
    shorter = under(PRIVATE_ROOT, "Private Issuing CA", not_after=NOW + 1999 * DAY)
    twins = [longer.certificate, shorter.certificate]
    supplied = [*(reversed(twins) if reverse else twins), PRIVATE_ROOT.certificate]
    leaf = longer.issue("a.example").certificate
    assert chain_of(leaf, *supplied).certificates[0] == longer.certificate


@pytest.mark.parametrize(
    ("offset", "length"),
    [(-DAY - SECOND, 0), (-DAY, 1), (DAY, 1), (DAY + SECOND, 0)],
    ids=["a second early", "first second", "last second", "a second late"],
)
def test_every_certificate_must_be_valid_at_the_time(offset: timedelta, length: int) -> None:
    brief = PUBLIC_ROOT.intermediate("Brief CA", not_before=NOW - DAY, not_after=NOW + DAY)
    leaf = brief.issue("a.example").certificate
    found = build_chain(leaf, [brief.certificate], ROOTS, at=NOW + offset)
    assert len(found.certificates) == length
    assert len(build_chain(leaf, [brief.certificate], ROOTS).certificates) == 1


@pytest.mark.parametrize("ca", [False, None], ids=["declared a leaf", "declared nothing"])
def test_an_issuer_must_declare_itself_a_ca(ca: bool | None) -> None:  # noqa: FBT001  a table's column
    issued = PRIVATE_ROOT.issue("Not a CA", ca=ca)
    issuer = Authority(certificate=issued.certificate, key=issued.key)
    leaf = issuer.issue("a.example").certificate
    found = chain_of(leaf, issuer.certificate, PRIVATE_ROOT.certificate)
    assert found == Chain(certificates=(), end=ChainEnd.UNKNOWN_ISSUER)


def test_an_old_root_may_lack_basic_constraints() -> None:
    key = shared_key("p256", "v1 root")
    template = Authority.root("Plain Root", key=key)
    plain = replace(
        template, certificate=template.issue(common_name="Plain Root", key=key, ca=None).certificate
    )
    leaf = plain.issue("a.example").certificate
    found = chain_of(leaf, plain.certificate)
    assert found == Chain(certificates=(plain.certificate,), end=ChainEnd.PRIVATE_ROOT)


@pytest.mark.parametrize(("usages", "may_issue"), [((), False), (("key_cert_sign",), True)])
def test_a_ca_that_names_key_usages_must_name_signing(
    usages: tuple[str, ...],
    may_issue: bool,  # noqa: FBT001  a table's column
) -> None:
    """RFC 5280, section 6.1.4 (n)."""
    key = shared_key("p256", "odd")
    named = ("digital_signature", "crl_sign", *usages)
    made = PRIVATE_ROOT.issue(common_name="Odd CA", key=key, ca=True, usages=named, extended=None)
    odd = replace(PRIVATE_ROOT, certificate=made.certificate, key=key)
    leaf = odd.issue("a.example").certificate
    found = chain_of(leaf, odd.certificate, PRIVATE_ROOT.certificate)
    assert bool(found.certificates) is may_issue


@pytest.mark.parametrize(("path_length", "length"), [(0, 1), (1, 3), (None, 3)])
def test_a_path_is_no_longer_than_its_cas_allow(path_length: int | None, length: int) -> None:
    upper = under(PRIVATE_ROOT, "Upper CA", path_length=path_length)
    lower = under(upper, "Lower CA", path_length=0)
    leaf = lower.issue("a.example").certificate
    supplied = (PRIVATE_ROOT.certificate, upper.certificate, lower.certificate)
    assert len(chain_of(leaf, *supplied).certificates) == length


def test_two_cas_that_sign_each_other_end_in_the_unknown() -> None:
    first, second = root("First"), root("Second")
    first_by_second = second.intermediate("First", key=first.key).certificate
    second_by_first = first.intermediate("Second", key=second.key).certificate
    found = chain_of(first.issue("a.example").certificate, second_by_first, first_by_second)
    above = (first_by_second, second_by_first)
    assert found == Chain(certificates=above, end=ChainEnd.UNKNOWN_ISSUER)


def test_a_crowd_of_cas_that_sign_each_other_is_searched_in_no_time() -> None:
    """Thirty certificates of two CAs have more paths than anybody can walk."""
    first, second = root("First"), root("Second")
    crowd = [
        each.certificate
        for _ in range(15)
        for each in (
            second.intermediate("First", key=first.key),
            first.intermediate("Second", key=second.key),
        )
    ]
    leaf = first.issue("a.example").certificate
    with_exit = [*crowd, first.certificate]
    assert len(chain_of(leaf, *crowd).certificates) == 2
    assert chain_of(leaf, *with_exit).certificates == (first.certificate,)


def test_a_long_chain_is_followed_to_its_end() -> None:
    authorities = [PRIVATE_ROOT]
    for level in range(12):
        authorities.append(under(authorities[-1], f"Level {level}"))
    supplied = [each.certificate for each in authorities]
    leaf = authorities[-1].issue("a.example").certificate
    assert chain_of(leaf, *supplied, roots=NO_ROOTS).certificates == tuple(reversed(supplied))
