"""Which certificate a secret is about, where more than one could be meant."""

import itertools
from typing import TypeVar

import pytest

from certrotation.core.findings import Code, Severity, refusals, repair, warn
from certrotation.core.material.checks import Inspection
from certrotation.core.material.decoding import SetAside, UnreadableSecretError
from certrotation.core.material.identity import key_in_use, mention
from tests.core.samples import (
    DAY,
    ISSUING_CA,
    LEAF,
    NOW,
    PRIVATE_LEAF,
    inspect,
    secret,
    the,
    verdicts,
)
from tests.support.authority import Issued, pem, shared_key

_T = TypeVar("_T")


def orders(items: tuple[_T, ...]) -> list[tuple[_T, ...]]:
    return list(itertools.permutations(items))


KEY = shared_key("p256", "the shop's")
NAMES = ("shop.example.com", "www.shop.example.com")


def renewal(begins: int, ends: int, *names: str) -> Issued:
    """A certificate of the shop's key, valid between so many days from now."""
    return ISSUING_CA.issue(
        *(names or NAMES), key=KEY, not_before=NOW + begins * DAY, not_after=NOW + ends * DAY
    )


OLD, NEW, NEXT = renewal(-80, 10), renewal(-1, 89), renewal(2, 92)
EXPIRED = renewal(-200, -110)


def leaf_of(inspection: Inspection) -> object:
    assert inspection.material is not None
    return inspection.material.leaf


def appended(*issued: Issued) -> Inspection:
    return inspect(
        secret(
            certificate=pem(*(each.certificate for each in issued)),
            private_key=NEW.key_pem(),
            chain=NEW.chain_pem,
        )
    )


@pytest.mark.parametrize("order", orders((EXPIRED, OLD, NEW)))
def test_of_a_key_with_several_certificates_the_one_that_ends_last_is_taken(
    order: tuple[Issued, ...],
) -> None:
    inspection = appended(*order)

    assert leaf_of(inspection) == NEW.certificate
    assert verdicts(inspection.findings) == [(Code.CHAIN_SUPERFLUOUS, Severity.REPAIR)]
    found = the(Code.CHAIN_SUPERFLUOUS, inspection.findings).found
    assert found.startswith("Earlier certificates of the key: CN=shop.example.com (")
    assert all(f"ends {NOW + days * DAY:%Y-%m-%d}" in found for days in (10, -110))


@pytest.mark.parametrize("fields", orders(("certificate", "fullchain", "chain")))
def test_it_is_taken_in_whichever_field_it_stands(fields: tuple[str, ...]) -> None:
    values = dict(
        zip(fields, (OLD.fullchain_pem, NEW.fullchain_pem, EXPIRED.certificate_pem), strict=True)
    )
    inspection = inspect(secret(private_key=NEW.key_pem(), **values))
    assert leaf_of(inspection) == NEW.certificate
    assert not refusals(inspection.findings)


@pytest.mark.parametrize("order", orders((NEW, NEXT)))
def test_one_that_is_not_valid_yet_never_lets_an_older_one_win(order: tuple[Issued, ...]) -> None:
    inspection = appended(*order)
    assert leaf_of(inspection) == NEXT.certificate
    assert [each.code for each in refusals(inspection.findings)] == [Code.NOT_YET_VALID]


def test_where_all_have_expired_the_last_one_is_named() -> None:
    older = renewal(-300, -210)
    inspection = appended(older, EXPIRED)
    assert leaf_of(inspection) == EXPIRED.certificate
    assert [each.code for each in refusals(inspection.findings)] == [Code.EXPIRED]


@pytest.mark.parametrize("order", orders((NEW, renewal(-3, 89))))
def test_of_two_that_end_together_the_later_one_is_taken(order: tuple[Issued, ...]) -> None:
    assert leaf_of(appended(*order)) == NEW.certificate


OTHER_NAMES = renewal(-1, 60, "shop.example.com")


@pytest.mark.parametrize("order", orders((NEW, OTHER_NAMES)))
def test_certificates_of_the_key_with_other_names_are_refused(order: tuple[Issued, ...]) -> None:
    inspection = appended(*order)

    assert inspection.material is None
    assert verdicts(inspection.findings) == [(Code.IDENTITY_AMBIGUOUS, Severity.REFUSE)]
    found = the(Code.IDENTITY_AMBIGUOUS, inspection.findings).found
    assert found.startswith("2 certificates in the secret belong to the private key")
    assert "(shop.example.com, www.shop.example.com; ends 2026-08-29)" in found
    assert "(shop.example.com; ends 2026-07-31)" in found


def test_names_are_compared_and_not_how_they_are_written() -> None:
    shouting = renewal(-1, 60, *(each.upper() for each in reversed(NAMES)))
    assert leaf_of(appended(shouting, NEW)) == NEW.certificate


def test_a_certificate_of_another_key_is_no_second_identity() -> None:
    inspection = appended(NEW, PRIVATE_LEAF)
    assert leaf_of(inspection) == NEW.certificate
    assert "not on the path" in the(Code.CHAIN_SUPERFLUOUS, inspection.findings).found


def test_the_same_certificate_twice_is_one() -> None:
    found = the(Code.CHAIN_SUPERFLUOUS, appended(NEW, NEW).findings).found
    assert "Earlier" not in found


def test_what_was_left_out_is_one_finding() -> None:
    found = the(Code.CHAIN_SUPERFLUOUS, appended(OLD, NEW, NEW, PRIVATE_LEAF).findings).found
    assert "the leaf again" in found
    assert "Earlier certificates of the key: CN=shop.example.com" in found


# Several keys


OLD_KEY = shared_key("p256", "the shop's old one")
WITH_OLD_KEY = ISSUING_CA.issue(*NAMES, key=OLD_KEY, not_before=NOW - 80 * DAY)


@pytest.mark.parametrize("order", orders((NEW, WITH_OLD_KEY)))
def test_two_keys_with_their_certificates_are_refused(order: tuple[Issued, ...]) -> None:
    """The renewal was appended in each field, key and all."""
    inspection = inspect(
        secret(
            certificate="".join(each.fullchain_pem for each in order),
            private_key="".join(each.key_pem() for each in order),
        )
    )
    assert verdicts(inspection.findings) == [(Code.IDENTITY_AMBIGUOUS, Severity.REFUSE)]
    expected = "private_key contains 2 private keys with certificates in the secret."
    assert inspection.findings[0].found == expected


@pytest.mark.parametrize("order", orders((NEW, WITH_OLD_KEY)))
def test_of_two_keys_the_one_with_a_certificate_is_taken(order: tuple[Issued, ...]) -> None:
    inspection = inspect(
        secret(certificate=NEW.fullchain_pem, private_key="".join(each.key_pem() for each in order))
    )
    assert leaf_of(inspection) == NEW.certificate
    assert inspection.findings == ()


def test_of_two_keys_without_certificate_one_is_told_to_mismatch() -> None:
    keys = (LEAF.key, OLD_KEY)
    assert key_in_use("private_key", keys, [PRIVATE_LEAF.certificate]) is LEAF.key
    with pytest.raises(UnreadableSecretError):
        key_in_use("private_key", keys, [LEAF.certificate, WITH_OLD_KEY.certificate])


# What cannot be read


BROKEN = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"


def test_a_stranger_in_the_chain_that_cannot_be_read_does_no_harm() -> None:
    inspection = inspect(
        secret(
            certificate=LEAF.certificate_pem,
            private_key=LEAF.key_pem(),
            chain=LEAF.chain_pem + BROKEN,
        )
    )
    assert leaf_of(inspection) == LEAF.certificate
    assert verdicts(inspection.findings) == [(Code.CHAIN_SUPERFLUOUS, Severity.REPAIR)]
    expected = "Cannot read certificate 2 in chain (not a certificate that can be decoded)."
    assert inspection.findings[0].found == expected


def test_where_the_path_is_incomplete_without_it_that_is_said_and_refused() -> None:
    inspection = inspect(
        secret(certificate=LEAF.certificate_pem, private_key=LEAF.key_pem(), chain=BROKEN)
    )
    assert verdicts(inspection.findings) == [(Code.CHAIN_INCOMPLETE, Severity.REFUSE)]
    assert inspection.findings[0].found.endswith(
        "Cannot read certificate 1 in chain (not a certificate that can be decoded)."
    )


def test_a_leaf_that_cannot_be_read_is_named() -> None:
    inspection = inspect(
        secret(certificate=BROKEN, private_key=LEAF.key_pem(), chain=LEAF.chain_pem)
    )
    assert inspection.material is None
    assert verdicts(inspection.findings) == [(Code.SECRET_MALFORMED, Severity.REFUSE)]
    assert inspection.findings[0].found == (
        "No readable certificate belongs to the private key. Cannot read certificate 1 in"
        " certificate (not a certificate that can be decoded)."
    )


ASIDE = (SetAside("certificate 1 in chain", "cut off"),)


def test_an_incomplete_chain_that_would_only_be_a_warning_is_refused_then() -> None:
    incomplete = warn(Code.CHAIN_INCOMPLETE, "The top's issuer is unknown.")
    endurance = warn(Code.CHAIN_EXPIRED, "It ends sooner.")

    mentioned = mention([endurance, incomplete], (), ASIDE)

    assert verdicts(mentioned) == [
        (Code.CHAIN_EXPIRED, Severity.WARN),
        (Code.CHAIN_INCOMPLETE, Severity.REFUSE),
    ]
    assert mentioned[1].found == (
        "The top's issuer is unknown. Cannot read certificate 1 in chain (cut off)."
    )


def test_it_is_added_to_what_was_left_out_anyway() -> None:
    others = [repair(Code.CHAIN_MISORDERED, "Reordered."), repair(Code.CHAIN_SUPERFLUOUS, "Left.")]
    mentioned = mention(others, [OLD.certificate], ASIDE)
    assert mentioned[0] == others[0]
    assert mentioned[1].found.startswith("Left. Cannot read certificate 1 in chain (cut off).")
    assert "Earlier certificates of the key: CN=shop.example.com" in mentioned[1].found


def test_where_nothing_is_to_be_mentioned_the_findings_stay() -> None:
    findings = (repair(Code.CHAIN_MISORDERED, "Reordered."),)
    assert mention(findings, (), ()) == findings


def test_a_message_names_a_few_of_hundreds() -> None:
    many = [SetAside(f"certificate {number} in chain", "cut off") for number in range(1, 301)]
    (finding,) = mention([], [OLD.certificate] * 300, many)
    assert "certificate 5 in chain (cut off); and 295 more." in finding.found
    assert len(finding.found) < 1_000
