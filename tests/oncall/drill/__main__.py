"""A fire drill: an alarm has gone off, and whoever is on call works until it is over.

python -m tests.oncall.drill "<fault of the year>" [--alarm NAME] <empty folder>
python -m tests.oncall.drill --list

It serves until `touch <folder>/stop`. When `mail.txt` is there, `. <folder>/env.sh` and begin.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.observability.alarm_texts import ALARM_TEXTS
from tests.infra.synthesis import Template, synthesize
from tests.oncall.drill import mail
from tests.oncall.drill.directory import lay_out
from tests.oncall.drill.playing import alarm_for, drilled, played
from tests.oncall.drill.serving import serve
from tests.oncall.drill.stage import Stage
from tests.oncall.year.faults import FAULTS
from tests.oncall.year.population import REGIONS
from tests.oncall.year.world import STACK


def main() -> int:
    """Play until the alarm goes off, then serve."""
    given = _arguments()
    if given.list:
        for name, alarm in drilled():
            print(f"{name}\t{alarm}")  # noqa: T201  its output
        return 0
    if given.fault not in FAULTS or given.folder is None:
        print("name a fault of --list, and a folder", file=sys.stderr)  # noqa: T201  as above
        return 2
    folder = given.folder.resolve()
    if folder.exists() and any(folder.iterdir()):
        print(f"{folder} is not empty; name a new folder", file=sys.stderr)  # noqa: T201  as above
        return 2
    fault = FAULTS[given.fault]
    template = Template(given.template.read_text()) if given.template else template_of_the_year()
    run(template, given.fault, given.alarm or alarm_for(fault), folder)
    return 0


def run(template: Template, fault: str, alarm: str, folder: Path) -> None:
    """Hold a drill in a folder, until it is stopped."""
    socket = lay_out(folder)
    with played(template, FAULTS[fault], alarm) as scene:
        stage = Stage(scene, folder)
        told = mail.mail(stage, scene.change)
        (folder / "mail.txt").write_text(told, encoding="utf-8")
        print(f"{alarm} went off; the mail is in {folder}/mail.txt", flush=True)  # noqa: T201  as above
        try:
            serve(stage, socket, folder / "stop")
        finally:
            stage.write_result()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.oncall.drill", description=__doc__)
    parser.add_argument("fault", nargs="?", default="")
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--alarm", choices=list(ALARM_TEXTS))
    parser.add_argument("--template", type=Path, help="a synthesized template, to save its making")
    parser.add_argument("--list", action="store_true", help="list faults and their alarms")
    return parser.parse_intermixed_args()


def template_of_the_year() -> Template:
    """Synthesize the stack as the year has it."""
    settings = {"stack_name": STACK, "target_regions": REGIONS}
    with TemporaryDirectory() as folder:
        return synthesize(Path(folder) / "cdk.out", settings)


if __name__ == "__main__":
    sys.exit(main())
