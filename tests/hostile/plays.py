"""Plays a story under some faults until nothing is left to do, and says what it came to.

Regions are worked on one after the other here, so that the n-th call is the same in every play,
and the clock goes on only where somebody waits: a play can be repeated call by call.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from certrotation.errors import CertRotationError
from tests.hostile.end_state import all_certificates, end_state, strays
from tests.hostile.stories import STORIES
from tests.simulation.clock import virtual_time
from tests.simulation.estate import account
from tests.simulation.faults import DeathError
from tests.simulation.oracle import watching
from tests.simulation.runner import one_after_the_other
from tests.support.authorities import Authorities
from tests.support.authority import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from tests.simulation.estate import Estate, Run

ROUNDS = tuple(timedelta(minutes=each) for each in (0, 31, 62, 123, 184, 245))
"""When the scan runs and the queue is worked off. A message that was being worked on by a process
that died comes back after half an hour, the queue's visibility timeout. Faults last for three
rounds at most; then two domain names of API Gateway need two rounds, as no time passes in one and
API Gateway takes one update in thirty seconds; and in the last round nothing is left to do."""

FaultSchedule: TypeAlias = "Callable[[Estate, int], AbstractContextManager[object]]"
"""What goes wrong in a round, counted from 0."""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What one play of a story came to."""

    calls: tuple[int, ...]
    """AWS calls in each round."""
    calls_by_service: Mapping[str, int]
    """AWS calls in the first round."""
    end_state: Any
    gaps: tuple[str, ...]
    doubled: int
    strays: int
    dead_letters: int
    crashes: tuple[str, ...]
    """Exceptions that the handlers did not translate, a death apart, and bugs that they logged."""
    reports: frozenset[str]
    """What the functions reported: warnings, errors, findings, and the status of rotations."""

    def wrongs(self, *right: Ending, counts_doubled: bool = True) -> list[str]:
        """Return what this play broke of the service's promises.

        Args:
            right: the plays that one of which this one must end like.
            counts_doubled: whether importing the same twice into one ARN breaks a promise.
        """
        found = [f"gap at {each}" for each in self.gaps]
        found.extend(self.crashes)
        if not any(self.end_state == each.end_state for each in right):
            found.append(f"another end: {self.end_state} instead of {right[0].end_state}")
        if self.doubled and counts_doubled:
            found.append("imported twice into one ARN")
        if self.dead_letters:
            found.append(f"{self.dead_letters} messages given up")
        if self.calls[-1] != right[0].calls[-1]:
            found.append(f"still at work in the last round: {self.calls[-1]} calls")
        return found


def none(estate: Estate, number: int) -> AbstractContextManager[object]:
    """Nothing goes wrong."""
    del estate, number
    return nullcontext()


def play(name: str, faults: FaultSchedule = none) -> Ending:
    """Build a story's world, let the service run in it under these faults, and tell the end."""
    roots = [authorities().public_root.certificate]
    with account(roots=roots) as estate, one_after_the_other():
        scene = STORIES[name](estate, authorities())
        begin, initial = now() + scene.later, all_certificates(estate)
        notes = _Notes()
        with watching(estate, scene.serves) as seen:
            calls = [
                _round(estate, begin + after, faults(estate, number), notes)
                for number, after in enumerate(ROUNDS)
            ]
        return Ending(
            calls=tuple(each.total() for each in calls),
            calls_by_service=calls[0],
            end_state=end_state(estate, scene, initial),
            gaps=tuple(seen.gaps),
            doubled=seen.doubled,
            strays=strays(estate, initial),
            dead_letters=estate.dead_letters(),
            crashes=tuple(notes.crashes),
            reports=frozenset(notes.reports),
        )


def play_all(plays: Sequence[tuple[str, FaultSchedule]]) -> list[Ending]:
    """Play many at once, on all processors; schedules have to be picklable."""
    names, schedules = zip(*plays, strict=True)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(play, names, schedules, chunksize=4))


@dataclass(kw_only=True)
class _Notes:
    """What the functions reported so far."""

    crashes: list[str] = field(default_factory=list)
    reports: set[str] = field(default_factory=set)

    def note(self, run: Run) -> None:
        """Take in the log lines of a run."""
        for line in map(json.loads, run.lines):
            if line.get("message") == "bug":
                self.crashes.append(str(line.get("exception")))
            if line.get("level") in {"WARNING", "ERROR"}:
                rotation = line.get("rotation", {})
                self.reports.add(f"{line['message']} {rotation.get('status', '')}".strip())
            scan = line.get("scan", {})
            if scan.get("unreachable"):
                self.reports.add("scan without a Region")
            if scan.get("not_deleted"):
                self.reports.add("scan that kept a superseded copy")
            self.reports.update(f"scan {each['code']}" for each in scan.get("findings", ()))


def _round(
    estate: Estate, at: Any, faults: AbstractContextManager[object], notes: _Notes
) -> Counter[str]:
    """Scan and work the queue off, or die on the way; return the calls made to each service."""
    estate.aws.calls.clear()
    with virtual_time(at), faults:
        for work in (estate.scan, estate.drain):
            with suppress(DeathError), _noting(notes):
                notes.note(work())
    ours = (each for each in estate.aws.calls if each.operation != "ReceiveMessage")
    return Counter(each.service for each in ours)


@contextmanager
def _noting(notes: _Notes) -> Iterator[None]:
    """Note what nobody translated. An error of ours ends a scan; Lambda tries it again."""
    try:
        yield
    except CertRotationError as error:
        notes.reports.add(f"raised {error.code}")
    except Exception as error:  # noqa: BLE001  whatever it is, it is a finding
        notes.crashes.append(repr(error))


@cache
def authorities() -> Authorities:
    """Return the CAs of this process."""
    return Authorities.make()
