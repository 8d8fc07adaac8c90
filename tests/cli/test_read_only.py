"""The verbs that only read need docs/cli-read-only-policy.json, all of it and no more.

The gate that proves the functions' roles reads the requests off the wire and decides them.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest

from certrotation.aws.dependents.registry import DEFAULT, statements_of
from certrotation.cli import session
from certrotation.cli.exit_codes import ExitCode
from certrotation.cli.verifying import probe
from tests.cli.running import ROOT, deploy, run
from tests.double import apigateway, cognito, elb
from tests.e2e.gate.permissions import Ask, Caller, Request, asks
from tests.simulation.estate import HOME, PREFIX, client, marks_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import boto3

    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

US = "us-east-1"
POLICY = json.loads((ROOT / "docs" / "cli-read-only-policy.json").read_text(encoding="utf-8"))
EVALUATOR = ROOT / ".venv-e2e" / "bin" / "python"
CHANGING = ("lambda:GetFunction", "s3:GetBucketAcl", "waf:GetWebACL", "wafv2:GetWebACL")
"""What CloudFront requires of whoever changes a distribution (aws/dependents/cloudfront/iam.py)."""


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Ask, str]]:
    """The permissions of each request that a command sends, with the Region."""
    found: list[tuple[Ask, str]] = []

    def note(request: Any, **_: object) -> None:
        headers = {
            key: value.decode() if isinstance(value, bytes) else str(value)
            for key, value in request.headers.items()
        }
        url, body = urlsplit(request.url), request.body or b""
        seen = Request(
            method=request.method,
            target=f"{url.path}?{url.query}" if url.query else url.path,
            headers=headers,
            body=body.encode() if isinstance(body, str) else bytes(body),
        )
        caller = Caller.of(headers["Authorization"])
        found.extend((each, caller.region) for each in asks(seen, caller))

    made = session.session

    def listening(profile: str | None, region: str | None) -> boto3.Session:
        one = made(profile, region)
        one.events.register_first("before-send", note)
        return one

    monkeypatch.setattr(session, "session", listening)
    return found


@pytest.fixture
def asked(
    estate: Estate, authorities: Authorities, wire: list[tuple[Ask, str]], tmp_path: Path
) -> list[dict[str, Any]]:
    """What the verbs that only read ask for, in an account with every kind of dependent."""
    old = authorities.public.issue("shop.example.com")
    version = estate.secret("shop", old)
    marks = marks_of(f"{PREFIX}shop", version, old)
    copies = [estate.certificate(old, region, marks) for region in (HOME, US)]
    estate.listener("web", HOME, copies[0])
    estate.distribution(copies[1], "shop.example.com")
    elb.present(estate.aws, client, US, copies[1])
    apigateway.present(estate.aws, client, HOME, copies[0])
    cognito.user_pool(estate.aws, US, copies[1], "shop.example.com")
    cognito.user_pool(estate.aws, HOME, None)
    estate.renew("shop", authorities.public.issue("shop.example.com", key="rsa2048"))
    material = tmp_path / "both.pem"
    new = authorities.public.issue("new.example.com")
    material.write_text(new.fullchain_pem + new.key_pem(), encoding="utf-8")

    before = run("inventory", "--region", HOME)
    estate.environment["CERTROTATION_ARN_PARAMETERS"] = "on"
    deploy(estate, functions="certrotation-")
    ran = [
        run("inventory", "--html", str(tmp_path / "inventory.html")),
        run("plan", "--html", str(tmp_path / "plan.html")),
        run("plan", "shop"),
        run("plan", "new", "--material", str(material)),
        run("check", "--secret", "shop", "--against", copies[0]),
        run("mode"),
    ]
    with patch.object(probe, "connect", side_effect=probe.NoAnswerError("nobody is there")):
        ran.append(run("verify"))

    for each in (before, *ran):
        assert each.code is ExitCode.DONE, each.err
    return [
        {
            "action": ask.action,
            "resource": _resource(ask),
            "region": region,
            "resource_tags": {},
            "request_tags": dict(ask.request_tags),
            "tag_keys": list(ask.tag_keys),
        }
        for ask, region in wire
    ]


def _resource(ask: Ask) -> str:
    """The resource; a secret is known by its ARN, however the caller named it."""
    named = ask.resource
    if not ask.action.startswith("secretsmanager:") or named == "*" or named.startswith("arn:"):
        return named
    return f"arn:aws:secretsmanager:{HOME}:123456789012:secret:{named}-AbCdEf"


@pytest.mark.slow
def test_every_request_of_the_reading_verbs_is_allowed_and_nothing_is_allowed_in_vain(
    asked: list[dict[str, Any]],
) -> None:
    if not EVALUATOR.exists():
        pytest.skip("left out: the evaluator of the gate is not installed (make e2e installs it)")

    decided = decisions(asked, POLICY)

    denied = {each["action"] for each, by in zip(asked, decided, strict=True) if not by}
    assert denied == set()
    used = {each["action"] for each in asked}
    assert used == {action for each in POLICY["Statement"] for action in listed(each["Action"])}
    assert {*decided} == {each["Sid"] for each in POLICY["Statement"]}


def decisions(contexts: list[dict[str, Any]], policy: Mapping[str, Any]) -> list[str]:
    done = subprocess.run(  # noqa: S603  our own module
        [str(EVALUATOR), "-m", "tests.cli.decide"],
        input=json.dumps({"policy": policy, "contexts": contexts}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    decided: list[str] = json.loads(done.stdout)
    return decided


def listed(actions: str | list[str]) -> list[str]:
    return [actions] if isinstance(actions, str) else actions


def test_dependents_are_read_with_what_rotate_reads_them_with() -> None:
    (statement,) = [each for each in POLICY["Statement"] if each["Sid"] == "ReadDependents"]

    reads = {
        action
        for name in DEFAULT
        for granted in statements_of(name)
        for action in granted.actions
        if action.partition(":")[2].startswith(("Describe", "Get", "List"))
    }
    assert set(statement["Action"]) == reads - set(CHANGING)
