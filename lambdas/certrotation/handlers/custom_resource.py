"""Entry point of the provider of custom resources: a request of CloudFormation, or one that waits.

CloudFormation waits until the answer is at the URL of the request. So every request is answered:
at once, or when the certificate is live, a person must act, or the time is over; and if there is a
bug, too. A request that must wait is a message, which comes back until the request is answered.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3

from certrotation.aws.cloudformation_responses import CloudFormationResponses
from certrotation.composition import providing
from certrotation.core.provision.decision import SHOWN_AFTER, Ended, Live, Pending
from certrotation.core.provision.resource_request import (
    Malformed,
    RequestType,
    ResourceRequest,
    Status,
    failed,
    succeeded,
)
from certrotation.errors import CertRotationError, MessageMalformed, TransientError
from certrotation.handlers.reporting import logger
from certrotation.settings import Settings
from certrotation.workflows.provide import Provider

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from certrotation.core.provision.resource_request import Answer, Wanted
    from certrotation.workflows.providing_ports import Providing

PAUSE = timedelta(seconds=15)
"""Between two looks."""
LOOKS_PER_ASKING = 20
"""At the first look and at each twentieth after that, a rotation is asked for: a message may be
lost, and the secret may be written only now."""


def handler(event: Mapping[str, Any], context: LambdaContext | None) -> dict[str, Any] | None:
    """Serve a request of CloudFormation, or look again for requests that wait.

    Raises:
        MessageMalformed: the event is neither.
        CertRotationError: the answer could not be sent; Lambda tries again.
    """
    del context
    if "Records" not in event:
        _begin(event)
        return None
    failures = [
        {"itemIdentifier": record["messageId"]}
        for record in event["Records"]
        if not _is_settled(record)
    ]
    return {"batchItemFailures": failures}


def _begin(event: Mapping[str, Any]) -> None:
    """Answer a request that has just come, or let it wait."""
    request = ResourceRequest.of(event)

    def begin() -> Answer | None:
        parts, settings = _parts()
        answer = _unless_passing(lambda: _answer(request, settings, parts, None))
        if answer is None:
            parts.waiting.add(json.dumps(dict(event)))
        return answer

    answer = _guarded(request, begin)
    if answer is not None:
        _send(request, answer)


def _is_settled(record: Mapping[str, Any]) -> bool:
    """Look again for a request that waits, and return whether its message may go."""
    try:
        request = ResourceRequest.of(json.loads(record["body"]))
    except (ValueError, RecursionError, MessageMalformed) as error:
        logger.error("resource", extra={"resource": {"error": str(error)}})
        return True
    attributes = record["attributes"]
    since = datetime.fromtimestamp(int(attributes["SentTimestamp"]) / 1_000, UTC)

    def look() -> Answer | None:
        parts, settings = _parts()
        is_asking = int(attributes["ApproximateReceiveCount"]) % LOOKS_PER_ASKING == 1
        return _unless_passing(
            lambda: _answer(request, settings, parts, since, is_asking=is_asking),
            until=since + request.longest_wait,
        )

    try:
        answer = _guarded(request, look)
        if answer is not None:
            _send(request, answer)
            return True
        parts, _ = _parts()
        parts.waiting.return_later(record["receiptHandle"], PAUSE)
    except CertRotationError as error:
        # Then the message comes back when its visibility timeout has passed.
        logger.warning("resource", extra={"resource": {"error": str(error)}})
    return False


def _parts() -> tuple[Providing, Settings]:
    """Return what the function works with; a warm invocation gets the same."""
    return _kept(
        frozenset(
            item for item in os.environ.items() if item[0].startswith(("AWS_", "CERTROTATION_"))
        )
    )


@lru_cache(maxsize=1)
def _kept(environment: frozenset[tuple[str, str]]) -> tuple[Providing, Settings]:
    """Compose once; `environment` is what settings and session are read from."""
    settings = Settings.from_env(dict(environment))
    return providing(settings, dict(environment), boto3.Session()), settings


def _answer(
    request: ResourceRequest,
    settings: Settings,
    parts: Providing,
    waits_since: datetime | None,
    *,
    is_asking: bool = False,
) -> Answer | None:
    """Return the answer to a request, or None as long as it must wait."""
    wanted = request.wanted(settings.secret_prefix)
    if isinstance(wanted, Malformed):
        return failed(request, wanted.problem)
    provider = _provider(settings, parts)
    match provider.look(wanted, waits_since):
        case Live() as live:
            return _succeeded(wanted, live)
        case Ended() as ended:
            waited = provider.now - waits_since if waits_since else timedelta()
            return _ended(request, settings, provider, ended.because, waited)
        case Pending(has_value=has_value):
            # Rotate would refuse a secret without a value, and notify people of the refusal.
            if is_asking and has_value:
                provider.ask(wanted)
            return None


def _provider(settings: Settings, parts: Providing) -> Provider:
    return Provider(providing=parts, targets=settings.target_regions, now=datetime.now(UTC))


def _succeeded(wanted: Wanted, live: Live) -> Answer:
    return succeeded(wanted.physical_id, live.attributes, live.although)


def _ended(
    request: ResourceRequest,
    settings: Settings,
    provider: Provider,
    problem: str,
    waited: timedelta,
) -> Answer:
    """Return the answer to a request that cannot be fulfilled: an update keeps what is live.

    What one team writes or deletes must not make the deployment of another team fail.

    Raises:
        TransientError: whether a copy is live is not known now. A Region that is no target may be
            one that the account has not enabled, so it is not waited for longer than SHOWN_AFTER.
    """
    reason = problem
    for each in request.kept(settings.secret_prefix):
        try:
            live = provider.kept(each, problem)
        except CertRotationError as error:
            is_worth_waiting = each.region in settings.target_regions or waited < SHOWN_AFTER
            if isinstance(error, TransientError) and is_worth_waiting:
                raise
            reason = _not_known(problem, error)
            continue
        if live is not None:
            return _succeeded(each, live)
    return failed(request, reason)


def _ended_by_error(request: ResourceRequest, problem: str) -> Answer:
    """Return the answer after an error, which may hinder this look at the copies, too."""
    try:
        parts, settings = _parts()
        return _ended(request, settings, _provider(settings, parts), problem, request.longest_wait)
    except CertRotationError as error:
        return failed(request, _not_known(problem, error))
    except Exception:  # noqa: BLE001  or CloudFormation would wait for an hour
        logger.exception("bug")
        return failed(request, problem)


def _not_known(problem: str, error: CertRotationError) -> str:
    """Return the reason why a request fails, if `error` kept it from finding a live copy."""
    if str(error) == problem:
        return problem
    return f"{problem} Whether a copy is live is not known: {error}"


def _unless_passing(
    answer: Callable[[], Answer | None], until: datetime | None = None
) -> Answer | None:
    """Return the answer, or None if an error passes by itself and the time is not over."""
    try:
        return answer()
    except TransientError:
        if until is not None and datetime.now(UTC) >= until:
            raise
        return None


def _guarded(request: ResourceRequest, answer: Callable[[], Answer | None]) -> Answer | None:
    """Return the answer; what deletes a resource, an error and a bug have one, whatever happens."""
    if request.kind is RequestType.DELETE:
        return succeeded(request.physical_id or request.logical_id)
    try:
        return answer()
    except CertRotationError as error:
        return _ended_by_error(request, str(error))
    except Exception as bug:  # noqa: BLE001  or CloudFormation would wait for an hour
        logger.exception("bug")
        said = f"Unexpected error {type(bug).__name__}. See the log of certrotation's function."
        return _ended_by_error(request, said)


def _send(request: ResourceRequest, answer: Answer) -> None:
    CloudFormationResponses().send(request.response_url, answer.to_json(request))
    is_well = answer.status is Status.SUCCESS and not answer.reason
    say = logger.info if is_well else logger.warning
    about = {
        "stack": request.stack_id,
        "name": request.logical_id,
        "request": request.kind.value,
        "status": answer.status.value,
        "id": answer.physical_id,
        "reason": answer.reason or None,
    }
    say("resource", extra={"resource": about})
