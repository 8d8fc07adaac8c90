"""Reads `cdk.json`, and says in a sentence what is wrong with the file."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from infra.config import CONTEXT_KEY, ConfigError, StackConfig

_EXAMPLE = f'"context": {{"{CONTEXT_KEY}": {{"target_regions": ["eu-west-1"]}}}}'


def read_context(path: Path) -> dict[str, Any]:
    """Return the context in `cdk.json`.

    Raises:
        ConfigError: the file is missing, is not JSON, or has the settings in another place.
    """
    document = _read(path)
    settings = {each.name for each in fields(StackConfig)}
    outside = sorted(document.keys() & (settings | {CONTEXT_KEY}))
    if outside:
        raise ConfigError(
            f"cdk.json: {outside[0]!r} is at the top level of the file. Move it into"
            f" {'context' if outside[0] == CONTEXT_KEY else f'context.{CONTEXT_KEY}'},"
            f" as in {_EXAMPLE}."
        )
    context = document.get("context")
    if not isinstance(context, dict):
        raise ConfigError(f"cdk.json: the object 'context' is missing. Add {_EXAMPLE}.")
    beside = sorted(context.keys() & settings)
    if beside:
        raise ConfigError(
            f"cdk.json: {beside[0]!r} is in 'context'. Move it into context.{CONTEXT_KEY},"
            f" as in {_EXAMPLE}."
        )
    return context


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"cdk.json: the file is missing in {path.parent}. Restore it with:"
            " git checkout cdk.json"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cdk.json: {path} cannot be read: {error}.") from None
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        line = text.splitlines()[error.lineno - 1].strip() if text.strip() else ""
        raise ConfigError(
            f"cdk.json: invalid JSON at line {error.lineno}, column {error.colno}: {error.msg}."
            f"{f' The line is: {line}' if line else ' The file is empty.'}"
        ) from None
    if not isinstance(document, dict):
        raise ConfigError(f"cdk.json: the file must contain one object, as in {{{_EXAMPLE}}}.")
    return document
