"""An ACME server on 127.0.0.1 that takes every challenge for solved.

Runs where acme2certifier is installed: `.venv-acme/bin/python tests/cli/acme_server.py`, with the
variables that tests/cli/acme.py sets. Prints its port.
"""

from __future__ import annotations

from importlib import import_module
from wsgiref.simple_server import make_server


def main() -> None:
    """Answer until the process is ended."""
    acme = import_module("acme2certifier.share.acme2certifier_wsgi")
    handler = acme.get_handler_cls()
    with make_server("127.0.0.1", 0, acme.application, handler_class=handler) as server:
        print(server.server_port, flush=True)  # noqa: T201
        server.serve_forever()


if __name__ == "__main__":
    main()
