"""What CloudFormation calls the stack's resources in this account."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from tests.oncall.year.world import STACK
from tests.support.estate import HOME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.infra.synthesis import Template

ACCOUNT = "123456789012"

SOMEBODY = "j.doe"
"""Of the platform team."""
"""The double's."""

_PSEUDO = {"AWS::Region": HOME, "AWS::AccountId": ACCOUNT, "AWS::Partition": "aws"}

_ARNS: Mapping[str, str] = {
    "AWS::CloudWatch::Alarm": "cloudwatch:{region}:{account}:alarm:{name}",
    "AWS::KMS::Key": "kms:{region}:{account}:key/{name}",
    "AWS::Lambda::Function": "lambda:{region}:{account}:function:{name}",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{name}:*",
    "AWS::SNS::Topic": "sns:{region}:{account}:{name}",
    "AWS::SQS::Queue": "sqs:{region}:{account}:{name}",
    "AWS::Scheduler::Schedule": "scheduler:{region}:{account}:schedule/default/{name}",
    "AWS::Events::Rule": "events:{region}:{account}:rule/{name}",
    "AWS::IAM::Role": "iam::{account}:role/{name}",
}


class Names:
    """Physical names, and what the template's references come to."""

    def __init__(self, template: Template) -> None:
        document = json.loads(template.text)
        self.resources: dict[str, dict[str, Any]] = document["Resources"]
        self._outputs = document["Outputs"]

    @property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs."""
        return {name: str(self.resolve(each["Value"])) for name, each in self._outputs.items()}

    def described(self, output: str) -> str:
        """Return what an output says of itself."""
        return str(self._outputs[output].get("Description", ""))

    def behind(self, output: str) -> str:
        """Return the logical id that an output refers to."""
        return str(self._outputs[output]["Value"]["Ref"])

    def of(self, logical_id: str) -> str:
        """Return a resource's physical name: stack, logical id, and what makes it unique."""
        digest = hashlib.sha256(logical_id.encode()).hexdigest().upper()
        if self.resources[logical_id]["Type"] in {"AWS::KMS::Key", UUID_NAMED}:
            low = digest.lower()
            return f"{low[:8]}-{low[8:12]}-{low[12:16]}-{low[16:20]}-{low[20:32]}"
        return f"{STACK}-{logical_id}-{digest[:12]}"

    def arn(self, logical_id: str) -> str:
        """Return a resource's ARN."""
        form = _ARNS[self.resources[logical_id]["Type"]]
        return "arn:aws:" + form.format(region=HOME, account=ACCOUNT, name=self.of(logical_id))

    def resolve(self, value: Any) -> Any:  # noqa: PLR0911  a table
        """Return what a property comes to."""
        match value:
            case {"Ref": str(name)} if name in _PSEUDO:
                return _PSEUDO[name]
            case {"Ref": str(logical_id)}:
                return self._reference(logical_id)
            case {"Fn::GetAtt": [str(logical_id), "Arn"]}:
                return self.arn(logical_id)
            case {"Fn::Join": [str(between), list(parts)]}:
                return between.join(str(self.resolve(each)) for each in parts)
            case dict():
                return {key: self.resolve(each) for key, each in value.items()}
            case list():
                return [self.resolve(each) for each in value]
            case _:
                return value

    def _reference(self, logical_id: str) -> str:
        match self.resources[logical_id]["Type"]:
            case "AWS::SQS::Queue":
                return queue_url(self.of(logical_id))
            case "AWS::SNS::Topic":
                return self.arn(logical_id)
            case _:
                return self.of(logical_id)

    def one(self, resource_type: str) -> str:
        """Return the logical id of the only resource of a type, or of the first."""
        return next(key for key, each in self.resources.items() if each["Type"] == resource_type)

    def alarm(self, name: str) -> str:
        """Return the logical id of an alarm by our name for it."""
        (found,) = (
            key
            for key, each in self.resources.items()
            if each["Type"] == "AWS::CloudWatch::Alarm" and key[6:-8] == name
        )
        return found


UUID_NAMED = "AWS::Lambda::EventSourceMapping"


def queue_url(name: str) -> str:
    """Return a queue's URL."""
    return f"https://sqs.{HOME}.amazonaws.com/{ACCOUNT}/{name}"
