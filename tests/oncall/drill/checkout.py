"""A checkout of the version that is deployed, as far as a person on call works with it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.oncall.drill.answers import NotModelledError
from tests.oncall.drill.mending import put_back
from tests.oncall.year.world import DEPLOYED, STACK

if TYPE_CHECKING:
    from datetime import datetime

    from tests.oncall.drill.stage import Stage

OLDER, NEWER = "v1.7.2", "v1.8.0"
_COMMITS = {NEWER: "9d41c7e", OLDER: "3b8e0f2"}
_SUBJECTS = {NEWER: "Read secrets in one pass", OLDER: "Say in the notice what is live meanwhile"}
_LONG_AGO = DEPLOYED - timedelta(days=40)
_A_DEPLOYMENT_TAKES = 150
_A_SETUP_TAKES = 60

_BAD = frozenset({"every scan dies", "every rotation dies"})
"""Faults that a deployment of the newer version brought."""


class Checkout:
    """git, make, npm and npx in it."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._out = NEWER
        self._deployed = NEWER
        stage.notes["deployed at"] = deployed_at(stage)

    def run(self, name: str, arguments: list[str], stack: str) -> tuple[int, str]:
        """Run a command, and return its exit code and what it prints."""
        match name:
            case "git":
                return self._git(arguments)
            case "make":
                return self._make(arguments, stack)
            case "npm":
                self._stage.pass_time(_A_SETUP_TAKES)
                return 0, "added 1 package in 4s\n"
            case _:
                return self._npx([each for each in arguments if each != "cdk"], arguments)

    # git

    def _git(self, arguments: list[str]) -> tuple[int, str]:  # noqa: PLR0911  a table
        commit, subject = _COMMITS[self._out], _SUBJECTS[self._out]
        match arguments:
            case ["log", *_]:
                return 0, self._log()
            case ["tag", *_]:
                return 0, f"{OLDER}\n{NEWER}\n"
            case ["status", *_]:
                return 0, f"HEAD detached at {self._out}\nnothing to commit, working tree clean\n"
            case ["describe", *_]:
                return 0, f"{self._out}\n"
            case ["rev-parse", *_]:
                return 0, f"{commit}\n"
            case ["branch", *_]:
                return 0, f"* (HEAD detached at {self._out})\n  main\n"
            case ["fetch" | "pull", *_]:
                return 0, "Already up to date.\n"
            case ["checkout" | "switch", *rest]:
                return self._check_out(rest[-1] if rest else "")
            case ["show" | "diff", *_]:
                return 0, f"commit {commit} (tag: {self._out})\n\n    {subject}\n"
            case _:
                raise NotModelledError("git " + " ".join(arguments))

    def _log(self) -> str:
        lines = {
            NEWER: f"{_COMMITS[NEWER]} (tag: {NEWER}, main) {_SUBJECTS[NEWER]}\n",
            OLDER: f"{_COMMITS[OLDER]} (tag: {OLDER}) {_SUBJECTS[OLDER]}\n",
        }
        return lines[OLDER] if self._out == OLDER else lines[NEWER] + lines[OLDER]

    def _check_out(self, what: str) -> tuple[int, str]:
        older = {OLDER, _COMMITS[OLDER], "HEAD~1", "HEAD~", "HEAD^", f"{NEWER}~1", "main~1"}
        newer = {NEWER, _COMMITS[NEWER], "main", "-"}
        if what in older and not (self._out == OLDER and what.startswith("HEAD")):
            self._out = OLDER
        elif what in newer:
            self._out = NEWER
        else:
            return 1, f"error: pathspec '{what}' did not match any file(s) known to git\n"
        return 0, f"HEAD is now at {_COMMITS[self._out]} {_SUBJECTS[self._out]}\n"

    # make

    def _make(self, arguments: list[str], stack: str) -> tuple[int, str]:
        given = dict(each.partition("=")[::2] for each in arguments if "=" in each)
        targets = [each for each in arguments if "=" not in each]
        if targets == ["mode"]:
            return self._mode(given.get("MODE", "report"), given.get("STACK") or stack)
        if set(targets) <= {"setup", "clean"} and targets:
            self._stage.pass_time(_A_SETUP_TAKES)
            return 0, ""
        raise NotModelledError("make " + " ".join(arguments))

    def _mode(self, mode: str, stack: str) -> tuple[int, str]:
        """Do what infra/mode.py does."""
        if (stack or "certrotation") != STACK:
            return 1, (
                "An error occurred (ValidationError) when calling the DescribeStacks operation: "
                f"Stack with id {stack or 'certrotation'} does not exist\n"
            )
        if mode not in {"apply", "report"}:
            return 1, f"argument mode: invalid choice: '{mode}' (choose from apply, report)\n"
        environment = self._stage.world.estate.environment
        was = environment.get("CERTROTATION_MODE", "apply")
        environment["CERTROTATION_MODE"] = mode
        self._stage.did("UpdateFunctionConfiguration20150331v2", {"mode": mode})
        names = self._stage.names
        functions = [names.of(names.behind(e)) for e in ("RotateFunction", "ScanFunction")]
        return 0, "".join(f"{each}: was {was}, is {mode}\n" for each in functions)

    # npx cdk

    def _npx(self, arguments: list[str], given: list[str]) -> tuple[int, str]:
        match arguments:
            case ["deploy", *options]:
                return self._deploy(options)
            case ["diff", *_]:
                return 0, self._diff()
            case ["--version", *_]:
                return 0, "2.1130.0 (build 5d1ec0f)\n"
            case ["list" | "ls", *_]:
                return 0, f"{STACK}\n"
            case ["drift", *_]:
                return 0, f"Stack {STACK}\nsee npx cdk deploy --revert-drift\n"
            case _:
                raise NotModelledError("npx " + " ".join(given))

    def _diff(self) -> str:
        if self._out == self._deployed:
            return f"Stack {STACK}\nThere were no differences\n"
        return (
            f"Stack {STACK}\nResources\n"
            "[~] AWS::Lambda::Function ScanFunction\n └─ [~] Code\n     └─ [~] .S3Key\n"
            "[~] AWS::Lambda::Function RotateFunction\n └─ [~] Code\n     └─ [~] .S3Key\n"
        )

    def _deploy(self, options: list[str]) -> tuple[int, str]:
        reverts = "--revert-drift" in options
        changed: list[str] = []
        if self._out != self._deployed:
            self._deployed = self._out
            changed += [f"AWS::Lambda::Function {e}" for e in ("ScanFunction", "RotateFunction")]
            self._change_code()
        self._stage.pass_time(_A_DEPLOYMENT_TAKES if changed or reverts else 20)
        if reverts:
            changed += put_back(self._stage)
        if not changed:
            return 0, f"\n ✅  {STACK} (no changes)\n{self._outputs()}"
        self._stage.notes["deployed at"] = self._stage.world.now
        lines = "".join(f"{STACK} | UPDATE_COMPLETE | {each}\n" for each in changed)
        return 0, f"{STACK}: deploying...\n{lines}\n ✅  {STACK}\n{self._outputs()}"

    def _change_code(self) -> None:
        """Deploy code: the newer version is bad in the faults that it brought."""
        switches, bad = self._stage.world.functions.switches, self._deployed == NEWER
        name = self._stage.scene.injected.fault.name
        switches.scan_dies = bad and name == "every scan dies"
        switches.rotate_dies = bad and name == "every rotation dies"
        self._stage.world.functions.plan_poll()

    def _outputs(self) -> str:
        lines = (f"{STACK}.{key} = {each}\n" for key, each in self._stage.names.outputs.items())
        return "\nOutputs:\n" + "".join(lines)


def deployed_at(stage: Stage) -> datetime:
    """Return when the version that runs was deployed."""
    injected = stage.scene.injected
    return injected.begin if injected.fault.name in _BAD else _LONG_AGO
