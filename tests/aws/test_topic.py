"""Publishing to a topic, in the Region that its ARN names, and not for long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from certrotation import composition
from certrotation.aws.topic import SnsNotices
from certrotation.core.notify.notice import LONGEST_SUBJECT, MOST_BYTES, Notice
from certrotation.errors import AccessDenied, Rejected, Throttled
from certrotation.settings import Settings
from tests.aws.samples import answering, raising
from tests.simulation.estate import HOME, client

if TYPE_CHECKING:
    from tests.double import EmbeddedAws

SENDER = "account 123456789012, ap-southeast-2"
NOTICE = Notice(subject="s" * LONGEST_SUBJECT, body="b" * MOST_BYTES)


@pytest.fixture
def topic_arn(aws: EmbeddedAws) -> str:
    del aws
    return str(client("sns", HOME).create_topic(Name="warning")["TopicArn"])


@pytest.fixture
def notices(topic_arn: str) -> SnsNotices:
    return SnsNotices(client("sns", HOME), topic_arn, SENDER)


def test_a_notice_of_the_largest_size_is_published(
    notices: SnsNotices, topic_arn: str, aws: EmbeddedAws
) -> None:
    notices.send(NOTICE)

    (call,) = aws.calls_of("sns", "Publish")
    assert call.params == {
        "TopicArn": topic_arn,
        "Subject": NOTICE.subject,
        "Message": f"{NOTICE.body}\n\nSent by {SENDER}.",
    }
    assert call.error is None


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AuthorizationError", AccessDenied),
        ("KMSAccessDenied", AccessDenied),
        ("KMSThrottling", Throttled),
        ("NotFound", Rejected),
    ],
)
def test_a_refusal_names_the_topic(
    notices: SnsNotices, topic_arn: str, aws: EmbeddedAws, code: str, kind: type[Any]
) -> None:
    with answering(aws, "Publish", code), raising(kind, "sns:Publish", topic_arn):
        notices.send(NOTICE)


def composed_notices() -> Any:
    """What the functions of an account make of a topic of another account and Region."""
    settings = Settings.from_env(
        {
            "AWS_REGION": HOME,
            "CERTROTATION_TARGET_REGIONS": HOME,
            "CERTROTATION_QUEUE_URL": f"https://sqs.{HOME}.amazonaws.com/123456789012/rotation",
            "CERTROTATION_WARNING_TOPIC_ARN": "arn:aws:sns:us-west-2:999999999999:warning",
        }
    )
    return composition.composed(settings).account.notices


def test_a_notice_names_the_account_that_sent_it() -> None:
    with patch.object(notices := composed_notices(), "_client") as topic:
        notices.send(Notice(subject="certrotation: refused certrotation/shop", body="Why."))

    said = topic.publish.call_args.kwargs["Message"]
    assert said == f"Why.\n\nSent by account 123456789012, {HOME}."


def test_the_topics_own_region_is_asked_twice_at_most_and_briefly() -> None:
    meta = composed_notices()._client.meta

    assert meta.region_name == "us-west-2"
    assert meta.config.retries == {"mode": "standard", "total_max_attempts": 2}
    assert (meta.config.connect_timeout, meta.config.read_timeout) == (3, 5)
