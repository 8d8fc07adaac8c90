"""What can be wrong with material or with a plan: codes, severities, remedies, acceptance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence


class Severity(StrEnum):
    """How much a finding weighs."""

    REFUSE = "refuse"
    REPAIR = "repair"
    WARN = "warn"


class Code(StrEnum):
    """The stable name of a finding: people search for it, alarms and tags carry it."""

    SECRET_MALFORMED = "SECRET_MALFORMED"
    SECRET_NAME_TOO_LONG = "SECRET_NAME_TOO_LONG"
    REGION_UNKNOWN = "REGION_UNKNOWN"
    KEY_MISMATCH = "KEY_MISMATCH"
    KEY_ENCRYPTED = "KEY_ENCRYPTED"
    KEY_UNSUPPORTED = "KEY_UNSUPPORTED"
    KEY_WEAK = "KEY_WEAK"
    KEY_TOO_LARGE = "KEY_TOO_LARGE"
    LEAF_MISSING = "LEAF_MISSING"
    LEAF_IS_CA = "LEAF_IS_CA"
    LEAF_UNFIT = "LEAF_UNFIT"
    SERVER_AUTH_MISSING = "SERVER_AUTH_MISSING"
    SELF_SIGNED = "SELF_SIGNED"
    SIGNATURE_WEAK = "SIGNATURE_WEAK"
    NAMES_MISSING = "NAMES_MISSING"
    NAMES_LOST = "NAMES_LOST"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    EXPIRES_SOON = "EXPIRES_SOON"
    EXPIRES_SOONER = "EXPIRES_SOONER"
    CHAIN_INCOMPLETE = "CHAIN_INCOMPLETE"
    CHAIN_EXPIRED = "CHAIN_EXPIRED"
    CHAIN_INVALID = "CHAIN_INVALID"
    CHAIN_TOO_LONG = "CHAIN_TOO_LONG"
    CHAIN_MISORDERED = "CHAIN_MISORDERED"
    CHAIN_SUPERFLUOUS = "CHAIN_SUPERFLUOUS"
    TRUST_LOST = "TRUST_LOST"
    TRUST_CHANGED = "TRUST_CHANGED"
    MUST_STAPLE = "MUST_STAPLE"
    ADOPTION_AMBIGUOUS = "ADOPTION_AMBIGUOUS"
    DEPENDENT_KEY_UNSUPPORTED = "DEPENDENT_KEY_UNSUPPORTED"
    DEPENDENT_NAME_UNCOVERED = "DEPENDENT_NAME_UNCOVERED"
    DEPENDENT_UNMOVABLE = "DEPENDENT_UNMOVABLE"
    DEPENDENT_DRIFTS = "DEPENDENT_DRIFTS"
    DEPENDENT_REVERTED = "DEPENDENT_REVERTED"
    EDGE_LATE = "EDGE_LATE"
    TAGS_TRUNCATED = "TAGS_TRUNCATED"
    IMPORT_QUOTA_NEAR = "IMPORT_QUOTA_NEAR"
    SCAN_TOO_RARE = "SCAN_TOO_RARE"
    ACCEPT_WITHOUT_EFFECT = "ACCEPT_WITHOUT_EFFECT"


_REMEDIES: dict[Code, str] = {
    Code.SECRET_MALFORMED: (
        "Write the secret as JSON with certificate, private_key and chain in PEM,"
        " or as pkcs12 in base64 with passphrase."
    ),
    Code.SECRET_NAME_TOO_LONG: "Give the secret a name that fits into an ACM tag value.",
    Code.REGION_UNKNOWN: (
        "Name only the stack's target Regions in the tag certrotation:regions,"
        " or add the Region to the stack."
    ),
    Code.KEY_MISMATCH: "Put the key and the certificate of the same order into the secret.",
    Code.KEY_ENCRYPTED: "Put the right passphrase under passphrase, or an unencrypted key.",
    Code.KEY_UNSUPPORTED: (
        "Issue the certificate with RSA of 2048, 3072 or 4096 bits or ECDSA on P-256, P-384 or"
        " P-521; nothing else can be imported into ACM."
    ),
    Code.KEY_WEAK: "Issue the certificate with RSA of at least 2048 bits, or with ECDSA.",
    Code.KEY_TOO_LARGE: "Issue the certificate with a smaller key; ACM takes 5,120 bytes of PEM.",
    Code.LEAF_MISSING: "Put the server's certificate first under certificate.",
    Code.LEAF_IS_CA: "Put a server certificate, not a CA's own certificate, into the secret.",
    Code.LEAF_UNFIT: (
        "Issue the certificate as an X.509 version 3 certificate for a TLS server, without critical"
        " extensions that clients do not know."
    ),
    Code.SERVER_AUTH_MISSING: (
        "Issue the certificate with the extended key usage serverAuth, or accept"
        " SERVER_AUTH_MISSING in the tag certrotation:accept."
    ),
    Code.SELF_SIGNED: (
        "Use a certificate that a CA issued, or accept SELF_SIGNED in the tag certrotation:accept."
    ),
    Code.SIGNATURE_WEAK: "Have it issued with SHA-256 or better; clients reject MD5 and SHA-1.",
    Code.NAMES_MISSING: "Issue the certificate with its DNS names as subject alternative names.",
    Code.NAMES_LOST: (
        "Issue the certificate with these names too, or, if they are to go, accept"
        " NAMES_LOST@<version id> in the tag certrotation:accept."
    ),
    Code.EXPIRED: "Put renewed material into the secret.",
    Code.NOT_YET_VALID: "Make the version AWSCURRENT when its certificate has become valid.",
    Code.EXPIRES_SOON: (
        "Put material with a later expiry into the secret, or accept"
        " EXPIRES_SOON@<version id> in the tag certrotation:accept."
    ),
    Code.EXPIRES_SOONER: "Check that the secret does not hold an older certificate by mistake.",
    Code.CHAIN_INCOMPLETE: (
        "Add the CA's intermediate certificates under chain, and the root if the CA is private."
    ),
    Code.CHAIN_EXPIRED: "Add the CA's current intermediate certificates under chain.",
    Code.CHAIN_INVALID: (
        "Use the intermediate certificates that the CA publishes for TLS servers. If clients reject"
        " those too, have the certificate issued by another CA."
    ),
    Code.CHAIN_TOO_LONG: "Use a shorter chain; the dependent named takes no more certificates.",
    Code.CHAIN_MISORDERED: "Nothing to do: the chain was put in order.",
    Code.CHAIN_SUPERFLUOUS: "Nothing to do: they were left out.",
    Code.TRUST_LOST: (
        "Check for a staging or foreign CA; if the change of CA is meant, accept"
        " TRUST_LOST@<version id> in the tag certrotation:accept."
    ),
    Code.TRUST_CHANGED: "Check that every client trusts the CA at which the new chain ends.",
    Code.MUST_STAPLE: (
        "Issue the certificate without must-staple (RFC 7633). AWS endpoints do not reliably staple"
        " OCSP responses."
    ),
    Code.ADOPTION_AMBIGUOUS: (
        "Tag the right certificate with certrotation:secret = the secret's name, and the others"
        " with certrotation:ignore."
    ),
    Code.DEPENDENT_KEY_UNSUPPORTED: (
        "Issue the certificate with a key type that every dependent takes."
    ),
    Code.DEPENDENT_NAME_UNCOVERED: "Issue the certificate with these names too.",
    Code.DEPENDENT_UNMOVABLE: (
        "Renew with the key type and the usages of the present certificate, so that its ARN can"
        " stay, or move this dependent by hand."
    ),
    Code.DEPENDENT_DRIFTS: (
        "Update the CloudFormation template to the new ARN before its next deployment."
    ),
    Code.DEPENDENT_REVERTED: (
        "Find who pointed it back at the superseded certificate: usually a template or a"
        " controller that still names the old ARN."
    ),
    Code.EDGE_LATE: (
        "Nothing to do now: CloudFront may take 24 hours to serve it. Renew more than 48 hours"
        " before expiry next time."
    ),
    Code.TAGS_TRUNCATED: "Remove tags from the secret until those that matter fit.",
    Code.IMPORT_QUOTA_NEAR: (
        "Ask AWS for a higher quota of ACM, imported certificates in the last 365 days, in this"
        " Region; then set CERTROTATION_YEARLY_IMPORT_QUOTA to it."
    ),
    Code.SCAN_TOO_RARE: "Set scan_interval_minutes to a quarter of the shortest window or less.",
    Code.ACCEPT_WITHOUT_EFFECT: "Remove this entry from the tag certrotation:accept.",
}

ACCEPTABLE_STANDING = frozenset(
    {
        Code.SELF_SIGNED,
        Code.CHAIN_INCOMPLETE,
        Code.SERVER_AUTH_MISSING,
        Code.SIGNATURE_WEAK,
        Code.KEY_WEAK,
    }
)
"""Findings that a person may accept for every version of a secret."""

ACCEPTABLE_ONCE = frozenset({Code.NAMES_LOST, Code.EXPIRES_SOON, Code.TRUST_LOST})
"""Findings that a person may accept for one version only, as `CODE@<version id>`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing noticed: `found` names it in a sentence, `remedy` says what to do."""

    code: Code
    severity: Severity
    found: str
    cause: str = ""
    """The kind of fault, without names. A refusal with a cause does not stop a copy that has the
    same fault from being renewed (see `soften_known`)."""

    @property
    def remedy(self) -> str:
        """What a person does about it."""
        return _REMEDIES[self.code]

    def __str__(self) -> str:
        """Return one line for a log or a screen."""
        return f"{self.code} ({self.severity}): {self.found} {self.remedy}"

    def to_json(self) -> dict[str, str]:
        """Return the finding as JSON values."""
        return {
            "code": self.code.value,
            "severity": self.severity.value,
            "found": self.found,
            "remedy": self.remedy,
        }


def refuse(code: Code, found: str, *, cause: str = "") -> Finding:
    """Return a finding that stops."""
    return Finding(code=code, severity=Severity.REFUSE, found=found, cause=cause)


def repair(code: Code, found: str) -> Finding:
    """Return a finding that says what was mended."""
    return Finding(code=code, severity=Severity.REPAIR, found=found)


def warn(code: Code, found: str) -> Finding:
    """Return a finding that stops nothing."""
    return Finding(code=code, severity=Severity.WARN, found=found)


def refusals(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return those that stop."""
    return tuple(each for each in findings if each.severity is Severity.REFUSE)


def final_refusals(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings that stop the rotation, whatever the current copies are like."""
    return tuple(each for each in refusals(findings) if not each.cause)


def soften_known(
    findings: Iterable[Finding], known: Collection[tuple[Code, str]]
) -> tuple[Finding, ...]:
    """Turn refusals into warnings whose cause is `known`: the current copies have it too.

    What is live today is renewed with the same fault rather than left to expire.
    """
    return tuple(
        replace(each, severity=Severity.WARN, found=f"As in the current copies: {each.found}")
        if each.severity is Severity.REFUSE and each.cause and (each.code, each.cause) in known
        else each
        for each in findings
    )


def apply_acceptance(
    findings: Sequence[Finding], entries: Sequence[str], version: str, *, is_complete: bool = True
) -> tuple[Finding, ...]:
    """Turn accepted refusals into warnings; an entry without effect becomes a warning itself.

    Args:
        findings: what was found.
        entries: the words of the tag `certrotation:accept`.
        version: the version id at hand.
        is_complete: whether all was checked; if not, an entry may yet come to have an effect.
    """
    effective = {entry: code for entry in entries if (code := _accepted(entry, version))}
    met = {each.code for each in refusals(findings)}
    softened = [
        replace(each, severity=Severity.WARN, found=f"Accepted by tag: {each.found}")
        if each.severity is Severity.REFUSE and each.code in effective.values()
        else each
        for each in findings
    ]
    idle = [
        warn(Code.ACCEPT_WITHOUT_EFFECT, f"The entry {entry} accepts nothing in version {version}.")
        for entry in entries
        if (effective.get(entry) not in met if is_complete else entry not in effective)
    ]
    return (*softened, *idle)


def _accepted(entry: str, version: str) -> Code | None:
    """Return the code that an entry accepts for `version`, if it accepts one at all."""
    name, at, wanted = entry.partition("@")
    acceptable = ACCEPTABLE_ONCE if at else ACCEPTABLE_STANDING
    if at and wanted != version:
        return None
    return next((code for code in acceptable if code == name), None)
