"""Who presents a copy: each user that ACM names is offered to the services in their order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from certrotation.core.estate.inventory import Claim, Users
from certrotation.workflows.observe import users_of
from certrotation.workflows.ports import Region
from tests.core.builders import arn, distribution, listener

if TYPE_CHECKING:
    from collections.abc import Sequence

COPY = arn(1)
OWN, FOREIGN, GONE = "arn:own", "arn:foreign", "arn:gone"


@dataclass(kw_only=True)
class Service:
    """A service that makes the same claim whoever it is offered."""

    answer: Claim = field(default_factory=Claim)
    offered: list[tuple[str, ...]] = field(default_factory=list)

    def claim(self, certificate_arn: str, user_arns: Sequence[str]) -> Claim:
        assert certificate_arn == COPY
        self.offered.append(tuple(user_arns))
        return self.answer


def region(*services: Service) -> Region:
    nothing: Any = None
    return Region(
        name="eu-west-1",
        certificates=nothing,
        tag_index=nothing,
        dependents=cast("Any", services),
    )


def test_a_user_that_one_service_explained_is_not_offered_to_the_next() -> None:
    first = Service(answer=Claim(dependents=(listener(1),), explained=frozenset({OWN})))
    second = Service(answer=Claim(dependents=(distribution(),), explained=frozenset({FOREIGN})))

    found = users_of(region(first, second), COPY, [OWN, FOREIGN])

    assert (first.offered, second.offered) == ([(OWN, FOREIGN)], [(FOREIGN,)])
    assert found == Users(dependents=(listener(1), distribution()))


def test_a_user_that_no_service_explained_is_unknown_whatever_was_found_beside_it() -> None:
    service = Service(answer=Claim(dependents=(listener(1),), explained=frozenset({OWN})))

    assert users_of(region(service), COPY, [OWN, FOREIGN]) == Users(
        dependents=(listener(1),), unknown=(FOREIGN,)
    )
    assert users_of(region(), COPY, [OWN]) == Users(unknown=(OWN,))


def test_a_user_that_was_read_and_names_the_copy_no_longer_uses_nothing() -> None:
    service = Service(answer=Claim(explained=frozenset({GONE})))

    assert not users_of(region(service), COPY, [GONE])


def test_a_user_that_acm_names_twice_is_offered_once() -> None:
    service = Service()

    assert users_of(region(service), COPY, [OWN, OWN]).unknown == (OWN,)
    assert service.offered == [(OWN,)]


def test_a_copy_that_acm_calls_unused_is_offered_to_nobody() -> None:
    service = Service()

    assert not users_of(region(service), COPY, [])
    assert service.offered == []
