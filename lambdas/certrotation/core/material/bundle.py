"""Material: the leaf certificate, private key and chain in one version of a managed secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from certrotation.core.material.host_names import names_of
from certrotation.core.material.x509_facts import fingerprint_of
from certrotation.values import dataclass, field, replace

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from certrotation.core.material.trust import Anchor
    from certrotation.core.material.x509_facts import KeyAlgorithm


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Leaf, private key and repaired chain, checked and ready to import.

    The chain starts at the leaf's issuer, as ImportCertificate requires (ACM User Guide,
    Certificate and key format for importing). Neither repr nor comparison uses the key.
    """

    version: str
    leaf: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key_algorithm: KeyAlgorithm
    anchor: Anchor
    private_key: PrivateKeyTypes = field(repr=False, compare=False)
    shorter_chains: tuple[tuple[x509.Certificate, ...], ...] = ()
    """The other chains that clients accept, best first, for dependents that limit the length."""

    @property
    def names(self) -> frozenset[str]:
        """The DNS names and IP addresses of the leaf."""
        return names_of(self.leaf)

    @property
    def fingerprint(self) -> str:
        """The leaf's SHA-256 fingerprint in hexadecimal."""
        return fingerprint_of(self.leaf)

    @property
    def not_after(self) -> int:
        """The expiry of the leaf, in epoch seconds."""
        return int(self.leaf.not_valid_after_utc.timestamp())

    def within(self, longest_chain: int | None) -> Material:
        """Return the material with a chain of at most so many certificates, if there is one."""
        if longest_chain is None or len(self.chain) <= longest_chain:
            return self
        fitting = (each for each in self.shorter_chains if len(each) <= longest_chain)
        return replace(self, chain=next(fitting, self.chain))

    def leaf_pem(self) -> bytes:
        """Return the leaf, without the chain, in PEM."""
        return self.leaf.public_bytes(Encoding.PEM)

    def chain_pem(self) -> bytes:
        """Return the chain in PEM, nearest issuer first; empty if the chain is empty."""
        return b"".join(each.public_bytes(Encoding.PEM) for each in self.chain)

    def private_key_pem(self) -> bytes:
        """Return the key as unencrypted PKCS#8 PEM, which ACM accepts for every key type."""
        return private_key_pem(self.private_key)


def private_key_pem(key: PrivateKeyTypes) -> bytes:
    """Return `key` as unencrypted PKCS#8 PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentedCertificate:
    """The leaf and chain of a copy in ACM, without the key."""

    leaf: x509.Certificate
    chain: tuple[x509.Certificate, ...]

    @property
    def fingerprint(self) -> str:
        """The leaf's SHA-256 fingerprint in hexadecimal."""
        return fingerprint_of(self.leaf)

    def equals(self, material: Material) -> bool:
        """Return whether leaf and chain equal the material's, byte for byte."""
        return self.leaf == material.leaf and self.chain == material.chain
