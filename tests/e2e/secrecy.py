"""That no private key was written anywhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.e2e.places import HOME
from tests.simulation.estate import client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.run import Run

_LEAST_TELLING = 16
"""Characters of base64 that stand in a text by no accident."""


def check(run: Run) -> None:
    """Look for each line of each private key in everything that was written."""
    written = "\n".join(
        [
            run.tell.console.export_text(clear=False),
            run.servers.say(),
            run.folder.decisions.read_text(encoding="utf-8"),
            *(line for each in run.functions for line in run.stack.lines(each)),
        ]
    )
    fragments = list(_fragments())
    run.tell.expect(
        "no line of a private key is anywhere there",
        holds=bool(fragments) and not any(each in written for each in fragments),
    )


def _fragments() -> Iterator[str]:
    secrets = client("secretsmanager", HOME)
    pages = secrets.get_paginator("list_secrets").paginate()
    for name in (secret["Name"] for page in pages for secret in page["SecretList"]):
        for version in secrets.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)[
            "Versions"
        ]:
            value = secrets.get_secret_value(SecretId=name, VersionId=version["VersionId"])
            yield from _lines_of_keys(value["SecretString"])


def _lines_of_keys(value: str) -> Iterator[str]:
    """Yield the lines of every private key: of material, of a note, of the account at a CA."""
    for body in _KEYS.findall(value.replace("\\n", "\n")):
        yield from (line for line in body.splitlines() if len(line) >= _LEAST_TELLING)


_KEYS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n(.*?)-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL
)
