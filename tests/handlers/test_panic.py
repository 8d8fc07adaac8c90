"""A panic in cryptography's Rust code, which is no Exception, betrays nothing and stops nothing."""

from __future__ import annotations

import json
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING

import pytest

import certrotation
from certrotation.handlers import rotate
from tests.simulation.estate import PREFIX, fields_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.estate import Estate, Run
    from tests.support.authorities import Authorities
    from tests.support.authority import Issued

SHOP = PREFIX + "shop"
LOADERS = "certrotation.core.material"
PACKAGE = f"{Path(certrotation.__file__).parent}/"


class PanicException(BaseException):
    """What pyo3 makes of a panic; that class cannot be imported."""


def panic(data: bytes, *_: object, **__: object) -> None:
    raise PanicException(f"called `Result::unwrap()` on {data!r}")


@pytest.fixture
def renewed(estate: Estate, authorities: Authorities) -> Issued:
    """A shop that is live, and its renewal in the secret."""
    estate.secret("shop", authorities.public.issue("shop.example.com"))
    estate.run()
    renewal = authorities.public.issue("shop.example.com")
    estate.renew("shop", renewal)
    return renewal


def lines_of(issued: Issued) -> list[str]:
    return [line for line in issued.key_pem().splitlines() if "-----" not in line]


def test_a_panic_of_a_loader_refuses_the_secret_and_nothing_is_quoted(
    estate: Estate, renewed: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{LOADERS}.private_keys.load_pem_private_key", panic)

    run = estate.run()

    assert run.codes(SHOP) == {"SECRET_MALFORMED"}
    assert not [each for each in lines_of(renewed) if each in "".join(run.lines)]


def rotated(estate: Estate, look: Callable[[BaseException], None]) -> Run:
    record = {"messageId": "m-1", "receiptHandle": "r-1", "body": json.dumps({"secret": SHOP})}
    with estate.listening() as run, pytest.raises(PanicException) as caught:
        rotate.handler({"Records": [record]}, None)
    look(caught.value)
    return run


def test_a_panic_elsewhere_leaves_no_frame_and_no_word_of_it_in_the_log(
    estate: Estate, renewed: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lambda's runtime keeps the error; the frames behind it hold the key."""

    def use(supplied: object) -> None:
        key = renewed.key_pem().encode()
        panic(key, supplied)

    monkeypatch.setattr(f"{LOADERS}.checks.find_identity", use)
    kept: list[object] = []

    def look(error: BaseException) -> None:
        kept.extend((error.__cause__, error.__context__))
        frames = [frame for frame, _ in walk_tb(error.__traceback__)]
        inside = [each for each in frames if each.f_code.co_filename.startswith(PACKAGE)]
        kept.extend(each.f_code.co_name for each in inside if each.f_code.co_name != "handler")

    run = rotated(estate, look)

    assert kept == [None, None]
    written = "".join(run.lines)
    assert "PanicException" in written
    assert "in use" in written
    assert not [each for each in lines_of(renewed) if each in written]
    assert fields_of(renewed)["private_key"] not in written
