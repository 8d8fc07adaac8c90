"""Checks the ARN parameters: whether they hold the ARNs of copies, and which are left over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.cli.diagnosis.results import Result, named, ok, warning, wrong
from certrotation.core.estate.arn_parameters import ARN, EDGE_ARN
from certrotation.names.tags import REGIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from certrotation.core.estate.arn_parameters import ArnParameters, Parameter
    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.core.scan.assessment import CertificateStatus
    from certrotation.workflows.inventory import Inventory
    from certrotation.workflows.ports import Parameters

_LINK = "docs/arns.md"
_LEFT = "docs/arns.md#a-secret-that-leaves-a-region"


def check_parameters(
    parameters: Parameters,
    arn_parameters: ArnParameters,
    seen: Inventory,
    secrets: Sequence[ManagedSecret],
    targets: Sequence[str],
) -> Iterator[Result]:
    """Check the ARN parameters of every target Region.

    Args:
        parameters: what reads them.
        arn_parameters: how they are named.
        seen: the estate.
        secrets: all managed secrets.
        targets: the target Regions.
    """
    held = {
        parameter: value
        for region in targets
        for parameter, value in parameters.under(arn_parameters.root, region).items()
    }
    copies = [each for each in seen.assessment.statuses if each.state.is_managed]
    expected = {
        parameter: _copies_of(secret, region, copies)
        for secret in secrets
        for region in secret.regions(targets)
        if region not in seen.unreachable
        for parameter in arn_parameters.of(secret.name, region).parameters
    }
    differing = [
        str(each) for each, arns in expected.items() if arns and held.get(each) not in arns
    ]
    if differing:
        yield wrong(
            check="ARN parameters",
            found=f"These do not hold the ARN of a copy: {named(differing)}.",
            remedy="Run `certrotation rotate` with the name of the secret.",
            link=_LINK,
        )
    else:
        yield ok("ARN parameters", f"{sum(map(bool, expected.values()))} hold the ARN of a copy")
    if not seen.unreachable:
        left = [each for each in held if each not in expected]
        yield from _left(left, arn_parameters, secrets)


def _left(
    left: Sequence[Parameter], arn_parameters: ArnParameters, secrets: Sequence[ManagedSecret]
) -> Iterator[Result]:
    """Name the parameters that rotate does not keep, by the reason."""
    known = {
        arn_parameters.name(secret.name, kind) for secret in secrets for kind in (ARN, EDGE_ARN)
    }
    stale = [str(each) for each in left if each.name in known]
    if stale:
        yield warning(
            check="ARN parameters",
            found=f"Nobody keeps the ARN in {named(stale)}: the secret no longer names the"
            " Region of the certificate, so this certificate is not renewed.",
            remedy="First have the stacks that read these parameters read one that is kept, and"
            " deploy them; then delete these parameters. Or name the Region in"
            f" {REGIONS} of the secret again.",
            link=_LEFT,
        )
    strange = [str(each) for each in left if each.name not in known]
    if strange:
        yield warning(
            check="ARN parameters",
            found=f"No secret of this service belongs to {named(strange)}.",
            remedy="Delete these parameters when no template reads them.",
            link=_LEFT,
        )


def _copies_of(
    secret: ManagedSecret, region: str, copies: Sequence[CertificateStatus]
) -> frozenset[str]:
    return frozenset(
        each.certificate.arn
        for each in copies
        if each.marks.secret == secret.name and each.certificate.region == region
    )
