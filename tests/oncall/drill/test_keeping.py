"""What goes over the wire, and what is kept of it."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from infra.observability.alarm_texts import ALARM_TEXTS
from tests.oncall.drill.mending import SWITCHES
from tests.oncall.drill.playing import alarm_for, drilled
from tests.oncall.drill.transcript import Transcript
from tests.oncall.drill.wire import decode, encode
from tests.oncall.year.faults import FAULTS
from tests.support.authority import shared_key
from tests.support.estate import fields_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.authorities import Authorities


def test_times_bytes_and_streams_come_over_the_wire() -> None:
    value = {"at": datetime(2027, 1, 1, tzinfo=UTC), "blob": b"\x00", "stream": io.BytesIO(b"x")}

    got = decode(encode(value))

    assert got["at"] == value["at"]
    assert got["blob"] == b"\x00"
    assert got["stream"].read() == b"x"


@pytest.mark.parametrize("form", ["member", "option", "joined", "printed", "cut off"])
def test_no_key_is_kept(tmp_path: Path, authorities: Authorities, form: str) -> None:
    secret = json.dumps(fields_of(authorities.public.issue("a.example", key=shared_key("p256"))))
    forms: dict[str, dict[str, Any]] = {
        "member": {"params": {"SecretString": secret}},
        "option": {"arguments": ["--secret-string", secret]},
        "joined": {"arguments": [f"--secret-string={secret}"]},
        "printed": {"stdout": json.loads(secret)["private_key"] + "and more"},
        "cut off": {"stdout": json.loads(secret)["private_key"][:120]},
    }
    path = tmp_path / "transcript.jsonl"

    Transcript(path).add("call", **forms[form])

    key = json.loads(secret)["private_key"].splitlines()[1]
    assert key[:20] not in path.read_text()
    assert "PRIVATE KEY" not in path.read_text()


def test_each_fault_that_raises_an_alarm_is_drilled_with_each_of_its_alarms() -> None:
    pairs = set(drilled())

    for fault in FAULTS.values():
        assert {alarm for name, alarm in pairs if name == fault.name} >= fault.raises
        if fault.raises:
            assert alarm_for(fault) in ALARM_TEXTS
    assert SWITCHES.keys() <= FAULTS.keys()
