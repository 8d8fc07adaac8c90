"""Makes chains at random, good and bad, and asks OpenSSL what it makes of them.

A case is a small estate of CAs: public roots, a private and an unknown one, intermediates of which
some are cross-signed, and one leaf. Each certificate may have any fault that a path can have. Keys
are reused, because making them is what takes long.
"""

from __future__ import annotations

import ipaddress
import random
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.hostile.corpus.material import DAY, LONG_AGO, NOW
from tests.support.authority import (
    CLIENT_AUTH,
    SERVER_AUTH,
    Authority,
    Issued,
    PrivateKey,
    key_usage,
    pem,
    san,
    shared_key,
    weakly_signed,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta
    from pathlib import Path

BEGINS, ENDS = LONG_AGO, NOW + 2000 * DAY
CA_KEYS = ("p256",) * 12 + ("rsa2048",) * 6 + ("p384", "p521", "ed25519", "rsa1024", "p224")
LEAF_NAMES = (
    ("shop.example.com", "www.example.com"),
    ("shop.example.com",),
    ("*.example.com",),
    ("a.corp.example", "192.0.2.7"),
    ("192.0.2.7",),
    ("shop.example.org", "2001:db8::7"),
    (),
)
SUBTREES: tuple[x509.GeneralName, ...] = (
    x509.DNSName("example.com"),
    x509.DNSName(".example.com"),
    x509.DNSName("shop.example.com"),
    x509.DNSName("corp.example"),
    x509.DNSName(""),
    x509.IPAddress(ipaddress.ip_network("192.0.2.0/24")),
    x509.IPAddress(ipaddress.ip_network("2001:db8::/32")),
    x509.IPAddress(ipaddress.ip_network("0.0.0.0/0")),
    x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "EXAMPLE  ltd")])),
    x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Other")])),
    x509.RFC822Name("example.com"),
    x509.UniformResourceIdentifier(".example.com"),
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A leaf, what is supplied with it, and the public roots."""

    leaf: Issued
    supplied: tuple[x509.Certificate, ...]
    public_roots: tuple[x509.Certificate, ...]


@dataclass(kw_only=True)
class _Entity:
    """A CA: one name and one key, and the certificates that others issued to it."""

    name: x509.Name
    key: PrivateKey
    certificates: list[x509.Certificate] = field(default_factory=list)


class Maker:
    """Makes the cases of one seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  cases, not keys

    def case(self) -> Case:
        """Make the next case."""
        roots = [self._root(f"Root {number}") for number in range(4)]
        public = tuple(each.certificates[0] for each in roots[:2])
        entities = list(roots)
        for number in range(self._random.randint(1, 4)):
            entities.append(self._intermediate(number, entities))
        if self._chance(0.25):
            self._cross_sign(*self._random.sample(roots, 2))
        leaf = self._leaf(entities[-1] if self._chance(0.9) else self._random.choice(entities))
        return Case(leaf=leaf, supplied=self._supply(entities, public), public_roots=public)

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _name(self, text: str) -> x509.Name:
        """A name, in one of the ways in which it may be written."""
        kind = _ASN1Type.PrintableString if self._chance(0.1) else _ASN1Type.UTF8String
        written = text.upper() if self._chance(0.05) else text
        company = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example Ltd", kind)
        return x509.Name([company, x509.NameAttribute(NameOID.COMMON_NAME, written, kind)])

    def _root(self, name: str) -> _Entity:
        kind = self._random.choice(CA_KEYS)
        root = _Entity(name=self._name(name), key=shared_key(kind, name))
        root.certificates.append(self._ca(root, root, name))
        return root

    def _intermediate(self, number: int, above: Sequence[_Entity]) -> _Entity:
        name = f"CA {number}"
        ca = _Entity(name=self._name(name), key=shared_key(self._random.choice(CA_KEYS), name))
        for issuer in [above[-1], *self._random.sample(above, self._random.randint(0, 2))]:
            ca.certificates.append(self._ca(issuer, ca, name))
        return ca

    def _cross_sign(self, root: _Entity, older: _Entity) -> None:
        root.certificates.append(
            self._ca(older, root, root.name.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
        )

    def _ca(self, issuer: _Entity, subject: _Entity, name: str | bytes) -> x509.Certificate:
        extensions: list[tuple[x509.ExtensionType, bool]] = []
        if self._chance(0.96):
            length = self._random.choice([None] * 8 + [0, 1, 2])
            is_ca = self._chance(0.97)
            constraints = x509.BasicConstraints(ca=is_ca, path_length=length if is_ca else None)
            extensions.append((constraints, True))
        if self._chance(0.7):
            signs = ("key_cert_sign",) if self._chance(0.96) else ()
            extensions.append((key_usage("crl_sign", "digital_signature", *signs), True))
        if self._chance(0.2):
            extensions.append((x509.ExtendedKeyUsage(self._usages()), False))
        if self._chance(0.15):
            extensions.append((self._constraints(), True))
        if self._chance(0.03):
            extensions.append((_unknown(), self._chance(0.5)))
        begins, ends = self._validity()
        self._identify(issuer, subject.key, extensions)
        subject_name = self._name(str(name)) if self._chance(0.1) else subject.name
        return self._sign(issuer, subject_name, subject.key, (begins, ends), extensions)

    def _usages(self) -> list[x509.ObjectIdentifier]:
        return self._random.choice(
            [
                [SERVER_AUTH],
                [SERVER_AUTH, CLIENT_AUTH],
                [SERVER_AUTH, CLIENT_AUTH],
                [CLIENT_AUTH],
                [ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE],
                [ExtendedKeyUsageOID.CODE_SIGNING],
            ]
        )

    def _constraints(self) -> x509.NameConstraints:
        permitted = self._random.sample(SUBTREES, self._random.randint(0, 3))
        excluded = self._random.sample(SUBTREES, self._random.randint(0 if permitted else 1, 1))
        return x509.NameConstraints(permitted or None, excluded or None)

    def _validity(self) -> tuple[timedelta, timedelta]:
        if self._chance(0.05):
            return BEGINS - NOW, -DAY
        if self._chance(0.02):
            return DAY, ENDS - NOW
        return BEGINS - NOW, ENDS - NOW - DAY * self._random.randint(0, 3)

    def _identify(
        self, issuer: _Entity, key: PrivateKey, extensions: list[tuple[x509.ExtensionType, bool]]
    ) -> None:
        if self._chance(0.85):
            own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
            extensions.append((own, False))
        if self._chance(0.85):
            named = issuer.key if self._chance(0.97) else shared_key("p256", "another")
            identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(named.public_key())
            extensions.append((identifier, False))

    def _leaf(self, issuer: _Entity) -> Issued:
        names = self._random.choice(LEAF_NAMES)
        key = shared_key("p256", "a leaf")
        extensions: list[tuple[x509.ExtensionType, bool]] = []
        if names:
            extensions.append((x509.SubjectAlternativeName([san(each) for each in names]), False))
        if self._chance(0.8):
            extensions.append((x509.ExtendedKeyUsage([SERVER_AUTH]), False))
        if self._chance(0.5):
            usage = "digital_signature" if self._chance(0.95) else "crl_sign"
            extensions.append((key_usage(usage), True))
        if self._chance(0.02):
            extensions.append((_unknown(), True))
        self._identify(issuer, key, extensions)
        subject = self._name(
            self._random.choice(["shop.example.com", "The shop", "a.corp.example"])
        )
        validity = (-DAY, 80 * DAY)
        certificate = self._sign(issuer, subject, key, validity, extensions)
        return Issued(certificate=certificate, key=key)

    def _sign(
        self,
        issuer: _Entity,
        subject: x509.Name,
        key: PrivateKey,
        validity: tuple[timedelta, timedelta],
        extensions: Sequence[tuple[x509.ExtensionType, bool]],
    ) -> x509.Certificate:
        begins, ends = validity
        builder = x509.CertificateBuilder(
            issuer_name=issuer.name,
            subject_name=subject,
            public_key=key.public_key(),
            serial_number=self._random.getrandbits(100) + 1,
            not_valid_before=NOW + begins,
            not_valid_after=NOW + ends,
            extensions=[x509.Extension(each.oid, critical, each) for each, critical in extensions],
        )
        is_eddsa = issuer.key is shared_key("ed25519", "") or not hasattr(issuer.key, "key_size")
        signed = builder.sign(issuer.key, None if is_eddsa else hashes.SHA256())
        if isinstance(issuer.key, rsa.RSAPrivateKey) and self._chance(0.06):
            return weakly_signed(Authority(certificate=signed, key=issuer.key), signed)
        return signed

    def _supply(
        self, entities: Sequence[_Entity], public: Sequence[x509.Certificate]
    ) -> tuple[x509.Certificate, ...]:
        """What the secret holds: most certificates, in order or not, with duplicates at times."""
        every = [each for entity in reversed(entities) for each in entity.certificates]
        supplied = [each for each in every if self._chance(0.3 if each in public else 0.85)]
        if self._chance(0.4):
            self._random.shuffle(supplied)
        return (*supplied, *supplied[:1]) if self._chance(0.1) else tuple(supplied)


def _unknown() -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.2"), b"\x05\x00")


def openssl_accepts(
    folder: Path,
    leaf: x509.Certificate,
    untrusted: Sequence[x509.Certificate],
    trusted: Sequence[x509.Certificate],
    *,
    is_partial: bool = False,
) -> str | None:
    """Return None if OpenSSL accepts the leaf for a TLS server, else what it says.

    Level 2 is what Debian, Ubuntu and Red Hat ask of TLS: RSA of 2,048 bits, no SHA-1.

    Args:
        folder: where files may be written.
        leaf: the server's certificate.
        untrusted: what the server sends with it.
        trusted: what the client trusts.
        is_partial: whether the client may trust an intermediate, as if it knew its issuer.
    """
    files = {"leaf": [leaf], "untrusted": untrusted, "trusted": trusted}
    for name, certificates in files.items():
        (folder / name).write_text(pem(*certificates))
    command = [
        *("openssl", "verify", "-no-CApath", "-no-CAstore", "-attime", str(int(NOW.timestamp()))),
        *("-purpose", "sslserver", "-auth_level", "2", "-CAfile", "trusted"),
        *(["-untrusted", "untrusted"] if untrusted else []),
        *(["-partial_chain"] if is_partial else []),
        "leaf",
    ]
    done = subprocess.run(  # noqa: S603  a command of our own
        command, cwd=folder, capture_output=True, check=False, text=True, timeout=60
    )
    return None if done.returncode == 0 else f"{done.stdout}{done.stderr}"
