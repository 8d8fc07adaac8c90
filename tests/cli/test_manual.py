"""docs/cli.md says what the commands say."""

from __future__ import annotations

import re

from certrotation.cli.exit_codes import ExitCode
from certrotation.cli.verbs import VERBS
from tests.cli.manual import DOCUMENT, written
from tests.cli.running import ROOT

TEXT = DOCUMENT.read_text(encoding="utf-8")


def test_the_help_texts_are_in_the_document() -> None:
    assert written(TEXT) == TEXT, "run .venv/bin/python -m tests.cli.manual"
    assert re.findall(r"^### (\w+)$", TEXT, re.MULTILINE) == list(VERBS)


def test_the_exit_codes_are_in_the_document() -> None:
    assert [int(each) for each in re.findall(r"^\| (\d) \|", TEXT, re.MULTILINE)] == list(ExitCode)


def test_every_command_in_a_document_names_a_verb() -> None:
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    # "certrotation needs" begins a message of make.
    command = re.compile(r"(?:`|bin/|\$ )certrotation (?!needs )([a-z]+)")
    named = {
        verb
        for document in documents
        for verb in command.findall(document.read_text(encoding="utf-8"))
    }

    assert named
    assert named <= set(VERBS)
