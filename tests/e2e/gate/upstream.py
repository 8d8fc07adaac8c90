"""A server behind the gate, and an answer as it goes over the wire."""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.e2e.gate.permissions import Request


HOP_BY_HOP = frozenset({"connection", "content-length", "transfer-encoding", "keep-alive"})
"""Headers that are about one connection, in lower case."""

_TIMEOUT = 30
"""Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """A server behind the gate."""

    url: str
    trusted: str | None = None
    """PEM file of the certificate that it shows, if it speaks TLS."""

    def send(self, request: Request, more: Mapping[str, str] = MappingProxyType({})) -> Answer:
        """Pass a request on as it is, so that its signature stays right, with more headers."""
        connection = self._connect()
        try:
            headers = {
                key: value
                for key, value in request.headers.items()
                if key.lower() not in HOP_BY_HOP
            }
            connection.request(request.method, request.target, request.body, headers | {**more})
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        url = urlsplit(self.url)
        if url.scheme == "http":
            return http.client.HTTPConnection(url.netloc, timeout=_TIMEOUT)
        context = ssl.create_default_context(cafile=self.trusted)
        return http.client.HTTPSConnection(url.netloc, timeout=_TIMEOUT, context=context)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes

    @classmethod
    def of_json(cls, status: int, body: Mapping[str, object], content_type: str) -> Self:
        """Return an answer in JSON."""
        return cls(status, (("Content-Type", content_type),), json.dumps(body).encode())

    @classmethod
    def of_text(cls, status: int, text: str) -> Self:
        """Return an answer in plain text."""
        return cls(status, (("Content-Type", "text/plain"),), text.encode())
