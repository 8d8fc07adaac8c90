"""Sees that every drill comes up: `python -m tests.oncall.drill.check` (minutes).

What only may follow from a fault need not.
"""

from __future__ import annotations

import sys
import time

from tests.oncall.drill.__main__ import template_of_the_year
from tests.oncall.drill.playing import NoAlarmError, drilled, played
from tests.oncall.year.faults import FAULTS


def main() -> int:
    """Play each fault until each of its alarms, and print what came of it."""
    template, missing = template_of_the_year(), 0
    for name, alarm in drilled():
        begin = time.perf_counter()
        try:
            with played(template, FAULTS[name], alarm) as scene:
                said = (
                    f"{scene.change.alarm} of {scene.injected.subject} at {scene.change.at:%F %R}"
                )
        except NoAlarmError as error:
            is_promised = alarm in FAULTS[name].raises
            missing += is_promised
            said = f"{'NOT UP' if is_promised else 'does not follow'}: {error}"
        sys.stdout.write(f"{name:<28} {said} ({time.perf_counter() - begin:.1f} s)" + "\n")
    return int(missing > 0)


if __name__ == "__main__":
    sys.exit(main())
