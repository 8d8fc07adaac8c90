"""What a role needs for one kind of dependent, as data: the infrastructure makes policies of it."""

from __future__ import annotations

from typing import NamedTuple

NO_FINER = "These actions know no resource (Service Authorization Reference)."
PRESENTED = "Which of the account's present a copy is known only at run time."


class Statement(NamedTuple):
    """A statement that allows actions."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    """ARNs, in which {partition}, {account} and, once for each target Region, {region} stand."""
    any_because: str
    """Why the wildcards in `resources` can be no finer."""
    is_limited_by_tag: bool = False
    """Whether the setting `dependents_tag` limits it to resources that carry the tag."""
