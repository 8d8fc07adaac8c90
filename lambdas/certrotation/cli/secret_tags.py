"""The tags that `import` puts on a secret, and those by which its owner accepts findings."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import click

from certrotation.names.tags import ACCEPT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from certrotation.core.estate.inventory import ManagedSecret

_SHORTHAND = re.compile(r"Key=(?P<key>[^,]*),Value=(?P<value>.*)", re.DOTALL)


def is_shorthand(word: str) -> bool:
    """Return whether a word is a tag as the AWS CLI writes it; one option may have several."""
    return _SHORTHAND.fullmatch(word) is not None


def parse_tags(words: Iterable[str]) -> dict[str, str]:
    """Return tags from the forms of `aws acm import-certificate`: `Key=,Value=` or JSON.

    Raises:
        click.UsageError: a word has another form.
    """
    tags: dict[str, str] = {}
    for word in words:
        if word.lstrip().startswith(("[", "{")):
            tags |= _json_tags(word)
            continue
        found = _SHORTHAND.fullmatch(word)
        if found is None or not found["key"]:
            raise click.UsageError(f"{word} is not a tag. Example: --tags Key=team,Value=web.")
        tags[found["key"]] = found["value"]
    return tags


def _json_tags(text: str) -> dict[str, str]:
    try:
        parsed = json.loads(text)
        listed = parsed if isinstance(parsed, list) else [parsed]
        return {str(each["Key"]): str(each.get("Value", "")) for each in listed}
    except (ValueError, TypeError, KeyError, AttributeError):
        example = '[{"Key":"team","Value":"web"}]'
        raise click.UsageError(f"The JSON of --tags must be a list: {example}.") from None


def require_acceptable(codes: Sequence[str]) -> None:
    """Make sure that each code can be accepted.

    Raises:
        click.UsageError: one cannot.
    """
    from certrotation.core.findings import ACCEPTABLE_ONCE, ACCEPTABLE_STANDING

    acceptable = sorted(map(str, ACCEPTABLE_ONCE | ACCEPTABLE_STANDING))
    for code in codes:
        if code not in acceptable:
            raise click.UsageError(
                f"{code} cannot be accepted. These can: {', '.join(acceptable)}."
            )


def accepting(secret: ManagedSecret | None, codes: Sequence[str], version: str) -> dict[str, str]:
    """Return the tag that accepts these findings for a version; nothing if there are none.

    What can only be accepted for good is accepted so. Entries for versions that nobody can roll
    back to any more are dropped.

    Args:
        secret: the secret before the version, if it exists.
        codes: the codes of the findings.
        version: the id of the new version.
    """
    from certrotation.core.findings import ACCEPTABLE_ONCE

    if not codes:
        return {}
    kept = [
        each
        for each in (secret.accepted if secret else ())
        if "@" not in each or (secret and each.endswith(f"@{secret.current_version}"))
    ]
    once = {each.value for each in ACCEPTABLE_ONCE}
    added = [f"{code}@{version}" if code in once else code for code in codes]
    return {ACCEPT: " ".join(dict.fromkeys((*kept, *added)))}


def tags_after(secret: ManagedSecret | None, added: Mapping[str, str]) -> dict[str, str]:
    """Return all tags of the secret once these are added."""
    return {**(secret.tags if secret else {}), **added}
