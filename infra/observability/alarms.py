"""The alarms: what each watches, for how long, and which topic it notifies.

infra/observability/alarm_texts.py has their texts, infra/observability/cadence.py derives their
periods from the scan interval. Three rules apply to all:

- CloudFormation generates the name of every alarm that notifies: a topic accepts messages only from
  alarms whose names begin with the stack's name (infra/service/encryption.py).
- Only the state ALARM notifies. A new alarm goes from INSUFFICIENT_DATA to OK, and a notification
  would page somebody at each first deployment.
- A missing metric says nothing about the certificates. So missing values of a scan, and of the
  depth of a queue, are ignored, and the alarm keeps its state. Missing counts of failures, which
  exist only after a run, count as none.
- No document says how many periods CloudWatch retrieves beyond those that it evaluates, nor whether
  it retrieves any for an expression. And metrics arrive late. So every alarm goes off, stays on and
  clears in the same way if none or several are retrieved, and if metrics are up to ten minutes late
  (tests/oncall/test_every_reading.py).
"""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from certrotation.names.environment import LOOK_INTERVAL_MINUTES
from infra.config import StackConfig
from infra.observability.alarm_texts import ALARM_TEXTS, ISSUANCE_ALARM_TEXTS, ON_FIRE, Severity
from infra.observability.cadence import DAY, HOUR, MINUTE, Cadence, Evaluation
from infra.observability.metrics import (
    count,
    depth,
    in_cdk,
    math,
    newest_of,
    of_service,
    oldest,
    watched_by,
)
from infra.service.topics import Notices

_IGNORE = cloudwatch.TreatMissingData.IGNORE
_NONE_HAPPENED = cloudwatch.TreatMissingData.NOT_BREACHING

# The result of the newest scan. The periods are short, because two scans within one period give one
# value: if a person fixes a problem and runs a scan by hand, the first scan would count too.
_NEWEST = Evaluation.newest(2 * MINUTE)

# SQS reports the depth of a queue each minute. Two periods count, so that receiving messages, which
# hides them for half a minute, neither clears an alarm nor raises it again: of the newest period
# only a minute may have arrived.
_COUNTED_DEPTHS = 2
_DEPTH = Evaluation.newest(5 * MINUTE, _COUNTED_DEPTHS)

_STALLED = 6 * HOUR
_DARK = DAY

# 2,500 due secrets take 42 minutes (docs/figures.md). The function may crash on the last of them,
# and again half an hour later, after the visibility timeout: 102 minutes. From the third receive
# on, SQS excludes a message (SQS Developer Guide, Available CloudWatch metrics,
# ApproximateAgeOfOldestMessage). Before that, a message that is returned on purpose is hidden for
# at most 15 minutes, and a wait for a dependent is a new message every five.
LONGEST_ORDINARY_AGE = 2 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """The functions and queues that the alarms watch."""

    scan: lambda_.Function
    rotate: lambda_.Function
    rotations: sqs.IQueue
    rotation_dead_letters: sqs.IQueue
    schedule_dead_letters: sqs.IQueue
    scan_failures: sqs.IQueue
    rule_dead_letters: sqs.IQueue
    issue: lambda_.Function | None = None
    """None if the stack has no issuers."""


class Alarms(Construct):
    """Every alarm of the service; its id is the name of its text."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        watched: Watched,
        notices: Notices,
        config: StackConfig,
    ) -> None:
        super().__init__(scope, construct_id)
        self.by_name: dict[str, cloudwatch.Alarm] = {}
        self._topics: dict[Severity, sns.ITopic] = {
            "critical": notices.critical,
            "warning": notices.warning,
        }
        self._runbook_url = config.runbook_url
        self._cadence = Cadence(config.scan_interval_minutes * MINUTE)
        self._watch_levels()
        self._watch_what_lasts()
        self._watch_for_missing("ScanMissing", self._cadence)
        self._watch_rotations()
        self._watch_queues(watched)
        self._watch_functions(watched)
        if config.issuers:
            self._watch_issuances()
        self._sum_up()

    def _watch_levels(self) -> None:
        """One scan with a count raises the alarm, and one scan without clears it.

        The newest scan counts, however old it is. A scan that could not read every Region writes no
        zero, so it clears nothing.
        """
        for name in (
            "CertificateCritical",
            "CertificateTurnedCritical",
            "AwaitingMaterial",
            "UnmanagedExpiring",
        ):
            newest = math(
                newest_of("level", _NEWEST.period),
                _NEWEST.period,
                level=self._ours(name, "Maximum", _NEWEST),
            )
            self._above(0, name, newest, _NEWEST, missing=_IGNORE)

    def _watch_what_lasts(self) -> None:
        """Every scan of a period must count one: `Minimum`, so one good scan clears the alarm."""
        for name, evaluation in {
            # Six hours of scans; two in a row if the interval is that long.
            "RotationStalled": self._cadence.until(_STALLED),
            # A single scan may fail by chance.
            "RegionUnreachable": self._cadence.in_a_row(2),
            # ACM's list says for minutes that a certificate is in use that was detached.
            "LiveCertificateLeft": self._cadence.in_a_row(2),
            # CloudWatch allows a day of periods only if each is at least an hour.
            "RegionDark": self._cadence.until(_DARK, shortest=HOUR),
        }.items():
            metric = self._ours(name, "Minimum", evaluation)
            self._above(0, name, metric, evaluation, missing=_IGNORE)

    def _watch_for_missing(self, name: str, cadence: Cadence) -> None:
        """The dead man's switch: three intervals since the last scan, after the first scan.

        The expression is the time from the last scan to each period. So a scan clears the alarm at
        once, and earlier gaps do not count. When the last scan is out of sight, there is no data,
        missing data is ignored, and the alarm stays on.

        No document says what FILL, and MAX, do with a metric without any datum: nothing, or zeros,
        which would page at the first deployment. REPEAT has nothing to repeat before the first
        datum, and IF drops a point without a condition (CloudWatch User Guide, Using math
        expressions). So there is no data until the first scan, and the alarm stays in
        INSUFFICIENT_DATA.
        """
        evaluation = cadence.since_a_scan()
        self._alarm(
            name,
            math(
                "IF(FILL(scans, REPEAT), EPOCH(FILL(scans, 0)) - MAX(IF(scans, EPOCH(scans))))",
                evaluation.period,
                scans=self._ours(name, "Sum", evaluation),
            ),
            evaluation,
            comparison=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            threshold=(evaluation.periods - 1) * evaluation.period.total_seconds(),
            missing=_IGNORE,
        )

    def _watch_issuances(self) -> None:
        """The look runs once an hour; one look may find an issuance that is under way."""
        cadence = Cadence(LOOK_INTERVAL_MINUTES * MINUTE)
        self._watch_for_missing("IssuanceMissing", cadence)
        for name in ("IssuanceFailing", "IssuanceStalled"):
            evaluation = cadence.in_a_row(2)
            metric = self._ours(name, "Minimum", evaluation)
            self._above(0, name, metric, evaluation, missing=_IGNORE)

    def _watch_rotations(self) -> None:
        """One such rotation in two intervals is enough: each scan retries what is refused.

        Filled, because otherwise CloudWatch would go back past periods without a rotation to older
        ones, and the alarm would stay on for twice as long.
        """
        evaluation = self._cadence.events()
        for name in ("MaterialRefused", "DependentsStranded"):
            events = math(
                "FILL(events, 0)", evaluation.period, events=self._ours(name, "Sum", evaluation)
            )
            self._above(0, name, events, evaluation, missing=_NONE_HAPPENED)

    def _watch_queues(self, watched: Watched) -> None:
        """What lies in a dead-letter queue keeps its alarm on until a person has emptied it."""
        self._watch_what_is_given_up(watched.rotation_dead_letters)
        self._is_not_empty("DeadLettersUnread", unread=watched.rotation_dead_letters)
        self._is_not_empty(
            "ScheduleFailing",
            not_started=watched.schedule_dead_letters,
            failed=watched.scan_failures,
            not_queued=watched.rule_dead_letters,
        )
        # Three periods, because SQS's figures are approximate; of five, because the newest two may
        # be late. Filled, so that an empty queue, which has no age, clears the alarm.
        evaluation = Evaluation(period=_DEPTH.period, periods=5, datapoints=3)
        age = math(
            "FILL(age, 0)", evaluation.period, age=oldest(watched.rotations, evaluation.period)
        )
        limit = LONGEST_ORDINARY_AGE.total_seconds()
        self._above(limit, "QueueStuck", age, evaluation, missing=_NONE_HAPPENED)

    def _is_not_empty(self, name: str, **queues: sqs.IQueue) -> None:
        """Watch whether one of the queues contains messages, by its newest depths.

        In a sum a missing value counts as 0; if all are missing, there is no sum. So a queue whose
        depth is late counts in the period of that depth.
        """
        period = _DEPTH.period
        newest = (newest_of(each, period, _COUNTED_DEPTHS) for each in queues)
        depths = {each: depth(queue, period) for each, queue in queues.items()}
        messages = cloudwatch.MathExpression(
            expression=" + ".join(newest),
            using_metrics={**depths},
            period=in_cdk(period),
            label="messages",
        )
        self._above(0, name, messages, _DEPTH, missing=_IGNORE)

    def _watch_what_is_given_up(self, queue: sqs.IQueue) -> None:
        """The depth rose within two intervals: a lasting failure adds a message once an interval.

        SQS does not count messages that it moves to a dead-letter queue as sent, so the alarm uses
        the depth. An idle queue reports no depth, so the first message must count as a rise from 0;
        within a gap the previous depth holds.
        """
        evaluation = self._cadence.events_by(_DEPTH.period)
        rise = math(
            "DIFF(FILL(FILL(depth, REPEAT), 0))",
            evaluation.period,
            depth=depth(queue, evaluation.period),
        )
        self._above(0, "RotationDeadLetters", rise, evaluation, missing=_NONE_HAPPENED)

    def _watch_functions(self, watched: Watched) -> None:
        """More failures than a retry can fix, in three of four hours.

        Lambda retries a failed scan after one and after two minutes, and SQS delivers a message
        again half an hour after its function crashed: a single crash is at most half of an hour's
        runs, and a permanent failure lasts for three hours. Of four, because the newest hour may
        have no run yet, or one whose errors are late. A timeout is an error (Lambda Developer
        Guide, Types of metrics), so duration needs no alarm of its own. A throttled invocation is
        not a run. If scans are rarer than hourly, ScheduleFailing reports permanent failures.
        """
        evaluation = Evaluation(period=HOUR, periods=4, datapoints=3)
        for name, counted, ordinary in (
            ("FunctionErrors", "Errors", 0.5),
            ("FunctionThrottled", "Throttles", 1),
        ):
            mishaps = math(
                f"(scan_bad > {ordinary} * scan_runs) + (rotate_bad > {ordinary} * rotate_runs)",
                evaluation.period,
                scan_bad=count(watched.scan, counted, evaluation.period),
                scan_runs=count(watched.scan, "Invocations", evaluation.period),
                rotate_bad=count(watched.rotate, counted, evaluation.period),
                rotate_runs=count(watched.rotate, "Invocations", evaluation.period),
            )
            self._above(0, name, mishaps, evaluation, missing=_NONE_HAPPENED)

    def _sum_up(self) -> None:
        """One alarm that is on while a paging alarm is on, for users that need a single answer.

        It sends no notification; the underlying alarm did. Its name is fixed, so that other
        systems, and composite alarms of other stacks, can refer to it.
        """
        paging = [
            name
            for name, text in (*ALARM_TEXTS.items(), *ISSUANCE_ALARM_TEXTS.items())
            if text.severity == "critical" and name in self.by_name
        ]
        cloudwatch.CompositeAlarm(
            self,
            ON_FIRE.name,
            composite_alarm_name=f"{cdk.Stack.of(self).stack_name}-{ON_FIRE.name}",
            alarm_description=ON_FIRE.description_with(runbook_url=self._runbook_url),
            alarm_rule=cloudwatch.AlarmRule.any_of(*(self.by_name[each] for each in paging)),
        )

    def _ours(self, name: str, statistic: str, evaluation: Evaluation) -> cloudwatch.Metric:
        """Return the metric of this service that the alarm watches."""
        return of_service(self, watched_by(name), statistic, evaluation.period)

    def _above(
        self,
        threshold: float,
        name: str,
        metric: cloudwatch.IMetric,
        evaluation: Evaluation,
        *,
        missing: cloudwatch.TreatMissingData,
    ) -> None:
        self._alarm(
            name,
            metric,
            evaluation,
            comparison=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            threshold=threshold,
            missing=missing,
        )

    def _alarm(  # noqa: PLR0913  the parts of an alarm
        self,
        name: str,
        metric: cloudwatch.IMetric,
        evaluation: Evaluation,
        *,
        comparison: cloudwatch.ComparisonOperator,
        threshold: float,
        missing: cloudwatch.TreatMissingData,
    ) -> None:
        text = {**ALARM_TEXTS, **ISSUANCE_ALARM_TEXTS}[name]
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_description=text.description_with(runbook_url=self._runbook_url),
            metric=metric,
            comparison_operator=comparison,
            threshold=threshold,
            evaluation_periods=evaluation.periods,
            datapoints_to_alarm=evaluation.datapoints,
            treat_missing_data=missing,
        )
        alarm.add_alarm_action(actions.SnsAction(self._topics[text.severity]))
        self.by_name[name] = alarm
