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

    def record(self) -> dict[str, Any]:
        """Return the part that stands in the secret's value."""
        return {"by": self.by, "because": self.because.value, "at": int(self.at.timestamp())}

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
        )
    except (KeyError, OSError, OverflowError, TypeError, ValueError):
        return None
