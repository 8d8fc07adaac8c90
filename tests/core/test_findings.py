import pytest

from certrotation.core.findings import (
    ACCEPTABLE_ONCE,
    ACCEPTABLE_STANDING,
    Code,
    Finding,
    Severity,
    apply_acceptance,
    refusals,
    refuse,
    repair,
    warn,
)
from tests.core.samples import VERSION, verdicts

STANDING = (
    "SELF_SIGNED",
    "CHAIN_INCOMPLETE",
    "SERVER_AUTH_MISSING",
    "SIGNATURE_WEAK",
    "KEY_WEAK",
    "LIVE_CERTIFICATE_LEFT",
)
ONCE = ("NAMES_LOST", "EXPIRES_SOON", "TRUST_LOST")
NEVER = sorted(set(Code) - set(STANDING) - set(ONCE))


def idle(entry: str) -> Finding:
    return warn(
        Code.ACCEPT_WITHOUT_EFFECT, f"The entry {entry} has no effect on version {VERSION}."
    )


@pytest.mark.parametrize(
    ("make", "severity"),
    [(refuse, "refuse"), (repair, "repair"), (warn, "warn")],
    ids=["refuse", "repair", "warn"],
)
def test_each_maker_gives_its_severity(make: object, severity: str) -> None:
    assert callable(make)
    found = make(Code.KEY_WEAK, "The private key is RSA (1024).")
    assert found == Finding(
        code=Code.KEY_WEAK, severity=Severity(severity), found="The private key is RSA (1024)."
    )


@pytest.mark.parametrize("code", Code)
def test_every_code_has_a_remedy_that_is_a_sentence(code: Code) -> None:
    remedy = refuse(code, "Found.").remedy
    assert len(remedy) > 20
    assert remedy[0].isupper()
    assert remedy.endswith(".")


@pytest.mark.parametrize("code", ["SELF_SIGNED", "SERVER_AUTH_MISSING"])
def test_the_remedy_of_what_may_be_accepted_for_good_names_the_entry(code: str) -> None:
    assert f"accept {code} in the tag certrotation:accept" in refuse(Code(code), "Found.").remedy


@pytest.mark.parametrize("code", ONCE)
def test_the_remedy_of_what_may_be_accepted_once_names_the_entry(code: str) -> None:
    entry = f"accept {code}@<version id> in the tag certrotation:accept"
    assert entry in refuse(Code(code), "Found.").remedy


@pytest.mark.parametrize(
    ("code", "tag"),
    [
        (Code.REGION_UNKNOWN, "certrotation:regions"),
        (Code.ADOPTION_AMBIGUOUS, "certrotation:secret"),
        (Code.ADOPTION_AMBIGUOUS, "certrotation:ignore"),
        (Code.ACCEPT_WITHOUT_EFFECT, "certrotation:accept"),
    ],
)
def test_a_remedy_that_is_a_tag_names_it(code: Code, tag: str) -> None:
    assert tag in refuse(code, "Found.").remedy


def test_a_finding_reads_as_one_line_and_as_json() -> None:
    found = refuse(Code.EXPIRED, "The certificate expired on Monday.")
    assert str(found) == (
        "EXPIRED (refuse): The certificate expired on Monday."
        " Write renewed material into the secret."
    )
    assert found.to_json() == {
        "code": "EXPIRED",
        "severity": "refuse",
        "found": "The certificate expired on Monday.",
        "remedy": "Write renewed material into the secret.",
    }


def test_only_refusals_stop() -> None:
    stopping = refuse(Code.EXPIRED, "a")
    findings = (warn(Code.EXPIRES_SOON, "b"), stopping, repair(Code.CHAIN_MISORDERED, "c"))
    assert refusals(findings) == (stopping,)
    assert refusals(findings[:1]) == ()


def test_what_may_be_accepted_is_exactly_what_is_promised() -> None:
    assert sorted(ACCEPTABLE_STANDING) == sorted(STANDING)
    assert sorted(ACCEPTABLE_ONCE) == sorted(ONCE)


@pytest.mark.parametrize("code", STANDING)
def test_a_standing_entry_softens_its_refusal_in_every_version(code: str) -> None:
    findings = [refuse(Code(code), "It is so.")]
    expected = (warn(Code(code), "Accepted by tag: It is so."),)
    assert apply_acceptance(findings, [code], VERSION) == expected
    assert apply_acceptance(findings, [code], "another version") == expected


@pytest.mark.parametrize("code", STANDING)
def test_what_is_accepted_for_good_cannot_be_bound_to_a_version(code: str) -> None:
    finding, entry = refuse(Code(code), "It is so."), f"{code}@{VERSION}"
    assert apply_acceptance([finding], [entry], VERSION) == (finding, idle(entry))


@pytest.mark.parametrize("code", ONCE)
def test_an_entry_with_the_version_softens_its_refusal_there(code: str) -> None:
    softened = apply_acceptance([refuse(Code(code), "It is so.")], [f"{code}@{VERSION}"], VERSION)
    assert softened == (warn(Code(code), "Accepted by tag: It is so."),)


@pytest.mark.parametrize("code", ONCE)
@pytest.mark.parametrize("suffix", ["", "@", "@another", f"@{VERSION.upper()}x", f"@{VERSION}@"])
def test_an_entry_of_another_version_or_of_none_accepts_nothing(code: str, suffix: str) -> None:
    finding, entry = refuse(Code(code), "It is so."), f"{code}{suffix}"
    assert apply_acceptance([finding], [entry], VERSION) == (finding, idle(entry))


@pytest.mark.parametrize("code", NEVER)
def test_nothing_else_can_be_accepted_in_any_way(code: str) -> None:
    finding = refuse(Code(code), "It is so.")
    for entry in (code, f"{code}@{VERSION}"):
        assert apply_acceptance([finding], [entry], VERSION) == (finding, idle(entry))


@pytest.mark.parametrize("entry", ["NO_SUCH_CODE", "self_signed", "*", "@", f"@{VERSION}"])
def test_an_unknown_entry_is_reported(entry: str) -> None:
    assert apply_acceptance([], [entry], VERSION) == (idle(entry),)


def test_an_entry_whose_refusal_is_not_met_is_reported() -> None:
    only_warned = warn(Code.SELF_SIGNED, "It is so.")
    assert apply_acceptance([only_warned], ["SELF_SIGNED"], VERSION) == (
        only_warned,
        idle("SELF_SIGNED"),
    )


def test_an_acceptance_softens_every_refusal_of_its_code_and_no_other() -> None:
    findings = [
        refuse(Code.SIGNATURE_WEAK, "The leaf."),
        refuse(Code.KEY_MISMATCH, "Not its key."),
        refuse(Code.SIGNATURE_WEAK, "The intermediate."),
        repair(Code.CHAIN_MISORDERED, "Put in order."),
    ]
    softened = apply_acceptance(findings, ["KEY_WEAK", "SIGNATURE_WEAK"], VERSION)
    assert verdicts(softened) == [
        (Code.SIGNATURE_WEAK, Severity.WARN),
        (Code.KEY_MISMATCH, Severity.REFUSE),
        (Code.SIGNATURE_WEAK, Severity.WARN),
        (Code.CHAIN_MISORDERED, Severity.REPAIR),
        (Code.ACCEPT_WITHOUT_EFFECT, Severity.WARN),
    ]
    assert softened[4] == idle("KEY_WEAK")
