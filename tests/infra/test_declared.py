"""What the roles allow without an emulator showing that it is needed is bounded all the same."""

import re
from typing import Any

import pytest

from tests.e2e.declared import DECLARED, Declared
from tests.e2e.each_statement import EXERCISED
from tests.infra.conftest import SETTINGS
from tests.infra.synthesis import Template, synthesize

pytestmark = pytest.mark.infra

# Not in what is deployed first (the settings are empty), or declared by itself.
OPTIONAL = {
    "AnnounceArns",
    "AnnounceOutcomes",
    "AskForRotations",
    "DecryptSecrets",
    "KeepEdgeFunctions",
    "KeepFailedScans",
    "KeepLogBuckets",
    "PublishArns",
    "ReadOutcomes",
    "SendTheDigest",
    "UseKeysOfSecrets",
    "UseZonesOfOtherAccounts",
    "WorkOnRequests",
}
HANDLERS = {
    "scan": "certrotation.handlers.scan.handler",
    "rotate": "certrotation.handlers.rotate.handler",
    "issue": "certrotation.handlers.issue.handler",
    "customresource": "certrotation.handlers.custom_resource.handler",
}
ISSUER = {
    "kind": "acme",
    "directory": "https://ca.example/directory",
    "zones": ["Z1"],
    "allow": {"*": ["*.example.com"]},
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The stack with every setting, an issuer and the provider of custom resources."""
    settings = {**SETTINGS, "issuers": {"ca": ISSUER}, "custom_resource": "on"}
    return synthesize(tmp_path_factory, settings)


def bounds(template: Template, declared: Declared) -> dict[str, list[Any]]:
    """The resources that each service's declared actions may reach."""
    group = template.function(HANDLERS[declared.role])[1]["LoggingConfig"]["LogGroup"]["Ref"]
    retries = template.one("AWS::Lambda::EventInvokeConfig")
    sources = {
        each["FunctionName"]["Ref"]: each["EventSourceArn"]
        for each in template.of_type("AWS::Lambda::EventSourceMapping").values()
    }
    queues = {
        **{
            role: sources.get(template.function(HANDLERS[role])[0])
            for role in ("rotate", "customresource")
        },
        "scan": retries["DestinationConfig"]["OnFailure"]["Destination"],
    }
    (key,) = template.of_type("AWS::KMS::Key")
    partition, account = {"Ref": "AWS::Partition"}, {"Ref": "AWS::AccountId"}
    region_names = ("eu-west-1", "us-east-1")
    domains = [
        {"Fn::Join": ["", ["arn:", partition, f":apigateway:{region}::/domainnames/*"]]}
        for region in region_names
    ]
    user_pools = [
        {"Fn::Join": ["", ["arn:", partition, f":cognito-idp:{region}:", account, ":userpool/*"]]}
        for region in ("ap-south-1", *region_names)
    ]
    web_acls = [
        {"Fn::Join": ["", ["arn:", partition, ":waf::", account, ":webacl/*"]]},
        {"Fn::Join": ["", ["arn:", partition, ":wafv2:us-east-1:", account, ":global/webacl/*/*"]]},
    ]
    return {
        "apigateway": domains,
        "cognito-idp": user_pools,
        "logs": [{"Fn::GetAtt": [group, "Arn"]}],
        "xray": ["*"],
        "kms": [{"Fn::GetAtt": [key, "Arn"]}],
        "sqs": [queues.get(declared.role)],
        "waf": web_acls,
        "wafv2": web_acls,
    }


@pytest.mark.parametrize("declared", DECLARED, ids=lambda each: f"{each.role}-{each.action}")
def test_what_is_declared_reaches_only_what_it_must(template: Template, declared: Declared) -> None:
    service = declared.action.partition(":")[0]
    granted = [
        statement["Resource"]
        for statement in template.statements_of(HANDLERS[declared.role])
        if declared.action in statement["Action"]
        and statement.get("Sid") not in {"DecryptSecrets", "UseKeysOfSecrets"}
        and declared.statement in {"", statement.get("Sid")}
    ]
    assert granted == [bounds(template, declared)[service]]


def test_every_statement_is_taken_away_in_turn_or_declared(template: Template) -> None:
    declared = {(each.role, each.action) for each in DECLARED if not each.statement}
    needed = {
        statement["Sid"]
        for role, handler in HANDLERS.items()
        for statement in template.statements_of(handler)
        if statement["Effect"] == "Allow"
        and "Sid" in statement
        and statement["Sid"] not in OPTIONAL
        and not all((role, action) in declared for action in statement["Action"])
    }
    # Without `dependents_tag`, as deployed first, one takes the place of the other.
    assert needed - {"MoveDistributions"} == {*EXERCISED} - {"MoveEdgeApiDomains"}


def test_every_declaration_has_a_reason_and_a_document() -> None:
    assert len(set(DECLARED)) == len(DECLARED)
    assert all(each.why and re.search("(Guide|Reference), ", each.source) for each in DECLARED)
