"""Keys: wrong, missing, encrypted, truncated, oversized, unsupported, weak."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from tests.hostile.corpus.material import DAY, NOW, PASSPHRASE, PUBLIC_CA, SHOP, leaf
from tests.hostile.corpus.row import ABSENT, live, of, refused, row, shop, table
from tests.support.authority import SERVER_AUTH, pem, san, shared_key

if TYPE_CHECKING:
    from tests.hostile.corpus.row import Row
    from tests.support.authority import Issued

KEY = SHOP.key_pem()
SEC1 = SHOP.key_pem(form=PrivateFormat.TraditionalOpenSSL)
NO_KEY = (
    "The secret contains no private key (private_key, privkey, privateKey, tls.key,"
    " private_key_pem)."
)
MISMATCH = "The private key does not belong to the certificate CN=shop.example.com."
LINES = KEY.splitlines(keepends=True)
EC_PARAMETERS = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"

# The two largest primes below 2 to the power of 3,328: a key of 6,656 bits that costs no search.
_PRIMES = (2**3328 - 2639, 2**3328 - 2729)


def rows() -> list[Row]:
    """Return the rows of this family."""
    return [*_supported(), *_wrong(), *_encrypted(), *_broken(), *_unsupported()]


def costly() -> list[Row]:
    """Return the rows whose keys take seconds to make."""
    unsupported = "KEY_UNSUPPORTED"
    return table(
        {
            live(): {
                "a key of RSA 3,072": of(leaf(key="rsa3072")),
                "a key of RSA 4,096": of(leaf(key="rsa4096")),
            },
            refused(unsupported, says="DSA"): {
                "a key of DSA": _with_key(dsa.generate_private_key(2048))
            },
            refused(unsupported, "KEY_TOO_LARGE", says="bytes of PEM"): {
                "a key of RSA 6,656, above 5,120 bytes": _with_key(rsa_of(*_PRIMES))
            },
        }
    )


def _supported() -> list[Row]:
    rsa_leaf = leaf(key="rsa2048")
    return [
        *table(
            {
                live(): {
                    "a key of P-256, nothing special at all": shop(),
                    "an RSA key as PKCS#1": of(
                        rsa_leaf,
                        private_key=rsa_leaf.key_pem(form=PrivateFormat.TraditionalOpenSSL),
                    ),
                    "an elliptic key as SEC1": shop(private_key=SEC1),
                    "SEC1 with its EC PARAMETERS in front": shop(private_key=EC_PARAMETERS + SEC1),
                    "the key with 6 KB of words in front": shop(private_key="word " * 1200 + KEY),
                    "the certificate in front of the key": shop(
                        private_key=pem(SHOP.certificate) + KEY
                    ),
                    "the certificate behind the key": shop(private_key=KEY + pem(SHOP.certificate)),
                    "the key among the chain as well": shop(chain=SHOP.chain_pem + KEY),
                }
            }
        ),
        *(
            row(f"a key of {words}", of(leaf(key=kind)), live())
            for kind, words in {
                "rsa2048": "RSA 2,048",
                "p384": "P-384",
                "p521": "P-521",
            }.items()
        ),
    ]


def _wrong() -> list[Row]:
    mismatch = refused("KEY_MISMATCH", says=MISMATCH)
    rsa_key = leaf(key="rsa2048").key_pem()
    other = shared_key("p256", "another leaf")
    return table(
        {
            mismatch: {
                "the key of another certificate": shop(private_key=_pem_of(other)),
                "an RSA key with an elliptic certificate": shop(private_key=rsa_key),
                "an elliptic key with an RSA certificate": of(leaf(key="rsa2048"), private_key=KEY),
                "a key of another curve": shop(private_key=_pem_of(shared_key("p384", "x"))),
                "another RSA key of the same size": of(
                    leaf(key="rsa2048"), private_key=_pem_of(shared_key("rsa2048", "x"))
                ),
                "the right key but encrypted for another": shop(
                    private_key=_pem_of(other), passphrase=PASSPHRASE
                ),
            },
            live(): {
                "two keys, the right one first": shop(private_key=KEY + rsa_key),
                "two keys, the other one first": shop(private_key=rsa_key + KEY),
                "two names for the key, one key": shop(privkey=KEY),
                "two names for the key, one with a line feed more": shop(privkey=KEY + "\n"),
            },
            refused("LEAF_IS_CA", "NAMES_MISSING", says="CN=Example Public CA 1"): {
                "the CA's key in place of the leaf's": shop(private_key=_pem_of(PUBLIC_CA.key))
            },
            refused(
                "SECRET_MALFORMED", says="private_key and privkey contain different private keys."
            ): {"two names for the key, two keys": shop(privkey=rsa_key)},
            refused("SECRET_MALFORMED", says=NO_KEY): {
                "no key at all": shop(private_key=ABSENT),
                "null for a key": shop(private_key=None),
                "an empty key": shop(private_key=""),
                "a key of spaces and line feeds": shop(private_key=" \n\t \n"),
            },
            refused("SECRET_MALFORMED", says="private_key contains no readable PEM private key."): {
                "the certificate in the key's place": shop(private_key=SHOP.certificate_pem),
                "the public key in the key's place": shop(private_key=_public(SHOP)),
                "the signing request in the key's place": shop(private_key=_request(SHOP)),
                "the passphrase in the key's place": shop(private_key=PASSPHRASE),
                "a path in the key's place": shop(
                    private_key="/etc/letsencrypt/live/shop/privkey.pem"
                ),
            },
            refused("SECRET_MALFORMED", says="PEM"): {
                "key and certificate changed places": shop(
                    private_key=SHOP.certificate_pem, certificate=KEY
                )
            },
        }
    )


def _encrypted() -> list[Row]:
    encrypted = SHOP.key_pem(passphrase=PASSPHRASE)
    rsa_leaf = leaf(key="rsa2048")
    traditional = rsa_leaf.key_pem(form=PrivateFormat.TraditionalOpenSSL, passphrase=PASSPHRASE)
    words = "Schlüssel für den Laden 鍵"
    says = "private_key is encrypted, and the secret has no passphrase."
    closed = refused("KEY_ENCRYPTED", says=says)
    wrong = refused("KEY_ENCRYPTED", says="The passphrase does not decrypt private_key.")
    return table(
        {
            live(): {
                "an encrypted key with its passphrase": shop(
                    private_key=encrypted, passphrase=PASSPHRASE
                ),
                # RFC 2104, section 2: HMAC fills a key up with zeros, so this is the same one.
                "an encrypted key, NUL behind its passphrase": shop(
                    private_key=encrypted, passphrase=PASSPHRASE + "\0"
                ),
                "a passphrase in umlauts and kanji": shop(
                    private_key=SHOP.key_pem(passphrase=words), passphrase=words
                ),
                "a passphrase for a key that needs none": shop(passphrase=PASSPHRASE),
                "a passphrase for a key as SEC1": shop(private_key=SEC1, passphrase=PASSPHRASE),
                "PKCS#1, encrypted, with its passphrase": of(
                    rsa_leaf, private_key=traditional, passphrase=PASSPHRASE
                ),
            },
            closed: {
                "an encrypted key, passphrase empty": shop(private_key=encrypted, passphrase=""),
                "an encrypted key without passphrase": shop(private_key=encrypted),
                "an encrypted key, passphrase null": shop(private_key=encrypted, passphrase=None),
                "PKCS#1, encrypted, without passphrase": of(rsa_leaf, private_key=traditional),
            },
            wrong: {
                "an encrypted key, passphrase of one blank": shop(
                    private_key=encrypted, passphrase=" "
                ),
                "an encrypted key, the wrong passphrase": shop(
                    private_key=encrypted, passphrase=PASSPHRASE[:-1]
                ),
                "an encrypted key, NUL amid its passphrase": shop(
                    private_key=encrypted, passphrase=PASSPHRASE[:9] + "\0" + PASSPHRASE[9:]
                ),
                "an encrypted key, passphrase in capitals": shop(
                    private_key=encrypted, passphrase=PASSPHRASE.upper()
                ),
                "an encrypted key, passphrase with a line feed": shop(
                    private_key=encrypted, passphrase=PASSPHRASE + "\n"
                ),
                "an encrypted key, itself for a passphrase": shop(
                    private_key=encrypted, passphrase=KEY
                ),
                "an encrypted key, 10,000 letters for a passphrase": shop(
                    private_key=encrypted, passphrase="x" * 10_000
                ),
                "an encrypted key, half a surrogate for a passphrase": shop(
                    private_key=encrypted, passphrase="\ud800"
                ),
                "PKCS#1, encrypted, the wrong passphrase": of(
                    rsa_leaf, private_key=traditional, passphrase="no"
                ),
            },
            refused("SECRET_MALFORMED", says="The value of passphrase is not a string."): {
                "an encrypted key, a number for a passphrase": shop(
                    private_key=encrypted, passphrase=1234567890
                ),
                "an encrypted key, passphrase in a list": shop(
                    private_key=encrypted, passphrase=[PASSPHRASE]
                ),
            },
            refused("KEY_MISMATCH", says="CN=shop.example.com"): {
                "an encrypted key of another certificate": shop(
                    private_key=_pem_of(shared_key("p256", "x"), PASSPHRASE), passphrase=PASSPHRASE
                )
            },
            refused("SECRET_MALFORMED", says="private_key"): {
                "an encrypted key cut off in the middle": shop(
                    private_key=_cut(encrypted), passphrase=PASSPHRASE
                )
            },
        }
    )


def _broken() -> list[Row]:
    says = "private_key contains no readable PEM private key."
    malformed = refused("SECRET_MALFORMED", says=says)
    body = base64.b64decode("".join(LINES[1:-1]))
    assert isinstance(SHOP.key, ec.EllipticCurvePrivateKey)
    number = SHOP.key.private_numbers().private_value.to_bytes(32, "big")
    rsa_leaf = leaf(key="rsa2048")
    rsa_lines = rsa_leaf.key_pem().splitlines(keepends=True)
    return table(
        {
            malformed: {
                "a key cut off in the middle": shop(private_key=_cut(KEY)),
                "a key without its last line": shop(private_key="".join(LINES[:-1])),
                "a key without its first line": shop(private_key="".join(LINES[1:])),
                "a key without first and last line": shop(private_key="".join(LINES[1:-1])),
                "a key without a line in its middle": shop(
                    private_key="".join([*LINES[:2], *LINES[3:]])
                ),
                "a key of first and last line alone": shop(private_key=LINES[0] + LINES[-1]),
                "an RSA key, a quarter lost": of(
                    rsa_leaf, private_key="".join([*rsa_lines[:-8], rsa_lines[-1]])
                ),
                "an RSA key, two lines swapped": of(
                    rsa_leaf,
                    private_key="".join(
                        [*rsa_lines[:5], rsa_lines[6], rsa_lines[5], *rsa_lines[7:]]
                    ),
                ),
                "an elliptic key whose number no longer fits": shop(
                    private_key=_labelled(
                        "PRIVATE KEY", body.replace(number, bytes([number[0] ^ 1]) + number[1:])
                    )
                ),
                "a key that calls itself by another form": shop(
                    private_key=KEY.replace("PRIVATE KEY", "RSA PRIVATE KEY")
                ),
                "a key that calls itself a certificate": shop(
                    private_key=KEY.replace("PRIVATE KEY", "CERTIFICATE")
                ),
                "a key with four dashes": shop(private_key=KEY.replace("-----", "----")),
                "a key in OpenSSH's form": shop(private_key=_open_ssh(SHOP)),
                "a key as DER in base64": shop(private_key=base64.b64encode(body).decode()),
                "a key that was overwritten by stars": shop(
                    private_key=LINES[0] + "*" * 64 + "\n" + LINES[-1]
                ),
                "a key of zeros": shop(private_key=_labelled("PRIVATE KEY", bytes(138))),
            }
        }
    )


def _unsupported() -> list[Row]:
    unsupported = "KEY_UNSUPPORTED"
    return table(
        {
            refused(unsupported, says="The private key is Ed25519."): {
                "a key of Ed25519": of(leaf(key="ed25519"))
            },
            refused(unsupported, says="The private key is Ed448."): {
                "a key of Ed448": _with_key(ed448.Ed448PrivateKey.generate())
            },
            refused(unsupported, says="The private key is EC (secp224r1)."): {
                "a key of P-224": of(leaf(key="p224"))
            },
            refused(unsupported, says="The private key is EC (secp256k1)."): {
                "a key of secp256k1": _with_key(ec.generate_private_key(ec.SECP256K1()))
            },
            refused(unsupported, says="The private key is EC (brainpoolP256r1)."): {
                "a key of Brainpool P-256": _with_key(ec.generate_private_key(ec.BrainpoolP256R1()))
            },
            refused(unsupported, says="The private key is X25519."): {
                "a key of X25519, which signs nothing": _with_key(
                    x25519.X25519PrivateKey.generate()
                )
            },
            refused(unsupported, "KEY_MISMATCH", says="Ed25519"): {
                "an Ed25519 key with an elliptic certificate": shop(
                    private_key=_pem_of(shared_key("ed25519", "x"))
                )
            },
            refused("KEY_WEAK", says="The private key is RSA (1024)."): {
                "a key of RSA 1,024": of(leaf(key="rsa1024"))
            },
            refused("KEY_WEAK", unsupported, says="The private key is RSA (2047)."): {
                "a key of RSA 2,047": of(leaf(key="rsa2047"))
            },
            refused(unsupported, says="The private key is RSA (2056)."): {
                "a key of RSA 2,056, no size of ACM's": of(leaf(key="rsa2056"))
            },
            refused(
                unsupported,
                "CHAIN_INCOMPLETE",
                says="The key of the certificate is restricted to RSASSA-PSS (RFC 4055).",
            ): {"a key for RSA-PSS alone": of(_restricted(leaf(key="rsa2048")))},
        }
    )


def _restricted(issued: Issued) -> Issued:
    """Write into the certificate that its key is for RSA-PSS alone, which breaks its signature."""
    der = issued.certificate.public_bytes(Encoding.DER)
    oid = "300d06092a864886f70d0101"
    restricted = der.replace(bytes.fromhex(f"{oid}010500"), bytes.fromhex(f"{oid}0a3000"))
    return type(issued)(
        certificate=x509.load_der_x509_certificate(restricted), key=issued.key, chain=issued.chain
    )


def rsa_of(one: int, other: int) -> rsa.RSAPrivateKey:
    """Return the RSA key of two primes."""
    exponent = 65537
    private = pow(exponent, -1, (one - 1) * (other - 1))
    numbers = rsa.RSAPrivateNumbers(
        p=one,
        q=other,
        d=private,
        dmp1=rsa.rsa_crt_dmp1(private, one),
        dmq1=rsa.rsa_crt_dmq1(private, other),
        iqmp=rsa.rsa_crt_iqmp(one, other),
        public_numbers=rsa.RSAPublicNumbers(exponent, one * other),
    )
    return numbers.private_key()


def _with_key(key: Any) -> Any:
    """Return the secret of a certificate for any key that can be put into one."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop.example.com")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(PUBLIC_CA.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + 89 * DAY)
        .add_extension(x509.SubjectAlternativeName([san("shop.example.com")]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([SERVER_AUTH]), critical=False)
        .sign(PUBLIC_CA.key, hashes.SHA256())
    )
    return shop(certificate=pem(certificate), private_key=_pem_of(key))


def _pem_of(key: Any, passphrase: str | None = None) -> str:
    return type(SHOP)(certificate=SHOP.certificate, key=key).key_pem(passphrase=passphrase)


def _public(issued: Issued) -> str:
    form = PublicFormat.SubjectPublicKeyInfo
    return issued.key.public_key().public_bytes(Encoding.PEM, form).decode()


def _request(issued: Issued) -> str:
    builder = x509.CertificateSigningRequestBuilder(subject_name=issued.certificate.subject)
    return builder.sign(issued.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def _open_ssh(issued: Issued) -> str:
    form = PrivateFormat.OpenSSH
    return issued.key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def _cut(pem_text: str) -> str:
    return pem_text[: len(pem_text) // 2]


def _labelled(label: str, der: bytes) -> str:
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n"
