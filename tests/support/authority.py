"""A certificate authority for tests: real X.509 material with every property a keyword.

Built on cryptography's builders alone, so that a test can ask for what no issuing library would
make: a leaf that is a CA, a lost usage, a signature with SHA-1, a lifetime that ended a second ago.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

SERVER_AUTH = ExtendedKeyUsageOID.SERVER_AUTH
CLIENT_AUTH = ExtendedKeyUsageOID.CLIENT_AUTH

_CURVES: dict[str, ec.EllipticCurve] = {
    "p256": ec.SECP256R1(),
    "p384": ec.SECP384R1(),
    "p521": ec.SECP521R1(),
    "p224": ec.SECP224R1(),
    "secp256k1": ec.SECP256K1(),
}

Digest: TypeAlias = hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | hashes.SHA3_256

KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def make_key(kind: str = "p256") -> PrivateKey:
    """Make a key: `rsa1024` to `rsa4096`, `p256`, `p384`, `p521`, `p224` or `ed25519`."""
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, int(kind.removeprefix("rsa")))
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(_CURVES[kind])


@cache
def shared_key(kind: str, label: str = "") -> PrivateKey:
    """Return one key per kind and label for the whole run; RSA keys are slow to make."""
    del label
    return make_key(kind)


def key_usage(*names: str) -> x509.KeyUsage:
    """Return the KeyUsage extension with just `names` set."""
    unknown = set(names) - set(KEY_USAGES)
    if unknown:
        raise ValueError(f"no such key usage: {sorted(unknown)}")
    return x509.KeyUsage(**{usage: usage in names for usage in KEY_USAGES})


def san(name: str) -> x509.GeneralName:
    """Return `name` as an IP address if it is one, else as a DNS name."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A certificate with its key and the certificates above it, nearest first."""

    certificate: x509.Certificate
    key: PrivateKey
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def certificate_pem(self) -> str:
        """The certificate alone."""
        return pem(self.certificate)

    @property
    def chain_pem(self) -> str:
        """The chain without the certificate."""
        return pem(*self.chain)

    @property
    def fullchain_pem(self) -> str:
        """The certificate, then its chain."""
        return pem(self.certificate, *self.chain)

    def key_pem(
        self, *, form: PrivateFormat = PrivateFormat.PKCS8, passphrase: str | None = None
    ) -> str:
        """Return the private key as PEM, encrypted if a passphrase is given."""
        encryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
        return self.key.private_bytes(Encoding.PEM, form, encryption).decode()


def pem(*certificates: x509.Certificate) -> str:
    """Return the certificates as PEM, one after the other."""
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in certificates)


def now() -> datetime:
    """Return the current time, to the second, as X.509 keeps it."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, kw_only=True)
class Authority:
    """A CA that issues leaves and further CAs; `chain` leads from it up to the root."""

    certificate: x509.Certificate
    key: PrivateKey
    chain: tuple[x509.Certificate, ...] = field(default=())

    @classmethod
    def root(
        cls,
        name: str = "Example Root",
        *,
        key: str | PrivateKey = "p256",
        not_before: datetime | None = None,
        not_after: datetime | None = None,
    ) -> Authority:
        """Make a self-signed root, valid for ten years unless told otherwise."""
        private = _key(key)
        begin = not_before or now() - timedelta(days=365)
        certificate = _sign(
            subject=_name(name),
            issuer=_name(name),
            public=private,
            signer=private,
            not_before=begin,
            not_after=not_after or begin + timedelta(days=3650),
            extensions=_ca_extensions(None),
        )
        return cls(certificate=certificate, key=private)

    def intermediate(
        self,
        name: str = "Example Issuing CA",
        *,
        key: str | PrivateKey = "p256",
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        path_length: int | None = None,
        digest: Digest | None = None,
    ) -> Authority:
        """Make a CA under this one, for five years from this one's begin unless told otherwise.

        The same `name` and `key` under two CAs are cross-signed.
        """
        private = _key(key)
        begin = not_before or self.certificate.not_valid_before_utc
        certificate = _sign(
            subject=_name(name),
            issuer=self.certificate.subject,
            public=private,
            signer=self.key,
            not_before=begin,
            not_after=not_after or begin + timedelta(days=1825),
            extensions=_ca_extensions(path_length),
            digest=digest,
        )
        return Authority(
            certificate=certificate, key=private, chain=(self.certificate, *self.chain)
        )

    def issue(
        self,
        *names: str,
        key: str | PrivateKey = "p256",
        common_name: str | None = None,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        lifetime: timedelta = timedelta(days=90),
        usages: Sequence[str] | None = ("digital_signature", "key_encipherment"),
        extended: Sequence[x509.ObjectIdentifier] | None = (SERVER_AUTH,),
        ca: bool | None = False,
        digest: Digest | None = None,
        extensions: Sequence[x509.ExtensionType] = (),
    ) -> Issued:
        """Issue a leaf for DNS names and IP addresses; the chain that comes with it has no root.

        `usages` or `extended` as None leaves that extension out, `ca` as None leaves out basic
        constraints, no names leaves out the SAN. Without `not_before` it began an hour ago.
        """
        private = _key(key)
        begin = not_before or now() - timedelta(hours=1)
        wanted: list[x509.ExtensionType] = list(extensions)
        if names:
            wanted.append(x509.SubjectAlternativeName([san(each) for each in names]))
        if ca is not None:
            wanted.append(x509.BasicConstraints(ca=ca, path_length=None))
        if usages is not None:
            wanted.append(key_usage(*usages))
        if extended is not None:
            wanted.append(x509.ExtendedKeyUsage(list(extended)))
        wanted.append(_authority_key_identifier(self))
        certificate = _sign(
            subject=_name(common_name if common_name is not None else (names or ("nameless",))[0]),
            issuer=self.certificate.subject,
            public=private,
            signer=self.key,
            not_before=begin,
            not_after=not_after or begin + lifetime,
            extensions=wanted,
            digest=digest,
        )
        above = (self.certificate, *self.chain)
        return Issued(
            certificate=certificate,
            key=private,
            chain=tuple(each for each in above if each.issuer != each.subject),
        )


def certify(
    issuer: Authority,
    name: str | x509.Name,
    *extensions: x509.ExtensionType | x509.Extension[x509.ExtensionType],
    key: PrivateKey,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
) -> x509.Certificate:
    """Let `issuer` sign a certificate with just these extensions, critical where they usually are.

    An extension that is to be critical or not against custom comes as `x509.Extension`. Without
    `not_before` the certificate begins with its issuer and lasts five years.
    """
    begin = not_before or issuer.certificate.not_valid_before_utc
    builder = x509.CertificateBuilder(
        issuer_name=issuer.certificate.subject,
        subject_name=_name(name) if isinstance(name, str) else name,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=begin,
        not_valid_after=not_after or begin + timedelta(days=1825),
        extensions=[
            each if isinstance(each, x509.Extension) else critical(each, of=_CRITICAL)
            for each in extensions
        ],
    )
    is_eddsa = isinstance(issuer.key, ed25519.Ed25519PrivateKey)
    return builder.sign(issuer.key, None if is_eddsa else hashes.SHA256())


_CRITICAL = (x509.BasicConstraints, x509.KeyUsage, x509.NameConstraints, x509.PrecertPoison)


def critical(
    extension: x509.ExtensionType,
    *,
    of: tuple[type[x509.ExtensionType], ...] = (x509.ExtensionType,),
) -> x509.Extension[x509.ExtensionType]:
    """Return the extension, marked as critical if it is one `of` these."""
    return x509.Extension(extension.oid, isinstance(extension, of), extension)


def as_version_1(authority: Authority, certificate: x509.Certificate) -> x509.Certificate:
    """Let the elliptic `authority` sign a certificate without extensions anew, as X.509 version 1.

    cryptography makes no such certificate: the version, which is the first member, is cut out.
    """
    if not isinstance(authority.key, ec.EllipticCurvePrivateKey):
        raise TypeError("only an elliptic authority signs version 1 here")
    signed = certificate.tbs_certificate_bytes
    version = bytes.fromhex("a003020102")
    body = _der(0x30, signed[signed.index(version) + len(version) :])
    algorithm = bytes.fromhex("300a06082a8648ce3d040302")  # ecdsa-with-SHA256
    signature = authority.key.sign(body, ec.ECDSA(hashes.SHA256()))
    whole = _der(0x30, body + algorithm + _der(0x03, b"\0" + signature))
    return x509.load_der_x509_certificate(whole)


def _der(tag: int, content: bytes) -> bytes:
    length = len(content)
    short = 0x80
    if length < short:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([tag, short | len(size)]) + size + content


def self_signed(
    *names: str, key: str | PrivateKey = "p256", lifetime: timedelta = timedelta(days=90)
) -> Issued:
    """Make a leaf that signs itself."""
    private = _key(key)
    subject = _name(names[0])
    begin = now() - timedelta(hours=1)
    certificate = _sign(
        subject=subject,
        issuer=subject,
        public=private,
        signer=private,
        not_before=begin,
        not_after=begin + lifetime,
        extensions=[
            x509.SubjectAlternativeName([san(each) for each in names]),
            x509.BasicConstraints(ca=False, path_length=None),
            x509.ExtendedKeyUsage([SERVER_AUTH]),
        ],
    )
    return Issued(certificate=certificate, key=private)


# The last byte of the object identifiers 1.2.840.113549.1.1.x (RFC 8017, Appendix A.2.4).
_RSA_SIGNATURE = bytes.fromhex("2a864886f70d0101")
_SHA224 = b"\x0e"
_WEAK = {
    "md5": (b"\x04", hashes.MD5()),  # noqa: S303  weak on purpose: material that must be refused
    "sha1": (b"\x05", hashes.SHA1()),  # noqa: S303  as above
}


def weakly_signed(
    authority: Authority, certificate: x509.Certificate, digest: str = "sha1"
) -> x509.Certificate:
    """Sign `certificate` again with MD5 or SHA-1, as the RSA `authority` that issued it once would.

    cryptography makes no such signature for a certificate any more. So it is made with SHA-224,
    whose identifier differs in its last byte only; that byte and the signature are then replaced.
    """
    signer = authority.key
    if not isinstance(signer, rsa.RSAPrivateKey):
        raise TypeError("only an RSA authority signs with MD5 or SHA-1 here")
    builder = x509.CertificateBuilder(
        issuer_name=certificate.issuer,
        subject_name=certificate.subject,
        public_key=certificate.public_key(),
        serial_number=certificate.serial_number,
        not_valid_before=certificate.not_valid_before_utc,
        not_valid_after=certificate.not_valid_after_utc,
        extensions=list(certificate.extensions),
    )
    strong = builder.sign(signer, hashes.SHA224())
    last_byte, algorithm = _WEAK[digest]
    weak_identifier = _RSA_SIGNATURE + last_byte
    body = strong.tbs_certificate_bytes.replace(_RSA_SIGNATURE + _SHA224, weak_identifier)
    der = strong.public_bytes(Encoding.DER).replace(_RSA_SIGNATURE + _SHA224, weak_identifier)
    signature = signer.sign(body, padding.PKCS1v15(), algorithm)
    return x509.load_der_x509_certificate(der[: -len(signature)] + signature)


def _key(key: str | PrivateKey) -> PrivateKey:
    return make_key(key) if isinstance(key, str) else key


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _ca_extensions(path_length: int | None) -> list[x509.ExtensionType]:
    return [
        x509.BasicConstraints(ca=True, path_length=path_length),
        key_usage("digital_signature", "key_cert_sign", "crl_sign"),
    ]


def _authority_key_identifier(issuer: Authority) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())


def _sign(
    *,
    subject: x509.Name,
    issuer: x509.Name,
    public: PrivateKey,
    signer: PrivateKey,
    not_before: datetime,
    not_after: datetime,
    extensions: Sequence[x509.ExtensionType],
    digest: Digest | None = None,
) -> x509.Certificate:
    builder = x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=public.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=not_before,
        not_valid_after=not_after,
        extensions=[
            x509.Extension(each.oid, isinstance(each, x509.BasicConstraints | x509.KeyUsage), each)
            for each in (
                *extensions,
                x509.SubjectKeyIdentifier.from_public_key(public.public_key()),
            )
        ],
    )
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else digest or hashes.SHA256()
    return builder.sign(signer, algorithm)
