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
    """Yield lines about the one stack of an assembly, the warnings of the synthesis last."""
    manifest = _json(assembly / "manifest.json")
    ((name, stack),) = (
        (name, each)
        for name, each in manifest["artifacts"].items()
        if each["type"] == "aws:cloudformation:stack"
    )
    template_file = assembly / stack["properties"]["templateFile"]
    template = _json(template_file)
    resources = template["Resources"].values()
    variables = next(
        each["Properties"]["Environment"]["Variables"]
        for each in resources
        if each["Type"] == _FUNCTION
    )
    yield f"Stack:     {name}, version {template['Outputs'][VERSION]['Value']}"
    yield f"Mode:      {variables[environment.MODE]}"
    yield f"Regions:   {variables[environment.TARGET_REGIONS].replace(',', ', ')}"
    yield f"Secrets:   {variables[environment.SECRET_PREFIX]}*"
    yield f"Template:  {template_file}, {len(resources)} resources"
    for asset in sorted(assembly.glob("asset.*/")):
        size = sum(each.stat().st_size for each in asset.rglob("*") if each.is_file())
        yield f"Code:      {asset}, {size / 1_000_000:.1f} MB"
    yield "Nothing was deployed. To compare: npx cdk diff. To deploy: npx cdk deploy"
    for warning in _warnings(assembly, name, stack):
        yield f"Warning: {warning}"


def _warnings(assembly: Path, name: str, stack: dict[str, Any]) -> Iterator[str]:
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
