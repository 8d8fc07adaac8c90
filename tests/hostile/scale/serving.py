"""Serves an account with many copies over HTTP: `python -m tests.hostile.scale.serving 2500 17`.

Prints the address and the Regions. Each answer is computed once and then given after 50 ms: what
is measured is the scan, not the double.
"""

from __future__ import annotations

import copy
import sys
import time
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from uuid import uuid4

import boto3
from moto.acm.models import acm_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import BaseResponse
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from certrotation.names import tags
from tests.double import Behaviour, embedded_aws
from tests.simulation.estate import HOME, PREFIX, Estate
from tests.support.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Callable

LATENCY = 0.05
"""Seconds."""


def main(copies: int, count: int) -> None:
    """Serve so many copies in each of so many Regions until the process is ended."""
    every = [HOME, *(each for each in boto3.Session().get_available_regions("acm") if each != HOME)]
    regions = every[:count]
    with embedded_aws(Behaviour(imported_certificate_quota=copies + 1)) as aws:
        estate = Estate(aws, *regions)
        _fill(estate, copies)
        server = make_server(
            "127.0.0.1",
            0,
            DomainDispatcherApplication(create_backend_app),
            threaded=True,
            request_handler=MotoRequestHandler,
        )
        with patch.object(BaseResponse, "call_action", _remembering(BaseResponse.call_action)):
            address = f"http://127.0.0.1:{server.server_port}"
            print(address, estate.queue_url, *regions, flush=True)  # noqa: T201  its output
            server.serve_forever()


def _fill(estate: Estate, copies: int) -> None:
    """Give each Region a copy of each secret: all current, so that nothing is due."""
    issued = Authority.root().intermediate().issue("shop.example.com", lifetime=timedelta(days=90))
    expiry = str(int(issued.certificate.not_valid_after_utc.timestamp()))
    marks = [
        [
            {"Key": tags.SECRET, "Value": f"{PREFIX}shop-{number}"},
            {"Key": tags.VERSION, "Value": estate.secret(f"shop-{number}", issued)},
            {"Key": tags.NOT_AFTER, "Value": expiry},
        ]
        for number in range(copies)
    ]
    for region in estate.regions:
        first = estate.certificate(issued, region)
        store = acm_backends[DEFAULT_ACCOUNT_ID][region]._certificates
        # One import is enough to know what the double keeps; the others differ in ARN and tags.
        bundle = store.pop(first)
        for each in marks:
            clone = copy.copy(bundle)
            clone.arn = first.rpartition("/")[0] + f"/{uuid4()}"
            clone.tags = type(bundle.tags)()
            clone.tags.add(each)
            store[clone.arn] = clone


def _remembering(answer: Callable[[BaseResponse], Any]) -> Callable[[BaseResponse], Any]:
    known: dict[tuple[str, ...], Any] = {}
    lock = Lock()

    def call_action(response: BaseResponse) -> Any:
        service, region = response.boto3_service_name, response.region
        key = (service, region, response._get_action(), str(response.body))
        with lock:
            if key not in known:
                known[key] = answer(response)
        time.sleep(LATENCY)
        return known[key]

    return call_action


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
