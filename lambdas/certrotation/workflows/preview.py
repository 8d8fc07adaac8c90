"""Plans what a rotation would do with material, in every Region, and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from certrotation.workflows.observe import Observer
from certrotation.workflows.rotate import plan_regions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from certrotation.core.rotation.plan import Plan
    from certrotation.core.rotation.planning import Rotation
    from certrotation.errors import CertRotationError
    from certrotation.workflows.ports import Account


class Preview(NamedTuple):
    """The plan of the Regions that could be read, and why the others could not."""

    plan: Plan
    unreadable: Mapping[str, CertRotationError]


def preview(account: Account, rotation: Rotation, now: datetime) -> Preview:
    """Plan every Region at once.

    Args:
        account: where to look.
        rotation: the material and its secret, which need not exist yet.
        now: the present time.
    """
    observer = Observer(rotation=rotation, now=now, snapshot=None)
    planned, unreadable = plan_regions(account, observer, rotation)
    return Preview(rotation.plan([each.plan for each in planned.values()], now), unreadable)
