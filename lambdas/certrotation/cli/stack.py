"""The deployed stack: its version, its functions and their settings.

Actions: cloudformation:DescribeStacks, lambda:GetFunctionConfiguration; to switch the mode,
lambda:UpdateFunctionConfiguration and lambda:GetFunction.

If a member of an answer is absent: a stack without outputs is none of certrotation's. A stack
without the output Version is older than 0.2.0. A function without variables has no settings, and
one without a revision is switched without a check for a change in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from certrotation.aws.errors import Fault, meaning, translated
from certrotation.errors import NotYet, SettingsError, Vanished
from certrotation.names import environment
from certrotation.names.environment import Mode
from certrotation.names.outputs import (
    ISSUE_FUNCTION,
    ROTATE_FUNCTION,
    ROTATE_LOGS,
    SCAN_FUNCTION,
    SOURCE_TOPIC,
    VERSION,
)
from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_NO_STACK = meaning(
    Fault(Vanished, "Give --stack and --region as they were deployed."),
    # CloudFormation API Reference, DescribeStacks: "If the stack doesn't exist, a ValidationError
    # is returned."
    "ValidationError",
    words="does not exist",
)
_CHANGED = meaning(
    Fault(NotYet, "Somebody else changes the function. Run the command again."),
    # Lambda API Reference, UpdateFunctionConfiguration.
    "PreconditionFailedException",
    "ResourceConflictException",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A deployed stack."""

    name: str
    version: str | None
    """None before 0.2.0."""
    scan_function: str
    rotate_function: str
    issue_function: str | None = None
    """None if the stack has no issuers."""
    rotate_logs: str | None = None
    """The log group of rotate; None if the outputs do not name it."""
    source_topic: str | None = None
    """The ARN of the topic that announces versions of sources; None without one."""

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions: rotate, which changes most, first."""
        issue = (self.issue_function,) if self.issue_function else ()
        return (self.rotate_function, *issue, self.scan_function)


def find_stack(client: Callable[[str], Any], name: str) -> Stack:
    """Return a stack of certrotation.

    Args:
        client: makes boto3 clients in the home Region.
        name: the stack's name.

    Raises:
        Vanished: there is no such stack.
        SettingsError: the stack is not one of certrotation.
    """
    cloudformation = client("cloudformation")
    region = cloudformation.meta.region_name
    with translated("cloudformation:DescribeStacks", f"stack {name} in {region}", [_NO_STACK]):
        stacks = cloudformation.describe_stacks(StackName=name).get("Stacks", ())
    outputs = {
        each["OutputKey"]: each["OutputValue"]
        for stack in stacks
        for each in stack.get("Outputs", ())
        if "OutputKey" in each and "OutputValue" in each
    }
    if not {ROTATE_FUNCTION, SCAN_FUNCTION} <= outputs.keys():
        raise SettingsError(
            f"The stack {name} in {region} is not a certrotation stack: its outputs do not name"
            f" {ROTATE_FUNCTION} and {SCAN_FUNCTION}.",
            "Name another stack with --stack.",
        )
    return Stack(
        name=name,
        version=outputs.get(VERSION),
        scan_function=outputs[SCAN_FUNCTION],
        rotate_function=outputs[ROTATE_FUNCTION],
        issue_function=outputs.get(ISSUE_FUNCTION),
        rotate_logs=outputs.get(ROTATE_LOGS),
        source_topic=outputs.get(SOURCE_TOPIC),
    )


def variables_of(client: Callable[[str], Any], function: str) -> Mapping[str, str]:
    """Return the environment variables of a function."""
    with translated("lambda:GetFunctionConfiguration", function):
        answer = client("lambda").get_function_configuration(FunctionName=function)
    variables: Mapping[str, str] = answer.get("Environment", {}).get("Variables", {})
    return variables


def switch_mode(
    client: Callable[[str], Any], stack: Stack, mode: Mode
) -> Iterator[tuple[str, str]]:
    """Set the mode of each function, and yield the function and its former mode when it is done.

    Raises:
        NotYet: somebody else changed a function in the meantime.
    """
    lambda_ = client("lambda")
    for function in stack.functions:
        before = _set_mode(client, function, mode)
        with translated("lambda:GetFunction", function):
            lambda_.get_waiter("function_updated_v2").wait(FunctionName=function)
        yield function, before


def _set_mode(client: Callable[[str], Any], function: str, mode: Mode) -> str:
    """Change the variable, unless somebody changed the function since it was read."""
    lambda_ = client("lambda")
    with translated("lambda:GetFunctionConfiguration", function):
        now = lambda_.get_function_configuration(FunctionName=function)
    variables = now.get("Environment", {}).get("Variables", {})
    wanted = {**variables, environment.MODE: mode.value}
    revision = {"RevisionId": now["RevisionId"]} if "RevisionId" in now else {}
    try:
        with translated("lambda:UpdateFunctionConfiguration", function, [_CHANGED]):
            lambda_.update_function_configuration(
                FunctionName=function, Environment={"Variables": wanted}, **revision
            )
    except NotYet:
        # If the answer to an update is lost, the SDK's retry of it meets a new revision.
        if variables_of(client, function) != wanted:
            raise
    return str(variables.get(environment.MODE, Mode.APPLY.value))
