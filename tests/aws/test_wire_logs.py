"""What boto3 logs below WARNING is emptied where it is made, whoever listens."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from certrotation import composition
from certrotation.aws.wire_logs import CARRIERS, WITHHELD

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "MIGHAgEAMBMGByqGSM49"


class Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(f"{self.format(record)} {record.args}")


@pytest.fixture
def listener(request: pytest.FixtureRequest) -> Iterator[Listener]:
    """Hears all that a logger says; importing the composition is what keeps keys from it."""
    assert composition
    name: str = request.param
    logger, listening = logging.getLogger(name), Listener()
    before = logger.level
    logger.addHandler(listening)
    logger.setLevel(logging.DEBUG)
    yield listening
    logger.setLevel(before)
    logger.removeHandler(listening)


@pytest.mark.parametrize(
    ("listener", "name"),
    [(name, name) for each in sorted(CARRIERS) for name in (each, f"{each}.new.one")],
    indirect=["listener"],
)
def test_what_is_below_a_warning_is_withheld_with_its_arguments_and_its_error(
    listener: Listener, name: str
) -> None:
    logger = logging.getLogger(name)
    logger.debug(KEY)
    logger.info("Request: %s", KEY, exc_info=ValueError(KEY), stack_info=True)

    assert listener.told == [f"{WITHHELD} None"] * 2


@pytest.mark.parametrize("listener", ["botocore"], indirect=True)
def test_a_warning_is_told(listener: Listener) -> None:
    logging.getLogger("botocore").warning("the clock is %s off", "an hour")

    assert listener.told == ["the clock is an hour off ('an hour',)"]


@pytest.mark.parametrize("listener", ["botocores"], indirect=True)
def test_what_others_say_is_told(listener: Listener) -> None:
    logging.getLogger("botocores").debug("hello")

    assert listener.told == ["hello ()"]


def test_a_record_without_a_name_can_be_made() -> None:
    assert logging.makeLogRecord({"msg": "hello"}).getMessage() == "hello"
