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
from tests.hostile.corpus.row import ABSENT, live, of, refused, row, warned
from tests.support.authority import (
    CLIENT_AUTH,
    SERVER_AUTH,
    Issued,
    shared_key,
    weakly_signed,
)

if TYPE_CHECKING:
    from tests.hostile.corpus.row import Row, Verdict
    from tests.support.authority import Authority

SHOP_NAME = "shop.example.com"


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
    return [
        row(
            "a leaf that says it is a CA",
            of(leaf(is_ca=True)),
            refused("LEAF_IS_CA", says="CN=shop.example.com"),
        ),
        row(
            "an intermediate in the leaf's place",
            of(middle),
            refused("LEAF_IS_CA", "NAMES_MISSING", says="CN=Example Corp CA 1"),
        ),
        row(
            "a private root in the leaf's place",
            of(own),
            refused("LEAF_IS_CA", "SELF_SIGNED", "NAMES_MISSING", says="is self-signed"),
        ),
        row(
            "CAs alone, none of the key's",
            of(middle, private_key=leaf().key_pem()),
            refused("LEAF_MISSING", says="none belongs to the private key"),
        ),
        row(
            "no certificate",
            of(leaf(), certificate=ABSENT, chain=ABSENT),
            refused("LEAF_MISSING", says="no certificate"),
        ),
        row(
            "a leaf that signed itself",
            of(alone),
            refused("SELF_SIGNED", says="CN=shop.example.com"),
        ),
        row("a leaf that does not say whether it is a CA", of(leaf(is_ca=None)), live()),
        row("a leaf signed with SHA-1", of(sha1, *chain), refused("SIGNATURE_WEAK", says="SHA1")),
        row("a leaf signed with MD5", of(md5, *chain), refused("SIGNATURE_WEAK", says="MD5")),
        row(
            "a leaf signed with SHA-1, its CA lost",
            of(sha1),
            refused("SIGNATURE_WEAK", "CHAIN_INCOMPLETE", says="SHA1"),
        ),
        row("a leaf signed with SHA-384", of(leaf(digest=hashes.SHA384())), live()),
        row("a leaf signed with SHA-512", of(leaf(digest=hashes.SHA512())), live()),
        row(
            "a leaf signed with RSA-PSS",
            of(_pss(by_rsa, weak_root, hashes.SHA256()), *chain),
            live(chain=chain),
        ),
        row(
            "a leaf signed with RSA-PSS and SHA-384",
            of(_pss(by_rsa, weak_root, hashes.SHA384()), *chain),
            live(chain=chain),
        ),
        row("an elliptic leaf under an RSA CA", of(by_rsa, *chain), live(chain=chain)),
        row(
            "an RSA leaf under an elliptic CA", of(leaf(key="rsa2048", common_name="mixed")), live()
        ),
    ]


def usages() -> list[Row]:
    """Return rows about key usages and extended key usages."""
    missing = refused("SERVER_AUTH_MISSING", says="serverAuth")

    def extended(*found: x509.ObjectIdentifier) -> Issued:
        return leaf(extended=found)

    def used(*found: str) -> Issued:
        return leaf(usages=found)

    return [
        row("for clients only", of(extended(CLIENT_AUTH)), missing),
        row("for signing code only", of(extended(ExtendedKeyUsageOID.CODE_SIGNING)), missing),
        row("for mail only", of(extended(ExtendedKeyUsageOID.EMAIL_PROTECTION)), missing),
        row("for time stamps only", of(extended(ExtendedKeyUsageOID.TIME_STAMPING)), missing),
        row(
            "for any usage, but not by name for servers",
            of(extended(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)),
            missing,
        ),
        row(
            "for a usage that nobody knows",
            of(extended(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"))),
            missing,
        ),
        row(
            "for mail and clients",
            of(extended(ExtendedKeyUsageOID.EMAIL_PROTECTION, CLIENT_AUTH)),
            missing,
        ),
        row("for servers and clients", of(extended(SERVER_AUTH, CLIENT_AUTH)), live()),
        row(
            "for servers and any usage",
            of(extended(SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)),
            live(),
        ),
        row(
            "for servers and a usage that nobody knows",
            of(extended(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), SERVER_AUTH)),
            live(),
        ),
        row("without extended key usages", of(leaf(extended=None)), live()),
        row("without key usages", of(leaf(usages=None)), live()),
        row("without either", of(leaf(usages=None, extended=None)), live()),
        row("key usage digital signature alone", of(used("digital_signature")), live()),
        row(
            "key usage of the other RSA handshake",
            of(leaf(key="rsa2048", usages=("key_encipherment",))),
            live(),
        ),
        row(
            "every key usage that a leaf may have",
            of(
                used(
                    "digital_signature",
                    "content_commitment",
                    "key_encipherment",
                    "data_encipherment",
                    "key_agreement",
                )
            ),
            live(),
        ),
        row(
            "key agreement, to encipher only",
            of(used("digital_signature", "key_agreement", "encipher_only")),
            live(),
        ),
        row("an extension that nobody knows", of(leaf(extensions=[_unknown()])), live()),
        row(
            "a leaf with OCSP must-staple",
            of(leaf(extensions=[x509.TLSFeature([x509.TLSFeatureType.status_request])])),
            warned("MUST_STAPLE"),
        ),
    ]


def names() -> list[Row]:
    """Return rows about the names in a leaf (RFC 5280, section 4.2.1.6; RFC 9525)."""
    missing = refused("NAMES_MISSING", says="contains no DNS name")
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

    def unmatched(name: str) -> Verdict:
        return refused("NAMES_MISSING", says=f"only names that no client matches: {name}")

    def common_name(serves: str) -> Verdict:
        return warned("NAMES_MISSING", serves=serves)

    return [
        row("one name", of(named(SHOP_NAME)), live(SHOP_NAME)),
        row("a hundred names", of(named(*many)), live(*many)),
        row("a wildcard", of(named("*.example.com")), live("*.example.com")),
        row(
            "a wildcard and its apex",
            of(named("*.example.com", "example.com")),
            live("*.example.com", "example.com"),
        ),
        row("upper-case names", of(named("SHOP.Example.COM")), live(SHOP_NAME)),
        row("a name with a dot at its end", of(named("shop.example.com.")), live(SHOP_NAME)),
        row(
            "an internationalised name as A-label",
            of(named("xn--bcher-kva.example")),
            live("xn--bcher-kva.example"),
        ),
        row(
            "an internationalised name as A-label, upper-case",
            of(named("XN--BCHER-KVA.example")),
            live("xn--bcher-kva.example"),
        ),
        row(
            "an internationalised name in UTF-8",
            of(raw("bücher.example")),
            unmatched("'bücher.example'"),
        ),
        row("a name with an underscore", of(named("_shop.example.com")), live("_shop.example.com")),
        row("a name of 253 letters", of(named(long)), live(long)),
        row("a name of one label", of(named("intranet")), live("intranet")),
        row("an IPv4 address alone", of(named("192.0.2.7")), live("192.0.2.7")),
        row("an IPv6 address alone", of(named("2001:db8::7")), live("2001:db8::7")),
        row(
            "a name and an address", of(named(SHOP_NAME, "192.0.2.7")), live(SHOP_NAME, "192.0.2.7")
        ),
        row(
            "an address written as a name",
            of(alternative(x509.DNSName("192.0.2.7"))),
            unmatched("'192.0.2.7'"),
        ),
        row(
            "an address and no common name",
            of(alternative(x509.IPAddress(address), common_name="")),
            live("192.0.2.7"),
        ),
        row(
            "a network in place of an address",
            of(alternative(x509.IPAddress(ipaddress.ip_network("192.0.2.0/24")))),
            missing,
        ),
        row(
            "the name only in the CN, no alternative names",
            of(leaf_without_names(SHOP_NAME)),
            common_name(SHOP_NAME),
        ),
        row(
            "a wildcard only in the CN",
            of(leaf_without_names("*.example.com")),
            common_name("*.example.com"),
        ),
        row(
            "an address only in the CN",
            of(leaf_without_names("192.0.2.7")),
            common_name("192.0.2.7"),
        ),
        row(
            "an upper-case name only in the CN",
            of(leaf_without_names("Shop.Example.Com")),
            common_name(SHOP_NAME),
        ),
        row(
            "a CN that is no name, no alternative names",
            of(leaf_without_names("The Shop, Ltd.")),
            missing,
        ),
        row("no subject and no alternative names", of(leaf_without_names("")), missing),
        row(
            "an internationalised name only in the CN",
            of(leaf_without_names("bücher.example")),
            common_name("xn--bcher-kva.example"),
        ),
        row("a mail address alone, the name only in the CN", of(alternative(mail)), missing),
        row(
            "a URI alone, the name only in the CN",
            of(alternative(x509.UniformResourceIdentifier("https://shop.example.com/"))),
            missing,
        ),
        row(
            "an empty DNS name, the name only in the CN", of(alternative(x509.DNSName(""))), missing
        ),
        row(
            "another name in the CN than among the alternatives",
            of(leaf(SHOP_NAME, common_name="old.example.com")),
            live(SHOP_NAME),
        ),
        row(
            "a mail address beside the name",
            of(alternative(mail, x509.DNSName(SHOP_NAME))),
            live(SHOP_NAME),
        ),
        row(
            "a name of blanks between dots",
            of(alternative(x509.DNSName("shop. .com"))),
            unmatched("'shop. .com'"),
        ),
        row("the same name five times", of(named(*[SHOP_NAME] * 5)), live(SHOP_NAME)),
        row(
            "a CN with an escape sequence of a terminal",
            of(leaf(SHOP_NAME, common_name="\x1b[2J")),
            live(SHOP_NAME),
        ),
    ]


def clocks() -> list[Row]:
    """Return rows a second to each side of a boundary; an X.509 time is a whole second."""

    def begins(at: datetime) -> Issued:
        return leaf(not_before=at, not_after=NOW + 60 * DAY)

    def ends(at: datetime) -> Issued:
        return leaf(not_before=NOW - 60 * DAY, not_after=at)

    late = refused("NOT_YET_VALID", says="not valid before")
    expired = refused("EXPIRED", says="expired on")
    soon = NOW + 5 * MINUTE
    late_ca = under(PRIVATE_ROOT, "Example Late CA", not_before=soon)
    later_ca = under(PRIVATE_ROOT, "Example Later CA", not_before=soon + SECOND)
    far = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    forever = root("Example Eternal Root", not_after=far)
    eternal = leaf(ca=forever, not_after=far)
    return [
        row("valid from this second on", of(begins(NOW)), live()),
        row("valid from a second ago", of(begins(NOW - SECOND)), live()),
        row("valid in a second", of(begins(NOW + SECOND)), live(waits=True)),
        row(
            "valid in ten minutes but one second",
            of(begins(NOW + 10 * MINUTE - SECOND)),
            live(waits=True),
        ),
        row("valid in ten minutes", of(begins(NOW + 10 * MINUTE)), late),
        row("valid in ten minutes and a second", of(begins(NOW + 10 * MINUTE + SECOND)), late),
        row("valid tomorrow", of(begins(NOW + DAY)), late),
        row("valid until this second", of(ends(NOW)), live()),
        row("valid until the next second", of(ends(NOW + SECOND)), live()),
        row("valid until a second ago", of(ends(NOW - SECOND)), expired),
        row("valid until half a second ago", of(ends(NOW)), expired, at=NOW + SECOND / 2),
        row(
            "valid until a year ago",
            of(leaf(not_before=NOW - 500 * DAY, not_after=NOW - 365 * DAY)),
            expired,
        ),
        row("valid for one second, this one", of(leaf(not_before=NOW, not_after=NOW)), live()),
        row(
            "leaf and intermediate begin in five minutes",
            of(leaf(ca=late_ca, not_before=soon), *chain_of(late_ca, PRIVATE_ROOT)),
            live(chain=chain_of(late_ca, PRIVATE_ROOT), waits=True),
        ),
        row(
            "the intermediate begins a second after the leaf",
            of(leaf(ca=later_ca, not_before=soon), *chain_of(later_ca, PRIVATE_ROOT)),
            refused("CHAIN_EXPIRED", says="CN=Example Later CA"),
        ),
        row(
            "valid until 2049, the last year of two digits",
            of(_until(forever, 2049), forever.certificate),
            live(chain=chain_of(forever)),
        ),
        row(
            "valid until 2050, the first year of four digits",
            of(_until(forever, 2050), forever.certificate),
            live(chain=chain_of(forever)),
        ),
        row(
            "valid until the end of the year 9999",
            of(eternal, forever.certificate),
            live(chain=chain_of(forever)),
        ),
        row(
            "valid since 1950",
            of(
                leaf(ca=forever, not_before=datetime(1950, 1, 1, tzinfo=UTC), not_after=NOW + DAY),
                forever.certificate,
            ),
            live(chain=chain_of(forever)),
        ),
        row(
            "from another second of a leap day",
            of(leaf(not_before=datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC), not_after=NOW + DAY)),
            live(),
        ),
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
