"""The AWS CLI, whose calls are answered by the stage: `python -m tests.oncall.drill.shims.aws ...`.

It is version 1 of the real one, run in this process: arguments, `--query`, `--output`, paginators
and waiters are its own. Where the runbook speaks of version 2, `_as_of_version_1` adapts it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from types import SimpleNamespace
from typing import Any

import time_machine
from awscli.botocore.exceptions import EndpointConnectionError
from awscli.clidriver import CLIDriver, create_clidriver

from tests.oncall.drill.shims.logs_tail import tail
from tests.oncall.drill.wire import SOCKET, ask

_VERSION = "aws-cli/2.31.0 Python/3.13.7 Linux/6.8.0 exe/x86_64.ubuntu.24"
_FLAGS_OF_2 = {"--no-cli-pager", "--no-cli-auto-prompt", "--cli-auto-prompt"}
_OPTIONS_OF_2 = {"--cli-binary-format"}
_PARAMS = "drill_params"


def main(arguments: list[str]) -> int:
    """Run one command, and tell the stage what it printed."""
    path = os.environ[SOCKET]
    try:
        begun = ask(path, {"kind": "begin", "command": "aws", "arguments": arguments})
    except OSError:
        sys.stderr.write("aws: the drill is over\n")
        return 1
    with time_machine.travel(begun["now"], tick=False), tempfile.TemporaryFile() as printed:
        status = _printing_into(printed, arguments, path, begun["number"])
        printed.seek(0)
        output = printed.read()
    os.write(1, output) if len(output) < 4096 else _write_all(output)
    said = {"stdout": output.decode(errors="replace"), "status": status}
    ask(path, {"kind": "end", "number": begun["number"], **said})
    return status


def _write_all(output: bytes) -> None:
    with os.fdopen(os.dup(1), "wb") as out:
        out.write(output)


def _printing_into(printed: Any, arguments: list[str], path: str, number: int) -> int:
    """Run with standard output in a file, and return the exit code."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(printed.fileno(), 1)
    try:
        return _run(_as_of_version_1(arguments), path, number)
    except SystemExit as leaving:  # argparse's
        return leaving.code if isinstance(leaving.code, int) else 1
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def _as_of_version_1(arguments: list[str]) -> list[str]:
    """Leave out what only version 2 has, and what says nothing to version 1."""
    left: list[str] = []
    skips = False
    for each in arguments:
        if skips:
            skips = False
        elif each in _OPTIONS_OF_2:
            skips = True
        elif each not in _FLAGS_OF_2:
            left.append(each)
    return left


def _run(arguments: list[str], path: str, number: int) -> int:
    if arguments == ["--version"]:
        sys.stdout.write(f"{_VERSION}\n")
        return 0
    driver = create_clidriver()
    _answered_by_the_stage(driver, path, number)
    if "logs" in arguments and "tail" in arguments:
        return tail(driver.session, arguments[arguments.index("tail") + 1 :])
    return int(driver.main(arguments))


def _answered_by_the_stage(driver: CLIDriver, path: str, number: int) -> None:
    """Let every call of the CLI's clients go to the stage, and none to AWS."""

    def keep(params: Any, context: Any, **_: Any) -> None:
        context[_PARAMS] = params

    def answer(model: Any, params: Any, context: Any, **_: Any) -> tuple[Any, Any]:
        answered = ask(
            path,
            {
                "kind": "api",
                "number": number,
                "service": model.service_model.service_name,
                "operation": model.name,
                "region": context["client_region"],
                "params": context[_PARAMS],
            },
        )
        if answered["unreachable"]:
            raise EndpointConnectionError(endpoint_url=params["url"])
        return SimpleNamespace(status_code=answered["status"]), answered["answer"]

    driver.session.get_component("event_emitter").register_last("before-parameter-build", keep)
    driver.session.register("before-call", answer)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
