"""Deploy the stack to an AWS that is played on this machine, and use it: `python -m tests.e2e`.

Nothing outside this machine is asked, and no credentials are needed. The exit code is 0 only if
everything held. With `--without SID` that statement is taken from its role once the stack is
deployed, and the run ends at the first thing that does not hold.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.acme.local_ca import real_ca
from tests.demo.screen import make_console
from tests.double import embedded_aws
from tests.e2e import (
    arn_acts,
    denied_attempts,
    deployment_acts,
    issuing_acts,
    minimal,
    role_acts,
    rotation_acts,
    rule_patterns,
    secrecy,
)
from tests.e2e.account import Account
from tests.e2e.deployed import Cloud
from tests.e2e.places import Folder
from tests.e2e.run import Run, Teller
from tests.e2e.servers import serve
from tests.e2e.toolkit import Toolkit

if TYPE_CHECKING:
    from collections.abc import Callable


class Act(NamedTuple):
    """What is told, and what does it."""

    title: str
    happening: str
    perform: Callable[[Run], None]


ACTS = (
    Act(
        title="Deploy",
        happening="The CDK's own command line, bootstrap and deploy, in eu-west-1 for three target"
        " Regions. ministack plays CloudFormation, IAM, Lambda, SQS, EventBridge and CloudWatch"
        " Logs, and enforces IAM: the functions' roles, not what services do in their own name."
        " ACM, load balancers, CloudFront and Secrets Manager are the"
        " double's; a gate in front of them decides by the deployed roles' policies.",
        perform=deployment_acts.deploy,
    ),
    Act(
        title="The schedule fires",
        happening="The scan lists, queues and deletes; rotate works the queue off.",
        perform=rotation_acts.scan_and_rotate,
    ),
    Act(
        title="A message that keeps failing",
        happening="IAM never comes to see the tags of stuck's copy, so its reimport is denied."
        " Rotate returns the message for minutes each time; the gate makes that call once more,"
        " with one second.",
        perform=rotation_acts.dead_letter,
    ),
    Act(
        title="What held them up is over",
        happening="IAM sees the tags of stuck's copy, busy's distribution is deployed, and somebody"
        " runs the scan by hand.",
        perform=rotation_acts.catch_up,
    ),
    Act(
        title="A label moves",
        happening="A new version of news becomes AWSCURRENT. The double sends no events, so"
        " ministack's own Secrets Manager is told the same version, without its value, and sends"
        " the event.",
        perform=rotation_acts.label_moves,
    ),
    Act(
        title="What the rules take",
        happening="Events as AWS documents them, held against the deployed rules' patterns. Only"
        " AWS may put such events on a bus.",
        perform=rule_patterns.compare,
    ),
    Act(
        title="A CA is asked",
        happening="A team tags a secret that has a request and no certificate. The CA is Pebble, a"
        " real ACME server, and validates the names in the double's Route 53. The double drives the"
        " steps of the rotation, and ministack sends the event.",
        perform=issuing_acts.first_certificate,
    ),
    Act(
        title="A name that is not allowed, and a tag that is removed",
        happening="A team asks for the name of another team. Then both secrets lose their tag.",
        perform=issuing_acts.refused_and_released,
    ),
    Act(
        title="A message is overtaken",
        happening="Two newer versions came since it was written.",
        perform=role_acts.overtaken_message,
    ),
    Act(
        title="A permission is missing",
        happening="A statement is taken from the deployed role, and put back.",
        perform=role_acts.take_one_away,
    ),
    Act(
        title="Report only",
        happening="`make mode` switches the installed service to report-only, and back.",
        perform=deployment_acts.report_only,
    ),
    Act(
        title="Deploy again",
        happening="Synthesized anew, from the same files, while the acts before were performed.",
        perform=deployment_acts.deploy_again,
    ),
    Act(
        title="Update in flight",
        happening="Twelve secrets are rotated while a changed setting is deployed.",
        perform=deployment_acts.update_in_flight,
    ),
    Act(
        title="The week in one mail",
        happening="The changed settings ask for a digest, and for one scan a day. Somebody runs it"
        " by hand.",
        perform=deployment_acts.digest,
    ),
    Act(
        title="A stack of another team",
        happening="The changed settings ask for ARN parameters, too. The stack reads the ARN of a"
        " managed certificate from its parameter. Then the key type changes, and the team deploys"
        " the same template again.",
        perform=arn_acts.another_teams_stack,
    ),
    Act(
        title="A stack that waits",
        happening="The changed settings ask for custom resources, too. CloudFormation waits for the"
        " copy of a secret that nobody has rotated yet, follows it to another ARN, and gives up on"
        " a secret that is refused.",
        perform=arn_acts.a_stack_that_waits,
    ),
    Act(
        title="Exercised and minimal",
        happening="Every call above is written down with the statement that allowed it. Each action"
        " is now taken out of its statement, and the same calls are decided anew.",
        perform=role_acts.show_what_is_needed,
    ),
    Act(
        title="Refused",
        happening="With the sessions of the deployed roles, through the same gate.",
        perform=denied_attempts.try_everything,
    ),
    Act(
        title="Destroy",
        happening="Termination protection is switched off first, as a person must.",
        perform=deployment_acts.leave,
    ),
    Act(
        title="Nothing secret was written",
        happening="Looked for in the log groups, the decisions, what the servers said, and here.",
        perform=secrecy.check,
    ),
)


def main(without: str | None = None) -> bool:
    """Tell the story, to its end or without a statement; returns whether everything held."""
    # Ended from outside, it still ends what it started.
    signal.signal(signal.SIGTERM, _stop)
    tell = Teller(console=make_console())
    tell.console.record = True
    with TemporaryDirectory(prefix="certrotation-e2e-") as path, embedded_aws() as aws:
        folder = Folder(Path(path))
        account = Account(aws, folder)
        tell.labels = account.labels()
        with (
            real_ca(aws, folder.ca) as ca,
            serve(folder) as servers,
            Toolkit(folder, servers.ministack, ca) as toolkit,
        ):
            run = Run(
                tell=tell,
                folder=folder,
                account=account,
                servers=servers,
                toolkit=toolkit,
                cloud=Cloud(url=servers.ministack, folder=folder),
                ca=ca,
            )
            _perform(run, without)
    return tell.conclude()


def _perform(run: Run, without: str | None) -> None:
    wrong = minimal.wrong_cases()
    run.tell.expect(
        f"the evaluator says what IAM's User Guide says {wrong or ''}".rstrip(), holds=not wrong
    )
    try:
        for act in ACTS:
            with run.tell.act(act.title, act.happening):
                act.perform(run)
                if without and act is ACTS[0]:
                    role_acts.take_for_good(run, without)
            if without and not run.tell.holds:
                return
    except BaseException:
        run.tell.say(run.servers.complaints())
        raise


def _stop(*_: Any) -> None:
    sys.exit(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e", description=__doc__)
    parser.add_argument("--without", metavar="SID", help="a statement to take away")
    return parser


if __name__ == "__main__":
    sys.exit(0 if main(_parser().parse_args().without) else 1)
