"""Which certificate a secret is about, where more than one could be meant."""

import pytest

from certrotation.core.findings import Code, Severity, refuse, repair, warn
from certrotation.core.material.checks import Inspection
from certrotation.core.material.decoding import SetAside, Supplied, UnreadableSecretError
from certrotation.core.material.identity import key_in_use, mention
from certrotation.values import replace
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

KEY = shared_key("p256", "the shop's")
NAMES = ("shop.example.com", "www.shop.example.com")


def renewal(begins: int, ends: int, *names: str) -> Issued:
    """A certificate of the shop's key, valid between so many days from now."""
    return ISSUING_CA.issue(
        *(names or NAMES), key=KEY, not_before=NOW + begins * DAY, not_after=NOW + ends * DAY
    )


OLD, NEW = renewal(-80, 10), renewal(-1, 89)


def appended(*issued: Issued) -> Inspection:
    return inspect(
        secret(
            certificate=pem(*(each.certificate for each in issued)),
            private_key=NEW.key_pem(),
            chain=NEW.chain_pem,
        )
    )


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


def test_of_two_keys_without_certificate_one_is_told_to_mismatch() -> None:
    keys = (LEAF.key, OLD_KEY)
    assert key_in_use("private_key", keys, [PRIVATE_LEAF.certificate]) is LEAF.key
    with pytest.raises(UnreadableSecretError):
        key_in_use("private_key", keys, [LEAF.certificate, WITH_OLD_KEY.certificate])


# What cannot be read


def without(*set_aside: SetAside) -> Supplied:
    return Supplied(certificates=(), private_key=KEY, set_aside=set_aside)


ASIDE = without(SetAside("certificate 1 in chain", "cut off"))


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


def test_a_certificate_and_a_field_that_cannot_be_read_are_both_named() -> None:
    empty = refuse(Code.SECRET_MALFORMED, "issuing_ca contains no readable PEM certificate.")
    assert mention([], (), replace(ASIDE, without_certificate=(empty,))) == (
        repair(
            Code.CHAIN_SUPERFLUOUS,
            "Cannot read certificate 1 in chain (cut off)."
            " issuing_ca contains no readable PEM certificate.",
        ),
    )


def test_where_nothing_is_to_be_mentioned_the_findings_stay() -> None:
    findings = (repair(Code.CHAIN_MISORDERED, "Reordered."),)
    assert mention(findings, (), without()) == findings


@pytest.mark.parametrize(
    ("number", "end"), [(5, "."), (6, "; and 1 more."), (300, "; and 295 more.")]
)
def test_a_message_names_a_few_of_hundreds(number: int, end: str) -> None:
    many = [SetAside(f"certificate {each} in chain", "cut off") for each in range(1, number + 1)]
    named = "; ".join(map(str, many[:5]))
    (finding,) = mention([], [OLD.certificate] * number, without(*many))
    assert finding.found.startswith(f"Cannot read {named}{end} Earlier")
    assert finding.found.count("CN=shop.example.com") == 5


def test_an_earlier_certificate_is_described_by_subject_names_and_end() -> None:
    nameless = ISSUING_CA.issue(common_name="Web server", key=KEY, not_after=NOW + DAY)
    names = "shop.example.com, www.shop.example.com"
    (finding,) = mention([], [OLD.certificate, nameless.certificate], without())
    assert finding.found == (
        "Earlier certificates of the key:"
        f" CN=shop.example.com ({names}; ends {NOW + 10 * DAY:%Y-%m-%d});"
        f" CN=Web server (no names; ends {NOW + DAY:%Y-%m-%d})."
    )
