"""Queries of CloudWatch Logs Insights that the stack holds; this module needs no CDK.

The runbook's queries are read out of docs/runbook.md, which is their only source.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from certrotation.names.service import NEAREST_SHOWN
from infra.observability.alarm_texts import ALARM_TEXTS, ISSUANCE_ALARM_TEXTS

NEAREST = f"""\
fields jsonParse(@message) as line
| filter message = "scan"
| unnest line.scan.nearest into certificate
| fields floor((certificate.not_after - line.scan.at) / 86400) as days_left
| sort @timestamp desc, certificate.not_after asc
| display days_left, certificate.names, certificate.region, certificate.state, certificate.secret,
    certificate.arn, @timestamp
| dedup certificate.arn
| limit {NEAREST_SHOWN}"""
"""The certificates nearest to expiry at the last scan, and the days that were left.

The rows of the last scan come first. If there are fewer than twenty, rows of earlier scans follow:
certificates that were renewed since.
"""

ISSUANCES = """\
filter message = "issuance"
| filter ispresent(issuance.issued.by)
| fields fromMillis(issuance.issued.not_after * 1000) as expires
| sort @timestamp desc
| display @timestamp, issuance.secret, issuance.issued.by, issuance.issued.because, expires,
    issuance.version
| limit 20"""
"""The last certificates that CAs issued, and the rules that decided."""

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
        title = {**ALARM_TEXTS, **ISSUANCE_ALARM_TEXTS}[self.alarm].title
        heading = f"{self.alarm} - {title}"
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
