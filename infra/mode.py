"""Switches an installed service to report-only and back, without a deployment.

`python -m infra.mode report`, `python -m infra.mode apply`. docs/upgrading.md says what a later
deployment does to the mode.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from certrotation.names import environment
from certrotation.names.environment import DEFAULT_STACK_NAME, Mode
from infra.service.outputs import ROTATE_FUNCTION, SCAN_FUNCTION

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_lambda.client import LambdaClient


def main() -> None:
    """Switch the mode, and print the old and the new mode of each function."""
    parser = argparse.ArgumentParser(prog="python -m infra.mode", description=__doc__)
    parser.add_argument("mode", choices=list(map(str, Mode)))
    parser.add_argument(
        "--stack", default=DEFAULT_STACK_NAME, help="the stack's name (%(default)s)"
    )
    arguments = parser.parse_args()
    try:
        functions = functions_of(arguments.stack, boto3.client("cloudformation"))
        for line in switch(functions, arguments.mode, boto3.client("lambda")):
            print(line)  # noqa: T201  its output
    except (BotoCoreError, ClientError) as error:
        sys.exit(
            f"{error}\nThe functions listed above were switched. Run the command again to finish."
        )


def functions_of(stack: str, cloudformation: "CloudFormationClient") -> list[str]:
    """Return the names of the functions, rotate first.

    Raises:
        botocore.exceptions.ClientError: the stack does not exist, or the call is not allowed.
    """
    (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
    return [outputs[ROTATE_FUNCTION], outputs[SCAN_FUNCTION]]


def switch(functions: Iterable[str], mode: str, lambda_: "LambdaClient") -> Iterator[str]:
    """Set the mode of each function, and yield a sentence when the mode is in force.

    Raises:
        botocore.exceptions.ClientError: the call is not allowed, or somebody else changed the
            function meanwhile.
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
