"""The runbook's queries as saved queries of CloudWatch Logs Insights."""

from collections.abc import Mapping
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from constructs import Construct

from certrotation.names.runbook import RUNBOOK
from infra.observability.queries import queries_in

_DOCUMENT = Path(__file__).parents[2] / RUNBOOK


class SavedQueries(Construct):
    """A saved query for each query of the runbook, in a folder with the stack's name.

    Queries on a log group that the stack does not have are left out.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, groups: Mapping[str, logs.ILogGroup]
    ) -> None:
        super().__init__(scope, construct_id)
        folder = cdk.Stack.of(self).stack_name
        for query in queries_in(_DOCUMENT.read_text(encoding="utf-8")):
            if not groups.keys() >= set(query.logs):
                continue
            logs.CfnQueryDefinition(
                self,
                f"{query.alarm}{query.number}",
                name=f"{folder}/{query.name}",
                query_string=query.text,
                log_group_names=[groups[output].log_group_name for output in query.logs],
            )
