"""Switches an installed service to report mode and back, without a deployment.

`python -m infra.mode report`, `python -m infra.mode apply`. docs/upgrading.md says what a later
deployment does to the mode.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from certrotation.names import environment
from certrotation.names.environment import DEFAULT_STACK_NAME, Mode
from infra.service.outputs import ROTATE_FUNCTION, SCAN_FUNCTION, VERSION

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_lambda.client import LambdaClient

_UNNAMED = "a version before 0.2.0"


class NotInstalledError(Exception):
    """The stack is another one than certrotation's; the message names the stack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What a stack's outputs say of the service."""

    version: str
    functions: tuple[str, ...]
    """The names of rotate, which changes most, and of scan."""


def main() -> None:
    """Switch the mode, and print the old and the new mode of each function."""
    parser = argparse.ArgumentParser(prog="python -m infra.mode", description=__doc__)
    parser.add_argument("mode", choices=list(map(str, Mode)))
    parser.add_argument(
        "--stack", default=DEFAULT_STACK_NAME, help="the stack's name (%(default)s)"
    )
    arguments = parser.parse_args()
    try:
        installed = installed_service(arguments.stack, boto3.client("cloudformation"))
        print(f"{arguments.stack}: {installed.version}")  # noqa: T201  its output
        for line in switch(installed.functions, arguments.mode, boto3.client("lambda")):
            print(line)  # noqa: T201  its output
    except NotInstalledError as error:
        sys.exit(str(error))
    except (BotoCoreError, ClientError) as error:
        sys.exit(
            f"{error}\nThe functions listed above were switched. Run the command again to finish."
        )


def installed_service(stack: str, cloudformation: "CloudFormationClient") -> Installed:
    """Return the version and the functions of a stack, rotate first.

    Raises:
        NotInstalledError: the stack has no functions of certrotation.
        botocore.exceptions.ClientError: the stack does not exist, or the call is not allowed.
    """
    (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
    functions = tuple(outputs[key] for key in (ROTATE_FUNCTION, SCAN_FUNCTION) if key in outputs)
    if len(functions) != 2:  # noqa: PLR2004  the two of the line above
        raise NotInstalledError(
            f"The stack {stack} is not a certrotation stack: its outputs do not name "
            f"{ROTATE_FUNCTION} and {SCAN_FUNCTION}. Name another stack: make mode STACK=..."
        )
    version = f"version {outputs[VERSION]}" if VERSION in outputs else _UNNAMED
    return Installed(version=version, functions=functions)


def switch(functions: Iterable[str], mode: str, lambda_: "LambdaClient") -> Iterator[str]:
    """Set the mode of each function, and yield a sentence when the mode is in force.

    Raises:
        botocore.exceptions.ClientError: the call is not allowed, or somebody else changed the
            function in the meantime.
    """
    for function in functions:
        before = _set(lambda_, function, mode)
        lambda_.get_waiter("function_updated_v2").wait(FunctionName=function)
        yield f"{function}: was {before}, is {mode}"


def _set(lambda_: "LambdaClient", function: str, mode: str) -> str:
    """Change the variable, unless somebody changed the function since it was read."""
    now = lambda_.get_function_configuration(FunctionName=function)
    variables = now["Environment"]["Variables"]
    lambda_.update_function_configuration(
        FunctionName=function,
        Environment={"Variables": {**variables, environment.MODE: mode}},
        RevisionId=now["RevisionId"],
    )
    return variables[environment.MODE]


if __name__ == "__main__":
    main()
