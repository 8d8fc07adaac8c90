"""The parameters in which templates of other teams read the ARN of a copy."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from certrotation.core.estate.tags import Marks
from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

ARN, EDGE_ARN = "arn", "edge-arn"
"""How the names of parameters end: with the copy of the Region, and with that of the edge."""

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_./-]|^/|/(?=/|$)")
"""What Systems Manager forbids in the name of a parameter (its API Reference, PutParameter, Name):
of the characters of a secret's name `+`, `=` and `@`, and a part without a character."""


class ArnChanged(TypedDict):
    """The detail of the event Certificate ARN Changed: the parameters of a copy change."""

    secret: str
    """The name of the secret."""
    region: str
    """The Region of the copy."""
    old: str | None
    """The ARN that the copy's own parameter holds until now; null for a first certificate."""
    new: str
    """The ARN that it is to hold."""


class Parameter(NamedTuple):
    """A parameter of Systems Manager."""

    region: str
    name: str

    def __str__(self) -> str:
        """Return name and Region."""
        return f"{self.name} in {self.region}"


class Publication(NamedTuple):
    """Where the ARN of a Region's copy is published."""

    parameters: tuple[Parameter, ...]
    """The copy's own parameter first; then, for the edge Region's copy, one in each target Region
    of the stack."""

    @property
    def mark(self) -> str:
        """The value of the tag on a copy whose ARN these parameters hold.

        A fingerprint: it changes with the stack's name, the prefix and, for the edge Region's copy,
        the stack's target Regions, so that the parameters are then written anew. The names
        themselves could be too long for a tag.
        """
        return sha256("\n".join(map(str, self.parameters)).encode()).hexdigest()[:16]

    def is_held_by(self, tags: Mapping[str, str]) -> bool:
        """Return whether the parameters hold the ARN of the copy with these tags.

        A superseded copy keeps its tag when another copy's ARN takes its place.
        """
        marks = Marks.from_tags(tags)
        return marks.superseded_by is None and marks.parameter == self.mark


@dataclass(frozen=True, slots=True, kw_only=True)
class ArnParameters:
    """How the parameters of a stack are named."""

    stack: str
    """The stack's name."""
    prefix: str
    """The prefix of the names of managed secrets."""
    edge: str | None
    """The Region whose certificates CloudFront presents, if there is one."""
    targets: tuple[str, ...]
    """The target Regions of the stack."""

    def of(self, secret: str, region: str) -> Publication:
        """Return where the ARN of a secret's copy is published.

        The edge Region's copy is published in every target Region of the stack, whatever Regions
        the secret names: a stack anywhere may read the parameter, and nobody would renew one in a
        Region that the secret no longer names.

        Args:
            secret: the name of the secret.
            region: the Region of the copy.
        """
        edge = self.targets if region == self.edge else ()
        return Publication(
            (
                Parameter(region, self.name(secret, ARN)),
                *(Parameter(each, self.name(secret, EDGE_ARN)) for each in edge),
            )
        )

    def name(self, secret: str, kind: str) -> str:
        """Return the name of a parameter: `kind` is `ARN` or `EDGE_ARN`.

        A character that is not allowed there becomes `_` and two hexadecimal digits. Two secrets
        may so come to the same name; who writes a parameter checks whose ARN it holds.
        """
        path = _NOT_IN_A_NAME.sub(
            lambda found: f"_{ord(found.group()):02X}", secret.removeprefix(self.prefix)
        )
        return f"{self.root}{path}/{kind}"

    @property
    def root(self) -> str:
        """How the names of all parameters of the stack begin."""
        return f"/{self.stack}/"
