"""EventBridge as its User Guide documents it: patterns, input transformers, API destinations.

The templates are those that the documents give to users; CloudFormation's short forms are read as
the functions that they stand for.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_TEMPLATE, MOST_PATHS = 8192, 100
"""EventBridge API Reference, InputTransformer."""

_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_-]+)>")
_PATH = re.compile(r"\$(\.[A-Za-z0-9_/-]+(\[\d+\])?)+")
"""EventBridge User Guide, Input transformation: supported paths, less wildcards."""
_ENDPOINT = re.compile(r"((%[0-9A-Fa-f]{2}|[-()_.!~*';/?:@&=+$,A-Za-z0-9])+)")
"""EventBridge API Reference, CreateApiDestination."""
_SECRET = re.compile(r"\{\{resolve:secretsmanager:([^:}]+):SecretString:([^:}]+)\}\}")


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # it has no types
    pass


def _short_form(loader: Any, suffix: str, node: Any) -> Any:
    if isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    else:
        value = loader.construct_scalar(node)
    if suffix == "GetAtt":
        value = value.split(".", 1)
    return {suffix if suffix == "Ref" else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


def load_template(text: str) -> dict[str, Any]:
    """Return a CloudFormation template that is written in YAML."""
    template: dict[str, Any] = yaml.load(text, Loader=_Loader)  # noqa: S506  a safe loader
    return template


class Request(NamedTuple):
    """What EventBridge sends to an API destination."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


def envelope(kind: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event as a rule gets it."""
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": kind,
        "source": "certrotation",
        "account": "123456789012",
        "time": "2026-11-25T12:00:00Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": json.loads(json.dumps(detail)),
    }


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Return whether an event fits a pattern of exact values."""
    return all(
        matches(wanted, event.get(key, {}))
        if isinstance(wanted, dict)
        else event.get(key) in wanted
        for key, wanted in pattern.items()
    )


def transformed(transformer: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    """Return what the target gets.

    EventBridge User Guide, Input transformation: within quotes a value is inserted as it is, and
    nothing is escaped; outside quotes it is a JSON value. A path that leads nowhere makes no
    variable, which is a mistake here.
    """
    paths, text = transformer.get("InputPathsMap", {}), str(transformer["InputTemplate"])
    assert len(text) <= MOST_TEMPLATE
    assert len(paths) <= MOST_PATHS
    assert not [each for each in paths if each.startswith("AWS")]
    values = {name: _at(path, event) for name, path in paths.items()}
    return "".join(_filled(text, values))


def _at(path: str, event: Mapping[str, Any]) -> Any:
    assert _PATH.fullmatch(path), path
    value: Any = event
    for each in path.removeprefix("$.").split("."):
        key, _, index = each.partition("[")
        value = value[key]
        if index:
            value = value[int(index.removesuffix("]"))]
    return value


def _filled(text: str, values: Mapping[str, Any]) -> Iterator[str]:
    end, is_quoted = 0, False
    for found in _PLACEHOLDER.finditer(text):
        before, value = text[end : found.start()], values[found[1]]
        is_quoted ^= before.replace('\\"', "").count('"') % 2 == 1
        yield before
        assert not is_quoted or isinstance(value, str), f"{found[0]} is no text"
        yield value if is_quoted else json.dumps(value)
        end = found.end()
    yield text[end:]


def resolved(text: str, secrets: Mapping[str, Mapping[str, str]]) -> str:
    """Return a property with its dynamic references to Secrets Manager resolved."""
    return _SECRET.sub(lambda found: secrets[found[1]][found[2]], text)


def requests_for(
    template: Mapping[str, Any],
    event: Mapping[str, Any],
    secrets: Mapping[str, Mapping[str, str]],
) -> list[Request]:
    """Return what the rules of a template send to their API destinations for an event."""
    return [
        _request(template, target, event, secrets)
        for rule in of_type(template, "AWS::Events::Rule").values()
        if matches(rule["EventPattern"], event)
        for target in rule["Targets"]
    ]


def of_type(template: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return the properties of a template's resources of a type, by name."""
    return {
        name: each.get("Properties", {})
        for name, each in template["Resources"].items()
        if each["Type"] == kind
    }


def _request(
    template: Mapping[str, Any],
    target: Mapping[str, Any],
    event: Mapping[str, Any],
    secrets: Mapping[str, Mapping[str, str]],
) -> Request:
    """EventBridge User Guide, API destinations; API Reference, CreateConnection."""
    destination = template["Resources"][target["Arn"]["Fn::GetAtt"][0]]["Properties"]
    connection = template["Resources"][destination["ConnectionArn"]["Fn::GetAtt"][0]]["Properties"]
    url = resolved(destination["InvocationEndpoint"], secrets)
    assert urlsplit(url).scheme == "https"
    assert _ENDPOINT.fullmatch(url), url
    assert connection["AuthorizationType"] == "API_KEY"
    key = connection["AuthParameters"]["ApiKeyAuthParameters"]
    more = connection["AuthParameters"].get("InvocationHttpParameters", {})
    body = json.loads(transformed(target["InputTransformer"], event))
    body |= {
        each["Key"]: resolved(each["Value"], secrets) for each in more.get("BodyParameters", [])
    }
    return Request(
        method=destination["HttpMethod"],
        url=url,
        headers={
            "User-Agent": "Amazon/EventBridge/ApiDestinations",
            "Content-Type": "application/json; charset=utf-8",
            key["ApiKeyName"]: resolved(key["ApiKeyValue"], secrets),
        },
        body=json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode(),
    )


def is_retried(status: int) -> bool:
    """EventBridge User Guide, API destinations, error codes."""
    return status == 429 or status >= 500
