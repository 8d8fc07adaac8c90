"""Identities: several certificates for the key, several keys, renewals that were appended."""

from __future__ import annotations

import base64
from itertools import permutations
from typing import TYPE_CHECKING

from cryptography import x509

from tests.hostile.corpus.material import (
    DAY,
    NAMES,
    NOW,
    OTHER_PUBLIC_CA,
    PASSPHRASE,
    PUBLIC_CA,
    SHOP,
    chain_of,
    leaf,
)
from tests.hostile.corpus.row import fields, live, refused, repaired, table
from tests.support import bundles
from tests.support.authority import Issued, certify, pem, san, shared_key
from tests.support.bundles import certificate_bag, key_bag, plain, sealed, shrouded_bag

if TYPE_CHECKING:
    from certrotation.core.material.secret_value import SecretValue
    from tests.hostile.corpus.row import Row

OLD = leaf(not_before=NOW - 80 * DAY, not_after=NOW + 10 * DAY)
EXPIRED = leaf(not_before=NOW - 200 * DAY, not_after=NOW - 110 * DAY)
OLDEST = leaf(not_before=NOW - 300 * DAY, not_after=NOW - 210 * DAY)
EARLIER = leaf(not_before=NOW - 3 * DAY, not_after=SHOP.certificate.not_valid_after_utc)
OWN_CA = leaf(is_ca=True)
AHEAD = leaf(not_before=NOW + DAY, not_after=NOW + 91 * DAY)
FEWER = leaf("shop.example.com", not_after=NOW + 30 * DAY)
SHOUTING = leaf("WWW.SHOP.example.com", "Shop.Example.COM", not_after=NOW + 30 * DAY)
OTHER_KEY = leaf(key=shared_key("p256", "a leaf of last year"), not_after=NOW + 10 * DAY)
BLOG = leaf("blog.example.com", key=shared_key("p256", "the blog's"))
ONE = chain_of(PUBLIC_CA)


def rows() -> list[Row]:
    """Return the rows of this family."""
    renewed = SHOP.certificate
    left_out = f"Earlier certificates of the key: {_named(OLD)}."
    newest = repaired("CHAIN_SUPERFLUOUS", chain=ONE, leaf=renewed, says=left_out)
    one_of_many = repaired("CHAIN_SUPERFLUOUS", chain=ONE, leaf=renewed)
    stranger = "Left out of the chain: not on the path: CN=blog.example.com."
    both = "2 certificates in the secret belong to the private key, and their names differ:"
    keys = "private_key contains 2 private keys with certificates in the secret."
    bundled = "The PKCS#12 bundle contains 2 private keys, and nothing says which one is meant."
    return table(
        {
            newest: {
                "a renewal appended to the old certificate": _appended(OLD, SHOP),
                "a renewal in front of the old certificate": _appended(SHOP, OLD),
                "the old one under certificate, the new one under chain": _in_fields(
                    certificate=OLD.certificate_pem, chain=SHOP.fullchain_pem
                ),
                "the new one under certificate, the old one under chain": _in_fields(
                    certificate=SHOP.fullchain_pem, chain=OLD.fullchain_pem
                ),
                "the old one as cert, the new one as fullchain": _in_fields(
                    cert=OLD.certificate_pem, fullchain=SHOP.fullchain_pem
                ),
                "PKCS#12 with the old certificate as well": _bundle(
                    plain(*_certificates(OLD, SHOP), key_bag(SHOP.key))
                ),
            },
            one_of_many: {
                **{
                    f"three renewals in order {number}": _appended(*order)
                    for number, order in enumerate(permutations((OLD, SHOP, EXPIRED)), start=1)
                },
                "the same names in other letters and order": _appended(SHOUTING, SHOP),
                "two that end together, the one that begins later first": _appended(SHOP, EARLIER),
                "two that end together, the one that begins later last": _appended(EARLIER, SHOP),
                "the certificate between others of a CA that is not in the secret": _appended(
                    *_of_other_ca(4), SHOP, *_of_other_ca(4)
                ),
                "the certificate between its precertificates": _appended(
                    *_precertificates(4), SHOP, *_precertificates(4)
                ),
                "a CA certificate for the same key in front": _appended(OWN_CA, SHOP),
                "PKCS#12 with the certificate of another site": _bundle(
                    plain(*_certificates(BLOG, SHOP), key_bag(SHOP.key))
                ),
            },
            repaired("CHAIN_SUPERFLUOUS", chain=ONE, leaf=renewed, says=stranger): {
                "the certificate of another site beside it": _appended(SHOP, BLOG),
            },
            repaired("CHAIN_SUPERFLUOUS", "CHAIN_MISORDERED", chain=ONE, leaf=renewed): {
                "the old one and its chain under certificate, the new one under chain": _in_fields(
                    certificate=OLD.fullchain_pem, chain=SHOP.fullchain_pem
                )
            },
            refused("EXPIRED", says="expired on 2026-02-11"): {
                "two that have expired": _appended(OLDEST, EXPIRED),
            },
            refused("NOT_YET_VALID", says="not valid before"): {
                "a renewal of tomorrow in front of the old certificate": _appended(AHEAD, SHOP),
                "a renewal of tomorrow behind the old certificate": _appended(SHOP, AHEAD),
            },
            refused("IDENTITY_AMBIGUOUS", says=f"{both} {_named(SHOP)}; {_named(FEWER)}."): {
                "a certificate with a name less behind": _appended(SHOP, FEWER),
            },
            refused("IDENTITY_AMBIGUOUS", says=f"{both} {_named(FEWER)}; {_named(SHOP)}."): {
                "a certificate with a name less in front": _appended(FEWER, SHOP),
            },
            refused("IDENTITY_AMBIGUOUS", says=both): {
                "PKCS#12 with a certificate with a name less": _bundle(
                    plain(*_certificates(FEWER, SHOP), key_bag(SHOP.key))
                ),
            },
            live(): {
                "the old key in front, no old certificate": _in_fields(
                    certificate=SHOP.fullchain_pem, private_key=OTHER_KEY.key_pem() + SHOP.key_pem()
                ),
                "the old key behind, no old certificate": _in_fields(
                    certificate=SHOP.fullchain_pem, private_key=SHOP.key_pem() + OTHER_KEY.key_pem()
                ),
            },
            refused("IDENTITY_AMBIGUOUS", says=keys): {
                "a renewal appended, key and all": _in_fields(
                    certificate=OTHER_KEY.fullchain_pem + SHOP.fullchain_pem,
                    private_key=OTHER_KEY.key_pem() + SHOP.key_pem(),
                ),
                "two sites in one secret": _in_fields(
                    certificate=SHOP.fullchain_pem + BLOG.fullchain_pem,
                    private_key=SHOP.key_pem() + BLOG.key_pem(),
                ),
            },
            refused("IDENTITY_AMBIGUOUS", says=bundled): {
                "PKCS#12 with two keys": _bundle(
                    plain(*_certificates(OTHER_KEY, SHOP), *map(_key, (OTHER_KEY, SHOP)))
                ),
                "PKCS#12 with two keys, the new one in front": _bundle(
                    plain(*_certificates(SHOP, OTHER_KEY), *map(_key, (SHOP, OTHER_KEY)))
                ),
                "PKCS#12 with two keys, one of them without certificate": _bundle(
                    plain(*_certificates(SHOP), *map(_key, (OTHER_KEY, SHOP)))
                ),
                "PKCS#12 with two keys in an encrypted part": _bundle(
                    sealed(
                        *_certificates(SHOP, OTHER_KEY),
                        *map(_key, (SHOP, OTHER_KEY)),
                        passphrase=PASSPHRASE,
                    )
                ),
            },
        }
    )


def _appended(*issued: Issued) -> SecretValue:
    certificates = pem(*(each.certificate for each in issued))
    return _in_fields(certificate=certificates, chain=SHOP.chain_pem)


def _of_other_ca(count: int) -> list[Issued]:
    """Certificates with the dates, names and key of the good one, issued by another CA."""
    ends = SHOP.certificate.not_valid_after_utc
    return [leaf(ca=OTHER_PUBLIC_CA, not_after=ends) for _ in range(count)]


def _precertificates(count: int) -> list[Issued]:
    """Precertificates (RFC 6962) of the good certificate, with the same dates."""
    names = x509.SubjectAlternativeName(map(san, NAMES))
    validity = {
        "not_before": SHOP.certificate.not_valid_before_utc,
        "not_after": SHOP.certificate.not_valid_after_utc,
    }
    made = (
        certify(
            PUBLIC_CA, "shop.example.com", names, x509.PrecertPoison(), key=SHOP.key, **validity
        )
        for _ in range(count)
    )
    return [Issued(certificate=each, key=SHOP.key) for each in made]


def _named(issued: Issued) -> str:
    """Return how a message tells certificates of one key apart."""
    names = ", ".join(NAMES[:1] if issued is FEWER else NAMES)
    return f"CN=shop.example.com ({names}; ends {issued.certificate.not_valid_after_utc:%Y-%m-%d})"


def _in_fields(**members: str) -> SecretValue:
    return fields(**{"private_key": SHOP.key_pem()} | members)


def _certificates(*issued: Issued) -> list[bytes]:
    return [certificate_bag(each) for each in (*(each.certificate for each in issued), *ONE)]


def _key(issued: Issued) -> bytes:
    return shrouded_bag(issued.key, PASSPHRASE)


def _bundle(content: bytes) -> SecretValue:
    data = base64.b64encode(bundles.bundle(content)).decode()
    return fields(pkcs12=data, passphrase=PASSPHRASE)
