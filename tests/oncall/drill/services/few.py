"""Services of which a call or two are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.oncall.drill.answers import RefusalError
from tests.oncall.drill.names import ACCOUNT
from tests.oncall.year.population import REGIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.oncall.drill.answers import Answer, Params
    from tests.oncall.drill.stage import Stage


def _identity(stage: Stage, params: Params) -> dict[str, Any]:
    del stage, params
    return {
        "UserId": "AROAEXAMPLE:oncall",
        "Account": ACCOUNT,
        "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Operator/oncall",
    }


def _regions(stage: Stage, params: Params) -> dict[str, Any]:
    del stage, params
    return {
        "Regions": [{"RegionName": e, "RegionOptStatus": "ENABLED_BY_DEFAULT"} for e in REGIONS]
    }


def _health(stage: Stage, params: Params) -> dict[str, Any]:
    """AWS Health User Guide: its API takes a support plan that few accounts have."""
    del stage, params
    raise RefusalError(
        "SubscriptionRequiredException", "AWS Premium Support Subscription is required."
    )


def _rules(stage: Stage, params: Params) -> dict[str, Any]:
    del params
    names = stage.names
    return {
        "Rules": [
            {"Name": names.of(key), "Arn": names.arn(key), "State": each["Properties"]["State"]}
            for key, each in names.resources.items()
            if each["Type"] == "AWS::Events::Rule"
        ]
    }


def _topics(stage: Stage, params: Params) -> dict[str, Any]:
    del params
    topics = [stage.names.outputs[each] for each in ("CriticalTopic", "WarningTopic")]
    return {"Topics": [{"TopicArn": each} for each in topics]}


ANSWERS: Mapping[str, Mapping[str, Answer]] = {
    "account": {"ListRegions": _regions},
    "events": {"ListRules": _rules},
    "health": {"DescribeEvents": _health},
    "sns": {"ListTopics": _topics},
    "sts": {"GetCallerIdentity": _identity},
}
