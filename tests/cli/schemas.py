"""The JSON Schemas of the verbs' documents, made from their types, and a check against them.

`python -m tests.cli.schemas` writes docs/schemas.
"""

from __future__ import annotations

import ast
import inspect
import json
import types
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    NotRequired,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from certrotation.cli import documents

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parents[2] / "docs" / "schemas"
_SCALARS = {str: "string", int: "integer", float: "number", bool: "boolean", types.NoneType: "null"}
_TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": types.NoneType,
    "array": list,
    "object": dict,
}


def schema_of(verb: str) -> dict[str, Any]:
    """The schema of one verb's document: its result, or an error."""
    result, error = documents.DOCUMENTS[verb], documents.ErrorDocument
    name = f"certrotation/{verb}/1"
    found: dict[str, Any] = {}
    either = [_of(each, found) for each in (result, error)]
    for each in (result, error):
        found[each.__name__]["properties"]["schema"] = {"const": name}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": name,
        "anyOf": either,
        "$defs": dict(sorted(found.items())),
    }


def _of(kind: Any, found: dict[str, Any]) -> dict[str, Any]:
    if kind in _SCALARS:
        return {"type": _SCALARS[kind]}
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is types.UnionType:
        return {"anyOf": [_of(each, found) for each in arguments]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is list:
        return {"type": "array", "items": _of(arguments[0], found)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _of(arguments[1], found)}
    assert is_typeddict(kind), kind
    if kind.__name__ not in found:
        found[kind.__name__] = {}  # a type may hold itself
        found[kind.__name__] = _object(kind, found)
    return {"$ref": f"#/$defs/{kind.__name__}"}


def _object(kind: Any, found: dict[str, Any]) -> dict[str, Any]:
    described = _descriptions(kind)
    return {
        "type": "object",
        "description": inspect.getdoc(kind),
        "properties": {
            key: _of(_required(value), found)
            | ({"description": described[key]} if key in described else {})
            for key, value in get_type_hints(kind, include_extras=True).items()
        },
        "required": [
            key
            for key, value in get_type_hints(kind, include_extras=True).items()
            if get_origin(value) is not NotRequired
        ],
        "additionalProperties": False,
    }


def _required(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is NotRequired else kind


def _descriptions(kind: Any) -> dict[str, str]:
    """The strings below the fields of a class."""
    (parsed,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(parsed, ast.ClassDef)
    return {
        field.target.id: " ".join(str(text.value.value).split())
        for field, text in zip(parsed.body, parsed.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
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
    problems = list(_problems(document, {"$ref": f"#/$defs/{kind}"}, schema["$defs"], "$"))
    assert not problems, problems


def _problems(value: Any, schema: Any, definitions: Any, path: str) -> Iterator[str]:
    """What is wrong by the part of JSON Schema that the files use."""
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        options = [list(_problems(value, each, definitions, path)) for each in schema["anyOf"]]
        yield from min(options, key=len)
        return
    if value not in schema.get("enum", [schema.get("const", value)]):
        yield f"{path} is {value!r}"
    wanted = schema.get("type")
    is_bool = isinstance(value, bool) and wanted in {"integer", "number"}
    if wanted and (is_bool or not isinstance(value, _TYPES[wanted])):
        yield f"{path} is {value!r}, no {wanted}"
    elif wanted == "array":
        for number, each in enumerate(value):
            yield from _problems(each, schema["items"], definitions, f"{path}[{number}]")
    elif wanted == "object":
        yield from _problems_of_object(value, schema, definitions, path)


def _problems_of_object(value: Any, schema: Any, definitions: Any, path: str) -> Iterator[str]:
    yield from (
        f"{path}.{key} is missing" for key in schema.get("required", ()) if key not in value
    )
    for key, each in value.items():
        inner = schema.get("properties", {}).get(key, schema.get("additionalProperties", False))
        if inner is False:
            yield f"{path}.{key} is not in the schema"
        else:
            yield from _problems(each, inner, definitions, f"{path}.{key}")


def main() -> None:
    """Write every schema."""
    FOLDER.mkdir(exist_ok=True)
    for verb in documents.DOCUMENTS:
        path_of(verb).write_text(text_of(verb), encoding="utf-8")


if __name__ == "__main__":
    main()
