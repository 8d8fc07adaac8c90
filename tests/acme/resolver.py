"""A DNS server on 127.0.0.1, over TCP as Pebble asks: TXT records out of the double's Route 53."""

from __future__ import annotations

import struct
import threading
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Lookup = Callable[[str], Sequence[str]]

_TXT, _IN = 16, 1
_AUTHORITATIVE_ANSWER, _NO_SUCH_NAME = 0x8580, 0x8583


@contextmanager
def resolver(lookup: Lookup) -> Iterator[str]:
    """Answer with what `lookup` returns for a name; gives the address."""

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            while len(head := self.rfile.read(2)) == 2:
                query = self.rfile.read(*struct.unpack("!H", head))
                answer = _answer(query, lookup)
                self.wfile.write(struct.pack("!H", len(answer)) + answer)

    class Server(ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def _answer(query: bytes, lookup: Lookup) -> bytes:
    """Answer one question (RFC 1035, section 4); what is no question for TXT has no answer."""
    name, end = _name(query)
    kind, _ = struct.unpack("!HH", query[end : end + 4])
    values = lookup(name) if kind == _TXT else []
    flags = _AUTHORITATIVE_ANSWER if values else _NO_SUCH_NAME
    header = query[:2] + struct.pack("!HHHHH", flags, 1, len(values), 0, 0)
    records = b"".join(
        struct.pack("!HHHIH", 0xC00C, _TXT, _IN, 0, len(each) + 1) + bytes([len(each)]) + each
        for each in (value.encode() for value in values)
    )
    return header + query[12 : end + 4] + records


def _name(query: bytes) -> tuple[str, int]:
    labels, place = [], 12
    while query[place]:
        labels.append(query[place + 1 : place + 1 + query[place]].decode())
        place += 1 + query[place]
    return ".".join(labels).lower(), place + 1
