"""The stack: composes, decides nothing."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.config import StackConfig
from infra.iam.grants import guardrail_policy
from infra.observability.acm_event_log import AcmRecord
from infra.observability.alarms import Alarms, Watched
from infra.observability.dashboard import ServiceDashboard
from infra.observability.saved_queries import SavedQueries
from infra.packaging.asset import function_code
from infra.service.encryption import EncryptionKey
from infra.service.environment import function_environment
from infra.service.outputs import ROTATE_FUNCTION, SCAN_FUNCTION, VERSION
from infra.service.queues import RotationQueue
from infra.service.rotate_function import RotateFunction
from infra.service.scan_function import ScanFunction
from infra.service.scan_schedule import ScanSchedule
from infra.service.secret_event_rule import NewMaterialRule
from infra.service.service_function import TIMEOUT, Package
from infra.service.topics import Notices


class CertRotationStack(cdk.Stack):
    """One deployment: schedule and rule, scan, queue, rotate, and the alarms that people hear.

    Every resource's name begins with the stack's: CloudFormation makes it, wherever it can.
    """

    def __init__(self, scope: Construct, *, config: StackConfig, version: str) -> None:
        super().__init__(
            scope,
            config.stack_name,
            description=f"Rotates the ACM certificates behind the secrets {config.secret_prefix}*",
            termination_protection=config.termination_protection == "on",
        )
        for name, value in config.tags:
            cdk.Tags.of(self).add(name, value)
        if config.permissions_boundary:
            boundary = iam.ManagedPolicy.from_managed_policy_arn(
                self, "Boundary", config.permissions_boundary
            )
            iam.PermissionsBoundary.of(self).apply(boundary)
        key = EncryptionKey(self, "Encryption").key
        notices = Notices(
            self,
            "Notices",
            key=key,
            critical_emails=config.critical_emails,
            warning_emails=config.warning_emails,
        )
        rotation = RotationQueue(self, "Rotation", consumer_timeout=TIMEOUT, key=key)
        package = Package(
            code=function_code(config.arch),
            arch=config.arch,
            environment=function_environment(
                config,
                queue_url=rotation.queue.queue_url,
                warning_topic_arn=notices.warning.topic_arn,
            ),
            key=key,
            guardrail_policy=guardrail_policy(self, secret_prefix=config.secret_prefix),
            notices=notices,
        )
        scan = ScanFunction(self, "Scan", config=config, package=package, queue=rotation.queue)
        interval = cdk.Duration.minutes(config.scan_interval_minutes)
        schedule = ScanSchedule(
            self, "ScanSchedule", function=scan.function, interval=interval, key=key
        )
        rotate = RotateFunction(
            self, "Rotate", config=config, package=package, queue=rotation.queue
        )
        rule = NewMaterialRule(
            self,
            "NewMaterial",
            queue=rotation.queue,
            key=key,
            secret_prefix=config.secret_prefix,
        )
        record = AcmRecord(self, "AcmRecord", key=key)
        watched = Watched(
            scan=scan.function,
            rotate=rotate.function,
            rotations=rotation.queue,
            rotation_dead_letters=rotation.dead_letters,
            schedule_dead_letters=schedule.dead_letters,
            scan_failures=scan.failures,
            rule_dead_letters=rule.dead_letters,
        )
        alarms = Alarms(self, "Alarms", watched=watched, notices=notices, config=config)
        dashboard = ServiceDashboard(
            self, "Screen", alarms=alarms, watched=watched, interval=interval
        )
        groups = {"ScanLogs": scan.function.log_group, "RotateLogs": rotate.function.log_group}
        SavedQueries(self, "Queries", groups=groups)
        self._tell(
            {
                VERSION: (version, "Version of certrotation that is deployed"),
                SCAN_FUNCTION: (scan.function.function_name, "Run it to scan now"),
                "ScanLogs": (scan.function.log_group.log_group_name, "What each scan saw"),
                "ScanFailures": (scan.failures.queue_url, "Scans that failed three times"),
                "ScheduleDeadLetters": (
                    schedule.dead_letters.queue_url,
                    "Scans that could not be started",
                ),
                ROTATE_FUNCTION: (rotate.function.function_name, "What rotates"),
                "RotateLogs": (
                    rotate.function.log_group.log_group_name,
                    "What became of each rotation, and why",
                ),
                "RotationQueue": (rotation.queue.queue_url, "Secrets waiting for their rotation"),
                "RotationDeadLetters": (
                    rotation.dead_letters.queue_url,
                    "Rotations that a person must see",
                ),
                "NewMaterialDeadLetters": (
                    rule.dead_letters.queue_url,
                    "Events that could not be queued",
                ),
                "Dashboard": (dashboard.name, "All of it on one screen, in CloudWatch"),
                "AcmLogs": (record.logs.log_group_name, "What ACM says of imports and expiry"),
                "CriticalTopic": (notices.critical.topic_arn, "Subscribe what pages"),
                "WarningTopic": (
                    notices.warning.topic_arn,
                    "Subscribe what opens tickets and reads mail",
                ),
                "Key": (key.key_arn, "What queues, topics and logs are encrypted with"),
            }
        )

    def _tell(self, outputs: dict[str, tuple[str, str]]) -> None:
        for name, (value, description) in outputs.items():
            cdk.CfnOutput(self, name, value=value, description=description)
