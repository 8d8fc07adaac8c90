"""The templates of docs/events.md do what the page says, on events that rotate really puts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from certrotation.names.events import REFUSED, ROTATED
from tests.contracts.event_schemas import wrongs
from tests.contracts.receivers import (
    ROUTING_KEY,
    SLACK_URL,
    TEAMS_URL,
    PagerDuty,
    PagerDutyForAlarms,
    Slack,
    Teams,
    listening,
    post,
)
from tests.simulation.estate import PREFIX, account, fields_of
from tests.support.event_bridge import (
    envelope,
    is_retried,
    load_template,
    of_type,
    requests_for,
    resolved,
    transformed,
)

if TYPE_CHECKING:
    from tests.contracts.receivers import Judge
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text(encoding="utf-8")
RECIPES = {
    heading: re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    for heading, text in re.findall(
        r"^### (.+?)\n(.*?)(?=^##|\Z)",
        PAGE.partition("\n## Recipes\n")[2],
        re.MULTILINE | re.DOTALL,
    )
}
Q, SLACK, TEAMS, PAGERDUTY, ALARMS = (
    "Slack and Teams by Amazon Q Developer",
    "Slack by a webhook",
    "Teams by a webhook",
    "PagerDuty",
    "PagerDuty from the alarms",
)
BY_WEBHOOK = (SLACK, TEAMS, PAGERDUTY)
SECRETS = {
    "chat/slack": {"url": SLACK_URL},
    "chat/teams": {"url": TEAMS_URL},
    "chat/pagerduty": {"routing_key": ROUTING_KEY, "cloudwatch_key": ROUTING_KEY},
}
NAME = "shop.example.com"
SHOP = PREFIX + "shop"


class Events(NamedTuple):
    rotated: dict[str, Any]
    refused: dict[str, Any]
    awkward: dict[str, Any]
    """Of a message whose sender chose the name, with a denial in the words of AWS."""


@pytest.fixture(scope="module")
def events(authorities: Authorities) -> Events:
    settings = {"CERTROTATION_EVENTS": "on"}
    roots = [authorities.public_root.certificate]
    with account("eu-west-1", "us-east-1", roots=roots, settings=settings) as estate:
        good = authorities.public.issue(NAME)
        estate.secret("shop", good)
        estate.run()
        other = authorities.public.issue(NAME)
        estate.renew("shop", fields_of(other) | {"private_key": good.key_pem()})
        estate.rotate("shop")
        estate.aws.behaviour.denied = {("secretsmanager", "DescribeSecret", None)}
        estate.rotate('x"}\\<!channel>\n' + "y" * 600)
        found = [envelope(each.kind, each.detail) for each in estate.aws.events()]
    assert [each["detail-type"] for each in found] == [ROTATED, REFUSED, REFUSED]
    return Events(*found)


def said_of(event: dict[str, Any]) -> str:
    """What a channel shows that several accounts share."""
    return f"Account {event['account']}: {event['detail']['summary']}"


def template_of(recipe: str) -> dict[str, Any]:
    return load_template(RECIPES[recipe][0])


def send(recipe: str, event: dict[str, Any], judge: Judge, *, busy: int = 0) -> list[int]:
    """Send what a recipe makes of an event, and return the answers' statuses, retries included."""
    statuses: list[int] = []
    with listening(judge, busy=busy) as address:
        for request in requests_for(template_of(recipe), event, SECRETS):
            assert request.method == "POST"
            while not statuses or is_retried(statuses[-1]):
                statuses.append(post(address, request.url, request.headers, request.body))
    return statuses


def test_every_recipe_of_the_page_is_tested() -> None:
    assert {*RECIPES} == {Q, SLACK, TEAMS, PAGERDUTY, ALARMS}


def test_slack_shows_a_rotation_and_a_refusal_with_what_to_do(events: Events) -> None:
    slack = Slack()

    assert [send(SLACK, each, slack) for each in events] == [[200]] * 3

    rotated, refused, _ = slack.messages
    assert rotated == [said_of(events.rotated)]
    assert refused == [
        "Certificate refused",
        said_of(events.refused),
        f"Found: {events.refused['detail']['reasons'][0]['found']}",
        "Remedy: Write the private key that belongs to the certificate into the secret.",
    ]


def test_teams_shows_the_same_as_an_adaptive_card(events: Events) -> None:
    teams = Teams()

    assert [send(TEAMS, each, teams) for each in events] == [[202]] * 3

    rotated, refused, _ = teams.messages
    assert rotated == [said_of(events.rotated)]
    assert refused[:2] == ["Certificate refused", said_of(events.refused)]


def test_pagerduty_opens_an_incident_at_a_refusal_and_closes_it_at_the_next_rotation(
    events: Events,
) -> None:
    pagerduty = PagerDuty()

    assert send(PAGERDUTY, events.refused, pagerduty) == [202]
    assert send(PAGERDUTY, events.refused, pagerduty) == [202]
    ((key, incident),) = pagerduty.incidents.items()
    assert key.startswith(f"{events.refused['account']} ")
    assert key.endswith(f" {SHOP}")
    assert incident["summary"] == said_of(events.refused)
    assert incident["custom_details"]["codes"] == ["KEY_MISMATCH"]
    assert incident["custom_details"]["reasons"] == events.refused["detail"]["reasons"]

    assert send(PAGERDUTY, {**events.rotated, "account": "444455556666"}, pagerduty) == [202]
    assert [*pagerduty.incidents] == [key], "the secret of another account"
    assert send(PAGERDUTY, events.rotated, pagerduty) == [202]
    assert pagerduty.incidents == {}


@pytest.mark.parametrize(
    ("recipe", "judge"), [(SLACK, Slack()), (TEAMS, Teams()), (PAGERDUTY, PagerDuty())]
)
def test_a_receiver_that_is_busy_gets_the_event_again_until_it_takes_it(
    events: Events, recipe: str, judge: Judge
) -> None:
    assert send(recipe, events.refused, judge, busy=2)[:2] == [429, 429]
    assert not is_retried(send(recipe, events.refused, judge)[-1])


@pytest.mark.parametrize("recipe", BY_WEBHOOK)
def test_the_other_events_of_the_bus_are_left_alone(events: Events, recipe: str) -> None:
    for other in (
        {**events.rotated, "source": "aws.acm"},
        {**events.rotated, "detail-type": "Certificate ARN Changed"},
    ):
        assert requests_for(template_of(recipe), other, SECRETS) == []


def test_amazon_q_gets_custom_notifications(events: Events) -> None:
    """Administrator Guide of Amazon Q Developer in chat applications, Custom notifications."""
    template = template_of(Q)
    (rule,) = of_type(template, "AWS::Events::Rule").values()
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Ref": "Topic"}
    for event in events:
        text = json.loads(transformed(target["InputTransformer"], event))
        assert (text["version"], text["source"]) == ("1.0", "custom")
        assert text["content"] == {
            "textType": "client-markdown",
            "title": event["detail-type"],
            "description": said_of(event),
            "keywords": [event["detail"]["secret"]],
        }
        thread = f"{event['account']} {event['detail']['secret']}"
        assert text["metadata"]["threadId"] == thread


def test_pagerduty_takes_an_alarm_as_sns_sends_it() -> None:
    (subscription,) = of_type(template_of(ALARMS), "AWS::SNS::Subscription").values()
    alarm = {
        "AlarmName": "certrotation-ScanMissing",
        "NewStateValue": "ALARM",
        "NewStateReason": "no datapoints",
        "StateChangeTime": "2026-11-25T12:00:00.000+0000",
    }
    notification = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": "arn:aws:sns:eu-west-1:123456789012:certrotation-critical",
        "Subject": "ALARM",
        "Message": json.dumps(alarm),
        "Timestamp": "2026-11-25T12:00:00.000Z",
    }
    headers = {
        "x-amz-sns-message-type": "Notification",
        "Content-Type": "text/plain; charset=UTF-8",
    }
    url, pagerduty = resolved(subscription["Endpoint"], SECRETS), PagerDutyForAlarms()

    with listening(pagerduty) as address:
        assert post(address, url, headers, json.dumps(notification).encode()) == 200

    assert pagerduty.alarms == ["certrotation-ScanMissing"]
    assert url.startswith("https://events.pagerduty.com/")


def test_the_retries_of_the_subscription_are_those_that_sns_allows() -> None:
    """SNS Developer Guide, Message delivery retries: 3,600 seconds in all."""
    (subscription,) = of_type(template_of(ALARMS), "AWS::SNS::Subscription").values()
    policy = subscription["DeliveryPolicy"]["healthyRetryPolicy"]

    assert policy["numMaxDelayRetries"] <= policy["numRetries"] <= 100
    assert policy["numRetries"] * policy["maxDelayTarget"] <= 3_600


@pytest.mark.parametrize("recipe", BY_WEBHOOK)
def test_no_secret_stands_in_a_template(recipe: str) -> None:
    template = template_of(recipe)
    text = json.dumps(template)
    assert "{{resolve:secretsmanager:chat/" in text
    for secret in (urls for each in SECRETS.values() for urls in each.values()):
        assert secret not in text
    assert "Parameters" not in template


@pytest.mark.parametrize("recipe", [*BY_WEBHOOK, Q])
def test_an_event_that_is_not_delivered_is_kept(recipe: str) -> None:
    template = template_of(recipe)
    (queue,) = of_type(template, "AWS::SQS::QueuePolicy").values()
    (statement,) = queue["PolicyDocument"]["Statement"]
    rules = of_type(template, "AWS::Events::Rule")
    allowed = statement["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert allowed == [{"Fn::GetAtt": [each, "Arn"]} for each in rules]
    for rule in rules.values():
        (target,) = rule["Targets"]
        assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["Undelivered", "Arn"]}}
        # EventBridge API Reference, RetryPolicy.
        assert 60 <= target["RetryPolicy"]["MaximumEventAgeInSeconds"] <= 86_400
        assert 0 <= target["RetryPolicy"]["MaximumRetryAttempts"] <= 185


def test_cfn_lint_finds_nothing_wrong_with_any_recipe(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.yaml" for number in range(len(RECIPES))]
    for file, (text,) in zip(files, RECIPES.values(), strict=True):
        file.write_text(text, encoding="utf-8")

    # W1030: a default of a parameter, with which the resource is not created.
    options = ("--regions", "eu-west-1", "--ignore-checks", "W1030")
    linted = subprocess.run(  # noqa: S603  no shell; every word is ours
        [Path(sys.executable).with_name("cfn-lint"), *options, "--", *files],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (linted.stdout, linted.stderr, linted.returncode) == ("", "", 0)


def test_the_events_of_the_page_fit_the_schemas() -> None:
    shown = [
        json.loads(each)
        for each in re.findall(r"^```json\n(\{.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    ]
    assert [each["detail-type"] for each in shown] == [ROTATED, REFUSED]
    for each in shown:
        assert wrongs(each["detail-type"], each["detail"]) == []


def test_a_template_in_which_a_variable_is_no_text_would_be_found(events: Events) -> None:
    transformer = {
        "InputPathsMap": {"codes": "$.detail.codes"},
        "InputTemplate": '{"text": "<codes>"}',
    }
    with pytest.raises(AssertionError, match="no text"):
        transformed(transformer, events.refused)
