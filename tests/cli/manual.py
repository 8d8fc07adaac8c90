"""Keeps docs/cli.md equal to the help texts: `.venv/bin/python -m tests.cli.manual` writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from certrotation.cli.commands import certrotation, verb_of
from certrotation.cli.verbs import VERBS

DOCUMENT = Path(__file__).parents[2] / "docs" / "cli.md"
HEADING = "## Verbs"
WIDTH = 100


def help_of(name: str) -> str:
    """Return the help of a verb, as a terminal of a fixed width shows it."""
    parent = click.Context(certrotation, info_name="certrotation")
    command = verb_of(name)
    how: dict[str, Any] = {
        **command.context_settings,
        "terminal_width": WIDTH,
        "max_content_width": WIDTH,
    }
    context = click.Context(command, parent, name, **how)
    return command.get_help(context)


def written(document: str) -> str:
    """Return the document with the help texts of now."""
    text, heading, rest = document.partition(HEADING)
    introduction = rest.partition("\n### ")[0].strip()
    blocks = [f"### {name}\n\n```text\n{help_of(name)}\n```\n" for name in VERBS]
    return "\n".join([f"{text}{heading}\n\n{introduction}\n", *blocks])


def main() -> None:
    """Write the document."""
    DOCUMENT.write_text(written(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
