"""A request as boto3 writes it, and what boto3 makes of an answer: nothing is sent."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from tests.e2e.gate.permissions import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.gate.upstream import Answer

KEY = "ASIAEXAMPLE"
_make: Any = boto3.client
"""Typed by hand: the service is a parameter."""


class _Body(BytesIO):
    """What urllib3 would have read from."""

    def stream(self, *_: Any, **__: Any) -> list[bytes]:
        return [self.getvalue()]


def call(
    service: str,
    operation: str,
    answer: Answer,
    region: str = "eu-west-1",
    **parameters: Any,
) -> tuple[Request, Callable[[], Any]]:
    """Return the request of an operation, and what reads `answer` as boto3 would."""
    client = _make(
        service, region_name=region, aws_access_key_id=KEY, aws_secret_access_key="not-a-secret"
    )
    seen: list[Request] = []

    def answer_instead(request: Any, **_: Any) -> AWSResponse:
        url = urlsplit(request.url)
        seen.append(
            Request(
                method=request.method,
                target=f"{url.path}?{url.query}" if url.query else url.path,
                headers={key: _text(value) for key, value in request.headers.items()},
                body=_bytes(request.body),
            )
        )
        headers = HTTPHeaders.from_pairs(answer.headers)
        return AWSResponse(request.url, answer.status, headers, _Body(answer.body))

    client.meta.events.register("before-send", answer_instead)
    results: list[Any] = []
    try:
        results.append(getattr(client, operation)(**parameters))
    except Exception as error:  # noqa: BLE001  it is what boto3 makes of the answer
        results.append(error)

    def outcome() -> Any:
        if isinstance(results[0], Exception):
            raise results[0]
        return results[0]

    return seen[0], outcome


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _bytes(body: Any) -> bytes:
    read = body.read() if hasattr(body, "read") else body or b""
    return read.encode() if isinstance(read, str) else bytes(read)
