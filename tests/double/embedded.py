"""The double in process: moto's mock with the double's answers and a recorder in front."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache
from threading import get_ident
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from unittest.mock import patch
from uuid import uuid4

import botocore.handlers
import botocore.session
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from botocore.loaders import create_loader
from moto import mock_aws
from moto.acm.models import acm_backends
from moto.core import errors
from moto.core.models import DEFAULT_ACCOUNT_ID, botocore_stubber
from moto.core.responses import BaseResponse
from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends

from tests.double import (
    acm_views,
    certificates,
    cloudformation,
    cognito,
    elasticbeanstalk,
    load_balancers,
    route53,
    secretsmanager,
    tag_index,
)
from tests.double.behaviour import Behaviour
from tests.double.dispatch import answering
from tests.double.recorder import Call, Change, Hook, Recorder
from tests.double.world import Environment, Event, PrivateCa, UserPool, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from typing import Literal

    from tests.double.api_domains import ApiGateway
    from tests.double.world import Share
    from tests.support.authority import Authority

    StaleRead = Literal[
        "tagging", "list_secrets", "list_certificates", "in_use_by", "secret_values"
    ]

_Hook = TypeVar("_Hook")

_SNAPSHOTS: dict[str, Callable[[World, str], Any]] = {
    "in_use_by": certificates.uses,
    "list_certificates": acm_views.summaries,
    "list_secrets": secretsmanager.stored,
    "secret_values": secretsmanager.stored,
    "tagging": tag_index.tagged,
}

_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "not-a-secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    # Half a second for each Region with a load balancer, and nobody looks at an image here.
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
}

# By default moto answers before botocore's rate limit has had its say (before-send): the client
# would wait for its turn after the request, not before it.
_HANDLERS = [
    (*each, botocore.handlers.REGISTER_LAST) if each[1] is botocore_stubber else each
    for each in botocore.handlers.BUILTIN_HANDLERS
]

# Moto begins each world with a new boto3 session, which would parse the service models anew.
_shared_loader = cache(create_loader)


class EmbeddedAws:
    """The world under test, seen from outside: its knobs, its calls, and what may go wrong."""

    def __init__(self, world: World, recorder: Recorder) -> None:
        self.behaviour = world.behaviour
        self.is_dns_dark = False
        """Whether public DNS knows no name."""
        self._world = world
        self._recorder = recorder

    @property
    def account_id(self) -> str:
        """The account that the tests look at."""
        return self._world.account_id

    @property
    def calls(self) -> list[Call]:
        """Every call so far, in order of their start; `calls.clear()` begins anew."""
        return self._recorder.calls

    def calls_of(self, service: str, operation: str | None = None) -> list[Call]:
        """Return the calls of a service, or of one operation of it."""
        return [
            call
            for call in self.calls
            if call.service == service and operation in (None, call.operation)
        ]

    def before(self, hook: Hook) -> AbstractContextManager[None]:
        """Run `hook` before each call has an effect; it may raise. Leaving the context removes it.

        Outside a `with` statement the hook stays for the world's life.
        """
        return _Registration(self._recorder.before, hook)

    def after(self, hook: Hook) -> AbstractContextManager[None]:
        """Run `hook` after each call had its effect or was refused; as `before` otherwise."""
        return _Registration(self._recorder.after, hook)

    def changing(self, change: Change) -> AbstractContextManager[None]:
        """Let `change` alter each answer before the caller gets it, until the context is left."""
        return _Registration(self._recorder.changes, change)

    @contextmanager
    def unobserved(self) -> Iterator[None]:
        """Let this thread's calls be nobody's: no record, no hook, no fault, no dark Region.

        For a hook that looks at the world while the process under test is stopped.
        """
        self._world.bystanders.add(get_ident())
        try:
            yield
        finally:
            self._world.bystanders.remove(get_ident())

    @contextmanager
    def looking_at(self, account: str) -> Iterator[None]:
        """Look at another account until exit."""
        with self._setting("account_id", account):
            yield

    @contextmanager
    def acting_as(self, role: str) -> Iterator[None]:
        """Let calls be those of another role, for what other accounts allow to a role."""
        with self._setting("role", role):
            yield

    @contextmanager
    def _setting(self, name: Literal["account_id", "role"], value: str) -> Iterator[None]:
        """Give the world another value until exit; while it answers, both are the caller's."""
        with self._world.lock:
            own = getattr(self._world, name)
            setattr(self._world, name, value)
        try:
            yield
        finally:
            with self._world.lock:
                setattr(self._world, name, own)

    def error(self, code: str, operation: str, message: str = "") -> ClientError:
        """Make the error that boto3 raises for this code, for a hook to raise."""
        return ClientError({"Error": {"Code": code, "Message": message or code}}, operation)

    @contextmanager
    def stale(self, kind: StaleRead) -> Iterator[None]:
        """Let reads of this kind answer from now's state until exit: eventual consistency."""
        world = self._world
        with world.lock:
            take = _SNAPSHOTS[kind]
            world.snapshots[kind] = {region: take(world, region) for region in self._regions()}
        try:
            yield
        finally:
            with world.lock:
                del world.snapshots[kind]

    def text_values(self, name: str) -> list[str]:
        """Return what public DNS answers for TXT records of a name."""
        if self.is_dns_dark:
            return []
        return route53.text_values(self._world, name)

    def dns_takes(self, questions: int) -> None:
        """Let changes of Route 53 be PENDING so often when they are asked for."""
        with self._world.lock:
            self._world.dns_delay = questions

    def events(self) -> list[Event]:
        """Return what was put on the default event buses."""
        with self._world.lock:
            return list(self._world.events)

    def log(self, group: str, *lines: str) -> None:
        """Write lines into a log group, now."""
        at = int(datetime.now(UTC).timestamp() * 1_000)
        with self._world.lock:
            self._world.log_lines.setdefault(group, []).extend((at, each) for each in lines)

    def rotations(self, region: str) -> list[PendingRotation]:
        """Return the rotations that were begun since this was asked last."""
        with self._world.lock:
            begun, self._world.rotations[:] = list(self._world.rotations), []
        return [PendingRotation(self._world, region, arn, token) for arn, token in begun]

    def finish_deployments(self) -> None:
        """Let every distribution become Deployed, and every other update end."""
        with self._world.lock:
            elasticbeanstalk.finish_updates(self._world)
            cognito.finish_updates(self._world)
            self._world.api_gateway.finish_updates()
            for each in self._world.distributions.values():
                each.status, each.certificate_changing = "Deployed", False

    @property
    def api_gateway(self) -> ApiGateway:
        """The state of API Gateway, and its rules, which a test may change."""
        return self._world.api_gateway

    def in_use_by(self, arn: str) -> list[str]:
        """Return the ARNs of the resources that name a certificate now, stale reads or not."""
        region = arn.split(":")[3]
        with self._world.lock:
            return certificates.uses(self._world, region).get(arn, [])

    def deploy_stack(self, name: str, region: str, outputs: dict[str, str]) -> None:
        """Have a stack with these outputs, without its resources."""
        with self._world.lock:
            self._world.stacks[region, name] = outputs

    def load_balancer(
        self,
        name: str,
        *,
        kind: Literal["application", "network"] = "application",
        region: str = "us-east-1",
        tags: dict[str, str] | None = None,
    ) -> str:
        """Make a load balancer in the Region's default subnets, without an API call.

        Returns its ARN.
        """
        with self._world.lock:
            subnets = ec2_backends[self.account_id][region].describe_subnets()
            balancer = load_balancers.create(
                elbv2_backends[self.account_id][region],
                name=name,
                kind=kind,
                subnets=[subnet.id for subnet in subnets],
                security_groups=[],
                tags=[{"Key": key, "Value": value} for key, value in (tags or {}).items()],
            )
        return str(balancer.arn)

    def private_ca(
        self,
        authority: Authority,
        *,
        region: str = "us-east-1",
        usage_mode: Literal["GENERAL_PURPOSE", "SHORT_LIVED_CERTIFICATE"] = "GENERAL_PURPOSE",
        share: Share | None = None,
        arn: str | None = None,
    ) -> PrivateCa:
        """Have an ACTIVE CA of AWS Private CA, of another account if it is shared."""
        account = self.account_id if share is None else "999999999999"
        arn = arn or f"arn:aws:acm-pca:{region}:{account}:certificate-authority/{uuid4()}"
        region = arn.split(":")[3]
        made = PrivateCa(
            arn=arn, region=region, authority=authority, usage_mode=usage_mode, share=share
        )
        with self._world.lock:
            self._world.private_cas[arn] = made
        return made

    def environments(self) -> dict[str, Environment]:
        """Return Elastic Beanstalk's environments by id; a test may change them."""
        return self._world.environments

    def user_pools(self) -> dict[str, UserPool]:
        """Return Cognito's user pools by id; a test may change them."""
        return self._world.user_pools

    def _regions(self) -> list[str]:
        return list(acm_backends[self.account_id].regions)


class PendingRotation:
    """A rotation as Secrets Manager runs it: four steps, and all of them again if one raises."""

    def __init__(self, world: World, region: str, arn: str, token: str) -> None:
        self._world, self._region = world, region
        self.arn, self.token = arn, token

    def run(self, function: Callable[[dict[str, str]], object], tries: int = 1) -> list[str]:
        """Run the steps; returns what each failed try raised. The last try may succeed."""
        failures: list[str] = []
        for _ in range(tries):
            try:
                for step in ("createSecret", "setSecret", "testSecret", "finishSecret"):
                    function({"Step": step, "SecretId": self.arn, "ClientRequestToken": self.token})
            except Exception as error:  # noqa: BLE001  whatever it is, it is tried again
                failures.append(str(error))
                continue
            with self._world.lock:
                secretsmanager.end_rotation(self._world, self._region, self.arn)
            break
        return failures


class _Registration(Generic[_Hook]):
    """A hook in its place; calling it, or leaving it as a context, takes the hook out."""

    def __init__(self, hooks: list[_Hook], hook: _Hook) -> None:
        self._hooks = hooks
        self._hook = hook
        hooks.append(hook)

    def __call__(self) -> None:
        self._hooks.remove(self._hook)

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        self()


@contextmanager
def embedded_aws(behaviour: Behaviour | None = None) -> Iterator[EmbeddedAws]:
    """Run an AWS account in this process, empty at first; everything is restored on exit.

    Credentials are fake and AWS_DEFAULT_REGION is us-east-1 meanwhile.
    """
    world = World(behaviour=behaviour or Behaviour(), account_id=DEFAULT_ACCOUNT_ID)
    recorder = Recorder(world)
    with ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, _ENVIRONMENT))
        stack.enter_context(patch.object(botocore.session, "create_loader", _shared_loader))
        stack.enter_context(patch.object(botocore.handlers, "BUILTIN_HANDLERS", _HANDLERS))
        stack.enter_context(mock_aws())
        stack.enter_context(answers_in_front(world))
        recording = recorder.recording(vars(BaseClient)["_make_api_call"])
        stack.enter_context(patch.object(BaseClient, "_make_api_call", recording))
        yield EmbeddedAws(world, recorder)


@contextmanager
def answers_in_front(world: World) -> Iterator[None]:
    """Put the double's answers in front of moto's, in process and behind moto's server."""
    moto = BaseResponse.call_action
    with (
        patch.object(BaseResponse, "call_action", answering(world, moto)),
        cloudformation.in_place_of_motos(),
        # Moto warns of codes that botocore's models leave out, such as UnsupportedCertificate.
        patch.object(errors, "warn", lambda *_, **__: None),
    ):
        yield
