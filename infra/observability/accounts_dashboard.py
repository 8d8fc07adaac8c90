"""The dashboard of the central account: the metrics of all accounts, a line for each.

CloudWatch shows the metrics of another account only if that account has a link to a sink of this
account (the setting `observability_sink`).
"""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from certrotation.names import metrics
from infra.config import StackConfig
from infra.observability.cadence import MINUTE, Cadence
from infra.observability.metrics import depth, in_cdk, watched_by
from infra.observability.widgets import COLUMNS, Scale, graph, named

_HEIGHT = 6
_RED, _BLUE, _GREEN = cloudwatch.Color.RED, cloudwatch.Color.BLUE, cloudwatch.Color.GREEN


class AccountsDashboard(Construct):
    """Which account needs somebody, and whether news of secrets are delivered."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: StackConfig,
        topic: sns.ITopic,
        dead_letters: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        cadence = Cadence(config.scan_interval_minutes * MINUTE)
        self._config, self._period = config, cadence.trend
        self.name = f"{stack.stack_name}-{stack.region}"
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=self.name,
            default_interval=in_cdk(cadence.shown),
            period_override=cloudwatch.PeriodOverride.INHERIT,
            widgets=[
                [
                    self._of_accounts("Scans", watched_by("ScanMissing"), "Sum"),
                    self._level("About to expire", "CertificateCritical"),
                    self._level("Overdue", "RotationStalled"),
                    self._level("Awaiting material", "AwaitingMaterial"),
                ],
                [
                    self._of_accounts(
                        "Days until the first expiry", metrics.DAYS_TO_EXPIRY_MIN, "Minimum"
                    ),
                    self._level("Unmanaged, expiring", "UnmanagedExpiring"),
                    self._of_accounts("Refused rotations", watched_by("MaterialRefused"), "Sum"),
                    self._level("Regions that scans could not read", "RegionUnreachable"),
                ],
                [
                    self._every_account_that_reports(),
                    self._news(topic),
                    self._undelivered(dead_letters),
                ],
            ],
        )

    def _level(self, title: str, alarm: str) -> cloudwatch.IWidget:
        return self._of_accounts(title, watched_by(alarm), "Maximum")

    def _of_accounts(self, title: str, metric: str, statistic: str) -> cloudwatch.IWidget:
        """Show a metric with a line for each of the accounts."""
        lines: list[cloudwatch.IMetric] = [
            cloudwatch.Metric(
                namespace=metrics.NAMESPACE,
                metric_name=metric,
                dimensions_map={metrics.DIMENSION: self._config.stack_name},
                statistic=statistic,
                period=in_cdk(self._period),
                account=account,
                label=f"{account}: ${{LAST}}",
            )
            for account in self._config.central_accounts
        ]
        return graph(title, Scale("", lines), period=self._period, height=_HEIGHT)

    def _every_account_that_reports(self) -> cloudwatch.IWidget:
        """Show whichever accounts have a link, those that are not in the list among them.

        Source: CloudWatch User Guide, Search expression syntax. In a monitoring account the search
        covers all linked accounts.
        """
        found = cloudwatch.SearchExpression(
            expression=(
                f"SEARCH('{{{metrics.NAMESPACE},{metrics.DIMENSION}}}"
                f' MetricName="{metrics.SCAN_COMPLETED}"'
                f"', 'Sum', {int(self._period.total_seconds())})"
            ),
            label="${PROP('AccountId')} ${PROP('Dim.service')}",
            period=in_cdk(self._period),
        )
        return cloudwatch.GraphWidget(
            title="Every account that reports scans",
            left=[found],
            period=in_cdk(self._period),
            width=COLUMNS // 2,
            height=_HEIGHT,
        )

    def _news(self, topic: sns.ITopic) -> cloudwatch.IWidget:
        """Show what the topic got and delivered; a notification is one message for one account."""
        period = in_cdk(self._period)
        counts: list[cloudwatch.IMetric] = [
            named(
                topic.metric_number_of_messages_published(period=period),
                "published",
                _BLUE,
                shows="SUM",
            ),
            named(
                topic.metric_number_of_notifications_delivered(period=period),
                "delivered",
                _GREEN,
                shows="SUM",
            ),
            named(
                topic.metric_number_of_notifications_failed(period=period),
                "failed",
                _RED,
                shows="SUM",
            ),
        ]
        return graph(
            "News of secrets", Scale("messages", counts), period=self._period, height=_HEIGHT
        )

    def _undelivered(self, dead_letters: sqs.IQueue) -> cloudwatch.IWidget:
        waiting = named(depth(dead_letters, self._period), "not published", _RED, shows="LAST")
        return graph(
            "Dead letters", Scale("events", [waiting]), period=self._period, height=_HEIGHT
        )
