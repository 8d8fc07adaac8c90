"""A row of the table: a secret, and the verdict that it must get."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from certrotation.core.material.secret_value import SecretValue
from tests.hostile.corpus.material import NOW, PUBLIC_CA, SHOP
from tests.simulation.estate import fields_of
from tests.support.authority import pem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cryptography import x509

    from tests.support.authority import Issued

ABSENT = object()
"""In place of a field's value: the field is not there."""
VERSION = "11111111-2222-4333-8444-555555555555"


class Outcome(StrEnum):
    """What becomes of a secret."""

    REFUSED = "refused"
    REPAIRED = "repaired"
    WARNED = "warned"
    LIVE = "live"


@dataclass(frozen=True, kw_only=True, eq=False)
class Verdict:
    """What must become of a secret, and with which codes: all that refuse, else all there are.

    Two verdicts are never equal: a table may have one twice, and keeps the secrets under both.
    """

    outcome: Outcome
    codes: frozenset[str] = frozenset()
    says: str = ""
    """What a message must say: that of a refusal, or of a repair or warning where none refuses."""
    leaf: x509.Certificate | None = None
    """What goes live, where more than one certificate could."""
    chain: tuple[x509.Certificate, ...] = ()
    """What goes live above the leaf."""
    names: frozenset[str] | None = None
    """The names served, where they are what the row is about."""
    waits: bool = False
    """Goes live, but only once it has become valid."""


def refused(*codes: str, says: str) -> Verdict:
    """Nothing goes live, and the messages name what is wrong."""
    return Verdict(outcome=Outcome.REFUSED, codes=frozenset(codes), says=says)


def repaired(
    *codes: str,
    chain: tuple[x509.Certificate, ...],
    says: str = "",
    leaf: x509.Certificate | None = None,
) -> Verdict:
    """It goes live with this chain; `leaf` is the certificate if more than one could be."""
    return Verdict(
        outcome=Outcome.REPAIRED, codes=frozenset(codes), chain=chain, says=says, leaf=leaf
    )


def warned(
    *codes: str,
    chain: tuple[x509.Certificate, ...] = (PUBLIC_CA.certificate,),
    serves: str = "",
    says: str = "",
) -> Verdict:
    """It goes live with this chain, and a person is warned; `serves` is the only name."""
    names = frozenset({serves}) if serves else None
    return Verdict(
        outcome=Outcome.WARNED, codes=frozenset(codes), chain=chain, names=names, says=says
    )


def live(
    *names: str,
    chain: tuple[x509.Certificate, ...] = (PUBLIC_CA.certificate,),
    waits: bool = False,
) -> Verdict:
    """It goes live as it is; given names, these are served."""
    return Verdict(
        outcome=Outcome.LIVE, chain=chain, names=frozenset(names) if names else None, waits=waits
    )


@dataclass(frozen=True, kw_only=True)
class Row:
    """A secret that is judged by itself."""

    name: str
    value: SecretValue
    expected: Verdict
    at: datetime = NOW


@dataclass(frozen=True, kw_only=True)
class NotRun:
    """A row whose value could not be made here."""

    name: str
    reason: str


def row(name: str, value: SecretValue, expected: Verdict, *, at: datetime = NOW) -> Row:
    """Return a row of its own, for what `table` has no place for."""
    return Row(name=name, value=value, expected=expected, at=at)


def table(verdicts: Mapping[Verdict, Mapping[str, SecretValue]]) -> list[Row]:
    """Return the rows of a table: under each verdict the secrets that must get it."""
    return [
        row(name, value, expected)
        for expected, values in verdicts.items()
        for name, value in values.items()
    ]


def text(value: str) -> SecretValue:
    """A secret with this string for a value."""
    return SecretValue(version=VERSION, text=value)


def binary(value: bytes) -> SecretValue:
    """A secret with these bytes for a value."""
    return SecretValue(version=VERSION, binary=value)


def fields(**members: object) -> SecretValue:
    """A secret of these fields, as JSON."""
    return text(json.dumps(members))


def shop(**changes: object) -> SecretValue:
    """The secret of a good certificate with some fields changed, added or taken away."""
    return _but(SHOP, changes)


def of(issued: Issued, *chain: x509.Certificate, **changes: object) -> SecretValue:
    """The secret of `issued`, with `chain` in place of its own if any is given."""
    return _but(issued, {"chain": pem(*chain)} | changes if chain else changes)


def _but(issued: Issued, changes: dict[str, object]) -> SecretValue:
    members = fields_of(issued) | changes
    return fields(**{key: each for key, each in members.items() if each is not ABSENT})
