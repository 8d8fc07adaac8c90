"""Checks that the rotation queue is subscribed to the topic that announces versions of sources.

Whoever deletes the topic deletes the subscriptions of all accounts with it. CloudFormation does not
notice, and never creates them again (cloudformation-coverage-roadmap, issue 1388).

Action: sns:ListSubscriptions. It lists the subscriptions of the caller's account in a Region, those
to topics of other accounts too (SNS API Reference, ListSubscriptions).

If a member of an answer is absent: without the list, or if the subscription may be one whose topic
or endpoint is left out, the check is unknown; one without an ARN counts as confirmed.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

from certrotation.aws.errors import incomplete, translated
from certrotation.aws.topic import MEANINGS
from certrotation.cli.diagnosis.results import Result, ok, unknown, wrong
from certrotation.cli.remedies import remedy_of
from certrotation.errors import CertRotationError, SettingsError
from certrotation.names.environment import QUEUE_URL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from certrotation.cli.shell import Shell
    from certrotation.cli.stack import Stack

SOURCE_TOPIC_CHECK = "source topic"
_ACTION = "sns:ListSubscriptions"
_LINK = "docs/accounts.md#the-subscriptions-of-the-accounts"
_UNCONFIRMED = "PendingConfirmation"
_DELETED = "Deleted"
"""What stands in place of the ARN after an unsubscription (reported: ansible, pull request 20086).
"""
_QUEUE_URL = re.compile(r"https?://[^/]+/(\d{12})/([A-Za-z0-9_-]+)")
"""SQS Developer Guide, Queue and message identifiers: account and name."""


def check_source_topic(shell: Shell, stack: Stack) -> Iterator[Result]:
    """Check that what the source topic announces reaches the rotation queue of the stack.

    Raises:
        SettingsError: the settings of the stack do not name a queue.
    """
    topic = stack.source_topic
    if topic is None:
        return
    queue = _queue(shell, stack, topic)
    try:
        found = _subscription(shell, topic, queue)
    except CertRotationError as error:
        yield unknown(
            check=SOURCE_TOPIC_CHECK,
            found=f"Whether {queue} is subscribed to {topic} was not checked: {error.found}",
            remedy=remedy_of(error),
            link="docs/cli.md#permissions",
        )
        return
    if found is not None and found.get("SubscriptionArn") != _UNCONFIRMED:
        yield ok(SOURCE_TOPIC_CHECK, f"{queue} is subscribed to {topic}")
        return
    what = "is not subscribed" if found is None else "is subscribed, but not confirmed,"
    yield wrong(
        check=SOURCE_TOPIC_CHECK,
        found=f"{queue} {what} to {topic}: new versions of sources are not announced to this"
        " account. Only scans find them.",
        remedy="Subscribe the queue, with credentials of this account and without raw message"
        f" delivery: {_command(topic, queue)}",
        link=_LINK,
    )


def _subscription(shell: Shell, topic: str, queue: str) -> Mapping[str, Any] | None:
    """Return the subscription of a queue to a topic, or None if the account has none.

    Raises:
        CertRotationError: the subscriptions cannot be listed, or AWS's answer leaves out which they
            are.
    """
    region = topic.split(":")[3]
    subject = f"the account in {region}"
    listed: list[Mapping[str, Any]] = []
    with translated(_ACTION, subject, MEANINGS):
        for page in shell.client("sns", region).get_paginator("list_subscriptions").paginate():
            if "Subscriptions" not in page:
                raise incomplete(f"{_ACTION} for {subject}", "Subscriptions")
            listed += page["Subscriptions"]
    wanted = {"TopicArn": topic, "Endpoint": queue}
    present = [each for each in listed if each.get("SubscriptionArn") != _DELETED]
    ours = [each for each in present if wanted.items() <= each.items()]
    if not ours and any({**wanted, **each}.items() >= wanted.items() for each in present):
        raise incomplete(f"{_ACTION} for {subject}", "the topic or the endpoint of a subscription")
    # Several are one that was confirmed, and requests for others.
    ours.sort(key=lambda each: each.get("SubscriptionArn") == _UNCONFIRMED)
    return ours[0] if ours else None


def _queue(shell: Shell, stack: Stack, topic: str) -> str:
    """Return the ARN of the stack's queue, whatever queue an option or a variable names.

    Raises:
        SettingsError: the stack's setting is not the URL of a queue.
    """
    url = shell.configuration.deployed.get(QUEUE_URL, "")
    found = _QUEUE_URL.fullmatch(url)
    if found is None:
        raise SettingsError(
            f"{QUEUE_URL} of {stack.rotate_function} is {url!r}, which is not the URL of a queue.",
            "Deploy the stack again.",
        )
    # The URL does not have the partition.
    return ":".join(("arn", topic.split(":")[1], "sqs", shell.home_region, *found.groups()))


def _command(topic: str, queue: str) -> str:
    return shlex.join(
        (
            *("aws", "sns", "subscribe", "--region", topic.split(":")[3], "--topic-arn", topic),
            *("--protocol", "sqs", "--notification-endpoint", queue),
        )
    )
