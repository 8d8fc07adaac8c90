"""Finds who presents a copy: offers the users that ACM names to the services that may know them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.core.estate.inventory import Asked, Users, is_foreign
from certrotation.errors import CertRotationError, TransientError, without_frames

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certrotation.core.estate.dependent_kinds import DependentKind
    from certrotation.core.estate.inventory import Dependent
    from certrotation.workflows.ports import DependentService, Region


def users_of(region: Region, arn: str, user_arns: Sequence[str]) -> Users:
    """Return the dependents behind the users of a certificate, and the users without one.

    A user of this account is one resource: it is offered to the services in their order, until one
    explains it. While a service cannot answer, no later one is asked: a later one may take the
    resource for one of its own. A user of another account belongs to AWS, and several services may
    have resources behind it: it is offered to all of them, and one that explains it suffices. A
    service that fails is of no importance for a user that another service explains.

    Raises:
        CertRotationError: a service failed, and nothing else explains a user of this account.
    """
    claims = _Claims(region, arn, tuple(dict.fromkeys(user_arns)))
    for service in region.dependents:
        claims.ask(service)
    return claims.found()


class _Claims:
    """What the services said so far."""

    def __init__(self, region: Region, arn: str, users: tuple[str, ...]) -> None:
        self._region = region
        self._arn = arn
        self._users = users
        self._explained: set[str] = set()
        self._dependents: dict[tuple[DependentKind, str], Dependent] = {}
        self._asked: list[Asked] = []
        self._errors: dict[str, CertRotationError] = {}
        """The first error about each user."""

    def ask(self, service: DependentService) -> None:
        """Offer a service the users that it may explain."""
        users = tuple(each for each in self._users if self._is_for(service, each))
        if not users:
            return
        failure = ""
        try:
            claim = service.claim(self._arn, users)
        except CertRotationError as error:
            failure = f"{error.code}: {error.found}"
            for each in users:
                self._errors.setdefault(each, without_frames(error))
        else:
            self._explained |= claim.explained
            for dependent in claim.dependents:
                self._dependents.setdefault((dependent.kind, dependent.arn), dependent)
        kinds = ", ".join(sorted(map(str, service.kinds)))
        where = service.region or self._region.name
        self._asked += [Asked(each, kinds, where, failure) for each in users]

    def _is_for(self, service: DependentService, user: str) -> bool:
        error = self._errors.get(user)
        is_open = user not in self._explained and not isinstance(error, TransientError)
        return (is_open or is_foreign(self._arn, user)) and service.may_explain(self._arn, user)

    def found(self) -> Users:
        """Return the result, once all services were asked."""
        unknown = tuple(each for each in self._users if each not in self._explained)
        for each in unknown:
            if each in self._errors and not is_foreign(self._arn, each):
                raise self._errors[each]
        return Users(
            dependents=tuple(self._dependents.values()),
            unknown=unknown,
            asked=tuple(each for each in self._asked if each.user in unknown),
        )
