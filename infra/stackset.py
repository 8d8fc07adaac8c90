"""Writes what a StackSet deploys: `python -m infra.stackset ASSEMBLY FOLDER`.

The folder has the layout of the bucket: the template and the zips of the code, below the version. A
person copies it into the bucket of the home Region. docs/accounts.md shows the commands.
"""

import json
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.assembly import stacks_of, warnings_of

LARGEST_TEMPLATE = 1_000_000
"""Bytes of a template in a bucket (CloudFormation User Guide, Understand CloudFormation quotas)."""

# The earliest date that a zip can hold: the same content gives the same zip, whenever it is made.
_DATE = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644 << 16


def main() -> None:
    """Write the folder, and print what is in it."""
    assembly, folder = map(Path, sys.argv[1:])
    for line in write(assembly, folder):
        print(line)  # noqa: T201  its output


def write(assembly: Path, folder: Path) -> Iterator[str]:
    """Write the objects of the bucket, and yield lines about them and the warnings last.

    Raises:
        SystemExit: a template is larger than CloudFormation takes.
    """
    shutil.rmtree(folder, ignore_errors=True)
    stacks = [*stacks_of(assembly)]
    for name, stack in stacks:
        assets = _json(assembly / f"{name}.assets.json")["files"].values()
        for each in assets:
            ((_, destination),) = each["destinations"].items()
            written = folder / destination["objectKey"]
            written.parent.mkdir(parents=True, exist_ok=True)
            source = assembly / each["source"]["path"]
            if each["source"]["packaging"] == "zip":
                _zip(source, written)
                yield f"Code:      {written}, {written.stat().st_size / 1_000_000:.1f} MB"
            else:
                written = written.parent / stack["properties"]["templateFile"]
                yield f"Template:  {written}, {_compact(source, written):,} bytes"
    yield "Nothing was deployed. docs/accounts.md says how."
    for name, stack in stacks:
        for warning in warnings_of(assembly, name, stack):
            yield f"Warning: {warning}"


def _compact(source: Path, written: Path) -> int:
    """Write a template without blanks; returns its size."""
    text = json.dumps(_json(source), separators=(",", ":"))
    size = len(text.encode())
    if size > LARGEST_TEMPLATE:
        sys.exit(
            f"{source.name} has {size:,} bytes, and CloudFormation takes {LARGEST_TEMPLATE:,}."
            " Configure fewer target Regions or issuers for each deployment."
        )
    written.write_text(text, encoding="utf-8")
    return size


def _zip(source: Path, written: Path) -> None:
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(each for each in source.rglob("*") if each.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(source).as_posix(), _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _READABLE
            archive.writestr(entry, path.read_bytes())


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
