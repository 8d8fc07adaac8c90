"""Synthesizes the app in this process, under cdk-nag's AwsSolutions pack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from app import HERE, add_stacks
from infra.cdk_json import read_context

if TYPE_CHECKING:
    from collections.abc import Mapping


def assemble(outdir: str, settings: Mapping[str, object], *, is_portable: bool) -> None:
    """Write the assembly, without the code of the functions, and the review's report into it.

    Raises:
        Exception: a setting is refused, or a finding has no answer.
    """
    given = {"certrotation": settings, "aws:cdk:bundling-stacks": []}
    app = cdk.App(context=read_context(HERE / "cdk.json") | given, outdir=outdir)
    add_stacks(app, is_portable=is_portable)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()
