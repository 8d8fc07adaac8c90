"""Plans what a rotation would do with material, in every Region, and changes nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from certrotation.errors import CertRotationError, without_frames
from certrotation.workflows.observe import Observer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from certrotation.core.rotation.plan import Plan, RegionPlan
    from certrotation.core.rotation.planning import Rotation
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

    def try_to_plan(region: str) -> RegionPlan | CertRotationError:
        try:
            return observer.plan(account.regions[region]).plan
        except CertRotationError as error:
            return without_frames(error)

    with ThreadPoolExecutor(max_workers=len(rotation.regions)) as pool:
        results = dict(zip(rotation.regions, pool.map(try_to_plan, rotation.regions), strict=True))
    planned = [each for each in results.values() if not isinstance(each, CertRotationError)]
    unreadable = {k: v for k, v in results.items() if isinstance(v, CertRotationError)}
    return Preview(rotation.plan(planned, now), unreadable)
