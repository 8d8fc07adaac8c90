"""Times `inventory` of an account with very many certificates, whose every answer takes 50 ms."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from tests.cli.running import CREDENTIALS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.connection import Connection

CERTIFICATES = 2_500
"""In each Region, each a copy of a secret of its own."""
REGIONS = 17
LIMIT = 60.0
"""Seconds."""
ANSWERS_AFTER = 0.05
"""Seconds."""
_NONE = b"""<ErrorResponse><Error><Code>ValidationError</Code>
<Message>Stack with id certrotation does not exist</Message></Error></ErrorResponse>"""
"""CloudFormation's answer: nothing is deployed."""
LAMBDAS = Path(__file__).parents[2] / "lambdas"

_DAY = 86_400
_PAGES = {
    "ListCertificates": ("CertificateSummaryList", "NextToken", 1_000),
    "SearchCertificates": ("Results", "NextToken", 500),
    "GetResources": ("ResourceTagMappingList", "PaginationToken", 100),
    "ListSecrets": ("SecretList", "NextToken", 100),
}
"""The list of each answer, its token, and how many a page has (API References)."""


def inventory_table() -> Table:
    """Return the seconds that the command took, start included, and the limit."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=_serve, args=(theirs,))
    server.start()
    try:
        shown, seconds, of_cpu = _run(ours.recv())
    finally:
        ours.send(None)
        server.join(10)
    title = f"inventory: every answer takes {ANSWERS_AFTER * 1000:.0f} ms; the start included"
    table = Table("certificates", "seconds", "of them CPU", "limit", title=title)
    table.title_justify = "left"
    table.add_row(f"{shown:,}", f"{seconds:.1f}", f"{of_cpu:.1f}", f"{LIMIT}")
    return table


def _run(port: int) -> tuple[int, float, float]:
    """Run the command, and return how many certificates it shows, its seconds, and those of CPU."""
    regions = ",".join(f"eu-west-{number}" for number in range(1, REGIONS + 1))
    before, begin = os.times(), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "certrotation.cli", "inventory", "--json"],
        env={
            **os.environ,
            **CREDENTIALS,
            "PYTHONPATH": str(LAMBDAS),
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "CERTROTATION_TARGET_REGIONS": regions,
            "CERTROTATION_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/queue",
        },
        stdout=subprocess.PIPE,
        check=True,
    )
    seconds, after = time.perf_counter() - begin, os.times()
    of_cpu = (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
    return len(json.loads(done.stdout)["certificates"]), seconds, of_cpu


def _serve(pipe: Connection) -> None:
    """Answer until the other side says that it is done."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        pipe.send(server.server_port)
        server.service_actions = lambda: _stop_if_told(pipe)  # type: ignore[method-assign]
        try:
            server.serve_forever(poll_interval=0.5)
        except EOFError:
            return


def _stop_if_told(pipe: Connection) -> None:
    if pipe.poll():
        raise EOFError


class _Handler(BaseHTTPRequestHandler):
    """Answers an account's lists, a page at a time."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer one request."""
        content = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        scope = re.search(r"Credential=\w+/\d+/([a-z0-9-]+)/", self.headers["Authorization"])
        known = operation in _PAGES
        body = (
            _answer(operation, json.loads(content), scope[1] if scope else "") if known else _NONE
        )
        time.sleep(ANSWERS_AFTER)
        self.send_response(200 if known else 400)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _answer(operation: str, asked: Mapping[str, Any], region: str) -> bytes:
    list_name, token_name, size = _PAGES[operation]
    begin = int(asked.get(token_name) or 0)
    end = min(begin + size, CERTIFICATES)
    rows = [_ROWS[operation](number, region) for number in range(begin, end)]
    token = {token_name: str(end)} if end < CERTIFICATES else {}
    return json.dumps({list_name: rows, **token}).encode()


def _arn(number: int, region: str) -> str:
    return f"arn:aws:acm:{region}:123456789012:certificate/00000000-0000-4000-8000-{number:012}"


def _listed(number: int, region: str) -> dict[str, Any]:
    ends = int(time.time()) + (20 + number % 60) * _DAY
    return {
        "CertificateArn": _arn(number, region),
        "DomainName": f"shop-{number}.example.com",
        "SubjectAlternativeNameSummaries": [f"shop-{number}.example.com"],
        "HasAdditionalSubjectAlternativeNames": False,
        "Status": "ISSUED",
        "Type": "IMPORTED",
        "KeyAlgorithm": "EC-prime256v1",
        "InUse": False,
        "NotBefore": ends - 90 * _DAY,
        "NotAfter": ends,
        "CreatedAt": ends - 90 * _DAY,
        "ImportedAt": ends - 90 * _DAY,
    }


def _searched(number: int, region: str) -> dict[str, Any]:
    attributes = {"Issuer": {"CommonName": "Example CA"}, "KeyAlgorithm": "EC_prime256v1"}
    return {"CertificateArn": _arn(number, region), "X509Attributes": attributes}


def _tagged(number: int, region: str) -> dict[str, Any]:
    tags = {
        "certrotation:secret": f"certrotation/shop-{number}",
        "certrotation:version": f"00000000-0000-4000-8000-{number:012}",
        "certrotation:not-after": str(_listed(number, region)["NotAfter"]),
    }
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"ResourceARN": _arn(number, region), "Tags": listed}


def _secret(number: int, region: str) -> dict[str, Any]:
    name = f"certrotation/shop-{number}"
    return {
        "ARN": f"arn:aws:secretsmanager:{region}:123456789012:secret:{name}-AbCdEf",
        "Name": name,
        "LastChangedDate": int(time.time()) - _DAY,
        "SecretVersionsToStages": {f"00000000-0000-4000-8000-{number:012}": ["AWSCURRENT"]},
    }


_ROWS = {
    "ListCertificates": _listed,
    "SearchCertificates": _searched,
    "GetResources": _tagged,
    "ListSecrets": _secret,
}
