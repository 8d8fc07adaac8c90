"""Prints what a synthesized cloud assembly contains: `python -m infra.assembly cdk.out`."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from certrotation.names import environment
from certrotation.names.outputs import VERSION

_FUNCTION = "AWS::Lambda::Function"


def main() -> None:
    """Print a summary of the stack, then its warnings."""
    for line in summary(Path(sys.argv[1])):
        print(line)  # noqa: T201  its output


def summary(assembly: Path) -> Iterator[str]:
    """Yield lines about the stacks of an assembly, the warnings of the synthesis last."""
    stacks = [*stacks_of(assembly)]
    for name, stack in stacks:
        yield from _about(assembly, name, stack)
    for asset in sorted(assembly.glob("asset.*/")):
        size = sum(each.stat().st_size for each in asset.rglob("*") if each.is_file())
        yield f"Code:      {asset}, {size / 1_000_000:.1f} MB"
    name = stacks[0][0] if len(stacks) > 1 else ""
    commands = [f"npx cdk {verb} {name}".strip() for verb in ("diff", "deploy")]
    yield f"Nothing was deployed. To compare: {commands[0]}. To deploy: {commands[1]}"
    for name, stack in stacks:
        for warning in warnings_of(assembly, name, stack):
            yield f"Warning: {warning}"


def stacks_of(assembly: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield name and manifest entry of each stack, that of the service first."""
    manifest = _json(assembly / "manifest.json")
    yield from sorted(
        (name, each)
        for name, each in manifest["artifacts"].items()
        if each["type"] == "aws:cloudformation:stack"
    )


def _about(assembly: Path, name: str, stack: dict[str, Any]) -> Iterator[str]:
    template_file = assembly / stack["properties"]["templateFile"]
    template = _json(template_file)
    resources = template["Resources"].values()
    variables = next(
        (
            each["Properties"]["Environment"]["Variables"]
            for each in resources
            if each["Type"] == _FUNCTION
        ),
        None,
    )
    if variables is None:
        yield f"Stack:     {name}, of the central account"
    else:
        yield f"Stack:     {name}, version {template['Outputs'][VERSION]['Value']}"
        yield f"Mode:      {variables[environment.MODE]}"
        yield f"Regions:   {variables[environment.TARGET_REGIONS].replace(',', ', ')}"
        yield f"Secrets:   {variables[environment.SECRET_PREFIX]}*"
    yield f"Template:  {template_file}, {len(resources)} resources"


def warnings_of(assembly: Path, name: str, stack: dict[str, Any]) -> Iterator[str]:
    """Yield what the synthesis warned of in a stack."""
    additional = stack.get("additionalMetadataFile")
    metadata = _json(assembly / additional) if additional else stack.get("metadata", {})
    for path, entries in metadata.items():
        for entry in entries:
            if entry["type"] in {"aws:cdk:warning", "aws:cdk:error"}:
                where = "" if path == f"/{name}" else f"{path}: "
                yield f"{where}{entry['data']}"


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
