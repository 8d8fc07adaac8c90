"""Compares material with what a copy presents now: nothing that works may get worse unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.core.estate.expiry_windows import windows_of
from certrotation.core.findings import Code, Finding, refuse, warn
from certrotation.core.material.chain import ChainEnd, build_chain
from certrotation.core.material.checks import check_certificate
from certrotation.core.material.host_names import names_of, uncovered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from certrotation.core.estate.expiry_windows import WindowPolicy
    from certrotation.core.material.bundle import Material, PresentedCertificate
    from certrotation.core.material.trust import PublicRoots


def check_names(material: Material, arn: str, presented: PresentedCertificate) -> Iterator[Finding]:
    """Refuse material that leaves a name of the copy uncovered."""
    lost = uncovered(material.names, names_of(presented.leaf))
    if lost:
        yield refuse(Code.NAMES_LOST, f"{arn} serves {', '.join(lost)}; the material does not.")


def check_trust(
    material: Material, arn: str, presented: PresentedCertificate, roots: PublicRoots
) -> Iterator[Finding]:
    """Refuse material that ends at another CA than the copy; warn if a public root replaces it.

    A public root may follow a public root, and a copy's own root its own, even if that root is no
    longer public. The copy's own chain is followed first, because the material's may be another of
    cross-signed chains. The material's chain only continues the copy's.
    """
    ever = roots.with_former
    own = build_chain(presented.leaf, presented.chain, ever)
    before, after = own.anchor(presented.leaf, ever), material.anchor
    if own.end is ChainEnd.UNKNOWN_ISSUER:
        top = (presented.leaf, *own.certificates)[-1]
        before = build_chain(top, material.chain, ever).anchor(top, ever)
    found = f"{arn} chains to {before}; the material to {after}."
    if before.public:
        if not after.public and after.public_key != before.public_key:
            yield refuse(Code.TRUST_LOST, found)
    elif after.public:
        yield warn(Code.TRUST_CHANGED, found)
    elif not before.is_same_as(after):
        yield refuse(Code.TRUST_LOST, found)


def causes_known(
    presented: Sequence[PresentedCertificate], roots: PublicRoots, now: datetime
) -> frozenset[tuple[Code, str]]:
    """Return the causes of refusals that every one of these certificates in ACM has itself.

    The checks are those that the material goes through. ACM imported these certificates, and what
    ACM refuses has no cause (see `check_leaf`).
    """
    causes = [
        {(each.code, each.cause) for each in check_certificate(live.leaf, live.chain, roots, now)}
        for live in presented
    ]
    return frozenset(set.intersection(*causes)) if causes else frozenset()


def check_expiry(
    material: Material,
    presented: Sequence[tuple[str, PresentedCertificate]],
    policy: WindowPolicy,
    now: datetime,
) -> Iterator[Finding]:
    """Refuse material about to expire that replaces better; warn of less obvious losses.

    Args:
        material: what is to be imported.
        presented: ARN and certificate of every copy that it would replace, in all Regions.
        policy: how long the windows are.
        now: the present time.
    """
    ends = material.leaf.not_valid_after_utc
    longer = [arn for arn, each in presented if each.leaf.not_valid_after_utc > ends]
    windows = windows_of(material.leaf.not_valid_before_utc, ends, policy)
    if windows.is_critical(now) and longer:
        found = f"The material expires on {ends}, inside its critical window; later: {longer[0]}."
        yield refuse(Code.EXPIRES_SOON, found)
    elif windows.is_critical(now):
        yield warn(Code.EXPIRES_SOON, f"The material expires on {ends}, and is the best there is.")
    elif longer:
        found = f"The material expires on {ends}, sooner than {', '.join(longer)}."
        yield warn(Code.EXPIRES_SOONER, found)
