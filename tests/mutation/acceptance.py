"""The mutants that may survive, each with its reason, and what a run's survivors mean."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.mutation.mutants import MODULES, Mutant

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

ACCEPTED = Path(__file__).with_name("accepted.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Survivors that nobody accepted, and accepted mutants that do not survive."""

    unaccepted: tuple[Mutant, ...]
    obsolete: tuple[Mutant, ...]

    @property
    def holds(self) -> bool:
        """Whether the survivors are exactly the accepted ones."""
        return not self.unaccepted and not self.obsolete


def load_accepted(modules: Collection[str] = MODULES) -> dict[Mutant, str]:
    """Return the reason of each accepted mutant of `modules`; a run says nothing of the others."""
    reasons = {
        Mutant(**{key: value for key, value in entry.items() if key != "reason"}): entry["reason"]
        for entry in tomllib.loads(ACCEPTED.read_text()).get("mutant", [])
    }
    return {each: reason for each, reason in reasons.items() if each.module in modules}


def judge(survivors: Collection[Mutant], accepted: Mapping[Mutant, str]) -> Verdict:
    """Compare what survived with what may."""
    return Verdict(
        unaccepted=tuple(each for each in survivors if each not in accepted),
        obsolete=tuple(each for each in accepted if each not in survivors),
    )
