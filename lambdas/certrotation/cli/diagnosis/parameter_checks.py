"""Checks the ARN parameters: whether they hold the ARNs of copies, and which are left over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.cli.diagnosis.results import Result, named, ok, warning, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from certrotation.core.estate.arn_parameters import ArnParameters
    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.core.scan.assessment import CertificateStatus
    from certrotation.workflows.inventory import Inventory
    from certrotation.workflows.ports import Parameters

_LINK = "docs/arns.md"


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
        for parameter in arn_parameters.of(secret.name, region, secret.regions(targets)).parameters
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
    left = [str(each) for each in held if each not in expected]
    if left and not seen.unreachable:
        yield warning(
            check="ARN parameters",
            found=f"No secret and Region of this service belongs to {named(left)}.",
            remedy="Delete these parameters when no template reads them.",
            link=_LINK,
        )


def _copies_of(
    secret: ManagedSecret, region: str, copies: Sequence[CertificateStatus]
) -> frozenset[str]:
    return frozenset(
        each.certificate.arn
        for each in copies
        if each.marks.secret == secret.name and each.certificate.region == region
    )
