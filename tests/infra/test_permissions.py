from typing import Any

import pytest

from certrotation.aws.dependents.registry import NAMES, statements_of
from certrotation.aws.dependents.statement import NO_FINER
from tests.infra.conftest import SETTINGS
from tests.infra.synthesis import Template, synthesize

pytestmark = pytest.mark.infra

SCAN = "certrotation.handlers.scan.handler"
ROTATE = "certrotation.handlers.rotate.handler"

# Reviewed against the Service Authorization Reference: none of these knows a resource type.
WITHOUT_RESOURCE = {
    "acm:ListCertificates",
    "secretsmanager:ListSecrets",
    "tag:GetResources",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
OF_DEPENDENTS = [statement for name in NAMES for statement in statements_of(name)]
ACTIONS_OF_DEPENDENTS = {action for statement in OF_DEPENDENTS for action in statement.actions}
RESOURCE_TAG = "aws:ResourceTag/certrotation:secret"


def actions(statements: list[dict[str, Any]], effect: str) -> set[str]:
    return {
        action
        for statement in statements
        if statement["Effect"] == effect
        for action in statement["Action"]
    }


def granting(template: Template, handler: str, action: str) -> list[dict[str, Any]]:
    return [
        statement
        for statement in template.statements_of(handler)
        if statement["Effect"] == "Allow" and action in statement["Action"]
    ]


def denials(template: Template, handler: str) -> list[dict[str, Any]]:
    return [
        statement for statement in template.statements_of(handler) if statement["Effect"] == "Deny"
    ]


def arns(statement: dict[str, Any]) -> set[str]:
    """Resources with the pseudo parameters written as CloudFormation's Fn::Sub writes them."""
    return {
        "".join(
            part if isinstance(part, str) else f"${{{part['Ref']}}}"
            for part in resource["Fn::Join"][1]
        )
        for resource in statement["Resource"]
    }


def arn(service: str, region: str, resource: str) -> str:
    return f"arn:${{AWS::Partition}}:{service}:{region}:${{AWS::AccountId}}:{resource}"


CERTIFICATES = {arn("acm", region, "certificate/*") for region in ("eu-west-1", "us-east-1")}


def test_scan_may_do_this_and_nothing_else(template: Template) -> None:
    assert actions(template.statements_of(SCAN), "Allow") == {
        "acm:DeleteCertificate",
        "acm:ListCertificates",
        "acm:ListTagsForCertificate",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "secretsmanager:DescribeSecret",
        "secretsmanager:ListSecrets",
        "sns:Publish",
        "sqs:SendMessage",
        "tag:GetResources",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }


def test_rotate_may_do_this_and_nothing_else(template: Template) -> None:
    assert actions(template.statements_of(ROTATE), "Allow") == {
        "acm:AddTagsToCertificate",
        "acm:DescribeCertificate",
        "acm:GetCertificate",
        "acm:ImportCertificate",
        "acm:ListCertificates",
        "acm:ListTagsForCertificate",
        "acm:RemoveTagsFromCertificate",
        "events:PutEvents",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:ListSecretVersionIds",
        "sns:Publish",
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
        "ssm:GetParameter",
        "ssm:PutParameter",
        "tag:GetResources",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
        *ACTIONS_OF_DEPENDENTS,
    }


def test_no_action_is_a_pattern_but_the_one_that_aws_documents_so(template: Template) -> None:
    allowed = actions(template.all_statements(), "Allow")
    assert {action for action in allowed if "*" in action} == {"lambda:EnableReplication*"}


def test_only_actions_that_know_no_resource_are_allowed_on_every_resource(
    template: Template,
) -> None:
    unbounded = [s for s in template.all_statements() if "*" in s["Resource"]]
    of_dependents = {
        action
        for statement in OF_DEPENDENTS
        if statement.any_because == NO_FINER
        for action in statement.actions
    }
    assert actions(unbounded, "Allow") <= WITHOUT_RESOURCE | of_dependents


def test_no_arn_names_a_partition_but_those_that_a_person_gave(template: Template) -> None:
    text = template.text
    for given in (SETTINGS["permissions_boundary"], *SETTINGS["secret_key_arns"]):
        text = text.replace(given, "")
    assert "arn:aws" not in text


def test_scan_deletes_only_superseded_copies_of_this_deployment(template: Template) -> None:
    (statement,) = granting(template, SCAN, "acm:DeleteCertificate")
    assert arns(statement) == CERTIFICATES
    assert statement["Condition"] == {
        "StringLike": {RESOURCE_TAG: "tls/*"},
        "Null": {"aws:ResourceTag/certrotation:superseded-by": "false"},
    }


def test_rotate_reads_secrets_with_the_prefix_alone(template: Template) -> None:
    (statement,) = granting(template, ROTATE, "secretsmanager:GetSecretValue")
    assert arns(statement) == {arn("secretsmanager", "${AWS::Region}", "secret:tls/*")}


def test_rotate_imports_under_our_tag_or_over_a_certificate_that_carries_it(
    template: Template,
) -> None:
    statements = granting(template, ROTATE, "acm:ImportCertificate")
    assert [statement["Condition"] for statement in statements] == [
        {"StringLike": {"aws:RequestTag/certrotation:secret": "tls/*"}},
        {"StringLike": {RESOURCE_TAG: "tls/*"}},
    ]
    assert [arns(statement) for statement in statements] == [CERTIFICATES, CERTIFICATES]


def test_rotate_untags_only_copies_of_this_deployment(template: Template) -> None:
    (statement,) = granting(template, ROTATE, "acm:RemoveTagsFromCertificate")
    assert statement["Condition"] == {"StringLike": {RESOURCE_TAG: "tls/*"}}


@pytest.mark.parametrize("handler", [SCAN, ROTATE])
def test_neither_function_changes_a_certificate_to_be_ignored_or_of_another_deployment(
    template: Template, handler: str
) -> None:
    statements = denials(template, handler)
    assert [statement["Condition"] for statement in statements] == [
        {"Null": {"aws:ResourceTag/certrotation:ignore": "false"}},
        {"Null": {RESOURCE_TAG: "false"}, "StringNotLike": {RESOURCE_TAG: "tls/*"}},
    ]
    for statement in statements:
        assert arns(statement) == {arn("acm", "*", "certificate/*")}
        assert set(statement["Action"]) == {
            "acm:AddTagsToCertificate",
            "acm:DeleteCertificate",
            "acm:ImportCertificate",
            "acm:RemoveTagsFromCertificate",
        }


def test_rotate_changes_listeners_of_this_account_in_target_regions_alone(
    template: Template,
) -> None:
    (statement,) = granting(template, ROTATE, "elasticloadbalancing:ModifyListener")
    assert arns(statement) == {
        arn("elasticloadbalancing", region, f"listener/{kind}/*")
        for kind in ("app", "net")
        for region in ("eu-west-1", "us-east-1")
    }


def test_rotate_changes_distributions_of_this_account_alone(template: Template) -> None:
    (statement,) = granting(template, ROTATE, "cloudfront:UpdateDistribution")
    assert arns(statement) == {arn("cloudfront", "", "distribution/*")}


def test_rotate_may_do_nothing_to_distributions_without_copies_where_they_present_them(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    elsewhere = synthesize(tmp_path_factory, {"target_regions": ["eu-west-1"]})
    allowed = actions(elsewhere.statements_of(ROTATE), "Allow")
    assert not [action for action in allowed if action.startswith("cloudfront:")]


def test_each_function_writes_only_to_its_own_log_group(template: Template) -> None:
    for handler in (SCAN, ROTATE):
        group = template.function(handler)[1]["LoggingConfig"]["LogGroup"]["Ref"]
        (statement,) = granting(template, handler, "logs:PutLogEvents")
        assert statement["Resource"] == [{"Fn::GetAtt": [group, "Arn"]}]


def test_both_functions_reach_the_one_queue(template: Template) -> None:
    source = template.one("AWS::Lambda::EventSourceMapping")["EventSourceArn"]
    retries = template.one("AWS::Lambda::EventInvokeConfig")
    failures = retries["DestinationConfig"]["OnFailure"]["Destination"]
    (sends,) = granting(template, ROTATE, "sqs:SendMessage")
    assert sends["Resource"] == [source]
    # Lambda sends what failed in the function's own name.
    reached = [
        resource
        for statement in granting(template, SCAN, "sqs:SendMessage")
        for resource in statement["Resource"]
    ]
    assert len(reached) == 2
    assert all(queue in reached for queue in (source, failures))


def test_rotate_decrypts_secrets_with_the_configured_keys_through_secrets_manager_alone(
    template: Template,
) -> None:
    (statement,) = (
        each
        for each in granting(template, ROTATE, "kms:Decrypt")
        if each["Sid"] == "DecryptSecrets"
    )
    assert statement["Action"] == ["kms:Decrypt"]
    assert statement["Resource"] == [
        "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    ]
    via = statement["Condition"]["StringEquals"]["kms:ViaService"]["Fn::Join"][1]
    assert via == ["secretsmanager.", {"Ref": "AWS::Region"}, ".", {"Ref": "AWS::URLSuffix"}]
    (secrets,) = granting(template, ROTATE, "secretsmanager:GetSecretValue")
    assert statement["Condition"]["StringLike"] == {
        "kms:EncryptionContext:SecretARN": secrets["Resource"][0]
    }


@pytest.mark.parametrize(("handler", "sid"), [(SCAN, "SendTheDigest"), (ROTATE, "TellOfRefusals")])
def test_the_functions_tell_the_warning_topic_alone(
    template: Template, handler: str, sid: str
) -> None:
    (statement,) = granting(template, handler, "sns:Publish")
    assert statement["Sid"] == sid
    assert statement["Action"] == ["sns:Publish"]
    assert statement["Resource"] == [template.output("WarningTopic")]
    variables = template.function(handler)[1]["Environment"]["Variables"]
    assert variables["CERTROTATION_WARNING_TOPIC_ARN"] == template.output("WarningTopic")


@pytest.mark.parametrize(
    "action",
    [
        action
        for statement in OF_DEPENDENTS
        if statement.is_limited_by_tag
        for action in statement.actions
    ],
)
def test_only_dependents_with_the_configured_tag_are_changed(
    template: Template, action: str
) -> None:
    (statement,) = granting(template, ROTATE, action)
    assert statement["Condition"] == {"StringEquals": {"aws:ResourceTag/team": "web"}}


def test_rotate_administers_elastic_beanstalk_only_if_a_person_says_so(
    template: Template, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = {
        "target_regions": ["eu-west-1"],
        "dependents": ["elasticbeanstalk"],
        "elasticbeanstalk_administrator_access": "on",
    }
    wide = synthesize(tmp_path_factory, settings)
    policy = ":iam::aws:policy/AdministratorAccess-AWSElasticBeanstalk"
    assert policy not in template.text
    assert wide.text.count(policy) == 1
    role = wide.function(ROTATE)[1]["Role"]["Fn::GetAtt"][0]
    attached = wide.of_type("AWS::IAM::Role")[role]["ManagedPolicyArns"]
    assert {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, policy]]} in attached
    variables = wide.function(ROTATE)[1]["Environment"]["Variables"]
    assert variables["CERTROTATION_ELASTICBEANSTALK_ADMINISTRATOR_ACCESS"] == "on"


def test_what_a_distribution_refers_to_is_granted_by_name(template: Template) -> None:
    (functions,) = granting(template, ROTATE, "lambda:EnableReplication*")
    assert set(functions["Action"]) == {"lambda:GetFunction", "lambda:EnableReplication*"}
    ours = "arn:${AWS::Partition}:lambda:us-east-1:${AWS::AccountId}:function:"
    assert arns(functions) == {f"{ours}rewrite:*", f"{ours}sign-in:*"}
    (buckets,) = granting(template, ROTATE, "s3:PutBucketAcl")
    assert set(buckets["Action"]) == {"s3:GetBucketAcl", "s3:PutBucketAcl"}
    assert arns(buckets) == {"arn:${AWS::Partition}:s3:::acme-logs"}


def test_only_what_the_configured_kinds_of_dependents_need_is_granted(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    settings = {"target_regions": ["us-east-1"], "dependents": ["cloudfront"]}
    narrow = synthesize(tmp_path_factory, settings)
    allowed = actions(narrow.statements_of(ROTATE), "Allow")
    granted = {each for each in allowed if each in ACTIONS_OF_DEPENDENTS}
    assert granted == {
        "cloudfront:GetDistribution",
        "cloudfront:ListTagsForResource",
        "cloudfront:UpdateDistribution",
        "waf:GetWebACL",
        "wafv2:GetWebACL",
    }
    variables = narrow.function(ROTATE)[1]["Environment"]["Variables"]
    assert variables["CERTROTATION_DEPENDENTS"] == "cloudfront"


def test_nothing_is_granted_twice_for_dependents(template: Template) -> None:
    """Two kinds may read the same; the proof that each grant is needed would find the second."""
    of_dependents = [
        (action, str(statement["Resource"]))
        for statement in template.statements_of(ROTATE)
        for action in statement["Action"]
        if action in ACTIONS_OF_DEPENDENTS
    ]
    assert len(set(of_dependents)) == len(of_dependents)


def test_every_role_is_bounded(template: Template) -> None:
    roles = template.of_type("AWS::IAM::Role").values()
    assert {role["PermissionsBoundary"] for role in roles} == {
        "arn:aws:iam::123456789012:policy/bounds"
    }


def test_the_boundary_of_the_documents_allows_what_the_roles_allow(
    template: Template, boundary: set[str]
) -> None:
    assert template.allowed_actions() - boundary == set()


def test_rotate_writes_the_parameters_of_this_stack_and_puts_the_one_event(
    template: Template,
) -> None:
    (parameters,) = granting(template, ROTATE, "ssm:PutParameter")
    assert arns(parameters) == {
        arn("ssm", region, f"parameter/{SETTINGS['stack_name']}/*")
        for region in ("eu-west-1", "us-east-1")
    }
    (events, _) = granting(template, ROTATE, "events:PutEvents")
    assert events["Condition"] == {
        "StringEquals": {
            "events:source": "certrotation",
            "events:detail-type": "Certificate ARN Changed",
        }
    }


def test_rotate_puts_no_events_but_its_own_on_the_default_bus(template: Template) -> None:
    (_, events) = granting(template, ROTATE, "events:PutEvents")
    assert events["Sid"] == "AnnounceOutcomes"
    assert "event-bus/default" in str(events["Resource"])
    assert events["Condition"] == {
        "StringEquals": {
            "events:source": "certrotation",
            "events:detail-type": ["Certificate Rotated", "Certificate Refused"],
        }
    }


def test_without_the_optional_settings_nothing_of_them_is_there(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    bare = synthesize(tmp_path_factory, {"target_regions": ["us-east-1"]})
    for role in bare.of_type("AWS::IAM::Role").values():
        assert "PermissionsBoundary" not in role
    (listeners,) = granting(bare, ROTATE, "elasticloadbalancing:ModifyListener")
    assert "Condition" not in listeners
    assert not [each for each in bare.statements_of(ROTATE) if each.get("Sid") == "DecryptSecrets"]
    assert "ssm:" not in str(bare.all_statements())
    assert "events:PutEvents" not in str(bare.all_statements())
    assert not granting(bare, SCAN, "sns:Publish"), "without a digest scan tells nobody"
    for handler in (SCAN, ROTATE):
        assert "ReservedConcurrentExecutions" not in bare.function(handler)[1]


def test_however_many_regions_there_are_the_denials_stay_in_a_policy_of_their_own(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Or a statement would be on its way from one policy to another while a function runs."""
    regions = [
        *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2"),
        *("eu-west-3", "eu-central-1", "eu-north-1", "ap-south-1", "ap-northeast-1"),
        *("ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2"),
        *("ca-central-1", "sa-east-1"),
    ]
    wide = synthesize(tmp_path_factory, {"target_regions": regions})
    (denying,) = (
        logical_id
        for logical_id, policy in wide.of_type("AWS::IAM::ManagedPolicy").items()
        if any(each["Effect"] == "Deny" for each in policy["PolicyDocument"]["Statement"])
    )
    for handler in (SCAN, ROTATE):
        role = wide.function(handler)[1]["Role"]["Fn::GetAtt"][0]
        attached = wide.of_type("AWS::IAM::Role")[role]["ManagedPolicyArns"]
        assert {"Ref": denying} in attached
        assert len(denials(wide, handler)) == 2
