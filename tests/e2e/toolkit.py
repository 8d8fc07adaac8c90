"""The commands that a person uses, the CDK's and the project's own, pointed at ministack."""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Self

from certrotation.aws.dependents.registry import NAMES
from infra.packaging.bundling import TASK_ROOT, issuer_file
from tests.acme.local_ca import ISSUER
from tests.e2e.places import ACCOUNT, EMULATOR_PYTHON, HOME, REGIONS, ROOT, STACK
from tests.e2e.processes import Process
from tests.e2e.servers import credentials, environment
from tests.packaged.asset import HERE

if TYPE_CHECKING:
    from tests.acme.local_ca import Ca
    from tests.e2e.places import Folder

_CLI = ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"
# uv, and the Python that compiles the asset.
_TOOLS = (Path(sys.executable).parent, EMULATOR_PYTHON.parent)
_CONTEXT = {
    "arch": HERE,  # the asset runs on this machine
    "target_regions": ",".join(REGIONS),
    "mode": "apply",  # the repository's cdk.json says report
    "dependents": ",".join(NAMES),  # those that are off by default as well
}


class ToolkitError(RuntimeError):
    """A command failed; the message holds what it said."""


class Toolkit:
    """Runs commands; what still runs when the context is left is ended."""

    def __init__(self, folder: Folder, ministack: str, ca: Ca | None) -> None:
        self._folder = folder
        self._ca = ca
        self._ministack = ministack
        self._threads = ThreadPoolExecutor()
        self._processes: list[Process] = []
        self._numbers = count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._processes:
            each.end()
        self._threads.shutdown(cancel_futures=True)

    def bootstrap(self) -> Future[str]:
        """Bootstrap the account's home Region."""
        return self._start("bootstrap", f"aws://{ACCOUNT}/{HOME}")

    def synthesize(self, name: str, **settings: object) -> Future[Path]:
        """Synthesize the stack with these settings, and ours; gives the folder it is in."""
        output = self._folder.path / f"{name}.out"

        def synthesize() -> Path:
            issuers = {"issuers": self._ca.setting()} if self._ca else {}
            context = _context({**issuers, **settings})
            self._run("synth", "--quiet", "--output", str(output), *context)
            template = output / f"{STACK}.template.json"
            text = template.read_text(encoding="utf-8")
            template.write_text(without_what_ministack_lacks(text), encoding="utf-8")
            if self._ca:
                _place_the_root(template, self._ca)
            return output

        return self._threads.submit(synthesize)

    def deploy(self, assembly: Path) -> Future[str]:
        """Deploy a synthesized stack; gives what the command said."""
        return self._start("deploy", "--app", str(assembly), STACK, "--require-approval", "never")

    def destroy(self, assembly: Path) -> Future[str]:
        """Destroy the stack."""
        return self._start("destroy", "--app", str(assembly), STACK, "--force")

    def switch(self, mode: str) -> str:
        """Run what `make mode` runs; returns what it said."""
        command = ("certrotation.cli", "mode", mode, "--stack", STACK, "--yes")
        return self._run_command(sys.executable, "-m", *command)

    def _start(self, *arguments: str) -> Future[str]:
        return self._threads.submit(self._run, *arguments)

    def _run(self, *arguments: str) -> str:
        return self._run_command("node", str(_CLI), *arguments, "--no-notices", "--ci")

    def _run_command(self, *command: str) -> str:
        process = Process(
            command,
            cwd=ROOT,
            environment=self._environment(),
            log=self._folder.path / f"command-{len(self._processes)}.log",
        )
        self._processes.append(process)
        if process.wait() != 0:
            raise ToolkitError(f"{' '.join(command)} failed:\n{process.said[-4000:]}")
        return process.said

    def _environment(self) -> dict[str, str]:
        trusted = str(self._folder.certificate)
        return environment(
            **credentials(),
            AWS_CA_BUNDLE=trusted,
            AWS_DEFAULT_REGION=HOME,  # boto3 reads this one, the toolkit the other
            AWS_ENDPOINT_URL=self._ministack,
            AWS_REGION=HOME,
            CDK_DEFAULT_ACCOUNT=ACCOUNT,
            CDK_DEFAULT_REGION=HOME,
            CDK_DISABLE_CLI_TELEMETRY="true",
            CDK_DISABLE_VERSION_CHECK="true",
            # It keeps there which account a key belongs to, and would mistake another run's.
            CDK_HOME=str(self._folder.path / "cdk-home"),
            JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION="20",
            NODE_EXTRA_CA_CERTS=trusted,
            PATH=os.pathsep.join([*map(str, _TOOLS), os.environ["PATH"]]),
            PYTHONPATH=f"{ROOT / 'lambdas'}{os.pathsep}{ROOT}",
        )


_UNKNOWN = {
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::Logs::QueryDefinition",
}


def without_what_ministack_lacks(template: str) -> str:
    """Return a template without alarms on metric math, what refers to them, and saved queries.

    What alarms do and the dashboard shows, tests/oncall tells; the queries are in tests/contracts.
    """
    document = json.loads(template)
    document["Resources"] = {
        name: resource
        for name, resource in document["Resources"].items()
        if resource["Type"] not in _UNKNOWN
        and not (
            resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]
        )
    }
    return json.dumps(document, indent=1)


def _place_the_root(template: Path, ca: Ca) -> None:
    """Name the root of the CA's own server where it is: ministack unpacks assets elsewhere."""
    text = template.read_text(encoding="utf-8")
    placed = f"{TASK_ROOT}/{issuer_file(ISSUER)}"
    assert placed in text
    template.write_text(text.replace(placed, str(ca.server.ca_file)), encoding="utf-8")


def _context(settings: dict[str, object]) -> list[str]:
    return [
        word
        for name, value in {**_CONTEXT, **settings}.items()
        for word in ("-c", f"certrotation:{name}={value}")
    ]
