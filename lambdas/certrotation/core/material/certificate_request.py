"""The request to an issuer, in the value of a secret: names, key type and profile."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from certrotation.core.material.host_names import is_ip_address, normalise
from certrotation.core.material.x509_facts import KeyAlgorithm

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES, KEY, PROFILE = "names", "key", "profile"
MOST_NAMES = 100
"""The most names that Let's Encrypt issues a certificate for; other CAs take fewer or as many."""

KEYS = tuple(each for each in KeyAlgorithm if each is not KeyAlgorithm.RSA_1024)
"""The key types that an issuer may be asked for: those that this service does not refuse."""

_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_NAME = re.compile(rf"(?=.{{1,253}}$)(\*\.)?({_LABEL}\.)+{_LABEL}")
_PROFILE = re.compile("[A-Za-z0-9._-]{1,64}")


class CertificateRequest(NamedTuple):
    """What an issuer is asked for; None leaves the choice to the current certificate."""

    names: tuple[str, ...]
    """Lower-case A-labels, sorted; the first label may be a wildcard."""
    key: KeyAlgorithm | None = None
    profile: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return the request as it stands in the value of a secret."""
        optional = {KEY: self.key and self.key.value, PROFILE: self.profile}
        return {
            NAMES: list(self.names),
            **{name: value for name, value in optional.items() if value is not None},
        }


def parse_request(document: object) -> CertificateRequest | str:
    """Return the request, or a sentence that says what is wrong with it.

    Args:
        document: the field `request` of the secret's JSON.
    """
    if not isinstance(document, dict):
        return "request is not a JSON object."
    unknown = len(document.keys() - {NAMES, KEY, PROFILE})
    if unknown:
        # Nothing is quoted: a key may have been pasted into the wrong place.
        return f"request has {unknown} unknown fields; the fields are names, key and profile."
    names = _names(document.get(NAMES))
    if isinstance(names, str):
        return names
    key = _key(document)
    if isinstance(key, str) and not isinstance(key, KeyAlgorithm):
        return key
    profile = document.get(PROFILE)
    if profile is not None and not (isinstance(profile, str) and _PROFILE.fullmatch(profile)):
        return "request.profile must be 1 to 64 letters, digits and ._- characters."
    return CertificateRequest(names=names, key=key, profile=profile)


def is_requestable(name: str) -> bool:
    """Return whether a CA can be asked for a certificate for this normalised name."""
    return _NAME.fullmatch(name) is not None and not is_ip_address(name)


def _names(given: object) -> tuple[str, ...] | str:
    if not isinstance(given, list) or not given:
        return "request.names must be a list of one or more host names."
    if not all(isinstance(each, str) for each in given):
        return "request.names contains a value that is not a string."
    names = {normalise(each.strip()) for each in given}
    if len(names) > MOST_NAMES:
        return f"request.names contains {len(names)} names; the most is {MOST_NAMES}."
    wrong = sum(not is_requestable(each) for each in names)
    if wrong:
        return f"request.names contains {wrong} values that are not fully qualified host names."
    return tuple(sorted(names))


def _key(document: Mapping[str, object]) -> KeyAlgorithm | str | None:
    given = document.get(KEY)
    if given is None:
        return None
    if isinstance(given, str) and given in {each.value for each in KEYS}:
        return KeyAlgorithm(given)
    return f"request.key must be one of {', '.join(KEYS)}."
