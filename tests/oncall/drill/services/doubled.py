"""The services that the double plays: calls go to it, in the person's name."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from certrotation.core.rotation.request import RotationRequest
from tests.oncall.drill.answers import NotModelledError, RefusalError
from tests.support.estate import HOME, PREFIX, client

if TYPE_CHECKING:
    from tests.oncall.drill.answers import Params
    from tests.oncall.drill.stage import Stage

SERVICES = frozenset({"acm", "cloudfront", "elbv2", "resourcegroupstaggingapi", "secretsmanager"})

_MOVES_CURRENT = frozenset({"PutSecretValue", "UpdateSecret", "UpdateSecretVersionStage"})
_EVENT = timedelta(seconds=2)
_NOT_IN_CLOUDTRAIL = ("Describe", "Get", "List")


def answer(
    stage: Stage, service: str, operation: str, region: str, params: Params
) -> dict[str, Any]:
    """Make the call, unobserved, and tell the rule if it moved a secret's AWSCURRENT."""
    there = client(service, "us-east-1" if service == "cloudfront" else region)
    try:
        with stage.world.estate.aws.unobserved():
            answered = there._make_api_call(operation, dict(params))
    except ClientError as error:
        told = error.response["Error"]
        status = int(error.response["ResponseMetadata"].get("HTTPStatusCode", 400))
        raise RefusalError(told["Code"], told.get("Message", ""), status) from error
    except (BotoCoreError, NotImplementedError) as error:
        raise NotModelledError(f"{service} {operation}: {error}") from error
    if not operation.startswith(_NOT_IN_CLOUDTRAIL):
        stage.did(operation, {})
    if operation in _MOVES_CURRENT:
        _tell_rule(stage, params["SecretId"], answered.get("VersionId"))
    return {**answered, "ResponseMetadata": {}}


def _tell_rule(stage: Stage, secret: str, version: str | None) -> None:
    """Let the event of a new version be queued, as the year does for the teams."""
    with stage.world.estate.aws.unobserved():
        found = client("secretsmanager", HOME).describe_secret(SecretId=secret)
    name = found["Name"]
    if not name.startswith(PREFIX):
        return
    site = next((e for e in stage.world.sites if PREFIX + e.name == name), None)
    if site is not None and version:
        site.version = version
    functions = stage.world.functions
    if functions.switches.rule_sends:
        request = RotationRequest(secret=name, version=version)
        stage.world.agenda.after(_EVENT, lambda: functions.send(request))
