"""The one Lambda asset that both functions run."""

import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_lambda as lambda_

from infra.config import Arch
from infra.packaging.bundling import bundle
from infra.packaging.interpreter import PackagingError

_SOURCE = Path(__file__).parents[2] / "lambdas"


@jsii.implements(cdk.ILocalBundling)
class _LocalBundling:
    def __init__(self, arch: Arch, public_roots: Path | None) -> None:
        self._arch = arch
        self._public_roots = public_roots

    # jsii passes the options as keywords only to a method that names one.
    def try_bundle(self, output_dir: str, *, image: cdk.DockerImage, **_others: Any) -> bool:  # noqa: ARG002
        """Bundle without Docker; what prevents that is an error, not a reason to try Docker."""
        try:
            bundle(_SOURCE, Path(output_dir), self._arch, self._public_roots)
        except PackagingError as error:
            # jsii would turn an error into a traceback of Node's and Python's calls.
            sys.exit(str(error))
        return True


def function_code(arch: Arch, public_roots_file: str | None = None) -> lambda_.Code:
    """Return the bundled asset for `arch`; share it between functions, it is built once."""
    public_roots = Path(public_roots_file).resolve() if public_roots_file else None
    return lambda_.Code.from_asset(
        str(_SOURCE),
        # Hashed by what ships, so the lock counts and a file that does not ship does not.
        asset_hash_type=cdk.AssetHashType.OUTPUT,
        # Without bundling the CDK copies the source, where Python may be writing at this moment.
        exclude=["**/__pycache__"],
        bundling=cdk.BundlingOptions(
            image=cdk.DockerImage.from_registry("unused"),
            local=_LocalBundling(arch, public_roots),
        ),
    )
