import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from certrotation.core.findings import Code
from certrotation.core.material.chain import Chain, ChainEnd, build_chain, find_chains
from certrotation.core.material.chain_checks import check_repairs
from certrotation.core.material.path_rules import Fault
from certrotation.core.material.trust import PublicRoots
from certrotation.core.material.x509_facts import public_bytes_of
from tests.core.samples import (
    DAY,
    ISSUING_CA,
    LEAF,
    LONG_AGO,
    NOW,
    PRIVATE_ROOT,
    PUBLIC_ROOT,
    ROOTS,
    SECOND,
    root,
    under,
)
from tests.support.authority import CLIENT_AUTH, Authority, certify, critical, shared_key

NO_ROOTS = PublicRoots([])
SEARCH = "certrotation.core.material.chain"


def chain_of(
    leaf: x509.Certificate, *supplied: x509.Certificate, roots: PublicRoots = ROOTS
) -> Chain:
    return build_chain(leaf, supplied, roots)


def codes_of(chain: Chain) -> list[Code]:
    return [each.code for each in chain.faults]


def test_a_public_root_in_the_place_of_a_leaf_needs_no_chain() -> None:
    itself = PUBLIC_ROOT.certificate
    assert chain_of(itself, itself) == Chain(certificates=(), end=ChainEnd.PUBLIC_ROOT)


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


def test_every_search_finds_a_chain_even_if_it_stops_early() -> None:
    """Twelve layers of two CAs, each signed by both above it, have 4,096 paths of one length."""
    above = [root("Top")]
    supplied = []
    for number in reversed(range(12)):
        layer = [
            [
                issuer.intermediate(
                    f"Layer {number}{side}", key=shared_key("p256", f"{number}{side}")
                )
                for issuer in above
            ]
            for side in "ab"
        ]
        supplied += [each.certificate for ca in layer for each in ca]
        above = [ca[0] for ca in layer]
    leaf = above[0].issue("a.example").certificate
    found = chain_of(leaf, *supplied)
    assert found.end is ChainEnd.UNKNOWN_ISSUER
    assert len(found.certificates) == 12
    namesake = Authority.root("Top", key=shared_key("p256", "not the top's")).certificate
    (fault,) = chain_of(leaf, *supplied, namesake).faults
    assert re.search(
        r" the name CN=Top, but none signed CN=Layer 11[ab]\."
        r" The search stopped after 250 signatures or 1,000 paths\.$",
        fault.found,
    )


def test_the_second_half_of_a_search_follows_a_path_to_its_end_before_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Five paths: the leaf, and two or three of its issuers or of their roots."""
    key = shared_key("p256", "three times")
    roots = [root(f"Root {number}") for number in range(3)]
    crossed = [
        each.intermediate("Crossed CA", key=key, not_after=NOW + (9 - number) * DAY)
        for number, each in enumerate(roots)
    ]
    leaf = crossed[0].issue("a.example").certificate
    supplied = [each.certificate for each in (*crossed, *roots)]
    monkeypatch.setattr(f"{SEARCH}.MOST_PATHS", 5)

    def ends(most_shorter_first: int) -> list[x509.Certificate]:
        monkeypatch.setattr(f"{SEARCH}.MOST_SHORTER_FIRST", most_shorter_first)
        return [each.certificates[-1] for each in find_chains(leaf, supplied, NO_ROOTS)]

    first, second, _ = (each.certificate for each in roots)
    assert ends(1) == [first, second]
    assert ends(2) == [second]
    assert ends(5) == [first]


def test_a_search_verifies_as_many_signatures_as_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{SEARCH}.MOST_SIGNATURES", 3)
    strangers = [
        Authority.root("Private Root", key=shared_key("p256", f"stranger {each}")).certificate
        for each in range(4)
    ]
    leaf = PRIVATE_ROOT.issue("a.example").certificate
    (within,) = chain_of(leaf, *strangers[:3]).faults
    assert within.found.endswith("bear the name CN=Private Root, but none signed CN=a.example.")
    (beyond,) = chain_of(leaf, *strangers).faults
    assert beyond.found.endswith(" The search stopped after 3 signatures or 1,000 paths.")


@pytest.mark.parametrize(
    ("stranger", "is_named"),
    [
        pytest.param(False, True, id="the identifier names the issuer, and nothing a stranger"),
        pytest.param(True, False, id="the identifier names no stranger, and nothing the issuer"),
    ],
)
def test_the_issuer_that_a_certificate_identifies_is_tried_before_namesakes(
    monkeypatch: pytest.MonkeyPatch, *, stranger: bool, is_named: bool
) -> None:
    """More namesakes than a search verifies signatures, each of which expires later."""
    monkeypatch.setattr(f"{SEARCH}.MOST_SIGNATURES", 3)
    is_ca = x509.BasicConstraints(ca=True, path_length=None)

    def namesake(label: str, days: int, *, identifies: bool) -> Authority:
        key = shared_key("p256", label)
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        extensions = [is_ca, own] if identifies else [is_ca]
        made = certify(PRIVATE_ROOT, "Namesake", *extensions, key=key, not_after=NOW + days * DAY)
        return Authority(certificate=made, key=key)

    issuer = namesake("the issuer", 1, identifies=is_named)
    strangers = [namesake(f"stranger {day}", day, identifies=stranger) for day in range(2, 6)]
    leaf = issuer.issue("a.example").certificate
    found = chain_of(leaf, *(each.certificate for each in (*strangers, issuer)))
    assert found.certificates == (issuer.certificate,)


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
        " The search stopped after 250 signatures or 1,000 paths."
    )
    unfit = [
        certify(
            PRIVATE_ROOT,
            "Namesake",
            x509.BasicConstraints(ca=True, path_length=None),
            x509.ExtendedKeyUsage([CLIENT_AUTH]),
            key=key,
            not_after=NOW + number * DAY,
        )
        for number in range(1, 25)
    ]
    supplied = [*unfit, *(each.certificate for each in strangers)]
    other, incomplete = chain_of(namesakes[0].issue("b.example").certificate, *supplied).faults
    assert "The search stopped" not in other.found
    assert "The search stopped" in incomplete.found


def test_a_key_whose_signatures_nobody_verifies_is_named_as_the_fault() -> None:
    """Verifying with RSA of 20,000 bits takes long; Go takes 8,192 bits at most."""
    modulus = (1 << 19_999) + 1
    huge = rsa.RSAPublicNumbers(65537, modulus).public_key()
    odd, again = (
        x509.CertificateBuilder(
            issuer_name=PRIVATE_ROOT.certificate.subject,
            subject_name=ISSUING_CA.certificate.subject,
            public_key=huge,
            serial_number=number,
            not_valid_before=LONG_AGO,
            not_valid_after=NOW + DAY,
            extensions=[critical(x509.BasicConstraints(ca=True, path_length=None))],
        ).sign(PRIVATE_ROOT.key, hashes.SHA256())
        for number in (1, 2)
    )
    alone = chain_of(LEAF.certificate, odd, PRIVATE_ROOT.certificate)
    assert [each.found for each in alone.faults] == [
        "The key of CN=Issuing CA is RSA (20000), which clients reject."
    ]
    beside = chain_of(LEAF.certificate, odd, ISSUING_CA.certificate, PRIVATE_ROOT.certificate)
    assert beside == Chain(certificates=(ISSUING_CA.certificate,), end=ChainEnd.PUBLIC_ROOT)
    assert len(find_chains(LEAF.certificate, [odd, again, PRIVATE_ROOT.certificate], ROOTS)) == 1


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


def test_a_former_root_must_be_valid_as_a_public_one_must() -> None:
    ended = Authority.root("Ended Root", not_before=LONG_AGO, not_after=NOW - SECOND)
    leaf = ended.issue("a.example").certificate
    roots = PublicRoots([], former=[ended.certificate])
    found = build_chain(leaf, [], roots, at=NOW)
    assert (found.end, codes_of(found)) == (ChainEnd.FORMER_ROOT, [Code.CHAIN_EXPIRED])


def test_what_is_left_out_is_named_for_what_it_is() -> None:
    leaf = FORMER_CA.issue("a.example").certificate
    cross_signed = PRIVATE_ROOT.intermediate("Former Root", key=FORMER_ROOT.key)
    supplied = [leaf, *(e.certificate for e in (FORMER_CA, FORMER_ROOT, PUBLIC_ROOT))]
    chain = build_chain(leaf, supplied, WITH_FORMER)
    (finding,) = check_repairs(leaf, chain, [*supplied, cross_signed.certificate], WITH_FORMER)
    assert finding.found == (
        "Left out of the chain: the former public root CN=Former Root; the public root CN=Public"
        " Root; not on the path: CN=Former Root."
    )


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


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_namesake_of_an_issuer_that_did_not_sign_is_told_with_a_cause(number: int) -> None:
    strangers = [
        Authority.root("Private Root", key=shared_key("p256", f"stranger {each}")).certificate
        for each in range(number)
    ]
    middle = under(PRIVATE_ROOT, "Middle CA")
    who = (
        "1 certificate in the secret bears"
        if number == 1
        else (f"{number} certificates in the secret bear")
    )
    says = f"{who} the name CN=Private Root, but none signed CN=Middle CA."
    found = chain_of(middle.issue("a.example").certificate, middle.certificate, *strangers)
    assert found.faults == (Fault(Code.CHAIN_INCOMPLETE, "another issuer of the same name", says),)


def test_a_leaf_without_its_issuer_was_always_refused() -> None:
    """So this fault has no cause, by which it would be known from a live copy."""
    stranger = Authority.root("Private Root", key=shared_key("p256", "stranger")).certificate
    leaf = PRIVATE_ROOT.issue("a.example").certificate
    says = (
        "1 certificate in the secret bears the name CN=Private Root, but none signed CN=a.example."
    )
    assert chain_of(leaf, stranger).faults == (Fault(Code.CHAIN_INCOMPLETE, "", says),)


def test_a_public_root_that_did_not_sign_is_told_with_a_cause() -> None:
    impostor = Authority.root("Public Root", key=shared_key("p256", "an impostor"))
    says = (
        "The public root CN=Public Root bears the name of the issuer of CN=Middle CA, but did not"
        " sign this certificate."
    )
    key = shared_key("p256", "the middle's")
    bare = certify(impostor, "Middle CA", x509.BasicConstraints(ca=True, path_length=None), key=key)
    leaf = Authority(certificate=bare, key=key).issue("a.example").certificate
    assert chain_of(leaf, bare).faults == (
        Fault(Code.CHAIN_INCOMPLETE, "another issuer of the same name", says),
    )


def test_a_private_ca_may_have_the_name_of_a_public_root() -> None:
    """Another authority key identifier names another issuer; without one, the root is meant."""
    other = shared_key("p256", "not the public root's")
    namesake = Authority(certificate=PUBLIC_ROOT.certificate, key=other)
    is_ca = x509.BasicConstraints(ca=True, path_length=None)
    own_key = shared_key("p256", "a lookalike")
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(other.public_key())
    for extensions, codes in (((is_ca, identifier), []), ((is_ca,), [Code.CHAIN_INCOMPLETE])):
        made = certify(namesake, "Lookalike", *extensions, key=own_key)
        leaf = Authority(certificate=made, key=own_key).issue("a.example").certificate
        found = chain_of(leaf, made)
        assert (found.end, codes_of(found)) == (ChainEnd.UNKNOWN_ISSUER, codes)
