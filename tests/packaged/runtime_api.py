"""Lambda's Runtime API for one runtime, on loopback.

As the Lambda Developer Guide documents it, "Using the Lambda runtime API for custom runtimes".
"""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/2018-06-01/runtime"
LONGEST = 60
"""Seconds that an answer may take; the functions' timeout is longer, but nobody would wait."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What the runtime said, and when by the performance counter."""

    what: Literal["ready", "response", "error", "init error"]
    at: float
    request: str = ""
    """The id of the invocation that it answers."""
    document: Any = None
    error_type: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Invocation:
    id: str
    event: bytes
    deadline: int


class RuntimeApi:
    """What the runtime asks for and answers."""

    def __init__(self) -> None:
        self.address = ""
        self._invocations: Queue[_Invocation | None] = Queue()
        self._said: Queue[Said] = Queue()
        self._is_ready = False

    def invoke(self, event: object) -> tuple[Said, float]:
        """Hand out an event, and return the answer and the seconds until it came."""
        invocation = _Invocation(
            id=str(uuid4()),
            event=json.dumps(event).encode(),
            deadline=int((time.time() + LONGEST) * 1000),
        )
        begin = time.perf_counter()
        self._invocations.put(invocation)
        said = self.listen()
        if said.request != invocation.id:
            raise RuntimeError(f"the runtime answers {said.request!r}, asked was {invocation.id}")
        return said, said.at - begin

    def listen(self) -> Said:
        """Return what the runtime says next: that it is ready, only once."""
        return self._said.get(timeout=LONGEST)

    def hang_up(self) -> None:
        """Let go of a runtime that waits for an invocation."""
        self._invocations.put(None)

    def next_invocation(self) -> _Invocation | None:
        """Wait for an invocation, and note that the runtime has come to ask for one."""
        if not self._is_ready:
            self._is_ready = True
            self._said.put(Said(what="ready", at=time.perf_counter()))
        return self._invocations.get()

    def take(self, path: str, body: bytes, error_type: str | None) -> None:
        """Note what the runtime has posted."""
        at, document = time.perf_counter(), json.loads(body)
        match path.removeprefix(PATH).split("/")[1:]:
            case ["init", "error"]:
                said = Said(what="init error", at=at, document=document, error_type=error_type)
            case ["invocation", request, "response" | "error" as what]:
                said = Said(
                    what="response" if what == "response" else "error",
                    at=at,
                    request=request,
                    document=document,
                    error_type=error_type,
                )
            case _:
                raise ValueError(f"the Runtime API has no {path}")
        self._said.put(said)


@contextmanager
def runtime_api() -> Iterator[RuntimeApi]:
    """Serve the API on a free port until exit."""
    api = RuntimeApi()
    with _Server(("127.0.0.1", 0), _handler_of(api)) as server:
        api.address = f"127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield api
        finally:
            api.hang_up()
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing of a runtime that was ended; whoever waits for its answer finds out."""


def _handler_of(api: RuntimeApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            invocation = api.next_invocation()
            if invocation is None:
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(invocation.event)))
            self.send_header("Lambda-Runtime-Aws-Request-Id", invocation.id)
            self.send_header("Lambda-Runtime-Deadline-Ms", str(invocation.deadline))
            self.end_headers()
            self.wfile.write(invocation.event)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            api.take(self.path, body, self.headers["Lambda-Runtime-Function-Error-Type"])
            answer = b'{"status":"OK"}'
            self.send_response(202)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing: what came is in the API."""

    return Handler
