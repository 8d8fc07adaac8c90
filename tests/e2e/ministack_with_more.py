"""ministack with what it lacks of topics between accounts: run where ministack is installed.

Of ministack 1.5.33:

- An event's path in a rule's target may have an index (EventBridge User Guide, Input
  transformation). ministack knows none.
- A topic's policy may look at what is subscribed (`sns:Protocol` and `sns:Endpoint`: SNS Developer
  Guide, Amazon SNS policy keys) and at whether an AWS service calls (`aws:PrincipalIsAWSService`:
  IAM User Guide, AWS global condition context keys). ministack judges without these keys.
- EventBridge publishes to a topic only if the topic's policy allows that. ministack does not ask
  the policy. Here EventBridge does not name its rule: AWS's documents differ on `aws:SourceArn`.
"""

from __future__ import annotations

import re
import runpy
from dataclasses import replace
from importlib import import_module
from typing import Any

_events: Any = import_module("ministack.services.eventbridge")
_evaluator: Any = import_module("ministack.core.iam_evaluator")
_topics: Any = import_module("ministack.services.sns")

_IS_SERVICE = "aws:principalisawsservice"


def _with_indices(transform: Any) -> Any:
    def transformed(transformer: dict[str, Any], rule: Any, view: Any) -> Any:
        paths, template = dict(transformer.get("InputPathsMap", {})), transformer["InputTemplate"]
        for name, path in transformer.get("InputPathsMap", {}).items():
            if found := re.fullmatch(r"\$\.(\w+)\[(\d+)\]", path):
                value = view.event_with_detail()[found[1]][int(found[2])]
                template = template.replace(f"<{name}>", value)
                del paths[name]
        return transform({"InputPathsMap": paths, "InputTemplate": template}, rule, view)

    return transformed


def _with_keys(operation: Any) -> Any:
    def called(parameters: dict[str, Any]) -> Any:
        keys = {
            f"sns:{name}".lower(): _topics._p(parameters, name)
            for name in ("Protocol", "Endpoint")
            if name in parameters
        }
        judge = _evaluator.resource_policy_allows
        _evaluator.resource_policy_allows = lambda policy, context, same_account: judge(
            policy,
            replace(
                context, service_context={**context.service_context, **keys, _IS_SERVICE: "false"}
            ),
            same_account,
        )
        try:
            return operation(parameters)
        finally:
            _evaluator.resource_policy_allows = judge

    return called


def _if_allowed(dispatch: Any) -> Any:
    def dispatched(topic: str, payload: Any) -> None:
        policy, _ = _topics.topic_policy_for_arn(topic)
        context = _evaluator.EvalContext(
            principal_arn="*",
            principal_type="Service",
            principal_account="",
            action="sns:Publish",
            resource_arn=topic,
            region=topic.split(":")[3],
            secure_transport=True,
            service_context={_IS_SERVICE: "true"},
        )
        judged = _evaluator.evaluate_resource_policy(
            policy, context, service="events.amazonaws.com"
        )
        if judged.decision != "Allow":
            raise PermissionError(f"EventBridge may not publish to {topic}: {judged}")
        dispatch(topic, payload)

    return dispatched


if __name__ == "__main__":
    _events._apply_input_transformer = _with_indices(_events._apply_input_transformer)
    _events._dispatch_to_sns = _if_allowed(_events._dispatch_to_sns)
    _topics._subscribe = _with_keys(_topics._subscribe)
    _topics._publish = _with_keys(_topics._publish)
    runpy.run_module("ministack", run_name="__main__")
