from datetime import timedelta

import pytest
from cryptography import x509

from certrotation.core.findings import Code, Severity
from certrotation.core.material.checks import inspect_secret
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
    SECOND,
    inspect,
    root,
    secret,
    secret_of,
    the,
    under,
    verdicts,
)
from tests.support.authority import (
    Authority,
    Issued,
    pem,
    self_signed,
    shared_key,
    weakly_signed,
)

REFUSE, REPAIR, WARN = Severity.REFUSE, Severity.REPAIR, Severity.WARN
MISORDERED, SUPERFLUOUS = (Code.CHAIN_MISORDERED, REPAIR), (Code.CHAIN_SUPERFLUOUS, REPAIR)

CA, ROOT = ISSUING_CA.certificate, PUBLIC_ROOT.certificate
OWN_CA, OWN_ROOT = PRIVATE_CA.certificate, PRIVATE_ROOT.certificate
STRANGER = root("Stranger").certificate
CROSSED_ROOT = root("Old Root").intermediate("Public Root", key=PUBLIC_ROOT.key).certificate


@pytest.mark.parametrize(
    ("issued", "supplied", "chain", "codes"),
    [
        (LEAF, [CA], (CA,), []),
        (PRIVATE_LEAF, [OWN_CA, OWN_ROOT], (OWN_CA, OWN_ROOT), []),
        (PRIVATE_LEAF, [OWN_ROOT, OWN_CA], (OWN_CA, OWN_ROOT), [MISORDERED]),
        (LEAF, [CA, ROOT], (CA,), [SUPERFLUOUS]),
        (LEAF, [ROOT, CA], (CA,), [SUPERFLUOUS]),
        (LEAF, [LEAF.certificate, CA], (CA,), [SUPERFLUOUS]),
        (LEAF, [CA, CA], (CA,), [SUPERFLUOUS]),
        (LEAF, [CA, STRANGER], (CA,), [SUPERFLUOUS]),
        (LEAF, [CA, CROSSED_ROOT], (CA, CROSSED_ROOT), []),
        (LEAF, [CROSSED_ROOT, CA, ROOT], (CA, CROSSED_ROOT), [MISORDERED, SUPERFLUOUS]),
        (
            PRIVATE_LEAF,
            [STRANGER, OWN_ROOT, PRIVATE_LEAF.certificate, OWN_CA, OWN_CA],
            (OWN_CA, OWN_ROOT),
            [MISORDERED, SUPERFLUOUS],
        ),
    ],
    ids=[
        "in order",
        "private root last",
        "shuffled",
        "public root",
        "public root first",
        "leaf again",
        "duplicate",
        "stranger",
        "cross-signed root",
        "cross-signed root, shuffled",
        "all at once",
    ],
)
def test_a_chain_is_put_in_order_and_freed_of_what_is_not_on_the_path(
    issued: Issued,
    supplied: list[x509.Certificate],
    chain: tuple[x509.Certificate, ...],
    codes: list[tuple[Code, Severity]],
) -> None:
    inspection = inspect(secret_of(issued, *supplied))
    assert inspection.material is not None
    assert inspection.material.chain == chain
    assert verdicts(inspection.findings) == codes


def test_a_leaf_that_does_not_come_first_is_put_first() -> None:
    value = secret(certificate=pem(CA, LEAF.certificate), private_key=LEAF.key_pem())
    inspection = inspect(value)
    assert verdicts(inspection.findings) == [MISORDERED]
    assert inspection.findings[0].found == "The certificates were reordered, leaf first."


def test_what_was_left_out_is_named_with_the_reason() -> None:
    supplied = (LEAF.certificate, CA, CA, ROOT, STRANGER)
    (finding,) = inspect(secret_of(LEAF, *supplied)).findings
    assert finding.found == (
        "Left out of the chain: the leaf again: CN=www.example.com; a duplicate of CN=Issuing CA;"
        " the public root CN=Public Root; not on the path: CN=Stranger."
    )


def test_the_four_files_of_certbot_together_make_one_chain() -> None:
    value = secret(
        cert=LEAF.certificate_pem,
        chain=LEAF.chain_pem,
        fullchain=LEAF.fullchain_pem,
        privkey=LEAF.key_pem(),
    )
    inspection = inspect(value)
    assert verdicts(inspection.findings) == [SUPERFLUOUS]
    assert inspection.material is not None
    assert inspection.material.chain == (CA,)


@pytest.mark.parametrize("supplied", [[], [STRANGER, OWN_CA]], ids=["nothing", "strangers"])
def test_a_leaf_whose_issuer_is_not_there_is_refused(supplied: list[x509.Certificate]) -> None:
    value = secret(certificate=pem(LEAF.certificate, *supplied), private_key=LEAF.key_pem())
    inspection = inspect(value)
    found = the(Code.CHAIN_INCOMPLETE, inspection.findings)
    assert found.severity is REFUSE
    assert (
        found.found
        == "No CA certificate in the secret issued the certificate. Its issuer is CN=Issuing CA."
    )
    assert inspection.material is not None
    assert inspection.material.chain == ()


def test_an_issuer_that_is_no_ca_makes_the_chain_invalid() -> None:
    pretender = PUBLIC_ROOT.issue("Issuing CA", key=ISSUING_CA.key, not_before=NOW - DAY)
    findings = inspect(secret_of(LEAF, pretender.certificate)).findings
    assert set(verdicts(findings)) == {(Code.CHAIN_INVALID, REFUSE)}
    assert findings[0].found == (
        "CN=Issuing CA is not a CA certificate: its basic constraints deny it."
    )


def test_a_chain_whose_top_is_from_an_unknown_ca_is_warned_of() -> None:
    """A staging CA looks like this; so does a private CA that keeps its root to itself."""
    inspection = inspect(secret_of(PRIVATE_LEAF, OWN_CA))
    assert verdicts(inspection.findings) == [(Code.CHAIN_INCOMPLETE, WARN)]
    assert inspection.findings[0].found == (
        "The top certificate of the chain was issued by CN=Private Root, which is neither in the"
        " secret nor a public root."
    )


def test_a_leaf_that_a_public_root_issued_lacks_nothing() -> None:
    leaf = PUBLIC_ROOT.issue("a.example", not_before=NOW - DAY)
    value = secret(certificate=leaf.certificate_pem, private_key=leaf.key_pem())
    assert inspect(value).findings == ()


def test_a_self_signed_leaf_has_no_chain_to_miss() -> None:
    leaf = self_signed("a.example")
    inspection = inspect(secret_of(leaf), now=leaf.certificate.not_valid_before_utc)
    assert verdicts(inspection.findings) == [(Code.SELF_SIGNED, REFUSE)]


BRIEF_CA = PUBLIC_ROOT.intermediate("Brief CA", not_before=NOW - DAY, not_after=NOW + DAY)
LEAF_OF_BRIEF_CA = BRIEF_CA.issue("a.example", not_before=NOW - 2 * DAY, not_after=NOW + 2 * DAY)


@pytest.mark.parametrize(
    ("offset", "refused"),
    [(-DAY - SECOND, True), (-DAY, False), (DAY, False), (DAY + SECOND, True)],
    ids=["a second early", "first second", "last second", "a second late"],
)
def test_a_chain_without_a_path_valid_now_is_refused(
    offset: timedelta,
    refused: bool,  # noqa: FBT001  a table's column
) -> None:
    inspection = inspect(secret_of(LEAF_OF_BRIEF_CA), now=NOW + offset)
    assert verdicts(inspection.findings) == [(Code.CHAIN_EXPIRED, REFUSE if refused else WARN)]
    if refused:
        assert inspection.findings[0].found == (
            "No currently valid chain to a root. Expired or not yet valid: CN=Brief CA."
        )


def test_of_an_expired_chain_those_on_the_path_are_named_that_are_not_valid() -> None:
    late = NOW + 200 * DAY
    gone = under(root("Gone Root"), "Gone CA", not_after=NOW).certificate
    supplied = (LEAF_OF_BRIEF_CA.certificate, BRIEF_CA.certificate, STRANGER, gone)
    inspection = inspect(secret_of(LEAF_OF_BRIEF_CA, *supplied), now=late)
    assert verdicts(inspection.findings) == [(Code.EXPIRED, REFUSE), (Code.CHAIN_EXPIRED, REFUSE)]
    assert inspection.findings[1].found.endswith(": CN=Brief CA.")


def test_an_expired_issuer_is_refused_even_where_its_root_is_unknown() -> None:
    value = secret_of(LEAF_OF_BRIEF_CA)
    inspection = inspect(value, roots=PublicRoots([]), now=NOW + DAY + SECOND)
    assert verdicts(inspection.findings) == [(Code.CHAIN_EXPIRED, REFUSE)]


def test_an_expired_private_root_is_refused_and_the_valid_part_is_not_imported() -> None:
    expired = under(root("Elder"), "Private Root", not_after=NOW - SECOND).certificate
    leaf = PRIVATE_CA.issue("a.example", not_before=NOW - DAY)
    late = NOW + 10 * 365 * DAY
    inspection = inspect(secret_of(leaf, OWN_CA, OWN_ROOT), now=late)
    assert (Code.CHAIN_EXPIRED, REFUSE) in verdicts(inspection.findings)
    assert "CN=Private Root" in the(Code.CHAIN_EXPIRED, inspection.findings).found
    current = inspect(secret_of(leaf, OWN_CA, OWN_ROOT, expired))
    assert verdicts(current.findings) == [SUPERFLUOUS]


def test_an_expired_cross_sign_beside_the_current_path_is_only_left_out() -> None:
    expired = root("Old Root").intermediate(
        "Issuing CA", key=ISSUING_CA.key, not_before=NOW - 2 * DAY, not_after=NOW - SECOND
    )
    inspection = inspect(secret_of(LEAF, expired.certificate, CA))
    assert verdicts(inspection.findings) == [SUPERFLUOUS]
    assert inspection.material is not None
    assert inspection.material.chain == (CA,)


def test_a_valid_way_to_nowhere_does_not_hide_an_expired_way_to_a_root() -> None:
    nowhere = root("Nowhere").intermediate("Brief CA", key=BRIEF_CA.key, not_before=NOW - DAY)
    value = secret_of(LEAF_OF_BRIEF_CA, BRIEF_CA.certificate, nowhere.certificate)
    inspection = inspect(value, now=NOW + DAY + SECOND)
    assert verdicts(inspection.findings) == [(Code.CHAIN_EXPIRED, REFUSE)]


RSA_CA = under(PRIVATE_ROOT, "RSA CA", key="rsa2048")
RSA_ROOT = root("RSA Root", key="rsa2048")


@pytest.mark.parametrize(("digest", "name"), [("sha1", "SHA1"), ("md5", "MD5")])
def test_a_weak_signature_on_the_leaf_is_refused(digest: str, name: str) -> None:
    strong = RSA_CA.issue("a.example", not_before=NOW - DAY)
    weak = weakly_signed(RSA_CA, strong.certificate, digest)
    inspection = inspect(
        secret_of(Issued(certificate=weak, key=strong.key), RSA_CA.certificate, OWN_ROOT)
    )
    assert verdicts(inspection.findings) == [(Code.SIGNATURE_WEAK, REFUSE)]
    assert inspection.findings[0].found == f"CN=a.example is signed with {name}."


def test_a_weak_signature_is_refused_on_an_intermediate_and_not_on_a_root() -> None:
    middle = under(RSA_ROOT, "Middle CA")
    weak_middle = weakly_signed(RSA_ROOT, middle.certificate)
    weak_root = weakly_signed(RSA_ROOT, RSA_ROOT.certificate)
    leaf = middle.issue("a.example", not_before=NOW - DAY)
    inspection = inspect(secret_of(leaf, weak_middle, weak_root))
    assert verdicts(inspection.findings) == [(Code.SIGNATURE_WEAK, REFUSE)]
    assert inspection.findings[0].found == "CN=Middle CA is signed with SHA1."


def test_a_weak_leaf_is_refused_beside_an_expired_chain() -> None:
    brief = PRIVATE_ROOT.intermediate(
        "Brief RSA CA", key=shared_key("rsa2048", "RSA CA"), not_before=NOW - DAY, not_after=NOW
    )
    strong = brief.issue("a.example", not_before=NOW - DAY)
    weak = weakly_signed(brief, strong.certificate)
    inspection = inspect(
        secret_of(Issued(certificate=weak, key=strong.key), brief.certificate), now=NOW + SECOND
    )
    assert verdicts(inspection.findings) == [
        (Code.SIGNATURE_WEAK, REFUSE),
        (Code.CHAIN_EXPIRED, REFUSE),
    ]


@pytest.mark.parametrize(
    ("ends", "warned"), [(DAY - SECOND, True), (DAY, False)], ids=["a second sooner", "with it"]
)
def test_what_ends_before_the_leaf_is_warned_of(*, ends: timedelta, warned: bool) -> None:
    above = PUBLIC_ROOT.intermediate("Ending CA", not_before=NOW - DAY, not_after=NOW + ends)
    leaf = above.issue("a.example", not_before=NOW - DAY, not_after=NOW + DAY)
    inspection = inspect(secret_of(leaf), now=NOW)
    assert verdicts(inspection.findings) == ([(Code.CHAIN_EXPIRED, WARN)] if warned else [])
    if warned:
        assert inspection.findings[0].found == (
            "CN=Ending CA in the chain expires before the certificate, at 2026-06-02 11:59 UTC."
        )


OLD_ROOT = Authority.root("Old Root", not_before=NOW - 20 * DAY, not_after=NOW + DAY)


@pytest.mark.parametrize(
    ("offset", "refused"),
    [(DAY, False), (DAY + SECOND, True)],
    ids=["last second", "a second late"],
)
def test_a_public_root_that_has_expired_ends_no_chain(*, offset: timedelta, refused: bool) -> None:
    leaf = OLD_ROOT.issue("a.example", not_before=NOW, not_after=NOW + 9 * DAY)
    roots = PublicRoots([OLD_ROOT.certificate])
    inspection = inspect_secret(secret_of(leaf), roots, NOW + offset)
    assert verdicts(inspection.findings) == ([(Code.CHAIN_EXPIRED, REFUSE)] if refused else [])
    if refused:
        assert inspection.findings[0].found == (
            "No currently valid chain to a root. Expired or not yet valid: CN=Old Root."
        )


def test_of_two_paths_the_one_to_a_root_that_has_expired_is_left_out() -> None:
    old, new = OLD_ROOT.certificate, PUBLIC_ROOT
    signing = new.intermediate("Cross-signed CA", key=shared_key("p256", "cross"))
    crossed = OLD_ROOT.intermediate("Cross-signed CA", key=shared_key("p256", "cross"))
    issuing = signing.intermediate("Issuing CA")
    leaf = issuing.issue("a.example", not_before=NOW, not_after=NOW + 9 * DAY)
    value = secret(
        certificate=leaf.certificate_pem,
        private_key=leaf.key_pem(),
        chain=pem(issuing.certificate, crossed.certificate, signing.certificate),
    )
    inspection = inspect_secret(value, PublicRoots([old, new.certificate]), NOW + DAY + SECOND)
    assert inspection.material is not None
    assert inspection.material.chain == (issuing.certificate, signing.certificate)
