"""Reads which certificates of secrets are in use, and what ACM holds under each ARN."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from certrotation.aws.acm import AcmCertificates
from certrotation.cli.verifying.endpoints import Found, Use, find_endpoints
from certrotation.cli.verifying.verdicts import Held
from certrotation.core.material.host_names import names_of
from certrotation.core.material.x509_facts import key_algorithm_of
from certrotation.core.scan.classification import State
from certrotation.errors import CertRotationError
from certrotation.workflows.inventory import inventory

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from certrotation.cli.shell import Shell
    from certrotation.core.material.bundle import PresentedCertificate

_WORKERS = 16


class Gathered(NamedTuple):
    """What is to be asked, and what ACM holds."""

    found: Found
    held: Mapping[str, Held]
    unreachable: Mapping[str, str]
    """Region to reason."""


class _Clients:
    """Makes each client once: making clients is not thread-safe (Boto3 documentation)."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._made: dict[tuple[str, str], Any] = {}
        self._lock = Lock()

    def __call__(self, service: str, region: str, *, retries: bool = True) -> Any:
        """Return a client, which always tries a failed request again."""
        del retries
        with self._lock:
            if (service, region) not in self._made:
                self._made[service, region] = self._shell.client(service, region)
            return self._made[service, region]

    def acm(self, arn: str) -> AcmCertificates:
        """Return ACM in the Region of a certificate."""
        client = self("acm", arn.split(":")[3])
        return AcmCertificates(client, importing=client)


class _Wanted(NamedTuple):
    arn: str
    secret: str
    imported_at: datetime | None


def gather(shell: Shell, secrets: Collection[str]) -> Gathered:
    """Return the endpoints of the certificates of these secrets, or of all secrets.

    Raises:
        CertRotationError: the secrets cannot be listed.
    """
    seen = inventory(shell.parts.account, shell.parts.scan_policy, shell.now)
    wanted = [
        _Wanted(each.certificate.arn, each.marks.secret, each.certificate.imported_at)
        for each in seen.assessment.statuses
        if each.certificate.in_use
        and each.marks.secret
        and (each.state.is_managed or each.state is State.SUPERSEDED)
        and (not secrets or each.marks.secret in secrets)
    ]
    clients = _Clients(shell)
    with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
        read = list(pool.map(partial(_read, clients), wanted))
    failures = {
        each.arn: answer.found
        for each, answer in zip(wanted, read, strict=True)
        if isinstance(answer, CertRotationError)
    }
    held: dict[str, Held] = {}
    uses: list[Use] = []
    for answer in read:
        if not isinstance(answer, CertRotationError):
            held[answer[0].arn] = answer[0]
            uses += answer[1]
    found = find_endpoints(uses, clients, shell.settings.consumers)
    others = {arn for each in found.endpoints for arn in each.attached} - held.keys()
    held.update(_others(clients, sorted(others)))
    return Gathered(
        Found(found.endpoints, {**found.passed_over, **failures}), held, seen.unreachable
    )


def _read(clients: _Clients, wanted: _Wanted) -> tuple[Held, Sequence[Use]] | CertRotationError:
    """Return a certificate and its users, or why they cannot be read."""
    acm = clients.acm(wanted.arn)
    try:
        users = acm.detail(wanted.arn).in_use_by or ()
        presented = acm.presented(wanted.arn)
    except CertRotationError as error:
        return error
    held = _held(wanted.arn, wanted.secret, presented, wanted.imported_at)
    return held, [Use(wanted.arn, user) for user in users]


def _others(clients: _Clients, arns: Iterable[str]) -> dict[str, Held]:
    """Return the certificates that endpoints present beside those of secrets, if readable."""
    found = {}
    for arn in arns:
        if ":acm:" not in arn:
            continue
        try:
            found[arn] = _held(arn, "", clients.acm(arn).presented(arn), None)
        except CertRotationError:
            continue
    return found


def _held(
    arn: str, secret: str, presented: PresentedCertificate, imported_at: datetime | None
) -> Held:
    algorithm = key_algorithm_of(presented.leaf.public_key())
    return Held(
        arn=arn,
        secret=secret,
        fingerprint=presented.fingerprint,
        names=names_of(presented.leaf),
        is_elliptic=algorithm is not None and algorithm.is_elliptic,
        imported_at=imported_at,
    )
