"""A machine that renews certificates: the command is on its path, its account is the double."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from tests.cli.files import write
from tests.cli.running import ROOT, environment
from tests.double.server import serving
from tests.simulation.estate import HOME, PREFIX, client
from tests.support.authority import pem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from tests.support.authorities import Authorities

HOOKS = ROOT / "docs" / "hooks"
SHOP = f"{PREFIX}shop"
SHELL = shutil.which("sh") or "/bin/sh"


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A machine on which the command is installed."""

    environment: Mapping[str, str]
    operations: list[str]
    """What its processes asked of AWS."""

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a program with these arguments; a variable of "" is not set."""
        wanted = {**self.environment, **variables}
        return subprocess.run(  # noqa: S603  our own files
            command,
            env={name: value for name, value in wanted.items() if value},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def shell(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a shell with these arguments."""
        return self.run(SHELL, *command, **variables)


@contextmanager
def hook_machine(folder: Path, authorities: Authorities) -> Iterator[Machine]:
    """Serve the embedded account over HTTP to a machine of its own."""
    command = folder / "bin" / "certrotation"
    write(command, f'#!/bin/sh\nexec {sys.executable} -m certrotation.cli "$@"\n')
    command.chmod(0o755)
    roots = write(folder / "roots.pem", pem(authorities.public_root.certificate))
    operations: list[str] = []

    def note(operation: str) -> bool:
        operations.append(operation)
        return False

    with serving(note) as address:
        found = environment(address)
        yield Machine(
            environment={
                **found,
                "PATH": f"{command.parent}{os.pathsep}{found['PATH']}",
                "CERTROTATION_PUBLIC_ROOTS_FILE": roots,
            },
            operations=operations,
        )


def material(name: str = SHOP) -> dict[str, str]:
    """Return the current value of a secret."""
    value = client("secretsmanager", HOME).get_secret_value(SecretId=name)
    return dict(json.loads(value["SecretString"]))


def is_least(policy: str, operations: Iterable[str]) -> bool:
    """Whether a policy allows exactly these operations, and on the secret that there is."""
    (statement,) = json.loads((HOOKS / policy).read_text(encoding="utf-8"))["Statement"]
    arn = client("secretsmanager", HOME).describe_secret(SecretId=SHOP)["ARN"]
    assert fnmatchcase(arn, statement["Resource"])
    return set(statement["Action"]) == {f"secretsmanager:{each}" for each in operations}
