"""Checks material from files or a secret, and compares it with what ACM holds; changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from certrotation.core.findings import Code, Finding, Severity, refusals
from certrotation.core.material.checks import inspect_secret
from certrotation.values import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from certrotation.cli.documents import FindingDetail, MaterialDetail
    from certrotation.cli.material_files import Files
    from certrotation.cli.output import Line, Output
    from certrotation.cli.shell import Shell
    from certrotation.core.estate.inventory import Copy
    from certrotation.core.material.bundle import Material
    from certrotation.core.material.checks import Inspection
    from certrotation.core.material.secret_value import SecretValue
    from certrotation.core.material.trust import PublicRoots
    from certrotation.core.rotation.planning import Rotation

_STYLES = {Severity.REFUSE: "bold red", Severity.REPAIR: "cyan", Severity.WARN: "yellow"}
_MOST_NAMES = 10


class Passphrase(NamedTuple):
    """Where the passphrase of a private key or a bundle comes from."""

    file: str | None
    descriptor: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a live certificate decides."""

    arn: str
    reasons: tuple[str, ...]
    """Why ACM does not import the material under this ARN; none if ACM does."""


def inspect_files(
    files: Files, passphrase: Passphrase, version: str, roots: PublicRoots, now: datetime
) -> tuple[SecretValue, Inspection]:
    """Check files, and ask for a passphrase at a terminal if one is needed.

    Args:
        files: the material.
        passphrase: where its passphrase is.
        version: the id of the version that the value gets.
        roots: the public roots.
        now: the present time.
    """
    from certrotation.cli.material_files import ask_passphrase, read_passphrase
    from certrotation.core.material.checks import Inspection

    given = read_passphrase(passphrase.file, passphrase.descriptor)
    value = files.value(version, given)
    if not files.has_key:
        return value, Inspection(material=None, findings=(_no_key(files),))
    found = inspect_secret(value, roots, now)
    is_encrypted = any(each.code is Code.KEY_ENCRYPTED for each in found.findings)
    if is_encrypted and given is None:
        given = ask_passphrase(files.names)
        value = files.value(version, given)
        found = inspect_secret(value, roots, now)
    return value, replace(found, findings=tuple(map(_for_files, found.findings)))


def roots_without_stack(variables: Mapping[str, str]) -> PublicRoots:
    """Return the public roots where nobody is asked: certifi's, or those of the variable."""
    from certrotation.names.environment import PUBLIC_ROOTS_FILE
    from certrotation.roots import public_roots

    return public_roots(variables.get(PUBLIC_ROOTS_FILE, "").strip() or None)


def compare(
    rotation: Rotation, copies: Sequence[Copy], now: datetime
) -> tuple[tuple[Finding, ...], tuple[Comparison, ...]]:
    """Return all findings of material that takes the place of these certificates.

    Args:
        rotation: the material, what was found about it, and what its secret accepts.
        copies: what ACM holds.
        now: the present time.
    """
    from certrotation.core.rotation.plan import RegionPlan
    from certrotation.core.rotation.reimport_rules import reasons_against_reimport

    current = [RegionPlan(region=each.region, steps=(), current=(each,)) for each in copies]
    new = rotation.material.leaf
    comparisons = tuple(
        Comparison(arn=each.arn, reasons=reasons_against_reimport(each.presented.leaf, new))
        for each in copies
    )
    return rotation.plan(current, now).findings, comparisons


def live_certificates(shell: Shell, arns: Sequence[str]) -> tuple[Copy, ...]:
    """Read certificates from ACM, each in the Region that its ARN names."""
    from certrotation.aws.acm import AcmCertificates
    from certrotation.core.estate.inventory import Copy

    found = []
    for arn in arns:
        region = arn.split(":")[3]
        acm = shell.client("acm", region)
        presented = AcmCertificates(acm, importing=acm).presented(arn)
        found.append(Copy(arn=arn, region=region, tags={}, presented=presented))
    return tuple(found)


def describe(material: Material, now: datetime) -> str:
    """Return what the material is, in a line without secrets."""
    from certrotation.core.material.x509_facts import issuer_name_of

    names = sorted(material.names)
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    ends = material.leaf.not_valid_after_utc
    return (
        f"{', '.join(names[:_MOST_NAMES])}{more}: {material.key_algorithm}, issued by"
        f" {issuer_name_of(material.leaf)}, expires {ends:%Y-%m-%d %H:%M} UTC"
        f" ({(ends - now).days} days), chain of {len(material.chain)}"
    )


def detail_of(material: Material | None) -> MaterialDetail | None:
    """Return the material for a JSON object."""
    if material is None:
        return None
    from certrotation.core.material.x509_facts import issuer_name_of

    return {
        "names": sorted(material.names),
        "key_type": material.key_algorithm.value,
        "issuer": issuer_name_of(material.leaf),
        "not_before": int(material.leaf.not_valid_before_utc.timestamp()),
        "not_after": material.not_after,
        "fingerprint": material.fingerprint,
        "chain_length": len(material.chain),
    }


def details_of(findings: Sequence[Finding]) -> list[FindingDetail]:
    """Return findings for a JSON object."""
    return [
        {
            "code": each.code.value,
            "severity": each.severity.value,
            "found": each.found,
            "remedy": each.remedy,
        }
        for each in findings
    ]


def print_findings(output: Output, findings: Sequence[Finding], indent: int = 0) -> None:
    """Print a line for each finding, refusals first."""
    for each in (*refusals(findings), *(each for each in findings if not refusals([each]))):
        output.say(_line_of(each), indent=indent)


def _line_of(finding: Finding) -> Line:
    from certrotation.cli.output import Styled

    severity = Styled(finding.severity.value, _STYLES[finding.severity])
    return [severity, f" {finding.code.value}: {finding.found} {finding.remedy}"]


def _for_files(finding: Finding) -> Finding:
    """Give a finding the remedy of somebody who has files."""
    if finding.code is not Code.KEY_ENCRYPTED:
        return finding
    advice = "Give the correct passphrase with --password-file or --password-fd."
    return replace(finding, advice=advice)


def _no_key(files: Files) -> Finding:
    return Finding(
        code=Code.SECRET_MALFORMED,
        severity=Severity.REFUSE,
        found=f"No PEM private key and no PKCS#12 bundle is in {', '.join(files.names)}.",
        advice="Name the file of the private key beside the file of the certificate.",
    )
