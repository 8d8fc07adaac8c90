"""What the roles are allowed although no emulator shows that it is needed.

Everything else that a function's role allows, an end-to-end run exercises, and shows that without
it something fails (`minimal`). An entry here is a statement about AWS that a person has read.
"""

from __future__ import annotations

from typing import NamedTuple


class Declared(NamedTuple):
    """An action that a role is allowed, why, and where AWS says so."""

    role: str
    """`scan`, `rotate`, `issue`, `customresource` or `schedule`."""
    action: str
    why: str
    source: str
    statement: str = ""
    """The Sid of the one statement that is meant, where others allow the action too."""


_LOGS = (
    "Lambda writes the function's log in the name of its role; ministack writes it in its own",
    "Lambda Developer Guide, Sending Lambda function logs to CloudWatch Logs",
)
_TRACES = (
    "Lambda sends the function's traces in the name of its role; ministack keeps none",
    "Lambda Developer Guide, Visualize Lambda function invocations using AWS X-Ray",
)
_KEY = (
    "SQS and SNS use the key in the name of who sends or receives; ministack's encrypt nothing",
    "SQS Developer Guide, Key management, Configure KMS permissions for producers and consumers",
)
_POLLER = (
    "Lambda's poller works on the queue in the name of the role; ministack's in its own",
    "Lambda Developer Guide, Using Lambda with Amazon SQS, Configuring execution role permissions",
)

_WEB_ACL = (
    "CloudFront checks in the caller's name that the web ACL may be read; the double does not",
    "CloudFront Developer Guide, AWS managed policies: CloudFrontFullAccess",
)

_MUTUAL_TLS = (
    "API Gateway may ask for it where mutual TLS is configured; no double does",
    "Service Authorization Reference, Amazon API Gateway Management, AddCertificateToDomain",
)

_USER_POOLS = (
    "every user pool is read only if no name of the certificate leads to a custom domain",
    "Cognito User Pools API Reference, DescribeUserPool",
)

_EACH = {
    "logs:CreateLogStream": _LOGS,
    "logs:PutLogEvents": _LOGS,
    "xray:PutTelemetryRecords": _TRACES,
    "xray:PutTraceSegments": _TRACES,
    "kms:Decrypt": _KEY,
    "kms:GenerateDataKey": _KEY,
}
_POLLED = ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")
_ROTATE = {
    **dict.fromkeys(_POLLED, _POLLER),
    "apigateway:AddCertificateToDomain": _MUTUAL_TLS,
    "apigateway:RemoveCertificateFromDomain": _MUTUAL_TLS,
    "cognito-idp:DescribeUserPool": _USER_POOLS,
    "waf:GetWebACL": _WEB_ACL,
    "wafv2:GetWebACL": _WEB_ACL,
}

_DLQ = "EventBridge Scheduler User Guide, Configuring a schedule's dead-letter queue"
_SCHEDULE = {
    "lambda:InvokeFunction": (
        "Scheduler starts the scan in the name of the role; ministack does not ask IAM",
        "EventBridge Scheduler User Guide, Setting up the execution role",
    ),
    "sqs:SendMessage": ("Scheduler keeps a scan that it could not start", _DLQ),
    "kms:Decrypt": ("and the queue that it is kept in is encrypted", _DLQ),
    "kms:GenerateDataKey": ("and the queue that it is kept in is encrypted", _DLQ),
}

OF_SCHEDULE = tuple(Declared("schedule", action, *reason) for action, reason in _SCHEDULE.items())
"""All that the schedule's role allows."""

DECLARED = (
    Declared(
        role="scan",
        action="sqs:SendMessage",
        why="Lambda keeps an invocation that failed three times, in the name of the role;"
        " three failures take minutes here as well",
        source="Lambda Developer Guide, Capturing records of Lambda asynchronous invocations",
        statement="KeepFailedScans",
    ),
    *(
        Declared(role, action, *reason)
        for role in ("scan", "issue")
        for action, reason in _EACH.items()
    ),
    *(Declared("rotate", action, *reason) for action, reason in (_EACH | _ROTATE).items()),
    *(
        Declared("customresource", action, *reason)
        for action, reason in (_EACH | dict.fromkeys(_POLLED, _POLLER)).items()
    ),
)
