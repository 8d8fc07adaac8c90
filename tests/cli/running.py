"""Runs commands against the embedded account: in this process, or as a process over HTTP."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from certrotation import __version__
from certrotation.cli import main
from certrotation.names.outputs import (
    ISSUE_FUNCTION,
    ROTATE_FUNCTION,
    ROTATE_LOGS,
    SCAN_FUNCTION,
    SOURCE_TOPIC,
    VERSION,
)
from tests.cli.schemas import check_document
from tests.simulation.estate import HOME, client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.simulation.estate import Estate

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "certrotation.cli")
FUNCTIONS = {ROTATE_FUNCTION: "tls-rotate", SCAN_FUNCTION: "tls-scan"}
ISSUE = "tls-issue"
CREDENTIALS = {
    "AWS_REGION": HOME,
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "not-a-secret",
}


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object that it printed, checked against its schema."""
        document: dict[str, Any] = json.loads(self.out)
        check_document(document)
        return document


def run(*arguments: str, **variables: str) -> Ran:
    """Run a command in this process; the variables stand beside credentials and Region."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, {**CREDENTIALS, **variables}),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = main.run(arguments)
    return Ran(code=code, out=out.getvalue(), err=err.getvalue())


def run_process(address: str | None, *arguments: str, stdin: str = "", **variables: str) -> Ran:
    """Run a command as a process of its own.

    Args:
        address: of the account over HTTP; None for a command that asks nobody.
        arguments: the command line.
        stdin: what the process may read.
        variables: stand beside credentials and Region.
    """
    done = subprocess.run(  # noqa: S603  our own module
        [*COMMAND, *arguments],
        env={**environment(address), **variables},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return Ran(code=done.returncode, out=done.stdout, err=done.stderr)


def environment(address: str | None) -> dict[str, str]:
    """Return the variables of a process that uses the account at this address."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    endpoint = {"AWS_ENDPOINT_URL": address} if address else {}
    return {**kept, "PYTHONPATH": str(ROOT / "lambdas"), **CREDENTIALS, **endpoint}


def settings_of(estate: Estate) -> dict[str, str]:
    """Return the variables of the functions, as a shell without a stack may set them."""
    return {k: v for k, v in estate.environment.items() if k.startswith("CERTROTATION_")}


def deploy(
    estate: Estate,
    settings: Mapping[str, str] | None = None,
    *,
    stack: str = "certrotation",
    version: str | None = __version__,
    functions: str = "tls-",
    issuers: Mapping[str, object] | None = None,
    logs: str | None = None,
    topic: str | None = None,
) -> None:
    """Have the estate's functions deployed, with these settings beside the estate's.

    Args:
        estate: the account.
        settings: variables of both functions.
        stack: the name of the stack.
        version: in the stack's outputs, unless it is None.
        functions: how the names of the functions begin.
        issuers: the setting `issuers`; with it, the stack has an issue function.
        logs: the name of rotate's log group, which is made; none by default.
        topic: the ARN of the source topic; none by default.
    """
    lambda_ = client("lambda", HOME)
    role = client("iam", "us-east-1").create_role(
        RoleName=f"{stack}-role", AssumeRolePolicyDocument="{}"
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("function.py", "")
    named = {**FUNCTIONS, **({ISSUE_FUNCTION: ISSUE} if issuers else {})}
    outputs = {key: name.replace("tls-", functions) for key, name in named.items()}
    for key, name in outputs.items():
        own = {"CERTROTATION_ISSUERS": json.dumps(issuers)} if key == ISSUE_FUNCTION else {}
        lambda_.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role["Role"]["Arn"],
            Handler="function.handler",
            Code={"ZipFile": packed.getvalue()},
            Environment={"Variables": {**settings_of(estate), **(settings or {}), **own}},
        )
    shown = {**outputs, **({VERSION: version} if version else {})}
    shown |= {SOURCE_TOPIC: topic} if topic else {}
    if logs is not None:
        estate.aws.log(logs)
        shown[ROTATE_LOGS] = logs
    estate.aws.deploy_stack(stack, HOME, shown)


def variables_of(function: str) -> dict[str, str]:
    """Return the variables of a deployed function."""
    got = client("lambda", HOME).get_function_configuration(FunctionName=function)
    variables: dict[str, str] = got["Environment"]["Variables"]
    return variables
