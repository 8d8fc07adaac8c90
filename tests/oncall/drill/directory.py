"""The folder that a person on call gets: the mail, the documents, and commands."""

from __future__ import annotations

import json
import os
import shutil
import stat
from typing import TYPE_CHECKING

from tests.infra.synthesis import ROOT
from tests.oncall.year.population import REGIONS
from tests.oncall.year.world import STACK
from tests.support.estate import HOME

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS = ("runbook", "operating", "deploying", "glossary", "lifecycle")
_ONE_SHOT = ("call", "date", "git", "make", "npm", "npx", "openssl", "sleep")
PYTHON = ROOT / ".venv-drill" / "bin" / "python"
STAGE = ".stage"


def lay_out(folder: Path) -> Path:
    """Put everything there but the mail, and return where the stage's socket is to be.

    Raises:
        FileExistsError: the folder is not empty.
        FileNotFoundError: the AWS CLI is not installed.
    """
    if not PYTHON.exists():
        raise FileNotFoundError(f"no {PYTHON}: make .venv-drill/.installed")
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty")
    own = folder / STAGE
    own.mkdir(parents=True)
    _documents(folder)
    _commands(folder, own)
    return own / "socket"


def _documents(folder: Path) -> None:
    (folder / "docs").mkdir()
    for each in DOCUMENTS:
        shutil.copy(ROOT / "docs" / f"{each}.md", folder / "docs")
    shutil.copy(ROOT / "README.md", folder)
    configured = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))
    configured["context"]["certrotation"] |= {"stack_name": STACK, "target_regions": [*REGIONS]}
    (folder / "cdk.json").write_text(json.dumps(configured, indent=2) + "\n", encoding="utf-8")


def _commands(folder: Path, own: Path) -> None:
    binaries = folder / "bin"
    binaries.mkdir()
    config = own / "config"
    config.write_text(
        f"[default]\nregion = {HOME}\ncli_follow_urlparam = false\n", encoding="utf-8"
    )
    head = f"#!/bin/sh\nexport DRILL_SOCKET={own / 'socket'} PYTHONPATH={ROOT}\n"
    aws = (
        f"{head}export AWS_CONFIG_FILE={config} AWS_SHARED_CREDENTIALS_FILE=/dev/null\n"
        "export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE AWS_SECRET_ACCESS_KEY=not-a-secret\n"
        f"export AWS_DEFAULT_REGION=${{AWS_REGION:-${{AWS_DEFAULT_REGION:-{HOME}}}}}\n"
        "unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_ENDPOINT_URL\n"
        f'exec {PYTHON} -s -m tests.oncall.drill.shims.aws "$@"\n'
    )
    _script(binaries / "aws", aws)
    for each in _ONE_SHOT:
        run = f'exec {PYTHON} -s -m tests.oncall.drill.shims.one_shot {each} "$@"\n'
        _script(binaries / each, head + run)
    path = os.pathsep.join([str(binaries), "$PATH"])
    (folder / "env.sh").write_text(
        f'export PATH="{path}" AWS_REGION={HOME} AWS_DEFAULT_REGION={HOME} TZ=UTC\n',
        encoding="utf-8",
    )


def _script(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
