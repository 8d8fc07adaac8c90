"""Where things are, and the constants that everything here shares."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.e2e.gate.permissions import ACCOUNT

__all__ = ["ACCOUNT", "APAC", "EAST", "HOME", "PREFIX", "REGIONS", "ROOT", "STACK", "Folder"]

ROOT = Path(__file__).parents[2]
EMULATOR_PYTHON = ROOT / ".venv-e2e" / "bin" / "python"
"""Runs ministack and the functions: Python 3.13, as Lambda does."""

EAST, HOME, APAC = REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2")
"""The target Regions; the canary is where CloudFront is, and the stack is in another one."""

STACK = "certrotation"
PREFIX = "certrotation/"
ROOT_SECRET = "test"
"""What ministack takes as the account's own secret key."""


@dataclass(frozen=True, slots=True)
class Folder:
    """The run's folder: everything that it writes."""

    path: Path

    @property
    def certificate(self) -> Path:
        """The certificate that ministack shows."""
        return self.path / "ministack.crt"

    @property
    def key(self) -> Path:
        """Its key."""
        return self.path / "ministack.key"

    @property
    def decisions(self) -> Path:
        """What the gate decided."""
        return self.path / "decisions.jsonl"

    @property
    def unseen(self) -> Path:
        """ARNs whose tags IAM has yet to see."""
        return self.path / "unseen.txt"

    @property
    def roots(self) -> Path:
        """The roots that the functions take as public."""
        return self.path / "roots.pem"

    @property
    def ca(self) -> Path:
        """The files of the CA."""
        return self.path / "ca"

    @property
    def scratch(self) -> Path:
        """Where ministack has its temporary files."""
        return self.path / "tmp"
