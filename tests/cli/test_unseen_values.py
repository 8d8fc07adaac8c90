"""What is denied to a person says nothing about the service, of a secret without a source too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from certrotation.cli.exit_codes import ExitCode
from tests.cli.files import certbot
from tests.cli.persons import World, said
from tests.simulation.estate import HOME, PREFIX, client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.double import Call
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

OWN = f"{PREFIX}own"
NAME = "own.example.com"


def _reads_value(call: Call) -> bool:
    """Whether the call reads what is AWSCURRENT; a version may be read by its id."""
    return call.operation == "GetSecretValue" and "VersionId" not in call.params


DENIED: dict[str, tuple[Callable[[Call], bool], str]] = {
    "the value": (_reads_value, f"The value of {OWN} was not seen: secretsmanager:GetSecretValue"),
    "the certificates of a Region": (
        lambda call: call.operation == "GetResources" and call.region == HOME,
        f"The certificates in {HOME} were not seen: tag:GetResources",
    ),
}
"""What is denied, and what the note says."""


@pytest.fixture
def world(estate: Estate, authorities: Authorities) -> World:
    """A deployment with a secret of its own, which is live."""
    found = World(estate, authorities)
    estate.secret("own", authorities.public.issue(NAME))
    found.scan_and_work()
    return found


@pytest.fixture
def unreadable(world: World) -> Iterator[World]:
    """Persons may describe the secret, and not read its value."""
    with world.answering_persons("AccessDeniedException", _reads_value):
        yield world


@pytest.mark.parametrize("case", DENIED)
def test_a_rotation_that_went_live_is_live_although_a_person_may_not_see_it(
    world: World, authorities: Authorities, case: str
) -> None:
    denied, note = DENIED[case]
    version = world.estate.renew("own", authorities.public.issue(NAME))

    with world.answering_persons("AccessDeniedException", denied):
        ran = world.waited("rotate", "own", "--wait", "--json")

    assert ran.code == ExitCode.DONE, said(ran)
    (secret,) = ran.document["secrets"]
    assert (secret["status"], secret["version"]) == ("live", version)
    assert f"Note: {note}" in ran.err
    assert "This command watches the log of rotate instead." in said(ran)


def test_without_the_log_the_tags_show_the_version_that_is_known(unreadable: World) -> None:
    """Nothing is due: every copy carries the version of the secret."""
    unreadable.hide_log()

    ran = unreadable.waited("rotate", "own", "--wait")

    assert ran.code == ExitCode.DONE, said(ran)
    assert "This command watches the tags of the copies instead." in said(ran)


def test_what_rotate_refuses_is_shown_from_its_log(
    unreadable: World, authorities: Authorities
) -> None:
    unreadable.estate.renew("own", authorities.public.issue("other.example.com"))

    ran = unreadable.waited("rotate", "own", "--wait")

    assert ran.code == ExitCode.FINDING
    assert "refuse NAMES_LOST" in said(ran)
    assert "Allow the action" not in said(ran)


def test_a_rotation_that_does_not_begin_is_pending(
    unreadable: World, authorities: Authorities
) -> None:
    unreadable.estate.renew("own", authorities.public.issue(NAME))

    ran = unreadable.waited("rotate", "own", "--wait", "--json", work=lambda: None)

    assert ran.code == ExitCode.ERROR
    (secret,) = ran.document["secrets"]
    assert secret["status"] == "pending"
    assert secret["error"] == "Rotate has logged no outcome since the secret was queued."


def test_a_version_that_is_newer_ends_the_wait(unreadable: World, authorities: Authorities) -> None:
    ran = unreadable.waited(
        "rotate",
        "own",
        "--wait",
        work=lambda: unreadable.estate.renew("own", authorities.public.issue(NAME)),
    )

    assert ran.code == ExitCode.ERROR
    assert ran.out.splitlines()[-1] == f"{OWN}: another version is current now"


def test_what_is_imported_is_followed_without_its_value(
    unreadable: World, authorities: Authorities, tmp_path: Path
) -> None:
    material = certbot(tmp_path, NAME, authorities.public.issue(NAME))

    ran = unreadable.waited("import", "own", material, work=unreadable.scan_and_work)

    assert ran.code == ExitCode.DONE, said(ran)
    assert "The material is live in every target Region." in ran.out


def test_the_version_before_an_import_may_be_shown_for_a_while(
    unreadable: World, authorities: Authorities, tmp_path: Path
) -> None:
    """Secrets Manager shows a new version late, also at the looks of the command."""
    material = certbot(tmp_path, NAME, authorities.public.issue(NAME))
    stages = client("secretsmanager", HOME).describe_secret(SecretId=OWN)["VersionIdsToStages"]
    is_shown = False

    def change(_client: object, call: Call, answer: dict[str, object]) -> None:
        if call.operation == "DescribeSecret" and not is_shown:
            answer["VersionIdsToStages"] = stages

    def work() -> None:
        nonlocal is_shown
        is_shown = True
        unreadable.scan_and_work()

    with unreadable.estate.aws.changing(change):
        ran = unreadable.waited("import", "own", material, work=work)

    assert ran.code == ExitCode.DONE, said(ran)


def test_what_is_held_after_an_import_is_said(
    unreadable: World, authorities: Authorities, tmp_path: Path
) -> None:
    material = certbot(tmp_path, NAME, authorities.public.issue(NAME))

    def work() -> None:
        secrets = client("secretsmanager", HOME)
        secrets.tag_resource(SecretId=OWN, Tags=[{"Key": "certrotation:hold", "Value": ""}])
        unreadable.scan_and_work()

    ran = unreadable.waited("import", "own", material, work=work)

    assert ran.code == ExitCode.ERROR
    assert "The secret is on hold: its rotation is planned and not applied." in said(ran)


def test_a_rollback_is_followed_without_the_current_value(
    unreadable: World, authorities: Authorities
) -> None:
    unreadable.estate.renew("own", authorities.public.issue(NAME))
    unreadable.scan_and_work()

    ran = unreadable.waited("rollback", "own", "--yes", "--wait", work=unreadable.scan_and_work)

    assert ran.code == ExitCode.DONE, said(ran)
    assert ran.out.splitlines()[-1] == f"{OWN}: live"
