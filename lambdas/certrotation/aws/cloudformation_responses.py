"""The pre-signed URLs at which CloudFormation waits for the answers of custom resources."""

from __future__ import annotations

from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from certrotation.errors import Unreachable

TRIES = 3
TIMEOUT = 10
"""Seconds."""


class CloudFormationResponses:
    """Sends answers; the URL, which lets anybody answer, is in no message."""

    def send(self, url: str, answer: str) -> None:
        """Send an answer, at most three times.

        Raises:
            Unreachable: the answer was not taken.
        """
        said = "no answer"
        for _ in range(TRIES):
            try:
                status = _put(url, answer.encode())
            except (OSError, HTTPException) as error:
                said = type(error).__name__
                continue
            if status < HTTPStatus.MULTIPLE_CHOICES:
                return
            said = f"status {status}"
        raise Unreachable(
            f"CloudFormation does not take the answer: {said}.", "The answer is sent again."
        )


def _put(url: str, body: bytes) -> int:
    """Send the request whose signature the URL has: with a content type that is empty."""
    there = urlsplit(url)
    kind = HTTPSConnection if there.scheme == "https" else HTTPConnection
    connection = kind(there.netloc, timeout=TIMEOUT)
    try:
        target = f"{there.path}?{there.query}" if there.query else there.path
        headers = {"Content-Type": "", "Content-Length": str(len(body))}
        connection.request("PUT", target, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()
