"""The next issuance for a secret, before the CA is asked: what changes, and whether the ARN does.

The forecast is made from the current certificate, the request and the setting `issuers` alone. A
CA may still issue a certificate with other usages, another chain or another lifetime.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.x509.oid import ExtendedKeyUsageOID

from certrotation.core.findings import Finding
from certrotation.core.issuance.renewal import asked_by_request
from certrotation.core.issuance.wish import check_allowed, issuer_of, wish_of
from certrotation.core.material.x509_facts import key_algorithm_of
from certrotation.core.rotation.reimport_rules import (
    ReimportFacts,
    reasons_by_facts,
    reimport_facts_of,
)
from certrotation.names.issuers import PrivateCaIssuer
from certrotation.names.tags import ISSUER
from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography import x509

    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.core.issuance.wish import Wish
    from certrotation.core.material.certificate_request import CertificateRequest
    from certrotation.core.material.x509_facts import KeyAlgorithm
    from certrotation.names.issuers import AnyIssuer

OF_SERVERS_ALONE = frozenset({"tlsserver", "shortlived"})
"""Profiles whose certificates have neither keyEncipherment nor clientAuth (Let's Encrypt,
Profiles)."""

CLIENT_AUTH = "clientAuth"

_KEY_ENCIPHERMENT = "key_encipherment"
_BY_TEMPLATE = frozenset({"digital_signature", _KEY_ENCIPHERMENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What the issuer is asked for next, compared with the current certificate."""

    issuer: str
    """The value of the tag."""
    refusal: Finding | None = None
    """Why the issuer is not asked; the members below are then empty."""
    wish: Wish | None = None
    present_key: KeyAlgorithm | None = None
    """None if the secret has no certificate yet."""
    is_first: bool = False
    is_asked_now: bool = False
    """Whether the next look asks; otherwise the renewal does."""
    names_added: tuple[str, ...] = ()
    names_removed: tuple[str, ...] = ()
    new_arn_because: tuple[str, ...] = ()
    """Every rule of ACM that forbids importing the certificate under the current ARN."""
    usages_lost: tuple[str, ...] = ()
    """Extended key usages that the current certificate has and ACM lets go."""


def forecast(
    secret: ManagedSecret,
    request: CertificateRequest | str | None,
    leaf: x509.Certificate | None,
    issuers: Mapping[str, AnyIssuer],
) -> Forecast:
    """Return the forecast for a secret with an issuer's tag.

    Args:
        secret: the secret.
        request: the request in the secret's value, or what is wrong with it.
        leaf: the current certificate.
        issuers: the issuers of the stack, by name.
    """
    tag = secret.tags[ISSUER].strip()
    issuer = issuer_of(secret, issuers)
    if isinstance(issuer, Finding):
        return Forecast(issuer=tag, refusal=issuer)
    wish = wish_of(request, leaf, issuer)
    if isinstance(wish, Finding):
        return Forecast(issuer=tag, refusal=wish)
    denied = check_allowed(secret.name, wish, issuer)
    if denied is not None:
        return Forecast(issuer=tag, refusal=denied)
    asked = None if isinstance(request, str) else asked_by_request(request, leaf)
    wanted = frozenset(wish.names)
    if leaf is None:
        return Forecast(issuer=tag, wish=wish, is_first=True, is_asked_now=asked is not None)
    present = reimport_facts_of(leaf)
    expected = _expected(present, wish, issuer)
    return Forecast(
        issuer=tag,
        wish=wish,
        present_key=key_algorithm_of(leaf.public_key()),
        is_asked_now=asked is not None,
        names_added=tuple(sorted(wanted - present.names)),
        names_removed=tuple(sorted(present.names - wanted)),
        new_arn_because=reasons_by_facts(present, expected),
        usages_lost=(CLIENT_AUTH,) if _loses_client_auth(present, expected) else (),
    )


def _loses_client_auth(present: ReimportFacts, expected: ReimportFacts) -> bool:
    """Return whether a client can authenticate with the current certificate, not with the next."""
    return _is_for_clients(present) and not _is_for_clients(expected)


def _is_for_clients(facts: ReimportFacts) -> bool:
    """Return whether a certificate says that clients may use it."""
    usages = facts.extended_key_usages
    return usages is not None and ExtendedKeyUsageOID.CLIENT_AUTH in usages


def _expected(present: ReimportFacts, wish: Wish, issuer: AnyIssuer) -> ReimportFacts:
    """Return the properties of the next certificate, as far as they are known before it exists."""
    if isinstance(issuer, PrivateCaIssuer):
        return ReimportFacts(wish.key, frozenset(wish.names), *_usages_by_template(issuer.template))
    usages, extended = present.key_usages, present.extended_key_usages
    if wish.profile in OF_SERVERS_ALONE:
        usages = None if usages is None else usages - {_KEY_ENCIPHERMENT}
        extended = None if extended is None else extended - {ExtendedKeyUsageOID.CLIENT_AUTH}
    return ReimportFacts(wish.key, frozenset(wish.names), usages, extended)


def _usages_by_template(
    template: str,
) -> tuple[frozenset[str] | None, frozenset[x509.ObjectIdentifier] | None]:
    """Return key usages and extended ones (AWS Private CA User Guide, template definitions).

    A blank template has those of the signing request, and ours has none.
    """
    if template.startswith("Blank"):
        return None, None
    extended = {ExtendedKeyUsageOID.SERVER_AUTH}
    if template.startswith("EndEntityCertificate"):
        extended.add(ExtendedKeyUsageOID.CLIENT_AUTH)
    return _BY_TEMPLATE, frozenset(extended)
