"""Puts the double's answers in front of moto's, at the one place every request passes.

`BaseResponse.call_action` serves requests in process and over HTTP alike. By then moto has read
the request by botocore's model, and it writes the answer by the same model.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from werkzeug.exceptions import HTTPException

from tests.double import (
    acm,
    acmpca,
    apigateway_v2,
    cloudformation,
    event_bus,
    logs,
    route53,
    secretsmanager,
    sns,
    tag_index,
)
from tests.double.fakes import fakes
from tests.double.other_accounts import across_accounts
from tests.double.world import Answer, Forwarded, Refusal, Request, World
from tests.support.caller_headers import ROLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.double.behaviour import Fault

    CallAction = Callable[[BaseResponse], Forwarded]

ANSWERS: dict[str, dict[str, Answer]] = {
    "acm": acm.ANSWERS,
    "acm-pca": acmpca.ANSWERS,
    "apigatewayv2": apigateway_v2.ANSWERS,
    "cloudformation": cloudformation.ANSWERS,
    "resourcegroupstaggingapi": tag_index.ANSWERS,
    "events": event_bus.ANSWERS,
    "logs": logs.ANSWERS,
    "route53": route53.ANSWERS,
    "secretsmanager": across_accounts(secretsmanager.ANSWERS),
    "sns": sns.ANSWERS,
    **{fake.service: dict(fake.answers) for fake in fakes().values()},
}

# IAM's name of a service where boto3 has another (Service Authorization Reference).
_IAM_PREFIX = {
    "resourcegroupstaggingapi": "tag",
    **{fake.service: fake.iam_prefix for fake in fakes().values()},
}

# Services whose error code has no "Exception" at its end (each API Reference, Common errors).
_PLAIN_DENIAL = {
    "cloudformation",
    "sqs",
    *(fake.service for fake in fakes().values() if fake.denies_plainly),
}


def answering(world: World, moto: CallAction) -> CallAction:
    """Return what replaces `BaseResponse.call_action` while this world is in place."""

    def call_action(response: BaseResponse) -> Forwarded:
        service = response.boto3_service_name
        with world.lock, _called_by(world, response):
            fault = _fault(world, service, response)
            if fault is not None and not fault.takes_effect:
                return _broken(response, fault)
            try:
                answer = _answer(world, moto, response, service)
            except ServiceException as error:
                answer = error
            except HTTPException as error:
                answer = _as_refusal(error)
            if fault is not None:
                return _broken(response, fault)
            if isinstance(answer, tuple):
                return answer
            return _written(response, answer)

    return call_action


@contextmanager
def _called_by(world: World, response: BaseResponse) -> Iterator[None]:
    """Let the world be that of the account whose credentials a call has, and of its role."""
    own = world.account_id, world.role
    world.account_id = response.get_current_account()
    world.role = response.headers.get(ROLE, world.role)
    try:
        yield
    finally:
        world.account_id, world.role = own


def _fault(world: World, service: str, response: BaseResponse) -> Fault | None:
    if world.behaviour.fault is None or world.is_bystander():
        return None
    return world.behaviour.fault(service, response._get_action(), response.region)


def _broken(response: BaseResponse, fault: Fault) -> Forwarded:
    _, headers, body = _written(response, Refusal(fault.code, fault.code))
    return fault.status, headers | {"status": str(fault.status)}, body


def _answer(world: World, moto: CallAction, response: BaseResponse, service: str) -> Any:
    operation = response._get_action()
    if world.behaviour.denies(service, operation, response.region):
        raise _denial(service, operation)
    answer = ANSWERS.get(service, {}).get(operation)
    if answer is None:
        return moto(response)
    response.parse_parameters(response.normalized_request)
    request = Request(
        world=world,
        service=service,
        operation=operation,
        region=response.region,
        params=cast("dict[str, Any]", response.params),
        forward=lambda: moto(response),
    )
    return answer(request)


def _denial(service: str, operation: str) -> Refusal:
    """Each API Reference, Common errors: AccessDenied or AccessDeniedException."""
    code = "AccessDenied" if service in _PLAIN_DENIAL else "AccessDeniedException"
    action = f"{iam_prefix(service)}:{operation}"
    return Refusal(code, f"User is not authorized to perform: {action}")


def iam_prefix(service: str) -> str:
    """Return IAM's name of a service that boto3 calls so."""
    return _IAM_PREFIX.get(service, service)


def _as_refusal(error: HTTPException) -> Refusal:
    """Turn the older of moto's two kinds of error into the newer."""
    code = getattr(error, "error_type", None)
    if code is None:
        raise error
    return Refusal(code, getattr(error, "message", ""))


def _written(response: BaseResponse, answer: Any) -> Forwarded:
    status, headers, body = response.serialized(ActionResult(answer))
    headers["status"] = str(status)
    headers, body = response._enrich_response(headers, body)
    return status, headers, body
