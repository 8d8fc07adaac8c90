import json

import pytest

from tests.infra.conftest import SETTINGS
from tests.infra.synthesis import Template

pytestmark = pytest.mark.infra

SCAN = "certrotation.handlers.scan.handler"
ROTATE = "certrotation.handlers.rotate.handler"
NAMES = {
    "AliasName",
    "DashboardName",
    "FunctionName",
    "LogGroupName",
    "Name",
    "PolicyName",
    "QueueName",
    "RoleName",
    "TopicName",
}
# These say which function they are for; an inline policy is named within its role.
REFERRING = {
    "AWS::IAM::Policy",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
}
FOURTEEN_DAYS = 14 * 24 * 60 * 60


def queue_of_rotate(template: Template) -> str:
    mapping = template.one("AWS::Lambda::EventSourceMapping")
    logical_id, attribute = mapping["EventSourceArn"]["Fn::GetAtt"]
    assert attribute == "Arn"
    return str(logical_id)


def test_there_are_two_functions_of_one_asset(template: Template) -> None:
    functions = template.of_type("AWS::Lambda::Function").values()
    assert {function["Handler"] for function in functions} == {SCAN, ROTATE}
    assert len({function["Code"]["S3Key"] for function in functions}) == 1


@pytest.mark.parametrize("handler", [SCAN, ROTATE])
def test_each_function_runs_as_configured(template: Template, handler: str) -> None:
    _, function = template.function(handler)
    assert function["Runtime"] == "python3.13"
    assert function["Architectures"] == ["x86_64"]
    assert function["MemorySize"] == 512
    assert function["Timeout"] == 300
    assert function["TracingConfig"] == {"Mode": "Active"}


def test_both_functions_keep_their_share_of_the_accounts_concurrency(template: Template) -> None:
    _, scan = template.function(SCAN)
    _, rotate = template.function(ROTATE)
    mapping = template.one("AWS::Lambda::EventSourceMapping")
    assert scan["ReservedConcurrentExecutions"] == 2
    assert rotate["ReservedConcurrentExecutions"] == mapping["ScalingConfig"]["MaximumConcurrency"]


@pytest.mark.parametrize("handler", [SCAN, ROTATE])
def test_each_function_is_told_every_setting(template: Template, handler: str) -> None:
    _, function = template.function(handler)
    assert function["Environment"]["Variables"] == {
        "CERTROTATION_TARGET_REGIONS": "eu-west-1,us-east-1",
        "CERTROTATION_SECRET_PREFIX": "tls/",
        "CERTROTATION_DEPENDENTS_TAG": "team=web",
        "CERTROTATION_CONSUMER_REGIONS": "eu-west-1,us-east-1,ap-south-1",
        "CERTROTATION_QUEUE_URL": {"Ref": queue_of_rotate(template)},
        "CERTROTATION_WARNING_TOPIC_ARN": template.output("WarningTopic"),
        "CERTROTATION_SCAN_INTERVAL_MINUTES": "90",
        "CERTROTATION_MODE": "report",
        "CERTROTATION_DEPENDENTS": ",".join(SETTINGS["dependents"]),
        "CERTROTATION_ELASTICBEANSTALK_ADMINISTRATOR_ACCESS": "off",
        "CERTROTATION_ADOPTION": "off",
        "CERTROTATION_RETENTION_DAYS": "31",
        "CERTROTATION_YEARLY_IMPORT_QUOTA": "10000",
        "CERTROTATION_WARNING_FRACTION": "0.25",
        "CERTROTATION_WARNING_CAP_DAYS": "61",
        "CERTROTATION_CRITICAL_FRACTION": "0.125",
        "CERTROTATION_CRITICAL_CAP_DAYS": "22",
        "CERTROTATION_CRITICAL_FLOOR_DAYS": "4",
        "CERTROTATION_ARN_PARAMETERS": "on",
        "CERTROTATION_EVENTS": "on",
        "CERTROTATION_DIGEST": "monday",
        "CERTROTATION_RUNBOOK_URL": SETTINGS["runbook_url"],
        "POWERTOOLS_SERVICE_NAME": "tls-rotation",
    }


@pytest.mark.parametrize("handler", [SCAN, ROTATE])
def test_each_function_logs_json_to_a_group_that_forgets_after_a_year(
    template: Template, handler: str
) -> None:
    logging = template.function(handler)[1]["LoggingConfig"]
    assert logging["LogFormat"] == "JSON"
    group = template.of_type("AWS::Logs::LogGroup")[logging["LogGroup"]["Ref"]]
    assert group["RetentionInDays"] == 365


def test_a_scan_that_failed_is_tried_twice_more_until_the_next_and_then_kept(
    template: Template,
) -> None:
    scan, _ = template.function(SCAN)
    retries = template.one("AWS::Lambda::EventInvokeConfig")
    assert retries["FunctionName"] == {"Ref": scan}
    assert retries["MaximumRetryAttempts"] == 2
    assert retries["MaximumEventAgeInSeconds"] == 90 * 60
    kept = retries["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0]
    queue = template.of_type("AWS::SQS::Queue")[kept]
    assert queue["MessageRetentionPeriod"] == FOURTEEN_DAYS


def test_rotate_takes_one_message_at_a_time_and_reports_each(template: Template) -> None:
    mapping = template.one("AWS::Lambda::EventSourceMapping")
    rotate, _ = template.function(ROTATE)
    assert mapping["FunctionName"] == {"Ref": rotate}
    assert mapping["BatchSize"] == 1
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 7}


def test_a_message_stays_hidden_for_six_times_the_functions_timeout(template: Template) -> None:
    queue = template.of_type("AWS::SQS::Queue")[queue_of_rotate(template)]
    _, rotate = template.function(ROTATE)
    assert queue["VisibilityTimeout"] == 6 * rotate["Timeout"]


def test_after_five_receives_a_message_is_dead_and_kept_for_two_weeks(template: Template) -> None:
    queues = template.of_type("AWS::SQS::Queue")
    redrive = queues[queue_of_rotate(template)]["RedrivePolicy"]
    assert redrive["maxReceiveCount"] == 5
    dead_letters = queues[redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]]
    assert dead_letters["MessageRetentionPeriod"] == FOURTEEN_DAYS


def test_every_queue_refuses_plain_http(template: Template) -> None:
    queues = template.of_type("AWS::SQS::Queue")
    assert len(queues) == 5
    protected = {
        queue["Ref"]
        for policy in template.of_type("AWS::SQS::QueuePolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
        and statement["Action"] == "sqs:*"
        and statement["Principal"] == {"AWS": "*"}
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for queue in policy["Queues"]
        if statement["Resource"] == {"Fn::GetAtt": [queue["Ref"], "Arn"]}
    }
    assert protected == queues.keys()


def test_the_schedule_starts_the_scan_at_the_configured_rate(template: Template) -> None:
    schedule = template.one("AWS::Scheduler::Schedule")
    scan, _ = template.function(SCAN)
    assert schedule["ScheduleExpression"] == "rate(90 minutes)"
    assert schedule["State"] == "ENABLED"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert schedule["Target"]["Arn"] == {"Fn::GetAtt": [scan, "Arn"]}


def test_a_scan_that_could_not_be_started_is_tried_until_the_next_and_then_kept(
    template: Template,
) -> None:
    target = template.one("AWS::Scheduler::Schedule")["Target"]
    assert target["RetryPolicy"] == {
        "MaximumEventAgeInSeconds": 90 * 60,
        "MaximumRetryAttempts": 10,
    }
    dead_letters = target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0]
    queue = template.of_type("AWS::SQS::Queue")[dead_letters]
    assert queue["MessageRetentionPeriod"] == FOURTEEN_DAYS
    assert "RedrivePolicy" not in queue


def test_the_name_of_every_resource_begins_with_the_stacks(template: Template) -> None:
    """CloudFormation names what has no name after the stack, as an organization may demand.

    Those that have one are no resources that it names so, or, a saved query, must have one.
    """
    named = {
        (each["Type"], key, json.dumps(value))
        for each in json.loads(template.text)["Resources"].values()
        for key, value in each.get("Properties", {}).items()
        if key in NAMES and each["Type"] not in REFERRING
    }
    queries = {value for kind, _, value in named if kind == "AWS::Logs::QueryDefinition"}
    assert all(value.startswith('"tls-rotation/') for value in queries)
    region = '{"Fn::Join": ["", ["tls-rotation-", {"Ref": "AWS::Region"}]]}'
    assert {each for each in named if each[2] not in queries} == {
        ("AWS::CloudWatch::Dashboard", "DashboardName", region),
        ("AWS::KMS::Alias", "AliasName", '"alias/tls-rotation"'),
        ("AWS::Logs::ResourcePolicy", "PolicyName", '"tls-rotation-acm-events"'),
    }


def test_every_resource_that_can_be_is_tagged(template: Template) -> None:
    for resource_type in ("AWS::Lambda::Function", "AWS::SQS::Queue", "AWS::IAM::Role"):
        for properties in template.of_type(resource_type).values():
            assert {"Key": "team", "Value": "web"} in properties["Tags"]
            assert {"Key": "cost-center", "Value": "42"} in properties["Tags"]


def test_logs_outlive_the_stack(template: Template) -> None:
    assert set(template.kept("AWS::Logs::LogGroup").values()) == {True}


def test_people_are_told_what_they_need(template: Template) -> None:
    outputs = json.loads(template.text)["Outputs"]
    assert set(outputs) == {
        "AcmLogs",
        "CriticalTopic",
        "Dashboard",
        "Key",
        "NewMaterialDeadLetters",
        "RotateFunction",
        "RotateLogs",
        "RotationDeadLetters",
        "RotationQueue",
        "ScanFailures",
        "ScanFunction",
        "ScanLogs",
        "ScheduleDeadLetters",
        "Version",
        "WarningTopic",
    }
    assert all(each["Description"] for each in outputs.values())
