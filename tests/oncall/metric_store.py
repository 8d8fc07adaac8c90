"""Metrics as CloudWatch keeps them: by namespace, name and exactly these dimensions."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Metric:
    """What CloudWatch takes for one metric: another dimension is another metric."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str]) -> Metric:
        """Name a metric."""
        return cls(namespace, name, frozenset(dimensions.items()))


@dataclass(slots=True)
class _Samples:
    minutes: list[int] = field(default_factory=list)
    """Since the epoch, in order; a minute may stand several times."""
    values: list[float] = field(default_factory=list)


_EMPTY = _Samples()


class MetricStore:
    """What was measured, to be asked for statistics over periods.

    Standard resolution: a minute is the finest (CloudWatch User Guide, Metrics concepts).
    """

    def __init__(self) -> None:
        self._samples: defaultdict[Metric, _Samples] = defaultdict(_Samples)

    def put(self, metric: Metric, at: datetime, value: float) -> None:
        """Keep a value, which may arrive after younger ones."""
        samples, minute = self._samples[metric], minute_of(at)
        place = bisect_left(samples.minutes, minute + 1)
        samples.minutes.insert(place, minute)
        samples.values.insert(place, value)

    def put_emf(self, line: str | Mapping[str, Any], at: datetime | None = None) -> None:
        """Extract what a line in the embedded metric format holds, once for each dimension set.

        CloudWatch User Guide, Specification: Embedded metric format. A member that is named and
        missing is an error here; CloudWatch would drop it without a word.

        Args:
            line: as a function printed it, or as JSON values.
            at: when it was printed, if that is not what the line says.
        """
        document = json.loads(line) if isinstance(line, str) else line
        meta = document["_aws"]
        said = datetime.fromtimestamp(meta["Timestamp"] / 1000, UTC)
        for directive in meta["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                dimensions = {name: document[name] for name in names}
                for each in directive["Metrics"]:
                    metric = Metric.of(directive["Namespace"], each["Name"], dimensions)
                    for value in _as_list(document[each["Name"]]):
                        self.put(metric, at or said, value)

    def metrics(self) -> set[Metric]:
        """Return every metric that has a value."""
        return set(self._samples)

    def size(self, metrics: Iterable[Metric]) -> int:
        """Return how many values there are: it grows when one is put."""
        return sum(len(self._samples.get(each, _EMPTY).minutes) for each in metrics)

    def statistic(self, metric: Metric, name: str, begin: int, end: int) -> float | None:
        """Return a statistic of the minutes from `begin` up to, not including, `end`, if any."""
        samples = self._samples.get(metric, _EMPTY)
        low, high = bisect_left(samples.minutes, begin), bisect_left(samples.minutes, end)
        return _STATISTICS[name](samples.values[low:high]) if low < high else None

    def first_from(self, metric: Metric, minute: int) -> int | None:
        """Return the first minute from `minute` on that has a value, if one has."""
        minutes = self._samples.get(metric, _EMPTY).minutes
        place = bisect_left(minutes, minute)
        return minutes[place] if place < len(minutes) else None


def minute_of(at: datetime) -> int:
    """Return the minute that a moment is in, since the epoch."""
    return int(at.timestamp() // 60)


def moment(minute: int) -> datetime:
    """Return the beginning of a minute."""
    return datetime.fromtimestamp(minute * 60, UTC)


def _as_list(value: float | list[float]) -> list[float]:
    return value if isinstance(value, list) else [value]


def _average(values: list[float]) -> float:
    return sum(values) / len(values)


_STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "Average": _average,
}
