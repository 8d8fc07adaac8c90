"""How ARN parameters are named, and how a copy records that they hold its ARN."""

from __future__ import annotations

import pytest

from certrotation.core.estate.arn_parameters import ArnParameters, Parameter, Publication
from certrotation.names.tags import PARAMETER, SUPERSEDED_BY
from certrotation.values import replace

TWO = ("eu-west-1", "us-east-1")
NAMED = ArnParameters(stack="tls", prefix="certrotation/", edge="us-east-1", targets=TWO)


@pytest.mark.parametrize(
    ("secret", "name"),
    [
        ("certrotation/shop", "/tls/shop/arn"),
        ("certrotation/team/shop_1.example-2", "/tls/team/shop_1.example-2/arn"),
        ("certrotation/a+b=c@d", "/tls/a_2Bb_3Dc_40d/arn"),
        ("certrotation//shop", "/tls/_2Fshop/arn"),
        ("certrotation/a//b/", "/tls/a_2F/b_2F/arn"),
    ],
)
def test_the_name_is_that_of_the_secret_in_characters_that_a_parameter_may_have(
    secret: str, name: str
) -> None:
    assert NAMED.name(secret, "arn") == name


def test_a_copy_is_published_in_its_region_and_the_edges_copy_in_every_one() -> None:
    home = NAMED.of("certrotation/shop", "eu-west-1")
    edge = NAMED.of("certrotation/shop", "us-east-1")

    assert home.parameters == (Parameter("eu-west-1", "/tls/shop/arn"),)
    assert edge.parameters == (
        Parameter("us-east-1", "/tls/shop/arn"),
        Parameter("eu-west-1", "/tls/shop/edge-arn"),
        Parameter("us-east-1", "/tls/shop/edge-arn"),
    )
    assert str(edge.parameters[1]) == "/tls/shop/edge-arn in eu-west-1"


@pytest.mark.parametrize(
    ("targets", "edge", "region", "edge_arn_in"),
    [
        (("eu-west-1", "us-east-1"), "us-east-1", "us-east-1", ["eu-west-1", "us-east-1"]),
        (("us-east-1", "eu-west-1"), "us-east-1", "us-east-1", ["us-east-1", "eu-west-1"]),
        (("us-east-1",), "us-east-1", "us-east-1", ["us-east-1"]),
        (("eu-west-1", "us-east-1"), "us-east-1", "eu-west-1", []),
        (("eu-west-1",), "us-east-1", "eu-west-1", []),
        (("cn-north-1",), None, "cn-north-1", []),
    ],
)
def test_the_arn_of_the_edges_copy_is_in_every_target_region_of_the_stack(
    targets: tuple[str, ...], edge: str | None, region: str, edge_arn_in: list[str]
) -> None:
    named = ArnParameters(stack="tls", prefix="certrotation/", edge=edge, targets=targets)
    assert named.of("certrotation/shop", region).parameters == (
        Parameter(region, "/tls/shop/arn"),
        *(Parameter(each, "/tls/shop/edge-arn") for each in edge_arn_in),
    )


def test_the_mark_changes_with_a_name_and_with_a_region() -> None:
    alone = replace(NAMED, targets=("us-east-1",))
    marks = [
        NAMED.of("certrotation/shop", "us-east-1").mark,
        alone.of("certrotation/shop", "us-east-1").mark,
        NAMED.of("certrotation/wiki", "us-east-1").mark,
        NAMED.of("certrotation/shop", "eu-west-1").mark,
    ]

    assert len(set(marks)) == len(marks)
    assert {len(each) for each in marks} == {16}


def test_a_superseded_copy_holds_no_parameter_whatever_its_tag_says() -> None:
    publication = Publication((Parameter("eu-west-1", "/tls/shop/arn"),))
    marked = {PARAMETER: publication.mark}

    assert publication.is_held_by(marked)
    assert not publication.is_held_by(marked | {SUPERSEDED_BY: "arn:new"})
    assert not publication.is_held_by({PARAMETER: "of other names"})
    assert not publication.is_held_by({})
