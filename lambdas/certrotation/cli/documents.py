"""The JSON objects that the verbs print, as types; docs/schemas holds them as JSON Schema.

A key is never taken away and never changes its meaning while the number at the end of `schema` is
the same. New keys may come. Times are epoch seconds.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


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
    next_issuance: NextIssuance | None
    """With `--secret`; null without an issuer, or if the issuers are not known."""


class FollowedRegionDetail(TypedDict):
    """A Region in which a rotation was followed."""

    region: str
    state: str
    """live, pending or refused."""
    arns: list[str]
    """The certificates of the secret that are not superseded."""
    because: str
    """What is left to do, or why the Region does not change; may be empty."""


class ImportedSecret(TypedDict):
    """A secret that `import` was to write."""

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


class ImportDocument(TypedDict):
    """The result of `import`."""

    schema: str
    secrets: list[ImportedSecret]
    """One, or with `--from` those that the file names."""


class AnswerDetail(TypedDict):
    """What an endpoint serves for one name."""

    secret: str
    certificate: str
    """The ARN of the certificate that should be served."""
    kind: str
    resource: str
    """The ARN of the dependent."""
    host: str
    """The name that AWS gives the endpoint."""
    port: int
    name: str | None
    """The name in SNI; null without SNI."""
    verdict: Literal["same", "older", "late", "other", "unreachable"]
    because: str


class VerifyDocument(TypedDict):
    """The result of `verify`."""

    schema: str
    verdicts: dict[str, int]
    """How many handshakes have each verdict."""
    answers: list[AnswerDetail]
    passed_over: dict[str, str]
    """Users of certificates that were not asked, and why."""
    unreachable_regions: dict[str, str]
    """Region to reason. Nothing is known of the certificates there."""


class DiagnosisDetail(TypedDict):
    """What one check found."""

    check: str
    health: Literal["ok", "warning", "wrong", "unknown"]
    found: str
    remedy: str
    """What to do; may be empty."""
    link: str
    """A file of the documents, with a heading; may be empty."""


class DoctorDocument(TypedDict):
    """The result of `doctor`."""

    schema: str
    results: list[DiagnosisDetail]


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
    unknown_sources: dict[str, str]
    """Reference to the reason why the version of its source is not known."""
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


class PlanStep(TypedDict):
    """One step, as a rotation's log line has it."""

    verb: str
    arn: str
    because: str
    dependent: NotRequired[str]
    """The ARN of the dependent that moves, or is stranded."""
    to: NotRequired[str]
    """The certificate that the dependent is to present."""
    by: NotRequired[str]
    """The certificate that supersedes this one."""
    parameters: NotRequired[list[str]]
    """The ARN parameters that are to hold this certificate's ARN."""


class RegionPlanDetail(TypedDict):
    """What would be done in one Region, in this order."""

    region: str
    refused: bool
    findings: list[FindingDetail]
    notes: list[str]
    """What was found and left alone."""
    steps: list[PlanStep]
    error: str | None
    """Why the Region could not be planned."""


class NextIssuance(TypedDict):
    """What the issuer of a secret is asked for next, compared with the current certificate."""

    issuer: str
    """The value of the tag certrotation:issuer."""
    asked: Literal["next look", "renewal", "never"]
    """never if the issuer may not be asked; findings has the reason."""
    first: bool
    """Whether the secret has no certificate yet."""
    names: list[str]
    names_added: list[str]
    names_removed: list[str]
    key_type: str | None
    """As ACM names it; null if the issuer is not asked."""
    present_key_type: str | None
    """Of the current certificate; null without one."""
    profile: str | None
    """The profile that the CA is asked for; null for the CA's own choice."""
    new_arn: bool
    """Whether ACM would not import the certificate under the current ARN."""
    reasons: list[str]
    """Why not."""
    usages_lost: list[str]
    """Extended key usages that the next certificate lacks, and ACM lets go: clientAuth."""
    findings: list[FindingDetail]


class SecretPlan(TypedDict):
    """What rotate would do with one secret."""

    secret: str
    version: str | None
    error: str | None
    """Why there is no plan, or none for some Regions."""
    refused: bool
    """Whether the material or a Region is refused."""
    held: bool
    """Whether the secret is on hold: rotate would plan, and change nothing."""
    changes: bool
    digest: str
    """Equal for two plans that do the same with the same version."""
    findings: list[FindingDetail]
    """On the secret and the material."""
    regions: list[RegionPlanDetail]
    """The first is the canary. None if the material is refused."""
    next_issuance: NextIssuance | None
    """Null without an issuer, or if the issuers are not known."""


class PlanDocument(TypedDict):
    """The result of `plan`, and the file that `plan --out` writes and `rotate --plan` reads."""

    schema: str
    at: int
    home_region: str
    target_regions: list[str]
    stack: str | None
    mode: Literal["apply", "report"]
    """In report mode, rotate plans and changes nothing."""
    secrets: list[SecretPlan]


class RotatedRegion(TypedDict):
    """What became of one Region."""

    region: str
    status: str
    """live, pending or refused if it was followed; else as in a rotation's log line."""
    arns: list[str]
    """The copies that present the version, if it was followed."""
    performed: list[str]
    """The steps that `--here` performed."""
    because: str
    """What is left to do, or why the Region was not changed."""


class RotatedSecret(TypedDict):
    """What became of one secret."""

    secret: str
    version: str | None
    status: str
    """queued; live, pending, refused or held after `--wait`; else as in a rotation's log line."""
    error: str | None
    findings: list[FindingDetail]
    regions: list[RotatedRegion]


class RotateDocument(TypedDict):
    """The result of `rotate`."""

    schema: str
    here: bool
    """Whether this process rotated, and not the deployed function."""
    secrets: list[RotatedSecret]


class RollbackDocument(TypedDict):
    """The result of `rollback`."""

    schema: str
    secret: str
    from_version: str | None
    to_version: str
    moved: bool
    """Whether AWSCURRENT was moved; not if rotate would refuse the version."""
    plan: SecretPlan
    """What rotate does with that version."""


PROPOSAL = "certrotation/proposal/1"
"""The schema of the file that `inventory --propose` writes."""

DOCUMENTS: dict[str, Any] = {
    "inventory": InventoryDocument,
    "check": CheckDocument,
    "import": ImportDocument,
    "verify": VerifyDocument,
    "doctor": DoctorDocument,
    "mode": ModeDocument,
    "plan": PlanDocument,
    "rollback": RollbackDocument,
    "rotate": RotateDocument,
    "proposal": ProposalDocument,
}
"""By verb; `proposal` is a file."""
