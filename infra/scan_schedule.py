"""What starts the scan."""

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from constructs import Construct

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
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = dead_letter_queue(self)
        scheduler.Schedule(
            self,
            "Schedule",
            description="Starts the scan of all certificates",
            schedule=scheduler.ScheduleExpression.rate(interval),
            time_window=scheduler.TimeWindow.off(),
            target=targets.LambdaInvoke(
                function,
                dead_letter_queue=self.dead_letters,
                retry_attempts=10,
                max_event_age=interval,  # by then the next scan is there
            ),
        )
