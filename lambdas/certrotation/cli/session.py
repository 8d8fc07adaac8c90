"""The boto3 session of a command, and what is said if it cannot be used."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, PartialCredentialsError, ProfileNotFound

from certrotation.errors import SettingsError

_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=5, read_timeout=20
)


def session(profile: str | None, region: str | None) -> boto3.Session:
    """Return a session.

    Raises:
        SettingsError: there is no such profile, or the files of the AWS CLI are malformed.
    """
    try:
        return boto3.Session(profile_name=profile, region_name=region)
    except ProfileNotFound:
        raise SettingsError(
            f"The AWS profile {profile} does not exist.", "`aws configure list-profiles` lists all."
        ) from None
    except BotoCoreError as error:
        raise SettingsError(f"{error}.", "Correct the configuration of the AWS CLI.") from None


def require_credentials(made: boto3.Session, profile: str | None) -> None:
    """Find credentials, and refresh them if they have expired.

    Raises:
        SettingsError: there are none, or they cannot be refreshed.
    """
    owner = f"of the profile {profile} " if profile else ""
    again = f" --profile {profile}" if profile else ""
    try:
        found = made.get_credentials()
        if found is not None:
            found.get_frozen_credentials()
    except PartialCredentialsError as error:
        raise SettingsError(f"{error}.", "Set the variable, or unset the others.") from None
    except (BotoCoreError, ClientError) as error:
        raise SettingsError(
            f"The AWS credentials {owner}cannot be used: {str(error).rstrip('.')}.",
            f"Log in again, for example with `aws sso login{again}`.",
        ) from None
    if found is None:
        raise SettingsError(
            "There are no AWS credentials.",
            "Give --profile, or log in as for the AWS CLI. `check` of files needs none.",
        )


def client(made: boto3.Session, service: str, region: str) -> Any:
    """Return a client for a person who waits: fewer retries than the functions have."""
    return made.client(service, region_name=region, config=_CONFIG)  # type: ignore[call-overload]  # the stubs want a literal name
