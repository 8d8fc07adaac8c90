"""Findings on material and plans: codes, severities, remedies, acceptance."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from certrotation.values import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence


class Severity(StrEnum):
    """The severity of a finding."""

    REFUSE = "refuse"
    REPAIR = "repair"
    WARN = "warn"


class Code(StrEnum):
    """The stable name of a finding. People search for the code; alarms and tags contain it."""

    SECRET_MALFORMED = "SECRET_MALFORMED"
    IDENTITY_AMBIGUOUS = "IDENTITY_AMBIGUOUS"
    AWAITING_ISSUANCE = "AWAITING_ISSUANCE"
    SECRET_NAME_TOO_LONG = "SECRET_NAME_TOO_LONG"
    REGION_UNKNOWN = "REGION_UNKNOWN"
    SOURCE_DENIED = "SOURCE_DENIED"
    SOURCE_GONE = "SOURCE_GONE"
    SOURCE_MALFORMED = "SOURCE_MALFORMED"
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
    LIVE_CERTIFICATE_LEFT = "LIVE_CERTIFICATE_LEFT"
    DEPENDENT_KEY_UNSUPPORTED = "DEPENDENT_KEY_UNSUPPORTED"
    DEPENDENT_NAME_UNCOVERED = "DEPENDENT_NAME_UNCOVERED"
    DEPENDENT_UNMOVABLE = "DEPENDENT_UNMOVABLE"
    DEPENDENT_DRIFTS = "DEPENDENT_DRIFTS"
    DEPENDENT_REVERTED = "DEPENDENT_REVERTED"
    DEPENDENT_ISSUER_CHANGED = "DEPENDENT_ISSUER_CHANGED"
    EDGE_LATE = "EDGE_LATE"
    TAGS_TRUNCATED = "TAGS_TRUNCATED"
    IMPORT_QUOTA_NEAR = "IMPORT_QUOTA_NEAR"
    SCAN_TOO_RARE = "SCAN_TOO_RARE"
    ACCEPT_WITHOUT_EFFECT = "ACCEPT_WITHOUT_EFFECT"
    ISSUER_UNKNOWN = "ISSUER_UNKNOWN"
    ISSUANCE_REFUSED = "ISSUANCE_REFUSED"
    ISSUANCE_UNVALIDATED = "ISSUANCE_UNVALIDATED"
    ISSUANCE_LIMITED = "ISSUANCE_LIMITED"
    ISSUED_UNFIT = "ISSUED_UNFIT"


_REMEDIES: dict[Code, str] = {
    Code.SECRET_MALFORMED: (
        "Write the secret as JSON with the PEM fields certificate, private_key and chain, or with"
        " the fields pkcs12 (base64) and passphrase."
    ),
    Code.IDENTITY_AMBIGUOUS: (
        "Write one private key and its certificate into the secret, and the others into secrets of"
        " their own."
    ),
    Code.AWAITING_ISSUANCE: (
        "No action needed if the secret has the tag certrotation:issuer: the issuer writes the"
        " certificate into the secret. Otherwise add the tag, or write a certificate."
    ),
    Code.SECRET_NAME_TOO_LONG: "Use a secret name that fits into an ACM tag value.",
    Code.REGION_UNKNOWN: (
        "List only target Regions of the stack in the tag certrotation:regions, or add the Region"
        " to target_regions."
    ),
    Code.SOURCE_DENIED: (
        "Allow the role to read the source: in the setting source_secrets, in the policy of the"
        " secret and in the policy of the secret's KMS key, as docs/accounts.md shows."
    ),
    Code.SOURCE_GONE: (
        "Restore the source, or name another one in the tag certrotation:source. Otherwise delete"
        " this secret, and detach and delete its certificates."
    ),
    Code.SOURCE_MALFORMED: (
        "Write the full ARN of a secret in another account to the tag certrotation:source."
    ),
    Code.KEY_MISMATCH: "Write the private key that belongs to the certificate into the secret.",
    Code.KEY_ENCRYPTED: (
        "Write the correct passphrase to the field passphrase, or use an unencrypted key."
    ),
    Code.KEY_UNSUPPORTED: (
        "Issue the certificate with RSA (2048, 3072 or 4096 bits) or ECDSA (P-256, P-384 or P-521)."
        " ACM imports no other key type. If the key is encrypted, encrypt it with the defaults of"
        " `openssl pkcs8 -topk8`."
    ),
    Code.KEY_WEAK: "Issue the certificate with RSA of at least 2048 bits, or with ECDSA.",
    Code.KEY_TOO_LARGE: "Issue the certificate with a smaller key. ACM accepts 5,120 bytes of PEM.",
    Code.LEAF_MISSING: "Write the server certificate first in the field certificate.",
    Code.LEAF_IS_CA: "Write a server certificate into the secret, not a CA certificate.",
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
    Code.SIGNATURE_WEAK: (
        "Issue the certificate with SHA-256 or better. Clients reject MD5 and SHA-1."
    ),
    Code.NAMES_MISSING: "Issue the certificate with its DNS names as subject alternative names.",
    Code.NAMES_LOST: (
        "Issue the certificate with these names too. If the names are no longer needed, accept"
        " NAMES_LOST@<version id> in the tag certrotation:accept."
    ),
    Code.EXPIRED: "Write renewed material into the secret.",
    Code.NOT_YET_VALID: "Make the version AWSCURRENT after its certificate becomes valid.",
    Code.EXPIRES_SOON: (
        "Write material with a later expiry into the secret, or accept"
        " EXPIRES_SOON@<version id> in the tag certrotation:accept."
    ),
    Code.EXPIRES_SOONER: "Check that the secret does not contain an older certificate by mistake.",
    Code.CHAIN_INCOMPLETE: (
        "Add the CA's intermediate certificates to the field chain. If the CA is private, add its"
        " root too."
    ),
    Code.CHAIN_EXPIRED: "Add the CA's current intermediate certificates to the field chain.",
    Code.CHAIN_INVALID: (
        "Use the intermediate certificates that the CA publishes for TLS servers. If clients reject"
        " those too, have the certificate issued by another CA."
    ),
    Code.CHAIN_TOO_LONG: "Use a shorter chain. The dependent does not accept a longer chain.",
    Code.CHAIN_MISORDERED: "No action needed. The chain was reordered.",
    Code.CHAIN_SUPERFLUOUS: "No action needed. The certificates were left out of the import.",
    Code.TRUST_LOST: (
        "Check whether a staging CA or a wrong CA issued the certificate. If the change of CA is"
        " intended, accept TRUST_LOST@<version id> in the tag certrotation:accept."
    ),
    Code.TRUST_CHANGED: "Check that every client trusts the CA at which the new chain ends.",
    Code.MUST_STAPLE: (
        "Issue the certificate without must-staple (RFC 7633). AWS endpoints do not reliably staple"
        " OCSP responses."
    ),
    Code.ADOPTION_AMBIGUOUS: (
        "Tag the correct certificate with certrotation:secret = the secret's name. Tag the other"
        " certificates with certrotation:ignore."
    ),
    Code.LIVE_CERTIFICATE_LEFT: (
        "Tag the certificate with certrotation:secret = the secret's name, or point its dependents"
        " at another certificate. To leave the certificate as it is, accept LIVE_CERTIFICATE_LEFT"
        " in the tag certrotation:accept."
    ),
    Code.DEPENDENT_KEY_UNSUPPORTED: (
        "Issue the certificate with a key type that every dependent supports."
    ),
    Code.DEPENDENT_NAME_UNCOVERED: "Issue the certificate with these names too.",
    Code.DEPENDENT_UNMOVABLE: (
        "Renew with the same key type, key size and usages as the current certificate, so that the"
        " ARN does not change, or move this dependent by hand."
    ),
    Code.DEPENDENT_DRIFTS: (
        "Write the new ARN into the CloudFormation template, or into what the finding names, before"
        " the next deployment."
    ),
    Code.DEPENDENT_REVERTED: (
        "Find who pointed the dependent back at the superseded certificate: usually a template or"
        " a controller that still contains the old ARN."
    ),
    Code.DEPENDENT_ISSUER_CHANGED: (
        "Check that the resource presents the new certificate. API Gateway documents that, with"
        " mutual TLS, a reimport must keep the issuer."
    ),
    Code.EDGE_LATE: (
        "No action needed now. CloudFront may take 24 hours to serve the new certificate. Next"
        " time, renew more than 48 hours before expiry."
    ),
    Code.TAGS_TRUNCATED: "Remove tags from the secret until the important ones fit.",
    Code.IMPORT_QUOTA_NEAR: (
        "Request a higher ACM quota for imported certificates in the last 365 days in this Region."
        " Then set CERTROTATION_YEARLY_IMPORT_QUOTA to the new quota."
    ),
    Code.SCAN_TOO_RARE: (
        "Set scan_interval_minutes to at most a quarter of the shortest critical window."
    ),
    Code.ACCEPT_WITHOUT_EFFECT: "Remove this entry from the tag certrotation:accept.",
    Code.ISSUER_UNKNOWN: (
        "Correct the tag certrotation:issuer, or add the issuer to the stack's setting issuers."
    ),
    Code.ISSUANCE_REFUSED: (
        "Correct what the CA refuses: the account, its binding, the names, a CAA record or the"
        " profile. The issuer asks again within 12 hours."
    ),
    Code.ISSUANCE_UNVALIDATED: (
        "Check that the zone of the name is among the issuer's zones, and that public DNS servers"
        " return the zone's records. The issuer asks again after an hour."
    ),
    Code.ISSUANCE_LIMITED: (
        "No action needed unless the certificate is about to expire: the issuer asks again when the"
        " CA allows. Otherwise write a certificate of another CA into the secret."
    ),
    Code.ISSUED_UNFIT: (
        "Correct the request, the profile or the issuer: the CA issued a certificate that would be"
        " refused. The current certificate stays."
    ),
}

SOURCE_CODES = frozenset({Code.SOURCE_DENIED, Code.SOURCE_GONE, Code.SOURCE_MALFORMED})
"""Findings on the secret of another account that a reference names."""

ACCEPTABLE_STANDING = frozenset(
    {
        Code.SELF_SIGNED,
        Code.CHAIN_INCOMPLETE,
        Code.SERVER_AUTH_MISSING,
        Code.SIGNATURE_WEAK,
        Code.KEY_WEAK,
        Code.LIVE_CERTIFICATE_LEFT,
    }
)
"""Findings that a person may accept for every version of a secret."""

ACCEPTABLE_ONCE = frozenset({Code.NAMES_LOST, Code.EXPIRES_SOON, Code.TRUST_LOST})
"""Findings that a person may accept for one version only, as `CODE@<version id>`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A finding: `found` is a sentence that names the fact, `remedy` says what to do."""

    code: Code
    severity: Severity
    found: str
    cause: str = ""
    """The kind of fault, without names. A refusal with a cause does not stop a copy that has the
    same fault from being renewed (see `soften_known`)."""
    advice: str = ""
    """What a person must do in this case, if the remedy of the code is too general."""

    @property
    def remedy(self) -> str:
        """What a person must do."""
        return self.advice or _REMEDIES[self.code]

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


def refuse(code: Code, found: str, *, cause: str = "", advice: str = "") -> Finding:
    """Return a finding that stops the rotation."""
    return Finding(code=code, severity=Severity.REFUSE, found=found, cause=cause, advice=advice)


def repair(code: Code, found: str) -> Finding:
    """Return a finding about something that was repaired."""
    return Finding(code=code, severity=Severity.REPAIR, found=found)


def warn(code: Code, found: str, *, advice: str = "") -> Finding:
    """Return a finding that does not stop the rotation."""
    return Finding(code=code, severity=Severity.WARN, found=found, advice=advice)


def refusals(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings that stop the rotation."""
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


def is_accepted(code: Code, entries: Iterable[str]) -> bool:
    """Return whether the words of the tag `certrotation:accept` accept a finding for good."""
    return code in ACCEPTABLE_STANDING and code.value in entries


def mark_accepted(findings: Iterable[Finding], entries: Sequence[str]) -> tuple[Finding, ...]:
    """Name the warnings that a person accepts for good; the other findings stay as they are."""
    return tuple(
        replace(each, found=f"Accepted by tag: {each.found}")
        if each.severity is Severity.WARN and is_accepted(each.code, entries)
        else each
        for each in findings
    )


def apply_acceptance(
    findings: Sequence[Finding], entries: Sequence[str], version: str, *, is_complete: bool = True
) -> tuple[Finding, ...]:
    """Turn accepted refusals into warnings, and add a warning for each entry without effect.

    Args:
        findings: the findings on the material or the plan.
        entries: the words of the tag `certrotation:accept`.
        version: the version id that the findings are about.
        is_complete: whether every check has run. If not, an unmatched entry is not yet reported.
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
        warn(Code.ACCEPT_WITHOUT_EFFECT, f"The entry {entry} has no effect on version {version}.")
        for entry in entries
        if (effective.get(entry) not in met if is_complete else entry not in effective)
    ]
    return (*softened, *idle)


def _accepted(entry: str, version: str) -> Code | None:
    """Return the code that an entry accepts for `version`, or None."""
    name, at, wanted = entry.partition("@")
    acceptable = ACCEPTABLE_ONCE if at else ACCEPTABLE_STANDING
    if at and wanted != version:
        return None
    return next((code for code in acceptable if code == name), None)
