"""The log of ACM's own events: imports and approaching expiry."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.observability.logs import log_group


class AcmRecord(Construct):
    """Writes ACM's own events of the home Region to a log group.

    The events start nothing: see docs/decisions/0009-what-acm-tells-is-only-recorded.md.
    """

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        self.logs = log_group(self, key)
        # EventBridge writes with the resource policy of the Region's logs, not with a role
        # (EventBridge User Guide, Amazon CloudWatch Logs permissions).
        permission = logs.CfnResourcePolicy(
            self,
            "Permission",
            policy_name=f"{stack.stack_name}-acm-events",
            policy_document=stack.to_json_string(_writing_to(self.logs)),
        )
        rule = events.CfnRule(
            self,
            "Rule",
            description="ACM events of imported certificates",
            state="ENABLED",
            # ACM User Guide, Amazon EventBridge support for ACM.
            event_pattern={
                "source": ["aws.acm"],
                "$or": [
                    {"detail-type": ["ACM Certificate Approaching Expiration"]},
                    {
                        "detail-type": ["ACM Certificate Available"],
                        "detail": {"Action": ["IMPORT", "REIMPORT"]},
                    },
                ],
            },
            targets=[events.CfnRule.TargetProperty(id="Logs", arn=_name_of(self.logs, stack))],
        )
        rule.node.add_dependency(permission)


def _name_of(group: logs.LogGroup, stack: cdk.Stack) -> str:
    """Return the ARN in the form of a target: without the `:*` at the end."""
    return stack.format_arn(
        service="logs",
        resource="log-group",
        resource_name=group.log_group_name,
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )


def _writing_to(group: logs.LogGroup) -> dict[str, object]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]},
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": group.log_group_arn,
            }
        ],
    }
