"""Paths: what clients reject above a leaf, and what a usable path beside it changes."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.hostile.corpus.material import (
    DAY,
    LONG_AGO,
    MUCH_LATER,
    NOW,
    PRIVATE_ROOT,
    PUBLIC_CA,
    PUBLIC_ROOT,
    SECOND,
    SHOP,
    chain_of,
    leaf,
    root,
    under,
)
from tests.hostile.corpus.row import live, of, refused, repaired, table, warned
from tests.support import bundles
from tests.support.authority import (
    CLIENT_AUTH,
    SERVER_AUTH,
    Authority,
    Issued,
    as_version_1,
    certify,
    critical,
    key_usage,
    shared_key,
    weakly_signed,
)

if TYPE_CHECKING:
    from datetime import datetime

    from certrotation.core.material.secret_value import SecretValue
    from tests.hostile.corpus.row import Row, Verdict

SUPERFLUOUS = "CHAIN_SUPERFLUOUS"
INCOMPLETE, EXPIRED, INVALID = "CHAIN_INCOMPLETE", "CHAIN_EXPIRED", "CHAIN_INVALID"
ODD = "Example Odd CA"
CA = x509.BasicConstraints(ca=True, path_length=None)
PROXY = x509.UnrecognizedExtension(
    x509.ObjectIdentifier("1.3.6.1.5.5.7.1.14"),
    bytes.fromhex("300c300a06082b06010505071501"),
)
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.2"), b"\x05\x00")


def rows() -> list[Row]:
    """Return the rows of this family."""
    return [
        *_usages(),
        *_keys(),
        *_constraints(),
        *_lengths(),
        *_better_paths(),
        *_upper_issuers(),
        *_identifiers_and_names(),
        *_leaves(),
    ]


def _ca(
    *extensions: x509.ExtensionType | x509.Extension[x509.ExtensionType],
    issuer: Authority = PUBLIC_ROOT,
    name: str | x509.Name = ODD,
    key: str = "p256",
    label: str = "",
    not_after: datetime = MUCH_LATER,
) -> Authority:
    """A CA with these extensions; one of the same key, name and label has the same key."""
    private = shared_key(key, f"{name} {label}")
    made = certify(issuer, name, *extensions, key=private, not_before=LONG_AGO, not_after=not_after)
    return Authority(certificate=made, key=private)


def _under(*above: Authority, names: tuple[str, ...] = ("shop.example.com",)) -> SecretValue:
    """The secret of a leaf of the first of these CAs, with all of them for a chain."""
    return of(leaf(*names, ca=above[0]), *chain_of(*above))


def _rejected(says: str) -> Verdict:
    return refused(INVALID, says=says)


def _usages() -> list[Row]:
    any_usage = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE

    def limited(*usages: x509.ObjectIdentifier) -> SecretValue:
        return _under(_ca(CA, x509.ExtendedKeyUsage(usages)))

    fit = _ca(CA, x509.ExtendedKeyUsage([SERVER_AUTH, CLIENT_AUTH]), label="fit")
    quiet = _ca(CA, UNKNOWN, label="quiet")
    strict = _ca(
        CA,
        critical(x509.ExtendedKeyUsage([SERVER_AUTH])),
        critical(x509.PolicyConstraints(0, None)),
        critical(x509.InhibitAnyPolicy(0)),
        label="strict",
    )
    private = _ca(CA, x509.ExtendedKeyUsage([CLIENT_AUTH]), issuer=PRIVATE_ROOT, label="private")
    lower = _ca(CA, issuer=private, name="Example Lower CA")
    return table(
        {
            _rejected(
                "CN=Example Odd CA is limited to other uses than TLS servers: its extended key"
                " usages do not include serverAuth."
            ): {
                "an intermediate for clients only": limited(CLIENT_AUTH),
                "an intermediate for code alone": limited(ExtendedKeyUsageOID.CODE_SIGNING),
                "an intermediate for any usage, which OpenSSL rejects": limited(any_usage),
                "the upper of two intermediates is for clients only": _under(
                    lower, private, PRIVATE_ROOT
                ),
            },
            live(chain=chain_of(fit)): {
                "an intermediate for servers and clients": _under(fit),
            },
            live(chain=chain_of(strict)): {
                "an intermediate with critical extensions that clients know": _under(strict),
            },
            live(chain=chain_of(quiet)): {
                "an extension of the intermediate that nobody knows": _under(quiet),
            },
            _rejected("CN=Example Odd CA is a proxy certificate (RFC 3820)."): {
                "an intermediate that is a proxy certificate": _under(_ca(CA, PROXY)),
            },
            _rejected("the critical extension 1.3.6.1.4.1.99999.2"): {
                "a critical one": _under(_ca(CA, critical(UNKNOWN))),
            },
        }
    )


def _keys() -> list[Row]:
    weak = _ca(CA, key="rsa1024", issuer=PRIVATE_ROOT)
    weak_root = Authority.root("Example Weak Root", key=shared_key("rsa1024"), not_before=LONG_AGO)
    strong = _ca(CA, key="rsa2048", label="strong")
    p384, p521 = _ca(CA, key="p384"), _ca(CA, key="p521")
    eddsa = _ca(CA, key="ed25519", label="eddsa")
    keccak = under(PUBLIC_ROOT, "Example Keccak CA", digest=hashes.SHA3_256())
    return table(
        {
            _rejected("CN=Example Keccak CA is signed with SHA3-256, which clients reject."): {
                "an intermediate signed with SHA-3": _under(keccak),
            },
            refused(
                "LEAF_UNFIT",
                says="The certificate is signed with SHA3-256, which clients reject.",
            ): {
                "a leaf signed with SHA-3": of(leaf(digest=hashes.SHA3_256())),
            },
            refused("KEY_WEAK", says="The key of CN=Example Odd CA is RSA (1024)."): {
                "an intermediate of RSA 1,024": _under(weak, PRIVATE_ROOT),
            },
            refused("KEY_WEAK", says="The key of CN=Example Weak Root is RSA (1024)"): {
                "a private root of RSA 1,024": _under(weak_root),
            },
            refused("KEY_WEAK", says="The key of CN=Example Odd CA is EC (secp224r1)."): {
                "an intermediate of P-224": _under(_ca(CA, key="p224")),
            },
            _rejected("The key of CN=Example Odd CA is EC (secp256k1), which clients reject."): {
                "an intermediate of a curve that TLS does not know": _under(
                    _ca(CA, key="secp256k1")
                ),
            },
            refused("KEY_WEAK", says="The key of CN=Example Odd CA is RSA (2047)."): {
                "an intermediate of RSA 2,047": _under(_ca(CA, key="rsa2047")),
            },
            live(chain=chain_of(strong)): {"an intermediate of RSA 2,048": _under(strong)},
            live(chain=chain_of(p384)): {"an intermediate of P-384": _under(p384)},
            live(chain=chain_of(p521)): {"an intermediate of P-521": _under(p521)},
            live(chain=chain_of(eddsa)): {"an intermediate of Ed25519": _under(eddsa)},
        }
    )


def _with_minimum(base: str) -> x509.UnrecognizedExtension:
    """Name constraints that allow what is at least one label below `base`."""
    name, minimum = bundles.element(0x82, base.encode()), bundles.element(0x80, b"\1")
    subtrees = bundles.element(0xA0, bundles.sequence(name, minimum))
    oid = x509.ObjectIdentifier("2.5.29.30")
    return x509.UnrecognizedExtension(oid, bundles.sequence(subtrees))


def _with_user_name() -> SecretValue:
    """A leaf with a user principal name, below a CA with constraints on those."""
    user = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x01u")
    ca = _ca(CA, x509.NameConstraints([user], None), label="users")
    names = x509.SubjectAlternativeName([x509.DNSName("shop.example.com"), user])
    made = certify(
        ca, "shop.example.com", names, key=SHOP.key, not_before=NOW - DAY, not_after=NOW + 80 * DAY
    )
    return of(Issued(certificate=made, key=SHOP.key), *chain_of(ca))


def _constraints() -> list[Row]:
    company = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example Corp")])
    example, corp = x509.DNSName("example.com"), x509.DNSName("corp.example")
    network = x509.IPAddress(ipaddress.ip_network("192.0.2.0/24"))

    def allowing(*names: x509.GeneralName) -> Authority:
        return _ca(CA, x509.NameConstraints(names, None), label="allowing")

    def denying(*names: x509.GeneralName) -> Authority:
        return _ca(CA, x509.NameConstraints(None, names), label="denying")

    good, denies = allowing(example, network), denying(corp)
    strict_root = Authority.root("Example Strict Root", key=shared_key("p256", "Strict"))
    strict = certify(
        strict_root,
        "Example Strict Root",
        CA,
        x509.NameConstraints([corp], None),
        key=strict_root.key,
        not_before=LONG_AGO,
        not_after=MUCH_LATER,
    )
    strict_root = Authority(certificate=strict, key=strict_root.key)
    bare = certify(
        good, "shop.corp.example", key=SHOP.key, not_before=NOW - DAY, not_after=NOW + 80 * DAY
    )
    only_common_name = Issued(certificate=bare, key=SHOP.key)
    return table(
        {
            live(chain=chain_of(good)): {
                "name constraints that allow the names": _under(good),
                "name constraints that allow name and address": _under(
                    good, names=("shop.example.com", "192.0.2.7")
                ),
            },
            live(chain=chain_of(denies)): {
                "name constraints that deny other names": _under(denies),
            },
            _rejected("do not allow shop.example.com in CN=shop.example.com"): {
                "name constraints of another company": _under(allowing(corp)),
                "name constraints that deny the name": _under(denying(example)),
                "name constraints of the private root": _under(strict_root),
            },
            _rejected("do not allow shop.example.com in"): {
                "name constraints with a minimum, which OpenSSL rejects": _under(
                    _ca(CA, critical(_with_minimum("example.com")), label="minimum")
                ),
            },
            _rejected("do not allow the otherName in CN=shop.example.com"): {
                "name constraints on a kind of name that nobody compares": _with_user_name(),
            },
            _rejected("do not allow pay.example.org"): {
                "name constraints that allow only one of two names": _under(
                    good, names=("shop.example.com", "pay.example.org")
                ),
            },
            _rejected("do not allow 198.51.100.7"): {
                "name constraints that do not allow the address": _under(
                    good, names=("shop.example.com", "198.51.100.7")
                ),
            },
            _rejected("do not allow CN=shop.example.com"): {
                "name constraints that do not allow the subject": _under(
                    allowing(x509.DirectoryName(company))
                ),
            },
            _rejected("do not allow *.example.com"): {
                "a wildcard that covers a denied name": _under(
                    denying(x509.DNSName("pay.example.com")), names=("*.example.com",)
                ),
            },
            _rejected("do not allow shop.corp.example"): {
                "name constraints and only a common name": of(only_common_name, *chain_of(good)),
            },
        }
    )


def _lengths() -> list[Row]:
    none = x509.BasicConstraints(ca=True, path_length=0)
    last = _ca(none, issuer=PRIVATE_ROOT, name="Example Last CA")
    beyond = _ca(CA, issuer=last, name="Example One Too Many")
    renewed = certify(
        last,
        "Example Last CA",
        none,
        key=shared_key("p256", "the next key of Example Last CA"),
        not_before=LONG_AGO,
        not_after=MUCH_LATER,
    )
    itself = Authority(
        certificate=renewed, key=shared_key("p256", "the next key of Example Last CA")
    )
    above = chain_of(itself, last, PRIVATE_ROOT)
    return table(
        {
            _rejected("CN=Example Last CA allows a path length of 0"): {
                "one CA too many, to a private root": _under(beyond, last, PRIVATE_ROOT),
            },
            live(chain=above): {
                "a CA's next key, signed with its last one, does not count": _under(
                    itself, last, PRIVATE_ROOT
                ),
            },
        }
    )


def _better_paths() -> list[Row]:
    """A path that clients accept wins over everything that they reject, however short."""
    one = PUBLIC_CA.certificate
    name, key = "Example Public CA 1", PUBLIC_CA.key

    def twin(
        *extensions: x509.ExtensionType | x509.Extension[x509.ExtensionType],
        issuer: Authority = PUBLIC_ROOT,
        not_after: datetime = MUCH_LATER + DAY,
    ) -> x509.Certificate:
        """Another certificate of the shop's CA, which ends later than the good one."""
        return certify(issuer, name, *extensions, key=key, not_before=LONG_AGO, not_after=not_after)

    rsa_root = root("Example RSA Root", key="rsa2048")
    strong = under(rsa_root, "Example Twice Signed CA", key="rsa2048")
    sha1 = weakly_signed(rsa_root, strong.certificate)
    by_strong = leaf(ca=strong)
    corp = x509.NameConstraints([x509.DNSName("corp.example")], None)
    limited_root = Authority.root("Example Limited Root", not_before=LONG_AGO)
    kept = repaired(SUPERFLUOUS, chain=(one,))
    return table(
        {
            kept: {
                "beside an intermediate of the CA for clients only": of(
                    SHOP, twin(CA, x509.ExtendedKeyUsage([CLIENT_AUTH])), one
                ),
                "beside one that says that it is no CA": of(
                    SHOP, twin(x509.BasicConstraints(ca=False, path_length=None)), one
                ),
                "beside one that may not sign": of(SHOP, twin(CA, key_usage("crl_sign")), one),
                "beside one with a critical extension": of(SHOP, twin(CA, critical(UNKNOWN)), one),
                "beside one with other name constraints": of(SHOP, twin(CA, corp), one),
                "beside one that has expired, of another root": of(
                    SHOP, one, twin(CA, issuer=limited_root, not_after=NOW - SECOND)
                ),
            },
            repaired(SUPERFLUOUS, chain=chain_of(strong, rsa_root)): {
                "an intermediate signed with SHA-1 and with SHA-256": of(
                    by_strong, sha1, *chain_of(strong, rsa_root)
                ),
            },
        }
    )


def _upper_issuers() -> list[Row]:
    """What is supplied and unusable is not absent."""
    lower = _ca(CA, issuer=PRIVATE_ROOT, name="Example Lower CA")
    named, private_key = PRIVATE_ROOT.certificate.subject, PRIVATE_ROOT.key

    def upper(
        *extensions: x509.ExtensionType,
        issuer: Authority = PRIVATE_ROOT,
        not_after: datetime = MUCH_LATER,
    ) -> Authority:
        made = certify(
            issuer, named, *extensions, key=private_key, not_before=LONG_AGO, not_after=not_after
        )
        return Authority(certificate=made, key=private_key)

    foreign = root("Example Foreign Root")
    namesake = Authority.root("Example Corp Root", key=shared_key("p256", "a namesake's"))
    other_key = shared_key("p256", "not the public root's")
    elsewhere = Authority(certificate=PUBLIC_ROOT.certificate, key=other_key)
    forged = _ca(CA, issuer=elsewhere, label="forged")
    ended = upper(CA, issuer=foreign, not_after=NOW - SECOND)
    denies = x509.BasicConstraints(ca=False, path_length=None)
    return table(
        {
            _rejected("CN=Example Corp Root is not a CA certificate"): {
                "the upper issuer is no CA": _under(lower, upper(denies)),
                "the upper issuer is no CA, cross-signed": _under(
                    lower, upper(denies, issuer=foreign)
                ),
            },
            _rejected("CN=Example Corp Root may not sign certificates"): {
                "the upper issuer may not sign": _under(
                    lower, upper(CA, key_usage("digital_signature"))
                ),
            },
            refused(EXPIRED, says="CN=Example Corp Root"): {
                "the upper issuer has expired": _under(lower, ended),
                "the private root has expired": _under(lower, upper(CA, not_after=NOW - SECOND)),
            },
            refused(INCOMPLETE, says="bears the name CN=Example Corp Root, but none signed"): {
                "the upper issuer is another one of its name": _under(lower, namesake),
            },
            refused(
                INCOMPLETE,
                says="The public root CN=Example Public Root bears the name of the issuer of"
                " CN=Example Odd CA, but did not sign this certificate.",
            ): {
                "an intermediate that its public root did not sign": _under(forged),
                "the upper intermediate was not signed by its public root": _under(
                    _ca(CA, issuer=forged, name="Example Lower CA"), forged
                ),
            },
            repaired(SUPERFLUOUS, chain=chain_of(lower, PRIVATE_ROOT)): {
                "an upper issuer that has expired beside the root": _under(
                    lower, ended, PRIVATE_ROOT
                ),
                "another one of its name beside the root": _under(lower, namesake, PRIVATE_ROOT),
            },
            warned(INCOMPLETE, chain=chain_of(lower)): {"no upper issuer at all": _under(lower)},
        }
    )


def _identifiers_and_names() -> list[Row]:
    printable = _written("Example Twice Written CA", _ASN1Type.PrintableString)
    utf8 = _written("Example Twice Written CA", _ASN1Type.UTF8String)
    key = shared_key("p256", "twice written")
    own = Authority.root("Example Twice Written CA", key=key)
    supplied = certify(own, utf8, CA, key=key, not_before=LONG_AGO, not_after=MUCH_LATER)
    named = Authority(certificate=certify(own, printable, CA, key=key), key=key)
    written = Authority(
        certificate=certify(named, printable, CA, key=key, not_before=LONG_AGO), key=key
    )
    shouting = certify(
        own,
        _written("EXAMPLE  twice written CA", _ASN1Type.UTF8String),
        CA,
        key=key,
        not_before=LONG_AGO,
        not_after=MUCH_LATER,
    )
    another = x509.SubjectKeyIdentifier(b"another key's identifier")
    crowd = [
        Authority(
            certificate=certify(
                PRIVATE_ROOT,
                "Example Crowd CA",
                CA,
                key=shared_key("p256", f"crowd {number}"),
                not_before=LONG_AGO,
                not_after=MUCH_LATER + number * SECOND,
            ),
            key=shared_key("p256", f"crowd {number}"),
        )
        for number in range(100)
    ]
    bare = certify(
        crowd[0],
        "shop.example.com",
        x509.SubjectAlternativeName([x509.DNSName("shop.example.com")]),
        key=SHOP.key,
        not_before=NOW - DAY,
        not_after=NOW + 80 * DAY,
    )
    of_crowd = Issued(certificate=bare, key=SHOP.key)
    genuine = chain_of(crowd[0], PRIVATE_ROOT)
    return table(
        {
            live(chain=(supplied,)): {
                "the issuer's name in two encodings": of(leaf(ca=written), supplied),
            },
            live(chain=(shouting,)): {
                "the issuer's name in two spellings": of(leaf(ca=written), shouting),
            },
            _rejected("is not that of CN=Example Odd CA, which signed it"): {
                "an issuer with another key identifier, which OpenSSL rejects": _under(
                    _ca(CA, another)
                ),
            },
            repaired(SUPERFLUOUS, chain=genuine): {
                "a hundred issuers of one name": of(
                    of_crowd, *chain_of(*crowd), PRIVATE_ROOT.certificate
                ),
            },
            refused(INCOMPLETE, says="99 certificates in the secret bear the name"): {
                "a hundred issuers of one name but the genuine one": of(
                    of_crowd, *chain_of(*crowd[1:]), PRIVATE_ROOT.certificate
                ),
            },
        }
    )


def _written(common_name: str, kind: _ASN1Type) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name, kind)])


def _leaves() -> list[Row]:
    """What clients or ACM reject in the leaf itself."""
    san = x509.SubjectAlternativeName([x509.DNSName("shop.example.com")])
    key = SHOP.key

    def made(
        *extensions: x509.ExtensionType | x509.Extension[x509.ExtensionType],
        issuer: Authority = PUBLIC_CA,
    ) -> SecretValue:
        certificate = certify(
            issuer,
            "shop.example.com",
            san,
            *extensions,
            key=key,
            not_before=NOW - DAY,
            not_after=NOW + 80 * DAY,
        )
        return of(Issued(certificate=certificate, key=key), *chain_of(issuer))

    def ocsp(length: int) -> x509.AuthorityInformationAccess:
        url = x509.UniformResourceIdentifier("http://ocsp.example/".ljust(length, "x"))
        responder = x509.oid.AuthorityInformationAccessOID.OCSP
        return x509.AuthorityInformationAccess([x509.AccessDescription(responder, url)])

    old = as_version_1(
        PUBLIC_CA,
        certify(
            PUBLIC_CA,
            "shop.example.com",
            key=key,
            not_before=NOW - DAY,
            not_after=NOW + 80 * DAY,
        ),
    )
    netscape = x509.ObjectIdentifier("2.16.840.1.113730.1.1")
    nameless = _ca(CA, name=x509.Name([]))

    def unfit(says: str) -> Verdict:
        return refused("LEAF_UNFIT", says=says)

    return table(
        {
            unfit("The certificate is a proxy certificate (RFC 3820)."): {
                "a proxy certificate": made(PROXY),
            },
            unfit("not X.509 version 3"): {
                "a leaf of X.509 version 1": of(
                    Issued(certificate=old, key=key), *chain_of(PUBLIC_CA)
                ),
            },
            unfit("the critical extension 1.3.6.1.4.1.99999.2"): {
                "a leaf with a critical extension that nobody knows": made(critical(UNKNOWN)),
            },
            unfit("precertificate"): {"a precertificate": made(x509.PrecertPoison())},
            unfit("none that a TLS server needs"): {
                "a leaf that may only sign lists": made(key_usage("crl_sign")),
            },
            unfit("Netscape certificate type"): {
                "a leaf of Netscape's type for clients": made(
                    x509.UnrecognizedExtension(netscape, bytes.fromhex("03020780"))
                ),
            },
            unfit("does not name its issuer"): {
                "a leaf whose issuer has no name": made(issuer=nameless),
            },
            unfit("an OCSP URL of 1,001 characters"): {
                "an OCSP URL that ACM refuses": made(ocsp(1_001)),
            },
            live(): {"an OCSP URL that ACM accepts": made(ocsp(1_000))},
        }
    )
