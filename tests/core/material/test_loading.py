import pytest
from cryptography.exceptions import UnsupportedAlgorithm

from certrotation.core.material.loading import Failure, attempt


class PanicException(BaseException):
    """What pyo3 makes of a panic in Rust; that class cannot be imported."""


def raising(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize("error", [ValueError(), PanicException(), MemoryError(), UserWarning()])
def test_whatever_a_loader_raises_it_has_failed(error: BaseException) -> None:
    assert attempt(lambda: raising(error)) is Failure.UNREADABLE


def test_an_algorithm_that_is_not_known_is_told_apart() -> None:
    assert attempt(lambda: raising(UnsupportedAlgorithm(""))) is Failure.UNSUPPORTED


@pytest.mark.parametrize("order", [KeyboardInterrupt(), SystemExit()])
def test_an_order_to_stop_is_obeyed(order: BaseException) -> None:
    with pytest.raises(type(order)):
        attempt(lambda: raising(order))


def test_what_is_loaded_is_returned() -> None:
    assert attempt(lambda: 1) == 1
