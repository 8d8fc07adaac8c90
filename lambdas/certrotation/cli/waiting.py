"""The options of verbs that may follow a rotation."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

_Command = TypeVar("_Command", bound="Callable[..., object]")

LONGEST_WAIT = click.option(
    "--timeout",
    metavar="MINUTES",
    type=click.IntRange(1, 1440),
    default=30,
    show_default=True,
    help="How long to wait.",
)
"""The option `timeout`, in minutes."""


def may_wait(command: _Command) -> _Command:
    """Add the options `wait` and `timeout`."""
    wait = click.option(
        "--wait", is_flag=True, help="Follow the rotation until every Region presents it."
    )
    return wait(LONGEST_WAIT(command))
