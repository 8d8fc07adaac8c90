from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from certrotation.core.findings import Code, Severity
from certrotation.core.material import checks
from certrotation.core.material.checks import LARGEST_KEY
from tests.core.samples import (
    DAY,
    ISSUING_CA,
    LEAF,
    NOW,
    PRIVATE_CA,
    PRIVATE_LEAF,
    PUBLIC_ROOT,
    RSA_LEAF,
    SECOND,
    VERSION,
    inspect,
    secret,
    secret_of,
    the,
    verdicts,
)
from tests.support.authority import (
    CLIENT_AUTH,
    SERVER_AUTH,
    Issued,
    pem,
    self_signed,
    shared_key,
)

REFUSE = Severity.REFUSE


def of(**properties: object) -> Issued:
    """A leaf of the public CA that is like others but for `properties`."""
    names = properties.pop("names", ("www.example.com",))
    return ISSUING_CA.issue(*names, **{"not_before": NOW - DAY, **properties})  # type: ignore[misc, arg-type]  # keywords passed on


@pytest.mark.parametrize(
    "issued",
    [
        LEAF,
        RSA_LEAF,
        of(key=shared_key("p384")),
        of(key=shared_key("p521")),
        of(names=("*.example.com",)),
        of(names=("192.0.2.1",)),
        of(usages=None),
        of(extended=None),
        of(ca=None),
        of(extended=(SERVER_AUTH, CLIENT_AUTH)),
    ],
    ids=[
        "ecdsa",
        "rsa",
        "p384",
        "p521",
        "wildcard",
        "address",
        "no key usage",
        "no extended key usage",
        "no basic constraints",
        "client too",
    ],
)
def test_good_material_has_no_finding(issued: Issued) -> None:
    inspection = inspect(secret_of(issued))
    assert inspection.findings == ()
    assert inspection.valid_from is None
    material = inspection.material
    assert material is not None
    assert (material.version, material.leaf) == (VERSION, issued.certificate)
    assert material.chain == (ISSUING_CA.certificate,)
    assert material.anchor.public
    assert material.private_key.public_key() == issued.key.public_key()


def test_what_cannot_be_read_has_one_finding_and_no_material() -> None:
    inspection = inspect(secret())
    assert verdicts(inspection.findings) == [(Code.SECRET_MALFORMED, REFUSE)]
    assert inspection.material is None


@pytest.mark.parametrize(
    ("issued", "code", "found"),
    [
        (
            of(key=shared_key("rsa1024")),
            Code.KEY_WEAK,
            "The private key is RSA (1024).",
        ),
        (
            of(extended=(CLIENT_AUTH,)),
            Code.SERVER_AUTH_MISSING,
            "The certificate has extended key usages, but not serverAuth.",
        ),
        (
            of(ca=True),
            Code.LEAF_IS_CA,
            "The certificate CN=www.example.com is a CA certificate.",
        ),
        (
            self_signed("www.example.com"),
            Code.SELF_SIGNED,
            "The certificate CN=www.example.com is self-signed.",
        ),
        (
            of(names=(), common_name="Example Ltd"),
            Code.NAMES_MISSING,
            "The certificate contains no DNS name and no IP address.",
        ),
    ],
    ids=lambda value: value.value if isinstance(value, Code) else None,
)
def test_a_fault_of_the_leaf_is_refused_and_named(issued: Issued, code: Code, found: str) -> None:
    at = issued.certificate.not_valid_before_utc
    inspection = inspect(secret_of(issued), now=at)
    assert verdicts(inspection.findings) == [(code, REFUSE)]
    assert inspection.findings[0].found == found
    assert inspection.material is not None


@pytest.mark.parametrize(
    ("kind", "described"),
    [("p224", "EC (secp224r1)"), ("ed25519", "Ed25519"), ("rsa1536", "RSA (1536)")],
)
def test_a_key_that_acm_does_not_take_leaves_no_material(kind: str, described: str) -> None:
    inspection = inspect(secret_of(of(key=shared_key(kind))))
    found = the(Code.KEY_UNSUPPORTED, inspection.findings)
    assert (found.severity, found.found) == (REFUSE, f"The private key is {described}.")
    assert inspection.material is None


def test_a_key_for_rsassa_pss_alone_is_none_of_acms() -> None:
    """RFC 4055, section 1.2: the subject's key may be restricted so; the key itself is the same."""
    der = RSA_LEAF.certificate.public_bytes(Encoding.DER)
    oid = "300d06092a864886f70d0101"
    restricted = der.replace(bytes.fromhex(f"{oid}010500"), bytes.fromhex(f"{oid}0a3000"))
    leaf = Issued(certificate=x509.load_der_x509_certificate(restricted), key=RSA_LEAF.key)
    found = the(Code.KEY_UNSUPPORTED, inspect(secret_of(leaf)).findings)
    assert found.severity is REFUSE
    assert found.found == "The key of the certificate is restricted to RSASSA-PSS (RFC 4055)."


def test_a_key_is_weak_below_2048_bits_and_not_from_there_on() -> None:
    below = [each.code for each in inspect(secret_of(of(key=shared_key("rsa2047")))).findings]
    assert below == [Code.KEY_UNSUPPORTED, Code.KEY_WEAK]
    assert inspect(secret_of(RSA_LEAF)).findings == ()


def test_a_key_of_more_than_5120_bytes_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """RSA of 6,656 bits is the least that is; it takes seconds to make, so the limit comes down."""
    assert LARGEST_KEY == 5120
    size = len(RSA_LEAF.key_pem())
    monkeypatch.setattr(checks, "LARGEST_KEY", size)
    assert inspect(secret_of(RSA_LEAF)).findings == ()
    monkeypatch.setattr(checks, "LARGEST_KEY", size - 1)
    (found,) = inspect(secret_of(RSA_LEAF)).findings
    assert (found.code, found.severity) == (Code.KEY_TOO_LARGE, REFUSE)
    assert found.found == f"The private key takes {size:,} bytes of PEM."
    assert "," in f"{size:,}"


def test_a_key_of_another_certificate_is_refused() -> None:
    value = secret(
        certificate=LEAF.certificate_pem, chain=LEAF.chain_pem, private_key=RSA_LEAF.key_pem()
    )
    inspection = inspect(value)
    assert verdicts(inspection.findings) == [(Code.KEY_MISMATCH, REFUSE)]
    assert inspection.findings[0].found == (
        "The private key does not belong to the certificate CN=www.example.com."
    )


def test_every_refusal_is_seen_at_once() -> None:
    leaf = of(names=(), common_name="Example Ltd", extended=(CLIENT_AUTH,))
    value = secret(
        certificate=leaf.certificate_pem, private_key=of(key=shared_key("rsa1024")).key_pem()
    )
    found = {each.code for each in inspect(value, now=NOW + 90 * DAY).findings}
    assert found == {
        Code.KEY_WEAK,
        Code.KEY_MISMATCH,
        Code.SERVER_AUTH_MISSING,
        Code.NAMES_MISSING,
        Code.EXPIRED,
        Code.CHAIN_INCOMPLETE,
    }


def test_cas_alone_are_no_leaf() -> None:
    value = secret(
        certificate=pem(PRIVATE_CA.certificate),
        private_key=shared_key("rsa1024")
        .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        .decode(),
    )
    inspection = inspect(value)
    assert verdicts(inspection.findings) == [(Code.KEY_WEAK, REFUSE), (Code.LEAF_MISSING, REFUSE)]
    assert inspection.findings[1].found == (
        "The secret contains only CA certificates, and none belongs to the private key."
    )
    assert inspection.material is None


def test_the_leaf_is_the_certificate_of_the_key_wherever_it_stands() -> None:
    bundle = pem(ISSUING_CA.certificate, PRIVATE_LEAF.certificate, LEAF.certificate)
    inspection = inspect(secret(certificate=bundle, private_key=LEAF.key_pem()))
    assert inspection.material is not None
    assert inspection.material.leaf == LEAF.certificate


def test_of_two_certificates_of_the_key_the_one_that_is_no_ca_is_the_leaf() -> None:
    own_ca = of(key=LEAF.key, ca=True)
    bundle = pem(own_ca.certificate, LEAF.certificate, ISSUING_CA.certificate)
    inspection = inspect(secret(certificate=bundle, private_key=LEAF.key_pem()))
    assert inspection.material is not None
    assert inspection.material.leaf == LEAF.certificate


def test_a_cas_own_certificate_and_key_are_refused() -> None:
    ca = Issued(certificate=ISSUING_CA.certificate, key=ISSUING_CA.key)
    inspection = inspect(secret_of(ca))
    assert Code.LEAF_IS_CA in [each.code for each in inspection.findings]


BRIEF = of(not_before=NOW, not_after=NOW + DAY)


@pytest.mark.parametrize(
    ("offset", "codes"),
    [
        (timedelta(0), []),
        (DAY, []),
        (DAY + SECOND, [(Code.EXPIRED, REFUSE)]),
        (DAY + timedelta(microseconds=1), [(Code.EXPIRED, REFUSE)]),
    ],
    ids=["first second", "last second", "a second late", "a moment late"],
)
def test_a_leaf_is_expired_after_its_last_second(
    offset: timedelta, codes: list[tuple[Code, Severity]]
) -> None:
    inspection = inspect(secret_of(BRIEF), now=NOW + offset)
    assert verdicts(inspection.findings) == codes
    assert inspection.valid_from is None
    if codes:
        assert inspection.findings[0].found == (
            "The certificate expired on 2026-06-02 12:00:00+00:00."
        )


@pytest.mark.parametrize(
    ("early", "waits", "refused"),
    [
        (timedelta(0), False, False),
        (SECOND, True, False),
        (timedelta(minutes=10) - SECOND, True, False),
        (timedelta(minutes=10), False, True),
        (timedelta(minutes=10) + SECOND, False, True),
    ],
    ids=["now", "a second", "under ten minutes", "ten minutes", "over ten minutes"],
)
def test_a_leaf_valid_within_ten_minutes_is_waited_for(
    early: timedelta,
    waits: bool,  # noqa: FBT001  a table's columns
    refused: bool,  # noqa: FBT001
) -> None:
    inspection = inspect(secret_of(BRIEF), now=NOW - early)
    assert inspection.valid_from == (NOW if waits else None)
    assert verdicts(inspection.findings) == ([(Code.NOT_YET_VALID, REFUSE)] if refused else [])
    if refused:
        assert inspection.findings[0].found == (
            "The certificate is not valid before 2026-06-01 12:00:00+00:00."
        )


def test_a_chain_is_judged_at_the_time_that_the_leaf_is_waited_for() -> None:
    """A CA made a moment ago may begin as late as its first leaf."""
    fresh = PUBLIC_ROOT.intermediate("Fresh CA", not_before=NOW, not_after=NOW + DAY)
    leaf = fresh.issue("a.example", not_before=NOW, not_after=NOW + DAY)
    inspection = inspect(secret_of(leaf), now=NOW - SECOND)
    assert inspection.findings == ()
    assert inspection.valid_from == NOW
    assert inspection.material is not None
    assert inspection.material.chain == (fresh.certificate,)
