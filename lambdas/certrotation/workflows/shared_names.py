"""Chooses the certificates that share a name with the material but cannot be adopted.

These certificates are only reported. So they cost few calls, however many there are, and an error
of such a certificate stops nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from certrotation.core.estate.inventory import UnreadableCertificate
from certrotation.core.estate.tags import Marks
from certrotation.errors import CertRotationError, Vanished

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from certrotation.core.estate.inventory import ListedCertificate
    from certrotation.workflows.ports import Region

MOST_READ = 20
"""How many of these certificates are read in one Region."""


class SharedNames(NamedTuple):
    """The certificates to read, and what is known of the others."""

    tags: Mapping[str, Mapping[str, str]]
    """The tags of the certificates to read, by ARN."""
    unreadable: tuple[UnreadableCertificate, ...]
    """The certificates whose tags could not be read."""
    unread: int
    """How many more certificates share a name with the material."""

    @property
    def unclaimed(self) -> dict[str, Mapping[str, str]]:
        """The tags of the certificates that are no copies and not ignored, by ARN."""
        return {arn: tags for arn, tags in self.tags.items() if Marks.from_tags(tags).is_unclaimed}


def find_shared_names(
    region: Region,
    listed: Iterable[ListedCertificate],
    names: frozenset[str],
    known: Collection[str],
) -> SharedNames:
    """Choose the certificates in use that share a name with the material and have others as well.

    A certificate whose names are all of the material's may be adopted, and is not one of these. If
    there are many, the tagging service says which are copies or ignored, and the certificates that
    expire first are read.

    Args:
        region: where the certificates are.
        listed: the Region's list.
        names: the names of the material.
        known: ARNs of the secret's own copies.
    """
    found = [
        each
        for each in listed
        if each.in_use
        and each.arn not in known
        and not each.names <= names
        and (each.names & names or each.has_further_names)
    ]
    if len(found) > MOST_READ:
        index = region.tag_index.all()
        found = [each for each in found if Marks.from_tags(index.get(each.arn, {})).is_unclaimed]
    found.sort(key=lambda each: (not each.names & names, each.not_after, each.arn))
    unread = sum(bool(each.names & names) for each in found[MOST_READ:])
    tags: dict[str, Mapping[str, str]] = {}
    unreadable: list[UnreadableCertificate] = []
    for each in found[:MOST_READ]:
        try:
            tags[each.arn] = region.certificates.tags(each.arn)
        except Vanished:
            continue
        except CertRotationError as error:
            is_left = bool(each.names & names)
            unreadable.append(UnreadableCertificate(each.arn, error.found, is_left=is_left))
    return SharedNames(tags, tuple(unreadable), unread)
