"""Every command but `aws`: `python -m tests.oncall.drill.shims.one_shot <name> ...`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime

from tests.oncall.drill.wire import SOCKET, ask

_ABSOLUTE = re.compile(r"@|\d{4}-\d\d-\d\d")
"""How a date begins that does not depend on the present."""


def main(name: str, arguments: list[str]) -> int:
    """Have the stage carry it out; what it answers is printed."""
    request = {
        "kind": "do",
        "command": name,
        "arguments": arguments,
        "stack": os.environ.get("STACK", ""),
    }
    if name == "openssl" and arguments[:1] != ["s_client"]:
        return _real("openssl", arguments)
    try:
        answer = ask(os.environ[SOCKET], request)
    except OSError:
        sys.stderr.write(f"{name}: the drill is over\n")
        return 1
    if name == "date":
        return _date(answer["now"], arguments)
    sys.stdout.write(answer["stdout"])
    sys.stdout.flush()
    sys.stderr.write(answer["stderr"])
    return int(answer["status"])


def _date(now: float, arguments: list[str]) -> int:
    """Let the real `date` tell the stage's time."""
    given = list(arguments)
    present = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    for place, each in enumerate(given):
        text, joined = (
            (each.partition("=")[2], True) if each.startswith("--date=") else (each, False)
        )
        follows = place > 0 and given[place - 1] in {"-d", "--date", "-ud", "-u -d"}
        if (joined or follows) and not _ABSOLUTE.match(text.strip()):
            relative = "" if text.strip() == "now" else text
            given[place] = ("--date=" if joined else "") + f"{present} {relative}".strip()
            return _real("date", given)
        if joined or follows:
            return _real("date", given)
    if any(each in {"-r", "-f", "--help", "--version"} for each in given):
        return _real("date", given)
    return _real("date", ["-d", f"@{now:.0f}", *given])


def _real(name: str, arguments: list[str]) -> int:
    """Run the machine's own command."""
    own = os.path.dirname(os.environ[SOCKET])  # noqa: PTH120  starts often: no pathlib
    path = os.pathsep.join(
        each
        for each in os.environ["PATH"].split(os.pathsep)
        if not os.path.samefile(each or ".", os.path.join(own, "..", "bin"))  # noqa: PTH118, PTH121
        if os.path.isdir(each or ".")  # noqa: PTH112
    )
    environment = os.environ | {"PATH": path}
    return subprocess.run(  # noqa: S603  what the person has typed
        ["/usr/bin/env", name, *arguments], env=environment, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
