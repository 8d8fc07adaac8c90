"""Draws docs/architecture.svg from docs/architecture.toml: `python -m tests.architecture`."""

from __future__ import annotations

from pathlib import Path

from tests.architecture.drawing import svg_of

DOCS = Path(__file__).parents[2] / "docs"
SOURCE = DOCS / "architecture.toml"
PICTURE = DOCS / "architecture.svg"


def main() -> None:
    """Write the picture."""
    PICTURE.write_text(svg_of(SOURCE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"{PICTURE}: drawn from {SOURCE.name}")  # noqa: T201  its output


if __name__ == "__main__":
    main()
