"""An alarm watches what is really emitted, under the very same name and dimensions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from infra.observability.alarm_texts import ALARM_TEXTS
from tests.oncall.metric_store import Metric, MetricStore

if TYPE_CHECKING:
    from tests.oncall.watch import Watch
    from tests.simulation.estate import Estate, Run
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.infra

OF_AWS = {
    # Lambda Developer Guide, Types of metrics for Lambda functions.
    ("AWS/Lambda", "FunctionName"): {"Errors", "Invocations", "Throttles"},
    # SQS Developer Guide, Available CloudWatch metrics for Amazon SQS.
    ("AWS/SQS", "QueueName"): {
        "ApproximateAgeOfOldestMessage",
        "ApproximateNumberOfMessagesVisible",
    },
}


@pytest.fixture
def run(estate: Estate, authorities: Authorities) -> Run:
    """A scan and a rotation: whatever the functions emit, they emit at each run."""
    estate.secret("shop", authorities.public.issue("shop.example.com"))
    return estate.run()


def watched_by(watch: Watch) -> set[Metric]:
    return {
        each.metric for alarm in watch.board.alarms.values() for each in alarm.statistics.values()
    }


def test_every_metric_of_ours_is_emitted_with_exactly_these_dimensions(
    hourly: Watch, run: Run
) -> None:
    store = MetricStore()
    for line in run.metrics:
        store.put_emf(line)

    ours = {each for each in watched_by(hourly) if not each.namespace.startswith("AWS/")}
    assert ours <= store.metrics()
    assert {each.name for each in ours} == {
        text.metric for text in ALARM_TEXTS.values() if text.metric
    }


def test_every_other_metric_is_one_that_aws_tells_of_our_functions_and_queues(
    hourly: Watch,
) -> None:
    others = {each for each in watched_by(hourly) if each.namespace.startswith("AWS/")}
    functions = hourly.template.of_type("AWS::Lambda::Function").keys()
    queues = hourly.template.of_type("AWS::SQS::Queue").keys()

    for each in others:
        ((dimension, value),) = each.dimensions
        assert each.name in OF_AWS[each.namespace, dimension]
        assert value in functions | queues
    named = {value for each in others for _, value in each.dimensions}
    assert named == functions | queues, "nothing is left unwatched"


@pytest.mark.parametrize(
    ("ours", "theirs"), [('"ScanCompleted"', '"ScansCompleted"'), ('"service"', '"function"')]
)
def test_a_metric_under_another_name_or_dimension_would_not_be_seen(
    hourly: Watch, run: Run, ours: str, theirs: str
) -> None:
    store = MetricStore()
    for line in run.metrics:
        store.put_emf(json.dumps(line).replace(ours, theirs))

    (switch,) = hourly.board.alarms["ScanMissing"].statistics.values()
    assert switch.metric not in store.metrics()


def test_a_line_in_the_embedded_format_counts_once_for_each_of_its_dimension_sets() -> None:
    store = MetricStore()
    store.put_emf(
        {
            "_aws": {
                "Timestamp": 1_800_000_000_000,
                "CloudWatchMetrics": [
                    {
                        "Namespace": "N",
                        "Dimensions": [["service"], ["service", "function"]],
                        "Metrics": [{"Name": "M"}],
                    }
                ],
            },
            "service": "s",
            "function": "f",
            "M": [1, 2],
        }
    )

    assert store.metrics() == {
        Metric.of("N", "M", {"service": "s"}),
        Metric.of("N", "M", {"service": "s", "function": "f"}),
    }
