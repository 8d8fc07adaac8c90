"""The queries that the documents give find what they promise in the lines that the service logs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.simulation.estate import PREFIX, fields_of

if TYPE_CHECKING:
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

OPERATING = Path(__file__).parents[2] / "docs" / "operating.md"


def parsed_by_the_query(line: str) -> re.Match[str] | None:
    """Return what the query's `parse @message` finds; Logs Insights writes groups as `(?<...>`."""
    (pattern,) = re.findall(r"parse @message /(.*)/\n", OPERATING.read_text(encoding="utf-8"))
    return re.search(pattern.replace("(?<", "(?P<"), line)


def test_the_query_for_what_was_refused_names_the_first_finding_that_refuses(
    estate: Estate, authorities: Authorities
) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com", "www.example.com"))
    estate.run()
    less = authorities.public.issue("shop.example.com")
    repaired = {"chain": less.chain_pem + less.certificate_pem}
    estate.renew("shop", fields_of(less) | repaired)

    run = estate.run()

    (line,) = [each for each in run.lines if '"message":"rotation"' in each.replace(" ", "")]
    found = parsed_by_the_query(line)
    assert found is not None
    assert found["code"] == "NAMES_LOST"
    assert "www.example.com" in found["found"]
    assert run.rotation(PREFIX + "shop")["findings"][0]["code"] == "CHAIN_SUPERFLUOUS"


def test_the_query_for_what_was_refused_passes_over_what_went_live(
    estate: Estate, authorities: Authorities
) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com"))

    lines = estate.run().lines

    assert lines
    assert not any(parsed_by_the_query(line) for line in lines)
