"""`certrotation rotate` and `rollback`: what a person starts, and what holds a person back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from certrotation.cli import following
from certrotation.cli.exit_codes import ExitCode
from certrotation.names import tags
from tests.cli.running import Ran, deploy, run
from tests.simulation.estate import HOME, PREFIX, client, marks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities
    from tests.support.authority import Issued

pytestmark = pytest.mark.slow

US = "us-east-1"
SHOP = f"{PREFIX}shop"


class Shop:
    """A secret with a copy in both Regions, renewed since."""

    def __init__(self, estate: Estate, authorities: Authorities) -> None:
        self.estate = estate
        self.old = authorities.public.issue("shop.example.com")
        self.new = authorities.public.issue("shop.example.com")
        self.first = estate.secret("shop", self.old)
        self.arns = {
            region: estate.certificate(self.old, region, marks_of(SHOP, self.first, self.old))
            for region in (HOME, US)
        }
        self.second = estate.renew("shop", self.new)

    def presents(self, issued: Issued) -> bool:
        """Whether both Regions present a certificate."""
        return all(self.estate.presents(arn) == issued.certificate for arn in self.arns.values())

    def labels(self) -> dict[str, list[str]]:
        described = client("secretsmanager", HOME).describe_secret(SecretId=SHOP)
        stages: dict[str, list[str]] = described["VersionIdsToStages"]
        return stages


@pytest.fixture
def shop(estate: Estate, authorities: Authorities) -> Shop:
    deploy(estate)
    return Shop(estate, authorities)


@pytest.fixture
def functions(estate: Estate) -> Iterator[list[Callable[[], object]]]:
    """What happens between two looks of a command that waits: the functions work."""
    work: list[Callable[[], object]] = [estate.drain]
    with patch.object(following, "sleep", lambda _: [each() for each in work]):
        yield work


def messages(estate: Estate) -> list[dict[str, Any]]:
    got = client("sqs", HOME).receive_message(QueueUrl=estate.queue_url, MaxNumberOfMessages=10)
    return [json.loads(each["Body"]) for each in got.get("Messages", ())]


def test_a_secret_is_queued_with_its_version(estate: Estate, shop: Shop) -> None:
    ran = run("rotate", "shop", SHOP, "--json")

    assert ran.code is ExitCode.DONE
    assert messages(estate) == [{"secret": SHOP, "version": shop.second}]
    assert ran.document["secrets"][0]["status"] == "queued"
    assert shop.presents(shop.old)


@pytest.mark.usefixtures("functions")
def test_waiting_ends_when_every_region_presents_it(shop: Shop) -> None:
    ran = run("rotate", "shop", "--wait")

    assert ran.code is ExitCode.DONE, ran.err
    assert shop.presents(shop.new)
    assert f"eu-west-1: live, {shop.arns[HOME]}" in ran.out
    assert ran.out.splitlines()[-1] == f"{SHOP}: live"


def test_waiting_for_refused_material_says_why(
    estate: Estate, shop: Shop, authorities: Authorities
) -> None:
    estate.renew("shop", authorities.public.issue("other.example.com"))

    ran = run("rotate", "shop", "--wait", "--json")

    assert ran.code is ExitCode.FINDING
    (secret,) = ran.document["secrets"]
    assert secret["status"] == "refused"
    assert {each["code"] for each in secret["findings"]} == {"NAMES_LOST"}
    assert shop.presents(shop.old)


def test_a_secret_that_is_not_there_not_managed_or_not_named_is_not_queued(
    estate: Estate, shop: Shop
) -> None:
    assert shop
    arn = client("secretsmanager", HOME).create_secret(Name="else", SecretString="{}")["ARN"]

    assert "RESOURCE_VANISHED" in run("rotate", "shop", "nothing").err
    assert "SECRET_NOT_MANAGED" in run("rotate", arn).err
    assert run("rotate").code is ExitCode.USAGE
    assert messages(estate) == []


def test_without_a_queue_nothing_can_be_queued(estate: Estate, authorities: Authorities) -> None:
    Shop(estate, authorities)

    ran = run("rotate", "shop", "--target-regions", HOME)

    assert ran.code is ExitCode.ERROR
    assert "There is no queue" in ran.err


def test_report_mode_is_said_and_waiting_for_it_is_no_success(
    estate: Estate, authorities: Authorities
) -> None:
    deploy(estate, {"CERTROTATION_MODE": "report"})
    Shop(estate, authorities)

    ran = run("rotate", "shop", "--wait")

    assert ran.code is ExitCode.ERROR
    assert "The service is in report mode: it plans the rotation" in ran.err
    assert len(messages(estate)) == 1


def test_here_it_is_done_at_once_with_the_callers_own_rights(estate: Estate, shop: Shop) -> None:
    ran = run("rotate", "shop", "--here", "--yes", "--json")

    assert ran.code is ExitCode.DONE, ran.err
    assert shop.presents(shop.new)
    (secret,) = ran.document["secrets"]
    assert (secret["status"], secret["version"]) == ("done", shop.second)
    assert secret["regions"][0]["performed"] == [
        f"reimport {shop.arns[HOME]}",
        f"tag {shop.arns[HOME]}",
    ]
    assert messages(estate) == []
    assert "PRIVATE KEY" not in ran.out + ran.err


def test_here_nothing_is_done_without_an_answer(shop: Shop) -> None:
    ran = run("rotate", "shop", "--here")

    assert ran.code is ExitCode.USAGE
    assert f"reimport {shop.arns[HOME]}" in ran.out
    assert shop.presents(shop.old)


@pytest.mark.parametrize("reason", ["report", "version", "hold"])
def test_here_mode_version_and_hold_keep_a_person_back_unless_forced(
    estate: Estate, authorities: Authorities, reason: str
) -> None:
    mode = "report" if reason == "report" else "apply"
    deploy(estate, {"CERTROTATION_MODE": mode}, version="0.1.0" if reason == "version" else "0.2.0")
    shop = Shop(estate, authorities)
    if reason == "hold":
        estate.tag_secret("shop", hold="")

    ran = run("rotate", "shop", "--here", "--yes")
    assert ran.code is ExitCode.ERROR
    assert "or give --force." in ran.err
    assert shop.presents(shop.old)

    forced = run("rotate", "shop", "--here", "--yes", "--force")
    assert forced.code is ExitCode.DONE, forced.out
    assert shop.presents(shop.new)


@pytest.mark.parametrize(
    "mark", [{tags.IGNORE: ""}, {tags.SECRET: "other/shop"}], ids=["ignored", "another's"]
)
def test_here_a_certificate_that_the_roles_protect_is_not_changed(
    estate: Estate, shop: Shop, mark: dict[str, str]
) -> None:
    """Somebody tags it between look and write: by the tag, the roles would deny the write."""
    acm = client("acm", US)

    def tag(call: Any) -> None:
        if call.operation == "ImportCertificate" and call.region == HOME:
            with estate.aws.unobserved():
                acm.add_tags_to_certificate(
                    CertificateArn=shop.arns[US],
                    Tags=[{"Key": key, "Value": value} for key, value in mark.items()],
                )

    with estate.aws.before(tag):
        ran = run("rotate", "shop", "--here", "--yes", "--json")

    home, us = ran.document["secrets"][0]["regions"]
    assert ran.code is ExitCode.ERROR
    assert (home["status"], us["status"]) == ("done", "failed")
    assert tags.IGNORE in us["because"] or "another deployment's secret" in us["because"]
    assert estate.presents(shop.arns[US]) == shop.old.certificate


def test_here_without_a_stack_nothing_is_adopted(estate: Estate, authorities: Authorities) -> None:
    issued = authorities.public.issue("new.example.com")
    live = estate.certificate(issued, HOME)
    estate.listener("web", HOME, live)
    estate.secret("new", authorities.public.issue("new.example.com"))

    ran = run(
        "rotate",
        "new",
        "--here",
        "--yes",
        "--target-regions",
        HOME,
        CERTROTATION_PUBLIC_ROOTS_FILE=estate.environment["CERTROTATION_PUBLIC_ROOTS_FILE"],
    )

    assert ran.code is ExitCode.DONE, ran.out
    assert tags.SECRET not in estate.tags(live)
    assert len(estate.certificates(HOME)) == 2


def test_a_saved_plan_is_applied_only_if_it_is_still_the_same(
    estate: Estate, shop: Shop, authorities: Authorities, tmp_path: Path
) -> None:
    file = str(tmp_path / "plan.json")
    run("plan", "shop", "--out", file)
    estate.renew("shop", authorities.public.issue("shop.example.com", key="rsa2048"))

    changed = run("rotate", "--plan", file, "--here", "--yes")

    assert changed.code is ExitCode.ERROR
    assert f"The plan is another one now for {SHOP}." in changed.err
    assert "import the new copy" in changed.out
    assert shop.presents(shop.old)
    run("plan", "shop", "--out", file)
    same = run("rotate", "--plan", file, "--here", "--yes")
    assert same.code is ExitCode.DONE
    assert len(estate.certificates(HOME)) == 2


def test_a_file_that_is_no_plan_is_a_usage_error(tmp_path: Path) -> None:
    for content in ("", "[]", '{"schema": "certrotation/inventory/1"}'):
        file = tmp_path / "plan.json"
        file.write_text(content, encoding="utf-8")
        assert run("rotate", "--plan", str(file)).code is ExitCode.USAGE
    assert run("rotate", "--plan", str(tmp_path / "none")).code is ExitCode.ERROR
    assert run("rotate", "shop", "--plan", str(file)).code is ExitCode.USAGE
    assert run("rotate", "shop", "--here", "--wait").code is ExitCode.USAGE
    assert run("rotate", "shop", "--force").code is ExitCode.USAGE


# Rollback


def rolled_back(*arguments: str) -> Ran:
    return run("rollback", "shop", *arguments)


def test_the_version_before_is_current_again_and_goes_live(
    estate: Estate, shop: Shop, functions: list[Callable[[], object]]
) -> None:
    estate.run()
    assert shop.presents(shop.new)
    functions.insert(0, estate.scan)

    ran = rolled_back("--yes", "--wait")

    assert ran.code is ExitCode.DONE, ran.err
    assert shop.labels()[shop.first] == ["AWSCURRENT"]
    assert shop.presents(shop.old)
    lines = ran.out.splitlines()
    assert lines[0] == f"{SHOP}: from {shop.second} back to {shop.first}"
    assert lines[1].startswith("  shop.example.com: EC_prime256v1, issued by ")
    assert any(each.strip().startswith(f"reimport {shop.arns[HOME]}") for each in lines)
    assert lines[-1] == f"{SHOP}: live"


def test_before_the_question_nothing_is_moved(estate: Estate, shop: Shop) -> None:
    estate.run()
    before = shop.labels()

    ran = rolled_back()

    assert ran.code is ExitCode.USAGE
    assert "Give --yes." in ran.err
    assert shop.labels() == before


def test_a_version_that_rotate_would_refuse_is_not_made_current(
    estate: Estate, shop: Shop, authorities: Authorities
) -> None:
    """A rollback to a certificate that lacks a name that is live would only be refused."""
    wider = authorities.public.issue("shop.example.com", "www.shop.example.com")
    current = estate.renew("shop", wider)
    estate.run()

    ran = rolled_back("--yes", "--json")

    assert ran.code is ExitCode.FINDING
    assert not ran.document["moved"]
    codes = {each["code"] for each in ran.document["plan"]["findings"]}
    # The first certificate is older by as much as the test took.
    assert codes - {"EXPIRES_SOONER"} == {"NAMES_LOST"}
    assert shop.labels()[current] == ["AWSCURRENT"]


def test_any_version_that_is_still_there_can_be_named(estate: Estate, shop: Shop) -> None:
    to_first = rolled_back("--to", shop.first, "--yes", "--json")

    assert to_first.code is ExitCode.DONE
    assert to_first.document["to_version"] == shop.first
    assert shop.labels()[shop.first] == ["AWSCURRENT"]
    assert rolled_back("--to", shop.first, "--yes").code is ExitCode.ERROR
    assert "is AWSCURRENT already" in rolled_back("--to", shop.first, "--yes").err
    missing = rolled_back("--to", "0" * 36, "--yes")
    assert missing.code is ExitCode.ERROR
    assert "RESOURCE_VANISHED" in missing.err
    assert estate


def test_a_secret_with_one_version_has_nothing_to_go_back_to(
    estate: Estate, authorities: Authorities
) -> None:
    deploy(estate)
    estate.secret("new", authorities.public.issue("new.example.com"))

    assert "has no version AWSPREVIOUS" in run("rollback", "new", "--yes").err


def test_a_reference_is_rolled_back_at_its_source(estate: Estate, shop: Shop) -> None:
    source = "arn:aws:secretsmanager:eu-central-1:999999999999:secret:shop-123456"
    estate.tag_secret("shop", source=source)

    ran = rolled_back("--yes")

    assert ran.code is ExitCode.ERROR
    said = " ".join(ran.err.split())
    assert "with credentials of account 999999999999: aws secretsmanager" in said
    assert f"--region eu-central-1 --secret-id {source}" in said
    assert shop.second not in said, "the ids are those of the source"
    assert shop.labels()[shop.second] == ["AWSCURRENT"]


def test_the_issuer_of_a_secret_is_on_hold_before_the_version_is_moved(
    estate: Estate, shop: Shop, functions: list[Callable[[], object]]
) -> None:
    """The version that comes back was renewed once: the next look would renew it again."""
    estate.tag_secret("shop", issuer="letsencrypt")
    estate.run()
    functions.insert(0, estate.scan)
    estate.aws.calls.clear()

    ran = rolled_back("--yes", "--wait")

    assert ran.code is ExitCode.DONE, ran.err
    assert shop.presents(shop.old), "only the issuer is on hold"
    assert tags_of(SHOP)[tags.HOLD] == "issuance"
    assert f"{SHOP} is on hold (certrotation:hold=issuance): its issuer does not renew" in ran.err
    operations = [call.operation for call in estate.aws.calls]
    assert operations.index("TagResource") < operations.index("UpdateSecretVersionStage")


def test_if_the_issuer_cannot_be_put_on_hold_nothing_is_moved(estate: Estate, shop: Shop) -> None:
    estate.tag_secret("shop", issuer="letsencrypt")

    def deny(call: object) -> None:
        if getattr(call, "operation", "") == "TagResource":
            raise estate.aws.error("AccessDeniedException", "TagResource")

    with estate.aws.before(deny):
        ran = rolled_back("--yes")

    assert ran.code is ExitCode.ERROR
    assert "ACCESS_DENIED" in ran.err
    assert shop.labels()[shop.second] == ["AWSCURRENT"]


def test_a_hold_of_a_person_stays_what_it_is(estate: Estate, shop: Shop) -> None:
    estate.tag_secret("shop", issuer="letsencrypt", hold="change freeze")

    assert rolled_back("--yes").code is ExitCode.DONE

    assert tags_of(SHOP)[tags.HOLD] == "change freeze"
    assert shop.labels()[shop.first] == ["AWSCURRENT"]


def test_a_secret_without_an_issuer_is_not_put_on_hold(shop: Shop) -> None:
    assert rolled_back("--yes").code is ExitCode.DONE
    assert tags.HOLD not in tags_of(SHOP)
    assert shop.labels()[shop.first] == ["AWSCURRENT"]


def tags_of(secret: str) -> dict[str, str]:
    described = client("secretsmanager", HOME).describe_secret(SecretId=secret)
    return {each["Key"]: each["Value"] for each in described.get("Tags", ())}
