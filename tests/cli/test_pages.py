"""The pages: one file, without network, harmless whoever chose the names, usable by everybody."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from certrotation.cli.inventory.page import inventory_page
from certrotation.cli.inventory.proposal import groups_of
from certrotation.cli.inventory.rendering import View
from certrotation.cli.inventory.rows import Facts, Row, Situation, rows_of
from certrotation.cli.plan_page import plan_page
from certrotation.cli.planning import Planned
from certrotation.cli.untrusted import for_terminal
from certrotation.core.estate.expiry_windows import WindowPolicy, windows_of
from certrotation.core.estate.inventory import ListedCertificate
from certrotation.core.estate.tags import Marks
from certrotation.core.findings import Code, refuse, warn
from certrotation.core.rotation.outcomes import RotationOutcome, Status
from certrotation.core.rotation.plan import Plan, RegionPlan, Reimport
from certrotation.core.scan.assessment import CertificateStatus
from certrotation.core.scan.classification import State
from certrotation.values import replace
from tests.cli.chromium import seen
from tests.cli.running import deploy, run
from tests.cli.test_output import HOSTILE
from tests.simulation.estate import HOME, PREFIX, marks_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.chromium import Scheme
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

NOW = datetime(2026, 11, 28, tzinfo=UTC)
ALLOWED = {"class", "title", "id", "role", "tabindex", "hidden", "type", "placeholder", "value"}


JUDGED = {"color-contrast", "html-has-lang", "page-has-heading-one", "landmark-one-main"}
"""Rules of axe that find something to judge on each page: axe has run."""


class Elements(HTMLParser):
    """Every element and every text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += [(key, value or "") for key, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def row(name: str, days: int = 10, state: State = State.UNMANAGED) -> Row:
    ends = NOW + timedelta(days=days)
    certificate = ListedCertificate(
        arn=f"arn:aws:acm:{HOME}:123456789012:certificate/{name}",
        region=name,
        names=frozenset({name}),
        not_before=ends - timedelta(days=90),
        not_after=ends,
        in_use=True,
    )
    status = CertificateStatus(
        certificate=certificate,
        tags={},
        marks=Marks(secret=None if state is State.UNMANAGED else name),
        state=state,
        because=name,
        windows=windows_of(certificate.not_before, ends, WindowPolicy()),
    )
    situation = Situation(
        now=NOW,
        secrets={},
        left={certificate.arn: name},
        copies={},
        retention=timedelta(days=30),
        is_deployed=True,
        applies=True,
    )
    (made,) = rows_of([status], situation)
    return replace(made, facts=Facts(issuer=name, key=name), users=(name,))


def view(*rows: Row) -> View:
    return View(
        at=NOW,
        home_region=HOME,
        target_regions=(HOME,),
        stack=rows[0].names[0] if rows else None,
        mode="apply",
        unreachable={each.names[0]: each.names[0] for each in rows},
        findings=[warn(Code.SCAN_TOO_RARE, each.names[0]) for each in rows],
        every=rows,
        shown=rows,
        groups=groups_of(rows, (HOME,), PREFIX, ()),
        hits=(),
        unread=0,
        unknown_sources={},
    )


def plan_of(name: str) -> Planned:
    step = Reimport(arn=name, because=name)
    finding = refuse(Code.ADOPTION_AMBIGUOUS, name)
    region = RegionPlan(region=name, steps=(step,), findings=(finding,), notes=(name,))
    plan = Plan(secret=name, version=name, findings=(), regions=(region,), is_held=False)
    return Planned(
        RotationOutcome(secret=name, status=Status.PLANNED, plan=plan, findings=plan.findings)
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_is_an_element_an_attribute_or_a_script(name: str) -> None:
    for page, plain in (
        (inventory_page(view(row(name))), inventory_page(view(row("x")))),
        (plan_page([plan_of(name)], NOW, [name]), plan_page([plan_of("x")], NOW, ["x"])),
    ):
        found, expected = Elements(page), Elements(plain)

        assert found.names == expected.names
        assert [key for key, _ in found.attributes] == [key for key, _ in expected.attributes]
        assert any(for_terminal(name) in each for each in found.texts)
        assert not any(value.startswith("javascript:") for _, value in found.attributes)
        body = page.partition("<body>")[2].partition("<script>")[0]
        assert for_terminal(body.replace("\n", "")) == body.replace("\n", "")


def test_a_page_asks_nobody_and_runs_only_its_own_script() -> None:
    for page in (inventory_page(view(row("a.example"))), plan_page([plan_of("a")], NOW, [])):
        elements = Elements(page)
        scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
        styles = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)

        assert (len(scripts), len(styles)) == (1, 1)
        for each in (*scripts, *styles):
            digest = base64.b64encode(hashlib.sha256(each.encode()).digest()).decode()
            assert f"sha256-{digest}" in page
        assert "default-src 'none'" in page
        assert not {"src", "href", "style"} & {key for key, _ in elements.attributes}
        assert "http://" not in page
        assert "https://" not in page
        assert not {key for key, _ in elements.attributes if key.startswith("on")}


def test_a_year_without_certificates_and_one_with_very_many_fit_on_a_page() -> None:
    assert "No watched certificate expires within a year." in inventory_page(view())
    many = [row(f"shop-{number}.example", days=number % 400) for number in range(500)]

    page = inventory_page(view(*many))

    assert page.count("<g><title>") == 60
    assert "The next 60 have a line of their own; the columns count all." in page


@pytest.fixture
def pages(estate: Estate, authorities: Authorities, tmp_path: Path) -> tuple[Path, Path]:
    """The inventory and the plan of an account in which everything can be seen."""
    deploy(estate)
    for number, (name, age) in enumerate((("shop", 88), ("api", 75), ("blog", 10), ("wiki", 40))):
        begun = datetime.now(UTC) - timedelta(days=age, hours=1)
        issued = authorities.public.issue(f"{name}.example.com", not_before=begun)
        marks = {}
        if number < 2:
            version = estate.secret(name, issued)
            marks = marks_of(f"{PREFIX}{name}", version, issued)
        estate.listener(name, HOME, estate.certificate(issued, HOME, marks))
    estate.renew("shop", authorities.public.issue("shop.example.com"))
    estate.renew("api", authorities.public.issue("other.example.com"))
    inventory, plan = tmp_path / "inventory.html", tmp_path / "plan.html"
    assert run("inventory", "--html", str(inventory)).code == 0
    assert run("plan", "--html", str(plan)).code == 3
    return inventory, plan


def test_the_pages_say_what_the_commands_say(pages: tuple[Path, Path]) -> None:
    inventory, plan = (each.read_text(encoding="utf-8") for each in pages)

    assert "never renewed: no copy of a managed secret has one of its names" in inventory
    assert "4 watched certificates expire within a year: 1 are in their critical" in inventory
    assert "refused: nothing would be changed in any Region" in plan
    assert "eu-west-1 (canary: goes first, alone)" in plan
    assert "ACM&#x27;s rules allow it in place" in plan


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 1400), ("dark", 420)], ids=["light and wide", "dark and narrow"]
)
def test_a_real_browser_shows_them_to_everybody(
    pages: tuple[Path, Path], tmp_path: Path, scheme: Scheme, width: int
) -> None:
    for page in pages:
        found = seen(page, tmp_path, scheme, width)

        assert found["violations"] == []
        assert found["faint"] == [], "too little contrast in a drawing"
        assert {*found["passes"]} >= JUDGED
        assert (sum(found["background"]) > 384) is (scheme == "light")
        assert found["overflow"] <= 0
        assert (found["scripts"], found["requests"]) == (1, 0)
        if page.stem == "inventory":
            names = [f"{each}.example.com" for each in ("shop", "api", "wiki", "blog")]
            assert sorted(found["all"]) == sorted(names)
            assert found["searched"] == ["api.example.com"]
            assert found["counted"] == "1 of 4 certificates"
            assert sorted(found["unmanaged"]) == ["blog.example.com", "wiki.example.com"]
            assert found["byName"] == sorted(names)
            assert found["byNameReversed"] == sorted(names, reverse=True)
            assert (found["focused"], found["sorted"]) == (True, "descending")
            assert found["byDays"] == names
