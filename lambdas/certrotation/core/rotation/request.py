"""The message that asks for one secret's rotation, and its JSON form on the queue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from certrotation.core.estate.tags import LONGEST_VALUE, Marks
from certrotation.errors import MessageMalformed
from certrotation.names.service import SECRET_KEY, SOURCE_KEY, VERSION_KEY
from certrotation.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from certrotation.names.sources import SourcePattern


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotCopy:
    """A copy, as listed by the scan that queued the message."""

    arn: str
    region: str
    in_use: bool
    tags: Mapping[str, str]
    """Our own tags."""

    @property
    def marks(self) -> Marks:
        """What our tags said about it."""
        return Marks.from_tags(self.tags)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSnapshot:
    """The copies of a secret as a scan listed them; fresh, it replaces a search."""

    at: int
    """Epoch seconds."""
    copies: tuple[SnapshotCopy, ...]
    lookalikes: tuple[str, ...] = ()
    """Regions where a certificate without our tags is in use under a name of a copy."""

    def copies_in(self, region: str) -> tuple[SnapshotCopy, ...]:
        """Return the copies in one Region."""
        return tuple(each for each in self.copies if each.region == region)


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationRequest:
    """A request that every target Region presents the AWSCURRENT version of `secret`."""

    secret: str
    """Name or ARN."""
    version: str | None = None
    """The id of the version that was AWSCURRENT when the message was written."""
    snapshot: ScanSnapshot | None = field(default=None, compare=False)
    waiting_since: int | None = None
    """Epoch seconds: when a dependent first delayed the work."""

    def to_json(self) -> str:
        """Return the message's body."""
        body: dict[str, Any] = {SECRET_KEY: self.secret}
        if self.version is not None:
            body[VERSION_KEY] = self.version
        if self.waiting_since is not None:
            body["waiting_since"] = self.waiting_since
        if self.snapshot is not None:
            body["seen"] = {
                "at": self.snapshot.at,
                "copies": [
                    {
                        "arn": each.arn,
                        "region": each.region,
                        "in_use": each.in_use,
                        "tags": dict(each.tags),
                    }
                    for each in self.snapshot.copies
                ],
                "lookalikes": list(self.snapshot.lookalikes),
            }
        return json.dumps(body, separators=(",", ":"))

    @classmethod
    def from_json(cls, body: str) -> RotationRequest:
        """Parse a message's body; unknown and malformed keys are ignored.

        Raises:
            MessageMalformed: the body is not a JSON object that names a secret.
        """
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):  # ValueError: no JSON, or a number of 5,000 digits
            document = None
        if not isinstance(document, dict) or not _is_word(document.get(SECRET_KEY)):
            raise MessageMalformed(
                "The message is not a JSON object with the name of a secret.",
                'Send {"secret": "<name or ARN>"}.',
            )
        version, since = document.get(VERSION_KEY), document.get("waiting_since")
        return cls(
            secret=document[SECRET_KEY],
            version=version if _is_word(version) else None,
            snapshot=_snapshot(document.get("seen")),
            waiting_since=since if isinstance(since, int) else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceAnnouncement:
    """A message that a secret of another account has a new version."""

    source: str
    """The full ARN of the secret."""
    version: str | None

    @classmethod
    def from_json(cls, body: str) -> SourceAnnouncement | None:
        """Parse a message's body; None if the message is not one about a source.

        A topic delivers its message within a notification. Whoever may publish to the topic, often
        in another account, chooses only the text within: no request to rotate is read from there,
        which may say what a scan has seen.
        """
        document = _object(body)
        if document.get("Type") == "Notification":
            document = _object(document.get("Message"))
        if SECRET_KEY in document:
            return None
        source, version = document.get(SOURCE_KEY), document.get(VERSION_KEY)
        if not isinstance(source, str) or not source:
            return None
        return cls(source=source, version=version if _is_word(version) else None)

    def is_about_one_of(self, patterns: Sequence[SourcePattern]) -> bool:
        """Return whether the source is a full ARN that one of the patterns matches.

        A secret's name may be so long that no tag has room for its ARN: nothing refers to it then.
        """
        # Most deployments have no sources, and the import would lengthen each cold start.
        from certrotation.names.sources import SourceArn  # noqa: PLC0415  see above

        if len(self.source) > LONGEST_VALUE or SourceArn.parse(self.source) is None:
            return False
        return any(each.matches(self.source) for each in patterns)

    def request_for(self, secret: str) -> RotationRequest:
        """Return the request to rotate a secret that refers to the source."""
        return RotationRequest(secret=secret, version=self.version)


def _object(text: object) -> dict[str, Any]:
    """Return the members of a JSON object; none if the text is not one."""
    try:
        document = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):  # as above
        return {}
    return document if isinstance(document, dict) else {}


def _snapshot(value: object) -> ScanSnapshot | None:
    """Return the snapshot, or None if it does not have the form that a scan writes."""
    try:
        return ScanSnapshot(
            at=int(value["at"]),  # type: ignore[index]  # checked by trying
            copies=tuple(
                SnapshotCopy(
                    arn=str(each["arn"]),
                    region=str(each["region"]),
                    in_use=bool(each["in_use"]),
                    tags={str(key): str(value) for key, value in each["tags"].items()},
                )
                for each in value["copies"]  # type: ignore[index]  # checked by trying
            ),
            lookalikes=tuple(map(str, value["lookalikes"])),  # type: ignore[index]  # as above
        )
    except (TypeError, KeyError, ValueError, OverflowError, AttributeError):
        return None


def _is_word(value: object) -> bool:
    return isinstance(value, str) and bool(value)
