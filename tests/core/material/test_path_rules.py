from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from certrotation.core.findings import Code
from certrotation.core.material.path_rules import (
    Fault,
    faults_above,
    identifiers_match,
    unknown_critical_extensions,
)
from tests.core.samples import DAY, ISSUING_CA, LEAF, LONG_AGO, NOW, PUBLIC_ROOT, SECOND, root
from tests.support.authority import (
    CLIENT_AUTH,
    Authority,
    PrivateKey,
    as_version_1,
    certify,
    critical,
    key_usage,
    shared_key,
    weakly_signed,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

CA = x509.BasicConstraints(ca=True, path_length=None)
SIGNS = key_usage("key_cert_sign")
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.2"), b"\x05\x00")
PROXY = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.14"), b"\x05\x00")
ROOT = root("Example Root")

OTHER_USES = (
    "CN=Odd CA is limited to other uses than TLS servers: its extended key usages do not include"
    " serverAuth."
)

EXPLICIT_CA = """-----BEGIN CERTIFICATE-----
MIIChzCCAi2gAwIBAgIUUP8xzTzXMfSRenKATSWZ8AF/VdgwCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLRXhwbGljaXQgQ0EwIBcNMjYxMTI4MDYzODU4WhgPMjEyNjEx
MDQwNjM4NThaMBYxFDASBgNVBAMMC0V4cGxpY2l0IENBMIIBSzCCAQMGByqGSM49
AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAAAAAAAAAAAAAA////////
////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA///////////////8BCBaxjXY
qjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSdNgiG5wSTamZ44ROdJreB
n36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n
60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA//////////+85vqtpxee
hPO5ysL8YyVRAgEBA0IABNmzONlMxI09PHt5EGG0UPl9rO9Co+mZbfJUsX4gGtl1
BR4hE7PeF3LJyKwK/m3wOdh0YVWMnMWTKs3nBCCbuJyjYzBhMB0GA1UdDgQWBBSF
2ZrYHDnpoOau240Tnb+KnpD6XzAfBgNVHSMEGDAWgBSF2ZrYHDnpoOau240Tnb+K
npD6XzAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwICBDAKBggqhkjOPQQD
AgNIADBFAiEA7kgA8i4+/RbI3xydEYErqU34GE5GW3lDjSKlmdODjRoCIA1fQk8T
gGUdUBKz82o40qWcZxBOl90DlSM4HDFLclut
-----END CERTIFICATE-----
"""
"""Made with `openssl ecparam -param_enc explicit`; cryptography writes named curves alone."""


def ca(
    *extensions: x509.ExtensionType | x509.Extension[x509.ExtensionType],
    key: str = "p256",
    issuer: Authority = ROOT,
    name: str = "Odd CA",
    not_before: datetime = LONG_AGO,
    not_after: datetime = NOW + 900 * DAY,
) -> Authority:
    private = shared_key(key, name)
    made = certify(
        issuer, name, *extensions, key=private, not_before=not_before, not_after=not_after
    )
    return Authority(certificate=made, key=private)


def faults(*above: Authority, names: Sequence[str] = ("a.example",)) -> list[Fault]:
    """What is wrong with a path from a leaf of the first CA upwards."""
    leaf = above[0].issue(*names).certificate
    path = (leaf, *(each.certificate for each in above))
    return [
        fault
        for length in range(1, len(path))
        for fault in faults_above(path[:length], path[length], NOW)
    ]


def causes(*above: Authority) -> list[str]:
    return [each.cause for each in faults(*above)]


@pytest.mark.parametrize(
    ("extensions", "cause", "says"),
    [
        ((), "no CA", "CN=Odd CA is not a CA certificate: it has no basic constraints."),
        (
            (SIGNS,),
            "no CA",
            "CN=Odd CA is not a CA certificate: it has no basic constraints.",
        ),
        (
            (x509.BasicConstraints(ca=False, path_length=None),),
            "no CA",
            "CN=Odd CA is not a CA certificate: its basic constraints deny it.",
        ),
        (
            (CA, key_usage("crl_sign", "digital_signature")),
            "may not sign",
            "CN=Odd CA may not sign certificates: its key usages do not include keyCertSign.",
        ),
        (
            (CA, x509.ExtendedKeyUsage([CLIENT_AUTH])),
            "limited to other uses",
            OTHER_USES,
        ),
        (
            (CA, critical(UNKNOWN)),
            "critical extension 1.3.6.1.4.1.99999.2",
            "CN=Odd CA has the critical extension 1.3.6.1.4.1.99999.2, which clients reject.",
        ),
        ((CA, PROXY), "proxy", "CN=Odd CA is a proxy certificate (RFC 3820)."),
    ],
)
def test_clients_reject_a_ca_and_the_fault_names_it(
    extensions: Sequence[x509.ExtensionType], cause: str, says: str
) -> None:
    assert faults(ca(*extensions), ROOT) == [Fault(Code.CHAIN_INVALID, cause, says)]


@pytest.mark.parametrize(
    ("kind", "code", "says"),
    [
        ("rsa1024", Code.KEY_WEAK, "The key of CN=Odd CA is RSA (1024)."),
        ("rsa2047", Code.KEY_WEAK, "The key of CN=Odd CA is RSA (2047)."),
        ("p224", Code.KEY_WEAK, "The key of CN=Odd CA is EC (secp224r1)."),
        (
            "secp256k1",
            Code.CHAIN_INVALID,
            "The key of CN=Odd CA is EC (secp256k1), which clients reject.",
        ),
    ],
)
def test_clients_reject_the_key_of_a_ca(kind: str, code: Code, says: str) -> None:
    (found,) = faults(ca(CA, key=kind), ROOT)
    described = says.removeprefix("The key of CN=Odd CA is ")
    described = described.removesuffix(".").removesuffix(", which clients reject")
    assert found == Fault(code, f"key of a CA: {described}", says)


def test_clients_reject_explicit_curve_parameters() -> None:
    explicit = x509.load_pem_x509_certificate(EXPLICIT_CA.encode())
    found, identifier = faults_above((LEAF.certificate,), explicit, None)
    says = "The key of CN=Explicit CA has explicit curve parameters (RFC 5480)."
    assert found == Fault(Code.CHAIN_INVALID, "explicit curve parameters", says)
    assert identifier.cause == "another key identifier"


def test_clients_reject_the_key_of_a_ca_for_rsassa_pss_alone() -> None:
    made = ca(CA, key="rsa2048").certificate.public_bytes(Encoding.DER)
    rsa_encryption = bytes.fromhex("300d06092a864886f70d0101010500")
    assert made.count(rsa_encryption) == 1
    pss = bytes.fromhex("300d06092a864886f70d01010a3000")
    restricted = x509.load_der_x509_certificate(made.replace(rsa_encryption, pss))
    says = "The key of CN=Odd CA is restricted to RSASSA-PSS (RFC 4055)."
    assert Fault(Code.CHAIN_INVALID, "key for RSASSA-PSS alone", says) in faults_above(
        (LEAF.certificate,), restricted, None
    )


def test_clients_reject_a_ca_that_is_signed_with_sha_1() -> None:
    above = root("RSA Root", key="rsa2048")
    signed = ca(CA, issuer=above)
    weak = Authority(certificate=weakly_signed(above, signed.certificate), key=signed.key)
    expected = Fault(Code.SIGNATURE_WEAK, "", "CN=Odd CA is signed with SHA1.")
    assert faults(weak, above) == [expected]


def test_clients_reject_a_ca_that_is_signed_with_sha_3() -> None:
    odd = ROOT.intermediate("Odd CA", not_before=LONG_AGO, digest=hashes.SHA3_256())
    says = "CN=Odd CA is signed with SHA3-256, which clients reject."
    assert faults(odd, ROOT) == [Fault(Code.CHAIN_INVALID, "unknown digest", says)]


def v1_root(name: str = "Elder Root") -> Authority:
    private = shared_key("p256", name)
    itself = root(name)
    bare = certify(itself, name, key=private)
    return Authority(certificate=as_version_1(itself, bare), key=private)


def test_an_old_root_may_lack_basic_constraints() -> None:
    """OpenSSL takes a root of version 1, or one whose key usages include keyCertSign."""
    assert faults(v1_root()) == []
    key = shared_key("p256", "Plain Root")
    itself = root("Plain Root")

    def plain(*extensions: x509.ExtensionType) -> Authority:
        return Authority(certificate=certify(itself, "Plain Root", *extensions, key=key), key=key)

    assert causes(plain(SIGNS)) == []
    assert causes(plain()) == ["no CA"]
    assert causes(plain(key_usage("crl_sign"))) == ["may not sign"]


def test_an_intermediate_of_version_1_is_no_ca() -> None:
    old = ca()
    old = Authority(certificate=as_version_1(ROOT, old.certificate), key=old.key)
    assert causes(old, ROOT) == ["no CA"]


@pytest.mark.parametrize(
    ("begins", "ends", "valid"),
    [
        (NOW, NOW, True),
        (NOW + SECOND, NOW + DAY, False),
        (NOW - DAY, NOW - SECOND, False),
    ],
)
def test_every_issuer_must_be_valid(*, begins: datetime, ends: datetime, valid: bool) -> None:
    timed = ca(CA, not_before=begins, not_after=ends)
    expected = [] if valid else [Fault(Code.CHAIN_EXPIRED, "", "CN=Odd CA")]
    assert faults(timed, ROOT) == expected
    leaf = timed.issue("a.example").certificate
    assert faults_above((leaf,), timed.certificate, None) == ()


def test_a_path_length_counts_cas_but_not_self_issued_ones() -> None:
    """RFC 5280, section 4.2.1.9: a CA that renews its key issues a certificate to itself."""
    limited = x509.BasicConstraints(ca=True, path_length=0)
    upper = ca(limited, name="Upper CA")
    lower = ca(CA, issuer=upper, name="Lower CA")
    key = shared_key("p256", "the next key of Upper CA")
    renewed = Authority(certificate=certify(upper, "Upper CA", CA, key=key), key=key)
    assert causes(upper, ROOT) == []
    assert causes(renewed, upper, ROOT) == []
    (found,) = faults(lower, upper, ROOT)
    assert found.cause == "path length"
    assert found.found == (
        "CN=Upper CA allows a path length of 0; there are 1 CA certificates below it."
    )


def test_a_path_is_as_long_as_its_cas_allow() -> None:
    one = ca(x509.BasicConstraints(ca=True, path_length=1), name="Upper CA")
    lower = ca(CA, issuer=one, name="Lower CA")
    lowest = ca(CA, issuer=lower, name="Lowest CA")
    assert causes(lower, one, ROOT) == []
    assert causes(lowest, lower, one, ROOT) == ["path length"]


def constrained(*permitted: x509.GeneralName, issuer: Authority = ROOT) -> Authority:
    constraints = x509.NameConstraints(permitted, None)
    return ca(CA, constraints, issuer=issuer, name="Constrained CA")


def common_name(name: str) -> x509.DirectoryName:
    return x509.DirectoryName(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))


def test_name_constraints_exempt_a_self_issued_ca_but_neither_the_ca_below_nor_a_leaf() -> None:
    """RFC 5280, section 6.1.3 (b): a CA that renews its key issues a certificate to itself."""
    above = constrained(x509.DNSName("a.example"), common_name("a.example"))
    odd = ca(CA, issuer=above)
    key = shared_key("p256", "the next key of Odd CA")
    renewed = Authority(certificate=certify(odd, "Odd CA", CA, key=key), key=key)
    says = "The name constraints of CN=Constrained CA do not allow CN=Odd CA in CN=Odd CA."
    assert [each.found for each in faults(odd, above)] == [says]
    assert [each.found for each in faults(renewed, odd, above)] == [says]

    names = x509.SubjectAlternativeName([x509.DNSName("b.example")])
    itself = certify(above, "Constrained CA", names, key=key)
    (found,) = faults_above((itself,), above.certificate, NOW)
    assert found.found == (
        "The name constraints of CN=Constrained CA do not allow b.example in CN=Constrained CA."
    )


def test_name_constraints_hold_for_everything_below_but_self_issued_cas() -> None:
    example = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Odd CA")])
    above = constrained(x509.DNSName("a.example"), x509.DirectoryName(example))
    (found,) = faults(ca(CA, issuer=above), above, ROOT)
    assert found.cause == "name constraints"
    assert found.found == (
        "The name constraints of CN=Constrained CA do not allow CN=a.example in CN=a.example."
    )
    only_names = constrained(x509.DNSName("a.example"))
    assert causes(ca(CA, issuer=only_names), only_names, ROOT) == []
    refused = faults(only_names, ROOT, names=["a.example", "b.example"])
    assert [each.found for each in refused] == [
        "The name constraints of CN=Constrained CA do not allow b.example in CN=a.example."
    ]
    renewed = certify(above, "Constrained CA", CA, key=shared_key("p256", "renewed"))
    itself = Authority(certificate=renewed, key=shared_key("p256", "renewed"))
    subject_only = [e for e in faults(itself, above, ROOT) if "in CN=Constrained CA" in e.found]
    assert subject_only == []


def aki(
    key: PrivateKey | None, *, issuer: x509.Name | None = None, serial: int | None = None
) -> x509.AuthorityKeyIdentifier:
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest if key else None
    names = [x509.DirectoryName(issuer)] if issuer else None
    return x509.AuthorityKeyIdentifier(identifier, names, serial)


ROOT_NAME, ROOT_SERIAL = ROOT.certificate.subject, ROOT.certificate.serial_number


@pytest.mark.parametrize(
    ("identifier", "agrees"),
    [
        (aki(ROOT.key), True),
        (aki(ROOT.key, issuer=ROOT_NAME, serial=ROOT_SERIAL), True),
        (aki(None, issuer=ROOT_NAME, serial=ROOT_SERIAL), True),
        (aki(ISSUING_CA.key), False),
        (aki(ROOT.key, issuer=ROOT_NAME, serial=ROOT_SERIAL + 1), False),
        (aki(ROOT.key, issuer=PUBLIC_ROOT.certificate.subject, serial=ROOT_SERIAL), False),
    ],
)
def test_openssl_takes_no_issuer_that_the_identifiers_deny(
    *, identifier: x509.AuthorityKeyIdentifier, agrees: bool
) -> None:
    expected = [] if agrees else ["another key identifier"]
    assert causes(ca(CA, identifier), ROOT) == expected


def test_a_root_that_denies_its_own_key_is_none() -> None:
    key = shared_key("p256", "Denying Root")
    itself = root("Denying Root")
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    made = certify(itself, "Denying Root", CA, own, aki(ROOT.key), key=key)
    assert causes(Authority(certificate=made, key=key)) == ["another key identifier"]


def test_identifiers_match_where_both_are_there_and_equal() -> None:
    with_identifier = ca(CA, aki(ROOT.key)).certificate
    assert identifiers_match(with_identifier, ROOT.certificate)
    assert not identifiers_match(with_identifier, PUBLIC_ROOT.certificate)
    assert not identifiers_match(ca(CA).certificate, ROOT.certificate)
    assert not identifiers_match(ca(CA, aki(None)).certificate, ca(CA).certificate)


def test_unknown_critical_extensions_are_listed_in_order() -> None:
    other = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
    odd = ca(CA, critical(UNKNOWN), critical(other)).certificate
    assert unknown_critical_extensions(odd) == ["1.3.6.1.4.1.99999.1", "1.3.6.1.4.1.99999.2"]


def test_a_few_of_many_critical_extensions_of_a_ca_are_named() -> None:
    many = [
        critical(x509.UnrecognizedExtension(x509.ObjectIdentifier(f"1.3.6.1.4.1.9.{n}"), b""))
        for n in range(30)
    ]
    assert len(faults(ca(CA, *many), ROOT)) == 5
