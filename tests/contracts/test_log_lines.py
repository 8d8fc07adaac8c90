"""The lines that docs/operating.md describes are those that the functions log."""

from __future__ import annotations

import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from certrotation import __version__
from certrotation.core.rotation.outcomes import Status
from tests.simulation.estate import PREFIX

if TYPE_CHECKING:
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

OPERATING = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")


def documented(line: str) -> set[str]:
    """The keys in the table of one line."""
    table = OPERATING.partition(f"| of `{line}` | content |")[2].partition("\n\n")[0]
    cells = re.findall(r"^\| ((?:`[a-z_]+`(?:, )?)+) \|", table, flags=re.MULTILINE)
    return {key for cell in cells for key in re.findall("`([a-z_]+)`", cell)}


def test_each_line_has_the_documented_keys(estate: Estate, authorities: Authorities) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com"))

    run = estate.run()

    assert set(run.scans[0]) == documented("scan")
    assert set(run.rotation(PREFIX + "shop")) == documented("rotation")


def test_each_line_names_the_versions_of_the_code_and_of_boto3(
    estate: Estate, authorities: Authorities
) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com"))

    logged = [json.loads(line) for line in estate.run().lines]

    versions = {
        each["message"]: (each["service_version"], each["boto3_version"])
        for each in logged
        if "message" in each
    }
    both = __version__, version("boto3")
    assert versions == {"scan": both, "rotation": both}


def test_a_rotation_leads_back_to_its_scan(estate: Estate, authorities: Authorities) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com"))

    run = estate.run()

    asked = run.rotation(PREFIX + "shop")["asked"]
    assert asked["scan"] == run.scans[0]["at"]
    assert asked["receives"] == 1
    assert asked["message"]


def test_every_status_is_documented() -> None:
    (row,) = re.findall(r"^\| `status` \| (.*) \|$", OPERATING, flags=re.MULTILINE)
    assert set(re.findall("`([a-z_]+)`", row)) == {each.value for each in Status}
