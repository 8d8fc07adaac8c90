from datetime import timedelta
from itertools import permutations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from certrotation.core.findings import Code
from certrotation.core.material.chain import Chain, ChainEnd, build_chain
from certrotation.core.material.trust import PublicRoots
from certrotation.core.material.x509_facts import public_bytes_of
from tests.core.samples import (
    DAY,
    ISSUING_CA,
    LEAF,
    LONG_AGO,
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
from tests.support.authority import Authority, certify, self_signed, shared_key

NO_ROOTS = PublicRoots([])
OLD_ROOT = root("Old Root")


def chain_of(
    leaf: x509.Certificate, *supplied: x509.Certificate, roots: PublicRoots = ROOTS
) -> Chain:
    return build_chain(leaf, supplied, roots)


def codes_of(chain: Chain) -> list[Code]:
    return [each.code for each in chain.faults]


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


def test_a_public_root_in_the_place_of_a_leaf_needs_no_chain() -> None:
    itself = PUBLIC_ROOT.certificate
    assert chain_of(itself, itself) == Chain(certificates=(), end=ChainEnd.PUBLIC_ROOT)


def test_a_leaf_of_a_public_root_needs_no_chain() -> None:
    leaf = PUBLIC_ROOT.issue("www.example.com").certificate
    expected = Chain(certificates=(), end=ChainEnd.PUBLIC_ROOT)
    assert chain_of(leaf) == expected
    assert chain_of(leaf, PUBLIC_ROOT.certificate) == expected


CROSSED_ROOT = OLD_ROOT.intermediate("Public Root", key=PUBLIC_ROOT.key).certificate
BOTH_ROOTS = PublicRoots([PUBLIC_ROOT.certificate, OLD_ROOT.certificate])


@pytest.mark.parametrize("roots", [ROOTS, BOTH_ROOTS], ids=["new root public", "both public"])
@pytest.mark.parametrize("supplied", list(permutations([ISSUING_CA.certificate, CROSSED_ROOT])))
def test_a_root_that_an_old_root_signed_is_kept_for_older_clients(
    supplied: tuple[x509.Certificate, ...], roots: PublicRoots
) -> None:
    """As Let's Encrypt served ISRG Root X1 signed by DST Root CA X3."""
    above = (ISSUING_CA.certificate, CROSSED_ROOT)
    expected = Chain(certificates=above, end=ChainEnd.PUBLIC_ROOT)
    assert chain_of(LEAF.certificate, *supplied, roots=roots) == expected


def test_of_a_cross_signed_root_that_clients_reject_nothing_is_served() -> None:
    ended = OLD_ROOT.intermediate("Public Root", key=PUBLIC_ROOT.key, not_after=NOW - SECOND)
    supplied = [ISSUING_CA.certificate, ended.certificate]
    found = build_chain(LEAF.certificate, supplied, ROOTS, at=NOW)
    assert found == Chain(certificates=(ISSUING_CA.certificate,), end=ChainEnd.PUBLIC_ROOT)


def test_an_old_root_that_has_expired_does_not_cost_its_clients_the_cross_sign() -> None:
    """Old Android clients do not look at the expiry of a root."""
    old = Authority.root("Elder", not_before=LONG_AGO, not_after=NOW - SECOND)
    crossed = old.intermediate("Public Root", key=PUBLIC_ROOT.key, not_before=LONG_AGO)
    roots = PublicRoots([PUBLIC_ROOT.certificate, old.certificate])
    above = (ISSUING_CA.certificate, crossed.certificate)
    found = build_chain(LEAF.certificate, above, roots, at=NOW)
    assert found == Chain(certificates=above, end=ChainEnd.PUBLIC_ROOT)


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
    ("offset", "is_valid"),
    [(-DAY - SECOND, False), (-DAY, True), (DAY, True), (DAY + SECOND, False)],
    ids=["a second early", "first second", "last second", "a second late"],
)
def test_every_certificate_must_be_valid_at_the_time(*, offset: timedelta, is_valid: bool) -> None:
    brief = PUBLIC_ROOT.intermediate("Brief CA", not_before=NOW - DAY, not_after=NOW + DAY)
    leaf = brief.issue("a.example").certificate
    found = build_chain(leaf, [brief.certificate], ROOTS, at=NOW + offset)
    assert codes_of(found) == ([] if is_valid else [Code.CHAIN_EXPIRED])
    assert codes_of(build_chain(leaf, [brief.certificate], ROOTS)) == []


@pytest.mark.parametrize("ca", [False, None], ids=["declared a leaf", "declared nothing"])
def test_an_issuer_must_declare_itself_a_ca(ca: bool | None) -> None:  # noqa: FBT001  a table's column
    issued = PRIVATE_ROOT.issue("Not a CA", ca=ca)
    issuer = Authority(certificate=issued.certificate, key=issued.key)
    leaf = issuer.issue("a.example").certificate
    found = chain_of(leaf, issuer.certificate, PRIVATE_ROOT.certificate)
    assert found.certificates == (issuer.certificate, PRIVATE_ROOT.certificate)
    assert {each.cause for each in found.faults} >= {"no CA", "may not sign"}


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


def test_more_cas_that_sign_each_other_than_anybody_can_follow_end_the_search() -> None:
    """Seven CAs, each signed by all others, have thousands of paths; one leads out."""
    mesh = [root(f"Mesh {number}") for number in range(7)]
    crossed = [
        upper.intermediate(str(lower.certificate.subject.rfc4514_string()[3:]), key=lower.key)
        for lower in mesh
        for upper in mesh
        if lower is not upper
    ]
    supplied = [each.certificate for each in crossed]
    leaf = mesh[0].issue("a.example").certificate
    assert chain_of(leaf, *supplied).end is ChainEnd.UNKNOWN_ISSUER
    way_out = chain_of(leaf, *supplied, mesh[1].certificate)
    assert way_out.end is ChainEnd.PRIVATE_ROOT
    assert len(way_out.certificates) == 2


def test_a_search_verifies_no_more_signatures_than_it_may() -> None:
    """A secret may be full of certificates of one name, none of which signed the others."""
    key = shared_key("p256", "Namesake")
    namesakes = [
        PRIVATE_ROOT.intermediate("Namesake", key=key, not_after=NOW + number * DAY)
        for number in range(1, 25)
    ]
    strangers = [
        Authority.root("Private Root", key=shared_key("p256", f"stranger {number}"))
        for number in range(20)
    ]
    supplied = [each.certificate for each in (*namesakes, *strangers)]
    found = chain_of(namesakes[0].issue("a.example").certificate, *supplied)
    assert codes_of(found) == [Code.CHAIN_INCOMPLETE]
    assert found.faults[0].found == (
        "20 certificates in the secret bear the name CN=Private Root, but none signed CN=Namesake."
        " The search stopped after 400 signatures or 1,000 paths."
    )


def test_a_key_whose_signatures_nobody_verifies_is_named_as_the_fault() -> None:
    """Verifying with RSA of 20,000 bits takes long; Go takes 8,192 bits at most."""
    modulus = (1 << 19_999) + 1
    huge = rsa.RSAPublicNumbers(65537, modulus).public_key()
    builder = x509.CertificateBuilder(
        issuer_name=PRIVATE_ROOT.certificate.subject,
        subject_name=ISSUING_CA.certificate.subject,
        public_key=huge,
        serial_number=1,
        not_valid_before=LONG_AGO,
        not_valid_after=NOW + DAY,
        extensions=[
            x509.Extension(each.oid, True, each)  # noqa: FBT003  as the class has it
            for each in [x509.BasicConstraints(ca=True, path_length=None)]
        ],
    )
    odd = builder.sign(PRIVATE_ROOT.key, hashes.SHA256())
    alone = chain_of(LEAF.certificate, odd, PRIVATE_ROOT.certificate)
    assert [each.found for each in alone.faults] == [
        "The key of CN=Issuing CA is RSA (20000), which clients reject."
    ]
    beside = chain_of(LEAF.certificate, odd, ISSUING_CA.certificate, PRIVATE_ROOT.certificate)
    assert beside == Chain(certificates=(ISSUING_CA.certificate,), end=ChainEnd.PUBLIC_ROOT)


FORMER_ROOT = root("Former Root")
FORMER_CA = under(FORMER_ROOT, "Former CA")
WITH_FORMER = PublicRoots([PUBLIC_ROOT.certificate], former=[FORMER_ROOT.certificate])


def test_a_root_that_is_no_longer_public_is_no_private_ca() -> None:
    leaf = FORMER_CA.issue("a.example").certificate
    for supplied in ((FORMER_CA,), (FORMER_CA, FORMER_ROOT)):
        found = chain_of(leaf, *(each.certificate for each in supplied), roots=WITH_FORMER)
        assert found == Chain(certificates=(FORMER_CA.certificate,), end=ChainEnd.FORMER_ROOT)
        anchor = found.anchor(leaf, WITH_FORMER)
        assert not anchor.public
        assert anchor.public_key == public_bytes_of(FORMER_ROOT.key.public_key())


def test_a_public_root_is_preferred_to_a_former_one() -> None:
    key = shared_key("p256", "crossed by both")
    by_former = FORMER_ROOT.intermediate("Crossed CA", key=key, not_after=NOW + 999 * DAY)
    by_public = PUBLIC_ROOT.intermediate("Crossed CA", key=key, not_after=NOW + 99 * DAY)
    found = chain_of(
        by_former.issue("a.example").certificate,
        by_former.certificate,
        by_public.certificate,
        roots=WITH_FORMER,
    )
    assert found == Chain(certificates=(by_public.certificate,), end=ChainEnd.PUBLIC_ROOT)


def test_matching_key_identifiers_are_preferred_among_issuers_of_one_name() -> None:
    """OpenSSL takes the first of them that the identifiers allow."""
    key = shared_key("p256", "twin")
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    without = certify(PRIVATE_ROOT, "Twin CA", constraints, key=key, not_after=NOW + 999 * DAY)
    matching = certify(PRIVATE_ROOT, "Twin CA", constraints, own, key=key, not_after=NOW + DAY)
    leaf = Authority(certificate=matching, key=key).issue("a.example").certificate
    for supplied in ((without, matching), (matching, without)):
        found = chain_of(leaf, *supplied, PRIVATE_ROOT.certificate)
        assert found.certificates == (matching, PRIVATE_ROOT.certificate)


def test_the_anchor_is_private_where_clients_accept_no_way_to_the_public_root() -> None:
    ended = Authority.root("Ended Root", not_before=LONG_AGO, not_after=NOW - SECOND)
    crossed = PRIVATE_ROOT.intermediate("Ended Root", key=ended.key, not_before=LONG_AGO)
    leaf = ended.issue("a.example").certificate
    roots = PublicRoots([ended.certificate])
    supplied = [crossed.certificate, PRIVATE_ROOT.certificate]
    found = build_chain(leaf, supplied, roots, at=NOW)
    assert found == Chain(certificates=tuple(supplied), end=ChainEnd.PRIVATE_ROOT)
    assert found.anchor(leaf, roots).name == PRIVATE_ROOT.certificate.subject


def test_a_long_chain_is_followed_to_its_end() -> None:
    authorities = [PRIVATE_ROOT]
    for level in range(12):
        authorities.append(under(authorities[-1], f"Level {level}"))
    supplied = [each.certificate for each in authorities]
    leaf = authorities[-1].issue("a.example").certificate
    assert chain_of(leaf, *supplied, roots=NO_ROOTS).certificates == tuple(reversed(supplied))
