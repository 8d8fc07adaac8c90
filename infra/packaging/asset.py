"""The one Lambda asset that both functions run."""

import sys
from collections.abc import Mapping
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
    def __init__(self, arch: Arch, certificates: Mapping[str, Path]) -> None:
        self._arch = arch
        self._certificates = certificates

    # jsii passes the options as keywords only to a method that names one.
    def try_bundle(self, output_dir: str, *, image: cdk.DockerImage, **_others: Any) -> bool:  # noqa: ARG002
        """Bundle without Docker; what prevents that is an error, not a reason to try Docker."""
        try:
            bundle(_SOURCE, Path(output_dir), self._arch, self._certificates)
        except PackagingError as error:
            # jsii would turn an error into a traceback of Node's and Python's calls.
            sys.exit(str(error))
        return True


def function_code(arch: Arch, certificates: Mapping[str, str] | None = None) -> lambda_.Code:
    """Return the bundled asset for `arch`; share it between functions, it is built once.

    Args:
        arch: of the functions.
        certificates: PEM files that the asset contains, by the names that they have there.
    """
    files = {name: Path(path).resolve() for name, path in (certificates or {}).items()}
    return lambda_.Code.from_asset(
        str(_SOURCE),
        # Hashed by what ships, so the lock counts and a file that does not ship does not.
        asset_hash_type=cdk.AssetHashType.OUTPUT,
        # Without bundling the CDK copies the source, where Python may be writing at this moment.
        exclude=["**/__pycache__"],
        bundling=cdk.BundlingOptions(
            image=cdk.DockerImage.from_registry("unused"),
            local=_LocalBundling(arch, files),
        ),
    )
