"""The account during a drill: time that stands still between commands, and who answers them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.oncall.alarm_state import State
from tests.oncall.drill import mail, mending, services
from tests.oncall.drill.answers import NotModelledError, RefusalError
from tests.oncall.drill.calling import Phone
from tests.oncall.drill.checkout import Checkout
from tests.oncall.drill.presenting import s_client
from tests.oncall.drill.transcript import Transcript
from tests.oncall.year.at_any_time import HOUR
from tests.oncall.year.skies import REGIONAL
from tests.support.estate import HOME

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.oncall.alarm_board import Change
    from tests.oncall.drill.playing import Scene

_A_COMMAND_TAKES = 3
"""Virtual seconds."""

_SILENT: Mapping[str, frozenset[str]] = {
    "Secrets Manager dark": frozenset({"secretsmanager"}),
    "the canary's ACM dark": REGIONAL,
}
"""Services of the home Region that give no answer while a fault lasts."""


class Stage:
    """Answers one command after the other."""

    def __init__(self, scene: Scene, folder: Path) -> None:
        self.scene, self.world, self.witness = scene, scene.world, scene.witness
        self.names = scene.witness.names
        self.began = self.world.now
        self.deeds: list[tuple[datetime, str, dict[str, Any]]] = []
        """What the person changed by calls that are not the double's: when, what, with what."""
        self.commands = 0
        self.not_modelled: list[str] = []
        self.mended_at: int | None = None
        """By which command the fault was over."""
        self.cleared: tuple[int, datetime] | None = None
        self.notes: dict[str, Any] = {}
        """What services remember."""
        self._folder = folder
        self._mails = 1
        self._transcript = Transcript(folder / "transcript.jsonl")
        self._phone, self._checkout = Phone(self), Checkout(self)
        scene.heard.append(self._hear)
        self._transcript.add("began", at=self.world.now, alarm=scene.change.alarm)

    # Requests

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a request of one of the commands."""
        match request["kind"]:
            case "begin":
                return self._begin(request)
            case "api":
                answered = self._api(request)
            case "do":
                answered = self._do(request)
            case "end":
                self._add("answered", number=request["number"], stdout=request["stdout"])
                answered = {"status": request["status"]}
            case other:
                raise ValueError(f"{other} is no request")
        self._look()
        return answered

    def _begin(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self.commands += 1
        self.pass_time(_A_COMMAND_TAKES)
        self._add("command", command=request["command"], arguments=request["arguments"])
        self._look()
        return {"now": self.world.now.timestamp(), "number": self.commands}

    def _api(self, request: Mapping[str, Any]) -> dict[str, Any]:
        service, operation, region = (request[e] for e in ("service", "operation", "region"))
        params = request["params"]
        status, unreachable = 200, self._is_dark(service, region)
        answer: dict[str, Any] = {}
        if not unreachable:
            try:
                answer = services.answer(self, service, operation, region, params)
            except RefusalError as refusal:
                status = refusal.status
                answer = {"Error": {"Code": refusal.code, "Message": refusal.message}}
                if isinstance(refusal, NotModelledError):
                    self._note_not_modelled(f"{service} {operation}")
        self._add(
            "call",
            number=request["number"],
            service=service,
            operation=operation,
            region=region,
            params=params,
            error="unreachable" if unreachable else answer.get("Error"),
        )
        answer.setdefault("ResponseMetadata", {})
        answer["ResponseMetadata"]["HTTPStatusCode"] = status
        return {"status": status, "answer": answer, "unreachable": unreachable}

    def _is_dark(self, service: str, region: str) -> bool:
        region = "us-east-1" if region == "aws-global" else region
        if region in self.world.estate.aws.behaviour.dark_regions:
            return True
        injected = self.scene.injected
        silent = _SILENT.get(injected.fault.name, frozenset()) if injected.over is None else ()
        return region == HOME and service in silent

    def _do(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out what is none of AWS's."""
        name, arguments = request["command"], list(request["arguments"])
        self.commands += 1
        answers: Mapping[str, Callable[[], tuple[int, str]]] = {
            "date": lambda: (0, ""),
            "sleep": lambda: self._sleep(arguments),
            "call": lambda: self._phone.call(arguments),
            "openssl": lambda: (0, s_client(self.scene, arguments)),
            **{
                each: lambda each=each: self._checkout.run(each, arguments, request["stack"])  # type: ignore[misc]  # bound at once
                for each in ("git", "make", "npm", "npx")
            },
        }
        if name != "sleep":
            self.pass_time(_A_COMMAND_TAKES if name != "date" else 0)
        try:
            status, said = answers[name]()
        except NotModelledError as error:
            self._note_not_modelled(" ".join([name, *arguments]))
            status, said = 1, f"{error.message}\n"
        self._add("command", command=name, arguments=arguments)
        self._add("answered", number=self.commands, stdout=said)
        out, err = (said, "") if status == 0 else ("", said)
        return {"status": status, "stdout": out, "stderr": err, "now": self.world.now.timestamp()}

    def _sleep(self, arguments: list[str]) -> tuple[int, str]:
        units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
        try:
            seconds = sum(
                float(each[:-1]) * units[each[-1]] if each[-1] in units else float(each)
                for each in arguments
            )
        except ValueError:
            return 1, f"sleep: invalid time interval {arguments}\n"
        self.pass_time(seconds)
        return 0, ""

    # Time and what it brings

    def pass_time(self, seconds: float) -> None:
        """Let time go on."""
        self.world.agenda.run_until(self.world.now + timedelta(seconds=seconds))

    def _hear(self, change: Change) -> None:
        self._add("alarm", alarm=change.alarm, was=change.was, now=change.now, since=change.at)
        if change.now is State.ALARM:
            self._mails += 1
            path = self._folder / f"mail-{self._mails}.txt"
            path.write_text(mail.mail(self, change), encoding="utf-8")
        self._look()

    def _look(self) -> None:
        """Note once when the fault is over, and once when every alarm is clear after that."""
        injected = self.scene.injected
        if injected.over is None and mending.is_mended(self):
            self.world.end(injected)
        if injected.over is not None and self.mended_at is None:
            self.mended_at = self.commands
            self._add("mended", since=injected.over)
        on = self.world.metering.board.on()
        if injected.over is not None and self.cleared is None and not on:
            self.cleared = (self.commands, self.world.now)
            self._add("clear")
            self.write_result()

    # Records

    def did(self, what: str, params: Mapping[str, Any]) -> None:
        """Note a change that the person made, for CloudTrail."""
        self.deeds.append((self.world.now, what, dict(params)))

    def _note_not_modelled(self, what: str) -> None:
        self.not_modelled.append(what)
        self._add("not modelled", what=what)

    def _add(self, kind: str, **what: Any) -> None:
        what = {"number": self.commands} | what
        self._transcript.add(kind, at=self.world.now, **what)

    def write_result(self) -> None:
        """Write what came of the drill so far."""
        injected, now = self.scene.injected, self.world.now
        result = {
            "fault": injected.fault.name,
            "alarm": self.scene.change.alarm,
            "subject": injected.subject,
            "commands": self.commands,
            "named": None,
            "mended at command": self.mended_at,
            "mended at": injected.over and injected.over.isoformat(),
            "clear at command": self.cleared and self.cleared[0],
            "clear at": self.cleared and self.cleared[1].isoformat(),
            "still on": sorted(self.world.metering.board.on()),
            "hours": round((now - self.began) / HOUR, 2),
            "not modelled": self.not_modelled,
        }
        path = self._folder / "result.json"
        path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
