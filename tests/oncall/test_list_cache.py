"""What the list cache of the year answers is what AWS would have answered."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from certrotation.names import tags
from tests.double import embedded_aws
from tests.oncall.year.list_cache import caching_lists
from tests.simulation.estate import HOME, PREFIX, Estate, client
from tests.support.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator

LISTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "certificates": ("acm", "list_certificates", {"Includes": {"keyTypes": ["EC_prime256v1"]}}),
    "tags": ("resourcegroupstaggingapi", "get_resources", {"ResourcesPerPage": 2}),
    "secrets": ("secretsmanager", "list_secrets", {"MaxResults": 2}),
}


@pytest.fixture
def estate() -> Iterator[Estate]:
    authority = Authority.root().intermediate()
    with caching_lists() as cache, embedded_aws() as aws:
        estate = Estate(aws)
        for number in range(3):
            issued = authority.issue(f"shop-{number}.example.com", lifetime=timedelta(days=90))
            version = estate.secret(f"shop-{number}", issued, {tags.REGIONS: HOME})
            arn = estate.certificate(issued, HOME, {tags.VERSION: version})
            if number == 1:
                estate.listener("web", HOME, arn)
        cache.aws = aws
        yield estate


def _answers(name: str) -> Any:
    service, operation, params = LISTS[name]
    pages = client(service, HOME).get_paginator(operation).paginate(**params)
    answers = [dict(page) for page in pages]
    for each in answers:
        each.pop("ResponseMetadata", None)
        for token in ("NextToken", "PaginationToken"):
            each[token] = each.get(token) or None
    return answers


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_the_one_that_comes_over_the_wire(estate: Estate, name: str) -> None:
    direct = _answers(name)

    estate.aws.behaviour.denied = {("acm", "DeleteCertificate", None)}

    assert _without_moments(direct) == _without_moments(_answers(name))


def _without_moments(pages: Any) -> Any:
    """ACM's own dates are naive in the double; nobody here reads them."""
    own = ("CreatedAt", "ImportedAt", "VersionIdsToStages")
    return [
        [
            {key: value for key, value in each.items() if key not in own}
            for entries in page.values()
            if isinstance(entries, list)
            for each in entries
        ]
        for page in pages
    ]


def test_what_changed_is_seen(estate: Estate) -> None:
    _answers("secrets")

    estate.tag_secret("shop-0", hold="")

    (first, *_) = [each for page in _answers("secrets") for each in page["SecretList"]]
    assert first["Name"] == PREFIX + "shop-0"
    assert {"Key": tags.HOLD, "Value": ""} in first["Tags"]
