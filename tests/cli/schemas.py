"""The JSON Schemas of the verbs' documents, made from their types, and a check against them.

`python -m tests.cli.schemas` writes docs/schemas.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from certrotation.cli import documents
from tests.support.json_schemas import DRAFT, problems, schema_of_type

FOLDER = Path(__file__).parents[2] / "docs" / "schemas"


def schema_of(verb: str) -> dict[str, Any]:
    """The schema of one verb's document: its result, or an error."""
    result, error = documents.DOCUMENTS[verb], documents.ErrorDocument
    name = f"certrotation/{verb}/1"
    found: dict[str, Any] = {}
    either = [schema_of_type(each, found) for each in (result, error)]
    for each in (result, error):
        found[each.__name__]["properties"]["schema"] = {"const": name}
    return {
        "$schema": DRAFT,
        "title": name,
        "anyOf": either,
        "$defs": dict(sorted(found.items())),
    }


def text_of(verb: str) -> str:
    """The file of one verb's schema."""
    return f"{json.dumps(schema_of(verb), indent=2)}\n"


def path_of(verb: str) -> Path:
    """Where that file is."""
    return FOLDER / f"{verb}-1.json"


def check_document(document: dict[str, Any]) -> None:
    """Check a document against the file that users read."""
    _, verb, _ = document["schema"].split("/")
    schema = json.loads(path_of(verb).read_text(encoding="utf-8"))
    kind = "ErrorDocument" if "error" in document else documents.DOCUMENTS[verb].__name__
    wrong = list(problems(document, {"$ref": f"#/$defs/{kind}"}, schema["$defs"], "$"))
    assert not wrong, wrong


def main() -> None:
    """Write every schema."""
    FOLDER.mkdir(exist_ok=True)
    for verb in documents.DOCUMENTS:
        path_of(verb).write_text(text_of(verb), encoding="utf-8")


if __name__ == "__main__":
    main()
