"""The public roots: the lists that packages ship, or a file that the settings name."""

from __future__ import annotations

from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING
from warnings import catch_warnings, simplefilter

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning

from certrotation.core.material.trust import PublicRoots
from certrotation.errors import SettingsError
from certrotation.names.environment import PUBLIC_ROOTS_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

_READING = Lock()
"""Regions are worked on in threads, and warnings are filtered for all threads of the process."""


@lru_cache(maxsize=1)
def public_roots(path: str | None) -> PublicRoots:
    """Return the roots of a PEM file, or for None of the Mozilla list that certifi ships.

    `former` is the older list that botocore ships. A live certificate is compared with both lists,
    so that a root that the current list dropped does not count as a private CA. The lists of the
    packages are read on first use.

    Raises:
        SettingsError: the file cannot be read.
    """
    if path is None:
        return PublicRoots(_ShippedRoots("certifi"), former=_ShippedRoots("botocore"))
    try:
        return PublicRoots(_read_roots(Path(path)), former=_ShippedRoots("botocore"))
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"The public roots in {path} cannot be read: {error}.",
            f"Correct {PUBLIC_ROOTS_FILE}.",
        ) from error


class _ShippedRoots:
    """The roots that a package ships, read when they are first iterated over."""

    def __init__(self, package: str) -> None:
        self._package = package

    def __iter__(self) -> Iterator[x509.Certificate]:
        with _READING:
            return iter(self._certificates)

    @cached_property
    def _certificates(self) -> list[x509.Certificate]:
        return _read_roots(files(self._package) / "cacert.pem")


def _read_roots(source: Traversable) -> list[x509.Certificate]:
    with catch_warnings():
        # Some public roots have a serial number that RFC 5280 forbids; clients trust them still.
        simplefilter("ignore", CryptographyDeprecationWarning)
        return x509.load_pem_x509_certificates(source.read_bytes())
