"""Real TLS servers on loopback: what they serve by SNI can be swapped, or be wrong on purpose."""

from __future__ import annotations

import contextlib
import socket
import ssl
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.support.authority import Issued


class TlsServer:
    """A load balancer: a default certificate, and others by name."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.handshakes: list[str | None] = []
        """The names that clients sent."""
        self.is_silent = False
        """Whether it takes connections and says nothing."""
        self._default: ssl.SSLContext | None = None
        self._by_name: dict[str, ssl.SSLContext] = {}

    def serve(
        self,
        *default: Issued,
        by_name: Mapping[str, Issued] | None = None,
        only_tls13: bool = False,
    ) -> None:
        """Serve these from now on; several default ones have different key types."""
        self._default = _context(*default, only_tls13=only_tls13)
        self._by_name = {
            name: _context(each, only_tls13=only_tls13) for name, each in (by_name or {}).items()
        }

    def answer(self, connection: socket.socket) -> None:
        """Do one handshake."""
        if self._default is None or self.is_silent:
            return
        self._default.sni_callback = self._choose
        with (
            contextlib.suppress(OSError),
            self._default.wrap_socket(connection, server_side=True) as secure,
        ):
            secure.settimeout(5)
            secure.recv(1)

    def _choose(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        self.handshakes.append(name)
        chosen = self._by_name.get(name or "")
        if chosen is not None:
            connection.context = chosen


@contextmanager
def tls_server() -> Iterator[TlsServer]:
    """A server that serves nothing yet."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        server = TlsServer(listening.getsockname()[1])
        threads: list[Thread] = []
        held: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                connection.settimeout(5)
                held.append(connection)
                thread = Thread(target=server.answer, args=(connection,), daemon=True)
                threads.append(thread)
                thread.start()

        acceptor = Thread(target=accept, daemon=True)
        acceptor.start()
        try:
            yield server
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            acceptor.join(5)
            for thread in threads:
                thread.join(5)
            for connection in held:
                connection.close()


def _context(*issued: Issued, only_tls13: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3 if only_tls13 else ssl.TLSVersion.TLSv1_2
    with TemporaryDirectory() as folder:
        for number, each in enumerate(issued):
            path = Path(folder) / f"{number}.pem"
            chain = b"".join(above.public_bytes(Encoding.PEM) for above in each.chain)
            leaf = each.certificate.public_bytes(Encoding.PEM)
            path.write_bytes(leaf + chain + each.key_pem().encode())
            context.load_cert_chain(path)
    return context
