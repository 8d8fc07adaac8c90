"""`certrotation doctor` and the subscription to the topic of another account's secrets."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import pytest

from certrotation.cli.exit_codes import ExitCode
from tests.cli.running import Ran, deploy, run
from tests.simulation.central import CENTRAL, SPOKE, Central
from tests.simulation.estate import HOME, client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.estate import Estate

pytestmark = pytest.mark.slow

ELSEWHERE = "eu-central-1"
TOPIC = f"arn:aws:sns:{ELSEWHERE}:{CENTRAL}:certrotation-central"
QUEUE = f"arn:aws:sqs:{HOME}:{SPOKE}:rotation"


class Topics:
    """The topic of the central account, in another Region, and what this account subscribes."""

    def __init__(self, estate: Estate) -> None:
        self._sns = Central(estate.aws, region=ELSEWHERE).client("sns")
        self.create()

    def create(self) -> None:
        """The central stack is deployed."""
        assert self._sns.create_topic(Name="certrotation-central")["TopicArn"] == TOPIC

    def delete(self) -> None:
        """The central stack is deleted."""
        self._sns.delete_topic(TopicArn=TOPIC)

    @staticmethod
    def subscribe(topic: str = TOPIC, endpoint: str = QUEUE) -> None:
        client("sns", ELSEWHERE).subscribe(TopicArn=topic, Protocol="sqs", Endpoint=endpoint)


@pytest.fixture
def topics(estate: Estate) -> Iterator[Topics]:
    """A deployment that is subscribed; IAM and Service Quotas answer nobody."""
    found = Topics(estate)
    deploy(estate, topic=TOPIC)
    found.subscribe()

    def deny(call: Any) -> None:
        if call.operation in {"SimulatePrincipalPolicy", "ListServiceQuotas"}:
            raise estate.aws.error("AccessDenied", call.operation)

    with estate.aws.before(deny):
        yield found


def checked(ran: Ran) -> list[dict[str, str]]:
    return [each for each in ran.document["results"] if each["check"] == "source topic"]


def doctor() -> dict[str, str]:
    """What the doctor says of the topic; the exit code agrees."""
    ran = run("doctor", "--json")
    (found,) = checked(ran)
    if found["health"] == "wrong":
        assert ran.code is ExitCode.FINDING
    return found


@pytest.mark.usefixtures("topics")
def test_a_queue_that_is_subscribed_is_fine(estate: Estate) -> None:
    found = doctor()

    assert (found["health"], found["found"]) == ("ok", f"{QUEUE} is subscribed to {TOPIC}")
    assert {each.region for each in estate.aws.calls_of("sns", "ListSubscriptions")} == {ELSEWHERE}


def test_among_the_subscriptions_of_several_pages_it_is_found(topics: Topics) -> None:
    other = client("sns", ELSEWHERE).create_topic(Name="other")["TopicArn"]
    topics.delete()
    topics.create()
    for number in range(101):
        topics.subscribe(other, f"{QUEUE}-{number}")
    topics.subscribe()

    assert doctor()["health"] == "ok"


def test_a_central_stack_that_was_created_anew_has_lost_the_subscription(topics: Topics) -> None:
    topics.delete()
    topics.create()
    topics.subscribe(endpoint=f"{QUEUE}-of-another-stack")

    found = doctor()

    assert found["health"] == "wrong"
    assert found["found"] == (
        f"{QUEUE} is not subscribed to {TOPIC}: new versions of sources are not announced to this"
        " account. Only scans find them."
    )
    assert found["link"] == "docs/accounts.md#the-subscriptions-of-the-accounts"
    words = shlex.split(found["remedy"].partition(": ")[2])
    assert words == [
        *("aws", "sns", "subscribe", "--region", ELSEWHERE, "--topic-arn", TOPIC),
        *("--protocol", "sqs", "--notification-endpoint", QUEUE),
    ]


def test_what_the_remedy_says_is_the_cure(topics: Topics) -> None:
    topics.delete()
    topics.create()
    words = shlex.split(doctor()["remedy"].partition(": aws sns subscribe ")[2])
    given = dict(zip(words[::2], words[1::2], strict=True))

    client("sns", given["--region"]).subscribe(
        TopicArn=given["--topic-arn"],
        Protocol=given["--protocol"],
        Endpoint=given["--notification-endpoint"],
    )

    assert doctor()["health"] == "ok"


@pytest.mark.usefixtures("topics")
@pytest.mark.parametrize("url", ["https://q", "https://sqs.example/queue", "https://sqs/1/other"])
def test_the_queue_is_that_of_the_stack_whatever_an_option_names(url: str) -> None:
    (found,) = checked(run("doctor", "--json", "--queue-url", url))

    assert (found["health"], found["found"]) == ("ok", f"{QUEUE} is subscribed to {TOPIC}")


@pytest.mark.usefixtures("topics")
@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://q",
        "https:///",
        "rotation",
        f"https://sqs.{HOME}.amazonaws.com/{SPOKE}/",
        f"https://sqs.{HOME}.amazonaws.com/{SPOKE}/rotation/",
        f"https://sqs.{HOME}.amazonaws.com/1/{SPOKE}/rotation",
        "https://sqs/12345/rotation",
    ],
)
def test_a_setting_that_is_not_the_url_of_a_queue_leaves_the_topic_unchecked(
    estate: Estate, url: str
) -> None:
    settings = {"CERTROTATION_QUEUE_URL": url}
    deploy(estate, settings, stack="third", functions="third-", topic=TOPIC)

    ran = run("doctor", "--json", "--stack", "third", "--queue-url", estate.queue_url)

    (found,) = checked(ran)
    assert found["health"] == "unknown"
    assert found["found"] == (
        f"CERTROTATION_QUEUE_URL of third-rotate is {url!r}, which is not the URL of a queue."
    )
    assert found["remedy"] == "Deploy the stack again."


OURS = {"SubscriptionArn": f"{TOPIC}:1", "TopicArn": TOPIC, "Endpoint": QUEUE, "Protocol": "sqs"}
UNCONFIRMED = {**OURS, "SubscriptionArn": "PendingConfirmation"}
ANSWERS: dict[str, tuple[dict[str, Any], str]] = {
    "none": ({"Subscriptions": []}, "wrong"),
    "unconfirmed": ({"Subscriptions": [UNCONFIRMED]}, "wrong"),
    "confirmed, and another request": ({"Subscriptions": [UNCONFIRMED, OURS]}, "ok"),
    "deleted": ({"Subscriptions": [{**OURS, "SubscriptionArn": "Deleted"}]}, "wrong"),
    "without the ARN": ({"Subscriptions": [{"TopicArn": TOPIC, "Endpoint": QUEUE}]}, "ok"),
    "without the topic": ({"Subscriptions": [{"Endpoint": QUEUE}]}, "unknown"),
    "without the endpoint": ({"Subscriptions": [{"TopicArn": TOPIC}]}, "unknown"),
    "another's without the topic": ({"Subscriptions": [{"Endpoint": "mail@x.example"}]}, "wrong"),
    "one without the topic beside ours": ({"Subscriptions": [{}, OURS]}, "ok"),
    "without the list": ({}, "unknown"),
}


@pytest.mark.usefixtures("topics")
@pytest.mark.parametrize("case", ANSWERS)
def test_members_of_an_answer_may_be_absent(estate: Estate, case: str) -> None:
    replaced, health = ANSWERS[case]

    def change(_client: object, call: Any, answer: Any) -> None:
        if call.operation == "ListSubscriptions":
            answer.pop("Subscriptions", None)
            answer.update(replaced)

    with estate.aws.changing(change):
        assert doctor()["health"] == health


@pytest.mark.usefixtures("topics")
def test_a_subscription_that_is_not_confirmed_is_told_from_none(estate: Estate) -> None:
    def change(_client: object, call: Any, answer: Any) -> None:
        if call.operation == "ListSubscriptions":
            answer["Subscriptions"] = [UNCONFIRMED]

    with estate.aws.changing(change):
        assert f"{QUEUE} is subscribed, but not confirmed, to {TOPIC}" in doctor()["found"]


@pytest.mark.usefixtures("topics")
@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("AuthorizationError", "Allow the action to the credentials that you use;"),
        ("Throttled", "Run the command again."),
        ("InternalError", "Run the command again."),
    ],
)
def test_what_cannot_be_listed_was_not_checked(estate: Estate, code: str, remedy: str) -> None:
    def fail(call: Any) -> None:
        if call.operation == "ListSubscriptions":
            raise estate.aws.error(code, call.operation)

    with estate.aws.before(fail):
        found = doctor()

    assert found["health"] == "unknown"
    assert found["found"].startswith(
        f"Whether {QUEUE} is subscribed to {TOPIC} was not checked: sns:ListSubscriptions for"
    )
    assert found["remedy"].startswith(remedy)


def test_without_a_source_topic_no_subscription_is_listed(estate: Estate, topics: Topics) -> None:
    assert topics
    deploy(estate, stack="other", functions="other-")

    assert checked(run("doctor", "--stack", "other", "--json")) == []
    assert estate.aws.calls_of("sns", "ListSubscriptions") == []
