"""The dashboard: one screen for on-call, most important first.

The rows: alarms, age of the last scan, time until the first expiry; which certificates, and who
must act; what was done, and what waits; the state of the service itself; with issuers, what they
issue.
"""

from datetime import timedelta

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from certrotation.names import metrics
from certrotation.names.environment import LOOK_INTERVAL_MINUTES
from infra.observability.alarm_texts import ALARM_TEXTS, ISSUANCE_ALARM_TEXTS, Severity
from infra.observability.alarms import LONGEST_ORDINARY_AGE, Alarms, Watched
from infra.observability.cadence import MINUTE, Cadence
from infra.observability.metrics import (
    count,
    depth,
    in_cdk,
    longest_run,
    math,
    of_service,
    oldest,
    watched_by,
)
from infra.observability.queries import ISSUANCES, NEAREST
from infra.observability.widgets import Scale, graph, named, number, states, with_number
from infra.service.service_function import TIMEOUT

# 25 in total: about the height of a screen with 1,080 lines.
_FIRST, _SECOND, _LATER = 6, 7, 6

_NEAREST = "Nearest to expiry, as of the last scan"

# The period of current values. CloudWatch keeps five-minute values for 63 days.
_NOW = 5 * MINUTE

_LOOKS = Cadence(LOOK_INTERVAL_MINUTES * MINUTE)

_RED, _ORANGE, _BROWN = cloudwatch.Color.RED, cloudwatch.Color.ORANGE, cloudwatch.Color.BROWN
_GREEN, _BLUE, _PURPLE = cloudwatch.Color.GREEN, cloudwatch.Color.BLUE, cloudwatch.Color.PURPLE
_GREY = cloudwatch.Color.GREY


class ServiceDashboard(Construct):
    """All metrics of the service, its own and those of AWS, on one screen."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        alarms: Alarms,
        watched: Watched,
        interval: cdk.Duration,
    ) -> None:
        super().__init__(scope, construct_id)
        self._cadence = Cadence(interval.to_minutes() * MINUTE)
        self._trend = self._cadence.trend
        self._watched = watched
        stack = cdk.Stack.of(self)
        # Dashboards belong to the account, not to a Region (CloudWatch User Guide, Using CloudWatch
        # dashboards), and a second one of the same name silently replaces the first
        # (CloudWatch API Reference, PutDashboard).
        self.name = f"{stack.stack_name}-{stack.region}"
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=self.name,
            default_interval=in_cdk(self._cadence.shown),
            # For the graphs. The default periods would show gaps between scans.
            period_override=cloudwatch.PeriodOverride.INHERIT,
            widgets=[
                [
                    _states("Paging alarms", alarms, "critical", width=7),
                    _states("Ticket alarms", alarms, "warning", width=8),
                    self._since_the_last_scan(width=3),
                    self._days_left(width=3),
                    self._critical(width=3),
                ],
                [
                    _table(_NEAREST, watched.scan.log_group, NEAREST, height=_SECOND),
                    self._who_must_act(),
                    self._estate(),
                ],
                [self._rotations(), self._changes(), self._queue(), self._dead_letters()],
                [self._regions(), self._runs(), self._mishaps(), self._longest_runs()],
                *([self._issuances(watched.issue)] if watched.issue else []),
            ],
        )

    # The age of the last scan, and the time until the first expiry

    def _since_the_last_scan(self, *, width: int) -> cloudwatch.IWidget:
        """Show the age of the last scan; the last value of `ScanCompleted` would not change."""
        scans = of_service(self, watched_by("ScanMissing"), "Sum", _NOW)
        age = math(
            # The time of each period less the time of the last period with a scan; no data before.
            "IF(FILL(scans, REPEAT), (EPOCH(scans) - FILL(IF(scans, EPOCH(scans)), REPEAT)) / 60)",
            _NOW,
            label=f"minutes since a scan, one every {self._cadence.interval // MINUTE}",
            color=_BLUE,
            scans=scans,
        )
        # The value rises and falls with each scan: a week of that is a solid block.
        return number(
            "Are scans running?", age, period=_NOW, width=width, height=_FIRST, history=False
        )

    def _days_left(self, *, width: int) -> cloudwatch.IWidget:
        days = of_service(self, metrics.DAYS_TO_EXPIRY_MIN, "Minimum", _NOW)
        last = _last(days, "days until the first expiry", _BLUE)
        return number("First expiry", last, period=_NOW, width=width, height=_FIRST)

    def _critical(self, *, width: int) -> cloudwatch.IWidget:
        critical = of_service(self, watched_by("CertificateCritical"), "Maximum", _NOW)
        last = _last(critical, "certificates in use", _RED)
        return number("About to expire", last, period=_NOW, width=width, height=_FIRST)

    # Which certificates, and who must act

    def _who_must_act(self) -> cloudwatch.IWidget:
        levels = [
            self._level("CertificateCritical", "about to expire", _RED),
            self._level("CertificateTurnedCritical", "newly about to expire", _PURPLE),
            self._level("RotationStalled", "overdue", _BROWN),
            self._level("AwaitingMaterial", "awaiting material", _ORANGE),
            self._level("UnmanagedExpiring", "unmanaged, expiring", _BLUE),
            self._level("LiveCertificateLeft", "left beside a copy", _GREY),
        ]
        return self._graph(
            "Certificates that need action", Scale("certificates", levels), of=_SECOND
        )

    def _estate(self) -> cloudwatch.IWidget:
        managed = self._counted(metrics.COPIES_MANAGED, "managed", _BLUE)
        due = self._counted(metrics.COPIES_DUE, "due", _ORANGE)
        return self._graph(
            "The estate: copies", Scale("managed", [managed]), Scale("due", [due]), of=_SECOND
        )

    # What was done, and what waits

    def _rotations(self) -> cloudwatch.IWidget:
        outcomes = [
            self._events(metrics.ROTATION_SUCCEEDED, "succeeded", _GREEN),
            self._events(watched_by("MaterialRefused"), "refused", _RED),
            self._events(metrics.ROTATION_FAILED, "will be retried", _ORANGE),
        ]
        return self._graph("Rotations", Scale("rotations", outcomes))

    def _changes(self) -> cloudwatch.IWidget:
        changes = [
            self._events(metrics.DEPENDENTS_MOVED, "moved", _GREEN),
            self._events(watched_by("DependentsStranded"), "stranded", _RED),
            self._events(metrics.SUPERSEDED_DELETED, "old copies deleted", _GREY),
        ]
        return self._graph("Listeners and distributions", Scale("changes", changes))

    def _queue(self) -> cloudwatch.IWidget:
        queue = self._watched.rotations
        age = math(
            "seconds / 60",
            self._trend,
            label=with_number("oldest, minutes", "LAST"),
            color=_ORANGE,
            seconds=oldest(queue, self._trend),
        )
        limit = (LONGEST_ORDINARY_AGE / MINUTE, "QueueStuck")
        return self._graph(
            "The queue",
            Scale("secrets", [self._depth(queue, "secrets waiting", _BLUE)]),
            Scale("minutes", [age], limit),
        )

    def _dead_letters(self) -> cloudwatch.IWidget:
        watched = self._watched
        depths = [
            self._depth(watched.rotation_dead_letters, "rotations", _RED),
            self._depth(watched.scan_failures, "scans that failed", _PURPLE),
            self._depth(watched.schedule_dead_letters, "scans not started", _BROWN),
            self._depth(watched.rule_dead_letters, "events not queued", _ORANGE),
        ]
        return self._graph("Dead letters", Scale("messages", depths))

    # The state of the service itself

    def _regions(self) -> cloudwatch.IWidget:
        unreachable = self._level("RegionUnreachable", "not read", _RED)
        return self._graph("Regions that scans could not read", Scale("Regions", [unreachable]))

    def _runs(self) -> cloudwatch.IWidget:
        scan, rotate = self._watched.scan, self._watched.rotate
        runs = [
            self._happened(count(scan, "Invocations", self._trend), "scan", _BLUE),
            self._happened(count(rotate, "Invocations", self._trend), "rotate", _ORANGE),
        ]
        return self._graph("Runs", Scale("runs", runs))

    def _mishaps(self) -> cloudwatch.IWidget:
        scan, rotate = self._watched.scan, self._watched.rotate
        mishaps = [
            self._happened(count(scan, "Errors", self._trend), "scan failed", _PURPLE),
            self._happened(count(rotate, "Errors", self._trend), "rotate failed", _RED),
            self._happened(count(scan, "Throttles", self._trend), "scan throttled", _BLUE),
            self._happened(count(rotate, "Throttles", self._trend), "rotate throttled", _ORANGE),
        ]
        return self._graph("Failed and throttled runs", Scale("runs", mishaps))

    def _longest_runs(self) -> cloudwatch.IWidget:
        seconds = [
            self._seconds(self._watched.scan, "scan", _BLUE),
            self._seconds(self._watched.rotate, "rotate", _ORANGE),
        ]
        limit = (TIMEOUT.to_seconds(), "timeout")
        return self._graph("The longest run", Scale("seconds", seconds, limit))

    # What CAs issue; only if the stack has issuers

    def _issuances(self, issue: lambda_.Function) -> list[cloudwatch.IWidget]:
        """Return the row; its periods contain a look, however often scans run."""
        period = max(self._trend, _LOOKS.trend)

        def level(metric: str, label: str, color: str) -> cloudwatch.IMetric:
            return named(of_service(self, metric, "Maximum", period), label, color, shows="LAST")

        def happened(counted: str, label: str, color: str) -> cloudwatch.IMetric:
            return self._happened(count(issue, counted, period), label, color, period)

        levels = [
            level(metrics.RENEWALS_WANTED, "wanted", _BLUE),
            level(watched_by("IssuanceFailing"), "failing", _ORANGE),
            level(watched_by("IssuanceStalled"), "late", _RED),
        ]
        looks = of_service(self, watched_by("IssuanceMissing"), "Sum", period)
        runs = [
            self._happened(looks, "looks", _GREEN, period),
            happened("Invocations", "runs", _BLUE),
            happened("Errors", "failed", _RED),
            happened("Throttles", "throttled", _ORANGE),
        ]
        seconds = self._seconds(issue, "issue", _PURPLE, period)
        return [
            graph("Renewals by issuers", Scale("secrets", levels), period=period, height=_LATER),
            graph(
                "The issue function",
                Scale("runs", runs),
                Scale("seconds", [seconds]),
                period=period,
                height=_LATER,
            ),
            _table("Issued last", issue.log_group, ISSUANCES, height=_LATER),
        ]

    # Parts

    def _graph(
        self, title: str, left: Scale, right: Scale | None = None, *, of: int = _LATER
    ) -> cloudwatch.IWidget:
        return graph(title, left, right, period=self._trend, height=of)

    def _level(self, alarm: str, label: str, color: str) -> cloudwatch.IMetric:
        return self._counted(watched_by(alarm), label, color)

    def _counted(self, metric: str, label: str, color: str) -> cloudwatch.IMetric:
        """Return the number that scans count."""
        return named(of_service(self, metric, "Maximum", self._trend), label, color, shows="LAST")

    def _events(self, metric: str, label: str, color: str) -> cloudwatch.IMetric:
        return self._happened(of_service(self, metric, "Sum", self._trend), label, color)

    def _happened(
        self,
        metric: cloudwatch.Metric,
        label: str,
        color: str,
        period: timedelta | None = None,
    ) -> cloudwatch.IMetric:
        """Return how often an event happened; missing data counts as 0."""
        name = label.replace(" ", "_").replace(",", "")
        text = with_number(label, "SUM")
        return math(
            f"FILL({name}, 0)", period or self._trend, label=text, color=color, **{name: metric}
        )

    def _depth(self, queue: sqs.IQueue, label: str, color: str) -> cloudwatch.IMetric:
        return named(depth(queue, self._trend), label, color, shows="LAST")

    def _seconds(
        self,
        function: lambda_.IFunction,
        label: str,
        color: str,
        period: timedelta | None = None,
    ) -> cloudwatch.IMetric:
        milliseconds = {f"{label}_ms": longest_run(function, period or self._trend)}
        return math(
            f"{label}_ms / 1000",
            period or self._trend,
            label=with_number(label, "MAX"),
            color=color,
            **milliseconds,
        )


def _states(title: str, alarms: Alarms, severity: Severity, *, width: int) -> cloudwatch.IWidget:
    texts = (*ALARM_TEXTS.values(), *ISSUANCE_ALARM_TEXTS.values())
    names = [text.name for text in texts if text.severity == severity]
    found = [alarms.by_name[name] for name in names if name in alarms.by_name]
    return states(title, found, width=width, height=_FIRST)


def _last(metric: cloudwatch.Metric, label: str, color: str) -> cloudwatch.IMetric:
    """Return the last value, in whichever period it was reported."""
    return math("FILL(value, REPEAT)", _NOW, label=label, color=color, value=metric)


def _table(title: str, group: logs.ILogGroup, query: str, *, height: int) -> cloudwatch.IWidget:
    return cloudwatch.LogQueryWidget(
        title=title,
        log_group_names=[group.log_group_name],
        query_string=query,
        view=cloudwatch.LogQueryVisualizationType.TABLE,
        width=12,
        height=height,
    )
