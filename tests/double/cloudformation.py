"""CloudFormation, as far as a command reads it: the outputs of deployed stacks.

Moto's own backend deploys templates, and imports every service of AWS for that.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from moto import backends
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.responses import BaseResponse

from tests.double.world import Answer, Refusal, Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def describe_stacks(request: Request) -> Mapping[str, Any]:
    """CloudFormation API Reference, DescribeStacks: one stack by its name, or all of the Region."""
    of_region = {
        name: outputs
        for (region, name), outputs in request.world.stacks.items()
        if region == request.region
    }
    wanted = request.params.get("StackName")
    if wanted is not None and wanted not in of_region:
        raise Refusal("ValidationError", f"Stack with id {wanted} does not exist")
    names = of_region if wanted is None else [wanted]
    return {"Stacks": [_stack(name, of_region[name]) for name in names]}


def _stack(name: str, outputs: Mapping[str, str]) -> dict[str, Any]:
    return {
        "StackName": name,
        "CreationTime": datetime(2026, 11, 1, tzinfo=UTC),
        "StackStatus": "UPDATE_COMPLETE",
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
    }


ANSWERS: dict[str, Answer] = {"DescribeStacks": describe_stacks}


class _Response(BaseResponse):
    def __init__(self) -> None:
        super().__init__(service_name="cloudformation")


class _Backend(BaseBackend):
    @property
    def _url_module(self) -> Any:
        return SimpleNamespace(
            url_bases=[r"https?://cloudformation\.(.+)\.amazonaws\.com"],
            url_paths={"{0}/$": _Response.dispatch},
        )


@contextmanager
def in_place_of_motos() -> Iterator[None]:
    """Have moto route the requests of CloudFormation to this module."""
    ours: Any = BackendDict(_Backend, "cloudformation")
    motos: Any = backends.get_backend

    def get_backend(name: str) -> Any:
        return ours if name == "cloudformation" else motos(name)

    with patch.object(backends, "get_backend", get_backend):
        yield
