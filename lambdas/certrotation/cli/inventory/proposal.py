"""Groups certificates that nobody manages by site, and proposes a secret for each group."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from certrotation.cli.inventory.rows import in_order
from certrotation.core.scan.classification import State
from certrotation.names import tags
from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from certrotation.cli.inventory.rows import Row

_FORBIDDEN = re.compile(r"[^A-Za-z0-9/_+=.@-]")
"""Characters that Secrets Manager does not allow in a name (CreateSecret, Name)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Certificates with the same names and key type: one site, in whatever Regions."""

    secret: str
    """The proposed name of a secret."""
    names: tuple[str, ...]
    key: str
    rows: tuple[Row, ...]
    """Most urgent first."""
    tags: Mapping[str, str]
    """The proposed tags of the secret."""

    @property
    def used(self) -> tuple[Row, ...]:
        """The certificates that something uses."""
        return tuple(each for each in self.rows if each.status.certificate.in_use)

    @property
    def regions(self) -> tuple[str, ...]:
        """The Regions of the certificates, used ones only if there are any."""
        rows = self.used or self.rows
        return tuple(dict.fromkeys(each.status.certificate.region for each in rows))

    @property
    def twice(self) -> tuple[str, ...]:
        """The Regions that have more than one of these certificates."""
        regions = [each.status.certificate.region for each in self.rows]
        return tuple(sorted({each for each in regions if regions.count(each) > 1}))

    def certificate_tags(self, row: Row) -> dict[str, str]:
        """Return the tags to put on a certificate; none if rotate adopts it by itself.

        Of a group, rotate adopts what is in use. What is not in use beside that is a leftover.
        """
        if row.status.certificate.in_use or not self.used:
            return {}
        return {tags.IGNORE: ""}


def groups_of(
    rows: Iterable[Row], targets: Sequence[str], prefix: str, existing: Collection[str]
) -> list[Group]:
    """Return the groups, most urgent first; ignored certificates are in none.

    Args:
        rows: all certificates.
        targets: the target Regions, canary first.
        prefix: how the names of managed secrets begin.
        existing: names of secrets that exist.
    """
    members: defaultdict[tuple[tuple[str, ...], str], list[Row]] = defaultdict(list)
    for row in rows:
        if row.status.state is State.UNMANAGED and row.status.marks.secret is None:
            members[row.names, row.facts.key].append(row)
    with_keys = defaultdict(set)
    for names, key in members:
        with_keys[names].add(key)
    taken = set(existing)
    groups = []
    for (names, key), of_group in members.items():
        found = sorted(of_group, key=lambda row: row.urgency)
        suffix = f"-{_word(key)}" if len(with_keys[names]) > 1 and key else ""
        secret = _free(f"{prefix}{_word(names[0]) if names else 'unnamed'}{suffix}", taken)
        taken.add(secret)
        groups.append(_group(secret, names, key, found, targets))
    return sorted(groups, key=lambda group: group.rows[0].urgency)


def _group(
    secret: str, names: tuple[str, ...], key: str, rows: Sequence[Row], targets: Sequence[str]
) -> Group:
    group = Group(secret=secret, names=in_order(names), key=key, rows=tuple(rows), tags={})
    regions = [each for each in targets if each in group.regions]
    limited = {tags.REGIONS: " ".join(regions)} if set(regions) < set(targets) else {}
    return Group(secret=secret, names=group.names, key=key, rows=group.rows, tags=limited)


def _word(text: str) -> str:
    """Return a part of a secret's name: a wildcard is spelt out."""
    return _FORBIDDEN.sub("-", text.replace("*", "wildcard")).lower()


def _free(name: str, taken: Collection[str]) -> str:
    """Return the name, with a number if it is taken."""
    number = 1
    found = name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found
