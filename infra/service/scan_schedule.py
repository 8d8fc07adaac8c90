"""The schedules of the scan, and of the look at secrets with an issuer."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.service.encryption import use_of
from infra.service.queues import dead_letter_queue


class ScanSchedule(Construct):
    """Invokes scan at a fixed rate, and keeps invocations that could not be delivered."""

    def __init__(  # noqa: PLR0913  the parts of a schedule
        self,
        scope: Construct,
        construct_id: str,
        *,
        function: lambda_.IFunction,
        interval: cdk.Duration,
        key: kms.IKey,
        starts: str = "the scan of all certificates",
        dead_letters: sqs.IQueue | None = None,
    ) -> None:
        """Make the schedule; without `dead_letters` it gets a queue of its own for them."""
        super().__init__(scope, construct_id)
        self.dead_letters = dead_letters or dead_letter_queue(self, key)
        role = iam.Role(self, "Role", assumed_by=_scheduler_of_this_account(self))
        for statement in self._statements(function, key):
            role.add_to_principal_policy(statement)
        schedule = scheduler.CfnSchedule(
            self,
            "Schedule",
            description=f"Starts {starts}",
            schedule_expression=scheduler.ScheduleExpression.rate(interval).expression_string,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            state="ENABLED",
            target=scheduler.CfnSchedule.TargetProperty(
                arn=function.function_arn,
                role_arn=role.role_arn,
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(
                    arn=self.dead_letters.queue_arn
                ),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_retry_attempts=10,
                    maximum_event_age_in_seconds=interval.to_seconds(),  # then the next scan runs
                ),
            ),
        )
        # The schedule starts when it is created (EventBridge Scheduler User Guide, Schedule types),
        # so the role must have its permissions by then.
        schedule.node.add_dependency(role)

    def _statements(
        self, function: lambda_.IFunction, key: kms.IKey
    ) -> tuple[iam.PolicyStatement, ...]:
        """Invoke and keep failures; the CDK's target would also grant every version."""
        return (
            iam.PolicyStatement(
                sid="StartTheScan",
                actions=["lambda:InvokeFunction"],
                resources=[function.function_arn],
            ),
            iam.PolicyStatement(
                sid="KeepWhatFailed",
                actions=["sqs:SendMessage"],
                resources=[self.dead_letters.queue_arn],
            ),
            # EventBridge Scheduler User Guide, Configuring a schedule's dead-letter queue.
            use_of(key, "Decrypt", "GenerateDataKey"),
        )


def _scheduler_of_this_account(scope: Construct) -> iam.PrincipalBase:
    """EventBridge Scheduler User Guide, Confused deputy prevention."""
    return iam.ServicePrincipal(
        "scheduler.amazonaws.com",
        conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(scope).account}},
    )
