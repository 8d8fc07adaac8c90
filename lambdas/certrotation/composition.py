"""Makes account, policies and adapters from settings and a boto3 session, and nothing else does."""

from __future__ import annotations

import os
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
from botocore.exceptions import UnknownRegionError

from certrotation.aws.acm import AcmCertificates
from certrotation.aws.clients import (
    BRIEF,
    CONFIG,
    ONCE,
    client_of,
    forget_failed_tries,
    importing_client,
)
from certrotation.aws.dependents.services import DependentSettings, dependent_services
from certrotation.aws.queue import SqsRotationQueue
from certrotation.aws.secrets import ManagedSecrets
from certrotation.aws.tag_index import ResourceTagIndex
from certrotation.aws.topic import SnsNotices
from certrotation.errors import SettingsError
from certrotation.names.environment import (
    HOME_REGION,
    ROTATION_LOG_GROUP,
    WAITING_REQUESTS_URL,
    Mode,
)
from certrotation.names.service import EDGE_REGIONS
from certrotation.workflows.ports import Account, Region

if TYPE_CHECKING:
    from collections.abc import Mapping

    from certrotation.core.estate.arn_parameters import ArnParameters
    from certrotation.core.rotation.planning import RotationPolicy
    from certrotation.core.scan.assessment import ScanPolicy
    from certrotation.settings import Settings
    from certrotation.workflows.ports import Events, Publisher, Secrets, SecretWriter
    from certrotation.workflows.providing_ports import Providing


class Composition(NamedTuple):
    """What the functions and a command line work with, made from settings and a session."""

    settings: Settings
    account: Account
    edge: str | None = None
    """The Region whose certificates CloudFront presents, if it presents any."""

    @property
    def applies(self) -> bool:
        """Whether anything outside the queue may be changed."""
        return self.settings.mode is Mode.APPLY

    @property
    def scan_policy(self) -> ScanPolicy:
        """The rules of a scan, or of an inventory."""
        # rotate needs none of it, and its import would lengthen each cold start.
        from certrotation.core.scan.assessment import ScanPolicy  # noqa: PLC0415  see above

        settings = self.settings
        return ScanPolicy(
            prefix=settings.secret_prefix,
            targets=settings.target_regions,
            windows=settings.windows,
            interval=settings.scan_interval,
            retention=settings.retention,
            applies=self.applies,
            yearly_import_quota=settings.yearly_import_quota,
            arn_parameters=self._arn_parameters,
        )

    @property
    def rotation_policy(self) -> RotationPolicy:
        """The rules of a rotation.

        Raises:
            SettingsError: the file of the public roots cannot be read.
        """
        # scan needs none of it, and its import would lengthen each cold start.
        from certrotation.core.rotation.planning import RotationPolicy  # noqa: PLC0415  see above
        from certrotation.roots import public_roots  # noqa: PLC0415  see above

        settings = self.settings
        return RotationPolicy(
            prefix=settings.secret_prefix,
            targets=settings.target_regions,
            windows=settings.windows,
            roots=public_roots(settings.public_roots_file),
            adopts=settings.adopts,
            applies=self.applies,
            arn_parameters=self._arn_parameters,
        )

    @property
    def _arn_parameters(self) -> ArnParameters | None:
        settings = self.settings
        if not settings.arn_parameters:
            return None
        from certrotation.core.estate.arn_parameters import (  # noqa: PLC0415  as above
            ArnParameters,
        )

        return ArnParameters(
            stack=settings.stack,
            prefix=settings.secret_prefix,
            edge=self.edge,
            targets=settings.target_regions,
        )


def composed(settings: Settings) -> Composition:
    """Return the composition of a function; a warm invocation gets the same one.

    So it keeps the clients, and the rates that they learned.

    Raises:
        SettingsError: the home Region does not exist.
    """
    environment = frozenset(item for item in os.environ.items() if item[0].startswith("AWS_"))
    return _kept(settings, environment)


@lru_cache(maxsize=1)
def _kept(settings: Settings, environment: frozenset[tuple[str, str]]) -> Composition:
    """Compose once; `environment` is what boto3's session reads by itself."""
    del environment
    return compose(settings, boto3.Session())


def compose(settings: Settings, session: boto3.Session) -> Composition:
    """Make every adapter; a client is made when it is first used.

    Args:
        settings: what to work on.
        session: whose credentials and clients are used.

    Raises:
        SettingsError: the home Region does not exist.
    """
    forget_failed_tries(session)
    home = settings.home_region
    edge = edge_region(home, session)
    own = ManagedSecrets(client_of(session, "secretsmanager", home), settings.secret_prefix)
    account = Account(
        secrets=_with_sources(own, session, settings) if settings.source_secrets else own,
        queue=SqsRotationQueue(client_of(session, "sqs", home), settings.queue_url),
        regions={
            name: _region(session, name, settings, is_edge=name == edge)
            for name in settings.target_regions
        },
        notices=_notices(session, settings),
        publisher=_publisher(session, home) if settings.arn_parameters else None,
        references=own if settings.source_secrets else None,
        events=_events(session, home) if settings.events else None,
    )
    return Composition(settings, account, edge)


def _with_sources(own: Secrets, session: boto3.Session, settings: Settings) -> Secrets:
    """Return the managed secrets, some of which take their value from other accounts."""
    # Most deployments have none, and the imports would lengthen their cold starts.
    from certrotation.aws.source_secrets import SourceSecrets  # noqa: PLC0415  see above
    from certrotation.workflows.references import ReferencedSecrets  # noqa: PLC0415  see above

    clients = cache(partial(client_of, session, "secretsmanager", config=BRIEF))
    return ReferencedSecrets(
        own=own, sources=SourceSecrets(clients), patterns=settings.source_secrets
    )


def secret_writer(session: boto3.Session, home_region: str) -> SecretWriter:
    """Return what writes the secrets of the home Region; the functions never ask for it."""
    from certrotation.aws.secret_writer import SecretsManagerWriter  # noqa: PLC0415  see above

    return SecretsManagerWriter(client_of(session, "secretsmanager", home_region))


def providing(
    settings: Settings, variables: Mapping[str, str], session: boto3.Session
) -> Providing:
    """Return what the provider of custom resources works with; no other function asks for it.

    Raises:
        SettingsError: a variable that only this function has is not set.
    """
    from certrotation.aws.rotation_log import CloudWatchRotationLog  # noqa: PLC0415  see above
    from certrotation.aws.waiting_requests import SqsWaitingRequests  # noqa: PLC0415  as above
    from certrotation.workflows.providing_ports import Providing  # noqa: PLC0415  as above

    home, account = settings.home_region, compose(settings, session).account
    group, url = (_required(variables, each) for each in (ROTATION_LOG_GROUP, WAITING_REQUESTS_URL))
    return Providing(
        # Not the sources of references: their owners allow scan and rotate, and nobody else.
        secrets=ManagedSecrets(client_of(session, "secretsmanager", home), settings.secret_prefix),
        region=cache(partial(_any_region, session, settings, account.regions)),
        rotations=account.queue,
        log=CloudWatchRotationLog(client_of(session, "logs", home), group),
        waiting=SqsWaitingRequests(client_of(session, "sqs", home), url),
    )


def _any_region(
    session: boto3.Session, settings: Settings, targets: Mapping[str, Region], name: str
) -> Region | None:
    """Return a Region: a target, or another one in which copies may be left."""
    if name in targets:
        return targets[name]
    partition = session.get_partition_for_region(settings.home_region)
    is_known = name in session.get_available_regions("acm", partition_name=partition)
    return _region(session, name, settings, is_edge=False) if is_known else None


def _required(variables: Mapping[str, str], name: str) -> str:
    value = variables.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set.", "Set it on the function, by the stack.")
    return value


def edge_region(home_region: str, session: boto3.Session) -> str | None:
    """Return the Region whose certificates CloudFront presents, or None if it presents none.

    Raises:
        SettingsError: there is no such Region.
    """
    try:
        partition = session.get_partition_for_region(home_region)
    except UnknownRegionError:
        raise SettingsError(
            f"{HOME_REGION} is {home_region!r}: boto3 knows no such Region.", "Correct it."
        ) from None
    return EDGE_REGIONS.get(partition)


def _notices(session: boto3.Session, settings: Settings) -> SnsNotices | None:
    """Return the topic, asked in the Region that its ARN names."""
    topic_arn = settings.warning_topic_arn
    if topic_arn is None:
        return None
    # The URL of the stack's own queue: https://sqs.<Region>.amazonaws.com/<account>/<name>.
    account = settings.queue_url.split("/")[-2]
    client = client_of(session, "sns", topic_arn.split(":")[3], BRIEF)
    return SnsNotices(client, topic_arn, f"account {account}, {settings.home_region}")


def _publisher(session: boto3.Session, home: str) -> Publisher:
    """Return what publishes ARNs; its imports would lengthen the cold starts of others."""
    from certrotation.aws.parameter_store import SystemsManagerParameters  # noqa: PLC0415  see above
    from certrotation.workflows.publish_arn import ArnPublisher  # noqa: PLC0415  as above

    clients = cache(partial(client_of, session, "ssm"))
    return ArnPublisher(
        parameters=SystemsManagerParameters(clients),
        events=_events(session, home),
    )


def _events(session: boto3.Session, home: str) -> Events:
    """Return the event bus; its import would lengthen the cold starts of others."""
    from certrotation.aws.event_bus import EventBridgeEvents  # noqa: PLC0415  see above

    return EventBridgeEvents(client_of(session, "events", home))


def _client_of_dependent(
    session: boto3.Session, service: str, region: str, *, retries: bool = True
) -> Any:
    return client_of(session, service, region, CONFIG if retries else ONCE)


def _region(session: boto3.Session, name: str, settings: Settings, *, is_edge: bool) -> Region:
    dependents = DependentSettings(
        names=settings.dependents,
        consumer_regions=settings.consumers,
        tag=settings.dependents_tag,
        elasticbeanstalk_administrator_access=settings.elasticbeanstalk_administrator_access,
    )
    clients = partial(_client_of_dependent, session)
    certificates = AcmCertificates(
        client_of(session, "acm", name), importing=importing_client(session, name)
    )
    tagging = client_of(session, "resourcegroupstaggingapi", name)
    return Region(
        name=name,
        certificates=certificates,
        tag_index=ResourceTagIndex(tagging, certificates.tags),
        dependents=dependent_services(dependents, clients, name, is_edge=is_edge),
    )
