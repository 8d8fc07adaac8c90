"""Checks the deployed service: version, mode, last scan, alarms, subscriptions, other deployments.

Actions: cloudwatch:DescribeAlarms, cloudwatch:GetMetricStatistics, sns:ListSubscriptionsByTopic,
cloudformation:DescribeStacks, lambda:GetFunctionConfiguration.

If a member of an answer is absent: an alarm without a state, and a subscription without an ARN,
count as they would if nothing were wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation import __version__
from certrotation.aws.errors import translated
from certrotation.aws.topic import MEANINGS
from certrotation.cli.diagnosis.results import Result, ok, warning, wrong
from certrotation.cli.stack import variables_of
from certrotation.errors import CertRotationError
from certrotation.names import metrics
from certrotation.names.environment import DEFAULT_SECRET_PREFIX, SECRET_PREFIX
from certrotation.names.outputs import ROTATE_FUNCTION, SCAN_FUNCTION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import timedelta
    from typing import Any

    from certrotation.cli.shell import Shell
    from certrotation.cli.stack import Stack

_INTERVALS = 3
"""Scans that may be missing: ScanMissing pages after as many."""
_PENDING = "PendingConfirmation"


def check_stack(shell: Shell) -> Iterator[Result]:
    """Check that a stack is there, of this version, and not in report mode."""
    stack = shell.configuration.stack
    if stack is None:
        yield warning(
            check="stack",
            found=f"No stack {shell.common.stack_name} is deployed in {shell.home_region}.",
            remedy="Deploy the stack, or give --stack and --region as the stack was deployed.",
            link="docs/deploying.md#first-deployment",
        )
        return
    if stack.version != __version__:
        yield warning(
            check="stack",
            found=f"{stack.name} has version {stack.version or 'before 0.2.0'}, this command"
            f" {__version__}.",
            remedy="Use the command of the stack's version, or deploy this one.",
            link="docs/upgrading.md",
        )
    else:
        yield ok("stack", f"{stack.name}, version {stack.version}")
    if shell.parts.applies:
        yield ok("mode", "apply")
    else:
        yield warning(
            check="mode",
            found="The service is in report mode: nothing is renewed.",
            remedy="Read what the service would do (certrotation plan), then run: certrotation mode"
            " apply",
            link="docs/deploying.md#first-deployment",
        )


def check_last_scan(shell: Shell) -> Iterator[Result]:
    """Check that a scan has completed within three intervals."""
    interval: timedelta = shell.settings.scan_interval
    span = interval * _INTERVALS
    with translated("cloudwatch:GetMetricStatistics", metrics.SCAN_COMPLETED):
        answer = shell.client("cloudwatch").get_metric_statistics(
            Namespace=metrics.NAMESPACE,
            MetricName=metrics.SCAN_COMPLETED,
            Dimensions=[{"Name": metrics.DIMENSION, "Value": shell.settings.stack}],
            StartTime=shell.now - span,
            EndTime=shell.now,
            Period=max(60, int(interval.total_seconds()) // 60 * 60),
            Statistics=["Sum"],
        )
    times = [each["Timestamp"] for each in answer.get("Datapoints", ()) if each.get("Sum")]
    if times:
        yield ok("last scan", f"In the {interval} that began at {max(times):%Y-%m-%d %H:%M} UTC")
        return
    yield wrong(
        check="last scan",
        found=f"No scan has completed within {span}.",
        remedy="Follow the runbook's heading ScanMissing.",
        link="docs/runbook.md#scanmissing-scans-have-stopped",
    )


def check_alarms(shell: Shell, stack: Stack) -> Iterator[Result]:
    """Check that no alarm is on, that each notifies, and that somebody is subscribed."""
    with translated("cloudwatch:DescribeAlarms", f"the alarms of {stack.name}"):
        pages = (
            shell.client("cloudwatch")
            .get_paginator("describe_alarms")
            .paginate(
                AlarmNamePrefix=f"{stack.name}-", AlarmTypes=["MetricAlarm", "CompositeAlarm"]
            )
        )
        alarms = [
            each
            for page in pages
            for each in (*page.get("MetricAlarms", ()), *page.get("CompositeAlarms", ()))
            if each.get("AlarmName", "").startswith(
                (f"{stack.name}-Alarms", f"{stack.name}-OnFire")
            )
        ]
    yield from _states(alarms)
    topics = {topic: each for each in alarms for topic in each.get("AlarmActions", ())}
    for topic in sorted(topics):
        account = topic.split(":")[4]
        if f":{account}:" in topics[topic].get("AlarmArn", topic):
            yield from _subscriptions(shell, topic)
        else:
            yield ok("subscriptions", f"Not asked: {topic} is a topic of account {account}")


def _states(alarms: list[Mapping[str, Any]]) -> Iterator[Result]:
    if not alarms:
        yield wrong(
            check="alarms",
            found="The stack has no alarms.",
            remedy="Deploy the stack again: without alarms nobody learns of a certificate that is"
            " about to expire.",
            link="docs/runbook.md#deploy-again",
        )
        return
    on = [each for each in alarms if each.get("StateValue") == "ALARM"]
    silent = [each["AlarmName"] for each in alarms if not each.get("ActionsEnabled", True)]
    for each in on:
        yield wrong(
            check="alarms",
            found=f"{each['AlarmName']} is on.",
            remedy=each.get("AlarmDescription", ""),
            link="docs/runbook.md",
        )
    if silent:
        yield wrong(
            check="alarms",
            found=f"These alarms notify nobody: {', '.join(silent)}.",
            remedy="Enable their actions: aws cloudwatch enable-alarm-actions --alarm-names ...",
            link="docs/operating.md#what-on-call-sees",
        )
    if not on and not silent:
        yield ok("alarms", f"None of {len(alarms)} is on")


def _subscriptions(shell: Shell, topic: str) -> Iterator[Result]:
    with translated("sns:ListSubscriptionsByTopic", topic, MEANINGS):
        pages = (
            shell.client("sns", topic.split(":")[3])
            .get_paginator("list_subscriptions_by_topic")
            .paginate(TopicArn=topic)
        )
        found = [each for page in pages for each in page.get("Subscriptions", ())]
    pending = [each for each in found if each.get("SubscriptionArn") == _PENDING]
    confirmed = len(found) - len(pending)
    link = "docs/operating.md#what-on-call-sees"
    if not confirmed:
        yield wrong(
            check="subscriptions",
            found=f"Nobody is subscribed to {topic}"
            f"{f': {len(pending)} subscriptions are not confirmed' if pending else ''}.",
            remedy="Subscribe on-call, and confirm with the link that the subscriber gets.",
            link=link,
        )
    elif pending:
        named = ", ".join(each.get("Endpoint", "unknown") for each in pending)
        yield warning(
            check="subscriptions",
            found=f"Not confirmed at {topic}: {named}.",
            remedy="Open the link in the confirmation mail, or delete the subscription.",
            link=link,
        )
    else:
        yield ok("subscriptions", f"{confirmed} at {topic}")


def check_prefixes(shell: Shell) -> Iterator[Result]:
    """Check that no other deployment's secrets begin as this one's do, or the other way round."""
    own = shell.settings.secret_prefix
    name = shell.common.stack_name
    link = "docs/deploying.md#prerequisites"
    if not own.endswith("/"):
        yield warning(
            check="prefix",
            found=f"The prefix {own} does not end in a slash, so other words may begin with it.",
            remedy=f"Use a prefix such as {DEFAULT_SECRET_PREFIX}.",
            link=link,
        )
    others = {stack: prefix for stack, prefix in _other_prefixes(shell) if stack != name}
    clashing = [
        f"{stack} ({prefix})"
        for stack, prefix in others.items()
        if own.startswith(prefix) or prefix.startswith(own)
    ]
    if clashing:
        yield wrong(
            check="prefix",
            found=f"{own} and the prefix of another deployment overlap: {', '.join(clashing)}.",
            remedy="Give each deployment a prefix that no other prefix begins with.",
            link=link,
        )
    else:
        yield ok("prefix", f"{own} overlaps with no other deployment in {shell.home_region}")


def _other_prefixes(shell: Shell) -> Iterator[tuple[str, str]]:
    with translated("cloudformation:DescribeStacks", f"the stacks in {shell.home_region}"):
        pages = shell.client("cloudformation").get_paginator("describe_stacks").paginate()
        stacks = [each for page in pages for each in page.get("Stacks", ())]
    for stack in stacks:
        outputs = _outputs(stack.get("Outputs", ()))
        if {ROTATE_FUNCTION, SCAN_FUNCTION} <= outputs.keys():
            try:
                variables = variables_of(shell.client, outputs[ROTATE_FUNCTION])
            except CertRotationError:
                continue
            yield stack.get("StackName", ""), variables.get(SECRET_PREFIX, DEFAULT_SECRET_PREFIX)


def _outputs(listed: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {
        each["OutputKey"]: each.get("OutputValue", "") for each in listed if "OutputKey" in each
    }
