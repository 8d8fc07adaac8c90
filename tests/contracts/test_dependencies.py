"""What docs/dependencies.md says of the asset is what the lock and the packages say."""

from __future__ import annotations

import json
import re
from importlib.metadata import distribution
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
LOCK = (ROOT / "lambdas" / "requirements.txt").read_text(encoding="utf-8")
DEVELOPMENT = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")

ROW = re.compile(r"^\| `([a-z0-9-]+)` \| (\S+) \| ([^|]+) \| ([a-z0-9, -]+) \|", re.MULTILINE)
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


class Package(NamedTuple):
    version: str
    licence: str
    asked_for_by: frozenset[str]


DOCUMENTED = {
    name: Package(version, licence, frozenset(parents.split(", ")))
    for name, version, licence, parents in ROW.findall(DOCUMENT)
}


def locked() -> dict[str, tuple[str, frozenset[str]]]:
    """Each package's version, and who asks for it, as the lock notes below its hashes."""
    starts = [*PIN.finditer(LOCK)]
    ends = [*(each.start() for each in starts[1:]), len(LOCK)]
    return {
        start[1]: (start[2], _parents(LOCK[start.end() : end]))
        for start, end in zip(starts, ends, strict=True)
    }


def _parents(notes: str) -> frozenset[str]:
    """Read `# via a`, or a list below `# via`."""
    return frozenset(
        re.findall(r"^    #(?: via)? +([a-z0-9][a-z0-9-]+)", notes, flags=re.MULTILINE)
    ) - {"via"}


def stated_licence(name: str) -> str:
    """What the package states: as an expression (PEP 639), or else in words."""
    metadata = distribution(name).metadata
    fields = [each for each in ("License-Expression", "License") if each in metadata]
    assert fields, f"{name} states its licence in classifiers alone, or not at all"
    return metadata[fields[0]]


def test_the_table_lists_what_the_lock_pins_and_who_asks_for_it() -> None:
    listed = {name: (each.version, each.asked_for_by) for name, each in DOCUMENTED.items()}

    assert listed == locked()


@pytest.mark.parametrize("name", locked())
def test_the_table_gives_the_licence_that_the_package_states(name: str) -> None:
    assert distribution(name).version == locked()[name][0], "run `make setup`"
    assert DOCUMENTED[name].licence == stated_licence(name)


def test_the_asset_and_the_tests_have_the_same_versions() -> None:
    installed = dict(PIN.findall(DEVELOPMENT))

    assert {name: installed[name] for name in locked()} == {
        name: version for name, (version, _) in locked().items()
    }


def test_the_asset_has_all_that_boto3_needs_so_that_none_of_it_comes_from_the_runtime() -> None:
    pending, needed = ["boto3"], set[str]()
    while pending:
        name = pending.pop()
        needed.add(name)
        pending += required_by(name) - needed

    assert {"boto3", "botocore", "urllib3"} <= needed <= locked().keys()


def required_by(name: str) -> set[str]:
    """What a package needs without its extras."""
    return {
        canonicalize_name(re.split(r"[^A-Za-z0-9._-]", each)[0])
        for each in distribution(name).requires or ()
        if "extra ==" not in each
    }


def test_the_openssl_that_the_table_names_is_the_one_in_the_wheel() -> None:
    (stated,) = re.findall(r"contains OpenSSL ([0-9.]+)", DOCUMENT)
    wheel = distribution("cryptography")
    (listed,) = [each for each in wheel.files or () if each.match("*.dist-info/sboms/sbom.json")]
    components = json.loads(listed.read_text(encoding="utf-8"))["components"]

    assert str(listed.parent) in DOCUMENT
    assert {each["name"]: each["version"] for each in components}["openssl"] == stated
