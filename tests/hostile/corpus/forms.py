"""Forms: DER, PKCS#7, PKCS#12, damaged PEM, and every JSON that is none."""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
    pkcs12,
)

from tests.hostile.corpus.chains import revocations
from tests.hostile.corpus.keys import NO_KEY
from tests.hostile.corpus.material import (
    PASSPHRASE,
    PUBLIC_CA,
    PUBLIC_ROOT,
    SHOP,
    chain_of,
    leaf,
    self_signed,
    under,
)
from tests.hostile.corpus.row import (
    ABSENT,
    binary,
    fields,
    live,
    refused,
    repaired,
    shop,
    table,
    text,
)
from tests.simulation.estate import fields_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography import x509

    from certrotation.core.material.secret_value import SecretValue
    from tests.hostile.corpus.row import Row, Verdict

CERTIFICATE, KEY, CHAIN = SHOP.certificate_pem, SHOP.key_pem(), SHOP.chain_pem
JSON = json.dumps(fields_of(SHOP))
BAG = "Bag Attributes\n    friendlyName: www\n    localKeyID: 01 02\nsubject=CN = www\n\n"
TRADITIONAL = PrivateFormat.TraditionalOpenSSL
LARGEST = 65_536
"""Bytes of a secret's value (Secrets Manager User Guide, Quotas)."""
ONE = chain_of(PUBLIC_CA)


def bundles() -> list[Row]:
    """Return rows about PKCS#12, PKCS#7 and DER."""
    plain, closed = _pkcs12(), _pkcs12(PASSPHRASE)
    lower = under(PUBLIC_CA, "Example Public CA 2")
    deep = leaf(ca=lower)
    up = chain_of(lower, PUBLIC_CA)
    der = SHOP.certificate.public_bytes(Encoding.DER)
    key_der = SHOP.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    signed_data = [SHOP.certificate, *SHOP.chain]
    says = "The PKCS#12 bundle is encrypted, and the secret has no passphrase."
    encrypted = refused("KEY_ENCRYPTED", says=says)
    says = "The passphrase does not decrypt the PKCS#12 bundle."
    wrong = refused("KEY_ENCRYPTED", says=says)
    no_bundle = refused("SECRET_MALFORMED", says="The value is not a readable PKCS#12 bundle.")
    not_base64 = refused("SECRET_MALFORMED", says="pkcs12 is not valid base64.")
    return table(
        {
            live(): {
                "PKCS#12 with its passphrase": bundle(closed, passphrase=PASSPHRASE),
                "PKCS#12 without encryption, NUL for a passphrase": bundle(plain, passphrase="\0"),
                "PKCS#12 without encryption": bundle(plain),
                "PKCS#12 without encryption, a passphrase given": bundle(
                    plain, passphrase=PASSPHRASE
                ),
                "PKCS#12 with triple DES, as old tools write it": bundle(
                    _pkcs12(PASSPHRASE, is_old=True), passphrase=PASSPHRASE
                ),
                "PKCS#12, its base64 in lines": fields(pkcs12=base64.encodebytes(plain).decode()),
                "PKCS#12 without a chain, the chain beside it": bundle(
                    _pkcs12(above=[]), chain=CHAIN
                ),
                "PKCS#12 as the binary value": binary(plain),
            },
            encrypted: {
                "PKCS#12 with a passphrase, an empty one given": bundle(closed, passphrase=""),
                "PKCS#12 with a passphrase, none given": bundle(closed),
            },
            refused(
                "KEY_ENCRYPTED",
                says="The binary value is a PKCS#12 bundle with a passphrase, which a binary value"
                " cannot hold. Write JSON with the bundle in base64 under pkcs12 and the passphrase"
                " under passphrase.",
            ): {
                "PKCS#12 as the binary value, encrypted": binary(closed),
            },
            wrong: {
                "PKCS#12 with the wrong passphrase": bundle(closed, passphrase=PASSPHRASE + "!"),
                "PKCS#12 with a passphrase, NUL in the one given": bundle(
                    closed, passphrase=PASSPHRASE + "\0"
                ),
                "PKCS#12 with triple DES, the wrong passphrase": bundle(
                    _pkcs12(PASSPHRASE, is_old=True), passphrase="no"
                ),
            },
            not_base64: {
                "PKCS#12, its base64 for URLs": fields(
                    pkcs12="-_" + base64.urlsafe_b64encode(plain).decode()
                ),
                "PKCS#12, its base64 cut off": fields(pkcs12=base64.b64encode(plain).decode()[:-3]),
                "PKCS#12 that is PEM": fields(pkcs12=CERTIFICATE),
                "PKCS#12 that is no base64": fields(pkcs12="bücher"),
            },
            no_bundle: {
                "PKCS#12, its bytes cut off": bundle(plain[:-100]),
                "PKCS#12, cut off, with a passphrase": bundle(closed[:300], passphrase=PASSPHRASE),
                "PKCS#12 that is PEM in base64": bundle((CERTIFICATE + KEY).encode()),
                "PKCS#12 that is a certificate as DER": bundle(der),
                "PKCS#12 of one byte": bundle(b"0"),
                "PKCS#12 in base64 as the binary value": binary(base64.b64encode(plain)),
                "the certificate as DER, the binary value": binary(der),
                "the key as DER, the binary value": binary(key_der),
                "PKCS#7 as the binary value": binary(
                    pkcs7.serialize_certificates(signed_data, Encoding.DER)
                ),
                "PKCS#7 as base64 in the PKCS#12's place": bundle(
                    pkcs7.serialize_certificates(signed_data, Encoding.DER)
                ),
            },
            refused("SECRET_MALFORMED", says="The PKCS#12 bundle contains no private key."): {
                "PKCS#12 without a key": bundle(_pkcs12(has_key=False))
            },
            refused("LEAF_MISSING", says="The PKCS#12 bundle contains no certificate."): {
                "PKCS#12 without a certificate": bundle(_pkcs12(certificate=None, above=[]))
            },
            refused("CHAIN_INCOMPLETE", says="Example Public CA 1"): {
                "PKCS#12 without a chain": bundle(_pkcs12(above=[]))
            },
            repaired("CHAIN_SUPERFLUOUS", chain=ONE): {
                "PKCS#12 with a chain, the same beside it": bundle(plain, chain=CHAIN),
                "PKCS#12 with its public root": bundle(
                    _pkcs12(above=chain_of(PUBLIC_CA, PUBLIC_ROOT))
                ),
            },
            repaired("CHAIN_MISORDERED", chain=up): {
                "PKCS#12 whose chain is upside down": bundle(
                    _pkcs12(certificate=deep.certificate, above=up[::-1])
                )
            },
            refused("SELF_SIGNED", says="is self-signed"): {
                "PKCS#12 of a leaf that signed itself": bundle(_self_signed_bundle())
            },
            refused(
                "SECRET_MALFORMED", says="The secret contains pkcs12 and private_key. Use one form."
            ): {"PKCS#12 beside a key": bundle(plain, private_key=KEY)},
            refused(
                "SECRET_MALFORMED",
                says="The secret contains pkcs12 and certificate and privkey. Use one form.",
            ): {
                "PKCS#12 beside a certificate and a key": bundle(
                    plain, certificate=CERTIFICATE, privkey=KEY
                ),
            },
            refused("SECRET_MALFORMED", says="certificate"): {
                "PKCS#12 beside a certificate": bundle(plain, certificate=CERTIFICATE),
                "PKCS#7 as PEM in the certificate's place": shop(
                    certificate=pkcs7.serialize_certificates(signed_data, Encoding.PEM).decode()
                ),
                "the certificate as DER in base64": shop(
                    certificate=base64.b64encode(der).decode()
                ),
                "the certificate as hexadecimal": shop(certificate=der.hex()),
            },
            refused("SECRET_MALFORMED", says="Invalid JSON"): {
                "PKCS#12 in base64 without JSON around it": text(base64.b64encode(plain).decode())
            },
            refused("SECRET_MALFORMED", says="chain"): {
                "PKCS#7 as PEM in the chain's place": shop(
                    chain=pkcs7.serialize_certificates(signed_data, Encoding.PEM).decode()
                )
            },
        }
    )


def texts() -> list[Row]:
    """Return rows about PEM that was through somebody's hands."""
    full = SHOP.fullchain_pem
    certificate = refused("SECRET_MALFORMED", says="certificate")
    key = refused("SECRET_MALFORMED", says="private_key")

    def both(change: Any) -> SecretValue:
        return shop(certificate=change(full), private_key=change(KEY), chain=ABSENT)

    def lines(change: Any) -> SecretValue:
        return both(lambda pem: "\n".join(change(line) for line in pem.splitlines()))

    return table(
        {
            live(): {
                "a byte order mark in front of each PEM": both(lambda pem: "\ufeff" + pem),
                "line ends of Windows": both(lambda pem: pem.replace("\n", "\r\n")),
                "line ends of old Macs": both(lambda pem: pem.replace("\n", "\r")),
                "line ends of both kinds": shop(certificate=CERTIFICATE.replace("\n", "\r\n")),
                "NUL at the end of each PEM": both(lambda pem: pem + "\0"),
                "NUL in front of each PEM": both(lambda pem: "\0" + pem),
                "no line feed at the end": both(str.rstrip),
                "no line feed between two certificates": both(
                    lambda pem: pem.replace("--\n--", "----")
                ),
                "no line feeds at all": both(lambda pem: pem.replace("\n", "")),
                "blanks in place of line feeds": both(lambda pem: pem.replace("\n", " ")),
                "lines indented, as in YAML": lines(lambda line: "    " + line),
                "blanks at the end of each line": lines(lambda line: line + "  "),
                "PEM in quotes": both(lambda pem: f'"{pem}"'),
                "PEM in a shell's here-document": both(lambda pem: f"<<EOF\n{pem}EOF\n"),
                "PEM with a header of its own": shop(
                    certificate=CERTIFICATE.replace("--\nM", "--\nComment: shop\n\nM", 1)
                ),
                "base64 of the PEM, as Kubernetes keeps it": both(
                    lambda pem: base64.b64encode(pem.encode()).decode()
                ),
                "base64 of PEM in UTF-16, as PowerShell makes it": both(
                    lambda pem: base64.b64encode(pem.encode("utf-16")).decode()
                ),
                "PEM encoded for a URL": both(quote),
                "line feeds and plus signs as JSON escapes of .NET": both(
                    lambda pem: pem.replace("\n", "\\u000A").replace("+", "\\u002B")
                ),
                "slashes and line feeds written out twice": both(
                    lambda pem: pem.replace("\n", "\\\\r\\\\n").replace("/", "\\/")
                ),
                "bag attributes in front of each certificate": shop(
                    certificate=BAG + CERTIFICATE + BAG + CHAIN, chain=ABSENT
                ),
                "bag attributes in front of the key": shop(private_key=BAG + KEY),
                "a revocation list between the certificates": shop(
                    certificate=CERTIFICATE + revocations() + CHAIN, chain=ABSENT
                ),
                "half a surrogate in front of the key": shop(private_key="\ud800" + KEY),
                "the chain in 60 KB of comments": shop(chain="#" * 60_000 + "\n" + CHAIN),
            },
            certificate: {
                "NUL in the certificate": shop(
                    certificate=CERTIFICATE[:99] + "\0" + CERTIFICATE[99:]
                ),
                "NUL between all letters, as of UTF-16": both("\0".join),
                "four dashes": both(lambda pem: pem.replace("-----BEGIN", "----BEGIN")),
                "dashes of a word processor": both(
                    lambda pem: pem.replace("-----", "\u2014\u2014-")
                ),
                "labels in lower case": both(str.lower),
                "base64 with a letter that is none": shop(
                    certificate=CERTIFICATE[:99] + "!" + CERTIFICATE[100:]
                ),
                "base64 with umlauts": shop(certificate=CERTIFICATE[:99] + "ä" + CERTIFICATE[100:]),
                "base64 of base64 of the PEM": both(
                    lambda pem: base64.b64encode(base64.b64encode(pem.encode())).decode()
                ),
                "the certificate cut off in the middle": shop(
                    certificate=CERTIFICATE[: len(CERTIFICATE) // 2]
                ),
                "the certificate without its last line": shop(certificate=CERTIFICATE[:-27]),
                "the certificate's signature cut off": shop(certificate=_cut_signature()),
                "a signing request in the certificate's place": shop(
                    certificate=CERTIFICATE.replace("CERTIFICATE", "CERTIFICATE REQUEST")
                ),
                "a web page in the certificate's place": shop(
                    certificate="<html><title>404</title></html>"
                ),
                "a file's name in the certificate's place": shop(certificate="@cert.pem"),
            },
            key: {
                "NUL in the key": shop(private_key=KEY[:60] + "\0" + KEY[60:]),
                "lines quoted, as in mail": lines(lambda line: "> " + line),
                "lines that end in a backslash": lines(lambda line: line + "\\"),
            },
            live(): {
                "backslash and n in place of line feeds": both(
                    lambda pem: pem.replace("\n", "\\n")
                ),
                "backslash and n in the key alone": shop(private_key=KEY.replace("\n", "\\n")),
                "an empty line after each line": both(lambda pem: pem.replace("\n", "\n\n")),
            },
            refused("CHAIN_INCOMPLETE", says="certificate 2 in certificate (cut off)"): {
                "the certificate good, the next one cut off": shop(
                    certificate=full[:-99], chain=ABSENT
                )
            },
            refused("CHAIN_INCOMPLETE", says="Example Public CA 1"): {
                "the certificate's signature changed": shop(certificate=_changed_signature())
            },
        }
    )


def documents() -> list[Row]:
    """Return rows about the secret's JSON."""
    wrap = "If the value is PEM, wrap it in JSON as the README shows."
    no_json = refused("SECRET_MALFORMED", says="Invalid JSON at line ")
    no_object = refused("SECRET_MALFORMED", says="The secret's JSON is not an object.")
    no_key = refused("SECRET_MALFORMED", says=NO_KEY)
    twice = refused("SECRET_MALFORMED", says="The secret's JSON contains the same key twice.")
    no_bundle = refused("SECRET_MALFORMED", says="The value is not a readable PKCS#12 bundle.")
    deep = "Invalid JSON: it is nested too deeply, or contains a number that is too long."

    def no_string(field: str) -> Verdict:
        return refused("SECRET_MALFORMED", says=f"The value of {field} is not a string.")

    return table(
        {
            live(): {
                "a byte order mark in front of the JSON": text("\ufeff" + JSON),
                "JSON over many lines": text(json.dumps(fields_of(SHOP), indent=4)),
                "blanks around the JSON": text(f"\r\n\t {JSON} \n"),
                "JSON with every letter escaped": text(_escaped(JSON)),
                "fields that nobody knows": shop(owner="web team", note={"ticket": 1}, list=[1, 2]),
                "64 KiB, most of them a field that nobody knows": shop(
                    note="x" * (LARGEST - len(JSON) - 12)
                ),
                "64 KiB, most of them blanks": text(JSON + " " * (LARGEST - len(JSON))),
            },
            no_json: {
                "64 KiB of one letter": text("A" * LARGEST),
                "a value of blanks": text("  \n "),
                "PEM without JSON, the key first": text(KEY + SHOP.fullchain_pem),
                "PEM without JSON, the certificate first": text(SHOP.fullchain_pem + KEY),
                "YAML": text(
                    "certificate: |\n  "
                    + CERTIFICATE.replace("\n", "\n  ")
                    + "private_key: |\n  "
                    + KEY.replace("\n", "\n  ")
                ),
                "lines of name=value": text(f"certificate={CERTIFICATE}\nprivate_key={KEY}"),
                "JSON with single quotes": text(str(fields_of(SHOP))),
                "JSON with a comma too many": text(JSON[:-1] + ",}"),
                "JSON with a comment": text("// the shop\n" + JSON),
                "JSON cut off in the key": text(JSON[: JSON.index("PRIVATE") + 200]),
                "JSON cut off by its last letter": text(JSON[:-1]),
                "JSON twice": text(JSON + JSON),
                "JSON and words behind it": text(JSON + "\nEOF"),
                "JSON in base64": text(base64.b64encode(JSON.encode()).decode()),
            },
            refused("SECRET_MALFORMED", says=f"Invalid JSON at line 1, column 1. {wrap}"): {
                "an empty value": text("")
            },
            refused("SECRET_MALFORMED", says=f"Invalid JSON at line 2, column 2. {wrap}"): {
                "JSON that breaks off in its second line": text('{"certificate":\n nonsense}')
            },
            refused("SECRET_MALFORMED", says="Invalid JSON at line 1, column "): {
                "a binary value that only begins like JSON": binary(b'{"certificate": \xff')
            },
            refused("SECRET_MALFORMED", says=deep): {
                "64 KiB of braces": text('{"a":' * (LARGEST // 5)),
                "a number of 60,000 digits": text('{"private_key": ' + "9" * 60_000 + "}"),
            },
            no_object: {
                "JSON inside JSON: a string": text(json.dumps(JSON)),
                "an array of one object": text(f"[{JSON}]"),
                "an array of three PEMs": text(json.dumps([CERTIFICATE, KEY, CHAIN])),
                "an empty array": text("[]"),
                "null": text("null"),
                "true": text("true"),
                "a number": text("42"),
                "no number at all": text("NaN"),
            },
            no_key: {
                "JSON inside JSON: a field": fields(SecretString=JSON),
                "JSON inside JSON: an object in a field": fields(tls=fields_of(SHOP)),
                "an empty object": text("{}"),
                "fields in capitals": fields(CERTIFICATE=CERTIFICATE, PRIVATE_KEY=KEY, CHAIN=CHAIN),
                "fields with blanks in their names": fields(
                    **{"certificate ": CERTIFICATE, " private_key": KEY}
                ),
                "fields with hyphens": fields(
                    certificate=CERTIFICATE, chain=CHAIN, **{"private-key": KEY}
                ),
                "the PEMs as names of fields": fields(**{CERTIFICATE: CHAIN, KEY: "private_key"}),
            },
            no_string("certificate"): {
                "JSON inside JSON: the certificate an object": shop(
                    certificate={"pem": CERTIFICATE}
                ),
                "the certificate an array of lines": shop(certificate=CERTIFICATE.splitlines()),
                "the certificate a number": shop(certificate=1),
            },
            no_string("private_key"): {
                "the key an array of lines": shop(private_key=KEY.splitlines()),
                "the key a number": shop(private_key=42),
                "the key false": shop(private_key=False),
            },
            no_string("passphrase"): {"the passphrase true": shop(passphrase=True)},
            twice: {
                "the key twice, one and the same": text(_twice("private_key", KEY)),
                "the key twice, two different ones": text(
                    _twice("private_key", leaf(key="rsa2048").key_pem())
                ),
                "the certificate twice": text(_twice("certificate", CERTIFICATE)),
                "a field twice that nobody knows": text(JSON[:-1] + ', "note": 1, "note": 2}'),
                "a field twice in an object that nobody knows": text(
                    JSON[:-1] + ', "note": {"a": 1, "a": 2}}'
                ),
            },
            live(): {
                "JSON with real line feeds in its strings": text(JSON.replace("\\n", "\n")),
                "JSON inside JSON: the key a string of JSON": shop(
                    private_key=json.dumps({"pem": KEY})
                ),
                "JSON as the binary value": binary(JSON.encode()),
                "JSON as the binary value, behind a byte order mark": binary(
                    f"\ufeff{JSON}".encode()
                ),
                "JSON as the binary value, behind blanks": binary(f"\n {JSON}".encode()),
                "JSON in UTF-16 as the binary value, as Windows writes it": binary(
                    JSON.encode("utf-16")
                ),
                "one key in two forms": shop(privkey=SHOP.key_pem(form=TRADITIONAL)),
            },
            refused("SECRET_MALFORMED", says="The secret has no value."): {
                "neither text nor bytes": _nothing()
            },
            refused("SECRET_MALFORMED", says="The value is PEM. Write JSON"): {
                "PEM as the binary value": binary((CERTIFICATE + KEY).encode()),
            },
            no_bundle: {
                "JSON, zipped, as the binary value": binary(gzip.compress(JSON.encode(), mtime=0)),
                "64 KiB of zeros as the binary value": binary(bytes(LARGEST)),
                "every byte there is as the binary value": binary(bytes(range(256))),
                "an empty binary value": binary(b""),
            },
        }
    )


def bundle(data: bytes, **more: object) -> SecretValue:
    """The secret of a PKCS#12 bundle."""
    return fields(pkcs12=base64.b64encode(data).decode(), **more)


def _pkcs12(
    passphrase: str | None = None,
    *,
    certificate: x509.Certificate | None = SHOP.certificate,
    above: Sequence[x509.Certificate] = SHOP.chain,
    has_key: bool = True,
    is_old: bool = False,
) -> bytes:
    encryption: Any = NoEncryption()
    if is_old:
        encryption = (
            PrivateFormat.PKCS12.encryption_builder()
            .kdf_rounds(2048)
            .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
            .hmac_hash(hashes.SHA1())  # noqa: S303  what old tools write
            .build((passphrase or "").encode())
        )
    elif passphrase:
        encryption = BestAvailableEncryption(passphrase.encode())
    key: Any = SHOP.key if has_key else None
    return pkcs12.serialize_key_and_certificates(b"shop", key, certificate, above, encryption)


def _self_signed_bundle() -> bytes:
    alone = self_signed("shop.example.com")
    key: Any = alone.key
    return pkcs12.serialize_key_and_certificates(
        b"shop", key, alone.certificate, None, NoEncryption()
    )


def _cut_signature() -> str:
    return _as_pem(SHOP.certificate.public_bytes(Encoding.DER)[:-10])


def _changed_signature() -> str:
    der = bytearray(SHOP.certificate.public_bytes(Encoding.DER))
    der[-1] ^= 1
    return _as_pem(bytes(der))


def _as_pem(der: bytes) -> str:
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"


def _escaped(document: str) -> str:
    """Write the letters of all strings as JSON's escape sequences; structure stays."""
    members = json.loads(document)

    def escape(value: str) -> str:
        return '"' + "".join(f"\\u{ord(letter):04x}" for letter in value) + '"'

    return "{" + ",".join(f"{escape(k)}:{escape(v)}" for k, v in members.items()) + "}"


def _twice(name: str, value: str) -> str:
    return JSON[:-1] + f", {json.dumps(name)}: {json.dumps(value)}" + "}"


def _nothing() -> SecretValue:
    value = text("")
    return type(value)(version=value.version)
