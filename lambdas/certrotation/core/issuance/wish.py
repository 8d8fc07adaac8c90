"""What a secret's next certificate is to be like, and whether its issuer may be asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from certrotation.core.findings import Code, Finding, refuse
from certrotation.core.material.certificate_request import MOST_NAMES, is_requestable
from certrotation.core.material.host_names import names_of, uncovered
from certrotation.core.material.x509_facts import KeyAlgorithm, key_algorithm_of
from certrotation.names.issuers import PrivateCaIssuer
from certrotation.names.tags import ISSUER, SOURCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography import x509

    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.core.material.certificate_request import CertificateRequest
    from certrotation.names.issuers import AnyIssuer

DEFAULT_KEY = KeyAlgorithm.EC_PRIME256V1
"""Of a first certificate whose request names no key type: every dependent takes it."""

_MOST_NAMED = 5
_WITHOUT_PROFILE = (
    "Remove profile from the field request of the secret's value: the setting issuers names the"
    " template of a private CA."
)


class Wish(NamedTuple):
    """The certificate that an issuer is asked for."""

    names: tuple[str, ...]
    key: KeyAlgorithm
    profile: str | None

    def is_met_by(self, leaf: x509.Certificate) -> bool:
        """Return whether a certificate has these names and this type of key."""
        key = key_algorithm_of(leaf.public_key())
        return set(self.names) == names_of(leaf) and self.key is key


def issuer_of(secret: ManagedSecret, issuers: Mapping[str, AnyIssuer]) -> AnyIssuer | Finding:
    """Return the issuer that the secret's tag names; the secret must have the tag."""
    name = secret.tags[ISSUER].strip()
    if SOURCE in secret.tags:
        found = f"The secret {secret.name} has both tags {ISSUER} and {SOURCE}."
        return refuse(Code.ISSUANCE_REFUSED, found, advice="Remove one of the two tags.")
    if name in issuers:
        return issuers[name]
    known = ", ".join(issuers) or "no issuers"
    found = f"The tag {ISSUER} names {name or 'no issuer'}; the stack has {known}."
    return refuse(Code.ISSUER_UNKNOWN, found)


def wish_of(
    request: CertificateRequest | str | None,
    leaf: x509.Certificate | None,
    issuer: AnyIssuer,
) -> Wish | Finding:
    """Return what to ask for: names, key type and profile of the request, else of the leaf.

    The key type stays that of the current certificate, so that ACM reimports in place.

    Args:
        request: the request in the secret's value, or what is wrong with it.
        leaf: the current certificate.
        issuer: who is asked.
    """
    if isinstance(request, str):
        advice = "Correct the field request in the secret's value."
        return refuse(Code.ISSUANCE_REFUSED, f"The secret's {request}", advice=advice)
    names = request.names if request else tuple(sorted(names_of(leaf))) if leaf else ()
    present = key_algorithm_of(leaf.public_key()) if leaf else None
    key = (request.key if request else None) or present or DEFAULT_KEY
    asked_profile = request.profile if request else None
    if isinstance(issuer, PrivateCaIssuer) and asked_profile is not None:
        found = f"The request names the profile {asked_profile}; {issuer.name} has no profiles."
        return refuse(Code.ISSUANCE_REFUSED, found, advice=_WITHOUT_PROFILE)
    profile = None if isinstance(issuer, PrivateCaIssuer) else asked_profile or issuer.profile
    unfit = [each for each in names if not is_requestable(each)]
    if unfit or not 0 < len(names) <= MOST_NAMES:
        which = f"these names: {_some(unfit)}" if unfit else f"{len(names)} names"
        advice = "Write the names to ask for into the field request of the secret's value."
        return refuse(Code.ISSUANCE_REFUSED, f"No CA can be asked for {which}.", advice=advice)
    return Wish(names=names, key=key, profile=profile)


def check_allowed(secret: str, wish: Wish, issuer: AnyIssuer) -> Finding | None:
    """Return a refusal if the secret may not get a certificate for these names.

    A pattern allows what a certificate for the pattern would serve: `*.x` allows itself and one
    label below x. Whoever may tag a secret must not get a certificate for anybody's name.
    """
    denied = uncovered(issuer.allowed(secret), wish.names)
    if not denied:
        return None
    found = f"The issuer {issuer.name} does not allow {_some(denied)} for the secret {secret}."
    advice = "Ask the owner of the stack to allow the names in the setting issuers."
    return refuse(Code.ISSUANCE_REFUSED, found, advice=advice)


def _some(names: list[str] | tuple[str, ...]) -> str:
    more = len(names) - _MOST_NAMED
    shown = ", ".join(names[:_MOST_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown
