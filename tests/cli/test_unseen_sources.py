"""What the policies at a source deny to a person is unknown to that person, and no finding.

The policies are those of the documents: they name the roles of scan and rotate, and nobody else.
"""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from certrotation.cli.exit_codes import ExitCode
from certrotation.names import tags
from certrotation.names.service import ROTATE_ROLE, SCAN_ROLE, role_name
from tests.cli.files import certbot
from tests.cli.persons import LOGS, OTHER, SHOP, World, said
from tests.cli.running import Ran, deploy
from tests.simulation.central import STACK
from tests.simulation.estate import HOME, client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.double import Call
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

PERSONS = {
    "is named nowhere": "operator",
    "may describe the source": role_name(STACK, HOME, SCAN_ROLE),
    "may not use the key": role_name("other", HOME, ROTATE_ROLE),
}
"""The role of a person, by what is denied."""


@pytest.fixture
def world(estate: Estate, authorities: Authorities) -> World:
    return World(estate, authorities)


@pytest.mark.parametrize("person", PERSONS)
@pytest.mark.parametrize("is_log_hidden", [False, True], ids=["by the log", "by the tags"])
def test_a_rotation_that_went_live_is_live_whatever_the_person_may_read(
    world: World, person: str, *, is_log_hidden: bool
) -> None:
    world.scan_and_work()
    version = world.renew()
    if is_log_hidden:
        world.hide_log()

    ran = world.followed("--json", by=PERSONS[person])

    assert ran.code == ExitCode.DONE, said(ran)
    (secret,) = ran.document["secrets"]
    assert (secret["status"], secret["version"]) == ("live", version)
    arns = [each["arns"] for each in secret["regions"]]
    assert arns == [world.estate.certificates(region) for region in world.estate.regions]
    watched = "the tags of the copies" if is_log_hidden else "the log of rotate"
    assert "Note: The source of certrotation/shop was not seen: secretsmanager:" in ran.err
    assert f"This command watches {watched} instead." in said(ran)


def test_a_first_rotation_is_followed_from_no_copy_on(world: World) -> None:
    world.hide_log()

    ran = world.followed()

    assert ran.code == ExitCode.DONE, said(ran)
    assert ran.out.splitlines()[-1].startswith(f"{SHOP}: live, version ")


def test_a_dependent_that_is_still_to_move_keeps_the_tags_from_telling_an_end(
    world: World, authorities: Authorities
) -> None:
    """The key type changes: the new copy carries the version before the old one is superseded."""
    world.scan_and_work()
    (old,) = world.estate.certificates(HOME)
    world.estate.listener("web", HOME, old)
    world.central.renew(world.source, authorities.public.issue("shop.example.com", key="rsa2048"))
    world.hide_log()

    def deny(call: Call) -> None:
        if call.operation == "ModifyListener":
            raise world.estate.aws.error("ServiceUnavailable", call.operation)

    with world.estate.aws.before(deny):
        ran = world.followed("--json")

    assert ran.code == ExitCode.ERROR
    home, _ = ran.document["secrets"][0]["regions"]
    assert home["status"] == "pending"
    assert len(home["arns"]) == 2
    assert world.followed("--json").code == ExitCode.DONE


@pytest.mark.parametrize("sid", ["CertrotationDescribes", "CertrotationReads"])
def test_if_the_roles_are_denied_too_what_rotate_said_is_shown(world: World, sid: str) -> None:
    world.central.unshare(world.source, sid)

    ran = world.followed("--json")

    assert ran.code == ExitCode.FINDING, said(ran)
    (secret,) = ran.document["secrets"]
    assert secret["status"] == "refused"
    (finding,) = secret["findings"]
    assert finding["code"] == "SOURCE_DENIED"
    assert role_name(STACK, HOME, ROTATE_ROLE) in finding["found"]
    assert finding["remedy"].startswith("The resource policy of the source denies it.")


def test_what_was_not_seen_until_the_time_is_over_is_said(world: World) -> None:
    """Nothing was due, so the tags are what they were; and the log may not be read."""
    world.scan_and_work()
    world.hide_log()

    ran = world.followed()

    assert ran.code == ExitCode.ERROR
    assert "refused" not in said(ran)
    assert (
        "The log of rotate cannot be read: logs:FilterLogEvents for tls-rotate-logs answers"
        " AccessDeniedException: User is not authorized to perform: logs:FilterLogEvents. The"
        " version of the source is not known either." in said(ran)
    )
    assert ran.out.splitlines()[-1] == f"{SHOP}: pending"


def test_a_rotation_that_does_not_begin_is_pending_and_an_old_line_of_the_log_counts_for_nothing(
    world: World,
) -> None:
    world.scan_and_work()

    ran = world.followed("--json", work=lambda: None)

    assert ran.code == ExitCode.ERROR
    (secret,) = ran.document["secrets"]
    assert secret["status"] == "pending"
    assert secret["error"] == (
        "Rotate has logged no outcome since the secret was queued. The version of the source is"
        " not known either."
    )
    assert world.followed().code == ExitCode.DONE, "nothing is due, and rotate says so"


LIVE = {"region": HOME, "status": "done"}
LINES: dict[str, tuple[dict[str, Any], str, ExitCode, str]] = {
    "tried again": (
        {"status": "failed", "error": "UNREACHABLE: no answer"},
        "pending",
        ExitCode.ERROR,
        "UNREACHABLE: no answer",
    ),
    "on hold": ({"status": "planned"}, "held", ExitCode.ERROR, ""),
    "stranded": (
        {
            "status": "stranded",
            "regions": [{"region": HOME, "status": "stranded", "stranded": ["web: it is busy"]}],
        },
        "refused",
        ExitCode.FINDING,
        "web: it is busy",
    ),
    "a Region refused": (
        {
            "status": "refused",
            "regions": [
                {
                    "region": HOME,
                    "status": "refused",
                    "findings": [
                        {"code": "X", "severity": "refuse", "found": "F.", "remedy": "R."},
                        {"code": "Y", "severity": "warn", "found": "W.", "remedy": "R."},
                    ],
                    "error": "ACCESS_DENIED: e",
                }
            ],
        },
        "refused",
        ExitCode.FINDING,
        "X: F. R.; ACCESS_DENIED: e",
    ),
    "a dependent is busy": (
        {
            "status": "waiting",
            "regions": [{"region": HOME, "status": "waiting", "waiting_for": ["cdn"]}],
        },
        "pending",
        ExitCode.ERROR,
        "cdn",
    ),
    "a finding that is newer than this command": (
        {
            "status": "refused",
            "findings": [{"code": "NEW", "severity": "refuse", "found": "F.", "remedy": "R."}],
        },
        "refused",
        ExitCode.FINDING,
        "NEW: F. R.",
    ),
    "done": ({"status": "done", "regions": [LIVE]}, "live", ExitCode.DONE, ""),
}


@pytest.mark.parametrize("case", LINES)
def test_what_rotate_logs_is_what_the_command_came_to(world: World, case: str) -> None:
    line, status, code, because = LINES[case]
    text = json.dumps({"message": "rotation", "rotation": {"secret": SHOP, **line}})

    ran = world.followed("--json", work=lambda: world.estate.aws.log(LOGS, text))

    (secret,) = ran.document["secrets"]
    reasons = [secret["error"] or "", *(each["because"] for each in secret["regions"])]
    assert (secret["status"], ran.code) == (status, code)
    assert because in reasons


FINDING = {"code": "NAMES_LOST", "severity": "refuse", "found": "F.", "remedy": "R."}
STRANGE: dict[str, Any] = {
    "a Region is null": {"status": "refused", "regions": [None]},
    "a Region is text": {"status": "refused", "regions": ["x"]},
    "the Regions are text": {"status": "done", "regions": "x"},
    "the status of a Region is a list": {
        "status": "done",
        "regions": [{"region": HOME, "status": ["done"]}],
    },
    "a reason is a number": {
        "status": "stranded",
        "regions": [{"region": HOME, "status": "stranded", "stranded": [1]}],
    },
    "the plan is text": {"status": "done", "plan": "x"},
    "the version is an object": {"status": "done", "plan": {"version": {}}},
    "a finding is text": {"status": "refused", "findings": ["x"]},
    "the code of a finding is a list": {"status": "refused", "findings": [{**FINDING, "code": []}]},
    "the status is a list": {"status": ["refused"]},
    "the error is an object": {"status": "refused", "error": {"x": "y"}},
}


@pytest.mark.parametrize("case", STRANGE)
def test_a_line_of_the_log_that_is_no_outcome_is_passed_over(world: World, case: str) -> None:
    def log(outcome: dict[str, Any]) -> None:
        text = json.dumps({"message": "rotation", "rotation": {"secret": SHOP, **outcome}})
        world.estate.aws.log(LOGS, text)

    alone = world.followed("--json", work=lambda: log(STRANGE[case]))

    assert alone.code == ExitCode.ERROR, said(alone)
    assert alone.document["secrets"][0]["status"] == "pending"

    def work() -> None:
        log({"status": "refused", "findings": [FINDING]})
        log(STRANGE[case])

    beside = world.followed("--json", work=work)
    assert beside.document["secrets"][0]["status"] == "refused"


def test_the_doctor_passes_over_such_lines_too(world: World) -> None:
    for each in STRANGE.values():
        rotation = {"secret": SHOP, **each, "remedy": "SOURCE_DENIED"}
        world.estate.aws.log(LOGS, json.dumps({"rotation": rotation}))

    assert of_doctor(doctor(world), "sources") == [
        ("ok", f"No refusal of {SHOP} in the last 2 scan intervals")
    ]


def of_source(world: World) -> Callable[[Call], bool]:
    return lambda call: call.params.get("SecretId") == world.source


def test_while_the_source_gives_no_answer_the_log_decides(world: World) -> None:
    with world.answering_persons("ServiceUnavailable", of_source(world)):
        ran = world.followed(by=PERSONS["may describe the source"])

    assert ran.code == ExitCode.DONE, said(ran)
    assert "The source of certrotation/shop was not seen: secretsmanager:Desc" in said(ran)
    assert "This command watches the log of rotate instead." in said(ran)


def test_while_the_answers_about_the_source_do_not_agree_the_log_decides_nothing(
    world: World,
) -> None:
    """The log may be about the version of before."""
    reader = role_name(STACK, HOME, ROTATE_ROLE)
    world.scan_and_work()

    def change(_client: object, call: Any, answer: Any) -> None:
        if call.operation == "GetSecretValue":
            answer["VersionId"] = "another"

    line = json.dumps({"rotation": {"secret": SHOP, "status": "done", "regions": [LIVE]}})
    with world.estate.aws.changing(change):
        ran = world.followed("--json", by=reader, work=lambda: world.estate.aws.log(LOGS, line))

    assert ran.code == ExitCode.ERROR
    (secret,) = ran.document["secrets"]
    assert secret["status"] == "pending"
    assert secret["error"].startswith("NOT_YET_CONSISTENT: another was read")


def hold() -> None:
    secrets = client("secretsmanager", HOME)
    secrets.tag_resource(SecretId=SHOP, Tags=[{"Key": tags.HOLD, "Value": ""}])


def test_a_reference_on_hold_of_which_nothing_is_due_is_live(world: World) -> None:
    world.scan_and_work()
    hold()

    ran = world.followed()

    assert ran.code == ExitCode.DONE, said(ran)


def test_a_reference_on_hold_that_rotate_refuses_is_refused(world: World) -> None:
    hold()
    world.central.unshare(world.source, "CertrotationReads")

    ran = world.followed()

    assert ran.code == ExitCode.FINDING, said(ran)
    assert "refuse SOURCE_DENIED" in said(ran)


@pytest.mark.parametrize("is_log_hidden", [False, True], ids=["by the log", "by the tags"])
def test_a_reference_on_hold_of_which_something_is_due_is_held(
    world: World, *, is_log_hidden: bool
) -> None:
    hold()
    if is_log_hidden:
        world.hide_log()

    ran = world.followed()

    assert ran.code == ExitCode.ERROR
    assert ran.out.splitlines()[-1].startswith(f"{SHOP}: held")


@pytest.mark.parametrize("failing", [1, 2], ids=["before the rotation", "and at the first look"])
def test_a_log_that_is_busy_is_read_at_the_next_look(world: World, failing: int) -> None:
    """The outcome of before, which could not be read before, counts for nothing then either."""
    old = {"secret": SHOP, "status": "refused", "findings": [FINDING]}
    world.estate.aws.log(LOGS, json.dumps({"rotation": old}))
    calls = count(1)

    with world.answering_persons(
        "ThrottlingException",
        lambda call: call.operation == "FilterLogEvents" and next(calls) <= failing,
    ):
        ran = world.followed()

    assert ran.code == ExitCode.DONE, said(ran)
    assert "This command watches the log of rotate instead." in said(ran)


def test_a_log_that_is_busy_at_the_end_is_said(world: World) -> None:
    hold()

    with world.answering_persons(
        "ThrottlingException", lambda call: call.operation == "FilterLogEvents"
    ):
        ran = world.followed()

    assert ran.code == ExitCode.ERROR
    assert "The log of rotate cannot be read: logs:FilterLogEvents" in said(ran)
    assert ran.out.splitlines()[-1] == f"{SHOP}: pending"


def test_a_log_that_vanishes_meanwhile_leaves_the_tags(world: World) -> None:
    def work() -> None:
        world.work()
        world.hide_log()

    ran = world.followed(work=work)

    assert ran.code == ExitCode.DONE, said(ran)


def test_without_a_stack_the_tags_of_the_copies_are_watched(world: World) -> None:
    world.scan_and_work()
    world.renew()
    world.estate.aws.behaviour.denied.add(("cloudformation", "DescribeStacks", None))
    regions = ",".join(world.estate.regions)

    ran = world.followed("--queue-url", world.estate.queue_url, "--target-regions", regions)

    assert ran.code == ExitCode.DONE, said(ran)
    assert (
        "The source of certrotation/shop was not seen: Which sources the service may read is not"
        " known: no stack was found, and no variable gives source_secrets. This command watches the"
        " tags of the copies instead." in said(ran)
    )


def test_of_a_source_that_may_be_described_a_newer_version_ends_the_wait(world: World) -> None:
    ran = world.followed(by=PERSONS["may describe the source"], work=world.renew)

    assert ran.code == ExitCode.ERROR
    assert ran.out.splitlines()[-1] == f"{SHOP}: another version is current now"


def test_a_log_that_is_about_another_version_does_not_end_the_wait(world: World) -> None:
    rotation = {"secret": SHOP, "status": "done", "plan": {"version": "old"}, "regions": [LIVE]}
    text = json.dumps({"message": "rotation", "rotation": rotation})

    ran = world.followed(
        by=PERSONS["may describe the source"], work=lambda: world.estate.aws.log(LOGS, text)
    )

    assert ran.out.splitlines()[-1] == f"{SHOP}: pending"


def test_a_region_whose_copies_cannot_be_read_is_pending(world: World) -> None:
    world.hide_log()
    world.estate.aws.behaviour.denied.add(("resourcegroupstaggingapi", "GetResources", None))

    ran = world.followed("--json", work=lambda: None)

    assert ran.code == ExitCode.ERROR
    assert all(
        each["because"].startswith("ACCESS_DENIED: tag:GetResources")
        for each in ran.document["secrets"][0]["regions"]
    )


# The verbs that look at references


@pytest.fixture
def live(world: World) -> World:
    """A reference whose copies are live, and current."""
    world.scan_and_work()
    return world


def test_the_inventory_calls_such_copies_unknown_in_every_form(live: World, tmp_path: Path) -> None:
    csv, page = tmp_path / "inventory.csv", tmp_path / "inventory.html"

    shown = live.typed("inventory")
    found = live.typed("inventory", "--json", "--state", "unknown")
    files = live.typed("inventory", "--csv", str(csv), "--html", str(page))

    assert {shown.code, found.code, files.code} == {ExitCode.DONE}
    assert "2 certificates: 2 unknown." in shown.out
    assert f"The version of {SHOP} is not known: ACCESS_DENIED: secretsmanager:Des" in said(shown)
    certificates = found.document["certificates"]
    assert [each["state"] for each in certificates] == ["unknown"] * 2
    assert {each["next"] for each in certificates} == {
        "not known here: the source of the secret was not seen"
    }
    assert "with your credentials" in certificates[0]["because"]
    assert found.document["states"] | {"due": 0, "unknown": 2} == found.document["states"]
    assert "with your credentials" in found.document["unknown_sources"][SHOP]
    assert csv.read_text(encoding="utf-8").count(",unknown,") == 2
    assert page.read_text(encoding="utf-8").count('data-state="unknown"') == 2
    assert "is not known: ACCESS_DENIED" in page.read_text(encoding="utf-8")
    for each in (shown.out, csv.read_text(encoding="utf-8"), page.read_text(encoding="utf-8")):
        assert not {"due", "refused"} & set(each.replace(",", " ").replace("<", " ").split())


def test_whoever_may_describe_the_source_sees_the_copies_as_they_are(live: World) -> None:
    found = live.typed("inventory", "--json", by=PERSONS["may describe the source"]).document

    assert {each["state"] for each in found["certificates"]} == {"current"}
    assert found["unknown_sources"] == {}


def test_a_source_that_gives_no_answer_is_unknown_too(live: World) -> None:
    def fail(call: Call) -> None:
        if call.params.get("SecretId") == live.source:
            raise live.estate.aws.error("ServiceUnavailable", call.operation)

    with live.estate.aws.before(fail):
        found = live.typed("inventory", "--json", by=PERSONS["may describe the source"]).document
        queued = live.typed("rotate", "shop", by=PERSONS["may describe the source"])

    assert {each["state"] for each in found["certificates"]} == {"unknown"}
    assert (queued.code, queued.out.strip()) == (ExitCode.DONE, f"{SHOP}: queued")


def test_what_refuses_everybody_stays_due_and_refused(live: World) -> None:
    """The source is gone: that is no matter of credentials."""
    live.central.delete(live.source)
    by = PERSONS["may describe the source"]

    found = live.typed("inventory", "--json", by=by).document
    plan = live.typed("plan", "shop", "--json", by=by)

    assert {each["state"] for each in found["certificates"]} == {"due"}
    assert found["certificates"][0]["next"].startswith("not renewed until the source can be read")
    assert plan.code == ExitCode.FINDING
    assert plan.document["secrets"][0]["findings"][0]["code"] == "SOURCE_GONE"


def test_a_key_that_no_account_can_use_refuses_everybody(
    world: World, authorities: Authorities
) -> None:
    source = world.central.secret("wiki", authorities.public.issue("w.example.com"), key=None)
    world.central.share(source, [*world.central.readers, OTHER])
    world.estate.reference("wiki", source)

    plan = world.typed("plan", "wiki", "--json", by=PERSONS["may not use the key"])

    assert plan.code == ExitCode.FINDING
    (finding,) = plan.document["secrets"][0]["findings"]
    assert finding["remedy"].startswith("The source is encrypted with the key aws/secretsmanager")


@pytest.mark.parametrize("person", PERSONS)
def test_a_plan_is_unknown_and_nothing_in_it_is_refused(
    world: World, person: str, tmp_path: Path
) -> None:
    page = tmp_path / "plan.html"

    every = world.typed("plan", "--html", str(page), by=PERSONS[person])
    one = world.typed("plan", "shop", "--json", by=PERSONS[person])

    assert {every.code, one.code} == {ExitCode.ERROR}
    assert every.out.startswith(f"{SHOP}: unknown: the source of the secret was not seen")
    assert "unknown: the source of the secret" in page.read_text(encoding="utf-8")
    (secret,) = one.document["secrets"]
    assert (secret["refused"], secret["findings"]) == (False, [])
    assert secret["error"].startswith("ACCESS_DENIED: secretsmanager:")
    assert "was asked with your credentials" in secret["error"]


VERBS: dict[str, tuple[str, ...]] = {
    "check": ("check", "--secret", "shop"),
    "rotate here": ("rotate", "shop", "--here", "--yes", "--force"),
}


@pytest.mark.parametrize("person", PERSONS)
@pytest.mark.parametrize("verb", VERBS)
def test_what_needs_the_value_ends_with_whose_credentials_were_denied(
    world: World, verb: str, person: str
) -> None:
    ran = world.typed(*VERBS[verb], by=PERSONS[person])

    assert ran.code == ExitCode.ERROR
    assert "ACCESS_DENIED" in ran.err
    assert "The source was asked with your credentials" in said(ran)
    assert "Allow the action" not in said(ran)
    assert world.estate.certificates(HOME) == []


def test_a_plan_that_was_not_seen_is_never_the_saved_one(world: World, tmp_path: Path) -> None:
    file = str(tmp_path / "plan.json")
    world.typed("plan", "shop", "--out", file)

    ran = world.typed("rotate", "--plan", file)

    assert ran.code == ExitCode.ERROR
    assert "The source was asked with your credentials" in said(ran)
    assert world.estate.waiting_messages()["ApproximateNumberOfMessages"] == 0


@pytest.mark.parametrize("is_denied", [False, True], ids=["none", "denied"])
def test_without_a_stack_nobody_knows_which_sources_the_service_may_read(
    live: World, *, is_denied: bool
) -> None:
    """The settings come from the stack: without it, no reference is refused by a setting."""
    regions = ("--target-regions", ",".join(live.estate.regions))
    if is_denied:
        live.estate.aws.behaviour.denied.add(("cloudformation", "DescribeStacks", None))
    else:
        live.estate.aws.deploy_stack("certrotation", HOME, {})
    live.estate.secret("own", {"certificate": ""})

    found = live.typed("inventory", "--json", *regions)
    plan = live.typed("plan", "shop", *regions)
    checked = live.typed("check", "--secret", "shop", *regions)
    own = live.typed("check", "--secret", "own", *regions)

    assert {each["state"] for each in found.document["certificates"]} == {"unknown"}
    assert plan.code == ExitCode.ERROR
    assert "Which sources the service may read is not known" in plan.out
    assert "Which sources the service may read is not known" in checked.err
    assert own.code == ExitCode.FINDING


def test_verify_takes_the_name_of_a_reference(live: World) -> None:
    ran = live.typed("verify", "shop")

    assert ran.code == ExitCode.DONE, said(ran)


@pytest.mark.parametrize("person", PERSONS)
def test_a_plan_of_given_material_does_not_need_the_source(
    live: World, authorities: Authorities, tmp_path: Path, person: str
) -> None:
    material = certbot(tmp_path, "shop.example.com", authorities.public.issue("shop.example.com"))

    ran = live.typed("plan", "shop", "--material", material, "--json", by=PERSONS[person])

    assert ran.code == ExitCode.DONE, said(ran)
    steps = ran.document["secrets"][0]["regions"][0]["steps"]
    assert [each["verb"] for each in steps] == ["reimport", "tag"]


def test_a_plan_of_given_material_needs_no_setting_either(
    live: World, authorities: Authorities, tmp_path: Path
) -> None:
    material = certbot(tmp_path, "shop.example.com", authorities.public.issue("shop.example.com"))
    live.estate.aws.deploy_stack("certrotation", HOME, {})
    regions = ("--target-regions", ",".join(live.estate.regions))

    ran = live.typed("plan", "shop", "--material", material, *regions)

    assert ran.code == ExitCode.DONE, said(ran)


def test_a_rollback_says_where_the_ids_are(live: World) -> None:
    ran = live.typed("rollback", "shop", "--yes")

    assert ran.code == ExitCode.ERROR
    assert "--remove-from-version-id <AWSCURRENT>" in said(ran)


@pytest.fixture
def aged(live: World) -> Iterator[World]:
    """The reference was tagged long ago, so that it would count as overdue if it were due."""

    def age(_client: object, call: Any, answer: Any) -> None:
        if call.operation == "ListSecrets":
            for each in answer["SecretList"]:
                each["LastChangedDate"] = each["LastChangedDate"].replace(year=2020)

    with live.estate.aws.changing(age):
        yield live


def doctor(world: World, *words: str) -> Ran:
    """IAM and Service Quotas answer nobody."""

    def deny(call: Call) -> None:
        if call.operation in {"SimulatePrincipalPolicy", "ListServiceQuotas"}:
            raise world.estate.aws.error("AccessDenied", call.operation)

    with world.estate.aws.before(deny):
        return world.typed("doctor", "--json", *words)


def of_doctor(ran: Ran, check: str) -> list[tuple[str, str]]:
    return [
        (each["health"], each["found"])
        for each in ran.document["results"]
        if each["check"] == check
    ]


def test_the_doctor_does_not_know_whether_such_a_reference_is_due(aged: World) -> None:
    ran = doctor(aged)

    unseen, others = of_doctor(ran, "rotations")
    assert unseen[0] == "unknown"
    assert unseen[1].startswith(f"Whether {SHOP} is due is not known: ACCESS_DENIED: secretsm")
    assert others == ("ok", "0 due, none overdue")
    assert of_doctor(ran, "sources") == [
        ("ok", f"No refusal of {SHOP} in the last 2 scan intervals")
    ]


def test_without_a_log_that_is_known_the_doctor_calls_no_reference_fine(live: World) -> None:
    deploy(live.estate, stack="other", functions="other-")

    ran = doctor(live, "--stack", "other")

    ((health, found),) = of_doctor(ran, "sources")
    assert health == "unknown"
    assert found.endswith("No stack was found that names the log of rotate.")
