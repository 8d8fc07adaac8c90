"""What is there at the end of a play, in words that two plays can be compared by."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from certrotation.names import tags
from certrotation.names.events import ROTATED
from tests.hostile.stories import SECRET
from tests.simulation.estate import HOME, client, region_of
from tests.simulation.oracle import presented_by, serial_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.hostile.stories import Scene
    from tests.simulation.estate import Estate


def end_state(estate: Estate, scene: Scene, initial: frozenset[str]) -> Any:
    """Return what is there in words that are the same in two worlds where the same happened.

    Copies that are superseded and that nothing uses are left out: `strays` counts them.
    """
    stages = _stages(estate, scene)
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
        "parameters": {
            str(each): labels.get(arn, "nothing that is there")
            for each, arn in estate.parameters().items()
        },
        "announced": sorted(_announced(estate, stages)),
        "messages": estate.waiting_messages(),
    }


def _announced(estate: Estate, stages: Mapping[str, str]) -> set[str]:
    """Return the versions that were announced as live; an event may come twice.

    Refusals, which a fault leads to, are not part of where a story ends.
    """
    details = (each.detail for each in estate.aws.events() if each.kind == ROTATED)
    return {stages.get(each["version"], "no version") for each in details}


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


def _stages(estate: Estate, scene: Scene) -> dict[str, str]:
    """Return the stage of each version of the secret, by version id and by its leaf's serial."""
    secrets, secret = client("secretsmanager", HOME), SECRET
    if scene.source is not None:
        secrets, secret = scene.source.central.client("secretsmanager"), scene.source.arn
    found = {}
    with estate.aws.unobserved():
        for version, held in secrets.describe_secret(SecretId=secret)["VersionIdsToStages"].items():
            value = secrets.get_secret_value(SecretId=secret, VersionId=version)["SecretString"]
            found[version] = found[serial_of(json.loads(value)["certificate"])] = (
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
        tags.MOVING_SINCE: lambda _: "some time",
        tags.REVERTED: lambda _: "some time",
    }
    return {key: words.get(key, str)(value) for key, value in estate.tags(arn).items()}
