"""Parameters of Systems Manager, in every target Region.

Actions: ssm:GetParameter, ssm:PutParameter; for a diagnosis ssm:GetParametersByPath.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from certrotation.aws.errors import (
    NOT_YET,
    QUOTA,
    THROTTLED,
    VANISHED,
    incomplete,
    meaning,
    translated,
)
from certrotation.core.estate.arn_parameters import Parameter
from certrotation.errors import Vanished

if TYPE_CHECKING:
    from collections.abc import Callable

MEANINGS = (
    meaning(VANISHED, "ParameterNotFound"),
    # Another writer was first.
    meaning(NOT_YET, "ParameterAlreadyExists"),
    meaning(THROTTLED, "TooManyUpdates"),
    meaning(QUOTA, "ParameterLimitExceeded", "ParameterMaxVersionLimitExceeded"),
)
"""What the error codes of Systems Manager mean (its API Reference, GetParameter, PutParameter)."""


class SystemsManagerParameters:
    """The parameters of this account, by Region and name."""

    def __init__(self, client_in: Callable[[str], Any]) -> None:
        """Take what returns the client of a Region."""
        self._client_in = client_in

    def read(self, parameter: Parameter) -> str | None:
        """Return the value of a parameter, or None if there is no such parameter."""
        try:
            with translated("ssm:GetParameter", str(parameter), MEANINGS):
                answer = self._client_in(parameter.region).get_parameter(Name=parameter.name)
        except Vanished:
            return None
        value: str | None = answer.get("Parameter", {}).get("Value")
        if value is None:
            raise incomplete(f"ssm:GetParameter for {parameter}", "Value")
        return value

    def under(self, root: str, region: str) -> dict[Parameter, str | None]:
        """Return the parameters of a Region whose names begin with the root, and their values."""
        with translated("ssm:GetParametersByPath", f"{root} in {region}", MEANINGS):
            pages = (
                self._client_in(region)
                .get_paginator("get_parameters_by_path")
                .paginate(Path=root, Recursive=True)
            )
            return {
                Parameter(region, each["Name"]): each.get("Value")
                for page in pages
                for each in page.get("Parameters", [])
                if "Name" in each
            }

    def write(self, parameter: Parameter, value: str, about: str, *, replaces: bool) -> None:
        """Write a parameter: a new one, or a new version of one.

        Args:
            parameter: its Region and name.
            value: what it is to hold.
            about: the description that people see.
            replaces: whether there is such a parameter already.
        """
        with translated("ssm:PutParameter", str(parameter), MEANINGS):
            self._client_in(parameter.region).put_parameter(
                Name=parameter.name,
                Value=value,
                Description=about,
                Type="String",
                Overwrite=replaces,
            )
