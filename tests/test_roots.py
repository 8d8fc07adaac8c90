"""The public roots: when they are read, and which lists count for what."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import botocore
import certifi
import pytest
from cryptography import x509

from certrotation import roots
from certrotation.errors import SettingsError
from tests.aws.samples import raising
from tests.support.authority import pem

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from tests.support.authorities import Authorities


# One of these roots has a serial number of zero.
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_the_public_roots_are_certifis_and_what_is_live_may_end_at_botocores() -> None:
    public = roots.public_roots(None)
    current = x509.load_pem_x509_certificates(Path(certifi.where()).read_bytes())
    bundle = Path(botocore.__file__).with_name("cacert.pem").read_bytes()
    former = x509.load_pem_x509_certificates(bundle)
    assert all(public.contains(each) for each in current)
    assert not all(public.contains(each) for each in former)
    assert all(public.with_former.contains(each) for each in (*current, *former))
    assert roots.public_roots(None) is public


def test_the_public_roots_are_read_when_one_is_looked_for(authorities: Authorities) -> None:
    """A cold start that needs none pays for none; the former list is needed yet more rarely."""
    roots.public_roots.cache_clear()
    read: list[str] = []

    def recorded(source: Traversable) -> list[x509.Certificate]:
        read.append(Path(str(source)).parent.name)
        return []

    with patch.object(roots, "_read_roots", recorded):
        public = roots.public_roots(None)
        assert read == []
        for _ in range(2):
            assert not public.contains(authorities.public_root.certificate)
        assert read == ["certifi"]
        for _ in range(2):
            assert not public.with_former.contains(authorities.public_root.certificate)
        assert read == ["certifi", "botocore"]
    roots.public_roots.cache_clear()


def test_a_file_of_public_roots_takes_their_place(authorities: Authorities, tmp_path: Path) -> None:
    bundle = tmp_path / "roots.pem"
    bundle.write_text(pem(authorities.private_root.certificate))
    public = roots.public_roots(str(bundle))
    assert public.contains(authorities.private_root.certificate)
    assert not public.contains(authorities.public_root.certificate)
    assert public.with_former.contains(authorities.private_root.certificate)


@pytest.mark.parametrize("content", [None, "no certificates"])
def test_public_roots_that_cannot_be_read_are_a_settings_error(
    tmp_path: Path, content: str | None
) -> None:
    bundle = tmp_path / "roots.pem"
    if content is not None:
        bundle.write_text(content)
    with raising(SettingsError, str(bundle)):
        roots.public_roots(str(bundle))


def test_threads_that_look_at_once_read_each_list_once_and_warn_of_nothing() -> None:
    roots.public_roots.cache_clear()
    lists = roots.public_roots(None)
    with (
        patch.object(roots, "_read_roots", wraps=roots._read_roots) as read,
        ThreadPoolExecutor(max_workers=8) as pool,
    ):
        counted = list(pool.map(lambda each: len(list(each)), [lists._listed, lists._former] * 4))
    assert len(set(counted)) == 2
    assert read.call_count == 2
