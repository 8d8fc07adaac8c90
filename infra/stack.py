"""The stack: composes the constructs."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from certrotation.names import environment
from certrotation.names.environment import LOOK_INTERVAL_MINUTES, ON
from certrotation.names.outputs import (
    ISSUE_FUNCTION,
    ROTATE_FUNCTION,
    ROTATE_LOGS,
    SCAN_FUNCTION,
    SOURCE_TOPIC,
    VERSION,
)
from infra.config import OWN_ACCOUNT, StackConfig
from infra.iam.grants import guardrail_policy
from infra.observability.account_link import AccountLink
from infra.observability.acm_event_log import AcmRecord
from infra.observability.alarms import Alarms, Watched
from infra.observability.dashboard import ServiceDashboard
from infra.observability.saved_queries import SavedQueries
from infra.packaging.asset import function_code
from infra.portable import add_parameters, portable_synthesizer
from infra.service.custom_resource import CustomResource
from infra.service.encryption import EncryptionKey
from infra.service.environment import certificate_files, function_environment
from infra.service.issue_function import IssueFunction
from infra.service.queues import RotationQueue, SourceSubscription
from infra.service.rotate_function import RotateFunction
from infra.service.scan_function import ScanFunction
from infra.service.scan_schedule import ScanSchedule
from infra.service.secret_event_rule import NewMaterialRule
from infra.service.service_function import TIMEOUT, Package
from infra.service.topics import Notices


class CertRotationStack(cdk.Stack):
    """One deployment: schedule and rule, scan, queue, rotate, alarms and dashboard.

    The name of every resource begins with the stack's name. CloudFormation generates it if it can.
    """

    def __init__(
        self, scope: Construct, *, config: StackConfig, version: str, is_portable: bool = False
    ) -> None:
        """Make the stack; `infra.portable` says what the portable form of its template is."""
        super().__init__(
            scope,
            config.stack_name,
            description=f"Rotates the ACM certificates behind the secrets {config.secret_prefix}*",
            termination_protection=config.termination_protection == "on",
            synthesizer=portable_synthesizer(version) if is_portable else None,
        )
        mode = add_parameters(self, config.mode).value_as_string if is_portable else config.mode
        generated_prefix = cdk.Aws.STACK_NAME if is_portable else config.stack_name
        for name, value in config.tags:
            cdk.Tags.of(self).add(name, value)
        if config.permissions_boundary:
            boundary = iam.ManagedPolicy.from_managed_policy_arn(
                self, "Boundary", _in_this_account(config.permissions_boundary)
            )
            iam.PermissionsBoundary.of(self).apply(boundary)
        key = EncryptionKey(
            self, "Encryption", config=config, generated_prefix=generated_prefix
        ).key
        notices = Notices(
            self,
            "Notices",
            key=key,
            config=config,
            generated_prefix=generated_prefix,
        )
        rotation = RotationQueue(self, "Rotation", consumer_timeout=TIMEOUT, key=key)
        if config.source_topic:
            SourceSubscription(self, "Sources", queue=rotation.queue, topic=config.source_topic)
        package = Package(
            code=function_code(config.arch, certificate_files(config)),
            arch=config.arch,
            environment=function_environment(
                config,
                queue_url=rotation.queue.queue_url,
                warning_topic_arn=notices.warning.topic_arn,
            )
            | {environment.MODE: mode},
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
        issue = self._issue(config, package, schedule) if config.issuers else None
        if config.custom_resource == ON:
            CustomResource(
                self,
                "CustomResource",
                config=config,
                package=package,
                rotations=rotation.queue,
                rotation_log=rotate.function.log_group,
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
            issue=issue,
        )
        alarms = Alarms(self, "Alarms", watched=watched, notices=notices, config=config)
        dashboard = ServiceDashboard(
            self, "Screen", alarms=alarms, watched=watched, interval=interval
        )
        groups = {"ScanLogs": scan.function.log_group, "RotateLogs": rotate.function.log_group}
        if issue is not None:
            groups["IssueLogs"] = issue.log_group
        SavedQueries(self, "Queries", groups=groups)
        if config.observability_sink:
            AccountLink(self, "Account", sink=config.observability_sink)
        self._add_outputs(
            {
                VERSION: (version, "The deployed version of certrotation"),
                SCAN_FUNCTION: (scan.function.function_name, "Invoke it to run a scan"),
                "ScanLogs": (scan.function.log_group.log_group_name, "The log of scans"),
                "ScanFailures": (scan.failures.queue_url, "Scans that failed three times"),
                "ScheduleDeadLetters": (
                    schedule.dead_letters.queue_url,
                    "Scans that could not be started",
                ),
                ROTATE_FUNCTION: (
                    rotate.function.function_name,
                    "The function that rotates secrets",
                ),
                ROTATE_LOGS: (
                    rotate.function.log_group.log_group_name,
                    "The log of rotations",
                ),
                "RotationQueue": (rotation.queue.queue_url, "Secrets that wait for a rotation"),
                "RotationDeadLetters": (
                    rotation.dead_letters.queue_url,
                    "Rotations that failed five times",
                ),
                "NewMaterialDeadLetters": (
                    rule.dead_letters.queue_url,
                    "Events that could not be queued",
                ),
                "Dashboard": (dashboard.name, "The name of the dashboard in CloudWatch"),
                "AcmLogs": (
                    record.logs.log_group_name,
                    "The log of ACM's events: imports and expiry",
                ),
                "CriticalTopic": (notices.critical.topic_arn, "Subscribe whatever pages on-call"),
                "WarningTopic": (
                    notices.warning.topic_arn,
                    "Subscribe ticket systems, and people who read mail",
                ),
                "Key": (key.key_arn, "The key of queues, topics and logs"),
                **({} if issue is None else _outputs_of(issue)),
                **_source_topic(config),
            }
        )

    def _issue(
        self, config: StackConfig, package: Package, scans: ScanSchedule
    ) -> lambda_.Function:
        """Return the function that asks CAs, with its schedule."""
        issue = IssueFunction(self, "Issue", config=config, package=package)
        ScanSchedule(
            self,
            "IssueSchedule",
            function=issue.function,
            interval=cdk.Duration.minutes(LOOK_INTERVAL_MINUTES),
            key=package.key,
            starts="the look at secrets with an issuer",
            dead_letters=scans.dead_letters,
        )
        return issue.function

    def _add_outputs(self, outputs: dict[str, tuple[str, str]]) -> None:
        for name, (value, description) in outputs.items():
            cdk.CfnOutput(self, name, value=value, description=description)


def _in_this_account(arn: str) -> str:
    return cdk.Fn.sub(arn) if OWN_ACCOUNT in arn else arn


def _source_topic(config: StackConfig) -> dict[str, tuple[str, str]]:
    topic = config.source_topic
    return {SOURCE_TOPIC: (topic, "What the rotation queue is subscribed to")} if topic else {}


def _outputs_of(issue: lambda_.Function) -> dict[str, tuple[str, str]]:
    return {
        ISSUE_FUNCTION: (issue.function_name, "Invoke it to look at the secrets with an issuer"),
        "IssueLogs": (issue.log_group.log_group_name, "The log of issuances"),
    }
