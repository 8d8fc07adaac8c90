"""Synthesizes the stack.

The CDK's command line runs this file, see cdk.json; `CDK_OUTDIR=cdk.out python app.py` does the
same without it.
"""

import os
import re
import sys
from pathlib import Path

import aws_cdk as cdk

from certrotation import __version__
from certrotation.core.scan.scan_rate import check_scan_rate
from certrotation.errors import SettingsError
from certrotation.names import environment
from certrotation.names.environment import ON
from certrotation.settings import Settings
from infra.cdk_json import read_context
from infra.central import CentralStack
from infra.config import (
    CONTEXT_KEY,
    ConfigError,
    StackConfig,
    check_portable,
    home_region_warnings,
    prefix_warning,
)
from infra.service.environment import function_environment
from infra.stack import CertRotationStack

HERE = Path(__file__).parent
PORTABLE = "--portable"
"""The argument of `make stackset`."""


def main(*, is_portable: bool) -> None:
    """Write the cloud assembly for the context in cdk.json and on the command line.

    Args:
        is_portable: whether any account is to deploy the template, without a bootstrap.
    """
    try:
        # The command line passes this context on, and overrides it; without the command line,
        # nothing else reads the file.
        app = cdk.App(context=read_context(HERE / "cdk.json"))
        add_stacks(app, is_portable=is_portable)
    except ConfigError as error:
        sys.exit(str(error))
    except SettingsError as error:
        sys.exit(f"cdk.json: {_with_keys_of_cdk_json(error.found)} {error.remedy}")
    app.synth()


def add_stacks(app: cdk.App, *, is_portable: bool) -> None:
    """Add the stacks that the app's context asks for.

    Raises:
        ConfigError: a setting is not one.
        SettingsError: the functions would refuse their environment.
    """
    config = StackConfig.from_context(app.node.get_all_context())
    if is_portable:
        check_portable(config)
    settings = _as_the_functions_read_them(config)
    stack = CertRotationStack(app, config=config, version=__version__, is_portable=is_portable)
    _warn(stack, config, settings)
    if config.central == ON:
        CentralStack(app, config=config, version=__version__, is_portable=is_portable)


def _warn(stack: cdk.Stack, config: StackConfig, settings: Settings) -> None:
    """Attach to the stack what is legal and probably not meant."""
    annotations = cdk.Annotations.of(stack)
    # For lifetimes of 30 days or more; for shorter ones, the scan that reads them warns.
    shortest = settings.windows.critical(settings.windows.floor_from_lifetime)
    for finding in check_scan_rate([shortest], settings.scan_interval):
        annotations.add_warning_v2(finding.code, finding.found)
    wide_prefix = prefix_warning(config.secret_prefix)
    if wide_prefix:
        annotations.add_warning_v2("SECRET_PREFIX_WIDE", wide_prefix)
    # The CDK's command line says so where it will deploy to; nothing else knows.
    for warning in home_region_warnings(config, os.environ.get("CDK_DEFAULT_REGION")):
        annotations.add_warning_v2("OTHER_REGION", warning)


def _as_the_functions_read_them(config: StackConfig) -> Settings:
    """Return what the functions will make of their environment, rather than at their first run.

    Raises:
        SettingsError: the functions would refuse their environment.
    """
    somewhere = "https://sqs.invalid/123456789012/known-at-deployment"
    topic = "arn:aws:sns:eu-west-1:123456789012:known-at-deployment"
    variables = function_environment(config, queue_url=somewhere, warning_topic_arn=topic)
    return Settings.from_env({environment.HOME_REGION: config.target_regions[0], **variables})


def _with_keys_of_cdk_json(text: str) -> str:
    """Return a text of the functions with the keys of cdk.json for environment variables."""
    return re.sub(
        "CERTROTATION_([A-Z_]+)", lambda variable: f"{CONTEXT_KEY}.{variable[1].lower()}", text
    )


if __name__ == "__main__":
    main(is_portable=sys.argv[1:] == [PORTABLE])
