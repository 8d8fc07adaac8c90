"""Each AWS service that the drill answers for, one module each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.oncall.drill.answers import NotModelledError
from tests.oncall.drill.services import (
    cloudformation,
    cloudtrail,
    cloudwatch,
    doubled,
    few,
    functions,
    logs,
    queues,
    scheduler,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.oncall.drill.answers import Answer, Params
    from tests.oncall.drill.stage import Stage

_MODELLED: Mapping[str, Mapping[str, Answer]] = {
    "cloudformation": cloudformation.ANSWERS,
    "cloudtrail": cloudtrail.ANSWERS,
    "cloudwatch": cloudwatch.ANSWERS,
    "lambda": functions.ANSWERS,
    "logs": logs.ANSWERS,
    "scheduler": scheduler.ANSWERS,
    "sqs": queues.ANSWERS,
    **few.ANSWERS,
}


def answer(
    stage: Stage, service: str, operation: str, region: str, params: Params
) -> dict[str, Any]:
    """Answer a call as the account would.

    Raises:
        RefusalError: as AWS would refuse it, or because it is not modelled.
    """
    if service in doubled.SERVICES:
        return doubled.answer(stage, service, operation, region, params)
    found = _MODELLED.get(service, {}).get(operation)
    if found is None:
        raise NotModelledError(f"{service} {operation}")
    return found(stage, params)
