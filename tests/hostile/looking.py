"""Looks at the account from outside: what is served at an instant, and what is there at the end."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography import x509

from certrotation.names import tags
from tests.hostile.stories import SECRET
from tests.support.authority import now
from tests.support.estate import HOME, client, region_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.double import Call
    from tests.hostile.stories import Scene
    from tests.support.estate import Estate

CHANGES = frozenset(
    {
        "AddListenerCertificates",
        "DeleteCertificate",
        "ImportCertificate",
        "ModifyListener",
        "RemoveListenerCertificates",
        "UpdateDistribution",
    }
)
"""The calls that change what is presented to clients."""


@dataclass(kw_only=True)
class Seen:
    """What was wrong at some instant, and what was imported."""

    gaps: list[str] = field(default_factory=list)
    """Where a name was served by no valid certificate, and after which call."""
    imported: list[tuple[str, str]] = field(default_factory=list)
    """ARN and serial number of each import that took effect."""

    @property
    def doubled(self) -> int:
        """How many imports brought an ARN what it had been given already."""
        return len(self.imported) - len(set(self.imported))


@contextmanager
def watching(estate: Estate, scene: Scene) -> Iterator[Seen]:
    """Look at every listener and distribution after each call that changes what is presented."""
    seen = Seen()

    def look(call: Call) -> None:
        if call.operation not in CHANGES:
            return
        with estate.aws.unobserved():
            seen.gaps.extend(f"{each} after {call.operation}" for each in gaps(estate, scene))
            arn = call.params.get("CertificateArn")
            if call.operation == "ImportCertificate" and arn and call.error is None:
                seen.imported.append((arn, _serial(call.params["Certificate"])))

    with estate.aws.after(look):
        yield seen


def gaps(estate: Estate, scene: Scene) -> list[str]:
    """Return each dependent and name for which no valid certificate is presented now."""
    return [
        f"{dependent}: {name}"
        for dependent, names in scene.serves.items()
        for name in names
        if not any(_serves(estate.presents(arn), name) for arn in presented_by(estate, dependent))
    ]


def presented_by(estate: Estate, dependent: str) -> list[str]:
    """Return the ARNs that a listener presents, default first, or a distribution."""
    if dependent.startswith("arn:"):
        return [estate.default_of(dependent), *sorted(estate.sni_of(dependent))]
    return [estate.viewer_certificate(dependent)["ACMCertificateArn"]]


def portrait(estate: Estate, scene: Scene, initial: frozenset[str]) -> Any:
    """Return what is there in words that are the same in two worlds where the same happened.

    Copies that are superseded and that nothing uses are left out: `strays` counts them.
    """
    stages = _stages()
    labels = {
        arn: _label(estate, arn, stages, is_old=arn in initial)
        for arn in sorted(all_certificates(estate))
    }
    return {
        "certificates": sorted(
            (label, sorted(_tags(estate, arn, labels, stages).items()))
            for arn, label in labels.items()
            if not is_stray(estate, arn, initial)
        ),
        "dependents": [
            [labels[default], *sorted(labels[arn] for arn in rest)]
            for default, *rest in (presented_by(estate, each) for each in scene.serves)
        ],
        "comments": [_comment(each) for each in scene.serves if not each.startswith("arn:")],
        "messages": estate.waiting_messages(),
    }


def is_stray(estate: Estate, arn: str, initial: frozenset[str]) -> bool:
    """Say whether a copy was made, is superseded, and serves nobody."""
    return (
        arn not in initial
        and tags.SUPERSEDED_BY in estate.tags(arn)
        and not estate.aws.in_use_by(arn)
    )


def strays(estate: Estate, initial: frozenset[str]) -> int:
    """Count the copies that were made for nothing."""
    return sum(
        is_stray(estate, arn, initial)
        for region in estate.regions
        for arn in estate.certificates(region)
    )


def all_certificates(estate: Estate) -> frozenset[str]:
    """Return the ARNs of all Regions."""
    return frozenset(arn for region in estate.regions for arn in estate.certificates(region))


def _stages() -> dict[str, str]:
    """Return the stage of each version of the secret, by version id and by its leaf's serial."""
    secrets = client("secretsmanager", HOME)
    found = {}
    for version, held in secrets.describe_secret(SecretId=SECRET)["VersionIdsToStages"].items():
        value = secrets.get_secret_value(SecretId=SECRET, VersionId=version)["SecretString"]
        found[version] = found[_serial(json.loads(value)["certificate"])] = (
            " ".join(held) or "no stage"
        )
    return found


def _comment(distribution: str) -> str:
    cloudfront = client("cloudfront", "us-east-1")
    config = cloudfront.get_distribution_config(Id=distribution)["DistributionConfig"]
    return str(config["Comment"])


def _label(estate: Estate, arn: str, stages: Mapping[str, str], *, is_old: bool) -> str:
    certificate = estate.presents(arn)
    material = stages.get(f"{certificate.serial_number:x}", "not the secret's")
    name = certificate.subject.rfc4514_string()
    return f"{name} in {region_of(arn)}, {'old' if is_old else 'new'} ARN, {material}"


def _tags(
    estate: Estate, arn: str, labels: Mapping[str, str], stages: Mapping[str, str]
) -> dict[str, str]:
    """Return the tags with what differs between two worlds, ids and times, in words."""
    expiry = str(int(estate.presents(arn).not_valid_after_utc.timestamp()))
    words: dict[str, Callable[[str], str]] = {
        tags.VERSION: lambda version: stages.get(version, "no version"),
        tags.NOT_AFTER: lambda when: "right" if when == expiry else "wrong",
        tags.SUPERSEDED_BY: lambda by: labels.get(by, "nothing that is there"),
        tags.SUPERSEDED_AT: lambda _: "some time",
    }
    return {key: words.get(key, str)(value) for key, value in estate.tags(arn).items()}


def _serves(certificate: x509.Certificate, name: str) -> bool:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return (
        name in names.get_values_for_type(x509.DNSName)
        and certificate.not_valid_before_utc <= now() <= certificate.not_valid_after_utc
    )


def _serial(pem: bytes | str) -> str:
    data = pem if isinstance(pem, bytes) else pem.encode()
    return f"{x509.load_pem_x509_certificate(data).serial_number:x}"
