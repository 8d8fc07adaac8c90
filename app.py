"""Synthesizes the stack.

The CDK's command line runs this file, see cdk.json; `CDK_OUTDIR=cdk.out python app.py` does the
same without it.
"""

import json
import sys
from pathlib import Path

import aws_cdk as cdk

from infra.config import ConfigError, StackConfig
from infra.stack import CertRotationStack


def main() -> None:
    """Write the cloud assembly for the context in cdk.json and on the command line."""
    # The command line passes this context on, and what it passes wins; alone, nobody else reads it.
    cdk_json = json.loads(Path(__file__).with_name("cdk.json").read_text(encoding="utf-8"))
    app = cdk.App(context=cdk_json["context"])
    try:
        config = StackConfig.from_context(app.node.get_all_context())
    except ConfigError as error:
        sys.exit(f"cdk.json or -c: {error}")
    CertRotationStack(app, config=config)
    app.synth()


if __name__ == "__main__":
    main()
