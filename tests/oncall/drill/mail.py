"""The mail that SNS sends when an alarm goes off (CloudWatch User Guide, Notifying users on alarm
changes)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tests.oncall.drill.names import ACCOUNT
from tests.oncall.metric_store import minute_of
from tests.support.estate import HOME

if TYPE_CHECKING:
    from tests.oncall.alarm_board import Alarm, Change
    from tests.oncall.drill.stage import Stage

_REGION = "EU (Ireland)"


def mail(stage: Stage, change: Change) -> str:
    """Return the mail's subject and text."""
    names, alarm = stage.names, stage.world.metering.board.alarms[change.alarm]
    logical_id = names.alarm(change.alarm)
    name, arn = names.of(logical_id), names.arn(logical_id)
    why = reason(stage, change.alarm, change.at)
    at = f"{change.at:%A %d %B, %Y %H:%M:%S} UTC"
    topics = ", ".join(names.arn(each) for each in alarm.topics)
    return f"""From: AWS Notifications <no-reply@sns.amazonaws.com>
Subject: ALARM: "{name}" in {_REGION}

You are receiving this email because your Amazon CloudWatch Alarm "{name}" in the {_REGION} region \
has entered the ALARM state, because "{why}" at "{at}".

View this alarm in the AWS Management Console:
https://{HOME}.console.aws.amazon.com/cloudwatch/deeplink.js?region={HOME}#alarmsV2:alarm/{name}

Alarm Details:
- Name:                       {name}
- Description:                {alarm.description}
- State Change:               {change.was} -> {change.now}
- Reason for State Change:    {why}
- Timestamp:                  {at}
- AWS Account:                {ACCOUNT}
- Alarm Arn:                  {arn}

Threshold:
- The alarm is in the ALARM state when the metric is {alarm.comparison} {alarm.threshold} for at \
least {alarm.rule.datapoints} of the last {alarm.rule.periods} period(s) of {60 * alarm.period} \
seconds.

State Change Actions:
- OK:
- ALARM: [{topics}]
- INSUFFICIENT_DATA:
"""


def reason(stage: Stage, name: str, at: datetime) -> str:
    """Return why an alarm is in its state, with the data points."""
    alarm = stage.world.metering.board.alarms[name]
    points = _points(stage, name, alarm, at)
    rule = alarm.rule
    if not points:
        return (
            f"Threshold Crossed: no datapoints were received for {rule.periods} periods and "
            f"{rule.periods} missing datapoints were treated as [{rule.missing.title()}]."
        )
    shown = ", ".join(f"{value} ({moment:%d/%m/%y %H:%M:%S})" for value, moment in points)
    breaching = sum(bool(alarm.breaches(value)) for value, _ in points)
    goes_off = breaching >= rule.datapoints
    counted = breaching if goes_off else len(points) - breaching
    needed = rule.datapoints if goes_off else 1 + rule.periods - rule.datapoints
    way = "OK -> ALARM" if goes_off else "ALARM -> OK"
    return (
        f"Threshold Crossed: {counted} out of the last {rule.periods} datapoints [{shown}] "
        f"{'was' if goes_off else 'was not'} {_WORDS[alarm.comparison]} the threshold "
        f"({float(alarm.threshold)}) (minimum {needed} datapoint for {way} transition)."
    )


_WORDS = {
    "GreaterThanThreshold": "greater than",
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}


def _points(stage: Stage, name: str, alarm: Alarm, at: datetime) -> list[tuple[float, datetime]]:
    """Return the newest values that an evaluation at a moment sees, the newest first."""
    board, minute = stage.world.metering.board, minute_of(at)
    values = board._math[name].evaluate(board._series(alarm, minute))
    begins = board._bounds(alarm, minute)
    found = [
        (float(value), datetime.fromtimestamp(60 * begin, at.tzinfo))
        for value, begin in zip(values, begins, strict=True)
        if value is not None
    ]
    return found[::-1][: alarm.rule.periods]
