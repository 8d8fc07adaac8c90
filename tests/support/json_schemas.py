"""JSON Schemas that are made from types, and a check against them."""

from __future__ import annotations

import ast
import inspect
import types
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

if TYPE_CHECKING:
    from collections.abc import Iterator

DRAFT = "https://json-schema.org/draft/2020-12/schema"
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


def schema_of_type(kind: Any, found: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a type; those of the types that it names are put into `found`."""
    if kind in _SCALARS:
        return {"type": _SCALARS[kind]}
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is types.UnionType:
        return {"anyOf": [schema_of_type(each, found) for each in arguments]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is list:
        return {"type": "array", "items": schema_of_type(arguments[0], found)}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of_type(arguments[1], found)}
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
            key: schema_of_type(_required(value), found)
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


def problems(value: Any, schema: Any, definitions: Any, path: str) -> Iterator[str]:
    """Yield what is wrong by the part of JSON Schema that the files use."""
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        options = [list(problems(value, each, definitions, path)) for each in schema["anyOf"]]
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
            yield from problems(each, schema["items"], definitions, f"{path}[{number}]")
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
            yield from problems(each, inner, definitions, f"{path}.{key}")
