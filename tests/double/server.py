"""A server of the double on 127.0.0.1: as a process of its own, or beside an embedded world."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler


def server(port: int, handler: type[WSGIRequestHandler] = MotoRequestHandler) -> BaseWSGIServer:
    """Return a server that listens already; port 0 takes a free one."""
    return make_server(
        "127.0.0.1",
        port,
        DomainDispatcherApplication(create_backend_app),
        threaded=True,
        request_handler=handler,
    )


@contextmanager
def serving(hangs_up: Callable[[str], bool] = lambda _: False) -> Iterator[str]:
    """Serve the embedded world to other processes too; gives the address.

    Args:
        hangs_up: whether a connection is closed without an answer, by the operation asked for.
    """

    class Handler(MotoRequestHandler):
        def run_wsgi(self) -> None:
            if hangs_up(self.headers.get("X-Amz-Target", "").rpartition(".")[2]):
                self.close_connection = True
            else:
                super().run_wsgi()

        def log_request(self, *_: object) -> None:
            """Say nothing: who looks at calls has a recorder."""

    with server(0, Handler) as listening:
        thread = Thread(target=listening.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}"
        finally:
            listening.shutdown()
            thread.join()
