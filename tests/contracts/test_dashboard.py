"""What the dashboard shows is what the functions and AWS tell."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from certrotation.names.service import NEAREST_SHOWN
from infra.observability.queries import NEAREST
from tests.contracts.logs_insights import ask
from tests.infra.dashboard_body import Line, lines_of, widgets_of
from tests.oncall.metric_store import Metric, MetricStore
from tests.simulation.estate import HOME, PREFIX

if TYPE_CHECKING:
    from tests.infra.synthesis import Template
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

DAY = timedelta(days=1)

OF_AWS = {
    # Lambda Developer Guide, Types of metrics for Lambda functions.
    ("AWS/Lambda", "FunctionName"): {"Duration", "Errors", "Invocations", "Throttles"},
    # SQS Developer Guide, Available CloudWatch metrics for Amazon SQS.
    ("AWS/SQS", "QueueName"): {
        "ApproximateAgeOfOldestMessage",
        "ApproximateNumberOfMessagesVisible",
    },
}


def shown(template: Template) -> list[Line]:
    return [line for line in lines_of(template) if line.metric]


@pytest.mark.infra
def test_every_metric_that_the_functions_emit_is_shown_and_no_other_of_ours(
    template: Template, estate: Estate, authorities: Authorities
) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com"))
    run = estate.run()
    estate.listener("web", HOME, estate.certificates(HOME)[0])
    store = MetricStore()
    for line in (*run.metrics, *estate.run().metrics):
        store.put_emf(line)

    ours = {
        Metric.of(line.namespace, line.metric, line.dimensions)
        for line in shown(template)
        if not line.namespace.startswith("AWS/")
    }
    assert ours == store.metrics()


@pytest.mark.infra
def test_every_other_metric_is_one_that_aws_tells_of_our_functions_and_queues(
    template: Template,
) -> None:
    others = [line for line in shown(template) if line.namespace.startswith("AWS/")]
    functions = template.of_type("AWS::Lambda::Function").keys()
    queues = template.of_type("AWS::SQS::Queue").keys()

    for line in others:
        ((dimension, _),) = line.dimensions.items()
        assert line.metric in OF_AWS[line.namespace, dimension]
    named = {value for line in others for value in line.dimensions.values()}
    assert named == functions | queues, "nothing is left out"


@pytest.mark.infra
def test_the_table_asks_the_scans_log_group(template: Template) -> None:
    (table,) = [each for each in widgets_of(template) if each.kind == "log"]

    assert table.query == (template.output("ScanLogs")["Ref"], NEAREST)
    assert table.properties["view"] == "table"


@pytest.mark.slow
def test_the_table_names_what_the_last_scan_saw_expire_first(
    estate: Estate, authorities: Authorities
) -> None:
    for name, lifetime in (("later", 90), ("sooner", 30), ("soonest", 20)):
        issued = authorities.public.issue(f"{name}.example.com", lifetime=lifetime * DAY)
        estate.secret(name, issued, {"certrotation:regions": HOME})
        estate.run()
    for number, arn in enumerate(estate.certificates(HOME)):
        estate.listener(f"web-{number}", HOME, arn)
    before = estate.run()
    estate.renew("soonest", authorities.public.issue("soonest.example.com", lifetime=200 * DAY))
    estate.drain()

    rows = ask(NEAREST, [*before.lines, *estate.run().followed_by(estate.scan()).lines])

    assert [each["certificate.secret"] for each in rows] == [
        PREFIX + name for name in ("sooner", "later", "soonest")
    ]
    assert [each["days_left"] for each in rows] == [29, 89, 199]
    assert len({each["@timestamp"] for each in rows}) == 1, "all of the last scan"
    for each in rows:
        assert each.keys() == {
            "days_left",
            "certificate.names",
            "certificate.region",
            "certificate.state",
            "certificate.secret",
            "certificate.arn",
            "@timestamp",
        }


def test_the_table_has_room_for_all_that_a_scan_names() -> None:
    assert NEAREST.endswith(f"| limit {NEAREST_SHOWN}")
