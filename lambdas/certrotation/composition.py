"""Makes account, policies and adapters from settings and a boto3 session, and nothing else does."""

from __future__ import annotations

import logging
import os
from functools import cache, lru_cache, partial
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import UnknownRegionError

from certrotation.aws.acm import AcmCertificates
from certrotation.aws.dependents.services import DependentSettings, dependent_services
from certrotation.aws.import_beat import wait_for_next_beat
from certrotation.aws.queue import SqsRotationQueue
from certrotation.aws.secrets import ManagedSecrets
from certrotation.aws.tag_index import ResourceTagIndex
from certrotation.aws.topic import SnsNotices
from certrotation.aws.wire_logs import withhold
from certrotation.errors import SettingsError, without_frames
from certrotation.names.environment import HOME_REGION, Mode
from certrotation.names.service import EDGE_REGIONS, account_secret_name
from certrotation.workflows.ports import Account, Region

if TYPE_CHECKING:
    from collections.abc import Callable

    from certrotation.core.rotation.planning import RotationPolicy
    from certrotation.core.scan.assessment import ScanPolicy
    from certrotation.settings import Settings
    from certrotation.workflows.issuing_ports import Issuing
    from certrotation.workflows.ports import SecretWriter

_WRITE_BODIES = ("auth", "client", "endpoint", "hooks", "httpsession", "parsers")
"""Set by themselves, so that a level set on their parent changes nothing."""

_CONFIG = Config(
    # A client that is throttled learns the rate and keeps to it, for all its requests.
    retries={"mode": "adaptive", "total_max_attempts": 8},
    connect_timeout=5,
    read_timeout=20,
    max_pool_connections=10,
)
_IMPORTS = _CONFIG.merge(
    # The newer modes take every retry from a quota. A client that is throttled all the time uses
    # the quota up and then no longer retries.
    Config(retries={"mode": "legacy", "total_max_attempts": 8})
)
_ONCE = _CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))
_BRIEF = Config(
    # A mail that is not sent is only logged. What waited for SNS for minutes would run out of time,
    # and its message would be worked on once more.
    retries={"mode": "standard", "total_max_attempts": 2},
    connect_timeout=3,
    read_timeout=5,
)


withhold()
# What is withheld need not be made: Lambda's application log level may set the root logger to
# DEBUG. At INFO they tell at each start where they found credentials.
for _name in ("boto3", "botocore", *(f"botocore.{each}" for each in _WRITE_BODIES), "urllib3"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class _OnFirstUse:
    """A boto3 client that is made when it is first used.

    A scan never asks a load balancer anything, and a rotation rarely does: making those clients
    for every Region would lengthen each cold start. Making clients is not thread-safe, hence the
    lock (Boto3 documentation, Multithreading with clients).
    """

    _lock = Lock()

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._client: Any = None

    def __getattr__(self, name: str) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._make()
        return getattr(self._client, name)


def _client(session: boto3.Session, service: str, region: str, config: Config = _CONFIG) -> Any:
    return _OnFirstUse(
        lambda: session.client(service, region_name=region, config=config)  # type: ignore[call-overload]  # the stubs want a literal name
    )


def _importing_client(session: boto3.Session, region: str) -> Any:
    """Return a client that retries a throttled import at the next beat."""

    def make() -> Any:
        client = session.client("acm", region_name=region, config=_IMPORTS)
        events: Any = client.meta.events  # the stubs want handlers that return nothing
        events.register("needs-retry.acm.ImportCertificate", wait_for_next_beat)
        return client

    return _OnFirstUse(make)


class Composition(NamedTuple):
    """What the functions and a command line work with, made from settings and a session."""

    settings: Settings
    account: Account

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
    session.events.register("needs-retry", _forget_failed_try)
    home = settings.home_region
    edge = edge_region(home, session)
    account = Account(
        secrets=ManagedSecrets(_client(session, "secretsmanager", home), settings.secret_prefix),
        queue=SqsRotationQueue(_client(session, "sqs", home), settings.queue_url),
        regions={
            name: _region(session, name, settings, is_edge=name == edge)
            for name in settings.target_regions
        },
        notices=_notices(session, settings.warning_topic_arn),
    )
    return Composition(settings, account)


def compose_issuing(
    settings: Settings, session: boto3.Session, *, function_arn: str | None, stack: str
) -> Issuing:
    """Make what the issue function works with; scan and rotate never ask for it.

    Args:
        settings: the issuers, and the prefix of managed secrets.
        session: whose credentials and clients are used.
        function_arn: the function that Secrets Manager calls.
        stack: the stack's name, with which the names of the accounts' secrets begin.
    """
    from certrotation.aws.account_secret import AccountSecret  # noqa: PLC0415  see above
    from certrotation.aws.issuing_secrets import IssuedSecrets  # noqa: PLC0415  see above
    from certrotation.aws.zones import Route53Zones  # noqa: PLC0415  see above
    from certrotation.issuers.acme import AcmeCa  # noqa: PLC0415  see above
    from certrotation.issuers.acme_client import AcmeClient  # noqa: PLC0415  see above
    from certrotation.workflows.issuing_ports import Issuer, Issuing  # noqa: PLC0415  see above

    home = settings.home_region
    secrets = _client(session, "secretsmanager", home)
    issuers = {each.name: each for each in settings.issuers}

    @cache
    def issuer(name: str) -> Issuer:
        each = issuers[name]
        account = AccountSecret(secrets, account_secret_name(stack, name))
        client = AcmeClient(each.directory, each.ca_file)
        route53 = _OnFirstUse(lambda: _route53(session, home, each.dns_role))
        return Issuer(ca=AcmeCa(each, account, client), zones=Route53Zones(route53, each.zones))

    return Issuing(
        secrets=IssuedSecrets(secrets, settings.secret_prefix, function_arn), issuer=issuer
    )


def _route53(session: boto3.Session, home: str, role_arn: str | None) -> Any:
    """Return a client for Route 53; with a role, one of the role's account."""
    if role_arn is None:
        return session.client("route53", region_name=home, config=_CONFIG)
    sts = session.client("sts", region_name=home, config=_CONFIG)
    got = sts.assume_role(RoleArn=role_arn, RoleSessionName="certrotation")["Credentials"]
    return session.client(
        "route53",
        region_name=home,
        config=_CONFIG,
        aws_access_key_id=got["AccessKeyId"],
        aws_secret_access_key=got["SecretAccessKey"],
        aws_session_token=got["SessionToken"],
    )


def secret_writer(session: boto3.Session, home_region: str) -> SecretWriter:
    """Return what writes the secrets of the home Region; the functions never ask for it."""
    from certrotation.aws.secret_writer import SecretsManagerWriter  # noqa: PLC0415  see above

    return SecretsManagerWriter(_client(session, "secretsmanager", home_region))


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


def _notices(session: boto3.Session, topic_arn: str | None) -> SnsNotices | None:
    """Return the topic, asked in the Region that its ARN names."""
    if topic_arn is None:
        return None
    return SnsNotices(_client(session, "sns", topic_arn.split(":")[3], _BRIEF), topic_arn)


def _forget_failed_try(caught_exception: Exception | None, **_: object) -> None:
    """Forget the frames of a request without an answer, before botocore retries it.

    In legacy mode botocore has raised the exception once more by now, so that its traceback leads
    to the frames that handle it, and these to the exception: a circle that holds the request.
    """
    if caught_exception is not None:
        without_frames(caught_exception)


def _client_of_dependent(
    session: boto3.Session, service: str, region: str, *, retries: bool = True
) -> Any:
    return _client(session, service, region, _CONFIG if retries else _ONCE)


def _region(session: boto3.Session, name: str, settings: Settings, *, is_edge: bool) -> Region:
    dependents = DependentSettings(
        names=settings.dependents,
        consumer_regions=settings.consumers,
        tag=settings.dependents_tag,
        elasticbeanstalk_administrator_access=settings.elasticbeanstalk_administrator_access,
    )
    clients = partial(_client_of_dependent, session)
    certificates = AcmCertificates(
        _client(session, "acm", name), importing=_importing_client(session, name)
    )
    tagging = _client(session, "resourcegroupstaggingapi", name)
    return Region(
        name=name,
        certificates=certificates,
        tag_index=ResourceTagIndex(tagging, certificates.tags),
        dependents=dependent_services(dependents, clients, name, is_edge=is_edge),
    )
