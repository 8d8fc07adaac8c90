"""The JSON objects that the verbs print, as types; docs/schemas holds them as JSON Schema.

A key is never taken away and never changes its meaning while the number at the end of `schema` is
the same. New keys may come. Times are epoch seconds.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict


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


class CertificateItem(TypedDict):
    """One imported certificate."""

    arn: str
    region: str
    names: list[str]
    """The first hundred names."""
    more_names: bool
    """Whether the certificate has, or may have, further names."""
    key: str | None
    """RSA_2048, EC_prime256v1 and so on; null if it was not read."""
    issuer: str | None
    """The issuer's common name; null if it was not read."""
    not_before: int
    not_after: int
    days: int
    """Whole days until it expires; negative once it has."""
    window: Literal["ok", "warning", "critical", "expired"]
    warning_opens: int
    critical_opens: int
    state: str
    because: str
    """Why it has that state."""
    next: str
    """What happens next, or what a person must do."""
    in_use: bool
    users: list[str] | None
    """The ARNs that ACM names as users; null if they were not read."""
    used_by: str
    """The users by name."""
    secret: str | None
    """The secret whose copy it is."""
    version: str | None
    """The version of the secret that it carries."""


class GroupItem(TypedDict):
    """Certificates that nobody manages and that have the same names and key type."""

    secret: str
    """A proposed name for the secret."""
    tags: dict[str, str]
    """Proposed tags of the secret."""
    names: list[str]
    key: str | None
    certificates: list[str]
    """ARNs, the most urgent first."""
    used: int
    """How many of them are in use."""


class InventoryDocument(TypedDict):
    """The result of `inventory`."""

    schema: str
    at: int
    home_region: str
    target_regions: list[str]
    stack: str | None
    """The deployed stack; null without one."""
    mode: Literal["apply", "report"]
    unreachable: dict[str, str]
    """Region to reason. Nothing is known of the certificates there."""
    states: dict[str, int]
    """How many certificates have each state, before filters."""
    findings: list[FindingDetail]
    certificates: list[CertificateItem]
    """Those that the filters leave, in order."""
    groups: list[GroupItem]
    hits: list[str]
    """The ARNs that `--fail-on` hits."""


class ProposedCertificate(TypedDict):
    """A certificate of a proposed secret."""

    arn: str
    region: str
    not_after: int
    in_use: bool
    tags: dict[str, str]
    """Tags to put on it; empty if rotate adopts it by itself."""


class ProposedSecret(TypedDict):
    """One site: fill in where its material is, and keep what fits."""

    secret: str
    tags: dict[str, str]
    """Tags for the secret."""
    names: list[str]
    key: str | None
    certificates: list[ProposedCertificate]
    certificate: str
    """To fill in: the file of the certificate. `import --from` passes over an empty one."""
    private_key: str
    """To fill in: the file of the private key."""
    certificate_chain: str
    """To fill in if the certificate's file has no chain."""


class ProposalDocument(TypedDict):
    """The file that `inventory --propose` writes and `import --from` reads."""

    schema: str
    secrets: list[ProposedSecret]


PROPOSAL = "certrotation/proposal/1"
"""The schema of the file that `inventory --propose` writes."""

DOCUMENTS: dict[str, Any] = {
    "inventory": InventoryDocument,
    "check": CheckDocument,
    "import": ImportDocument,
    "mode": ModeDocument,
    "proposal": ProposalDocument,
}
"""By verb; `proposal` is a file."""
