"""What the deployed roles must not do, tried with their own sessions; and what they may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from certrotation.names import tags
from tests.acme.local_ca import OTHER_ZONE, ZONE
from tests.double.builders import material
from tests.e2e.account import ELSEWHERE
from tests.e2e.gate.judge import read_records
from tests.e2e.places import EAST, HOME, PREFIX
from tests.simulation.estate import client

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.acme.local_ca import Ca
    from tests.e2e.run import Run
    from tests.support.authority import Issued

_DENIALS = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError"})
_ALLOWED, _DENIED = "allowed", "denied"
_make: Any = boto3.client
"""Typed by hand: the service is a parameter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A call, in words and as it is made."""

    role: str
    words: str
    call: Callable[[], object]


class Trespasser:
    """Calls as the deployed functions do, with whatever it likes."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._account, self._estate = run.account, run.account.estate
        self._strangers, self._dependents = run.account.strangers, run.account.dependents
        self._copy = run.account.sites["late"].copies[HOME]
        self._live = run.account.sites["late"].live
        self._disposable = self._import_disposable()

    def forbidden(self) -> list[Attempt]:
        """Return what each role must not do."""
        forbidden = [*self._forbidden_to_rotate(), *self._forbidden_to_scan()]
        return [*forbidden, *self._forbidden_to_issue(self._run.ca)] if self._run.ca else forbidden

    def allowed(self) -> list[Attempt]:
        """Return, for each kind of these, what the role may: a denial is no artefact then."""
        rotate, scan = self._as("Rotate"), self._as("Scan")
        late = PREFIX + "late"
        dependents = self._dependents
        secrets, acm, elbv2 = rotate("secretsmanager"), rotate("acm"), rotate("elbv2", EAST)
        attempts: dict[str, dict[str, Callable[[], object]]] = {
            "rotate": {
                "reads a managed secret": lambda: secrets.get_secret_value(SecretId=late),
                "reimports its own copy": lambda: acm.import_certificate(
                    CertificateArn=self._copy, **material(self._live)
                ),
                "tags its own copy": lambda: acm.add_tags_to_certificate(
                    CertificateArn=self._copy, Tags=_tags({tags.SECRET: late})
                ),
                "removes a tag from its own copy": lambda: acm.remove_tags_from_certificate(
                    CertificateArn=self._copy, Tags=[{"Key": "no-such-tag"}]
                ),
                "sets a listener's default to what it is": lambda: elbv2.modify_listener(
                    ListenerArn=dependents.api_default,
                    Certificates=[
                        {"CertificateArn": self._estate.default_of(dependents.api_default)}
                    ],
                ),
                "sends to the rotation queue": lambda: self._send("Rotate", "RotationQueue"),
                "publishes to the warning topic": lambda: self._publish("Rotate", "WarningTopic"),
            },
            "scan": {
                "lists secrets": lambda: scan("secretsmanager").list_secrets(),
                "deletes a superseded copy": lambda: scan("acm").delete_certificate(
                    CertificateArn=self._disposable
                ),
                "sends to the rotation queue": lambda: self._send("Scan", "RotationQueue"),
            },
            "issue": self._allowed_to_issue(self._run.ca) if self._run.ca else {},
        }
        return [
            Attempt(role=role, words=words, call=call)
            for role, calls in attempts.items()
            for words, call in calls.items()
        ]

    def _forbidden_to_rotate(self) -> list[Attempt]:
        rotate = self._as("Rotate")
        strangers, dependents = self._strangers, self._dependents
        untouchable = {
            "a certificate of another deployment": (strangers.other_deployment, "other"),
            "a certificate that is to be ignored": (strangers.ignored, "ignored"),
        }
        attempts = {
            "reads a secret outside the prefix": lambda: rotate("secretsmanager").get_secret_value(
                SecretId="other/shop"
            ),
            "describes a secret outside the prefix": lambda: rotate(
                "secretsmanager"
            ).describe_secret(SecretId="other/shop"),
            "imports without our tag": lambda: rotate("acm").import_certificate(
                **material(self._live)
            ),
            "imports under another deployment's tag": lambda: rotate("acm").import_certificate(
                **material(self._live), Tags=_tags({tags.SECRET: "other/shop"})
            ),
            "imports in a Region that is no target": lambda: rotate(
                "acm", ELSEWHERE
            ).import_certificate(**material(self._live), Tags=_tags({tags.SECRET: PREFIX + "x"})),
            "deletes a superseded copy": lambda: rotate("acm").delete_certificate(
                CertificateArn=strangers.superseded_lately
            ),
            "changes a listener of another account": lambda: rotate("elbv2").modify_listener(
                ListenerArn=dependents.other_account, Certificates=[{"CertificateArn": self._copy}]
            ),
            "changes a listener in a Region that is no target": lambda: rotate(
                "elbv2", ELSEWHERE
            ).modify_listener(
                ListenerArn=dependents.other_region, Certificates=[{"CertificateArn": self._copy}]
            ),
            "sends to another queue": lambda: self._send("Rotate", "ScanFailures"),
            "pages": lambda: self._publish("Rotate", "CriticalTopic"),
        }
        for what, (arn, name) in untouchable.items():
            attempts |= self._changes(rotate, what, arn, self._account.issue(name))
        return [Attempt(role="rotate", words=words, call=call) for words, call in attempts.items()]

    def _changes(
        self, rotate: Callable[..., Any], what: str, arn: str, fit: Issued
    ) -> Mapping[str, Callable[[], object]]:
        """Return every change to a certificate; ACM itself would take `fit` in its place."""
        ours = _tags({tags.SECRET: PREFIX + "late"})
        return {
            f"reimports {what}": lambda: rotate("acm").import_certificate(
                CertificateArn=arn, **material(fit)
            ),
            f"puts our tag on {what}, to reimport it then": lambda: rotate(
                "acm"
            ).add_tags_to_certificate(CertificateArn=arn, Tags=ours),
            f"removes the tags from {what}": lambda: rotate("acm").remove_tags_from_certificate(
                CertificateArn=arn, Tags=[{"Key": tags.SECRET}, {"Key": tags.IGNORE}]
            ),
        }

    def _forbidden_to_scan(self) -> list[Attempt]:
        scan, strangers = self._as("Scan"), self._strangers
        attempts: dict[str, Callable[[], object]] = {
            "reads a managed secret": lambda: scan("secretsmanager").get_secret_value(
                SecretId=PREFIX + "late"
            ),
            "imports under our tag": lambda: scan("acm").import_certificate(
                **material(self._live), Tags=_tags({tags.SECRET: PREFIX + "late"})
            ),
            "deletes a copy that is not superseded": lambda: scan("acm").delete_certificate(
                CertificateArn=self._copy
            ),
            "deletes a superseded copy of another deployment": lambda: scan(
                "acm"
            ).delete_certificate(CertificateArn=strangers.superseded_of_other),
            "marks a copy superseded, to delete it then": lambda: scan(
                "acm"
            ).add_tags_to_certificate(
                CertificateArn=self._copy, Tags=_tags({tags.SUPERSEDED_BY: "x"})
            ),
            "sends to another queue": lambda: self._send("Scan", "RotationDeadLetters"),
            "pages": lambda: self._publish("Scan", "CriticalTopic"),
        }
        return [Attempt(role="scan", words=words, call=call) for words, call in attempts.items()]

    def _forbidden_to_issue(self, ca: Ca) -> list[Attempt]:
        issue, own = self._as("Issue"), f"_acme-challenge.{ZONE}"
        secrets = issue("secretsmanager")
        scan = self._run.stack.function("Scan").arn
        attempts: dict[str, Callable[[], object]] = {
            "imports under our tag": lambda: issue("acm").import_certificate(
                **material(self._live), Tags=_tags({tags.SECRET: PREFIX + "late"})
            ),
            "adds a record that proves nothing": lambda: _change(issue, ca.zone, f"www.{ZONE}"),
            "adds a record of another type": lambda: _change(issue, ca.zone, own, kind="CAA"),
            "replaces a record unseen": lambda: _change(issue, ca.zone, own, action="UPSERT"),
            "changes a zone that no issuer has": lambda: _change(
                issue, ca.other_zone, f"_acme-challenge.{OTHER_ZONE}"
            ),
            "reads a secret outside the prefix": lambda: secrets.get_secret_value(
                SecretId="other/shop"
            ),
            "writes a secret without an issuer": lambda: secrets.put_secret_value(
                SecretId=PREFIX + "late", SecretString="x"
            ),
            "creates a managed secret": lambda: secrets.create_secret(
                Name=PREFIX + "new", SecretString="x"
            ),
            "rotates a secret without an issuer": lambda: secrets.rotate_secret(
                SecretId=PREFIX + "late",
                RotationLambdaARN=self._run.stack.function("Issue").arn,
            ),
            "rotates a secret by another function": lambda: secrets.rotate_secret(
                SecretId=PREFIX + "tagged", RotationLambdaARN=scan
            ),
            "pages": lambda: self._publish("Issue", "CriticalTopic"),
        }
        return [Attempt(role="issue", words=words, call=call) for words, call in attempts.items()]

    def _allowed_to_issue(self, ca: Ca) -> dict[str, Callable[[], object]]:
        issue, own = self._as("Issue"), f"_acme-challenge.{ZONE}"

        def prove() -> None:
            for action in ("CREATE", "DELETE"):
                _change(issue, ca.zone, own, action=action)

        return {
            "reads a managed secret": lambda: issue("secretsmanager").get_secret_value(
                SecretId=PREFIX + "late"
            ),
            "adds a record that proves a name, and removes the record": prove,
        }

    def _as(self, which: str) -> Callable[..., Any]:
        """Return what makes clients that call through the gate as a function."""
        key, secret, token = self._run.stack.function(which).credentials

        def make(service: str, region: str = HOME) -> Any:
            return _make(
                service,
                region_name=region,
                endpoint_url=self._run.servers.gate,
                aws_access_key_id=key,
                aws_secret_access_key=secret,
                aws_session_token=token,
            )

        return make

    def _send(self, which: str, queue: str) -> object:
        """Send what starts a rotation with nothing to do."""
        return self._as(which)("sqs").send_message(
            QueueUrl=self._run.stack.outputs[queue], MessageBody=f'{{"secret": "{PREFIX}late"}}'
        )

    def _publish(self, which: str, topic: str) -> object:
        return self._as(which)("sns").publish(
            TopicArn=self._run.stack.outputs[topic], Message="tried by the end-to-end run"
        )

    def _import_disposable(self) -> str:
        marks = {tags.SECRET: PREFIX + "late", tags.SUPERSEDED_BY: self._copy}
        return self._estate.certificate(self._live, HOME, marks)


def try_everything(run: Run) -> None:
    """Try what is forbidden and what is allowed, and see that nothing changed."""
    client("secretsmanager", HOME).create_secret(Name="other/shop", SecretString="not ours")
    run.account.estate.secret("tagged", {"request": "-"}, {"certrotation:issuer": "another"})
    before = run.account.snapshot()
    trespasser = Trespasser(run)
    for attempt in trespasser.forbidden():
        outcome = _outcome(attempt)
        by = read_records(run.folder.decisions)[-1].statement or "no statement allows it"
        run.tell.expect(
            f"{outcome}: {attempt.role} {attempt.words} ({by})", holds=outcome == _DENIED
        )
    for attempt in trespasser.allowed():
        outcome = _outcome(attempt)
        run.tell.expect(f"{outcome}: {attempt.role} {attempt.words}", holds=outcome == _ALLOWED)
    run.tell.expect("none of it changed anything", holds=run.account.snapshot() == before)


def _change(
    issue: Callable[..., Any], zone: str, name: str, *, kind: str = "TXT", action: str = "CREATE"
) -> None:
    record = {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": '"x"'}]}
    issue("route53").change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record}]},
    )


def _outcome(attempt: Attempt) -> str:
    """Make the call; returns what came of it, or AWS's code if it failed otherwise."""
    try:
        attempt.call()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return _DENIED if code in _DENIALS else code
    return _ALLOWED


def _tags(wanted: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in wanted.items()]
