"""A synthesized template, read by meaning: handlers, roles and resource types, no logical ids."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def synthesize(outdir: Path, settings: Mapping[str, object]) -> "Template":
    """Return the template that app.py writes for `settings`."""
    finished = run_app(outdir, settings)
    assert finished.returncode == 0, finished.stderr
    (template,) = outdir.glob("*.template.json")
    return Template(template.read_text(encoding="utf-8"))


def synthesize_once(
    temporary: pytest.TempPathFactory, name: str, settings: Mapping[str, object]
) -> "Template":
    """Return the template for `settings`: synthesized once a run, however many workers share it."""
    (template,) = assemble_once(temporary, name, settings).glob("*.template.json")
    return Template(template.read_text(encoding="utf-8"))


APP = (str(ROOT / "app.py"),)
PORTABLE = (*APP, "--portable")


def assemble_once(
    temporary: pytest.TempPathFactory,
    name: str,
    settings: Mapping[str, object],
    app: Sequence[str] = APP,
) -> Path:
    """Return the assembly for `settings`: synthesized once a run, as above."""
    own = temporary.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / name
    folder.mkdir(exist_ok=True)
    assembled = folder / "assembled"
    with (folder / "assembly.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not assembled.exists():
            finished = run_app(folder / "cdk.out", settings, app)
            assert finished.returncode == 0, finished.stderr
            assembled.touch()
    return folder / "cdk.out"


def run_app(
    outdir: Path,
    settings: Mapping[str, object],
    app: Sequence[str] = APP,
    *,
    bundles: bool = False,
) -> "subprocess.CompletedProcess[str]":
    """Run app.py as the CDK's command line does, without bundling the asset unless `bundles`.

    In a process of its own, so that Node and what it prints stay out of the tests' process.
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
        return json.loads(self.text)["Outputs"][name]["Value"]

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


def _statements(policy: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for statement in policy["PolicyDocument"]["Statement"]:
        yield statement | {
            "Action": _as_list(statement["Action"]),
            "Resource": _as_list(statement["Resource"]),
        }


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
