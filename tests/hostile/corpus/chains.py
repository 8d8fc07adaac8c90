"""Chains: every disorder, cross-signed and expired intermediates, private and public roots."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID

from tests.hostile.corpus.material import (
    DAY,
    ENDED_PUBLIC_ROOT,
    FOREIGN_CA,
    FOREIGN_ROOT,
    LAST_PUBLIC_ROOT,
    LONG_AGO,
    MUCH_LATER,
    NOW,
    OTHER_PUBLIC_CA,
    OTHER_PUBLIC_ROOT,
    PRIVATE,
    PRIVATE_CA,
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
from tests.hostile.corpus.row import ABSENT, live, of, refused, repaired, row, shop, table, warned
from tests.support.authority import Issued, key_usage, pem, shared_key, weakly_signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.hostile.corpus.row import Row
    from tests.support.authority import Authority

MISORDERED, SUPERFLUOUS = "CHAIN_MISORDERED", "CHAIN_SUPERFLUOUS"
BROKEN = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
INCOMPLETE, EXPIRED, INVALID = "CHAIN_INCOMPLETE", "CHAIN_EXPIRED", "CHAIN_INVALID"

POLICY = under(PUBLIC_ROOT, "Example Policy CA")
REGIONAL = under(POLICY, "Example Regional CA")
ISSUING = under(REGIONAL, "Example Issuing CA")
DEEP = leaf(ca=ISSUING)
UP = chain_of(ISSUING, REGIONAL, POLICY)


def rows() -> list[Row]:
    """Return the rows of this family."""
    return [
        *_orders(),
        *_strangers(),
        *_gaps(),
        *_private(),
        *_crossings(),
        *_ways(),
        *_times(),
        *_not_allowed(),
        *_texts(),
    ]


def _orders() -> list[Row]:
    words = ("first", "second", "third")
    both = (MISORDERED, SUPERFLUOUS)
    public, one = PUBLIC_ROOT.certificate, PUBLIC_CA.certificate
    return [
        *table(
            {
                live(): {
                    "leaf and chain in one field": shop(
                        certificate=SHOP.fullchain_pem, chain=ABSENT
                    ),
                    "leaf and chain in one field, an empty chain": shop(
                        certificate=SHOP.fullchain_pem, chain=""
                    ),
                },
                repaired(MISORDERED, chain=(one,), says="were reordered, leaf first."): {
                    "leaf last in the field": shop(
                        certificate=pem(one, SHOP.certificate), chain=ABSENT
                    ),
                    "the chain under certificate, the leaf under chain": shop(
                        certificate=SHOP.chain_pem, chain=SHOP.certificate_pem
                    ),
                },
                repaired(MISORDERED, chain=UP): {
                    "leaf between its intermediates": of(
                        DEEP, certificate=pem(UP[1], DEEP.certificate, UP[0], UP[2]), chain=ABSENT
                    )
                },
                repaired(SUPERFLUOUS, chain=(one,)): {
                    "the leaf once more under chain": of(SHOP, SHOP.certificate, one),
                    "the leaf once more, last": of(SHOP, one, SHOP.certificate),
                    "everything twice": shop(certificate=SHOP.fullchain_pem * 2),
                    "an intermediate twice": of(SHOP, one, one),
                    "an intermediate forty times": of(SHOP, *[one] * 40),
                    "the public root, last": of(SHOP, one, public),
                    "the public root, first": of(SHOP, public, one),
                },
                repaired(*both, chain=UP): {
                    "the public root above three, upside down": of(DEEP, public, *reversed(UP)),
                    "upside down, the leaf and duplicates among it": of(
                        DEEP, *reversed(UP), DEEP.certificate, *UP
                    ),
                },
                live(chain=()): {
                    "a leaf that the public root issued, no chain": of(leaf(ca=PUBLIC_ROOT))
                },
                repaired(SUPERFLUOUS, chain=()): {
                    "a leaf that the public root issued, with it": of(leaf(ca=PUBLIC_ROOT), public)
                },
            }
        ),
        _left_out(),
        *(
            row(
                f"three intermediates, {', '.join(words[UP.index(each)] for each in order)}",
                of(DEEP, *order),
                live(chain=UP) if order == UP else repaired(MISORDERED, chain=UP),
            )
            for order in permutations(UP)
        ),
    ]


def _left_out() -> Row:
    """Whatever is left out is named, each with the reason."""
    one, public = chain_of(PUBLIC_CA, PUBLIC_ROOT)
    says = (
        "Left out of the chain: the leaf again: CN=shop.example.com; a duplicate of"
        " CN=Example Public CA 1; the public root CN=Example Public Root; not on the path:"
        " CN=Stranger Corp Root."
    )
    return row(
        "the leaf again, a duplicate, the public root and a stranger",
        of(SHOP, SHOP.certificate, one, one, public, FOREIGN_ROOT.certificate),
        repaired(SUPERFLUOUS, chain=(one,), says=says),
    )


def _strangers() -> list[Row]:
    one = PUBLIC_CA.certificate
    rolled = under(PUBLIC_ROOT, "Example Public CA 1", key=shared_key("p256", "rolled")).certificate
    many = [root(f"Stranger {number}").certificate for number in range(12)]
    kept = repaired(SUPERFLUOUS, chain=(one,))
    return table(
        {
            kept: {
                "another CA's intermediate behind": of(SHOP, one, OTHER_PUBLIC_CA.certificate),
                "another CA's intermediate in front": of(SHOP, OTHER_PUBLIC_CA.certificate, one),
                "another CA's whole chain as well": of(
                    SHOP, one, *chain_of(OTHER_PUBLIC_CA, OTHER_PUBLIC_ROOT)
                ),
                "a private CA's chain as well": of(SHOP, *chain_of(PRIVATE_CA, PRIVATE_ROOT), one),
                "a neighbour's leaf in the chain": of(
                    SHOP,
                    one,
                    leaf("mail.example.com", key=shared_key("p256", "a neighbour")).certificate,
                ),
                "last year's certificate in the chain": of(
                    SHOP, one, leaf(not_before=NOW - 100 * DAY).certificate
                ),
                "twelve private roots that have nothing to do with it": of(SHOP, *many, one),
                "the CA's key was rolled: both intermediates": of(SHOP, rolled, one),
            },
            refused(INCOMPLETE, says="Example Public CA 1"): {
                "the CA's key was rolled: only the wrong one": of(SHOP, rolled),
                "only another CA's chain": of(SHOP, *chain_of(OTHER_PUBLIC_CA, OTHER_PUBLIC_ROOT)),
            },
        }
    )


def _gaps() -> list[Row]:
    nothing = "No CA certificate in the secret issued the certificate. Its issuer is"
    incomplete = refused(INCOMPLETE, says=f"{nothing} CN=Example Public CA 1.")
    deep = refused(INCOMPLETE, says="Example Issuing CA")
    return table(
        {
            incomplete: {
                "no chain": shop(chain=ABSENT),
                "null for a chain": shop(chain=None),
                "an empty chain": shop(chain=""),
                "a chain of blanks": shop(chain=" \n "),
                "only the public root for a chain": of(SHOP, PUBLIC_ROOT.certificate),
                "only the leaf for a chain": of(SHOP, SHOP.certificate),
            },
            deep: {
                "three intermediates, the nearest missing": of(DEEP, *UP[1:]),
                "three intermediates, only the highest": of(DEEP, UP[2]),
            },
            warned(INCOMPLETE, SUPERFLUOUS, chain=UP[:1]): {
                "three intermediates, the middle missing": of(DEEP, UP[0], UP[2])
            },
            warned(INCOMPLETE, chain=UP[:2]): {
                "three intermediates, the highest missing": of(DEEP, *UP[:2])
            },
            warned(INCOMPLETE, chain=UP[:1]): {
                "three intermediates, only the nearest": of(DEEP, UP[0])
            },
        }
    )


def _private() -> list[Row]:
    both = chain_of(PRIVATE_CA, PRIVATE_ROOT)
    direct = leaf("db.corp.example", ca=PRIVATE_ROOT)
    return table(
        {
            live(chain=both): {"a private root stays, last": of(PRIVATE, *both)},
            repaired(MISORDERED, chain=both): {
                "a private root in front is put last": of(PRIVATE, *reversed(both))
            },
            repaired(SUPERFLUOUS, chain=both): {
                "a private root twice": of(PRIVATE, *both, both[1]),
                "a private root, and a public one that must go": of(
                    PRIVATE, *both, PUBLIC_ROOT.certificate
                ),
                "a private root, and a stranger's": of(PRIVATE, *both, FOREIGN_ROOT.certificate),
            },
            warned(
                INCOMPLETE,
                chain=both[:1],
                says="The top certificate of the chain was issued by CN=Example Corp Root, which is"
                " neither in the secret nor a public root.",
            ): {"a private CA without its root": of(PRIVATE)},
            refused(INCOMPLETE, says="Example Corp CA 1"): {
                "a private root without its intermediate": of(PRIVATE, both[1]),
                "a private root of another company": of(
                    PRIVATE, *chain_of(FOREIGN_CA, FOREIGN_ROOT)
                ),
            },
            live(chain=both[1:]): {
                "a leaf that a private root issued, with it": of(direct, both[1])
            },
            refused(INCOMPLETE, says="Example Corp Root"): {
                "a leaf that a private root issued, without it": of(direct)
            },
        }
    )


def _crossings() -> list[Row]:
    """Certificates of one name and key that two CAs signed: RFC 5280 leaves the way up open."""
    one, public = PUBLIC_CA.certificate, PUBLIC_ROOT.certificate
    old = root("Example Old Root")
    root_by_old = under(old, "Example Public Root", key=PUBLIC_ROOT.key).certificate
    root_by_other = under(OTHER_PUBLIC_ROOT, "Example Public Root", key=PUBLIC_ROOT.key).certificate
    ca_by_other = under(
        OTHER_PUBLIC_ROOT, "Example Public CA 1", key=PUBLIC_CA.key, not_after=NOW + 900 * DAY
    ).certificate
    ca_by_private = under(PRIVATE_ROOT, "Example Public CA 1", key=PUBLIC_CA.key).certificate
    ended = under(old, "Example Public Root", key=PUBLIC_ROOT.key, not_after=NOW - DAY).certificate
    new = root("Example New Root")
    new_by_public = under(PUBLIC_ROOT, "Example New Root", key=new.key).certificate
    new_ca = under(new, "Example New CA")
    young = leaf(ca=new_ca)
    new_root = root("Example New Corp Root")
    new_root_by_old = under(PRIVATE_ROOT, "Example New Corp Root", key=new_root.key)
    new_private_ca = under(new_root, "Example New Corp CA")
    of_new_root = leaf("shop.corp.example", ca=new_private_ca)
    crossed = chain_of(new_private_ca, new_root_by_old)
    first, second = root("Example Circle 1"), root("Example Circle 2")
    first_by_second = under(second, "Example Circle 1", key=first.key).certificate
    second_by_first = under(first, "Example Circle 2", key=second.key).certificate
    circle = (first_by_second, second_by_first)
    root_by_ended = under(ENDED_PUBLIC_ROOT, "Example Public Root", key=PUBLIC_ROOT.key).certificate
    kept = repaired(SUPERFLUOUS, chain=(one,))
    bridged = (new_ca.certificate, new_by_public)
    return table(
        {
            repaired(
                SUPERFLUOUS,
                chain=(one,),
                says="Left out of the chain: not on the path: CN=Example Public Root.",
            ): {
                "an expired cross-signed root, as in 2020": of(SHOP, one, ended),
            },
            kept: {
                "an expired cross-signed root between the others": of(SHOP, ended, one, public),
                "an intermediate of two public roots, one kept": of(SHOP, one, ca_by_other),
                "an intermediate of a public and a private root": of(
                    SHOP, ca_by_private, PRIVATE_ROOT.certificate, one
                ),
            },
            live(chain=(one, root_by_old)): {
                "the public root signed by an older one as well": of(SHOP, one, root_by_old)
            },
            # Old Android clients do not look at the expiry of a root.
            live(chain=(one, root_by_ended)): {
                "the public root signed by a public one that has expired": of(
                    SHOP, one, root_by_ended
                )
            },
            live(chain=(one, root_by_old, old.certificate)): {
                "the older root, too": of(SHOP, one, root_by_old, old.certificate)
            },
            live(chain=(one, root_by_other)): {
                "the public root signed by another public one": of(SHOP, one, root_by_other)
            },
            repaired(SUPERFLUOUS, chain=(one, root_by_other)): {
                "the same, and that other public root": of(
                    SHOP, one, root_by_other, OTHER_PUBLIC_ROOT.certificate
                )
            },
            repaired(MISORDERED, SUPERFLUOUS, chain=(one, root_by_other)): {
                "the same, in another order, and a stranger": of(
                    SHOP, FOREIGN_ROOT.certificate, root_by_other, one
                )
            },
            live(chain=(ca_by_other,)): {
                "an intermediate of two public roots, the other alone": of(SHOP, ca_by_other)
            },
            live(chain=(ca_by_private, PRIVATE_ROOT.certificate)): {
                "the same, the private way alone": of(SHOP, ca_by_private, PRIVATE_ROOT.certificate)
            },
            live(chain=bridged): {"a new root that a public one vouches for": of(young, *bridged)},
            repaired(SUPERFLUOUS, chain=(*crossed, PRIVATE_ROOT.certificate)): {
                "a new private root, and the old one that vouches for it": of(
                    of_new_root, *crossed, new_root.certificate, PRIVATE_ROOT.certificate
                ),
                "the same, the new root in front of its cross-sign": of(
                    of_new_root,
                    crossed[0],
                    new_root.certificate,
                    crossed[1],
                    PRIVATE_ROOT.certificate,
                ),
            },
            repaired(SUPERFLUOUS, chain=bridged): {
                "a new root that vouches for itself as well": of(young, *bridged, new.certificate)
            },
            repaired(MISORDERED, SUPERFLUOUS, chain=bridged): {
                "the same, upside down": of(young, new.certificate, *reversed(bridged))
            },
            warned(INCOMPLETE, chain=circle): {
                "two CAs that sign each other": of(leaf(ca=first), *circle)
            },
            repaired(SUPERFLUOUS, chain=(first_by_second, second.certificate)): {
                "two that sign each other, and a root of one": of(
                    leaf(ca=first), *circle, second.certificate
                )
            },
        }
    )


def _ways() -> list[Row]:
    """Several ways up: a public one, then a shorter one, then a CA that ends later."""
    name, key = "Example Crossed CA", shared_key("p256", "Example Crossed CA")
    low, far = under(PUBLIC_ROOT, "Example Middle CA"), under(PRIVATE_ROOT, "Example Middle CA")
    by_private, by_low = under(PRIVATE_ROOT, name), under(low, name)
    by_far, by_foreign = under(far, name), under(FOREIGN_ROOT, name)
    by_ended = under(ENDED_PUBLIC_ROOT, name)
    by_public = under(PUBLIC_ROOT, name)
    lower = under(by_public, "Example Lower CA")
    sooner = under(PRIVATE_ROOT, name, key=key, not_after=MUCH_LATER - DAY)
    crossed = leaf(ca=by_private)
    private = PRIVATE_ROOT.certificate
    last, ended = leaf(ca=LAST_PUBLIC_ROOT), leaf(ca=ENDED_PUBLIC_ROOT)
    later = repaired(SUPERFLUOUS, chain=(by_private.certificate, private))
    return table(
        {
            repaired(SUPERFLUOUS, chain=chain_of(by_low, low)): {
                "a short private way and a long public one": of(
                    crossed, *chain_of(by_private, PRIVATE_ROOT, by_low, low)
                )
            },
            later: {
                "a long private way and a short one": of(
                    crossed, *chain_of(by_far, far, by_private, PRIVATE_ROOT)
                ),
                "two certificates of a CA, the one that ends later first": of(
                    crossed, *chain_of(by_private, sooner, PRIVATE_ROOT)
                ),
                "two certificates of a CA, the one that ends later last": of(
                    crossed, *chain_of(sooner, by_private, PRIVATE_ROOT)
                ),
            },
            warned(INCOMPLETE, SUPERFLUOUS, chain=chain_of(by_foreign)): {
                "a long way into the unknown and a short one": of(
                    crossed, *chain_of(by_far, far, by_foreign)
                )
            },
            repaired(SUPERFLUOUS, chain=chain_of(lower, by_public)): {
                "a way to a public root and one to a public root that has expired": of(
                    leaf(ca=lower), *chain_of(lower, by_ended, by_public)
                )
            },
            live(chain=()): {"the last second of a public root": of(last, chain=ABSENT)},
            refused(
                EXPIRED,
                says="No currently valid chain to a root. Expired or not yet valid: CN=Example"
                " Ended Public Root.",
            ): {"a public root that expired a second ago": of(ended, chain=ABSENT)},
        }
    )


def _times() -> list[Row]:
    """RFC 5280, section 4.1.2.5: a certificate is valid at both ends of its period."""

    def ca(**validity: Any) -> Authority:
        return under(PUBLIC_ROOT, "Example Timed CA", **validity)

    def only(**validity: Any) -> Issued:
        return leaf(ca=ca(**validity))

    says = "No currently valid chain to a root. Expired or not yet valid: CN=Example Timed CA."
    expired = refused(EXPIRED, says=says)
    good = ca().certificate
    past = only(not_after=NOW - SECOND)
    ends_now = only(not_after=NOW)
    begins_now = only(not_before=NOW)
    ends = SHOP.certificate.not_valid_after_utc
    as_long, sooner = only(not_after=ends), only(not_after=ends - SECOND)
    dead_root = root("Example Ended Root", not_before=NOW - 900 * DAY, not_after=NOW - SECOND)
    under_dead = under(dead_root, "Example Orphan CA")
    above = under(ca(not_after=NOW - SECOND), "Example Lower CA")
    gone = under(FOREIGN_ROOT, "Example Gone CA", not_after=NOW - SECOND)
    nowhere = under(FOREIGN_ROOT, "Example Timed CA")
    hidden = leaf(ca=under(PRIVATE_ROOT, "Example Timed CA", not_after=NOW - SECOND))
    strong = under(PRIVATE_ROOT, "Example RSA CA", key="rsa2048", not_after=NOW - SECOND)
    by_strong = leaf(ca=strong)
    weak = Issued(certificate=weakly_signed(strong, by_strong.certificate), key=by_strong.key)
    ends_sooner = f"expires before the certificate, at {ends - SECOND:%Y-%m-%d %H:%M} UTC."
    return table(
        {
            expired: {
                "the intermediate expired a second ago": of(past),
                "the intermediate begins in a second": of(only(not_before=NOW + SECOND)),
                "the intermediate expired years ago": of(
                    only(not_before=NOW - 900 * DAY, not_after=NOW - 400 * DAY)
                ),
                "an expired intermediate, and others that are not on the path": of(
                    past, past.certificate, *past.chain, *chain_of(FOREIGN_ROOT, gone)
                ),
                "an expired intermediate whose root is unknown": of(hidden),
                "an expired intermediate, and a valid one into the unknown": of(
                    past, *past.chain, nowhere.certificate
                ),
            },
            refused(EXPIRED, "SIGNATURE_WEAK", says="CN=shop.example.com is signed with SHA1."): {
                "a leaf signed with SHA-1 below an expired intermediate": of(
                    weak, *chain_of(strong, PRIVATE_ROOT)
                )
            },
            warned(EXPIRED, chain=ends_now.chain): {
                "the intermediate expires this second": of(ends_now)
            },
            live(chain=begins_now.chain): {"the intermediate begins this second": of(begins_now)},
            repaired(SUPERFLUOUS, chain=(good,)): {
                "an expired intermediate and its successor": of(past, *past.chain, good),
                "a successor in front of the expired": of(past, good, *past.chain),
                "an intermediate not valid yet and its predecessor": of(
                    past, only(not_before=NOW + DAY).chain[0], good
                ),
            },
            live(chain=as_long.chain): {"the intermediate ends as the leaf does": of(as_long)},
            warned(
                EXPIRED, chain=sooner.chain, says=f"CN=Example Timed CA in the chain {ends_sooner}"
            ): {"the intermediate ends a second before the leaf": of(sooner)},
            refused(EXPIRED, says="CN=Example Timed CA"): {
                "an expired CA between two good ones": of(leaf(ca=above))
            },
            refused(EXPIRED, says="CN=Example Ended Root"): {
                "a private root that expired a second ago": of(
                    leaf(ca=under_dead), *chain_of(under_dead, dead_root)
                )
            },
        }
    )


def _not_allowed() -> list[Row]:
    rsa_root = root("Example RSA Root", key="rsa2048")
    weak = under(rsa_root, "Example Weak CA", key="rsa2048")
    by_weak = leaf(ca=weak)
    roots = (rsa_root.certificate,)
    old = (weak.certificate, weakly_signed(rsa_root, rsa_root.certificate))

    def odd(*extensions: x509.ExtensionType) -> Issued:
        ca = _ca_with(PUBLIC_ROOT, "Example Odd CA", extensions)
        issued = leaf(ca=type(PUBLIC_CA)(certificate=ca, key=shared_key("p256", "Example Odd CA")))
        return Issued(certificate=issued.certificate, key=issued.key, chain=(ca,))

    is_ca = x509.BasicConstraints(ca=True, path_length=None)
    below = under(under(PUBLIC_ROOT, "Example Last CA", path_length=0), "Example One Too Many")
    too_deep = leaf(ca=below)
    return [
        *table(
            {
                refused(
                    INVALID,
                    says="CN=Example Odd CA is not a CA certificate: its basic constraints deny"
                    " it.",
                ): {
                    "the intermediate says that it is no CA": of(
                        odd(x509.BasicConstraints(ca=False, path_length=None))
                    ),
                },
                refused(
                    INVALID,
                    says="CN=Example Odd CA is not a CA certificate: it has no basic constraints.",
                ): {
                    "the intermediate does not say that it is a CA": of(odd()),
                },
                refused(
                    INVALID,
                    says="CN=Example Odd CA may not sign certificates: its key usages do not"
                    " include keyCertSign.",
                ): {
                    "the intermediate may not sign certificates": of(
                        odd(is_ca, key_usage("digital_signature", "crl_sign"))
                    ),
                },
                refused(INVALID, says="CN=Example Last CA allows a path length of 0"): {
                    "one CA more than the path length allows": of(too_deep)
                },
                refused("SIGNATURE_WEAK", says="CN=Example Weak CA is signed with SHA1."): {
                    "an intermediate signed with SHA-1": of(
                        by_weak, weakly_signed(rsa_root, weak.certificate), *roots
                    )
                },
                refused("SIGNATURE_WEAK", says="CN=Example Weak CA is signed with MD5."): {
                    "an intermediate signed with MD5": of(
                        by_weak, weakly_signed(rsa_root, weak.certificate, "md5"), *roots
                    )
                },
                live(chain=old): {
                    "a private root signed with SHA-1, which proves nothing": of(by_weak, *old)
                },
                repaired(SUPERFLUOUS, chain=(PUBLIC_CA.certificate,)): {
                    "an intermediate signed with SHA-1 off the path": of(
                        SHOP, PUBLIC_CA.certificate, weakly_signed(rsa_root, weak.certificate)
                    )
                },
            }
        ),
        _as_is("the intermediate names no key usages: all are allowed", odd(is_ca)),
        _as_is(
            "the intermediate may sign certificates and nothing else",
            odd(is_ca, key_usage("key_cert_sign")),
        ),
    ]


def _texts() -> list[Row]:
    one, text = PUBLIC_CA.certificate, SHOP.chain_pem
    says = "chain contains no readable PEM certificate."
    malformed = refused("SECRET_MALFORMED", says=says)
    unread = "(not a certificate that can be decoded)."
    subjects = "subject=CN = Example Public CA 1\nissuer=CN = Example Public Root\n"
    words = f"{subjects}{text}\nVerify return code: 0 (ok)\n"
    return table(
        {
            live(): {
                "words around the chain, as s_client prints them": shop(chain=words),
                "a chain as a list": shop(chain=[text]),
            },
            refused(
                INCOMPLETE,
                says="Its issuer is CN=Example Public CA 1. Fields not read: ca_bundle.",
            ): {
                "the chain in a field that is not read": shop(
                    chain=ABSENT, ca_bundle=SHOP.chain_pem
                ),
            },
            refused("KEY_MISMATCH", says="CN=shop.example.com. Fields not read: crt."): {
                "the certificate of the key in a field that is not read": shop(
                    private_key=leaf(key="p384").key_pem(), crt=leaf(key="p384").certificate_pem
                ),
            },
            refused(
                "SECRET_MALFORMED",
                says="chain contains no readable PEM certificate. The field contains: PKCS7.",
            ): {
                "PKCS#7 for a chain": shop(
                    chain=pkcs7.serialize_certificates(list(SHOP.chain), Encoding.PEM).decode()
                ),
            },
            repaired(
                SUPERFLUOUS, chain=SHOP.chain, says="chain contains no readable PEM certificate."
            ): {
                "the chain in the field certificate, no PEM in the field chain": shop(
                    certificate=SHOP.fullchain_pem, chain="not applicable"
                ),
            },
            malformed: {
                "a chain that is no PEM": shop(chain="see the wiki"),
                "a chain of the key": shop(chain=SHOP.key_pem()),
                "a revocation list for a chain": shop(chain=revocations()),
            },
            refused(
                "SECRET_MALFORMED",
                says="The value of chain is neither a string nor a list of strings.",
            ): {
                "a chain as an object": shop(chain={"0": text}),
                "a number in a list": shop(chain=[text, 1]),
            },
            refused(
                "SECRET_MALFORMED",
                says="No readable certificate belongs to the private key. Cannot read certificate"
                f" 1 in certificate {unread}",
            ): {
                "a certificate that cannot be decoded in the leaf's place": shop(certificate=BROKEN)
            },
            refused(INCOMPLETE, says=f"Cannot read certificate 1 in chain {unread}"): {
                "a chain of a certificate that cannot be decoded": shop(chain=BROKEN),
            },
            refused(INCOMPLETE, says="certificate 1 in chain (cut off)"): {
                "a chain cut off in its only certificate": shop(chain=text[: len(text) // 2]),
                "the old label X509 CERTIFICATE, cut off": shop(
                    chain=text[:-27].replace("CERTIFICATE", "X509 CERTIFICATE")
                ),
                "a chain whose first certificate lost its end": of(
                    DEEP, chain=pem(UP[0])[:-60] + pem(*UP[1:])
                ),
            },
            refused(INCOMPLETE, says=f"certificate {len(UP)} in chain (cut off)"): {
                "a chain cut off in its last certificate": of(DEEP, chain=pem(*UP)[:-200]),
                "a chain without its last line": of(DEEP, chain=pem(*UP)[:-27]),
            },
            repaired(SUPERFLUOUS, chain=(one,)): {
                "OpenSSL's trusted form beside the plain one": shop(
                    chain=text + text.replace("CERTIFICATE", "TRUSTED CERTIFICATE")
                ),
                "a stranger that cannot be decoded in front": shop(chain=BROKEN + text),
            },
            repaired(
                SUPERFLUOUS, chain=(one,), says=f"Cannot read certificate 2 in chain {unread}"
            ): {"a stranger that cannot be decoded behind the chain": shop(chain=text + BROKEN)},
            live(chain=(one,)): {
                "the old label X509 CERTIFICATE": shop(
                    chain=text.replace("CERTIFICATE", "X509 CERTIFICATE")
                )
            },
        }
    )


def _as_is(name: str, issued: Issued) -> Row:
    return row(name, of(issued), live(chain=issued.chain))


def _ca_with(
    issuer: Authority, name: str, extensions: Sequence[x509.ExtensionType]
) -> x509.Certificate:
    """Return a CA's certificate with these extensions and no others."""
    builder = x509.CertificateBuilder(
        issuer_name=issuer.certificate.subject,
        subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
        public_key=shared_key("p256", name).public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=LONG_AGO,
        not_valid_after=MUCH_LATER,
        extensions=[x509.Extension(each.oid, True, each) for each in extensions],  # noqa: FBT003
    )
    return builder.sign(issuer.key, hashes.SHA256())


def revocations() -> str:
    """Return a revocation list of the shop's CA as PEM."""
    builder = x509.CertificateRevocationListBuilder(
        issuer_name=PUBLIC_CA.certificate.subject, last_update=NOW, next_update=NOW + DAY
    )
    return builder.sign(PUBLIC_CA.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()
