"""Metric math, as far as the alarms use it; whatever else an expression holds is an error.

CloudWatch User Guide, Using math expressions with CloudWatch metrics. Its syntax, so far, is
Python's as well.
"""

from __future__ import annotations

import ast
import operator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Series = list[float | None]
"""One value a period, the newest last; None where there is none."""

_TIMES = "(times)"
"""When each period begins, among the named series."""

_ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
}


class UnknownExpressionError(ValueError):
    """The alarms use something that is not modelled here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Math:
    """One expression; `evaluate` gives its series."""

    expression: str
    fills_empty: bool
    """What no document says: whether FILL with a number fills a series that has no value at all.
    If so, MAX of such a series is 0, else it is nothing."""

    def evaluate(self, metrics: Mapping[str, Series], begins: Sequence[int] = ()) -> Series:
        """Return the result over the periods that the metrics cover.

        Args:
            metrics: the values of each period, by the name in the expression.
            begins: when each period begins, in minutes since the epoch; needed for EPOCH.

        Raises:
            UnknownExpressionError: a part of the expression is not modelled.
        """
        times: Series = [60.0 * each for each in begins]
        named = {**metrics, _TIMES: times}
        result = self._value(_parsed(self.expression), named)
        if not isinstance(result, list):
            raise UnknownExpressionError(f"{self.expression} comes to a number, not to a series")
        return result

    def _value(self, node: ast.expr, metrics: Mapping[str, Series]) -> Series | float | None:
        match node:
            case ast.Name(id=name) if name in metrics:
                return metrics[name]
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.BinOp(left=left, op=ast.Div(), right=ast.Constant() as right):
                # No document says what a value divided by 0 is, and nobody divides by a series.
                return self._pairwise(operator.truediv, left, right, metrics)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return self._pairwise(_ARITHMETIC[type(op)], left, right, metrics)
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
                return self._pairwise(_COMPARISONS[type(op)], left, right, metrics)
            case ast.Call(func=ast.Name(id=function), args=[first, *others]):
                return self._call(function, self._series(first, metrics), others, metrics)
            case _:
                raise UnknownExpressionError(f"{ast.unparse(node)} is not modelled")

    def _call(
        self,
        function: str,
        series: Series,
        others: list[ast.expr],
        metrics: Mapping[str, Series],
    ) -> Series | float | None:
        match function, others:
            case "FILL", [ast.Name(id="REPEAT")]:
                return _repeat(series)
            case "FILL", [ast.Constant(value=int() | float() as filler)]:
                return self._fill(series, filler)
            case "IF", [chosen]:
                return _if(series, self._series(chosen, metrics))
            case "DIFF", []:
                return _diff(series)
            case "MAX", []:
                return self._greatest(series)
            case "EPOCH", [] if metrics[_TIMES]:
                return metrics[_TIMES]
            case _:
                raise UnknownExpressionError(f"{function} of {len(others) + 1} is not modelled")

    def _greatest(self, series: Series) -> float | None:
        """Return the greatest value, one number for the whole series."""
        values = [each for each in series if each is not None]
        return max(values, default=0.0 if self.fills_empty else None)

    def _series(self, node: ast.expr, metrics: Mapping[str, Series]) -> Series:
        value = self._value(node, metrics)
        if not isinstance(value, list):
            raise UnknownExpressionError(f"{ast.unparse(node)} is no series")
        return value

    def _pairwise(
        self,
        combine: Callable[[float, float], float],
        left: ast.expr,
        right: ast.expr,
        metrics: Mapping[str, Series],
    ) -> Series | float | None:
        """Combine value by value: a missing one is 0, and where both are missing there is none."""
        a, b = self._value(left, metrics), self._value(right, metrics)
        if isinstance(a, list) and isinstance(b, list):
            return [_or_none(combine, x, y) for x, y in zip(a, b, strict=True)]
        if isinstance(a, list):
            return [_of_both(combine, x, b) for x in a]  # type: ignore[arg-type]  # b is no series
        if isinstance(b, list):
            return [_of_both(combine, a, y) for y in b]
        return _of_both(combine, a, b)

    def _fill(self, series: Series, filler: float) -> Series:
        if not self.fills_empty and all(each is None for each in series):
            return series
        return [filler if each is None else each for each in series]


@cache
def _parsed(expression: str) -> ast.expr:
    return ast.parse(expression, mode="eval").body


def _of_both(
    combine: Callable[[float, float], float], a: float | None, b: float | None
) -> float | None:
    return None if a is None or b is None else float(combine(a, b))


def _or_none(
    combine: Callable[[float, float], float], a: float | None, b: float | None
) -> float | None:
    return None if a is None and b is None else float(combine(a or 0, b or 0))


def _repeat(series: Series) -> Series:
    """Fill with the most recent value before; before the first there is none."""
    filled: Series = []
    for each in series:
        filled.append(filled[-1] if each is None and filled else each)
    return filled


def _if(condition: Series, chosen: Series) -> Series:
    """Choose where the condition is true, 0 if there is nothing to choose; drop the rest."""
    return [(each or 0.0) if holds else None for holds, each in zip(condition, chosen, strict=True)]


def _diff(series: Series) -> Series:
    """Each value less the value before it."""
    previous: float | None = None
    result: Series = []
    for each in series:
        result.append(None if each is None or previous is None else each - previous)
        previous = previous if each is None else each
    return result
