"""Synthesize the stack under cdk-nag's AwsSolutions pack: `python -m tests.infra.nag`.

In a process of its own like every synthesis here. The context is that of app.py; the exit code is
not 0 if a finding has no answer, and the findings are in the assembly's validation-report.json.
"""

import json
import os
import sys

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from certrotation.names.environment import ON
from infra.central import CentralStack
from infra.config import StackConfig
from infra.stack import CertRotationStack


def main() -> None:
    """Write the assembly to CDK_OUTDIR, or raise if a finding has no answer."""
    app = cdk.App(context=json.loads(os.environ["CDK_CONTEXT_JSON"]))
    config = StackConfig.from_context(app.node.get_all_context())
    is_portable = sys.argv[1:] == ["--portable"]
    CertRotationStack(app, config=config, version="0.0.0", is_portable=is_portable)
    if config.central == ON:
        CentralStack(app, config=config, version="0.0.0", is_portable=is_portable)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


if __name__ == "__main__":
    main()
