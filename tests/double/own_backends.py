"""Services that the double plays without moto's part of them.

Moto's package of such a service needs tools that nothing here uses, such as a validator of OpenAPI
documents. Moto imports the package when the service is first called; this one takes its place.
"""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.responses import BaseResponse

if TYPE_CHECKING:
    from collections.abc import Mapping


def replace(service: str, *, path: str, others: Mapping[str, str] | None = None) -> None:
    """Have the double answer every operation of a service.

    Args:
        service: as boto3 names it; moto's package has that name too, without hyphens.
        path: a regular expression for the paths of the service's requests.
        others: services at the same host, by how the paths of their requests begin.
    """
    name = service.replace("-", "")

    class Host(BaseResponse):
        @classmethod
        def dispatch(cls, request: Any, full_url: str, headers: Any) -> Any:
            asked = urlsplit(full_url).path
            found = (each for begin, each in (others or {}).items() if asked.startswith(begin))
            return _response_of(next(found, service)).dispatch(request, full_url, headers)

    urls = SimpleNamespace(
        url_bases=[rf"https?://{service}\.(.+)\.amazonaws\.com"],
        url_paths={"{0}" + path: Host.dispatch},
    )

    class Backend(BaseBackend):
        @property
        def _url_module(self) -> Any:
            return urls

    module: Any = ModuleType(f"moto.{name}")
    setattr(module, f"{name}_backends", BackendDict(Backend, service))
    sys.modules[f"moto.{name}"] = module


def _response_of(service: str) -> type[BaseResponse]:
    class Response(BaseResponse):
        def __init__(self) -> None:
            super().__init__(service_name=service)

    return Response
