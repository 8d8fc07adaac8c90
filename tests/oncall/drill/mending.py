"""When a fault is over because the person has done what ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.names import tags
from tests.oncall.year.population import names_of
from tests.support.estate import HOME, PREFIX, client

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.oncall.drill.playing import Scene
    from tests.oncall.drill.stage import Stage

SWITCHES: Mapping[str, tuple[str, bool]] = {
    "every scan dies": ("scan_dies", False),
    "every rotation dies": ("rotate_dies", False),
    "schedule off": ("schedule_on", True),
    "trigger off": ("trigger_on", True),
    "trigger off, ticket unread": ("trigger_on", True),
    "scan throttled": ("scan_allowed", True),
    "rotate throttled": ("rotate_allowed", True),
    "events not queued": ("rule_sends", True),
}
"""The switch that is turned the wrong way in a fault, and its right way."""


def is_mended(stage: Stage) -> bool:
    """Say whether the person has ended the fault by their own hands."""
    name = stage.scene.injected.fault.name
    if name in SWITCHES:
        switch, right = SWITCHES[name]
        return getattr(stage.world.functions.switches, switch) is right
    look = _LOOKS.get(name)
    if look is None:
        return False
    with stage.world.estate.aws.unobserved():
        return look(stage.scene)


def tags_of(scene: Scene) -> dict[str, str]:
    """Return the tags of the fault's secret."""
    found = client("secretsmanager", HOME).describe_secret(SecretId=PREFIX + scene.injected.subject)
    return {each["Key"]: each.get("Value", "") for each in found.get("Tags", [])}


def _is_released(scene: Scene) -> bool:
    return tags.HOLD not in tags_of(scene)


def _is_accepted(scene: Scene) -> bool:
    assert scene.site is not None
    return f"NAMES_LOST@{scene.site.version}" in tags_of(scene).get(tags.ACCEPT, "")


def _applies(scene: Scene) -> bool:
    return scene.world.estate.environment.get("CERTROTATION_MODE", "apply") == "apply"


def _has_room(scene: Scene) -> bool:
    assert scene.site is not None
    estate = scene.world.estate
    limit = estate.aws.behaviour.alb_certificate_limit
    return all(len(estate.sni_of(each)) < limit for each in scene.site.sni)


def handmade(scene: Scene) -> str:
    """Return the ARN of the certificate without a secret."""
    estate, domain = scene.world.estate, f"{scene.injected.subject}.example.com"
    (arn,) = (
        each
        for region in estate.regions
        for each in estate.certificates(region)
        if domain in names_of(estate.presents(each))
    )
    return arn


def _is_renewed_or_unused(scene: Scene) -> bool:
    arn, estate = handmade(scene), scene.world.estate
    renewed = estate.presents(arn).not_valid_after_utc > scene.injected.expires
    return renewed or not estate.aws.in_use_by(arn)


_LOOKS: Mapping[str, Callable[[Scene], bool]] = {
    "a hold forgotten": _is_released,
    "name given up": _is_accepted,
    "report mode forgotten": _applies,
    "a full listener": _has_room,
    "without a secret": _is_renewed_or_unused,
    "without a secret, unread": _is_renewed_or_unused,
}


def put_back(stage: Stage) -> list[str]:
    """Put back what somebody changed by hand, and return the kinds of resources that changed."""
    switches, changed = stage.world.functions.switches, []
    for switch, kind in _BY_HAND.items():
        if not getattr(switches, switch):
            setattr(switches, switch, True)
            changed.append(kind)
    if stage.world.estate.environment.pop("CERTROTATION_MODE", "apply") != "apply":
        changed += ["AWS::Lambda::Function ScanFunction", "AWS::Lambda::Function RotateFunction"]
    stage.world.functions.plan_poll()
    return changed


_BY_HAND: Mapping[str, str] = {
    "schedule_on": "AWS::Scheduler::Schedule ScanSchedule",
    "trigger_on": "AWS::Lambda::EventSourceMapping RotateMessages",
    "scan_allowed": "AWS::Lambda::Function ScanFunction",
    "rotate_allowed": "AWS::Lambda::Function RotateFunction",
    "rule_sends": "AWS::SQS::QueuePolicy RotationQueuePolicy",
}
