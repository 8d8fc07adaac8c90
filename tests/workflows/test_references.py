"""Sources of references: who is asked, and what a Region that does not answer costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from certrotation.core.estate.inventory import ManagedSecret
from certrotation.errors import SourceGone, Unreachable
from certrotation.names.sources import SourcePattern
from certrotation.names.tags import SOURCE
from certrotation.workflows.references import FAILURES_UNTIL_SILENT, MOST_AT_ONCE, ReferencedSecrets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HOME, DARK = "eu-west-1", "us-east-1"
SILENT = Unreachable("secretsmanager:DescribeSecret got no answer.", "The rotation retries.")
MANY = 200


class Sources:
    """Sources whose answers a function gives; every request is counted."""

    def __init__(self, answer: Callable[[str], ManagedSecret]) -> None:
        self._answer = answer
        self.asked: list[str] = []

    def describe(self, arn: str) -> ManagedSecret:
        self.asked.append(arn)
        return self._answer(arn)


class Own:
    """The managed secrets of the account: references to these sources."""

    def __init__(self, sources: Sequence[str]) -> None:
        self._sources = sources

    def list_managed(self) -> Sequence[ManagedSecret]:
        return [
            secret(f"certrotation/{number}", {SOURCE: each})
            for number, each in enumerate(self._sources)
        ]


def secret(
    name: str, tags: dict[str, str] | None = None, version: str | None = None
) -> ManagedSecret:
    arn = f"arn:aws:secretsmanager:{HOME}:444455556666:secret:{name}-AbCdEf"
    return ManagedSecret(
        name=name, arn=arn, current_version=version, last_changed=None, tags=tags or {}
    )


def source(number: int, region: str) -> str:
    return f"arn:aws:secretsmanager:{region}:111122223333:secret:shared/{number}-AbCdEf"


def listed(sources: Sources, arns: Sequence[str]) -> Sequence[ManagedSecret]:
    patterns = [
        SourcePattern.parse(f"arn:aws:secretsmanager:{each}:111122223333:secret:shared/*")
        for each in (HOME, DARK)
    ]
    secrets = ReferencedSecrets(
        own=cast("Any", Own(arns)), sources=cast("Any", sources), patterns=tuple(patterns)
    )
    return secrets.list_managed()


def test_a_region_that_does_not_answer_is_asked_a_few_times_and_every_other_source_is_read() -> (
    None
):
    def answer(arn: str) -> ManagedSecret:
        if f":{DARK}:" in arn:
            raise SILENT
        return secret("shared", version="v1")

    sources = Sources(answer)
    arns = [source(each, region) for each in range(MANY) for region in (HOME, DARK)]

    found = listed(sources, arns)

    versions = [each.current_version for each in found]
    assert versions == ["v1", None] * MANY
    dark = [each for each in sources.asked if f":{DARK}:" in each]
    assert len(dark) < FAILURES_UNTIL_SILENT + MOST_AT_ONCE
    assert all("no answer" in each.source_unknown_because for each in found[1::2])
    assert all(arns[index] in found[index].source_unknown_because for index in (-1, -3))


def test_failures_that_are_not_in_a_row_leave_no_source_out() -> None:
    def answer(arn: str) -> ManagedSecret:
        number = int(arn.split("/")[1].split("-", maxsplit=1)[0])
        if number % 3 == 0:
            raise SILENT
        if number % 3 == 1:
            raise SourceGone("The source is gone.", "Restore the source.")
        return secret("shared", version="v1")

    sources = Sources(answer)

    listed(sources, [source(each, HOME) for each in range(MANY)])

    assert len(sources.asked) == MANY
