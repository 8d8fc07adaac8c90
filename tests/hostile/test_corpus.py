"""Every bad or awkward secret of the table gets its verdict; `make corpus` judges them all."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from tests.hostile.corpus.__main__ import FEWEST, report
from tests.hostile.corpus.families import Family, all_rows, rows_of
from tests.hostile.corpus.judge import judge, judge_together
from tests.hostile.corpus.leaks import leaks, pieces_of
from tests.hostile.corpus.material import PUBLIC_CA, PUBLIC_ROOT, SHOP, chain_of
from tests.hostile.corpus.row import Verdict, live, of, refused, repaired, row, shop
from tests.hostile.corpus.scenes import judge_scene, scenes
from tests.hostile.corpus.table import FAMILIES
from tests.support.authority import Issued

if TYPE_CHECKING:
    from tests.hostile.corpus.scenes import Scene

# cryptography reads some encodings that RFC 5280 forbids, and warns of them.
pytestmark = pytest.mark.filterwarnings(
    "ignore::cryptography.utils.CryptographyDeprecationWarning", "ignore::UserWarning"
)
LONG = ("keys that take long to make", "outputs of tools", "bombs")
EVERY = 10
"""Of the rows that take the handlers every tenth is enough here."""


@pytest.mark.parametrize(
    "family",
    [pytest.param(each, marks=[pytest.mark.slow] if each in LONG else []) for each in FAMILIES],
)
def test_every_secret_of_the_family_gets_its_verdict(family: str) -> None:
    rows, _ = rows_of(family)
    assert rows
    assert [each for each in map(judge, rows) if each.is_broken] == []


@pytest.mark.slow
def test_a_sample_is_refused_by_the_handlers_too() -> None:
    rows = all_rows()
    assert [each for each in judge_together(rows[::EVERY]) if each.is_broken] == []


@pytest.mark.parametrize("scene", scenes()[::EVERY], ids=lambda scene: scene.name)
def test_a_sample_is_judged_against_what_is_live(scene: Scene) -> None:
    assert not judge_scene(scene).is_broken


@pytest.mark.slow
def test_the_table_holds_enough_secrets_and_none_twice() -> None:
    rows = all_rows()
    values = {(each.value.text, each.value.binary, each.at) for each in rows}
    assert len(values) == len(rows)
    assert len(rows) >= FEWEST
    names = [*(each.name for each in rows), *(each.name for each in scenes())]
    assert len(set(names)) == len(names)


GOOD = row("a good one", shop(), live())
ROOTED = of(SHOP, *chain_of(PUBLIC_CA, PUBLIC_ROOT))
_KEY_OF_CA = Issued(certificate=PUBLIC_CA.certificate, key=PUBLIC_CA.key).key_pem()
WRONG_EXPECTATIONS = {
    "refused what is live": replace(GOOD, expected=refused("KEY_WEAK", says="RSA")),
    "live what is refused": row("", shop(private_key=""), live()),
    "another code": row("", shop(private_key=""), refused("KEY_WEAK", says="private key")),
    "one code too few": row("", of(SHOP, private_key=_KEY_OF_CA), refused("LEAF_IS_CA", says="")),
    "other words": row("", shop(private_key=""), refused("SECRET_MALFORMED", says="wombat")),
    "live what is repaired": row("", ROOTED, live()),
    "another chain": row("", ROOTED, repaired("CHAIN_SUPERFLUOUS", chain=())),
    "other names": replace(GOOD, expected=live("blog.example.com")),
    "waits": replace(GOOD, expected=live(waits=True)),
}


@pytest.mark.parametrize("wrong", WRONG_EXPECTATIONS)
def test_a_row_with_a_wrong_expectation_is_reported(wrong: str) -> None:
    assert judge(WRONG_EXPECTATIONS[wrong]).wrong


def test_a_crash_and_a_leak_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    piece = SHOP.key_pem().splitlines()[1][20:36]
    assert leaks(f"the key is {piece}.", pieces_of(GOOD.value)) == [piece]

    monkeypatch.setattr("tests.hostile.corpus.judge.inspect_secret", lambda *_: 1 / 0)
    assert judge(GOOD).crashes


@pytest.mark.parametrize(
    ("count", "expected", "holds"),
    [
        (FEWEST, GOOD.expected, True),
        (FEWEST - 1, GOOD.expected, False),
        (FEWEST, refused("KEY_WEAK", says="RSA"), False),
    ],
)
def test_the_report_says_whether_all_promises_hold(
    count: int, expected: Verdict, *, holds: bool
) -> None:
    judged = judge(replace(GOOD, expected=expected))
    family = Family(title="one", judgements=[replace(judged, subject=n) for n in range(count)])
    said = io.StringIO()
    assert report([family], Console(file=said)) is holds
    assert ("a good one" in said.getvalue()) is judged.is_broken
