"""No value explodes: `make bombs` measures the seconds, tests/core counts the work refused."""

import pytest

from tests.hostile.bombs import MOST_MEGABYTES, MOST_SECONDS, Blast, measure
from tests.hostile.corpus import bombs
from tests.hostile.corpus.row import live, row, shop

pytestmark = pytest.mark.slow


def test_no_bomb_of_the_corpus_is_stopped_or_takes_more_memory() -> None:
    blasts = [measure(each) for each in bombs.rows()]
    assert len(blasts) > 50
    assert [each for each in blasts if not each.is_small] == []


def test_a_process_that_is_stopped_is_a_bomb_that_went_off(monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr("tests.hostile.bombs.inspect_secret", explode)
    blast = measure(row("a bomb", shop(), live()))
    assert blast == Blast(name="a bomb", seconds=None, megabytes=None)
    assert not blast.is_small
    assert not blast.is_bearable


@pytest.mark.parametrize(
    ("seconds", "megabytes"), [(MOST_SECONDS + 0.1, 1.0), (0.1, MOST_MEGABYTES + 1)]
)
def test_either_limit_counts(seconds: float, megabytes: float) -> None:
    assert not Blast(name="a bomb", seconds=seconds, megabytes=megabytes).is_bearable
