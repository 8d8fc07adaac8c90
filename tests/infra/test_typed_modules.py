"""mypy reads few of the CDK's modules; what this repository uses of the CDK must be among them."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.infra.synthesis import ROOT


def test_every_module_of_the_cdk_that_is_imported_has_its_types() -> None:
    """A module that mypy skips is `Any`, and whatever is called of it is right."""
    sources = [ROOT / "app.py", *ROOT.glob("infra/**/*.py"), *ROOT.glob("tests/**/*.py")]

    imported = {module for source in sources for module in cdk_modules(source)}

    assert "aws_cdk.aws_lambda" in imported
    assert imported <= typed_modules()


def typed_modules() -> set[str]:
    """The modules of the CDK whose imports mypy follows."""
    mypy = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    (followed,) = [each for each in mypy["overrides"] if each.get("follow_imports") == "normal"]
    return {*followed["module"]}


def cdk_modules(source: Path) -> Iterator[str]:
    """The modules of the CDK that a source file imports."""
    text = source.read_text(encoding="utf-8")
    if "aws_cdk" not in text:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name.startswith("aws_cdk"))
        elif isinstance(node, ast.ImportFrom) and node.module == "aws_cdk":
            yield "aws_cdk"
            yield from (f"aws_cdk.{each.name}" for each in node.names if each.name.islower())
