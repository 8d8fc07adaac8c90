"""What starts the scan."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from constructs import Construct

from infra.encryption import use_of
from infra.queues import dead_letter_queue


class ScanSchedule(Construct):
    """Invokes the scan at a fixed rate and keeps the invocations that never reached it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function: lambda_.IFunction,
        interval: cdk.Duration,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = dead_letter_queue(self, key)
        role = iam.Role(self, "Role", assumed_by=_scheduler_of_this_account(self))
        # EventBridge Scheduler User Guide, Configuring a schedule's dead-letter queue.
        role.add_to_principal_policy(use_of(key, "Decrypt", "GenerateDataKey"))
        scheduler.Schedule(
            self,
            "Schedule",
            description="Starts the scan of all certificates",
            schedule=scheduler.ScheduleExpression.rate(interval),
            time_window=scheduler.TimeWindow.off(),
            target=targets.LambdaInvoke(
                function,
                role=role,
                dead_letter_queue=self.dead_letters,
                retry_attempts=10,
                max_event_age=interval,  # by then the next scan is there
            ),
        )


def _scheduler_of_this_account(scope: Construct) -> iam.PrincipalBase:
    """EventBridge Scheduler User Guide, Confused deputy prevention."""
    return iam.ServicePrincipal(
        "scheduler.amazonaws.com",
        conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(scope).account}},
    )
