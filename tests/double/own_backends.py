"""Services that the double plays without moto's part of them.

Moto's package of such a service needs tools that nothing here uses, such as a validator of OpenAPI
documents. Moto imports the package when the service is first called; this one takes its place.
"""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.responses import BaseResponse


def replace(service: str, *, path: str) -> None:
    """Have the double answer every operation of a service.

    Args:
        service: as boto3 names it; moto's package has that name too, without hyphens.
        path: a regular expression for the paths of the service's requests.
    """
    name = service.replace("-", "")

    class Response(BaseResponse):
        def __init__(self) -> None:
            super().__init__(service_name=service)

    urls = SimpleNamespace(
        url_bases=[rf"https?://{service}\.(.+)\.amazonaws\.com"],
        url_paths={"{0}" + path: Response.dispatch},
    )

    class Backend(BaseBackend):
        @property
        def _url_module(self) -> Any:
            return urls

    module: Any = ModuleType(f"moto.{name}")
    setattr(module, f"{name}_backends", BackendDict(Backend, service))
    sys.modules[f"moto.{name}"] = module
