"""Reads one Region for one secret, as closely as the plan needs and no closer, and plans it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from certrotation.core.estate.inventory import (
    Copy,
    OtherCertificates,
    RegionLook,
    UnreadableCertificate,
)
from certrotation.core.estate.tags import Marks
from certrotation.core.findings import final_refusals
from certrotation.core.rotation.region_planning import NO_REJECTIONS
from certrotation.errors import (
    AccessDenied,
    CertificateUnreadable,
    CertRotationError,
    Rejected,
    Unreachable,
    Vanished,
)
from certrotation.values import dataclass, replace
from certrotation.workflows.claims import users_of
from certrotation.workflows.shared_names import find_shared_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from certrotation.core.estate.arn_parameters import Parameter
    from certrotation.core.estate.inventory import ListedCertificate, Users
    from certrotation.core.rotation.plan import RegionPlan
    from certrotation.core.rotation.planning import Rotation
    from certrotation.core.rotation.region_planning import Rejections
    from certrotation.core.rotation.request import ScanSnapshot
    from certrotation.workflows.ports import Publisher, Region


class PlannedRegion(NamedTuple):
    """What was found in a Region, and the plan that was made for it."""

    look: RegionLook
    plan: RegionPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Observer:
    """Finds the copies of one secret, and plans what becomes of them."""

    rotation: Rotation
    now: datetime
    snapshot: ScanSnapshot | None
    """What the scan found that asked for the rotation, if that is fresh."""
    publisher: Publisher | None = None

    def plan(self, region: Region) -> PlannedRegion:
        """Find the copies by their tags, and plan; before a new import, find them by name as well.

        A plan that would import is not kept: the tagging service may lag behind, so the Region is
        read again from ACM itself, and planned from that.
        """
        look = self._by_tags(region)
        if look is not None:
            planned = self._planned(look, NO_REJECTIONS)
            if not planned.plan.imports or self._is_refused(planned.plan):
                return planned
        return self.plan_directly(region)

    def plan_directly(
        self,
        region: Region,
        known: Iterable[str] = (),
        rejections: Rejections = NO_REJECTIONS,
    ) -> PlannedRegion:
        """Read the Region from ACM itself, and plan.

        Args:
            region: where to look.
            known: ARNs that are there even if ACM's list does not show them yet.
            rejections: what AWS rejected while an earlier plan was applied.
        """
        return self._planned(self._look_directly(region, known), rejections)

    def _planned(self, look: RegionLook, rejections: Rejections) -> PlannedRegion:
        look = replace(look, parameters=dict(self._parameters(look.region)))
        return PlannedRegion(look, self.rotation.decide(look, self.now, rejections))

    def _parameters(self, region: str) -> Iterator[tuple[Parameter, str | None]]:
        """Yield what the ARN parameters hold.

        What cannot be read is left out: it hinders no import, and is read again before it is
        written.
        """
        publication = self.rotation.publication(region)
        if publication is None or self.publisher is None:
            return
        for each in publication.parameters:
            with suppress(CertRotationError):
                yield each, self.publisher.parameters.read(each)

    def _is_refused(self, plan: RegionPlan) -> bool:
        """Return whether the copies of this Region alone make the service refuse the material.

        A refusal with a cause is not final: a certificate that is yet to be adopted may have the
        same fault.
        """
        return bool(final_refusals(self.rotation.plan([plan], self.now).findings))

    def _by_tags(self, region: Region) -> RegionLook | None:
        """Return what the snapshot or the tagging service knows, or None if that cannot suffice.

        Who uses a copy, and so when it was created, is read only where the plan depends on it:
        `users` and `created_at` of the other copies are None.

        It does not suffice where there may be something to adopt beside a copy: the scan found a
        lookalike in use, or a copy without a version was adopted by a run that came no further.
        """
        if self.snapshot and region.name in self.snapshot.lookalikes:
            return None
        copies = self._from_snapshot(region) or self._copies(region, self._indexed(region))
        if any(each.marks.version is None for each in copies):
            return None
        if self.rotation.users_decide(copies, region.kinds, self.now):
            copies = tuple(self._with_users(region, copies))
            if any(each.users is None for each in copies):
                return None
        return RegionLook(region=region.name, copies=copies)

    def _look_directly(self, region: Region, known: Iterable[str]) -> RegionLook:
        """Return what ACM's own list and tags hold of the secret and of the material's names."""
        names = self.rotation.material.names
        listed = {each.arn: each for each in region.certificates.list_imported()}
        # Without names in the list, the certificate itself decides.
        by_name = [arn for arn, each in listed.items() if each.names <= names]
        in_use = {arn: each.in_use for arn, each in listed.items()}
        indexed = self._indexed(region)
        shared = find_shared_names(region, listed.values(), names, indexed)
        tags = {**indexed, **_tags_of(region, dict.fromkeys((*by_name, *known)))}
        own = {
            arn: of_it
            for arn, of_it in {**tags, **shared.tags}.items()
            if self._is_own(Marks.from_tags(of_it))
        }
        others = {
            arn: of_it
            for arn, of_it in tags.items()
            if arn not in own and not Marks.from_tags(of_it).ignored
        }
        lookalikes, unreadable = self._readable(region, others, listed)
        sharing, unreadable_too = self._readable(region, shared.unclaimed, listed)
        return RegionLook(
            region=region.name,
            copies=tuple(self._with_named_users(region, self._copies(region, own), in_use)),
            lookalikes=tuple(self._with_named_users(region, lookalikes, in_use)),
            unreadable=(*unreadable, *unreadable_too, *shared.unreadable),
            others=OtherCertificates(
                sharing=tuple(self._with_users_if_readable(region, sharing)), unread=shared.unread
            ),
        )

    def _readable(
        self,
        region: Region,
        tags: Mapping[str, Mapping[str, str]],
        listed: Mapping[str, ListedCertificate],
    ) -> tuple[tuple[Copy, ...], tuple[UnreadableCertificate, ...]]:
        """Return those of other people's certificates that can be read, and why the rest cannot."""
        copies: list[Copy] = []
        unreadable: list[UnreadableCertificate] = []
        for arn, tags_of_it in tags.items():
            try:
                copies += self._copies(region, {arn: tags_of_it})
            except (AccessDenied, CertificateUnreadable, Rejected) as error:
                is_left = Marks.from_tags(tags_of_it).is_unclaimed and _is_used(listed.get(arn))
                users = _users_if_readable(region, arn) if is_left else None
                unreadable.append(UnreadableCertificate(arn, error.found, is_left, users))
        return tuple(copies), tuple(unreadable)

    def _is_own(self, marks: Marks) -> bool:
        return marks.secret == self.rotation.secret.name and not marks.ignored

    def _from_snapshot(self, region: Region) -> tuple[Copy, ...]:
        """Return the scan's one copy, or none if the scan found more, or a superseded one."""
        listed = self.snapshot.copies_in(region.name) if self.snapshot else ()
        if len(listed) != 1 or listed[0].marks.is_superseded or not self._is_own(listed[0].marks):
            return ()
        copies = self._copies(region, {listed[0].arn: listed[0].tags})
        return tuple(replace(each, in_use=listed[0].in_use) for each in copies)

    def _indexed(self, region: Region) -> dict[str, Mapping[str, str]]:
        tagged = region.tag_index.copies_of(self.rotation.secret.name)
        return {arn: tags for arn, tags in tagged.items() if self._is_own(Marks.from_tags(tags))}

    def _copies(self, region: Region, tags: Mapping[str, Mapping[str, str]]) -> tuple[Copy, ...]:
        return tuple(_copies_that_exist(region, tags))

    def _with_named_users(
        self, region: Region, copies: Iterable[Copy], in_use: Mapping[str, bool]
    ) -> Iterator[Copy]:
        """Yield the copies with their users; `in_use` is what ACM's list says of each.

        A certificate that the list does not show yet is new, and nothing uses it.

        Raises:
            Unreachable: ACM's list says that a certificate is in use, and ACM does not say by whom.
        """
        listed = (replace(each, in_use=in_use.get(each.arn, False)) for each in copies)
        for copy in self._with_users(region, listed):
            if copy.users is None:
                raise Unreachable(
                    f"acm:DescribeCertificate for {copy.arn} answers without InUseBy, "
                    "and acm:ListCertificates says that the certificate is in use.",
                    "The rotation retries. If this lasts, open a case with AWS Support.",
                )
            yield copy

    def _with_users(self, region: Region, copies: Iterable[Copy]) -> Iterator[Copy]:
        """Yield the copies with their users.

        Where ACM does not say who uses a certificate, nobody does if its list says so; else the
        users stay None.
        """
        for copy in copies:
            try:
                detail = region.certificates.detail(copy.arn)
                # Whether this is a second revert depends on tags that the index may not show yet,
                # and they must be older than the answer to who presents the copy. A copy has a tag
                # at least, so an answer without tags says nothing.
                is_back = copy.marks.superseded_by and detail.in_use_by
                tags = (is_back and region.certificates.tags(copy.arn)) or copy.tags
            except Vanished:
                continue
            named = detail.in_use_by
            if named is None and copy.in_use is False:
                named = ()
            yield replace(
                copy,
                tags=tags,
                in_use=copy.in_use if named is None else bool(named),
                created_at=detail.created_at,
                users=None if named is None else users_of(region, copy.arn, named),
            )

    def _with_users_if_readable(self, region: Region, copies: Sequence[Copy]) -> Iterator[Copy]:
        """Yield the certificates, without users if ACM does not name them or an error occurs."""
        for copy in copies:
            try:
                yield from [*self._with_users(region, [copy])]
            except CertRotationError:
                yield copy


def _is_used(listed: ListedCertificate | None) -> bool:
    """Return whether the list shows a certificate in use, and a name of it."""
    return listed is not None and listed.in_use and bool(listed.names)


def _users_if_readable(region: Region, arn: str) -> Users | None:
    try:
        named = region.certificates.detail(arn).in_use_by
        return None if named is None else users_of(region, arn, named)
    except CertRotationError:
        return None


def _copies_that_exist(region: Region, tags: Mapping[str, Mapping[str, str]]) -> Iterator[Copy]:
    """Yield the certificates that are still there; an index may name one that was deleted."""
    for arn, tags_of_it in tags.items():
        try:
            presented = region.certificates.presented(arn)
        except Vanished:
            continue
        yield Copy(arn=arn, region=region.name, tags=tags_of_it, presented=presented)


def _tags_of(region: Region, arns: Iterable[str]) -> dict[str, Mapping[str, str]]:
    found: dict[str, Mapping[str, str]] = {}
    for arn in arns:
        try:
            found[arn] = region.certificates.tags(arn)
        except Vanished:
            continue
    return found
