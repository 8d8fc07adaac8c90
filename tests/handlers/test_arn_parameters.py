"""Templates of other teams read the ARN of a copy from a parameter; rotate keeps it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from certrotation.core.estate.arn_parameters import Parameter, Publication
from certrotation.names import tags
from certrotation.names.events import ARN_CHANGED
from tests.simulation.estate import HOME, client
from tests.support.authority import shared_key

if TYPE_CHECKING:
    import time_machine

    from tests.double import Call
    from tests.simulation.estate import Estate, Run
    from tests.simulation.mailbox import Mailbox
    from tests.support.authorities import Authorities
    from tests.support.authority import Issued

pytestmark = pytest.mark.slow

US = "us-east-1"
ROOT = "/certrotation-test"
ARN, EDGE_ARN = f"{ROOT}/shop/arn", f"{ROOT}/shop/edge-arn"


@pytest.fixture(autouse=True)
def _published(estate: Estate) -> None:
    estate.environment["CERTROTATION_ARN_PARAMETERS"] = "on"


@pytest.fixture
def rsa(authorities: Authorities) -> Issued:
    return authorities.public.issue("shop.example.com", key=shared_key("rsa2048"))


def of_shop(home: str, us: str) -> dict[Parameter, str]:
    return {
        Parameter(HOME, ARN): home,
        Parameter(HOME, EDGE_ARN): us,
        Parameter(US, ARN): us,
        Parameter(US, EDGE_ARN): us,
    }


def only_copy(estate: Estate, region: str) -> str:
    (arn,) = estate.certificates(region)
    return arn


def superseding(estate: Estate, region: str) -> str:
    """Return the copy that is not superseded."""
    (arn,) = (
        each for each in estate.certificates(region) if tags.SUPERSEDED_BY not in estate.tags(each)
    )
    return arn


def errors_of(run: Run) -> list[str]:
    """Return what hindered a Region in the last rotation."""
    return [each["error"] for each in run.rotations[-1]["regions"] if each["error"]]


def queued_by_a_scan(estate: Estate) -> list[str]:
    run = estate.scan()
    return list(run.scans[-1]["queued"])


def announced(estate: Estate) -> list[dict[str, str | None]]:
    found = [each for each in estate.aws.events() if each.kind == ARN_CHANGED]
    assert {(each.region, each.source) for each in found} <= {(HOME, "certrotation")}
    return [each.detail for each in found]


def test_a_first_certificate_is_published_in_each_region_and_the_edges_in_all(
    estate: Estate, rsa: Issued
) -> None:
    estate.secret("shop", rsa)

    run = estate.run()

    home, us = only_copy(estate, HOME), only_copy(estate, US)
    assert estate.parameters() == of_shop(home, us)
    assert announced(estate) == [
        {"secret": "certrotation/shop", "region": HOME, "old": None, "new": home},
        {"secret": "certrotation/shop", "region": US, "old": None, "new": us},
    ]
    assert errors_of(run) == []
    assert queued_by_a_scan(estate) == []


def test_a_renewal_under_the_same_arn_writes_no_parameter_and_announces_nothing(
    estate: Estate, authorities: Authorities, rsa: Issued
) -> None:
    estate.secret("shop", rsa)
    estate.run()
    estate.renew("shop", authorities.public.issue("shop.example.com", key=shared_key("rsa2048")))
    estate.aws.calls.clear()

    estate.run()

    assert [each.operation for each in estate.aws.calls_of("ssm")] == ["GetParameter"] * 4
    assert len(announced(estate)) == 2


def test_another_arn_is_published_after_the_dependents_have_moved(
    estate: Estate, authorities: Authorities, rsa: Issued
) -> None:
    estate.secret("shop", rsa)
    estate.run()
    old = {region: only_copy(estate, region) for region in (HOME, US)}
    listener = estate.listener("home", HOME, old[HOME])
    estate.renew("shop", authorities.public.issue("shop.example.com"))
    seen = []

    def look(call: Call) -> None:
        if call.operation in {"PutEvents", "PutParameter"}:
            with estate.aws.unobserved():
                seen.append((call.operation, estate.default_of(listener) != old[HOME]))

    with estate.aws.before(look):
        estate.run()

    new = {region: superseding(estate, region) for region in (HOME, US)}
    assert estate.parameters() == of_shop(new[HOME], new[US])
    assert announced(estate)[2:] == [
        {"secret": "certrotation/shop", "region": region, "old": old[region], "new": new[region]}
        for region in (HOME, US)
    ]
    assert seen[0] == ("PutEvents", True), "the event comes before the first write"
    assert all(has_moved for _, has_moved in seen)
    assert tags.PARAMETER not in estate.tags(old[HOME])
    assert queued_by_a_scan(estate) == []


def test_switched_on_for_a_settled_estate_every_copy_is_published_and_nothing_is_due(
    estate: Estate, rsa: Issued
) -> None:
    estate.secret("shop", rsa)
    estate.environment["CERTROTATION_ARN_PARAMETERS"] = "off"
    estate.run()
    assert estate.parameters() == {}
    estate.environment["CERTROTATION_ARN_PARAMETERS"] = "on"

    scan = estate.scan()
    estate.drain()

    assert scan.scans[-1]["queued"] == ["certrotation/shop"]
    assert scan.metric("CopiesDue") == scan.metric("CopiesOverdue") == 0
    assert estate.parameters() == of_shop(only_copy(estate, HOME), only_copy(estate, US))
    assert queued_by_a_scan(estate) == []


def test_a_rollback_to_a_superseded_copy_publishes_that_one_again(
    estate: Estate, authorities: Authorities, rsa: Issued
) -> None:
    estate.secret("shop", rsa)
    estate.run()
    old = {region: only_copy(estate, region) for region in (HOME, US)}
    estate.renew("shop", authorities.public.issue("shop.example.com"))
    estate.run()
    assert estate.parameters() != of_shop(old[HOME], old[US])

    estate.roll_back("shop")
    estate.run()

    assert estate.parameters() == of_shop(old[HOME], old[US])
    assert queued_by_a_scan(estate) == []


@pytest.mark.parametrize(
    ("before", "after", "moved", "kept"),
    [
        pytest.param(f"{HOME} {US}", US, {US}, set(), id="narrowed to the edge"),
        pytest.param(f"{US} {HOME}", US, {US}, set(), id="narrowed to the edge, the canary"),
        pytest.param(US, US, {US}, set(), id="never in another Region"),
        pytest.param(US, f"{US} {HOME}", {US, HOME}, set(), id="widened"),
        pytest.param(f"{HOME} {US}", f"{HOME} {US}", {HOME, US}, set(), id="the same Regions"),
        pytest.param(f"{HOME} {US}", HOME, {HOME}, {US}, id="the edge is left"),
        pytest.param(HOME, HOME, {HOME}, set(), id="never at the edge"),
    ],
)
def test_every_parameter_of_the_edges_copy_follows_a_new_arn_whichever_regions_the_secret_names(
    estate: Estate,
    authorities: Authorities,
    rsa: Issued,
    before: str,
    after: str,
    *,
    moved: set[str],
    kept: set[str],
) -> None:
    """`kept` are the Regions whose copies nobody keeps any more: what holds their ARNs stays."""
    estate.secret("shop", rsa, {"certrotation:regions": before})
    estate.run()
    old = {each: only_copy(estate, each) for each in before.split()}
    estate.tag_secret("shop", regions=after)
    estate.run()
    assert queued_by_a_scan(estate) == []

    estate.renew("shop", authorities.public.issue("shop.example.com"))
    estate.run()

    new = {each: superseding(estate, each) for each in moved}
    assert not set(new.values()) & set(old.values())
    now = old | new
    own = {Parameter(each, ARN): now[each] for each in moved | kept | set(old)}
    edge = {Parameter(each, EDGE_ARN): now[US] for each in (HOME, US) if US in now}
    assert estate.parameters() == own | edge
    assert queued_by_a_scan(estate) == []


def test_a_copy_that_an_earlier_version_published_in_fewer_regions_is_queued_and_completed(
    estate: Estate, rsa: Issued
) -> None:
    estate.secret("shop", rsa, {"certrotation:regions": US})
    estate.run()
    us = only_copy(estate, US)
    client("ssm", HOME).delete_parameter(Name=EDGE_ARN)
    earlier = Publication((Parameter(US, ARN), Parameter(US, EDGE_ARN))).mark
    client("acm", US).add_tags_to_certificate(
        CertificateArn=us, Tags=[{"Key": tags.PARAMETER, "Value": earlier}]
    )

    assert queued_by_a_scan(estate) == ["certrotation/shop"]
    estate.drain()

    assert estate.parameters()[Parameter(HOME, EDGE_ARN)] == us
    assert queued_by_a_scan(estate) == []


@pytest.mark.parametrize("operation", ["GetParameter", "PutParameter"])
@pytest.mark.parametrize(
    ("code", "said"),
    # The copy is new: IAM may not see its tag yet, so a denial is tried again.
    [("AccessDeniedException", "NOT_YET_CONSISTENT"), ("InternalServerError", "UNREACHABLE")],
)
def test_a_region_whose_parameters_are_denied_or_dark_keeps_no_other_region_from_an_arn(
    estate: Estate, authorities: Authorities, rsa: Issued, operation: str, *, code: str, said: str
) -> None:
    estate.secret("shop", rsa, {"certrotation:regions": US})
    estate.run()
    old = only_copy(estate, US)

    def fail(call: Call) -> None:
        if call.operation == operation and call.region == HOME:
            raise estate.aws.error(code, call.operation)

    renewed = authorities.public.issue("shop.example.com", key=shared_key("rsa2048"))
    estate.renew("shop", renewed)
    with estate.aws.before(fail):
        assert errors_of(estate.run()) == [], "the ARN stays, and the tag says where it is held"
    assert estate.presents(old) == renewed.certificate

    estate.renew("shop", authorities.public.issue("shop.example.com"))
    with estate.aws.before(fail):
        run = estate.run()

    new = superseding(estate, US)
    assert [each.partition(":")[0] for each in errors_of(run)] == [said]
    assert estate.parameters() == {
        Parameter(US, ARN): new,
        Parameter(US, EDGE_ARN): new,
        Parameter(HOME, EDGE_ARN): old,
    }
    assert announced(estate)[1:] == [
        {"secret": "certrotation/shop", "region": US, "old": old, "new": new}
    ]

    estate.scan()
    estate.drain()
    assert estate.parameters()[Parameter(HOME, EDGE_ARN)] == new
    assert len(announced(estate)) == 2
    assert queued_by_a_scan(estate) == []


def test_of_two_parameters_that_are_hindered_a_person_is_told_of_the_one_that_is_taken(
    estate: Estate, rsa: Issued
) -> None:
    client("ssm", US).put_parameter(Name=EDGE_ARN, Value="text of another team", Type="String")
    estate.secret("shop", rsa, {"certrotation:regions": US})

    def fail(call: Call) -> None:
        if call.service == "ssm" and call.region == HOME:
            raise estate.aws.error("InternalServerError", call.operation)

    with estate.aws.before(fail):
        run = estate.run()

    assert [each.partition(":")[0] for each in errors_of(run)] == ["PARAMETER_TAKEN"]
    assert estate.parameters() == {
        Parameter(US, ARN): only_copy(estate, US),
        Parameter(US, EDGE_ARN): "text of another team",
    }


def test_a_region_that_a_secret_names_later_gets_both_parameters(
    estate: Estate, rsa: Issued
) -> None:
    estate.secret("shop", rsa, {"certrotation:regions": US})
    estate.run()
    us = only_copy(estate, US)
    edge = {Parameter(each, EDGE_ARN): us for each in (HOME, US)}
    assert estate.parameters() == {Parameter(US, ARN): us, **edge}

    estate.tag_secret("shop", regions=f"{US} {HOME}")
    estate.run()

    assert estate.parameters() == of_shop(only_copy(estate, HOME), us)
    assert queued_by_a_scan(estate) == []


def test_a_parameter_that_was_changed_by_hand_is_written_again_by_the_next_rotation(
    estate: Estate, authorities: Authorities, rsa: Issued
) -> None:
    estate.secret("shop", rsa)
    estate.run()
    home, us = only_copy(estate, HOME), only_copy(estate, US)
    client("ssm", HOME).delete_parameter(Name=ARN)
    gone = f"{us.rpartition('/')[0]}/00000000-0000-0000-0000-000000000000"
    client("ssm", US).put_parameter(Name=ARN, Value=gone, Type="String", Overwrite=True)
    estate.renew("shop", authorities.public.issue("shop.example.com", key=shared_key("rsa2048")))

    estate.run()

    assert estate.parameters() == of_shop(home, us)


def test_characters_that_a_parameters_name_may_not_have_are_encoded(
    estate: Estate, rsa: Issued
) -> None:
    estate.secret("team+a=b@c//", rsa, {"certrotation:regions": HOME})

    estate.run()

    assert estate.parameters() == {
        Parameter(HOME, f"{ROOT}/team_2Ba_3Db_40c_2F_2F/arn"): only_copy(estate, HOME)
    }


def test_of_two_secrets_with_one_parameter_the_second_is_refused_and_is_live_all_the_same(
    estate: Estate, authorities: Authorities, rsa: Issued, mailbox: Mailbox
) -> None:
    estate.secret("a@b", rsa, {"certrotation:regions": HOME})
    estate.run()
    first = only_copy(estate, HOME)
    other = authorities.public.issue("wiki.example.com")
    estate.secret("a_40b", other, {"certrotation:regions": HOME})

    run = estate.run()

    assert estate.parameters() == {Parameter(HOME, f"{ROOT}/a_40b/arn"): first}
    (error,) = errors_of(run)
    assert error == (
        f"PARAMETER_TAKEN: The parameter {ROOT}/a_40b/arn in {HOME} holds {first}, which is not"
        " the ARN of a copy of certrotation/a_40b. Rename the secret if another secret's parameter"
        " has the same name. Otherwise delete the parameter, unless something reads it."
    )
    (copy,) = set(estate.certificates(HOME)) - {first}
    assert estate.presents(copy) == other.certificate
    assert "PARAMETER_TAKEN" in mailbox.letters()[-1].body
    assert queued_by_a_scan(estate) == ["certrotation/a_40b"], (
        "it is refused at each scan, until a person acts"
    )


def test_a_parameter_that_is_taken_in_the_canary_keeps_no_other_region_from_the_material(
    estate: Estate, authorities: Authorities, rsa: Issued
) -> None:
    estate.secret("shop", rsa)
    client("ssm", HOME).put_parameter(Name=ARN, Value="text of another team", Type="String")

    run = estate.run()

    home, us = only_copy(estate, HOME), only_copy(estate, US)
    regions = {each["region"]: each["status"] for each in run.rotations[-1]["regions"]}
    assert regions == {HOME: "refused", US: "done"}
    assert estate.parameters() == of_shop("text of another team", us)

    renewed = authorities.public.issue("shop.example.com", key=shared_key("rsa2048"))
    estate.renew("shop", renewed)
    estate.run()
    assert {estate.presents(each) for each in (home, us)} == {renewed.certificate}


def test_parameters_that_cannot_be_written_in_one_region_keep_that_region_from_no_certificate(
    estate: Estate, rsa: Issued
) -> None:
    estate.secret("shop", rsa, {"certrotation:regions": f"{US} {HOME}"})

    def fail(call: Call) -> None:
        if call.service == "ssm" and call.region == HOME:
            raise estate.aws.error("InternalServerError", call.operation)

    with estate.aws.before(fail):
        estate.run()

    assert estate.presents(only_copy(estate, HOME)) == rsa.certificate


def test_the_mark_finds_room_beside_all_the_tags_of_a_secret(
    estate: Estate, authorities: Authorities
) -> None:
    mine = {f"team-{number:02}": "x" for number in range(48)}
    first = authorities.public.issue("shop.example.com", key=shared_key("rsa2048"))
    estate.secret("shop", first, {"certrotation:regions": HOME, **mine})
    estate.run()
    renewed = authorities.public.issue("shop.example.com", key=shared_key("rsa2048"))
    estate.renew("shop", renewed)
    client("secretsmanager", HOME).tag_resource(
        SecretId="certrotation/shop", Tags=[{"Key": "team-00", "Value": "renamed"}]
    )

    estate.run()

    found = estate.tags(only_copy(estate, HOME))
    assert len(found) == 50
    assert found["team-00"] == "renamed"
    assert tags.PARAMETER in found


@pytest.mark.parametrize("value", ["text of another team", "", "arn:aws:acm:eu-west-1:1:x"])
def test_a_parameter_of_somebody_elses_is_not_overwritten(
    estate: Estate, rsa: Issued, value: str
) -> None:
    held = value or estate.certificate(rsa, HOME, {"certrotation:ignore": ""})
    client("ssm", HOME).put_parameter(Name=ARN, Value=held, Type="String")
    estate.secret("shop", rsa, {"certrotation:regions": HOME})

    run = estate.run()

    assert estate.parameters() == {Parameter(HOME, ARN): held}
    assert [each.partition(":")[0] for each in errors_of(run)] == ["PARAMETER_TAKEN"]
    assert announced(estate) == []


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (("GetParameter", "AccessDeniedException"), "ACCESS_DENIED"),
        (("PutParameter", "AccessDeniedException"), "ACCESS_DENIED"),
        (("PutEvents", "AccessDeniedException"), "ACCESS_DENIED"),
        (("PutParameter", "HierarchyLevelLimitExceededException"), "REQUEST_REJECTED"),
        (("PutParameter", "ParameterLimitExceeded"), "QUOTA_REACHED"),
        (("PutParameter", "TooManyUpdates"), "THROTTLED"),
        (("PutParameter", "ParameterAlreadyExists"), "NOT_YET_CONSISTENT"),
        (("PutEvents", "InternalException"), "NOT_YET_CONSISTENT"),
    ],
)
def test_what_hinders_a_parameter_hinders_no_certificate(
    estate: Estate,
    authorities: Authorities,
    clock: time_machine.Traveller,
    fault: tuple[str, str],
    status: str,
) -> None:
    estate.environment["CERTROTATION_ARN_PARAMETERS"] = "off"
    key = shared_key("rsa2048")
    estate.secret(
        "shop",
        authorities.public.issue("shop.example.com", key=key),
        {"certrotation:regions": HOME},
    )
    estate.run()
    estate.environment["CERTROTATION_ARN_PARAMETERS"] = "on"
    clock.shift(timedelta(hours=1))
    renewed = authorities.public.issue("shop.example.com", key=key)
    estate.renew("shop", renewed)

    def fail(call: Call) -> None:
        operation, code = fault
        if call.operation == operation:
            raise estate.aws.error(code, operation)

    with estate.aws.before(fail):
        run = estate.run()

    copy = only_copy(estate, HOME)
    assert estate.presents(copy) == renewed.certificate
    assert {each.partition(":")[0] for each in errors_of(run)} == {status}
    assert tags.PARAMETER not in estate.tags(copy)

    estate.rotate("shop")
    assert estate.parameters() == {Parameter(HOME, ARN): copy}


def test_in_report_mode_and_on_hold_nothing_is_published(estate: Estate, rsa: Issued) -> None:
    estate.secret("shop", rsa)
    estate.environment["CERTROTATION_ARN_PARAMETERS"] = "off"
    estate.run()
    estate.environment["CERTROTATION_ARN_PARAMETERS"] = "on"

    estate.environment["CERTROTATION_MODE"] = "report"
    reported = estate.run()
    estate.environment["CERTROTATION_MODE"] = "apply"
    estate.tag_secret("shop", hold="")
    estate.run()

    assert estate.parameters() == {}
    regions = reported.rotations[-1]["plan"]["regions"]
    assert [[step["verb"] for step in each["steps"]] for each in regions] == [["publish"]] * 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]},
            "THROTTLED: events:PutEvents for Certificate ARN Changed answers ThrottlingException",
        ),
        (
            {"Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "Failed."}]},
            "UNREACHABLE: events:PutEvents for Certificate ARN Changed answers InternalFailure",
        ),
        ({"FailedEntryCount": 1}, "UNREACHABLE: events:PutEvents for Certificate ARN Changed"),
    ],
)
def test_an_event_that_was_not_taken_is_put_again_before_the_parameter_is_written(
    estate: Estate, rsa: Issued, answer: dict[str, Any], said: str
) -> None:
    estate.secret("shop", rsa, {"certrotation:regions": HOME})

    def refuse(_: object, call: Call, given: dict[str, Any]) -> None:
        if call.operation == "PutEvents":
            given.clear()
            given.update(answer)

    with estate.aws.changing(refuse):
        run = estate.run()

    (error,) = errors_of(run)
    assert error.startswith(said)
    assert estate.parameters() == {}

    estate.rotate("shop")
    assert estate.parameters() == {Parameter(HOME, ARN): only_copy(estate, HOME)}


@pytest.mark.parametrize("answer", [{}, {"Parameter": {}}])
def test_a_parameter_without_a_value_in_the_answer_is_not_taken_for_absent(
    estate: Estate, rsa: Issued, answer: dict[str, Any]
) -> None:
    client("ssm", HOME).put_parameter(Name=ARN, Value="text of another team", Type="String")
    estate.secret("shop", rsa, {"certrotation:regions": HOME})

    def leave_out(_: object, call: Call, given: dict[str, Any]) -> None:
        if call.operation == "GetParameter":
            given.clear()
            given.update(answer)

    with estate.aws.changing(leave_out):
        run = estate.run()

    (error,) = errors_of(run)
    assert "ssm:GetParameter for" in error
    assert "answers without Value" in error
    assert estate.parameters() == {Parameter(HOME, ARN): "text of another team"}
