"""The JSON objects that the verbs print, as types; docs/schemas holds them as JSON Schema.

A key is never taken away and never changes its meaning while the number at the end of `schema` is
the same. New keys may come. Times are epoch seconds.
"""

from __future__ import annotations

from typing import Any, TypedDict


class ErrorDetail(TypedDict):
    """Why a command ended."""

    code: str
    """A stable code of docs/operating.md, or USAGE, FILE or BUG."""
    found: str
    """A sentence that names what is wrong."""
    remedy: str
    """What to do; may be empty."""


class ErrorDocument(TypedDict):
    """What every verb prints instead of its result if it cannot give one."""

    schema: str
    error: ErrorDetail


class FunctionMode(TypedDict):
    """One function of the service."""

    name: str
    before: str
    """The mode before the command."""
    mode: str
    """The mode now."""


class ModeDocument(TypedDict):
    """The result of `mode`."""

    schema: str
    stack: str
    version: str | None
    """The version of the stack; null before 0.2.0."""
    functions: list[FunctionMode]


class FindingDetail(TypedDict):
    """A finding on material or on a plan; docs/operating.md lists the codes."""

    code: str
    severity: str
    """refuse, repair or warn."""
    found: str
    """A sentence that names the fact."""
    remedy: str
    """What to do."""


class MaterialDetail(TypedDict):
    """A leaf certificate with its chain; never the key."""

    names: list[str]
    key_type: str
    """As ACM names it."""
    issuer: str
    not_before: int
    not_after: int
    fingerprint: str
    """SHA-256 of the leaf, in hexadecimal."""
    chain_length: int
    """Certificates that would be imported beside the leaf."""


class ComparedCertificate(TypedDict):
    """A certificate in ACM that the material would replace."""

    arn: str
    reimport: bool
    """Whether ACM imports the material under this ARN."""
    reasons: list[str]
    """Why not."""


class CheckDocument(TypedDict):
    """The result of `check`."""

    schema: str
    refused: bool
    """Whether a finding refuses the material; the exit code is then 3."""
    material: MaterialDetail | None
    """Null if the material cannot be read."""
    findings: list[FindingDetail]
    against: list[ComparedCertificate]


class FollowedRegionDetail(TypedDict):
    """A Region in which a rotation was followed."""

    region: str
    state: str
    """live, pending or refused."""
    arns: list[str]
    """The certificates of the secret that are not superseded."""
    because: str
    """What is left to do, or why the Region does not change; may be empty."""


class ImportDocument(TypedDict):
    """The result of `import`."""

    schema: str
    secret: str
    version: str | None
    """The version that was written; null if the material is refused."""
    created: bool
    """Whether the secret is new."""
    material: MaterialDetail | None
    """Null if the material cannot be read."""
    findings: list[FindingDetail]
    """On the material."""
    live: bool | None
    """Whether every target Region presents the version; null if the rotation was not followed."""
    regions: list[FollowedRegionDetail]


DOCUMENTS: dict[str, Any] = {
    "check": CheckDocument,
    "import": ImportDocument,
    "mode": ModeDocument,
}
"""By verb."""
