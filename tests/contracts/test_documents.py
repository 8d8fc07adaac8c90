"""What the documents list is what the code has."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certrotation.core.findings import ACCEPTABLE_ONCE, ACCEPTABLE_STANDING, Code
from certrotation.errors import CertRotationError, TransientError
from infra.config import StackConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
OPERATING = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
DOCUMENTS = [*sorted(ROOT.glob("docs/**/*.md")), ROOT / "README.md"]
SETTINGS = (ROOT / "lambdas" / "certrotation" / "settings.py").read_text(encoding="utf-8")


def codes_under(heading: str) -> list[str]:
    section = OPERATING.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([A-Z_]+)`", section, flags=re.MULTILINE)


def test_operating_lists_every_finding_once() -> None:
    assert sorted(codes_under("Findings")) == sorted(code.value for code in Code)


def error_classes(parent: type[CertRotationError]) -> Iterator[type[CertRotationError]]:
    for each in parent.__subclasses__():
        yield each
        yield from error_classes(each)


def test_operating_lists_every_error_once_and_who_acts() -> None:
    found = {each.code for each in error_classes(CertRotationError) if "code" in vars(each)}

    assert sorted(codes_under("Error codes")) == sorted(found)
    for each in error_classes(TransientError):
        assert f"| `{each.code}` | a person |" not in OPERATING


@pytest.mark.parametrize(
    ("mark", "codes"),
    [
        pytest.param("¹", ACCEPTABLE_STANDING, id="standing"),
        pytest.param("²", ACCEPTABLE_ONCE, id="once"),
    ],
)
def test_operating_marks_the_findings_that_can_be_accepted(
    mark: str, codes: frozenset[Code]
) -> None:
    marked = re.findall(rf"^\| `([A-Z_]+)` {mark}", OPERATING, flags=re.MULTILINE)

    assert set(marked) == codes


def test_operating_lists_every_setting_of_the_stack_and_of_the_functions() -> None:
    in_stack = {*StackConfig.__dataclass_fields__}
    names = re.findall(r'(?:required|optional)\(\s*"([A-Z_]+)"', SETTINGS)
    in_functions = {
        name if name.startswith(("AWS_", "CERTROTATION_")) else f"CERTROTATION_{name}"
        for name in names
    }

    section = OPERATING.partition("## Settings")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z_]+)` \|", section, flags=re.MULTILINE)) == in_stack
    assert in_functions - {"AWS_REGION"} <= set(re.findall(r"`(CERTROTATION_[A-Z_]+)`", OPERATING))


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize(
    "document",
    [*DOCUMENTS, ROOT / "CHANGELOG.md", ROOT / "SECURITY.md"],
    ids=lambda path: path.name,
)
def test_every_link_between_documents_leads_to_a_file_and_to_a_heading(document: Path) -> None:
    text = document.read_text(encoding="utf-8")

    for target, anchor in re.findall(r"\]\((?!https?://)([^)#]*)(?:#([^)]+))?\)", text):
        file = document.parent / target if target else document
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), f"{target}#{anchor}"


def test_every_module_that_a_document_runs_is_there_and_runs_in_the_virtual_environment() -> None:
    """As after `make setup` in a fresh clone: .venv is not activated, PYTHONPATH is not set."""
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    printed = {
        found
        for document in documents
        for found in re.findall(
            r"(\S*)python3? -m ([a-z_.]+)", document.read_text(encoding="utf-8")
        )
    }

    assert printed
    for prefix, module in printed:
        assert prefix.strip("`") == ".venv/bin/", module
        assert find_spec(module) is not None, module
