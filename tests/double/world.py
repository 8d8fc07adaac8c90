"""What the double knows beyond moto's own stores, and the request that an answer is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import RLock, get_ident
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from moto.core.exceptions import ServiceException

from tests.double.api_domains import ApiGateway

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cryptography import x509

    from tests.double.behaviour import Behaviour
    from tests.support.authority import Authority

Forwarded: TypeAlias = tuple[int, dict[str, str], str | bytes]
"""Moto's own answer as it goes over the wire: status, headers, body."""

Answer: TypeAlias = "Callable[[Request], Mapping[str, Any] | Forwarded]"
"""Carries out one operation: returns the output's members, or moto's answer."""


@dataclass(kw_only=True)
class Distribution:
    """A CloudFront distribution; `config` is the DistributionConfig as the caller sent it."""

    id: str
    arn: str
    domain_name: str
    config: dict[str, Any]
    etag: str
    status: str
    certificate_changing: bool
    modified: Any


@dataclass(kw_only=True)
class Environment:
    """An environment of Elastic Beanstalk with a load balancer of its own.

    Attributes:
        options: the deployed values, by namespace and option.
        draft: the options of another configuration, and whether it is pending or has failed.
        rolls_back: whether updates fail, and leave no draft. Inferred: no document excludes that.
    """

    id: str
    arn: str
    application: str
    name: str
    region: str
    balancer: str
    options: dict[tuple[str, str], str]
    operations_role: str | None
    tags: dict[str, str]
    status: str = "Ready"
    rolls_back: bool = False
    updated_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    draft: tuple[dict[tuple[str, str], str], str] | None = None


@dataclass(kw_only=True)
class UserPool:
    """A Cognito user pool; `domain` is the description of its custom domain, as Cognito has it."""

    id: str
    arn: str
    region: str
    tags: dict[str, str]
    domain: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Share:
    """What the resource-based policy of a CA allows this account, if another one has the CA."""

    actions: frozenset[str]
    templates: tuple[str, ...]
    """The names of the templates by which may be issued, such as `EndEntityCertificate/V1`."""


@dataclass(kw_only=True)
class PrivateCa:
    """A CA of AWS Private CA; a test may change it.

    Attributes:
        authority: what signs.
        share: None if this account has the CA.
        polls: how often a new certificate is not ready when it is asked for.
        quota: how many certificates it may issue.
        certificates: what it has issued, by ARN.
        pending: how often each is still not ready.
        tokens: the idempotency tokens, with the ARN that each stands for, and since when.
    """

    arn: str
    region: str
    authority: Authority
    usage_mode: str = "GENERAL_PURPOSE"
    share: Share | None = None
    status: str = "ACTIVE"
    polls: int = 2
    quota: int | None = None
    certificates: dict[str, x509.Certificate] = field(default_factory=dict)
    pending: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, tuple[str, datetime]] = field(default_factory=dict)


class Event(NamedTuple):
    """An event on the default bus."""

    region: str
    source: str
    kind: str
    """The detail type."""
    detail: Any


@dataclass(kw_only=True)
class World:
    """One AWS account, and what others share with it. Whoever touches it holds `lock`.

    Attributes:
        account_id: the account whose credentials a call has, while the call is answered.
        role: the name of the role that calls, for what other accounts allow to a role.
        sni: the SNI certificates of each listener, by its ARN, apart from its default.
        snapshots: per kind of stale read and Region, what such reads answer from.
        bystanders: the threads whose calls are nobody's.
        stacks: the outputs of the deployed stacks, by Region and name.
        private_cas: the CAs of AWS Private CA, by ARN.
        rotations: the rotations that Secrets Manager is to run, by the secret's ARN and the token.
        dns_changes: the changes of Route 53, and how often each is still PENDING when asked.
        dns_delay: how often a new change is PENDING.
        events: what was put on the default event buses.
        log_lines: the lines of each log group, and when they were written, in milliseconds.
    """

    behaviour: Behaviour
    account_id: str
    role: str = "certrotation-test-eu-west-1-rotate"
    lock: RLock = field(default_factory=RLock)
    distributions: dict[str, Distribution] = field(default_factory=dict)
    environments: dict[str, Environment] = field(default_factory=dict)
    user_pools: dict[str, UserPool] = field(default_factory=dict)
    sni: dict[str, list[str]] = field(default_factory=dict)
    snapshots: dict[str, dict[str, Any]] = field(default_factory=dict)
    bystanders: set[int] = field(default_factory=set)
    api_gateway: ApiGateway = field(default_factory=ApiGateway)
    stacks: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    private_cas: dict[str, PrivateCa] = field(default_factory=dict)
    rotations: list[tuple[str, str]] = field(default_factory=list)
    dns_changes: dict[str, int] = field(default_factory=dict)
    dns_delay: int = 1
    events: list[Event] = field(default_factory=list)
    log_lines: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    def is_bystander(self) -> bool:
        """Whether this thread's calls are to pass unseen and unharmed."""
        return get_ident() in self.bystanders

    def seen(self, kind: str, region: str, live: Callable[[World, str], Any]) -> Any:
        """Return what reads of this kind see: the snapshot while stale, else what `live` says."""
        if kind in self.snapshots:
            return self.snapshots[kind][region]
        return live(self, region)


@dataclass(frozen=True, kw_only=True)
class Request:
    """One call of an operation; `forward` lets moto carry it out."""

    world: World
    service: str
    operation: str
    region: str
    params: Mapping[str, Any]
    forward: Callable[[], Forwarded]

    def page(
        self, entries: Sequence[Any], *, maximum: int, size: str, token: str
    ) -> tuple[list[Any], str | None]:
        """Cut the page that the request asks for; returns it and the next page's token.

        `size` and `token` name the request's parameters, `maximum` is AWS's page size.
        """
        limit = self.world.behaviour.page_limit(self.params.get(size), maximum)
        start = int(self.params.get(token) or 0)
        end = start + limit
        return list(entries[start:end]), str(end) if end < len(entries) else None


class Refusal(ServiceException):
    """An error of AWS's, to be raised by an answer; moto spells it in the service's protocol."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


def succeeded(answer: Forwarded) -> bool:
    """Whether moto carried the operation out."""
    return answer[0] < 300
