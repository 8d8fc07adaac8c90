"""Reports the certificates in use that share a name with the material and are not adopted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.core.findings import Code, Finding, warn
from certrotation.core.material.host_names import names_of, uncovered
from certrotation.core.material.x509_facts import key_algorithm_of
from certrotation.core.rotation.adoption import is_improved_by

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

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
        if each not in adoption.copies and _is_left(each, material, look.others.in_use)
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


def _is_left(copy: Copy, material: Material, in_use: Collection[str]) -> bool:
    """Return whether a certificate without a tag of this service is in use under a shared name.

    The services decide whether something presents it. If they could not be asked, or ACM does not
    say by what it is used, the list decides.
    """
    if not copy.marks.is_unclaimed or material.names.isdisjoint(names_of(copy.presented.leaf)):
        return False
    return bool(copy.users) or ((copy.users is None or copy.in_use is None) and copy.arn in in_use)


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
    return reasons or ["ACM does not name a dependent of the certificate"]


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
    if users is None:
        return "Its dependents could not be read."
    dependents = [str(each) for each in users.dependents]
    presenting = _some([*dependents, *users.unknown])
    if not presenting:
        return "ACM lists the certificate as in use and does not name a dependent."
    return f"It is presented by {presenting}."


def _some(texts: Iterable[str]) -> str:
    listed = list(texts)
    further = len(listed) - _MOST_NAMED
    more = f" and {further:,} more" if further > 0 else ""
    return f"{', '.join(listed[:_MOST_NAMED])}{more}"
