"""Looks at one Region for one secret, as closely as the plan needs and no closer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from certrotation.core.estate.inventory import Copy, RegionLook, Users
from certrotation.core.estate.tags import Marks
from certrotation.errors import AccessDenied, Rejected, Vanished

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from certrotation.core.estate.inventory import Dependent
    from certrotation.core.rotation.planning import Rotation
    from certrotation.core.rotation.request import ScanSnapshot
    from certrotation.workflows.ports import Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Observer:
    """Looks for the copies of one secret."""

    rotation: Rotation
    now: datetime
    snapshot: ScanSnapshot | None
    """What the scan that asked for the rotation saw, if that is fresh."""

    def look(self, region: Region) -> RegionLook:
        """Return what there is, found by tag; before a new import, found by name as well.

        Who uses a copy, and so when it was created, is asked only where that decides something:
        `users` and `created_at` of the others are None.

        So it is where there may be something to adopt beside a copy: the scan saw one like it in
        use, or a copy without a version was adopted by a run that came no further.
        """
        if self.snapshot and region.name in self.snapshot.lookalikes:
            return self.look_directly(region)
        copies = self._seen(region) or self._copies(region, self._indexed(region))
        if any(each.marks.version is None for each in copies):
            return self.look_directly(region)
        if self.rotation.users_decide(copies, region.kinds, self.now):
            copies = tuple(self._with_users(region, copies))
        look = RegionLook(region=region.name, copies=copies)
        plan = self.rotation.plan([look], self.now)
        if any(each.imports for each in plan.regions):
            return self.look_directly(region)
        return look

    def look_directly(self, region: Region, known: Iterable[str] = ()) -> RegionLook:
        """Return what there is by asking ACM itself: the tagging service may lag behind.

        Args:
            region: where to look.
            known: ARNs that are there even if ACM's list does not show them yet.
        """
        names = self.rotation.material.names
        by_name = [
            each.arn
            for each in region.certificates.list_imported()
            if each.names and each.names <= names
        ]
        tags = {**self._indexed(region), **_tags_of(region, dict.fromkeys((*by_name, *known)))}
        own = {arn: of_it for arn, of_it in tags.items() if self._is_own(Marks.from_tags(of_it))}
        others = {
            arn: of_it
            for arn, of_it in tags.items()
            if arn not in own and not Marks.from_tags(of_it).ignored
        }
        lookalikes, unreadable = self._readable(region, others)
        return RegionLook(
            region=region.name,
            copies=tuple(self._with_users(region, self._copies(region, own))),
            lookalikes=tuple(self._with_users(region, lookalikes)),
            unreadable=unreadable,
        )

    def _readable(
        self, region: Region, tags: Mapping[str, Mapping[str, str]]
    ) -> tuple[tuple[Copy, ...], tuple[str, ...]]:
        """Return those of other people's certificates that can be read, and why the rest cannot."""
        copies: list[Copy] = []
        unreadable: list[str] = []
        for arn, tags_of_it in tags.items():
            try:
                copies += self._copies(region, {arn: tags_of_it})
            except (AccessDenied, Rejected) as error:
                unreadable.append(error.found)
        return tuple(copies), tuple(unreadable)

    def _is_own(self, marks: Marks) -> bool:
        return marks.secret == self.rotation.secret.name and not marks.ignored

    def _seen(self, region: Region) -> tuple[Copy, ...]:
        """Return the one copy that the scan saw, or none if it saw anything less simple."""
        seen = self.snapshot.copies_in(region.name) if self.snapshot else ()
        if len(seen) != 1 or seen[0].marks.is_superseded or not self._is_own(seen[0].marks):
            return ()
        copies = self._copies(region, {seen[0].arn: seen[0].tags})
        return tuple(replace(each, in_use=seen[0].in_use) for each in copies)

    def _indexed(self, region: Region) -> dict[str, Mapping[str, str]]:
        tagged = region.tag_index.copies_of(self.rotation.secret.name)
        return {arn: tags for arn, tags in tagged.items() if self._is_own(Marks.from_tags(tags))}

    def _copies(self, region: Region, tags: Mapping[str, Mapping[str, str]]) -> tuple[Copy, ...]:
        return tuple(_copies_that_exist(region, tags))

    def _with_users(self, region: Region, copies: Sequence[Copy]) -> Iterator[Copy]:
        for copy in copies:
            try:
                detail = region.certificates.detail(copy.arn)
            except Vanished:
                continue
            yield replace(
                copy,
                in_use=bool(detail.in_use_by),
                created_at=detail.created_at,
                users=users_of(region, copy.arn, detail.in_use_by),
            )


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


def users_of(region: Region, arn: str, user_arns: Sequence[str]) -> Users:
    """Offer the users that ACM names to each service in turn; unexplained ones stay unknown."""
    dependents: list[Dependent] = []
    unknown = tuple(dict.fromkeys(user_arns))
    for service in region.dependents:
        if not unknown:
            break
        claim = service.claim(arn, unknown)
        dependents += claim.dependents
        unknown = tuple(user for user in unknown if user not in claim.explained)
    return Users(dependents=tuple(dependents), unknown=unknown)
