"""Bombs: values that are small and would cost minutes or gigabytes to read."""

from __future__ import annotations

import base64
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from certrotation.core.material.pbe import MOST_ROUNDS
from certrotation.core.material.secret_format import LARGEST_VALUE
from tests.hostile.corpus.material import DAY, NOW, PASSPHRASE, PUBLIC_CA, SHOP, leaf, root
from tests.hostile.corpus.row import fields, live, of, refused, repaired, shop, table, text
from tests.support import bundles
from tests.support.authority import Authority, certify, pem, shared_key
from tests.support.bundles import (
    algorithm,
    bag,
    certificate_bag,
    encrypted,
    encrypted_key,
    integer,
    key_bag,
    mac,
    octets,
    pbes1,
    pbes2,
    pbkdf2,
    pbmac1,
    plain,
    plain_key,
    scrypt,
    sealed,
    sequence,
    shrouded_bag,
)

if TYPE_CHECKING:
    from certrotation.core.material.secret_value import SecretValue
    from tests.hostile.corpus.row import Row

OLD_PBE = "1.2.840.113549.1.12.1."
CERTIFICATES = (certificate_bag(SHOP.certificate), certificate_bag(PUBLIC_CA.certificate))
UNSUPPORTED = "KEY_UNSUPPORTED"


def rows() -> list[Row]:
    """Return the rows of this family; the largest that must still be read are among them."""
    return [*_derivations(), *_keys(), *_certificates(), *_paths(), *_texts()]


def _derivations() -> list[Row]:
    costly = refused(UNSUPPORTED, says="rounds or memory")
    contents = (plain(*CERTIFICATES, key_bag(SHOP.key)),)
    wrapped = plain_key(SHOP.key)
    third = MOST_ROUNDS // 3
    usual = (
        sealed(*CERTIFICATES, passphrase=PASSPHRASE, rounds=third),
        plain(shrouded_bag(SHOP.key, PASSPHRASE, third)),
    )
    return table(
        {
            live(): {
                "PBKDF2, as many rounds as are read": _sealed_key(
                    pbes2(pbkdf2(MOST_ROUNDS)), encrypted(wrapped, PASSPHRASE, MOST_ROUNDS)
                ),
                "PKCS#12, as many rounds as are read": _bundle(
                    *usual, mac=mac(*usual, passphrase=PASSPHRASE, rounds=third)
                ),
            },
            refused("KEY_ENCRYPTED", says="passphrase"): {
                "scrypt, as much memory as is used": _sealed_key(pbes2(scrypt(65_536))),
                "PKCS#12 of old tools, as many rounds as are used": _bundle(
                    sealed(passphrase="", scheme=pbes1(OLD_PBE + "6", MOST_ROUNDS // 3)),
                    plain(key_bag(SHOP.key)),
                ),
            },
            refused("SECRET_MALFORMED", says="private_key contains no readable PEM private key."): {
                "scrypt without any cost": _sealed_key(pbes2(scrypt(1))),
                "scrypt with a cost that its block size does not allow": _sealed_key(
                    pbes2(scrypt(65_536, 1))
                ),
            },
            refused("KEY_ENCRYPTED", says="The passphrase does not decrypt private_key."): {
                "scrypt with the largest cost of its block size": _sealed_key(
                    pbes2(scrypt(32_768, 1))
                ),
            },
            costly: {
                "PBKDF2 with 2^31 rounds": _sealed_key(pbes2(pbkdf2(2**31 - 1))),
                "PBKDF2 with 2^63 rounds": _sealed_key(pbes2(pbkdf2(2**63 - 1))),
                "PBKDF2 with 2^31 rounds, no passphrase": _sealed_key(
                    pbes2(pbkdf2(2**31 - 1)), passphrase=None
                ),
                "PBKDF2 with ten million rounds": _sealed_key(pbes2(pbkdf2(10**7))),
                "scrypt of 256 MiB": _sealed_key(pbes2(scrypt(262_144))),
                "scrypt of 1 TiB": _sealed_key(pbes2(scrypt(2**30))),
                "scrypt of a thousand lanes": _sealed_key(pbes2(scrypt(1_024, 8, 1_000))),
                "PBES1 of MD5 with 2^31 rounds": _sealed_key(
                    pbes1("1.2.840.113549.1.5.3", 2**31 - 1)
                ),
                "PKCS#12's own derivation with 2^31 rounds": _sealed_key(
                    pbes1(OLD_PBE + "3", 2**31 - 1)
                ),
                "PKCS#12 whose MAC takes 2^31 rounds": _bundle(
                    *contents, mac=mac(*contents, passphrase=PASSPHRASE, claims=2**31 - 1)
                ),
                "PKCS#12 whose MAC takes 2^63 rounds": _bundle(
                    *contents, mac=mac(*contents, passphrase=PASSPHRASE, claims=2**63 - 1)
                ),
                "PKCS#12 whose MAC of RFC 9579 takes 2^31 rounds": _bundle(
                    *contents, mac=pbmac1(*contents, passphrase=PASSPHRASE, claims=2**31 - 1)
                ),
                "PKCS#12 whose key takes 2^31 rounds": _bundle(
                    plain(*CERTIFICATES, bag(bundles.SHROUDED_BAG, encrypted_key(rounds=2**31)))
                ),
                "PKCS#12 whose certificates take 2^31 rounds": _bundle(
                    sealed(passphrase="", scheme=pbes1(OLD_PBE + "6", 2**31 - 1)),
                    plain(key_bag(SHOP.key)),
                ),
                "PKCS#12 of two hundred parts": _bundle(
                    *(sealed(passphrase="", scheme=pbes2(pbkdf2(10_000))) for _ in range(200))
                ),
                "PKCS#12 whose hidden key takes 2^31 rounds": _bundle(
                    sealed(
                        *CERTIFICATES,
                        bag(bundles.SHROUDED_BAG, encrypted_key(rounds=2**31)),
                        passphrase=PASSPHRASE,
                    )
                ),
            },
        }
    )


def _keys() -> list[Row]:
    large = ("KEY_UNSUPPORTED", "KEY_TOO_LARGE", "KEY_MISMATCH")
    unread = refused(UNSUPPORTED, says="larger than any that ACM imports")
    malformed = refused("SECRET_MALFORMED", says="private_key")
    return table(
        {
            refused(*large, says="RSA (8676)"): {
                "a key of RSA 8,676": shop(private_key=_rsa(8_676)),
                "PKCS#12 with a key of RSA 8,676": _bundle(
                    plain(*CERTIFICATES, bag(bundles.KEY_BAG, _pkcs8(_rsa_numbers(8_676))))
                ),
                "a key of RSA 8,676, encrypted": _sealed_key(
                    pbes2(pbkdf2(2)), encrypted(_pkcs8(_rsa_numbers(8_676)), PASSPHRASE)
                ),
                "PKCS#12 with a hidden key of RSA 8,676": _bundle(
                    sealed(
                        *CERTIFICATES,
                        bag(bundles.KEY_BAG, _pkcs8(_rsa_numbers(8_676))),
                        passphrase=PASSPHRASE,
                    )
                ),
            },
            refused(*large, says="RSA (20000)"): {
                "a key of RSA 20,000": shop(private_key=_rsa(20_000))
            },
            refused(UNSUPPORTED, says="not of equal length"): {
                "an RSA key with one prime of 4,000 bits": shop(
                    private_key=_labelled("RSA PRIVATE KEY", _rsa_numbers(4_000, 96))
                )
            },
            malformed: {
                "an RSA key whose primes are none": shop(private_key=_rsa(4_096)),
                "an RSA key whose primes are prime and fit nothing": shop(
                    private_key=_labelled(
                        "RSA PRIVATE KEY", _numbers(2**2048 - 1942289, 2**2048 - 1942289)
                    )
                ),
            },
            unread: {
                "a key of DSA 20,000": shop(private_key=_labelled("PRIVATE KEY", _dsa(20_000))),
                "a key of DSA 20,000, encrypted": _sealed_key(
                    pbes2(pbkdf2(2)), encrypted(_dsa(20_000), PASSPHRASE)
                ),
            },
            refused("KEY_MISMATCH", "KEY_TOO_LARGE", says="bytes of PEM"): {
                "an RSA key whose private exponent fills the secret": shop(
                    private_key=_labelled(
                        "RSA PRIVATE KEY",
                        _numbers(2**1024 - 1, 2**1024 - 3, private=2**160_000 + 1),
                    )
                )
            },
        }
    )


def _certificates() -> list[Row]:
    one = SHOP.chain
    superfluous = repaired("CHAIN_SUPERFLUOUS", chain=one)
    junk = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
    return table(
        {
            superfluous: {
                "a thousand certificates that are none": shop(
                    chain=SHOP.chain_pem + junk * (60_000 // len(junk))
                ),
                "a hundred issuers of one name, none of which signed": shop(
                    chain=SHOP.chain_pem + pem(*_namesakes(100))
                ),
                "thirty issuers of one name with exponents of 3,072 bits": shop(
                    chain=SHOP.chain_pem
                    + pem(*(_large_issuer(3_072, 2**3071 + 1) for _ in range(30)))
                ),
                "ten issuers of RSA 16,384": shop(
                    chain=SHOP.chain_pem + pem(*[_large_issuer(16_384, 65_537)] * 10)
                ),
                "an issuer of RSA 100,000": shop(
                    chain=SHOP.chain_pem + pem(_large_issuer(100_000, 65_537))
                ),
                "PKCS#12 with a thousand certificates that are none": _bundle(
                    plain(
                        *CERTIFICATES,
                        *[certificate_bag(sequence())] * 1_000,
                        key_bag(SHOP.key),
                    )
                ),
            },
            live(): {
                "two hundred names in the certificate": _of_many_names(),
            },
        }
    )


def _paths() -> list[Row]:
    says = "do not allow other.example in CN=host-0.shop.example.com."
    return table(
        {
            refused("CHAIN_INVALID", says=says): {
                "nine CAs that sign each other, with constraints on names": _mesh(9, 8),
                "seven CAs that sign each other, with more constraints": _mesh(7, 20),
            },
            refused("CHAIN_INVALID", says="brainpoolP512r1"): {
                "eighty certificates of one CA with a key of Brainpool P-512": _namesake_mesh(40),
            },
            refused("CHAIN_INCOMPLETE", says="The search stopped after"): {
                "eighty certificates of one name that sign each other": _namesake_mesh(40, "p521"),
            },
        }
    )


def _mesh(count: int, constraints: int) -> SecretValue:
    """CAs each of which signed all others, and a leaf with many names, the last one not allowed."""
    bases = [f"c{number}.example" for number in range(constraints)]
    permitted = [x509.DNSName(each) for each in (*bases, "shop.example.com")]
    cas = [root(f"Mesh {number}") for number in range(count)]
    crossed = [
        certify(
            upper,
            lower.certificate.subject,
            x509.BasicConstraints(ca=True, path_length=None),
            x509.NameConstraints(permitted, None),
            key=lower.key,
        )
        for lower in cas
        for upper in cas
        if lower is not upper
    ]
    names = [f"host-{number}.shop.example.com" for number in range(100)]
    return of(leaf(*names, "other.example", ca=cas[0]), *crossed)


def _namesake_mesh(count: int, kind: str = "brainpool") -> SecretValue:
    """Certificates of one name; each key signed two others."""
    curve = ec.BrainpoolP512R1() if kind == "brainpool" else ec.SECP521R1()
    keys = [ec.generate_private_key(curve) for _ in range(count)]
    cas = [Authority.root("Namesake", key=each, not_before=NOW - DAY) for each in keys]
    crossed = [
        certify(
            cas[(number + step) % count],
            "Namesake",
            x509.BasicConstraints(ca=True, path_length=None),
            key=keys[number],
        )
        for step in (1, 7)
        for number in range(count)
    ]
    return of(leaf(ca=cas[0]), *crossed)


def _of_many_names() -> SecretValue:
    names = [f"host-{number}.shop.example.com" for number in range(200)]
    issued = leaf(*names)
    return fields(
        certificate=issued.certificate_pem, private_key=issued.key_pem(), chain=issued.chain_pem
    )


def _texts() -> list[Row]:
    no_json = refused("SECRET_MALFORMED", says="JSON")
    certificate = refused("SECRET_MALFORMED", says="certificate")
    key = refused("SECRET_MALFORMED", says="private_key")
    size = LARGEST_VALUE - 4_096
    no_bundle = refused("SECRET_MALFORMED", says="PKCS#12")
    return table(
        {
            no_json: {
                "64 KiB of brackets": text("[" * LARGEST_VALUE),
                "lists in lists, closed again": text(
                    '{"chain": ' + "[" * 30_000 + "]" * 30_000 + "}"
                ),
            },
            refused("SECRET_MALFORMED", says="65,536 bytes"): {
                "a megabyte": shop(note="x" * 1_000_000),
                "a million certificates": shop(
                    chain="-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----" * 20_000
                ),
            },
            certificate: {
                "beginnings without end": shop(
                    certificate="-----BEGIN CERTIFICATE-----" * (size // 27)
                ),
                "dashes": shop(certificate="-" * size),
                "ends without beginning": shop(certificate="-----END CERTIFICATE-----" * 2_400),
            },
            key: {
                "backslashes": shop(private_key="-----BEGIN" + "\\" * 28_000),
                "blanks inside a key": shop(
                    private_key="-----BEGIN RSA PRIVATE KEY-----"
                    + " " * size
                    + "-----END RSA PRIVATE KEY-----"
                ),
                "half a base64 block": shop(
                    private_key="-----BEGIN PRIVATE KEY-----"
                    + "A" * (size - 1)
                    + "-----END PRIVATE KEY-----"
                ),
            },
            refused(UNSUPPORTED, says="cipher"): {
                "headers without end": shop(
                    private_key="-----BEGIN RSA PRIVATE KEY-----\n"
                    + "Proc-Type: 4,ENCRYPTED\n" * 2_600
                    + "-----END RSA PRIVATE KEY-----"
                ),
            },
            no_bundle: {
                "PKCS#12 of open lengths": fields(
                    pkcs12=base64.b64encode(b"\x30\x80" * 24_000).decode()
                ),
                "PKCS#12 of bags in bags": fields(pkcs12=base64.b64encode(_nested(800)).decode()),
                "PKCS#12 of 20,000 empty elements": fields(
                    pkcs12=base64.b64encode(sequence(b"\x05\x00" * 20_000)).decode()
                ),
            },
        }
    )


# Makers


def _sealed_key(
    scheme: bytes, data: bytes = bytes(160), *, passphrase: str | None = PASSPHRASE
) -> SecretValue:
    key = _labelled("ENCRYPTED PRIVATE KEY", encrypted_key(scheme, data))
    return shop(private_key=key, passphrase=passphrase)


def _bundle(*contents: bytes, mac: bytes | None = None) -> SecretValue:
    data = bundles.bundle(*contents, mac=mac)
    return fields(pkcs12=base64.b64encode(data).decode(), passphrase=PASSPHRASE)


def _labelled(label: str, der: bytes) -> str:
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n"


def _numbers(p: int, q: int, *, private: int | None = None) -> bytes:
    """An RSA key of numbers that need be no primes."""
    d = p * q - 2 if private is None else private
    return sequence(
        integer(0), *map(integer, (p * q, 65_537, d, p, q, d % (p - 1), d % (q - 1), 1))
    )


def _rsa_numbers(bits: int, others: int | None = None) -> bytes:
    one, other = (bits // 2, bits // 2) if others is None else (bits, others)
    return _numbers(2**one - 1, 2**other - 3)


def _rsa(bits: int) -> str:
    return _labelled("RSA PRIVATE KEY", _rsa_numbers(bits))


def _pkcs8(pkcs1: bytes) -> bytes:
    null = bundles.element(0x05)
    return sequence(integer(0), algorithm("1.2.840.113549.1.1.1", null), octets(pkcs1))


def _dsa(bits: int) -> bytes:
    parameters = sequence(*map(integer, (2**bits - 1, 2**bits - 3, 2)))
    key = octets(integer(2**bits - 5))
    return sequence(integer(0), algorithm("1.2.840.10040.4.1", parameters), key)


def _nested(depth: int) -> bytes:
    inner = sequence()
    for _ in range(depth):
        inner = sequence(bag(bundles.NESTED_BAG, inner))
    return bundles.bundle(plain(inner))


def _issuer(key: Any, number: int) -> x509.Certificate:
    """A CA of the public CA's name with another key."""
    name = PUBLIC_CA.certificate.subject
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key)
        .serial_number(number)
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + 89 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    return builder.sign(PUBLIC_CA.key, hashes.SHA256())


@cache
def _namesakes(count: int) -> tuple[x509.Certificate, ...]:
    keys = (shared_key("p256", f"namesake {number}").public_key() for number in range(count))
    return tuple(_issuer(each, number) for number, each in enumerate(keys, start=1))


def _large_issuer(bits: int, exponent: int) -> x509.Certificate:
    return _issuer(rsa.RSAPublicNumbers(exponent, 2**bits - 1).public_key(), bits)
