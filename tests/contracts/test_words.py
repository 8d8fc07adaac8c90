"""Documents and code keep to the word list of docs/contributing.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRIBUTING = ROOT / "docs" / "contributing.md"
WORD_LIST = (
    CONTRIBUTING.read_text(encoding="utf-8").partition("| use | not |")[2].partition("\n\n")[0]
)
FORBIDDEN = [word for row in WORD_LIST.splitlines() for word in re.findall(r"`([^`]+)`", row)]
# A phrase may be broken over two lines of a comment or a document.
PATTERN = re.compile(
    "|".join(rf"\b{word}\b" for word in FORBIDDEN).replace(" ", r"(?:\s|#)+"), re.IGNORECASE
)
TEXTS = sorted(
    {
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("*.md"),
        *ROOT.glob("lambdas/certrotation/**/*.py"),
        *ROOT.glob("infra/**/*.py"),
        ROOT / "app.py",
        ROOT / "Makefile",
    }
    - {CONTRIBUTING}
)


def test_the_word_list_is_read() -> None:
    assert {"mend", "comes due", "say whether"} <= {*FORBIDDEN}
    assert PATTERN.search("It comes\n    # due in June.")


@pytest.mark.parametrize("file", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_word_is_one_that_the_word_list_forbids(file: Path) -> None:
    text = file.read_text(encoding="utf-8")

    found = [
        f"line {text.count(chr(10), 0, each.start()) + 1}: {each[0]}"
        for each in PATTERN.finditer(text)
    ]

    assert found == [], "see the word list in docs/contributing.md"
