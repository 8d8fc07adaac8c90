"""Leaves: a CA in its place, usages, signatures, names and clocks."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.hostile.corpus.material import (
    DAY,
    MINUTE,
    NOW,
    PRIVATE_CA,
    PRIVATE_ROOT,
    PUBLIC_CA,
    SECOND,
    chain_of,
    leaf,
    root,
    self_signed,
    under,
)
from tests.hostile.corpus.row import ABSENT, live, of, refused, row, table, warned
from tests.support.authority import (
    CLIENT_AUTH,
    SERVER_AUTH,
    Issued,
    shared_key,
    weakly_signed,
)

if TYPE_CHECKING:
    from tests.hostile.corpus.row import Row
    from tests.support.authority import Authority

SHOP_NAME = "shop.example.com"


UNMATCHED = (
    "bücher.example",
    "192.0.2.7",
    "2001:db8::7",
    "shop. .com",
    "*",
    "*.com",
    "f*.example.com",
    "shop.*.example.com",
    "https://shop.example.com/",
    "shop.example.com:443",
    "shop..example.com",
    "-shop.example.com",
    "a" * 64 + ".example.com",
)
"""DNS names that neither Go nor OpenSSL matches with a host."""

COMMON_NAMES = {
    SHOP_NAME: SHOP_NAME,
    "Shop.Example.ORG": "shop.example.org",
    "*.example.com": "*.example.com",
    "192.0.2.7": "192.0.2.7",
    "bücher.example": "xn--bcher-kva.example",
}
"""Common names, and the names that they serve."""


def kinds() -> list[Row]:
    """Return rows about what the leaf is and who signed it, and how."""
    weak_root = root("Example RSA Root", key="rsa2048")
    chain = (weak_root.certificate,)
    by_rsa = leaf(ca=weak_root)
    sha1 = _with(by_rsa, weakly_signed(weak_root, by_rsa.certificate))
    md5 = _with(by_rsa, weakly_signed(weak_root, by_rsa.certificate, "md5"))
    own = Issued(certificate=PRIVATE_ROOT.certificate, key=PRIVATE_ROOT.key)
    middle = Issued(
        certificate=PRIVATE_CA.certificate, key=PRIVATE_CA.key, chain=chain_of(PRIVATE_ROOT)
    )
    alone = self_signed(SHOP_NAME)
    ended = PUBLIC_CA.issue(
        common_name="Shop Ltd",
        extended=(CLIENT_AUTH,),
        not_before=NOW - 9 * DAY,
        not_after=NOW - SECOND,
    )
    worst = Issued(certificate=ended.certificate, key=ended.key)
    return table(
        {
            refused(
                "LEAF_IS_CA", says="The certificate CN=shop.example.com is a CA certificate."
            ): {"a leaf that says it is a CA": of(leaf(is_ca=True))},
            refused("LEAF_IS_CA", "NAMES_MISSING", says="CN=Example Corp CA 1"): {
                "an intermediate in the leaf's place": of(middle)
            },
            refused("LEAF_IS_CA", "SELF_SIGNED", "NAMES_MISSING", says="is self-signed"): {
                "a private root in the leaf's place": of(own)
            },
            refused(
                "LEAF_MISSING",
                says="The secret contains only CA certificates, and none belongs to the private"
                " key.",
            ): {"CAs alone, none of the key's": of(middle, private_key=leaf().key_pem())},
            refused("LEAF_MISSING", "KEY_WEAK", says="The private key is RSA (1024)."): {
                "CAs alone, none of the key's, which is weak": of(
                    middle, private_key=leaf(key="rsa1024").key_pem()
                )
            },
            refused(
                "KEY_WEAK",
                "KEY_MISMATCH",
                "SERVER_AUTH_MISSING",
                "NAMES_MISSING",
                "EXPIRED",
                "CHAIN_INCOMPLETE",
                says="The certificate contains no DNS name and no IP address.",
            ): {
                "every refusal is reported at once": of(
                    worst, private_key=leaf(key="rsa1024").key_pem()
                )
            },
            refused("LEAF_MISSING", says="The secret contains no certificate."): {
                "no certificate": of(leaf(), certificate=ABSENT, chain=ABSENT)
            },
            refused("SELF_SIGNED", says="The certificate CN=shop.example.com is self-signed."): {
                "a leaf that signed itself": of(alone)
            },
            live(): {
                "a leaf that does not say whether it is a CA": of(leaf(is_ca=None)),
                "a leaf signed with SHA-384": of(leaf(digest=hashes.SHA384())),
                "a leaf signed with SHA-512": of(leaf(digest=hashes.SHA512())),
                "an RSA leaf under an elliptic CA": of(leaf(key="rsa2048", common_name="mixed")),
            },
            refused("SIGNATURE_WEAK", says="CN=shop.example.com is signed with SHA1."): {
                "a leaf signed with SHA-1": of(sha1, *chain)
            },
            refused("SIGNATURE_WEAK", says="CN=shop.example.com is signed with MD5."): {
                "a leaf signed with MD5": of(md5, *chain)
            },
            refused("SIGNATURE_WEAK", "CHAIN_INCOMPLETE", says="SHA1"): {
                "a leaf signed with SHA-1, its CA lost": of(sha1)
            },
            live(chain=chain): {
                "a leaf signed with RSA-PSS": of(_pss(by_rsa, weak_root, hashes.SHA256()), *chain),
                "a leaf signed with RSA-PSS and SHA-384": of(
                    _pss(by_rsa, weak_root, hashes.SHA384()), *chain
                ),
                "an elliptic leaf under an RSA CA": of(by_rsa, *chain),
            },
        }
    )


def usages() -> list[Row]:
    """Return rows about key usages and extended key usages."""
    says = "The certificate has extended key usages, but not serverAuth."
    missing = refused("SERVER_AUTH_MISSING", says=says)

    def extended(*found: x509.ObjectIdentifier) -> Issued:
        return leaf(extended=found)

    def used(*found: str) -> Issued:
        return leaf(usages=found)

    return table(
        {
            missing: {
                "for clients only": of(extended(CLIENT_AUTH)),
                "for signing code only": of(extended(ExtendedKeyUsageOID.CODE_SIGNING)),
                "for mail only": of(extended(ExtendedKeyUsageOID.EMAIL_PROTECTION)),
                "for time stamps only": of(extended(ExtendedKeyUsageOID.TIME_STAMPING)),
                "for any usage, but not by name for servers": of(
                    extended(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
                ),
                "for a usage that nobody knows": of(
                    extended(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"))
                ),
                "for mail and clients": of(
                    extended(ExtendedKeyUsageOID.EMAIL_PROTECTION, CLIENT_AUTH)
                ),
            },
            live(): {
                "for servers and clients": of(extended(SERVER_AUTH, CLIENT_AUTH)),
                "for servers and any usage": of(
                    extended(SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
                ),
                "for servers and a usage that nobody knows": of(
                    extended(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), SERVER_AUTH)
                ),
                "without extended key usages": of(leaf(extended=None)),
                "without key usages": of(leaf(usages=None)),
                "without either": of(leaf(usages=None, extended=None)),
                "key usage digital signature alone": of(used("digital_signature")),
                "key usage of the other RSA handshake": of(
                    leaf(key="rsa2048", usages=("key_encipherment",))
                ),
                "every key usage that a leaf may have": of(
                    used(
                        "digital_signature",
                        "content_commitment",
                        "key_encipherment",
                        "data_encipherment",
                        "key_agreement",
                    )
                ),
                "key agreement, to encipher only": of(
                    used("digital_signature", "key_agreement", "encipher_only")
                ),
                "an extension that nobody knows": of(leaf(extensions=[_unknown()])),
            },
            warned("MUST_STAPLE"): {
                "a leaf with OCSP must-staple": of(
                    leaf(extensions=[x509.TLSFeature([x509.TLSFeatureType.status_request])])
                ),
            },
        }
    )


def names() -> list[Row]:
    """Return rows about the names in a leaf (RFC 5280, section 4.2.1.6; RFC 9525)."""
    says = "The certificate contains no DNS name and no IP address."
    missing = refused("NAMES_MISSING", says=says)
    mail = x509.RFC822Name("pki@example.com")
    address = ipaddress.ip_address("192.0.2.7")
    long = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 57, "org"])
    many = [f"n{number}.example.com" for number in range(100)]

    def alternative(*found: x509.GeneralName, common_name: str = SHOP_NAME) -> Issued:
        return leaf_without_names(common_name, x509.SubjectAlternativeName(found))

    def raw(name: str) -> Issued:
        """A DNS name that the builder would not take as text."""
        return alternative(x509.DNSName._init_without_validation(name))

    def named(*found: str) -> Issued:
        return leaf(*found)

    return table(
        {
            live(SHOP_NAME): {
                "one name": of(named(SHOP_NAME)),
                "upper-case names": of(named("SHOP.Example.COM")),
                "a name with a dot at its end": of(named("shop.example.com.")),
                "another name in the CN than among the alternatives": of(
                    leaf(SHOP_NAME, common_name="old.example.com")
                ),
                "a mail address beside the name": of(alternative(mail, x509.DNSName(SHOP_NAME))),
                "the same name five times": of(named(*[SHOP_NAME] * 5)),
                "a CN with an escape sequence of a terminal": of(
                    leaf(SHOP_NAME, common_name="\x1b[2J")
                ),
            },
            live(*many): {"a hundred names": of(named(*many))},
            live("*.example.com"): {
                "a wildcard": of(named("*.example.com")),
            },
            live("*.example.com", "example.com"): {
                "a wildcard and its apex": of(named("*.example.com", "example.com"))
            },
            live("xn--bcher-kva.example"): {
                "an internationalised name as A-label": of(named("xn--bcher-kva.example")),
                "an internationalised name as A-label, upper-case": of(
                    named("XN--BCHER-KVA.example")
                ),
            },
            live("_shop.example.com"): {
                "a name with an underscore": of(named("_shop.example.com"))
            },
            live(long): {"a name of 253 letters": of(named(long))},
            live("intranet"): {"a name of one label": of(named("intranet"))},
            live("192.0.2.7"): {
                "an IPv4 address alone": of(named("192.0.2.7")),
                "an address and no common name": of(
                    alternative(x509.IPAddress(address), common_name="")
                ),
            },
            live("2001:db8::7"): {"an IPv6 address alone": of(named("2001:db8::7"))},
            live(SHOP_NAME, "192.0.2.7"): {
                "a name and an address": of(named(SHOP_NAME, "192.0.2.7"))
            },
            missing: {
                "a network in place of an address": of(
                    alternative(x509.IPAddress(ipaddress.ip_network("192.0.2.0/24")))
                ),
                "a CN that is no name, no alternative names": of(
                    leaf_without_names("The Shop, Ltd.")
                ),
                "no subject and no alternative names": of(leaf_without_names("")),
                "a mail address alone, the name only in the CN": of(alternative(mail)),
                "a URI alone, the name only in the CN": of(
                    alternative(x509.UniformResourceIdentifier("https://shop.example.com/"))
                ),
                "an empty DNS name, the name only in the CN": of(alternative(x509.DNSName(""))),
            },
            **{
                refused("NAMES_MISSING", says=f"only names that no client matches: {name!r}"): {
                    f"{name!r} as DNS name": of(raw(name))
                }
                for name in UNMATCHED
            },
            **{
                warned("NAMES_MISSING", serves=serves): {
                    f"{name} in the CN, no alternative names": of(leaf_without_names(name))
                }
                for name, serves in COMMON_NAMES.items()
            },
        }
    )


def clocks() -> list[Row]:
    """Return rows a second to each side of a boundary; an X.509 time is a whole second."""

    def begins(at: datetime) -> Issued:
        return leaf(not_before=at, not_after=NOW + 60 * DAY)

    def ends(at: datetime) -> Issued:
        return leaf(not_before=NOW - 60 * DAY, not_after=at)

    late = refused("NOT_YET_VALID", says="The certificate is not valid before 2026-06-")
    expired = refused("EXPIRED", says="The certificate expired on 2026-06-01")
    soon = NOW + 5 * MINUTE
    late_ca = under(PRIVATE_ROOT, "Example Late CA", not_before=soon)
    later_ca = under(PRIVATE_ROOT, "Example Later CA", not_before=soon + SECOND)
    far = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    forever = root("Example Eternal Root", not_after=far)
    eternal = leaf(ca=forever, not_after=far)
    return [
        *table(
            {
                live(): {
                    "valid from this second on": of(begins(NOW)),
                    "valid from a second ago": of(begins(NOW - SECOND)),
                    "valid until this second": of(ends(NOW)),
                    "valid until the next second": of(ends(NOW + SECOND)),
                    "valid for one second, this one": of(leaf(not_before=NOW, not_after=NOW)),
                    "from another second of a leap day": of(
                        leaf(
                            not_before=datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC),
                            not_after=NOW + DAY,
                        )
                    ),
                },
                live(waits=True): {
                    "valid in a second": of(begins(NOW + SECOND)),
                    "valid in ten minutes but one second": of(begins(NOW + 10 * MINUTE - SECOND)),
                },
                late: {
                    "valid in ten minutes and a second": of(begins(NOW + 10 * MINUTE + SECOND)),
                    "valid tomorrow": of(begins(NOW + DAY)),
                },
                refused("NOT_YET_VALID", says="is not valid before 2026-06-01 12:10:00+00:00."): {
                    "valid in ten minutes": of(begins(NOW + 10 * MINUTE)),
                },
                expired: {
                    "valid until a second ago": of(ends(NOW - SECOND)),
                },
                refused("EXPIRED", says="The certificate expired on 2025-06-01 12:00:00+00:00."): {
                    "valid until a year ago": of(
                        leaf(not_before=NOW - 500 * DAY, not_after=NOW - 365 * DAY)
                    ),
                },
                live(chain=chain_of(late_ca, PRIVATE_ROOT), waits=True): {
                    "leaf and intermediate begin in five minutes": of(
                        leaf(ca=late_ca, not_before=soon), *chain_of(late_ca, PRIVATE_ROOT)
                    )
                },
                refused("CHAIN_EXPIRED", says="CN=Example Later CA"): {
                    "the intermediate begins a second after the leaf": of(
                        leaf(ca=later_ca, not_before=soon), *chain_of(later_ca, PRIVATE_ROOT)
                    )
                },
                live(chain=chain_of(forever)): {
                    "valid until 2049, the last year of two digits": of(
                        _until(forever, 2049), forever.certificate
                    ),
                    "valid until 2050, the first year of four digits": of(
                        _until(forever, 2050), forever.certificate
                    ),
                    "valid until the end of the year 9999": of(eternal, forever.certificate),
                    "valid since 1950": of(
                        leaf(
                            ca=forever,
                            not_before=datetime(1950, 1, 1, tzinfo=UTC),
                            not_after=NOW + DAY,
                        ),
                        forever.certificate,
                    ),
                },
            }
        ),
        row("valid until half a second ago", of(ends(NOW)), expired, at=NOW + SECOND / 2),
    ]


def _until(ca: Authority, year: int) -> Issued:
    return leaf(ca=ca, not_after=datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC))


def _with(issued: Issued, certificate: x509.Certificate) -> Issued:
    return Issued(certificate=certificate, key=issued.key)


def _unknown() -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.2"), b"\x05\x00")


def leaf_without_names(common_name: str, *extensions: x509.ExtensionType) -> Issued:
    """Issue a leaf with a common name or no subject, and with these extensions alone."""
    key = shared_key("p256", "a leaf")
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else []
    usage = x509.ExtendedKeyUsage([SERVER_AUTH])
    builder = x509.CertificateBuilder(
        issuer_name=PUBLIC_CA.certificate.subject,
        subject_name=x509.Name(attributes),
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=NOW - DAY,
        not_valid_after=NOW + 89 * DAY,
        extensions=[x509.Extension(each.oid, False, each) for each in (usage, *extensions)],  # noqa: FBT003
    )
    signed = builder.sign(PUBLIC_CA.key, hashes.SHA256())
    return Issued(certificate=signed, key=key, chain=chain_of(PUBLIC_CA))


def _pss(issued: Issued, ca: Authority, digest: hashes.SHA256 | hashes.SHA384) -> Issued:
    """Let the CA sign the leaf anew, with RSA-PSS."""
    found = issued.certificate
    builder = x509.CertificateBuilder(
        issuer_name=found.issuer,
        subject_name=found.subject,
        public_key=found.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=found.not_valid_before_utc,
        not_valid_after=found.not_valid_after_utc,
        extensions=list(found.extensions),
    )
    how = padding.PSS(mgf=padding.MGF1(digest), salt_length=padding.PSS.DIGEST_LENGTH)
    return _with(issued, builder.sign(ca.key, digest, rsa_padding=how))
