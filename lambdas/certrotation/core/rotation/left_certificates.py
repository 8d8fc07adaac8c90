"""Reports the certificates in use that share a name with the material and are not adopted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.core.findings import Code, Finding, warn
from certrotation.core.material.host_names import names_of, uncovered
from certrotation.core.material.x509_facts import key_algorithm_of
from certrotation.core.rotation.adoption import is_improved_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from certrotation.core.estate.inventory import Copy, RegionLook, Users
    from certrotation.core.material.bundle import Material
    from certrotation.core.material.trust import PublicRoots
    from certrotation.core.rotation.adoption import Adoption

MOST_REPORTED = 20
"""How many certificates of one Region have a finding of their own; one more finding counts the
rest."""

_MOST_NAMED = 5
"""How many names, or users, one finding lists."""

_OR_ACCEPT = (
    "To leave the certificate as it is, accept LIVE_CERTIFICATE_LEFT in the tag"
    " certrotation:accept of the secret."
)


def check_left(
    material: Material,
    secret: str,
    look: RegionLook,
    adoption: Adoption,
    roots: PublicRoots,
) -> Iterator[Finding]:
    """Warn of every certificate in use without a tag of this service that the material passes over.

    A certificate counts if one of its names is identical to one of the material's: a wildcard
    shares a name with the same wildcard only.

    Args:
        material: what the secret holds.
        secret: the secret's name.
        look: what was found in the Region.
        adoption: which certificates are adopted.
        roots: the public roots.
    """
    if look.others is None:
        return
    left = [
        each
        for each in (*look.lookalikes, *look.others.sharing)
        if each not in adoption.copies and _is_left(each, material)
    ]
    left.sort(key=lambda each: (each.presented.leaf.not_valid_after_utc, each.arn))
    unreadable = [each for each in look.unreadable if each.is_left]
    findings = (
        *(_left(each, material, secret, _why(each, material, roots, adoption)) for each in left),
        *(_unreadable(each.arn, each.users, each.found) for each in unreadable),
    )
    yield from findings[:MOST_REPORTED]
    further = len(findings[MOST_REPORTED:]) + look.others.unread
    if further:
        yield warn(
            Code.LIVE_CERTIFICATE_LEFT,
            f"{further:,} more certificates in use in {look.region} share a name with the material,"
            " have no tag of this service, and are not adopted.",
        )


def _is_left(copy: Copy, material: Material) -> bool:
    """Return whether a certificate without a tag of this service is in use under a shared name.

    If its dependents are not known, the Region's list has decided that it is in use.
    """
    shares = not material.names.isdisjoint(names_of(copy.presented.leaf))
    return copy.marks.is_unclaimed and shares and (copy.users is None or bool(copy.users))


def _left(copy: Copy, material: Material, secret: str, why: Sequence[str]) -> Finding:
    names = names_of(copy.presented.leaf)
    shared = _some(sorted(names & material.names))
    missing = uncovered(material.names, names)
    if missing:
        advice = (
            f"Issue the certificate of {secret} with {_some(missing)} too, or point the dependents"
            f" of {copy.arn} at other certificates."
        )
    else:
        advice = (
            f"Tag {copy.arn} with certrotation:secret = {secret}. The certificate then becomes a"
            " copy, and its dependents present the material."
        )
    return warn(
        Code.LIVE_CERTIFICATE_LEFT,
        f"{copy.arn} shares {shared} with the material and has no tag of this service."
        f" {_users(copy.users)} The certificate is not adopted: {'; '.join(why)}.",
        advice=f"{advice} {_OR_ACCEPT}",
    )


def _why(copy: Copy, material: Material, roots: PublicRoots, adoption: Adoption) -> list[str]:
    """Return the reasons against the adoption."""
    reasons = list(_differences(copy, material))
    if not is_improved_by(copy, material, roots):
        reasons.append("the material would lose trust or expire sooner")
    if adoption.is_off:
        reasons.append("adoption is off")
    if not reasons and adoption.findings:
        reasons.append(f"see {adoption.findings[0].code}")
    return reasons


def _differences(copy: Copy, material: Material) -> Iterator[str]:
    names = names_of(copy.presented.leaf)
    if further := names - material.names:
        yield f"the material does not have its names {_some(sorted(further))}"
    if lacking := material.names - names:
        yield f"it does not have the material's names {_some(sorted(lacking))}"
    key = key_algorithm_of(copy.presented.leaf.public_key())
    if key != material.key_algorithm:
        yield f"its key type is {key}, the material's is {material.key_algorithm}"


def _unreadable(arn: str, users: Users | None, found: str) -> Finding:
    return warn(
        Code.LIVE_CERTIFICATE_LEFT,
        f"{arn} shares a name with the material. {_users(users)} The certificate is not adopted,"
        f" because it cannot be read: {found}",
        advice=f"Point the dependents of {arn} at other certificates. {_OR_ACCEPT}",
    )


def _users(users: Users | None) -> str:
    if not users:
        return "ACM lists the certificate as in use; its dependents could not be read."
    return f"It is presented by {_some([*map(str, users.dependents), *users.unknown])}."


def _some(texts: Iterable[str]) -> str:
    listed = list(texts)
    further = len(listed) - _MOST_NAMED
    more = f" and {further:,} more" if further > 0 else ""
    return f"{', '.join(listed[:_MOST_NAMED])}{more}"
