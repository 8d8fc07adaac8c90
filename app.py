"""Synthesizes the stack.

The CDK's command line runs this file, see cdk.json; `CDK_OUTDIR=cdk.out python app.py` does the
same without it.
"""

import json
import sys
from pathlib import Path

import aws_cdk as cdk

from certrotation.core.scan.scan_rate import check_scan_rate
from certrotation.errors import SettingsError
from certrotation.names import environment
from certrotation.settings import Settings
from infra.config import ConfigError, StackConfig
from infra.service.environment import function_environment
from infra.stack import CertRotationStack

HERE = Path(__file__).parent


def main() -> None:
    """Write the cloud assembly for the context in cdk.json and on the command line."""
    # The command line passes this context on, and what it passes wins; alone, nobody else reads it.
    cdk_json = json.loads((HERE / "cdk.json").read_text(encoding="utf-8"))
    app = cdk.App(context=cdk_json["context"])
    try:
        config = StackConfig.from_context(app.node.get_all_context())
        settings = _as_the_functions_read_them(config)
    except (ConfigError, SettingsError) as error:
        sys.exit(f"cdk.json or -c: {error}")
    stack = CertRotationStack(app, config=config)
    # Of lifetimes from 30 days on; of shorter ones, the scan that sees them warns.
    shortest = settings.windows.critical(settings.windows.floor_from_lifetime)
    for finding in check_scan_rate([shortest], settings.scan_interval):
        cdk.Annotations.of(stack).add_warning_v2(finding.code, finding.found)
    app.synth()


def _as_the_functions_read_them(config: StackConfig) -> Settings:
    """Return what the functions will make of their environment, rather than at their first run.

    Raises:
        SettingsError: they would refuse it.
    """
    somewhere = "https://sqs.invalid/123456789012/known-at-deployment"
    topic = "arn:aws:sns:eu-west-1:123456789012:known-at-deployment"
    variables = function_environment(config, queue_url=somewhere, warning_topic_arn=topic)
    return Settings.from_env({environment.HOME_REGION: config.target_regions[0], **variables})


if __name__ == "__main__":
    main()
