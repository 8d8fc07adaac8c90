"""What is said of a chain, word by word: which certificate, what is wrong, what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from certrotation.core.findings import Code, Finding, refuse, repair, warn
from certrotation.core.material.chain import build_chain
from certrotation.core.material.chain_checks import check_chain, check_repairs
from certrotation.core.material.trust import PublicRoots
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
    root,
    under,
)
from tests.support.authority import CLIENT_AUTH, Authority, certify, shared_key

if TYPE_CHECKING:
    from tests.support.authority import Issued

FORMER = root("Former Root")


def found(leaf: Issued, *supplied: Authority, roots: PublicRoots = ROOTS) -> list[Finding]:
    """The findings on the chain of a leaf, of what was supplied beside it."""
    chain = build_chain(leaf.certificate, [e.certificate for e in supplied], roots, at=NOW)
    return list(check_chain(leaf.certificate, chain))


def repaired(leaf: Issued, *supplied: x509.Certificate) -> list[Finding]:
    chain = build_chain(leaf.certificate, supplied, ROOTS, at=NOW)
    return list(check_repairs(leaf.certificate, chain, supplied, ROOTS))


# The end of the chain


@pytest.mark.parametrize(
    ("leaf", "supplied", "expected"),
    [
        (LEAF, (ISSUING_CA,), []),
        (PRIVATE_LEAF, (PRIVATE_CA, PRIVATE_ROOT), []),
        (
            PRIVATE_LEAF,
            (PRIVATE_CA,),
            [
                warn(
                    Code.CHAIN_INCOMPLETE,
                    "The top certificate of the chain was issued by CN=Private Root, which is"
                    " neither in the secret nor a public root.",
                )
            ],
        ),
        (
            PRIVATE_LEAF,
            (),
            [
                refuse(
                    Code.CHAIN_INCOMPLETE,
                    "No CA certificate in the secret issued the certificate. Its issuer is"
                    " CN=Private Issuing CA.",
                )
            ],
        ),
    ],
    ids=["public", "private", "without its root", "without anything"],
)
def test_the_end_of_a_chain_is_a_root_or_is_named(
    leaf: Issued, supplied: tuple[Authority, ...], expected: list[Finding]
) -> None:
    assert found(leaf, *supplied) == expected


def test_a_chain_to_a_former_root_is_warned_of() -> None:
    roots = PublicRoots([PUBLIC_ROOT.certificate], former=[FORMER.certificate])
    assert found(FORMER.issue("a.example", not_before=NOW - DAY), roots=roots) == [
        warn(
            Code.TRUST_CHANGED,
            "The chain ends at CN=Former Root, which is no longer in the list of public roots.",
        )
    ]


def test_the_fault_of_one_certificate_does_not_hide_that_another_is_missing() -> None:
    key = shared_key("p256", "for clients")
    is_ca = x509.BasicConstraints(ca=True, path_length=None)
    for_clients = x509.ExtendedKeyUsage([CLIENT_AUTH])
    made = certify(PRIVATE_ROOT, "Client CA", is_ca, for_clients, key=key, not_after=NOW + 90 * DAY)
    authority = Authority(certificate=made, key=key)
    leaf = authority.issue("a.example", not_before=NOW - DAY, not_after=NOW + DAY)

    assert [(each.code, each.cause) for each in found(leaf, authority)] == [
        (Code.CHAIN_INVALID, "limited to other uses"),
        (Code.CHAIN_INCOMPLETE, ""),
    ]


def test_an_issuer_that_is_not_there_is_told_once() -> None:
    stranger = Authority.root("Private Issuing CA", key=shared_key("p256", "stranger"))
    (only,) = found(PRIVATE_LEAF, stranger)
    assert only.found.startswith("1 certificate in the secret bears the name")


# Time


def ended(name: str, above: Authority = PUBLIC_ROOT) -> Authority:
    return under(above, name, not_after=NOW - DAY)


def test_every_expired_certificate_of_the_best_chain_is_named() -> None:
    upper = ended("Upper CA")
    lower = ended("Lower CA", upper)
    leaf = lower.issue("a.example", not_before=NOW - 2 * DAY, not_after=NOW + DAY)
    assert found(leaf, lower, upper) == [
        refuse(
            Code.CHAIN_EXPIRED,
            "No currently valid chain to a root. Expired or not yet valid: CN=Lower CA,"
            " CN=Upper CA.",
        ),
    ]
    assert repaired(leaf, leaf.certificate, upper.certificate, lower.certificate) == []


@pytest.mark.parametrize("outlives", [True, False])
def test_an_issuer_that_expires_before_the_certificate_is_warned_of(*, outlives: bool) -> None:
    ends = NOW + 9 * DAY
    short = under(PUBLIC_ROOT, "Short CA", not_after=ends)
    leaf = short.issue("a.example", not_before=LONG_AGO, not_after=ends + outlives * DAY)
    says = f"CN=Short CA in the chain expires before the certificate, at {ends:%Y-%m-%d %H:%M} UTC."
    assert found(leaf, short) == ([warn(Code.CHAIN_EXPIRED, says)] if outlives else [])


# Repairs

REORDERED = repair(Code.CHAIN_MISORDERED, "The certificates were reordered, leaf first.")


def test_what_is_in_order_is_not_repaired() -> None:
    assert repaired(LEAF, LEAF.certificate, ISSUING_CA.certificate) == []


def test_certificates_out_of_order_are_reordered() -> None:
    assert repaired(LEAF, ISSUING_CA.certificate, LEAF.certificate) == [REORDERED]


def test_each_certificate_that_is_left_out_is_named_with_its_reason() -> None:
    supplied = (LEAF, ISSUING_CA, LEAF, ISSUING_CA, PUBLIC_ROOT, PRIVATE_CA)
    assert repaired(LEAF, *(each.certificate for each in supplied)) == [
        repair(
            Code.CHAIN_SUPERFLUOUS,
            "Left out of the chain: the leaf again: CN=www.example.com; a duplicate of CN=Issuing"
            " CA; the public root CN=Public Root; not on the path: CN=Private Issuing CA.",
        )
    ]
