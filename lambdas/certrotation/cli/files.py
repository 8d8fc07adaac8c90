"""Writes the files that options name."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

STANDARD = "-"
"""Stands for standard output."""


@contextmanager
def written(name: str) -> Iterator[IO[str]]:
    """Give a file to write; the named one is replaced when all is written, or not at all.

    Args:
        name: of the file; `-` is standard output.

    Raises:
        OSError: the file cannot be written.
    """
    if name == STANDARD:
        yield sys.stdout
        return
    target = Path(name)
    if target.exists() and not target.is_file():  # a pipe or a device cannot be replaced
        with target.open("w", encoding="utf-8", newline="") as stream:
            yield stream
        return
    try:
        file = NamedTemporaryFile(  # noqa: SIM115  closed below, and then renamed
            "w",
            encoding="utf-8",
            newline="",
            dir=target.parent,
            prefix=f".{target.name}.",
            delete=False,
        )
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(target)) from None
    try:
        with file.file as stream:
            yield stream
        Path(file.name).chmod(0o666 & ~_umask())
        Path(file.name).replace(target)
    except BaseException:  # Ctrl-C leaves no half-written file either
        Path(file.name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
