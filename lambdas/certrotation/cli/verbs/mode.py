"""The verb `mode`: switches an installed service without a deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from certrotation.cli.commands import Example, verb
from certrotation.cli.exit_codes import ExitCode
from certrotation.names.environment import Mode

if TYPE_CHECKING:
    from certrotation.cli.shell import Shell


@verb(
    "mode",
    examples=(
        Example("certrotation mode", "Show the mode"),
        Example("certrotation mode report", "Change nothing from now on"),
        Example("certrotation mode apply --stack acme-tls-prod --yes", "Apply, without a question"),
    ),
)
@click.argument(
    "wanted",
    metavar="[report|apply]",
    type=click.Choice(list(map(str, Mode))),
    required=False,
    help="The mode to switch to.",
)
def command(shell: Shell, wanted: str | None) -> ExitCode:
    """Switch an installed service to report mode or apply mode.

    In report mode the functions plan and report, and change nothing. The switch is no deployment:
    docs/upgrading.md says what a later deployment does to the mode. Without a mode, the command
    shows the one that is in force.
    """
    from certrotation.cli.stack import find_stack, switch_mode, variables_of
    from certrotation.names import environment

    output = shell.output
    stack = find_stack(shell.client, shell.common.stack_name)
    before = {
        function: variables_of(shell.client, function).get(environment.MODE, Mode.APPLY.value)
        for function in stack.functions
    }
    output.say(f"{stack.name}: {stack.version or 'a version before 0.2.0'}")
    after = dict(before)
    if wanted is None:
        for function, value in before.items():
            output.say(f"{function}: {value}")
    elif not shell.confirm(f"Switch {stack.name} in {shell.home_region} to {wanted} mode?"):
        output.note("Nothing was changed.")
        return ExitCode.ERROR
    else:
        shell.if_interrupted = (
            "Functions listed above were switched. Run the command again to finish."
        )
        for function, value in switch_mode(shell.client, stack, Mode(wanted)):
            after[function] = wanted
            output.say(f"{function}: was {value}, is {wanted}")
    output.document(
        {
            "schema": shell.schema,
            "stack": stack.name,
            "version": stack.version,
            "functions": [
                {"name": function, "before": before[function], "mode": after[function]}
                for function in stack.functions
            ],
        }
    )
    return ExitCode.DONE
