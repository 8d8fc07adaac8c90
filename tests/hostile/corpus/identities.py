"""Identities: several certificates for the key, several keys, renewals that were appended."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from tests.hostile.corpus.material import DAY, NOW, PASSPHRASE, PUBLIC_CA, SHOP, chain_of, leaf
from tests.hostile.corpus.row import fields, live, refused, repaired, table
from tests.support import bundles
from tests.support.authority import pem, shared_key
from tests.support.bundles import certificate_bag, key_bag, plain, sealed, shrouded_bag

if TYPE_CHECKING:
    from certrotation.core.material.secret_value import SecretValue
    from tests.hostile.corpus.row import Row
    from tests.support.authority import Issued

OLD = leaf(not_before=NOW - 80 * DAY, not_after=NOW + 10 * DAY)
EXPIRED = leaf(not_before=NOW - 200 * DAY, not_after=NOW - 110 * DAY)
AHEAD = leaf(not_before=NOW + DAY, not_after=NOW + 91 * DAY)
FEWER = leaf("shop.example.com", not_after=NOW + 30 * DAY)
SHOUTING = leaf("WWW.SHOP.example.com", "Shop.Example.COM", not_after=NOW + 30 * DAY)
OTHER_KEY = leaf(key=shared_key("p256", "a leaf of last year"), not_after=NOW + 10 * DAY)
BLOG = leaf("blog.example.com", key=shared_key("p256", "the blog's"))
ONE = chain_of(PUBLIC_CA)


def rows() -> list[Row]:
    """Return the rows of this family."""
    newest = repaired("CHAIN_SUPERFLUOUS", chain=ONE)
    ambiguous = refused("IDENTITY_AMBIGUOUS", says="names differ")
    keys = refused("IDENTITY_AMBIGUOUS", says="2 private keys")
    return table(
        {
            newest: {
                "a renewal appended to the old certificate": _appended(OLD, SHOP),
                "a renewal in front of the old certificate": _appended(SHOP, OLD),
                "three renewals, the newest in the middle": _appended(OLD, SHOP, EXPIRED),
                "the old one under certificate, the new one under chain": _in_fields(
                    certificate=OLD.certificate_pem, chain=SHOP.fullchain_pem
                ),
                "the new one under certificate, the old one under chain": _in_fields(
                    certificate=SHOP.fullchain_pem, chain=OLD.fullchain_pem
                ),
                "the old one as cert, the new one as fullchain": _in_fields(
                    cert=OLD.certificate_pem, fullchain=SHOP.fullchain_pem
                ),
                "the same names in other letters and order": _appended(SHOUTING, SHOP),
                "PKCS#12 with the old certificate as well": _bundle(
                    plain(*_certificates(OLD, SHOP), key_bag(SHOP.key))
                ),
                "the certificate of another site beside it": _appended(SHOP, BLOG),
                "PKCS#12 with the certificate of another site": _bundle(
                    plain(*_certificates(BLOG, SHOP), key_bag(SHOP.key))
                ),
            },
            repaired("CHAIN_SUPERFLUOUS", "CHAIN_MISORDERED", chain=ONE): {
                "the old one and its chain under certificate, the new one under chain": _in_fields(
                    certificate=OLD.fullchain_pem, chain=SHOP.fullchain_pem
                )
            },
            refused("NOT_YET_VALID", says="not valid before"): {
                "a renewal of tomorrow in front of the old certificate": _appended(AHEAD, SHOP),
                "a renewal of tomorrow behind the old certificate": _appended(SHOP, AHEAD),
            },
            ambiguous: {
                "a certificate with a name less behind": _appended(SHOP, FEWER),
                "a certificate with a name less in front": _appended(FEWER, SHOP),
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
            keys: {
                "a renewal appended, key and all": _in_fields(
                    certificate=OTHER_KEY.fullchain_pem + SHOP.fullchain_pem,
                    private_key=OTHER_KEY.key_pem() + SHOP.key_pem(),
                ),
                "two sites in one secret": _in_fields(
                    certificate=SHOP.fullchain_pem + BLOG.fullchain_pem,
                    private_key=SHOP.key_pem() + BLOG.key_pem(),
                ),
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


def _in_fields(**members: str) -> SecretValue:
    return fields(**{"private_key": SHOP.key_pem()} | members)


def _certificates(*issued: Issued) -> list[bytes]:
    return [certificate_bag(each) for each in (*(each.certificate for each in issued), *ONE)]


def _key(issued: Issued) -> bytes:
    return shrouded_bag(issued.key, PASSPHRASE)


def _bundle(content: bytes) -> SecretValue:
    data = base64.b64encode(bundles.bundle(content)).decode()
    return fields(pkcs12=data, passphrase=PASSPHRASE)
