"""Trims botocore's data in the asset to the services that the functions call.

botocore describes more than 400 services in data files. Its modules are left as they are: botocore
imports most of them whatever is called.
"""

import json
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

from certrotation.aws.dependents.registry import ENTRIES
from certrotation.names import service
from infra.packaging.interpreter import PackagingError

SERVICES = frozenset(
    {
        *service.SERVICES,
        *service.PUBLISHING_SERVICES,
        *service.ISSUING_SERVICES,
        *service.PROVIDING_SERVICES,
    }
).union(*(each.services for each in ENTRIES))
"""The services that the functions call, under boto3's names."""


def keep_services(services: Collection[str], asset: Path) -> None:
    """Remove the data of all other services from the asset, and older versions of these APIs.

    Raises:
        PackagingError: botocore has no data of one of the services.
    """
    data = asset / "botocore" / "data"
    prefixes = {_endpoint_prefix(each, data) for each in services}
    for folder in [each for each in data.iterdir() if each.is_dir()]:
        # A client takes the latest version (botocore.loaders, determine_latest_version).
        unused = sorted(folder.iterdir())[:-1] if folder.name in services else [folder]
        for each in unused:
            shutil.rmtree(each)
    _keep_endpoints(prefixes, data / "endpoints.json")


def _endpoint_prefix(service_name: str, data: Path) -> str:
    """Return the name that a service has in `endpoints.json`."""
    loader = Loader(extra_search_paths=[str(data)], include_default_search_paths=False)
    try:
        model: Any = loader.load_service_model(service_name, "service-2")
    except UnknownServiceError as error:
        raise PackagingError(
            f"botocore has no data of the service {service_name!r}. Correct `SERVICES` in"
            " certrotation.names.service, or the registry of dependents."
        ) from error
    prefix: str = model["metadata"]["endpointPrefix"]
    return prefix


def _keep_endpoints(prefixes: Collection[str], file: Path) -> None:
    """Keep every Region, and these services' endpoints: the first client reads the whole file."""
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    for partition in document["partitions"]:
        endpoints = partition["services"].items()
        partition["services"] = {name: each for name, each in endpoints if name in prefixes}
    file.write_text(json.dumps(document), encoding="utf-8")
