"""ministack with two things that it lacks: run as a script where ministack is installed.

Of ministack 1.5.33:

- An event's path in a rule's target may have an index (EventBridge User Guide, Input
  transformation). ministack knows none.
- A topic's policy may look at what is subscribed: `sns:Protocol` and `sns:Endpoint` (SNS Developer
  Guide, Amazon SNS policy keys). ministack judges the policy without these keys.
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


def _with_keys(subscribe: Any) -> Any:
    def subscribed(parameters: dict[str, Any]) -> Any:
        keys = {
            f"sns:{name}".lower(): _topics._p(parameters, name) for name in ("Protocol", "Endpoint")
        }
        judge = _evaluator.resource_policy_allows
        _evaluator.resource_policy_allows = lambda policy, context, same_account: judge(
            policy, replace(context, service_context=context.service_context | keys), same_account
        )
        try:
            return subscribe(parameters)
        finally:
            _evaluator.resource_policy_allows = judge

    return subscribed


if __name__ == "__main__":
    _events._apply_input_transformer = _with_indices(_events._apply_input_transformer)
    _topics._subscribe = _with_keys(_topics._subscribe)
    runpy.run_module("ministack", run_name="__main__")
