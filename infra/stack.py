"""The stack: composes, decides nothing."""

import aws_cdk as cdk
from constructs import Construct

from infra.asset import function_code
from infra.config import StackConfig
from infra.environment import function_environment
from infra.queues import RotationQueue
from infra.rotate_function import RotateFunction
from infra.scan_function import ScanFunction
from infra.scan_schedule import ScanSchedule
from infra.service_function import TIMEOUT, Package


class CertRotationStack(cdk.Stack):
    """One deployment: schedule, scan, queue, rotate."""

    def __init__(self, scope: Construct, *, config: StackConfig) -> None:
        super().__init__(
            scope,
            config.stack_name,
            description=f"Rotates the ACM certificates behind the secrets {config.secret_prefix}*",
        )
        rotation = RotationQueue(self, "Rotation", consumer_timeout=TIMEOUT)
        package = Package(
            code=function_code(config.arch),
            arch=config.arch,
            environment=function_environment(config, queue_url=rotation.queue.queue_url),
        )
        scan = ScanFunction(self, "Scan", config=config, package=package, queue=rotation.queue)
        ScanSchedule(
            self,
            "ScanSchedule",
            function=scan.function,
            interval=cdk.Duration.minutes(config.scan_interval_minutes),
        )
        RotateFunction(self, "Rotate", config=config, package=package, queue=rotation.queue)
