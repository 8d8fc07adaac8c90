"""Sees each API call that a botocore client of this process makes, before and after its effect."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from botocore.exceptions import ClientError, EndpointConnectionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.client import BaseClient

    from tests.double.world import World

    MakeApiCall: TypeAlias = Callable[[BaseClient, str, dict[str, Any]], Any]

_SECRET_PARAMETERS = frozenset({"PrivateKey", "Passphrase", "SecretString", "SecretBinary"})

# The pseudo-Region that botocore gives the clients of a global service.
_GLOBAL = "aws-global"


@dataclass(kw_only=True)
class Call:
    """One API call. `params` has no key and no secret value, `error` is set once it has failed.

    `error` is AWS's error code, or the exception's class where there was no answer.
    """

    service: str
    operation: str
    region: str
    params: Mapping[str, Any]
    error: str | None = None


Hook: TypeAlias = "Callable[[Call], object]"
Change: TypeAlias = "Callable[[BaseClient, Call, Any], object]"
"""Changes an answer in place, before the caller gets it."""


class Recorder:
    """Keeps the calls and runs the hooks around them. Threads may call at the same time."""

    def __init__(self, world: World) -> None:
        self.calls: list[Call] = []
        self.before: list[Hook] = []
        self.after: list[Hook] = []
        self.changes: list[Change] = []
        self._world = world

    def recording(self, botocore: MakeApiCall) -> MakeApiCall:
        """Return what replaces `BaseClient._make_api_call`.

        Hooks stand outside botocore's retries: what one raises reaches the caller at once.
        """

        def make_api_call(client: BaseClient, operation: str, params: dict[str, Any]) -> Any:
            if self._world.is_bystander():
                return botocore(client, operation, params)
            call = _call(client, operation, params)
            self.calls.append(call)
            with _noting_error(call):
                _run(self.before, call)
                self._refuse_dark(call, client)
                try:
                    answer = botocore(client, operation, params)
                except ClientError as error:
                    call.error = error_code(error)
                    raise
                finally:
                    _run(self.after, call)
                for change in tuple(self.changes):
                    change(client, call, answer)
                return answer

        return make_api_call

    def _refuse_dark(self, call: Call, client: BaseClient) -> None:
        if call.region in self._world.behaviour.dark_regions:
            raise EndpointConnectionError(endpoint_url=client.meta.endpoint_url)


def error_code(error: BaseException) -> str:
    """Return AWS's code, or the class of an error that is not AWS's."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"]
    return type(error).__name__


@contextmanager
def _noting_error(call: Call) -> Iterator[None]:
    try:
        yield
    except BaseException as error:  # a hook's crash may be one that no handler catches
        call.error = error_code(error)
        raise


def _run(hooks: list[Hook], call: Call) -> None:
    for hook in tuple(hooks):
        hook(call)


def _call(client: BaseClient, operation: str, params: Mapping[str, Any]) -> Call:
    region = client.meta.region_name
    return Call(
        service=client.meta.service_model.service_name,
        operation=operation,
        region="us-east-1" if region == _GLOBAL else region,
        params={
            name: "***" if name in _SECRET_PARAMETERS else value for name, value in params.items()
        },
    )
