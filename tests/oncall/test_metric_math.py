"""Metric math gives what AWS's document says of each function that alarms and dashboard use."""

from __future__ import annotations

import pytest

from tests.oncall.metric_math import Math, Series, UnknownExpressionError


def result(expression: str, *, fills_empty: bool = True, **metrics: Series) -> Series:
    return Math(expression=expression, fills_empty=fills_empty).evaluate(metrics)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # The document's own example: [30, 20, 0, 0] and [20, -, 20, -].
        ("metric1 < metric2", [0, 0, 1, 0]),
        ("metric1 >= 30", [1, 0, 0, 0]),
    ],
)
def test_a_missing_value_is_0_beside_one_that_is_there(expression: str, expected: Series) -> None:
    first: Series = [30, 20, 0, 0]
    second: Series = [20, None, 20, None]

    assert result(expression, metric1=first, metric2=second) == expected


def test_where_nothing_is_there_a_sum_is_missing_too() -> None:
    assert result("a + 2 * b", a=[1, None, None], b=[1, 1, None]) == [3, 2, None]


def test_if_drops_where_the_condition_is_false_or_missing() -> None:
    """The document's own example, without a third argument."""
    condition: Series = [1, 1, 0, 0, None]
    chosen: Series = [30, None, 0, 0, 30]

    assert result("IF(a, b)", a=condition, b=chosen) == [30, 0, None, None, None]


def test_fill_takes_a_number_or_the_value_before() -> None:
    series: Series = [None, 3, None, None, 5, None]

    assert result("FILL(a, 0)", a=series) == [0, 3, 0, 0, 5, 0]
    assert result("FILL(a, REPEAT)", a=series) == [None, 3, 3, 3, 5, 5]


@pytest.mark.parametrize("fills_empty", [True, False])
def test_what_fill_makes_of_a_series_without_values_is_a_choice_except_for_repeat(
    fills_empty: bool,  # noqa: FBT001  the parameter itself
) -> None:
    empty: Series = [None, None]

    filled = result("FILL(a, 0)", fills_empty=fills_empty, a=empty)

    assert filled == ([0, 0] if fills_empty else empty)
    assert result("FILL(a, REPEAT)", fills_empty=fills_empty, a=empty) == empty


def test_diff_is_each_value_less_the_one_before() -> None:
    assert result("DIFF(a)", a=[1, 1, 4, None, 2]) == [None, 0, 3, None, -2]


def test_a_series_is_divided_by_a_number() -> None:
    assert result("a / 60", a=[30, None, 120]) == [0.5, None, 2]


def test_epoch_is_the_time_of_every_period_whether_it_has_a_value_or_not() -> None:
    made = Math(expression="EPOCH(a)", fills_empty=False).evaluate({"a": [None, 1]}, [10, 15])

    assert made == [600, 900]


def test_max_of_one_series_is_a_number() -> None:
    assert result("a - MAX(a)", a=[1, None, 4]) == [-3, None, 0]
    assert result("a >= MAX(b)", a=[1, 4], b=[2, None]) == [0, 1]


@pytest.mark.parametrize("fills_empty", [True, False])
def test_max_of_no_value_is_a_choice(
    fills_empty: bool,  # noqa: FBT001  the parameter itself
) -> None:
    found = result("a - MAX(b)", fills_empty=fills_empty, a=[5, 6], b=[None, None])

    assert found == ([5, 6] if fills_empty else [None, None])


@pytest.mark.parametrize(
    "expression",
    ["RATE(a)", "FILL(a, LINEAR)", "IF(a, a, a)", "a / a", "b", "EPOCH(a)", "MAX(a)", "1 + 1"],
)
def test_what_nothing_uses_is_an_error(expression: str) -> None:
    with pytest.raises(UnknownExpressionError):
        result(expression, a=[1])
