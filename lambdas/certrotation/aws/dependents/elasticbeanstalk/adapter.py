"""Elastic Beanstalk's environments with a load balancer of their own; actions: see `iam`.

Elastic Beanstalk configures such a load balancer from the options of its environment, and restores
it at the next update of the environment. So an option is changed, never a listener. Environments
with a shared load balancer, which Elastic Beanstalk does not own, are not found here: their
listeners are moved like all others (Elastic Beanstalk Developer Guide, Configuring a shared
Application Load Balancer).

A load balancer is explained only if everything about its environment was read. What stays
unexplained comes to the listeners' services, which do not move what Elastic Beanstalk owns.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from certrotation.aws.dependents.elasticbeanstalk.options import Settings, settings_in
from certrotation.aws.dependents.elb.adapter import MEANINGS as CLASSIC_MEANINGS
from certrotation.aws.dependents.elb.adapter import ClassicListeners
from certrotation.aws.dependents.elbv2.adapter import MEANINGS as LISTENER_MEANINGS
from certrotation.aws.dependents.elbv2.adapter import LoadBalancerListeners
from certrotation.aws.dependents.faults import BUSY, FIXED
from certrotation.aws.dependents.ownership import NO_OWNER, OwnResources, stack_of, why_unmovable
from certrotation.aws.errors import VANISHED, Fault, meaning, translated
from certrotation.core.estate.dependent_kinds import ENVIRONMENT
from certrotation.core.estate.inventory import Claim, Dependent
from certrotation.errors import RETRIED, AccessDenied, DependentBusy, DependentRefused, Vanished

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from certrotation.aws.dependents.services import Clients, DependentSettings

_NOT_PRIVILEGED = Fault(
    AccessDenied,
    "Allow the environment's operations role what its update needs, or update the environment by"
    " hand.",
)

MEANINGS = (
    # "Environment named X is in an invalid state for this operation. Must be Ready."
    # (terraform-provider-aws issue 32284).
    meaning(BUSY, "InvalidParameterValue", words="must be ready|invalid state"),
    meaning(BUSY, "OperationInProgressFailure", "OperationInProgressException"),
    meaning(VANISHED, "InvalidParameterValue", words="no environment found"),
    # The last is not in the API Reference; seen from UpdateEnvironment (terraform-provider-aws
    # issue 10131).
    meaning(
        FIXED,
        "InvalidParameterCombination",
        "InvalidParameterValue",
        "InvalidRequestException",
        "TooManyBucketsException",
        "ConfigurationValidationException",
    ),
    meaning(_NOT_PRIVILEGED, "InsufficientPrivilegesException"),
)
"""What Elastic Beanstalk's error codes mean (its API Reference, version 2010-12-01)."""

_OWN = OwnResources(service="elasticloadbalancing", resource="loadbalancer/(app/.+|[^/]+)")
_TAGS = "elasticbeanstalk:"
"""How the keys begin of the tags that Elastic Beanstalk itself sets (Developer Guide, Tagging
resources in your environments, default tags)."""
_OWN_STACK = "awseb-"
"""How the names of the stacks begin that Elastic Beanstalk makes for its environments (events of
environments, cloudposse/terraform-aws-elastic-beanstalk-environment issue 81)."""

_READY = "Ready"
_NO_ROLE = (
    "the environment has no operations role, so that UpdateEnvironment would need this service's"
    " rights to change EC2, Auto Scaling, S3 and CloudFormation; associate an operations role with"
    " it, set elasticbeanstalk_administrator_access, or update the environment by hand"
)
_OVERRIDES = (
    "an option that is set by the API outranks .ebextensions and saved configurations; change the"
    " ARN there as well, or the next environment that is made of them names the old one"
)


class _Environment(NamedTuple):
    """An environment as it is described."""

    application: str
    name: str
    status: str | None
    has_operations_role: bool
    updated_at: datetime | None

    @property
    def is_ready(self) -> bool:
        """Whether it takes an update."""
        return self.status == _READY


def make(clients: Clients, region: str, settings: DependentSettings) -> Environments:
    """Return the environments of a Region."""
    return Environments(
        clients("elasticbeanstalk", region),
        clients("elbv2", region),
        clients("elb", region),
        is_administrator=settings.elasticbeanstalk_administrator_access,
    )


class Environments:
    """The environments of an account in the clients' Region.

    UpdateEnvironment needs its caller's rights on the services behind the environment, unless the
    environment has an operations role (Elastic Beanstalk API Reference,
    AssociateEnvironmentOperationsRole; grails-core issue 16262). Environments without one are moved
    only if rotate has these rights.
    """

    kinds = frozenset({ENVIRONMENT})
    region = None

    def __init__(self, client: Any, elbv2: Any, elb: Any, *, is_administrator: bool) -> None:
        self._is_administrator = is_administrator
        self._client = client
        self._elbv2 = elbv2
        self._elb = elb

    def may_explain(self, certificate_arn: str, user_arn: str) -> bool:
        """Return whether a user is a load balancer of this account that may be an environment's."""
        return _OWN.include(certificate_arn, user_arn)

    def claim(self, certificate_arn: str, user_arns: Sequence[str]) -> Claim:
        """Return the environments whose load balancers these users are, if they name it.

        Network Load Balancers are left out: Elastic Beanstalk configures no certificate for them
        (terraform-provider-aws issue 10131).
        """
        found: list[Dependent] = []
        explained: list[str] = []
        for balancer in _OWN.among(certificate_arn, user_arns):
            with suppress(Vanished):  # the environment, after it was described
                environment = self._environment_of(balancer)
                settings = self._settings(environment) if environment else None
                if environment is None or settings is None:
                    continue
                found += self._dependents(environment, settings, balancer, certificate_arn)
                explained.append(balancer)
        return Claim(
            dependents=tuple({each.arn: each for each in found}.values()),
            explained=frozenset(explained),
        )

    def move(self, dependent: Dependent, to_arn: str) -> None:
        """Change the options that name the old certificate, in one update of the environment.

        Raises:
            DependentBusy: the environment is not Ready, or is being updated now; an update takes
                minutes, and the move is done when the new configuration is deployed.
        """
        with suppress(Vanished):
            self._move(dependent, to_arn)

    def still_presents(self, dependent: Dependent) -> bool:
        """Read back whether a deployed option names the old certificate, or nothing says so."""
        try:
            environment = self._environment(_names(dependent))
            settings = self._settings(environment) if environment else None
        except Vanished:
            return False
        if environment is None:
            return False
        return settings is None or bool(settings.naming(dependent.certificate_arn))

    def complaint(self, dependent: Dependent) -> None:
        """Return nothing: such a resource takes every reimport."""
        del dependent

    def _move(self, dependent: Dependent, to_arn: str) -> None:
        environment = self._environment(_names(dependent))
        if environment is None:
            return
        settings = self._settings(environment)
        if settings is None or settings.is_deploying or not environment.is_ready:
            raise _busy(dependent, environment.status)
        old = settings.naming(dependent.certificate_arn)
        if not old:
            return
        if any(each.names(to_arn) for each in settings.failed):
            raise DependentRefused(
                f"{dependent.arn} stays: its update to {to_arn} has failed.",
                "Read the events of the environment, correct what they name, and update the"
                " environment.",
            )
        self._update(
            dependent,
            environment,
            [each.changed(dependent.certificate_arn, to_arn) for each in old],
        )
        settings = self._settings(environment)
        if settings is None or settings.naming(dependent.certificate_arn):
            raise _busy(dependent, "Updating")

    def _dependents(
        self,
        environment: _Environment,
        settings: Settings,
        balancer: str,
        certificate_arn: str,
    ) -> Iterable[Dependent]:
        naming = settings.naming(certificate_arn)
        ports = self._ports(balancer, certificate_arn)
        if not naming and not ports:
            return
        arn = _arn(environment, certificate_arn)
        tags = self._tags(arn)
        others = sorted(ports - {port for option in naming for port in option.ports})
        unmovable = NO_OWNER if tags is None else why_unmovable(_foreign(tags))
        if not (environment.has_operations_role or self._is_administrator):
            unmovable = unmovable or _NO_ROLE
        if others and environment.is_ready and not settings.is_deploying:
            unmovable = unmovable or _why_unnamed(balancer, others)
        yield Dependent(
            kind=ENVIRONMENT,
            arn=arn,
            certificate_arn=certificate_arn,
            unmovable=unmovable,
            drifts=_stack(tags or {}),
            overrides=_OVERRIDES,
            updated_at=_last_update(environment, settings) if naming else None,
        )

    # Elastic Beanstalk

    def _environment_of(self, balancer: str) -> _Environment | None:
        """Return the environment that the load balancer's tags name, if they name one."""
        identifier = self._balancer_tags(balancer).get(f"{_TAGS}environment-id")
        return self._described(EnvironmentIds=[identifier]) if identifier else None

    def _environment(self, names: tuple[str, str]) -> _Environment | None:
        application, name = names
        return self._described(ApplicationName=application, EnvironmentNames=[name])

    def _described(self, **which: Any) -> _Environment | None:
        """Return the one environment, or None if there is none, or an answer leaves out its names.

        Elastic Beanstalk leaves out what the caller may not see.
        """
        subject = ", ".join(map(str, which.values()))
        with translated("elasticbeanstalk:DescribeEnvironments", subject, MEANINGS):
            answer = self._client.describe_environments(IncludeDeleted=False, **which)
        for each in answer.get("Environments", ()):
            if each.get("ApplicationName") and each.get("EnvironmentName"):
                return _Environment(
                    application=each["ApplicationName"],
                    name=each["EnvironmentName"],
                    status=each.get("Status"),
                    has_operations_role=bool(each.get("OperationsRole")),
                    updated_at=each.get("DateUpdated"),
                )
        return None

    def _settings(self, environment: _Environment) -> Settings | None:
        action = "elasticbeanstalk:DescribeConfigurationSettings"
        with translated(action, environment.name, MEANINGS):
            return settings_in(
                self._client.describe_configuration_settings(
                    ApplicationName=environment.application, EnvironmentName=environment.name
                )
            )

    def _tags(self, arn: str) -> Mapping[str, str] | None:
        """Return the environment's tags, or None if Elastic Beanstalk does not say."""
        try:
            with translated("elasticbeanstalk:ListTagsForResource", arn, MEANINGS):
                answer = self._client.list_tags_for_resource(ResourceArn=arn)
        except Vanished:
            return None
        if "ResourceTags" not in answer:
            return None
        return {tag["Key"]: tag.get("Value", "") for tag in answer["ResourceTags"]}

    def _update(
        self, dependent: Dependent, environment: _Environment, options: Sequence[Mapping[str, str]]
    ) -> None:
        with translated("elasticbeanstalk:UpdateEnvironment", dependent.arn, MEANINGS):
            self._client.update_environment(
                ApplicationName=environment.application,
                EnvironmentName=environment.name,
                OptionSettings=options,
            )

    # The load balancer of an environment

    def _balancer_tags(self, balancer: str) -> Mapping[str, str]:
        """Return a load balancer's tags; none if it is gone, or if the answer leaves them out."""
        action = "elasticloadbalancing:DescribeTags"
        try:
            if _is_application(balancer):
                with translated(action, balancer, LISTENER_MEANINGS):
                    answer = self._elbv2.describe_tags(ResourceArns=[balancer])
            else:
                with translated(action, balancer, CLASSIC_MEANINGS):
                    answer = self._elb.describe_tags(
                        LoadBalancerNames=[balancer.rpartition("/")[2]]
                    )
        except Vanished:
            return {}
        return {
            tag["Key"]: tag.get("Value", "")
            for each in answer.get("TagDescriptions", ())
            for tag in each.get("Tags", ())
        }

    def _ports(self, balancer: str, certificate_arn: str) -> frozenset[int]:
        """Return the ports of the load balancer's listeners that name the certificate."""
        if not _is_application(balancer):
            claim = ClassicListeners(self._elb).claim(certificate_arn, [balancer])
            return frozenset(int(each.arn.rpartition(":")[2]) for each in claim.dependents)
        listeners = LoadBalancerListeners(self._elbv2).claim(certificate_arn, [balancer])
        arns = [each.arn for each in listeners.dependents]
        if not arns:
            return frozenset()
        try:
            with translated("elasticloadbalancing:DescribeListeners", balancer, LISTENER_MEANINGS):
                pages = self._elbv2.get_paginator("describe_listeners").paginate(ListenerArns=arns)
                found = [each for page in pages for each in page.get("Listeners", ())]
        except Vanished as gone:
            raise DependentBusy(gone.found, RETRIED) from None
        return frozenset(each.get("Port", 0) for each in found)


def _last_update(environment: _Environment, settings: Settings) -> datetime | None:
    """Return when the environment was updated last, if that update is over and left no failure.

    An update that fails may be rolled back without a draft that tells of it; `move` reads drafts.
    """
    is_over = environment.is_ready and not settings.is_deploying and not settings.failed
    return environment.updated_at if is_over else None


def _is_application(balancer: str) -> bool:
    return ":loadbalancer/app/" in balancer


def _arn(environment: _Environment, certificate_arn: str) -> str:
    """Return an environment's ARN (Service Authorization Reference, AWS Elastic Beanstalk)."""
    _, partition, _, region, account, _ = certificate_arn.split(":", 5)
    place = f"arn:{partition}:elasticbeanstalk:{region}:{account}"
    return f"{place}:environment/{environment.application}/{environment.name}"


def _names(dependent: Dependent) -> tuple[str, str]:
    """Return application and name.

    Neither may contain a slash (API Reference, CreateApplication and CreateEnvironment).
    """
    _, application, name = dependent.arn.split(":", 5)[5].split("/")
    return application, name


def _busy(dependent: Dependent, status: str | None) -> DependentBusy:
    state = f"is {status}" if status and status != _READY else "is being updated"
    return DependentBusy(f"{dependent.arn} {state}.", RETRIED)


def _foreign(tags: Mapping[str, str]) -> Mapping[str, str]:
    return {key: value for key, value in tags.items() if not key.startswith(_TAGS)}


def _stack(tags: Mapping[str, str]) -> str | None:
    stack = stack_of(tags)
    return None if stack is None or stack.startswith(_OWN_STACK) else stack


def _why_unnamed(balancer: str, ports: Sequence[int]) -> str:
    listed = ", ".join(map(str, ports))
    return (
        f"{balancer} presents the certificate at port {listed}, and no option of the environment"
        " names it there: a resource of .ebextensions does, or a person changed the listener"
    )
