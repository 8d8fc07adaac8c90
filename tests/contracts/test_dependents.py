"""What the documents say of the kinds of dependents is what the roles are made of."""

from __future__ import annotations

import re
from pathlib import Path

from certrotation.aws.dependents.ownership import OWNERS
from certrotation.aws.dependents.registry import ENTRIES, statements_of
from certrotation.core.estate.holders import HOLDERS

DOCS = Path(__file__).parents[2] / "docs"
SECURITY = (DOCS / "security.md").read_text(encoding="utf-8")
DEPENDENTS = (DOCS / "dependents.md").read_text(encoding="utf-8")
OPERATING = (DOCS / "operating.md").read_text(encoding="utf-8")


def test_security_lists_the_statements_of_every_kind_with_their_actions() -> None:
    section = SECURITY.partition("### What each kind of dependent needs")[2].partition("\n#")[0]
    listed = re.findall(r"^\| `(.+?)` \| (on|off) \| `(.+?)` \| (.+?) \|", section, re.MULTILINE)

    assert listed == [
        (
            entry.name,
            "on" if entry.is_default else "off",
            statement.sid,
            " ".join(f"`{action}`" for action in sorted(statement.actions)),
        )
        for entry in ENTRIES
        for statement in statements_of(entry.name)
    ]


def test_every_kind_has_a_row_among_those_that_are_moved() -> None:
    section = DEPENDENTS.partition("## Kinds that are moved")[2].partition("\n## ")[0]

    named = dict.fromkeys(re.findall(r"^\| `(.+?)`: ", section, re.MULTILINE))
    assert [*named] == [each.name for each in ENTRIES]


def test_every_recognised_holder_has_its_row() -> None:
    section = DEPENDENTS.partition("## Kinds that are recognised")[2].partition("\n## ")[0]
    rows = re.findall(
        r"^\| (.+?) \| `(.+?)` \| (.+?) \| (.+?) \| `(.+?)` \|$", section, re.MULTILINE
    )

    assert rows == [(each.name, each.arn, each.why, each.remedy, each.command) for each in HOLDERS]
    behind = " ".join(section.partition("Where AWS fronts")[2].split())
    for service, what in (
        ("elasticloadbalancing", "a load balancer"),
        ("cloudfront", "a distribution"),
    ):
        names = ", ".join(each.name for each in HOLDERS if service in each.behind)
        assert f"Behind {what}: {names}." in behind


def test_operating_lists_the_controllers_that_put_dependents_back_with_their_sources() -> None:
    heading = "## Controllers that put dependents back"
    section = OPERATING.partition(heading)[2].partition("\n## ")[0]
    listed = re.findall(r"^\| ([^|-]+?) \| (`.+?) \| (.+?) \|$", section, re.MULTILINE)

    assert listed == [
        (owner.name, " ".join(f"`{tag}`" for tag in owner.tags), owner.source) for owner in OWNERS
    ]
