from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID

from certrotation.core.findings import Code, Finding, Severity, refuse, warn
from certrotation.core.material.leaf_checks import check_leaf
from tests.core.material.test_path_rules import EXPLICIT_CA
from tests.core.samples import DAY, ISSUING_CA, LEAF, NOW
from tests.support.authority import (
    CLIENT_AUTH,
    SERVER_AUTH,
    Authority,
    as_version_1,
    certify,
    critical,
    key_usage,
    shared_key,
    weakly_signed,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = x509.SubjectAlternativeName([x509.DNSName("www.example.com")])
KEY = shared_key("p256", "a leaf of many kinds")
NETSCAPE_TYPE = x509.ObjectIdentifier("2.16.840.1.113730.1.1")


def of(
    *extensions: x509.ExtensionType | x509.Extension[x509.ExtensionType],
    issuer: Authority = ISSUING_CA,
) -> x509.Certificate:
    """A leaf with these extensions and a name."""
    given = [each.oid for each in extensions]
    names = [] if NAMES.oid in given else [NAMES]
    return certify(issuer, "www.example.com", *names, *extensions, key=KEY, not_before=NOW - DAY)


def findings(certificate: x509.Certificate) -> list[Finding]:
    return list(check_leaf(certificate))


def unknown(value: bytes = b"\x05\x00", oid: str = "1.3.6.1.4.1.99999.2") -> x509.ExtensionType:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)


def netscape_type(bits: str) -> x509.ExtensionType:
    return x509.UnrecognizedExtension(NETSCAPE_TYPE, bytes.fromhex(bits))


def ocsp(length: int) -> x509.AuthorityInformationAccess:
    url = x509.UniformResourceIdentifier("http://ocsp.example/".ljust(length, "x"))
    issuers = x509.UniformResourceIdentifier("http://ca.example/".ljust(2_000, "x"))
    return x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(AuthorityInformationAccessOID.OCSP, url),
            x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, issuers),
        ]
    )


@pytest.mark.parametrize(
    "extensions",
    [
        (),
        (unknown(),),
        (x509.ExtendedKeyUsage([SERVER_AUTH]), critical(x509.PolicyConstraints(0, None))),
        (key_usage("digital_signature"),),
        (key_usage("key_encipherment"),),
        (key_usage("key_agreement"),),
        (netscape_type("03020640"),),
        (netscape_type("030206c0"),),
        (ocsp(1_000),),
    ],
)
def test_a_leaf_for_servers_is_fit(extensions: Sequence[x509.ExtensionType]) -> None:
    assert findings(of(*extensions)) == []
    assert findings(LEAF.certificate) == []


@pytest.mark.parametrize(
    ("extension", "cause", "says"),
    [
        (
            critical(unknown()),
            "critical extension 1.3.6.1.4.1.99999.2",
            "The certificate has the critical extension 1.3.6.1.4.1.99999.2, which clients reject.",
        ),
        (
            x509.PrecertPoison(),
            "precertificate",
            "The certificate is a precertificate (RFC 6962).",
        ),
        (
            key_usage("crl_sign", "content_commitment"),
            "no key usage for TLS",
            "The certificate has key usages, but none that a TLS server needs.",
        ),
        (
            netscape_type("03020780"),
            "another Netscape type",
            "The certificate has a Netscape certificate type, but not that of a TLS server.",
        ),
        (
            netscape_type("030100"),
            "another Netscape type",
            "The certificate has a Netscape certificate type, but not that of a TLS server.",
        ),
        (
            unknown(oid="1.3.6.1.5.5.7.1.14"),
            "proxy",
            "The certificate is a proxy certificate (RFC 3820).",
        ),
    ],
)
def test_what_clients_reject_in_a_leaf_is_refused(
    extension: x509.ExtensionType, cause: str, says: str
) -> None:
    assert findings(of(extension)) == [refuse(Code.LEAF_UNFIT, says, cause=cause)]


def test_explicit_curve_parameters_are_refused_in_a_leaf_too() -> None:
    explicit = x509.load_pem_x509_certificate(EXPLICIT_CA.encode())
    assert refuse(
        Code.LEAF_UNFIT,
        "The key of the certificate has explicit curve parameters (RFC 5480).",
        cause="explicit curve parameters",
    ) in findings(explicit)


def test_what_is_no_certificate_of_a_server_is_refused() -> None:
    itself = Authority.root("www.example.com", key=KEY)
    assert findings(certify(itself, "www.example.com", NAMES, key=KEY)) == [
        refuse(Code.SELF_SIGNED, "The certificate CN=www.example.com is self-signed.")
    ]
    assert findings(of(x509.BasicConstraints(ca=True, path_length=None))) == [
        refuse(Code.LEAF_IS_CA, "The certificate CN=www.example.com is a CA certificate.")
    ]
    assert findings(of(x509.ExtendedKeyUsage([CLIENT_AUTH]))) == [
        refuse(
            Code.SERVER_AUTH_MISSING,
            "The certificate has extended key usages, but not serverAuth.",
        )
    ]


def test_a_signature_or_a_key_that_clients_reject_is_refused() -> None:
    by_rsa = Authority.root("RSA CA", key="rsa2048")
    weak = weakly_signed(by_rsa, of(issuer=by_rsa))
    assert findings(weak) == [
        refuse(Code.SIGNATURE_WEAK, "CN=www.example.com is signed with SHA1.")
    ]
    odd = ISSUING_CA.issue("www.example.com", key=KEY, digest=hashes.SHA3_256()).certificate
    assert findings(odd) == [
        refuse(
            Code.LEAF_UNFIT,
            "The certificate is signed with SHA3-256, which clients reject.",
            cause="unknown digest",
        )
    ]
    made = ISSUING_CA.issue("www.example.com", key="rsa2048").certificate.public_bytes(Encoding.DER)
    rsa_encryption = bytes.fromhex("300d06092a864886f70d0101010500")
    pss = bytes.fromhex("300d06092a864886f70d01010a3000")
    assert made.count(rsa_encryption) == 1
    assert findings(x509.load_der_x509_certificate(made.replace(rsa_encryption, pss))) == [
        refuse(
            Code.KEY_UNSUPPORTED,
            "The key of the certificate is restricted to RSASSA-PSS (RFC 4055).",
        )
    ]


def test_what_acm_refuses_is_refused_whatever_is_live() -> None:
    old = as_version_1(ISSUING_CA, certify(ISSUING_CA, "www.example.com", key=KEY))
    version, no_names = findings(old)
    assert version == refuse(Code.LEAF_UNFIT, "The certificate is not X.509 version 3.")
    assert no_names.severity is Severity.WARN

    nameless = Authority(
        certificate=certify(ISSUING_CA, x509.Name([]), key=ISSUING_CA.key), key=ISSUING_CA.key
    )
    assert findings(of(issuer=nameless)) == [
        refuse(Code.LEAF_UNFIT, "The certificate does not name its issuer.")
    ]
    assert findings(of(ocsp(1_001))) == [
        refuse(Code.LEAF_UNFIT, "The certificate contains an OCSP URL of 1,001 characters.")
    ]


@pytest.mark.parametrize(
    "feature", [x509.TLSFeatureType.status_request, x509.TLSFeatureType.status_request_v2]
)
def test_must_staple_is_warned_of(feature: x509.TLSFeatureType) -> None:
    assert findings(of(x509.TLSFeature([feature]))) == [
        warn(Code.MUST_STAPLE, "The certificate requires an OCSP staple (RFC 7633).")
    ]


def names_of(*names: str) -> x509.Certificate:
    san = [x509.DNSName._init_without_validation(each) for each in names]
    return of(x509.SubjectAlternativeName(san))


def test_names_that_no_client_matches_do_not_count() -> None:
    assert findings(names_of("192.0.2.7", "*.com")) == [
        refuse(
            Code.NAMES_MISSING,
            "The certificate contains only names that no client matches: '*.com', '192.0.2.7'.",
            cause="names that no client matches",
        )
    ]
    assert findings(names_of("192.0.2.7", "a.example")) == []


def test_a_common_name_alone_is_warned_of() -> None:
    bare = certify(ISSUING_CA, "www.example.com", key=KEY)
    assert findings(bare) == [
        warn(
            Code.NAMES_MISSING,
            "The certificate has no subject alternative names. Clients ignore the common name"
            " (RFC 9525, section 2).",
        )
    ]
    nothing = certify(ISSUING_CA, "The Shop", key=KEY)
    assert findings(nothing) == [
        refuse(Code.NAMES_MISSING, "The certificate contains no DNS name and no IP address.")
    ]


def test_a_few_of_many_critical_extensions_are_named_and_the_poison_first() -> None:
    many = [critical(unknown(oid=f"1.3.6.1.4.1.10.{number}")) for number in range(30)]
    found = [each.found for each in findings(of(*many, x509.PrecertPoison()))]
    assert len(found) == 5
    assert found[0] == "The certificate is a precertificate (RFC 6962)."
