"""The queries that the documents give find what they promise in the lines that the service logs."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from infra.observability.queries import ISSUANCES, queries_in
from tests.contracts.logs_insights import ask
from tests.simulation.estate import PREFIX, fields_of
from tests.simulation.issuing import InstantCa, IssuingWorld

if TYPE_CHECKING:
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

OPERATING = Path(__file__).parents[2] / "docs" / "operating.md"
RUNBOOK = OPERATING.parent / "runbook.md"


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


def test_the_queries_of_issuances_show_what_was_issued_and_why_an_attempt_failed(
    estate: Estate, authorities: Authorities
) -> None:
    ca = InstantCa(authorities.public, timedelta(days=90))
    world = IssuingWorld(estate, ca)
    world.request("shop", "shop.example.com")
    lines = [*world.look().lines, *world.rotate().lines]
    world.request("shop-eu", "eu.shop.example.com")
    ca.refusal = "The CA refuses newOrder: no such account."
    lines += [*world.look().lines, *world.rotate().lines]

    (issued,) = ask(of_heading("IssuanceStalled"), lines)
    (failed,) = ask(of_heading("IssuanceFailing"), lines)
    looks = ask(of_heading("IssuanceMissing"), lines)

    assert ask(ISSUANCES, lines) == [issued]
    assert f":secret:{PREFIX}shop-" in issued["issuance.secret"]
    assert issued["issuance.issued.by"] == "ca"
    assert issued["issuance.issued.because"] == "the secret has a request and no certificate"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.000", issued["expires"])
    assert failed["issuance.finding.code"] == "ISSUANCE_REFUSED"
    assert failed["issuance.finding.found"] == ca.refusal
    assert failed["issuance.step"] == "createSecret"
    assert [each["issuances.metrics.RenewalsWanted"] for each in looks] == [1, 1]


def of_heading(alarm: str) -> str:
    """Return the query under an alarm's heading of the runbook."""
    document = RUNBOOK.read_text(encoding="utf-8")
    (query,) = [each for each in queries_in(document) if each.alarm == alarm]
    assert query.logs == ("IssueLogs",)
    return query.text
