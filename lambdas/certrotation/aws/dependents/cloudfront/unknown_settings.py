"""Reads a distribution together with those of its settings that the boto3 at hand does not know.

botocore drops what its model lacks from an answer, and UpdateDistribution replaces the whole
configuration (CloudFront API Reference): what was dropped would be erased without a word.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import fromstring

from botocore.model import ListShape, StructureShape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from xml.etree.ElementTree import Element

    from botocore.model import Shape
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_cloudfront.type_defs import GetDistributionResultTypeDef

    UnknownSettings = Mapping[str, set[str]]
    """The texts in each unknown setting, by its path, such as `Origins.Items.Origin.New`."""

_CONFIG = "DistributionConfig"
"""An element of the answer, and the shape that both GetDistribution and UpdateDistribution have."""

_BEFORE_PARSE = "before-parse.cloudfront.GetDistribution"
_BODY = "RawBody"


def get_distribution(
    client: CloudFrontClient, identifier: str
) -> tuple[GetDistributionResultTypeDef, UnknownSettings]:
    """Call GetDistribution; return its answer, and what the answer's configuration leaves out.

    Raises:
        ClientError, BotoCoreError: as the client does.
    """
    # Here, because a client may be made on first use only; the id has it registered once.
    client.meta.events.register(_BEFORE_PARSE, _keep_body, unique_id=_BEFORE_PARSE)
    answer = client.get_distribution(Id=identifier)
    return answer, _unknown_settings(answer, client.meta.service_model.shape_for(_CONFIG))


def _keep_body(
    *, response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """Put the body into the answer that it is parsed to, so that each thread finds its own."""
    customized_response_dict[_BODY] = response_dict["body"]


def _unknown_settings(answer: Any, shape: Shape) -> UnknownSettings:
    # A botocore too old for the event (it came in 1.35) fails here: nothing is erased unseen.
    root = fromstring(answer[_BODY])  # noqa: S314  AWS's own; botocore parsed it too
    found: dict[str, set[str]] = defaultdict(set)
    for config in root.iterfind(f"{{*}}{_CONFIG}"):
        for path, element in _unknown_elements(config, shape):
            found[path].update(element.itertext())
    return found


def _unknown_elements(
    element: Element, shape: Shape, path: str = ""
) -> Iterator[tuple[str, Element]]:
    """Yield, with its path, each element below this one that the shape has no place for."""
    known = _children(shape)
    for child in element:
        name = child.tag.rpartition("}")[2]
        if name in known:
            yield from _unknown_elements(child, known[name], f"{path}{name}.")
        else:
            yield f"{path}{name}", child


def _children(shape: Shape) -> Mapping[str, Shape]:
    """Return the shapes of the elements in an element of this shape, by the elements' names.

    These are the two kinds that CloudFront's model nests (Smithy 2.0, AWS restXml protocol). What
    is in an element of any other kind is unknown: better refused than erased.
    """
    match shape:
        case StructureShape():
            return {
                member.serialization.get("name", name): member
                for name, member in shape.members.items()
            }
        case ListShape():
            return {shape.member.serialization.get("name", "member"): shape.member}
        case _:
            return {}
