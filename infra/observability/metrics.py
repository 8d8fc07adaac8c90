"""The metrics of alarms and dashboard: their namespace, dimensions and statistics."""

from datetime import timedelta

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from certrotation.names.metrics import DIMENSION, NAMESPACE
from infra.observability.alarm_texts import ALARM_TEXTS, ISSUANCE_ALARM_TEXTS


def watched_by(alarm: str) -> str:
    """Return the name of the metric of this service that an alarm watches.

    Raises:
        ValueError: the alarm watches metrics of AWS.
    """
    name = {**ALARM_TEXTS, **ISSUANCE_ALARM_TEXTS}[alarm].metric
    if name is None:
        raise ValueError(f"{alarm} watches no metric of this service")
    return name


def of_service(scope: Construct, name: str, statistic: str, period: timedelta) -> cloudwatch.Metric:
    """Return a metric that the functions write; `service` is its only dimension."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={DIMENSION: cdk.Stack.of(scope).stack_name},
        statistic=statistic,
        period=in_cdk(period),
    )


def depth(queue: sqs.IQueue, period: timedelta) -> cloudwatch.Metric:
    """Return the number of visible messages in a queue."""
    return queue.metric_approximate_number_of_messages_visible(
        period=in_cdk(period), statistic="Maximum"
    )


def oldest(queue: sqs.IQueue, period: timedelta) -> cloudwatch.Metric:
    """Return the age of a queue's oldest message, in seconds."""
    return queue.metric_approximate_age_of_oldest_message(
        period=in_cdk(period), statistic="Maximum"
    )


def count(function: lambda_.IFunction, metric: str, period: timedelta) -> cloudwatch.Metric:
    """Return a count that Lambda reports of a function."""
    return function.metric(metric, period=in_cdk(period), statistic="Sum")


def longest_run(function: lambda_.IFunction, period: timedelta) -> cloudwatch.Metric:
    """Return the longest run of a function, in milliseconds."""
    return function.metric_duration(period=in_cdk(period), statistic="Maximum")


def math(
    expression: str,
    period: timedelta,
    *,
    label: str | None = None,
    color: str | None = None,
    **metrics: cloudwatch.IMetric,
) -> cloudwatch.MathExpression:
    """Return an expression over metrics; each keyword is a name in the expression."""
    return cloudwatch.MathExpression(
        expression=expression,
        using_metrics=metrics,
        period=in_cdk(period),
        label=label or expression,
        color=color,
    )


def newest_of(name: str, period: timedelta, kept: int = 1) -> str:
    """Return an expression: the values of a metric in its newest `kept` periods that have one.

    Older values are dropped, so that they do not count where CloudWatch evaluates several periods,
    or goes back to earlier ones because the newest have no value. A comparison of a missing value
    with a number is missing, IF drops a point without a condition, and MAX of one series is a
    number (CloudWatch User Guide, Using math expressions). So without any value there is none.

    Args:
        name: of the metric, in the expression; its values are not negative.
        period: of the alarm.
        kept: how many periods.
    """
    times = f"IF({name} >= 0, EPOCH({name}))"
    older = (kept - 1) * int(period.total_seconds())
    since = f"MAX({times}) - {older}" if older else f"MAX({times})"
    return f"IF({times} >= {since}, {name})"


def in_cdk(span: timedelta) -> cdk.Duration:
    """Return a span of time as a CDK duration."""
    return cdk.Duration.seconds(span.total_seconds())
