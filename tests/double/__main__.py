"""Serve the double over HTTP on 127.0.0.1: `python -m tests.double --port 5566`."""

from __future__ import annotations

import argparse

from moto.core.models import DEFAULT_ACCOUNT_ID

from tests.double.behaviour import Behaviour
from tests.double.embedded import answers_in_front
from tests.double.server import server
from tests.double.world import World


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="python -m tests.double", description=__doc__)
    parser.add_argument("--port", type=int, default=5566, help="0 takes a free port")
    world = World(behaviour=Behaviour(), account_id=DEFAULT_ACCOUNT_ID)
    with answers_in_front(world), server(parser.parse_args().port) as listening:
        print(f"http://127.0.0.1:{listening.server_port}", flush=True)  # noqa: T201  its output
        listening.serve_forever()


if __name__ == "__main__":
    main()
