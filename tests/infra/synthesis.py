"""A synthesized template, read by meaning: handlers, roles and resource types, no logical ids."""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
APP = (str(ROOT / "app.py"),)
PORTABLE = (*APP, "--portable")


def synthesize(temporary: pytest.TempPathFactory, settings: Mapping[str, object]) -> "Template":
    """Return the template of the service's stack for `settings`."""
    (template,) = assemble(temporary, settings).glob("*.template.json")
    return Template(template.read_text(encoding="utf-8"))


def assemble(
    temporary: pytest.TempPathFactory, settings: Mapping[str, object], *, is_portable: bool = False
) -> Path:
    """Return the reviewed assembly for `settings`, without the code of the functions.

    However many tests and workers ask for it, it is synthesized once a run.

    Raises:
        Exception: the app refuses the settings, or cdk-nag has a finding without an answer.
    """
    own = temporary.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    asked = json.dumps([settings, is_portable])
    folder = shared / f"assembly-{hashlib.sha256(asked.encode()).hexdigest()[:16]}"
    folder.mkdir(exist_ok=True)
    assembled = folder / "assembled"
    with (folder / "assembly.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not assembled.exists():
            written = str(folder / "cdk.out")
            _assembler().submit(_assemble, written, asked).result()
            assembled.touch()
    return folder / "cdk.out"


def reviews(assembly: Path) -> list[dict[str, Any]]:
    """Return the reports of cdk-nag's pack AwsSolutions on the stacks of an assembly."""
    report = json.loads((assembly / "validation-report.json").read_text(encoding="utf-8"))
    return [each for each in report["pluginReports"] if each["pluginName"] == "AwsSolutions"]


@cache
def _assembler() -> ProcessPoolExecutor:
    """Return a process of this worker's in which the CDK is loaded once.

    Loading the CDK costs ten times as much as a synthesis, and what Node prints stays out of the
    tests' process.
    """
    return ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn"))


def _assemble(outdir: str, asked: str) -> None:
    """In the other process: this one never loads the CDK."""
    settings, is_portable = json.loads(asked)
    import_module("tests.infra.assembler").assemble(outdir, settings, is_portable=is_portable)


def run_app(
    outdir: Path,
    settings: Mapping[str, object],
    app: Sequence[str] = APP,
    *,
    bundles: bool = False,
) -> "subprocess.CompletedProcess[str]":
    """Run app.py as the CDK's command line does, without bundling the asset unless `bundles`.

    For what app.py says and how the process ends; for a template, `synthesize` costs less.
    """
    context: dict[str, object] = {"certrotation": settings}
    if not bundles:
        context["aws:cdk:bundling-stacks"] = []
    environment = os.environ | {
        "CDK_OUTDIR": str(outdir),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "lambdas"), str(ROOT)]),
        "CDK_CONTEXT_JSON": json.dumps(context),
    }
    return subprocess.run(  # noqa: S603  no shell; every word is ours
        [sys.executable, *app],
        cwd=outdir.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@dataclass(frozen=True, slots=True)
class Template:
    """The one stack's template."""

    text: str

    def of_type(self, resource_type: str) -> dict[str, Any]:
        """Properties by logical id."""
        return {
            logical_id: resource["Properties"]
            for logical_id, resource in json.loads(self.text)["Resources"].items()
            if resource["Type"] == resource_type
        }

    def kept(self, resource_type: str) -> dict[str, bool]:
        """Whether a resource stays when the stack goes, by logical id."""
        return {
            logical_id: resource.get("DeletionPolicy") == "RetainExceptOnCreate"
            for logical_id, resource in json.loads(self.text)["Resources"].items()
            if resource["Type"] == resource_type
        }

    def one(self, resource_type: str) -> dict[str, Any]:
        (properties,) = self.of_type(resource_type).values()
        found: dict[str, Any] = properties
        return found

    def output(self, name: str) -> Any:
        """The value of one of the stack's outputs."""
        return _outputs(self.text)[name]["Value"]

    def function(self, handler: str) -> tuple[str, dict[str, Any]]:
        """Logical id and properties of the function that runs `handler`."""
        (found,) = (
            (logical_id, properties)
            for logical_id, properties in self.of_type("AWS::Lambda::Function").items()
            if properties["Handler"] == handler
        )
        return found

    def statements_of(self, handler: str) -> list[dict[str, Any]]:
        """Every policy statement of the role of the function that runs `handler`."""
        role = self.function(handler)[1]["Role"]["Fn::GetAtt"][0]
        managed = self.of_type("AWS::IAM::ManagedPolicy")
        attached = self.of_type("AWS::IAM::Role")[role].get("ManagedPolicyArns", [])
        return [
            statement
            for policy in (
                *(each for each in self._policies() if {"Ref": role} in each.get("Roles", [])),
                # None is AWS's own: each is a Ref to one of the stack's.
                *(managed[each["Ref"]] for each in attached),
            )
            for statement in _statements(policy)
        ]

    def all_statements(self) -> list[dict[str, Any]]:
        """Every statement of every identity policy in the stack."""
        return [statement for policy in self._policies() for statement in _statements(policy)]

    def allowed_actions(self) -> set[str]:
        """Every action that a role of the stack may take on something."""
        allowed = (each for each in self.all_statements() if each["Effect"] == "Allow")
        return {action for each in allowed for action in each["Action"]}

    def _policies(self) -> Iterator[dict[str, Any]]:
        # The CDK moves what outgrows a role's inline policy into managed ones.
        yield from self.of_type("AWS::IAM::Policy").values()
        yield from self.of_type("AWS::IAM::ManagedPolicy").values()


@cache
def _outputs(text: str) -> dict[str, Any]:
    # A watch asks for a queue's name each minute of its days.
    found: dict[str, Any] = json.loads(text)["Outputs"]
    return found


def _statements(policy: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for statement in policy["PolicyDocument"]["Statement"]:
        yield statement | {
            "Action": _as_list(statement["Action"]),
            "Resource": _as_list(statement["Resource"]),
        }


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
