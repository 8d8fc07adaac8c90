"""The imported certificate as the double keeps it in moto's store, and who uses it."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from cryptography import x509
from moto.acm.models import CertBundle, TagHolder, acm_backends
from moto.core.utils import utcnow

from tests.double.fakes import fakes
from tests.double.world import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moto.acm.models import AWSCertificateManagerBackend

    from tests.double.world import World

CLOUDFRONT_REGION = "us-east-1"


class Tags(TagHolder):
    """A certificate's tags, with ACM's alphabet; remembers whether there ever was one."""

    ever_used = False

    def add(self, tags: list[dict[str, str]]) -> None:
        """Add tags, all or none."""
        super().add(tags)
        self.ever_used = self.ever_used or bool(tags)

    def _validate_kv(self, key: str, value: str | None, index: int) -> None:
        """ACM API Reference, Tag: letters, separators, numbers and `_.:/=+-@`; moto takes all."""
        super()._validate_kv(key, value, index)
        for member, text in (("key", key), ("value", value or "")):
            if not all(_in_tag_alphabet(character) for character in text):
                raise Refusal(
                    "ValidationException",
                    f"Value '{text}' at 'tags.{index}.member.{member}' failed to satisfy "
                    "constraint: Member must satisfy regular expression pattern",
                )


def _in_tag_alphabet(character: str) -> bool:
    return unicodedata.category(character)[0] in "LZN" or character in "_.:/=+-@"


class ImportedCertificate(CertBundle):
    """An imported certificate: its chain is exactly what was sent, where moto adds Amazon's."""

    def __init__(
        self,
        *,
        account_id: str,
        region: str,
        certificate: bytes,
        private_key: bytes,
        chain: bytes | None,
    ) -> None:
        super().__init__(
            account_id=account_id, region=region, certificate=certificate, private_key=private_key
        )
        self.imported_at = self.created_at
        self.tags: Tags = Tags()
        self._set_chain(chain)

    def replace(self, new: ImportedCertificate) -> None:
        """Take over the new material; ARN, tags and CreatedAt stay.

        ACM User Guide, Reimport a certificate: the ARN, its associations and its tags are kept.
        """
        kept = {"arn": self.arn, "tags": self.tags, "created_at": self.created_at}
        self.__dict__.update(new.__dict__ | kept)
        self.imported_at = utcnow()

    @property
    def leaf(self) -> x509.Certificate:
        """The certificate itself."""
        return self._cert

    def _set_chain(self, chain: bytes | None) -> None:
        self.chain = chain or b""
        self.chain_certificates = tuple(x509.load_pem_x509_certificates(chain)) if chain else ()


def store(world: World, region: str) -> AWSCertificateManagerBackend:
    """Return moto's store of a Region's certificates."""
    return acm_backends[world.account_id][region]


def imported(world: World, region: str) -> list[ImportedCertificate]:
    """Return a Region's imported certificates, oldest first."""
    return [
        each
        for each in store(world, region)._certificates.values()
        if isinstance(each, ImportedCertificate)
    ]


def find(world: World, region: str, arn: str) -> CertBundle | None:
    """Return the certificate, or None if this Region has none of that ARN."""
    return store(world, region)._certificates.get(arn)


def uses(world: World, region: str) -> dict[str, list[str]]:
    """Return, per certificate ARN, the ARNs of the resources that name it.

    ACM API Reference, CertificateDetail, InUseBy. The resource is the load balancer, where moto
    names a listener, and only the one that it was created with.
    """
    found: dict[str, list[str]] = {}
    for certificate, resource in _associations(world, region):
        users = found.setdefault(certificate, [])
        if resource not in users:
            users.append(resource)
    return found


def _associations(world: World, region: str) -> Iterator[tuple[str, str]]:
    for fake in fakes().values():
        yield from fake.uses(world, region)
