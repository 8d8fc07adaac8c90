"""What stands in for Slack, Teams and PagerDuty: receivers on loopback that judge what arrives.

Each refuses what its vendor's documents say is refused, and answers as they say.
"""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SLACK_URL = "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"
TEAMS_URL = (
    "https://default0.11.environment.api.powerplatform.com:443/powerautomate/automations/direct"
    "/workflows/0123456789abcdef/triggers/manual/paths/invoke?api-version=1"
    "&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=0-secret_signature"
)
ROUTING_KEY = "0123456789abcdef0123456789abcdef"


class Answer(NamedTuple):
    status: HTTPStatus
    text: str


class Judge(Protocol):
    """What a vendor makes of a request; the names of the headers are in lower case."""

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer: ...


class Refused(ValueError):
    """The vendor refuses the request."""


def _require(holds: object, why: str) -> None:
    if not holds:
        raise Refused(why)


def _document(headers: Mapping[str, str], body: bytes) -> Any:
    _require(headers.get("content-type", "").startswith("application/json"), "content type")
    try:
        return json.loads(body)
    except ValueError:
        raise Refused("no JSON") from None


class Slack:
    """Slack API documentation, Sending messages using incoming webhooks; Reference, Blocks."""

    limits: Mapping[str, int] = {"header": 150, "section": 3000}

    def __init__(self) -> None:
        self.messages: list[list[str]] = []

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        try:
            _require(urlsplit(SLACK_URL).path == urlsplit(url).path, "invalid_token")
            message = _document(headers, body)
            _require(message.get("text"), "no_text")
            _require(len(message["blocks"]) <= 50, "invalid_blocks")
            self.messages.append([self._text(each) for each in message["blocks"]])
        except Refused as refusal:
            return Answer(HTTPStatus.BAD_REQUEST, str(refusal))
        return Answer(HTTPStatus.OK, "ok")

    def _text(self, block: Mapping[str, Any]) -> str:
        text = block["text"]
        # In mrkdwn, a name could mention people or hide a link.
        _require(text["type"] == "plain_text", "invalid_blocks")
        _require(0 < len(text["text"]) <= self.limits[block["type"]], "invalid_blocks")
        return str(text["text"])


class Teams:
    """Microsoft Teams documentation, Create incoming webhooks with Workflows; Adaptive Cards."""

    def __init__(self) -> None:
        self.messages: list[list[str]] = []

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        try:
            wanted, given = (parse_qs(urlsplit(each).query) for each in (TEAMS_URL, url))
            _require(given == wanted, "authorization")
            _require(len(body) <= 28 * 1024, "too large")
            message = _document(headers, body)
            _require(message["type"] == "message", "type")
            for each in message["attachments"]:
                _require(
                    each["contentType"] == "application/vnd.microsoft.card.adaptive", "contentType"
                )
                self.messages.append(self._texts(each["content"]))
        except Refused as refusal:
            return Answer(HTTPStatus.BAD_REQUEST, str(refusal))
        return Answer(HTTPStatus.ACCEPTED, "")

    @staticmethod
    def _texts(card: Mapping[str, Any]) -> list[str]:
        _require(card["type"] == "AdaptiveCard", "card")
        _require(card["$schema"] == "http://adaptivecards.io/schemas/adaptive-card.json", "$schema")
        _require(re.fullmatch(r"1\.[0-5]", card["version"]), "version")
        for each in card["body"]:
            _require(each["type"] == "TextBlock", "element")
            _require(each.keys() <= {"type", "text", "wrap", "weight", "size"}, "member")
            _require(each["text"], "text")
        return [each["text"] for each in card["body"]]


class PagerDuty:
    """PagerDuty developer documentation, Events API v2, Send an alert event."""

    def __init__(self) -> None:
        self.incidents: dict[str, dict[str, Any]] = {}
        """The open ones, by their keys."""

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        try:
            _require(urlsplit(url).path == "/v2/enqueue", "path")
            event = _document(headers, body)
            _require(event.get("routing_key") == ROUTING_KEY, "routing_key")
            key = event["dedup_key"]
            _require(0 < len(key) <= 255, "dedup_key")
            if event["event_action"] == "resolve":
                self.incidents.pop(key, None)
            else:
                _require(event["event_action"] == "trigger", "event_action")
                self.incidents[key] = self._payload(event["payload"])
        except Refused as refusal:
            said = {"status": "invalid event", "errors": [str(refusal)]}
            return Answer(HTTPStatus.BAD_REQUEST, json.dumps(said))
        return Answer(HTTPStatus.ACCEPTED, json.dumps({"status": "success", "dedup_key": key}))

    @staticmethod
    def _payload(payload: dict[str, Any]) -> dict[str, Any]:
        _require(0 < len(payload["summary"]) <= 1024, "summary")
        _require(payload["severity"] in {"critical", "error", "warning", "info"}, "severity")
        _require(payload["source"], "source")
        _require(
            re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", payload["timestamp"]), "timestamp"
        )
        _require(isinstance(payload["custom_details"], dict), "custom_details")
        return payload


class PagerDutyForAlarms:
    """PagerDuty documentation, Amazon CloudWatch Integration Guide: alarms, sent by SNS.

    SNS Developer Guide, HTTP/HTTPS notification JSON format; CloudWatch User Guide, Notifying users
    on alarm changes.
    """

    def __init__(self) -> None:
        self.alarms: list[str] = []

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        try:
            _require(urlsplit(url).path == f"/integration/{ROUTING_KEY}/enqueue", "path")
            _require(headers.get("x-amz-sns-message-type") == "Notification", "message type")
            alarm = json.loads(json.loads(body)["Message"])
            _require({"AlarmName", "NewStateValue", "StateChangeTime"} <= alarm.keys(), "alarm")
            self.alarms.append(alarm["AlarmName"])
        except Refused as refusal:
            return Answer(HTTPStatus.BAD_REQUEST, str(refusal))
        return Answer(HTTPStatus.OK, "")


@contextmanager
def listening(judge: Judge, *, busy: int = 0) -> Iterator[str]:
    """Let a receiver listen on loopback, and yield its address.

    Args:
        judge: what it makes of a request.
        busy: how many requests it first answers with 429.
    """
    waiting = [*range(busy)]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = Answer(HTTPStatus.TOO_MANY_REQUESTS, "")
            if waiting:
                waiting.pop()
            else:
                given = {key.lower(): value for key, value in self.headers.items()}
                answer = judge(self.path, given, body)
            self.send_response(answer.status)
            self.end_headers()
            self.wfile.write(answer.text.encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its name there
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def post(address: str, url: str, headers: Mapping[str, str], body: bytes) -> int:
    """Send a request for a URL to the receiver instead, and return the status of the answer."""
    there = urlsplit(url)
    target = f"{address}{there.path}{'?' if there.query else ''}{there.query}"
    request = Request(target, data=body, headers=dict(headers), method="POST")  # noqa: S310  loopback
    try:
        with urlopen(request, timeout=5) as answer:  # noqa: S310  loopback
            return int(answer.status)
    except OSError as error:
        return int(error.code)  # type: ignore[attr-defined]  # an HTTPError
