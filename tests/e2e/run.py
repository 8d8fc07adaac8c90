"""What the acts have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    from tests.e2e.account import Account
    from tests.e2e.deployed import Cloud, Stack
    from tests.e2e.places import Folder
    from tests.e2e.servers import Servers
    from tests.e2e.teller import Teller
    from tests.e2e.toolkit import Toolkit


@dataclass(kw_only=True)
class Run:
    """One run."""

    tell: Teller
    folder: Folder
    account: Account
    servers: Servers
    toolkit: Toolkit
    cloud: Cloud
    assemblies: dict[str, Future[Path]] = field(default_factory=dict)
    """What is being synthesized, or is, by name."""
    _stack: list[Any] = field(default_factory=list)

    @property
    def stack(self) -> Stack:
        """The deployed stack."""
        if not self._stack:
            self._stack.append(self.cloud.stack())
        found: Stack = self._stack[0]
        return found
