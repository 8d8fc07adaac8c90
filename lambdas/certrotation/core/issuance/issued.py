"""What a secret's value records of its issuance: who issued it, when, and because of which rule."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from certrotation.core.issuance.renewal import Rule
from certrotation.core.material.secret_format import ISSUED_KEY

if TYPE_CHECKING:
    from cryptography import x509

    from certrotation.core.material.secret_value import SecretValue


class Issued(NamedTuple):
    """The record of an issuance, with the certificate that came of it."""

    by: str
    """The name of the issuer."""
    because: Rule
    at: datetime
    version: str
    not_after: datetime
    replaces: str | None = None
    """The version that was AWSCURRENT when the certificate was issued."""

    def record(self) -> dict[str, Any]:
        """Return the part that stands in the secret's value."""
        return {
            "by": self.by,
            "because": self.because.value,
            "at": int(self.at.timestamp()),
            "replaces": self.replaces,
        }

    def to_json(self) -> dict[str, Any]:
        """Return everything, for a log line."""
        return {
            **self.record(),
            "version": self.version,
            "not_after": int(self.not_after.timestamp()),
        }


def issued_in(value: SecretValue, leaf: x509.Certificate) -> Issued | None:
    """Return the record in a value; None if a person wrote the value, or changed the record.

    Args:
        value: the value of a version.
        leaf: the certificate in it.
    """
    try:
        record = json.loads(value.text or "")[ISSUED_KEY]
        return Issued(
            by=str(record["by"]),
            because=Rule(record["because"]),
            at=datetime.fromtimestamp(int(record["at"]), UTC),
            version=value.version,
            not_after=leaf.not_valid_after_utc,
            replaces=record.get("replaces"),
        )
    except (AttributeError, KeyError, OSError, OverflowError, TypeError, ValueError):
        return None


def replaced_by(value: SecretValue) -> str | None:
    """Return the version that a value which an issuer wrote is to replace; None for other values.

    Args:
        value: the value of a version that is pending.
    """
    try:
        replaces = json.loads(value.text or "")[ISSUED_KEY]["replaces"]
    except (KeyError, TypeError, ValueError):
        return None
    return replaces if isinstance(replaces, str) else None
