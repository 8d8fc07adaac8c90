"""When a custom resource gets its certificate, when it waits, and when it ends."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from certrotation.core.estate.inventory import ManagedSecret
from certrotation.core.estate.tags import Marks
from certrotation.core.provision.decision import (
    Decision,
    Ended,
    Found,
    Live,
    Pending,
    decide,
    live_although,
)
from certrotation.core.provision.resource_request import (
    MOST_BYTES,
    Answer,
    Malformed,
    ResourceRequest,
    Status,
    Wanted,
    failed,
    succeeded,
)
from certrotation.errors import MessageMalformed
from certrotation.names.tags import REGIONS, SOURCE
from certrotation.values import replace
from tests.core.samples import NOW

HOME, US = "eu-west-1", "us-east-1"
SHOP = "certrotation/shop"
LATER = int((NOW + timedelta(days=90)).timestamp())
EVENT = {
    "RequestType": "Create",
    "RequestId": "r-1",
    "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/team/1",
    "LogicalResourceId": "Certificate",
    "ResponseURL": "https://signed.example/",
    "ResourceProperties": {"ServiceToken": "arn", "Secret": "shop", "Region": HOME},
}


def wanted(region: str = HOME) -> Wanted:
    return Wanted(secret=SHOP, region=region, longest=timedelta(minutes=30))


def secret(version: str | None = "v2", **tags: str) -> ManagedSecret:
    return ManagedSecret(
        name=SHOP, arn=SHOP, current_version=version, last_changed=NOW, tags=dict(tags)
    )


def marks(version: str = "v2", **more: Any) -> Marks:
    return Marks(secret=SHOP, version=version, **{"not_after": LATER, **more})


def logged(status: str, *regions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"secret": SHOP, "status": status, "regions": [*regions], **more}


def decided(
    found: ManagedSecret | None = None,
    copies: dict[str, Marks] | None = None,
    log: dict[str, Any] | None = None,
    *,
    region: str = HOME,
    waited: timedelta = timedelta(),
    exists: bool = True,
) -> Decision:
    there = (found or secret()) if exists else None
    return decide(
        wanted(region),
        Found(secret=there, copies=copies or {}, logged=log),
        targets=(HOME, US),
        waited=waited,
        now=NOW,
    )


def reason(decision: Decision) -> str:
    assert isinstance(decision, Ended)
    return decision.because


def test_a_copy_of_the_current_version_is_live_whatever_was_logged() -> None:
    assert decided(copies={"a": marks()}, log=logged("refused")) == Live("a", "v2", LATER)


@pytest.mark.parametrize(
    "other",
    [
        marks("v1"),
        marks(superseded_by="b", superseded_at=1),
        marks(ignored=True),
        Marks(secret=SHOP),
    ],
)
def test_another_copy_is_waited_past(other: Marks) -> None:
    assert decided(copies={"a": other}) == Pending()


def test_of_two_copies_the_published_one_is_taken_and_else_the_lower_arn() -> None:
    assert decided(copies={"b": marks(), "a": marks()}) == Live("a", "v2", LATER)
    assert decided(copies={"b": marks(parameter="x"), "a": marks()}) == Live("b", "v2", LATER)


def test_a_reference_has_no_version_so_its_last_rotation_counts() -> None:
    reference = secret(None, **{SOURCE: "arn"})
    copies = {"a": marks("v9")}
    assert decided(reference, copies) == Pending()
    for status, live in (("done", True), ("stranded", True), ("failed", False)):
        log = logged(status, {"region": HOME, "status": status})
        assert (decided(reference, copies, log) == Live("a", "v9", LATER)) is live
    elsewhere = logged("done", {"region": US, "status": "done"})
    assert decided(reference, copies, elsewhere) == Pending()


def test_a_missing_secret_is_waited_for_as_long_as_reads_may_lag() -> None:
    assert decided(exists=False, waited=timedelta(seconds=119)) == Pending(has_value=False)
    assert isinstance(decided(exists=False, waited=timedelta(seconds=120)), Ended)


def test_a_missing_secret_is_waited_for_no_longer_than_the_request_may_wait() -> None:
    brief = replace(wanted(), longest=timedelta(seconds=30))
    nothing = Found(secret=None, copies={})
    for seconds, kind in ((29, Pending), (30, Ended)):
        waited = timedelta(seconds=seconds)
        decision = decide(brief, nothing, targets=(HOME,), waited=waited, now=NOW)
        assert isinstance(decision, kind)


@pytest.mark.parametrize(
    ("copies", "live"),
    [
        ({}, None),
        ({"a": marks("v1")}, "a"),
        ({"b": marks("v1", parameter="x"), "a": marks()}, "b"),
        ({"a": marks(superseded_by="b", superseded_at=1), "b": marks("v1")}, "b"),
        ({"a": marks(not_after=int(NOW.timestamp()))}, None),
        ({"a": marks(not_after=int(NOW.timestamp()) + 1)}, "a"),
        ({"a": marks(not_after=None)}, None),
        ({"a": marks(ignored=True)}, None),
        ({"a": Marks(secret=SHOP, not_after=LATER)}, None),
    ],
)
def test_in_the_last_resort_any_copy_is_live_that_is_not_superseded_and_has_not_expired(
    copies: dict[str, Marks], live: str | None
) -> None:
    found = live_although("The secret is gone.", copies, NOW)
    assert (found.arn, found.although) == (live, "The secret is gone.") if found else live is None


WIKI = "certrotation/wiki"
AT_HOME, AT_US = ({"Secret": "shop", "Region": each} for each in (HOME, US))
OF_WIKI = {"Secret": "wiki", "Region": HOME}


@pytest.mark.parametrize(
    ("kind", "own_id", "properties", "former", "kept"),
    [
        pytest.param("Create", None, AT_HOME, None, [], id="a create has to be fulfilled"),
        pytest.param(
            "Update",
            f"{SHOP}/{HOME}",
            AT_HOME | {"Nonce": "2"},
            AT_HOME,
            [(SHOP, HOME)],
            id="again",
        ),
        pytest.param(
            "Update", f"{SHOP}/{HOME}", OF_WIKI, AT_HOME, [(WIKI, HOME)], id="another secret"
        ),
        pytest.param(
            "Update", f"{SHOP}/{HOME}", AT_HOME, OF_WIKI, [(SHOP, HOME)], id="back after a failure"
        ),
        pytest.param(
            "Update", f"{WIKI}/{HOME}", AT_HOME, OF_WIKI, [(SHOP, HOME)], id="back after a success"
        ),
        pytest.param(
            "Update", f"{SHOP}/{US}", AT_HOME, AT_US, [(SHOP, HOME)], id="back to another Region"
        ),
        pytest.param(
            "Update",
            f"tls/shop/{HOME}",
            AT_HOME | {"Nonce": "2"},
            AT_HOME,
            [(SHOP, HOME), ("tls/shop", HOME)],
            id="the prefix was another one",
        ),
        pytest.param(
            "Update",
            f"tls/shop/{HOME}",
            {"Secret": "tls/shop", "Region": HOME},
            {"Secret": "tls/shop", "Region": HOME},
            [("certrotation/tls/shop", HOME), ("tls/shop", HOME)],
            id="the prefix that the template names was another one",
        ),
        pytest.param(
            "Update",
            f"tls/team/shop/{HOME}",
            AT_HOME,
            {"Secret": "team/shop", "Region": HOME},
            [(SHOP, HOME)],
            id="another secret whose name ends like this one",
        ),
        pytest.param(
            "Update", "Certificate", AT_HOME, AT_HOME, [(SHOP, HOME)], id="an id of nobody's"
        ),
        pytest.param("Update", None, AT_HOME, "x", [(SHOP, HOME)], id="no id at all"),
        pytest.param("Update", f"{SHOP}/{HOME}", {}, AT_HOME, [], id="malformed"),
    ],
)
def test_an_update_is_answered_with_a_live_copy_of_what_it_wants_in_the_last_resort(
    kind: str, own_id: str | None, properties: Any, former: Any, kept: list[tuple[str, str]]
) -> None:
    request = ResourceRequest.of(
        EVENT
        | {
            "RequestType": kind,
            "PhysicalResourceId": own_id,
            "ResourceProperties": properties,
            "OldResourceProperties": former,
        }
    )
    assert [(each.secret, each.region) for each in request.kept("certrotation/")] == kept


def test_a_region_that_the_secret_does_not_target_ends_at_once() -> None:
    because = reason(decided(secret(**{REGIONS: US}), {"a": marks()}))
    assert because == f"{HOME} is not a target Region of {SHOP}. The target Regions are {US}."


REFUSAL = {"severity": "refuse", "code": "EXPIRED", "found": "It expired.", "remedy": "Renew it."}
WARNING = {"severity": "warn", "code": "MUST_STAPLE", "found": "x", "remedy": "y"}
SAID = f"{SHOP} is refused: EXPIRED: It expired. Renew it. Run: certrotation plan {SHOP}"


@pytest.mark.parametrize(
    "log",
    [
        logged("refused", findings=[WARNING, REFUSAL]),
        logged("refused", {"region": HOME, "status": "refused", "findings": [REFUSAL]}),
        logged(
            "refused",
            {"region": US, "status": "refused", "findings": [REFUSAL]},
            {"region": HOME, "status": "held_back"},
        ),
    ],
)
def test_a_refusal_ends_with_its_finding(log: dict[str, Any]) -> None:
    assert decided(log=log) == Ended(SAID)
    assert decided(copies={"a": marks("v1")}, log=log) == Live("a", "v1", LATER, SAID)
    expired = marks("v1", not_after=int(NOW.timestamp()))
    assert decided(copies={"a": expired}, log=log) == Ended(SAID)


@pytest.mark.parametrize(
    "log",
    [
        logged("failed", error="THROTTLED: x"),
        logged("refused", {"region": US, "status": "refused"}, {"region": HOME, "status": "done"}),
        logged(
            "failed", {"region": US, "status": "failed"}, {"region": HOME, "status": "held_back"}
        ),
        logged("awaiting_issuance"),
        {"status": None, "regions": None},
    ],
)
def test_what_may_still_come_is_waited_for(log: dict[str, Any]) -> None:
    assert decided(log=log) == Pending()


def test_what_is_only_planned_ends_the_wait() -> None:
    because = reason(decided(log=logged("planned", {"region": HOME, "status": "planned"})))
    assert because == (
        f"Nothing is applied to {SHOP}: the secret is on hold, or the service is in report mode."
        f" Run: certrotation plan {SHOP}"
    )


def test_an_error_that_refuses_is_the_reason() -> None:
    because = reason(decided(log=logged("refused", error="ACCESS_DENIED: x")))
    assert because == f"{SHOP} is refused: ACCESS_DENIED: x Run: certrotation plan {SHOP}"


def test_the_end_of_the_time_ends_the_wait() -> None:
    assert decided(waited=timedelta(minutes=30) - timedelta(seconds=1)) == Pending()
    because = reason(decided(waited=timedelta(minutes=30)))
    assert because.startswith(f"No certificate of {SHOP} is live in {HOME} after 30 minutes.")


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (None, 1_800),
        ("x", 1_800),
        ("3600", 3_540),
        ("99999", 3_540),
        ("120", 60),
        ("60", 30),
        (600, 540),
    ],
)
def test_a_request_is_answered_before_cloudformation_gives_up(given: Any, seconds: int) -> None:
    more = {} if given is None else {"ServiceTimeout": given}
    request = ResourceRequest.of(
        {**EVENT, "ResourceProperties": {"Secret": "shop", "Region": HOME, **more}}
    )
    found = request.wanted("certrotation/")
    assert isinstance(found, Wanted)
    assert found.longest == timedelta(seconds=seconds)
    assert found.physical_id == f"{SHOP}/{HOME}"


def test_the_largest_answer_is_below_the_limit_of_cloudformation() -> None:
    request = ResourceRequest.of(EVENT)
    text = failed(request, "\N{GRINNING FACE}\n" * 5_000).to_json(request)
    assert len(text.encode()) < MOST_BYTES
    assert "\\n" not in text


def test_a_failed_update_keeps_the_id_of_the_resource() -> None:
    request = ResourceRequest.of({**EVENT, "RequestType": "Update", "PhysicalResourceId": "old"})
    answer = failed(request, "x")
    assert answer == Answer(status=Status.FAILED, physical_id="old", reason="x")
    assert json.loads(answer.to_json(request))["Data"] == {}


@pytest.mark.parametrize(
    "event",
    [
        {},
        {**EVENT, "RequestType": "Read"},
        {**EVENT, "ResponseURL": ""},
        {**EVENT, "StackId": 1},
    ],
)
def test_what_is_no_request_is_named(event: dict[str, Any]) -> None:
    with pytest.raises(MessageMalformed):
        ResourceRequest.of(event)


def test_properties_that_are_no_object_miss_everything() -> None:
    found = ResourceRequest.of({**EVENT, "ResourceProperties": "x"}).wanted("certrotation/")
    assert found == Malformed(problem="The property Secret is missing (example: shop).")


@pytest.mark.parametrize(
    ("properties", "problem"),
    [
        (
            {"Secret": "shop", "Region": HOME, "Zone": "x"},
            "The property Zone is unknown. Give Secret, Region, optionally Nonce.",
        ),
        (
            {"Secret": "a shop", "Region": HOME},
            "The property Secret is not the name of a secret (example: shop): 'a shop'.",
        ),
        (
            {"Secret": "shop", "Region": ["eu-west-1"]},
            "The property Region is not a Region (example: eu-west-1): ['eu-west-1'].",
        ),
    ],
)
def test_a_property_that_is_wrong_is_named(properties: dict[str, Any], problem: str) -> None:
    found = ResourceRequest.of({**EVENT, "ResourceProperties": properties}).wanted("certrotation/")
    assert found == Malformed(problem=problem)


def test_a_certificate_that_is_live_is_an_answer_with_its_attributes() -> None:
    live = Live("arn:1", "v2", 0)
    answer = succeeded(f"{SHOP}/{HOME}", live.attributes)
    said = json.loads(answer.to_json(ResourceRequest.of(EVENT)))
    assert (said["Status"], said["PhysicalResourceId"]) == ("SUCCESS", f"{SHOP}/{HOME}")
    assert said["Data"] == {
        "CertificateArn": "arn:1",
        "Version": "v2",
        "NotAfter": "1970-01-01T00:00:00Z",
    }


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, ""), (10**20, ""), (0, "1970-01-01T00:00:00Z")]
)
def test_a_tag_with_no_time_leaves_the_expiry_empty(seconds: int | None, text: str) -> None:
    assert Live("a", "v", seconds).attributes["NotAfter"] == text
