"""Who presents a copy: each user that ACM names is offered to the services that may know it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from certrotation.core.estate.dependent_kinds import ALB_LISTENER
from certrotation.core.estate.inventory import Asked, Claim, Users, is_foreign
from certrotation.errors import AccessDenied, CertRotationError, Throttled
from certrotation.workflows.claims import users_of
from certrotation.workflows.ports import Region
from tests.core.builders import distribution, listener

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certrotation.core.estate.dependent_kinds import DependentKind

HOME = "eu-west-1"
COPY = f"arn:aws:acm:{HOME}:123456789012:certificate/c"
ELB = f"arn:aws:elasticloadbalancing:{HOME}"
OWN = f"{ELB}:123456789012:loadbalancer/app/own/1"
GONE = f"{ELB}:123456789012:loadbalancer/app/gone/1"
AZ1, AZ2 = (f"{ELB}:813000000731:loadbalancer/app/prod-az{each}/1" for each in (1, 2))
DENIED = AccessDenied("GetDomainNames is denied.", "Allow it.")
THROTTLED = Throttled("GetDomainNames is throttled.", "Wait.")


@dataclass(kw_only=True)
class Service:
    """A service that makes the same claim whoever it is offered."""

    answer: Claim | CertRotationError = field(default_factory=Claim)
    knows: frozenset[str] = frozenset({OWN, GONE, AZ1, AZ2})
    region: str | None = None
    kinds: frozenset[DependentKind] = frozenset({ALB_LISTENER})
    offered: list[tuple[str, ...]] = field(default_factory=list)

    def may_explain(self, certificate_arn: str, user_arn: str) -> bool:
        assert certificate_arn == COPY
        return user_arn in self.knows

    def claim(self, certificate_arn: str, user_arns: Sequence[str]) -> Claim:
        assert certificate_arn == COPY
        self.offered.append(tuple(user_arns))
        if isinstance(self.answer, CertRotationError):
            raise self.answer
        return self.answer


def explaining(dependent: Any, *users: str, **more: Any) -> Service:
    answer = Claim(dependents=(dependent,), explained=frozenset(users))
    return Service(answer=answer, **more)


def region(*services: Service) -> Region:
    nothing: Any = None
    return Region(
        name=HOME, certificates=nothing, tag_index=nothing, dependents=cast("Any", services)
    )


# Users of the account


def test_a_user_that_one_service_explained_is_not_offered_to_the_next() -> None:
    first, second = explaining(listener(1), OWN), explaining(distribution(), GONE)

    found = users_of(region(first, second), COPY, [OWN, GONE])

    assert (first.offered, second.offered) == ([(OWN, GONE)], [(GONE,)])
    assert found == Users(dependents=(listener(1), distribution()))


def test_a_user_that_no_service_explained_is_unknown_whatever_was_found_beside_it() -> None:
    found = users_of(region(explaining(listener(1), OWN)), COPY, [OWN, AZ1])

    assert (found.dependents, found.unknown) == ((listener(1),), (AZ1,))
    assert users_of(region(), COPY, [OWN]) == Users(unknown=(OWN,))


def test_a_user_that_was_read_and_names_the_copy_no_longer_uses_nothing() -> None:
    service = Service(answer=Claim(explained=frozenset({GONE})))

    assert not users_of(region(service), COPY, [GONE])


def test_a_user_that_acm_names_twice_is_offered_once() -> None:
    service = Service()

    assert users_of(region(service), COPY, [OWN, OWN]).unknown == (OWN,)
    assert service.offered == [(OWN,)]


def test_only_services_that_may_explain_a_user_are_asked() -> None:
    service = Service(knows=frozenset({AZ1}))

    assert not users_of(region(service), COPY, [])
    assert users_of(region(service), COPY, [OWN]) == Users(unknown=(OWN,))
    assert service.offered == []


def test_a_service_that_fails_does_not_matter_if_the_next_explains_its_user() -> None:
    found = users_of(region(Service(answer=DENIED), explaining(listener(1), OWN)), COPY, [OWN])

    assert found == Users(dependents=(listener(1),))


def test_the_failure_counts_if_nothing_else_explains_a_user_of_the_account() -> None:
    with pytest.raises(Throttled):
        users_of(region(Service(answer=THROTTLED), Service()), COPY, [OWN])


def test_nobody_else_is_asked_about_a_user_while_a_service_before_them_cannot_answer() -> None:
    """The next may see the load balancer of an environment as any other."""
    second = explaining(listener(1), OWN)
    with pytest.raises(Throttled):
        users_of(region(Service(answer=THROTTLED), second), COPY, [OWN])
    assert second.offered == []


# Users of another account: AWS fronts a service


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        (OWN, False),
        (AZ1, True),
        ("arn:aws:cloudfront::216431265614:distribution/E1", True),
        (f"arn:aws:apigateway:{HOME}::/domainnames/api.example.com", True),
        ("no ARN", False),
    ],
)
def test_what_is_not_the_accounts_is_foreign(*, user: str, expected: bool) -> None:
    assert is_foreign(COPY, user) is expected


def test_one_resource_behind_several_foreign_users_is_found_once() -> None:
    api = distribution()
    service = explaining(api, AZ1, AZ2)

    assert users_of(region(service, service), COPY, [AZ1, AZ2]) == Users(dependents=(api,))


def test_a_foreign_user_is_offered_to_every_service_since_several_may_be_behind_it() -> None:
    one, other = listener(1), distribution()
    services = explaining(one, AZ1), Service(), explaining(other, AZ1, region="us-east-1")

    assert users_of(region(*services), COPY, [AZ1]) == Users(dependents=(one, other))


@pytest.mark.parametrize("failure", [DENIED, THROTTLED])
def test_a_failure_is_of_no_importance_for_a_foreign_user_that_another_explains(
    failure: CertRotationError,
) -> None:
    services = Service(answer=failure), explaining(listener(1), AZ1), Service(answer=failure)

    assert users_of(region(*services), COPY, [AZ1]) == Users(dependents=(listener(1),))


def test_who_was_asked_where_and_what_failed_is_kept_for_a_foreign_user_without_explanation() -> (
    None
):
    services = Service(), Service(region="us-east-1", answer=THROTTLED)

    found = users_of(region(*services), COPY, [AZ1])

    assert found.unknown == (AZ1,)
    assert found.asked == (
        Asked(AZ1, "ALB listener", HOME),
        Asked(AZ1, "ALB listener", "us-east-1", "THROTTLED: GetDomainNames is throttled."),
    )
    assert [str(each) for each in found.asked] == [
        "ALB listener in eu-west-1",
        "ALB listener in us-east-1 (THROTTLED: GetDomainNames is throttled.)",
    ]
