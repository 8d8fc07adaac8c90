"""What a dependent cannot take, and what keeps it from being pointed at another certificate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from certrotation.core.estate.holders import hidden_behind, holder_of
from certrotation.core.estate.inventory import is_foreign
from certrotation.core.findings import Code, Finding, refuse, repair, warn
from certrotation.core.material.host_names import names_of, uncovered
from certrotation.core.material.x509_facts import subject_name_of
from certrotation.core.rotation.objections import (
    changes_issuer,
    has_client_auth,
    is_chain_too_long,
    lacks_qualified_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography import x509

    from certrotation.core.estate.inventory import Copy, Dependent, RegionLook, Users
    from certrotation.core.material.bundle import Material
    from certrotation.core.material.x509_facts import KeyAlgorithm


def check_taking(copy: Copy, material: Material) -> Iterator[Finding]:
    """Refuse what a copy's dependents will not take under the ARN that they name.

    An alias that is not covered today either is nobody's loss, nor is a name that is presented
    today without a proof.
    """
    present = copy.presented.leaf
    covered_now = frozenset(names_of(present))
    for dependent in copy.dependents:
        legacy = frozenset(uncovered(covered_now, dependent.names))
        yield from _taking(
            dependent, material, dependent.names - legacy, dependent.kind.accepted_keys
        )
        yield from _without_proof(dependent, material.names - covered_now)
        if dependent.keeps_issuer and changes_issuer(present, material):
            yield _other_issuer(dependent, present, material)


class FittedChain(NamedTuple):
    """Material with the chain that a Region's dependents accept, and what was repaired."""

    material: Material
    repairs: tuple[Finding, ...] = ()


def fit_chain(material: Material, look: RegionLook) -> FittedChain:
    """Replace a chain that is too long for a dependent by a shorter one that clients accept."""
    limits = {
        limit: dependent
        for copy in (*look.copies, *look.lookalikes)
        for dependent in copy.dependents
        if (limit := dependent.kind.longest_chain) is not None
    }
    limit = min(limits, default=None)
    fitted = material.within(limit)
    if limit is None or fitted.chain == material.chain:
        return FittedChain(material)
    left_out = [subject_name_of(each) for each in material.chain if each not in fitted.chain]
    found = (
        f"{limits[limit]} accepts {limit} chain certificates. Left out of the chain in this Region:"
        f" {'; '.join(left_out)}."
    )
    return FittedChain(fitted, (repair(Code.CHAIN_SUPERFLUOUS, found),))


def check_moving(
    copy: Copy, material: Material, now: datetime, began: int | None = None
) -> Iterator[Finding]:
    """Refuse what keeps a copy's users from moving away; warn of what a person should know.

    A dependent that is stranded does not move, and keeps nothing else from being renewed.

    Args:
        copy: the copy that they present.
        material: what they are to present.
        now: the present time.
        began: when dependents began to move to a copy with the material, in epoch seconds.
    """
    users = copy.users
    if users and not may_have_left(copy, began, now):
        for arn in users.unknown:
            yield _unexplained(arn, copy, users)
    for dependent in copy.dependents:
        if why_stranded(copy, dependent, now) is None:
            yield from _moving(dependent, now)
            sure = dependent.kind.accepted_keys - dependent.kind.doubted_keys
            yield from _taking(dependent, material, dependent.names, sure)
            yield from _without_proof(dependent, material.names)


_LEAVING_SETTLES = timedelta(hours=7)
"""How long after the beginning of a move ACM may still name what AWS fronts: a dependent may be
busy for six hours, and ACM's hint follows within one (see `HINT_SETTLES`)."""


def may_have_left(copy: Copy, began: int | None, now: datetime) -> bool:
    """Return whether ACM may name users that have left the copy: all are AWS's, after a move.

    What AWS fronts cannot be asked whether it still uses the copy. Its dependents could, and none
    of them does: ACM names its user for some time longer.
    """
    users = copy.users
    if users is None or not users.unknown or began is None:
        return False
    if not 0 <= int(now.timestamp()) - began < _LEAVING_SETTLES.total_seconds():
        return False
    asked = {each.user for each in users.asked}
    failed = {each.user for each in users.asked if each.failure}
    return all(is_foreign(copy.arn, each) and each in asked - failed for each in users.unknown)


_SAME_ARN = (
    "Renew with the same key type, key size and usages as the current certificate, so that the ARN"
    " does not change"
)


def _unexplained(arn: str, copy: Copy, users: Users) -> Finding:
    """Refuse a user that nobody explains; name who was asked, and where, and what it may be."""
    holder = holder_of(copy.arn, arn)
    if holder:
        found = (
            f"{arn} ({holder.name}) uses {copy.arn} and cannot be moved from here: {holder.why}."
        )
        advice = f"{_SAME_ARN}. Otherwise: {holder.remedy}. This finds it: `{holder.command}`."
    else:
        found, advice = f"{arn} uses {copy.arn} and cannot be moved from here.", ""
    asked = [str(each) for each in users.asked if each.user == arn]
    if asked:
        found += f" Searched without a result: {'; '.join(asked)}."
    hidden = hidden_behind(arn) if is_foreign(copy.arn, arn) else ()
    if hidden:
        found += f" It belongs to AWS and may present: {', '.join(each.name for each in hidden)}."
        commands = "; ".join(f"`{each.command}` ({each.name})" for each in hidden)
        where = arn.split(":")[3] or "each Region"
        advice = f"{_SAME_ARN}, or find the resource in {where} and move it by hand: {commands}."
    return refuse(Code.DEPENDENT_UNMOVABLE, found, advice=advice)


def why_stranded(copy: Copy, dependent: Dependent, now: datetime) -> str | None:
    """Return why a dependent that was put back is not moved again, or None if it is moved.

    It is moved once more, unless a controller that is known to put it back owns it. The revert is
    recorded on the copy, so that it counts for all of the copy's dependents together.

    Args:
        copy: the copy that the dependent presents.
        dependent: one of the copy's dependents.
        now: the present time.
    """
    if dependent.unmovable and copy.marks.superseded_by is not None:
        return f"it was put back to the old certificate: {dependent.unmovable}"
    if copy.marks.superseded_by is None and was_undone(dependent, copy.marks.reverted_lately(now)):
        return (
            f"it was updated at {dependent.updated_at:%Y-%m-%d %H:%M} UTC and still names the old"
            " certificate, for the second time within a week: its service rolls the move back, or"
            " others update it"
        )
    reverted = copy.marks.reverted
    if reverted is None or not copy.marks.was_moved_again(now):
        return None
    first = datetime.fromtimestamp(reverted, UTC)
    owner = (
        f"it belongs to the CloudFormation stack {dependent.drifts}"
        if dependent.drifts
        else "no tag of it names its owner; CloudTrail shows who changed it"
    )
    return (
        "it was put back to the old certificate for the second time within a week (the first time"
        f" before {first:%Y-%m-%d %H:%M} UTC) and is not moved again: {owner}"
    )


def was_undone(dependent: Dependent, since: int | None) -> bool:
    """Return whether a dependent was updated after a moment, and names its certificate still.

    Some services roll an update back when it fails, and nothing but the time tells.

    Args:
        dependent: a dependent that names the certificate that it is to leave.
        since: when the last move of it was begun, in epoch seconds; None if none was.
    """
    at = dependent.updated_at
    return at is not None and since is not None and int(at.timestamp()) > since


def _moving(dependent: Dependent, now: datetime) -> Iterator[Finding]:
    if dependent.unmovable:
        found = f"{dependent} must keep its ARN: {dependent.unmovable}."
        yield refuse(Code.DEPENDENT_UNMOVABLE, found)
    proof = dependent.proof
    if proof and proof.not_after <= now:
        found = (
            f"{dependent} cannot be changed: its ownership certificate {proof.arn} expired on"
            f" {proof.not_after:%Y-%m-%d}."
        )
        yield refuse(Code.DEPENDENT_UNMOVABLE, found)
    if dependent.drifts:
        found = f"{dependent} belongs to the CloudFormation stack {dependent.drifts}."
        yield warn(Code.DEPENDENT_DRIFTS, found)
    if dependent.overrides:
        yield warn(Code.DEPENDENT_DRIFTS, f"{dependent}: {dependent.overrides}.")


def _without_proof(dependent: Dependent, names: frozenset[str]) -> Iterator[Finding]:
    """Refuse names for which a resource with mutual TLS has no proof of ownership."""
    proof = dependent.proof
    missing = uncovered(proof.names, names) if proof else ()
    if proof and missing:
        found = (
            f"{dependent} takes no certificate for {', '.join(missing)}: its ownership certificate"
            f" {proof.arn} does not cover that."
        )
        advice = (
            "Give the resource an ownership certificate with these names, or issue the certificate"
            " without them."
        )
        yield refuse(Code.DEPENDENT_NAME_UNCOVERED, found, advice=advice)


def _other_issuer(dependent: Dependent, present: x509.Certificate, material: Material) -> Finding:
    before, after = (each.issuer.rfc4514_string() for each in (present, material.leaf))
    found = f"{dependent} has mutual TLS, and the issuer changes from {before} to {after}."
    return warn(Code.DEPENDENT_ISSUER_CHANGED, found)


def _taking(
    dependent: Dependent, material: Material, names: frozenset[str], keys: frozenset[KeyAlgorithm]
) -> Iterator[Finding]:
    kind = dependent.kind
    if material.key_algorithm not in keys:
        found = f"{dependent} does not take {material.key_algorithm}."
        yield refuse(Code.DEPENDENT_KEY_UNSUPPORTED, found)
    missing = uncovered(material.names, names)
    if missing:
        found = f"{dependent} answers for {', '.join(missing)}; the material does not."
        yield refuse(Code.DEPENDENT_NAME_UNCOVERED, found)
    if lacks_qualified_name(kind, material):
        found = f"{dependent} takes no certificate without a fully qualified DNS name."
        yield refuse(Code.DEPENDENT_NAME_UNCOVERED, found)
    if is_chain_too_long(kind, material):
        length = len(material.chain)
        found = f"{dependent} takes {kind.longest_chain} chain certificates; there are {length}."
        yield refuse(Code.CHAIN_TOO_LONG, found)
    if dependent.needs_client_auth and not has_client_auth(material.leaf):
        found = f"{dependent} presents it to an origin and needs clientAuth."
        yield refuse(Code.DEPENDENT_UNMOVABLE, found)
