"""The runbook's queries as saved queries of CloudWatch Logs Insights.

The queries are read out of docs/runbook.md, which is their only source.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from constructs import Construct

from certrotation.names.runbook import RUNBOOK
from infra.observability.alarm_texts import ALARM_TEXTS

_DOCUMENT = Path(__file__).parents[2] / RUNBOOK

_SECTION = re.compile(
    r"^## (?P<alarm>\w+): .*?\n(?P<body>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL
)
_QUERY = re.compile(
    r"^```\n(?P<text># (?P<logs>\w+Logs(?: and \w+Logs)*).*?)\n```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunbookQuery:
    """One query under an alarm's heading."""

    alarm: str
    number: int
    """1 for the first under its heading."""
    logs: tuple[str, ...]
    """The outputs of the stack that name the log groups of the query."""
    text: str
    """The query, with its first line: a comment with the time range."""

    @property
    def name(self) -> str:
        """The heading, and from the second query on its number.

        The name has no colon: no document says which characters a name may have, and the AWS
        provider of Terraform rejects a colon.
        """
        heading = f"{self.alarm} - {ALARM_TEXTS[self.alarm].title}"
        return heading if self.number == 1 else f"{heading} ({self.number})"


def queries_in(document: str) -> Iterator[RunbookQuery]:
    """Yield the queries of a runbook, in its order."""
    for section in _SECTION.finditer(document):
        for number, block in enumerate(_QUERY.finditer(section["body"]), start=1):
            yield RunbookQuery(
                alarm=section["alarm"],
                number=number,
                logs=tuple(block["logs"].split(" and ")),
                text=block["text"],
            )


class SavedQueries(Construct):
    """A saved query for each query of the runbook, in a folder with the stack's name."""

    def __init__(
        self, scope: Construct, construct_id: str, *, groups: Mapping[str, logs.ILogGroup]
    ) -> None:
        super().__init__(scope, construct_id)
        folder = cdk.Stack.of(self).stack_name
        for query in queries_in(_DOCUMENT.read_text(encoding="utf-8")):
            logs.CfnQueryDefinition(
                self,
                f"{query.alarm}{query.number}",
                name=f"{folder}/{query.name}",
                query_string=query.text,
                log_group_names=[groups[output].log_group_name for output in query.logs],
            )
