"""Material that must not go live does not, and a person is told why."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.simulation.estate import HOME, PREFIX, client, fields_of
from tests.support.authority import now
from tests.support.authority import pem as _pem

if TYPE_CHECKING:
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

US = "us-east-1"
SHOP = PREFIX + "shop"
NAMES = ("shop.example.com", "www.shop.example.com")
CHANGES = ("ImportCertificate", "AddTagsToCertificate", "DeleteCertificate")


@pytest.fixture
def shop(estate: Estate, authorities: Authorities) -> dict[str, str]:
    """The copies of a shop, by Region."""
    estate.secret("shop", authorities.public.issue(*NAMES))
    estate.run()
    estate.aws.calls.clear()
    return {region: estate.certificates(region)[0] for region in (HOME, US)}


def changes(estate: Estate) -> list[str]:
    return [each.operation for each in estate.aws.calls if each.operation in CHANGES]


@pytest.mark.usefixtures("shop")
def test_a_foreign_key_changes_nothing_and_is_refused_at_every_scan(
    estate: Estate, authorities: Authorities
) -> None:
    good, other = (authorities.public.issue("shop.example.com") for _ in range(2))
    estate.renew("shop", fields_of(good) | {"private_key": other.key_pem()})

    first = estate.run()
    second = estate.run()

    for run in (first, second):
        assert run.codes(SHOP) == {"KEY_MISMATCH"}
        assert run.metric("RotationRefused") == 1
        assert run.scans[0]["queued"] == [SHOP]
    assert changes(estate) == []
    assert estate.waiting_messages()["ApproximateNumberOfMessages"] == 0


@pytest.mark.usefixtures("shop")
def test_a_lost_name_is_refused_until_a_person_accepts_it_for_this_version(
    estate: Estate, authorities: Authorities
) -> None:
    version = estate.renew("shop", authorities.public.issue("shop.example.com"))
    run = estate.run()
    assert run.codes(SHOP) == {"NAMES_LOST"}
    (lost, _) = run.rotation(SHOP)["findings"]
    assert "www.shop.example.com" in lost["found"]
    assert "NAMES_LOST@" in lost["remedy"]
    assert changes(estate) == []

    estate.tag_secret("shop", accept=f"NAMES_LOST@{version}")
    run = estate.run()

    assert run.rotation(SHOP)["status"] == "done"
    assert {each["severity"] for each in run.rotation(SHOP)["findings"]} == {"warn"}


def test_a_staging_certificate_does_not_replace_a_trusted_one(
    estate: Estate, authorities: Authorities, shop: dict[str, str]
) -> None:
    before = {arn: estate.presents(arn) for arn in shop.values()}
    estate.renew("shop", authorities.private.issue(*NAMES))

    run = estate.run()

    assert "TRUST_LOST" in run.codes(SHOP)
    assert {arn: estate.presents(arn) for arn in shop.values()} == before


def test_an_older_certificate_about_to_expire_does_not_replace_a_newer_one(
    estate: Estate, authorities: Authorities, shop: dict[str, str]
) -> None:
    before = {arn: estate.presents(arn) for arn in shop.values()}
    nine_hours_left = now() - timedelta(hours=91)
    older = authorities.public.issue(
        *NAMES, not_before=nine_hours_left, lifetime=timedelta(hours=100)
    )
    estate.renew("shop", older)

    run = estate.run()

    assert run.rotation(SHOP)["status"] == "refused"
    assert run.codes(SHOP) == {"EXPIRES_SOON"}
    assert {arn: estate.presents(arn) for arn in shop.values()} == before


def test_a_certificate_that_merely_expires_sooner_goes_live_with_a_warning(
    estate: Estate, authorities: Authorities, shop: dict[str, str]
) -> None:
    shorter = authorities.public.issue(*NAMES, lifetime=timedelta(hours=100))
    estate.renew("shop", shorter)

    run = estate.run()

    assert run.rotation(SHOP)["status"] == "done"
    assert run.codes(SHOP) == {"EXPIRES_SOONER"}
    assert [estate.presents(arn) for arn in shop.values()] == [shorter.certificate] * 2


def test_a_shuffled_chain_is_repaired_and_goes_live(
    estate: Estate, authorities: Authorities
) -> None:
    deep = authorities.public.intermediate("Example Public CA 2")
    issued = deep.issue("shop.example.com")
    root = authorities.public_root.certificate
    shuffled = [root, *reversed(issued.chain), issued.certificate, root]
    chain = "".join(_pem(each) for each in shuffled)
    estate.secret("shop", fields_of(issued) | {"chain": chain})

    run = estate.run()

    assert run.codes(SHOP) == {"CHAIN_MISORDERED", "CHAIN_SUPERFLUOUS"}
    (arn,) = estate.certificates(HOME)
    assert estate.chain(arn) == list(issued.chain)


def test_a_secret_on_hold_is_planned_and_not_applied(
    estate: Estate, authorities: Authorities, shop: dict[str, str]
) -> None:
    estate.tag_secret("shop", hold="change freeze")
    estate.renew("shop", authorities.public.issue(*NAMES))

    run = estate.run()

    outcome = run.rotation(SHOP)
    assert outcome["status"] == "planned"
    steps = [step["verb"] for region in outcome["plan"]["regions"] for step in region["steps"]]
    assert steps == ["reimport", "tag"] * len(shop)
    assert changes(estate) == []


@pytest.mark.usefixtures("shop")
def test_in_report_mode_nothing_outside_the_queue_changes(
    estate: Estate, authorities: Authorities
) -> None:
    estate.renew("shop", authorities.public.issue(*NAMES))
    estate.environment["CERTROTATION_MODE"] = "report"

    run = estate.run()

    assert run.rotation(SHOP)["status"] == "planned"
    assert changes(estate) == []


def test_a_secret_of_another_prefix_is_not_touched(
    estate: Estate, authorities: Authorities
) -> None:
    issued = authorities.public.issue("other.example.com")
    client("secretsmanager", HOME).create_secret(
        Name="elsewhere/other", SecretString=issued.key_pem()
    )

    scanned = estate.run()
    run = estate.rotate("other", secret="elsewhere/other")

    assert scanned.scans[0]["queued"] == []
    assert run.rotations[0]["status"] == "refused"
    assert "SECRET_NOT_MANAGED" in run.rotations[0]["error"]
    assert changes(estate) == []


@pytest.mark.usefixtures("shop")
def test_no_line_that_the_functions_write_shows_a_key_or_a_passphrase(
    estate: Estate, authorities: Authorities
) -> None:
    issued = authorities.public.issue(*NAMES)
    passphrase = "correct horse battery staple"
    fields = fields_of(issued) | {"private_key": issued.key_pem(passphrase=passphrase)}
    estate.renew("shop", fields | {"passphrase": passphrase})
    good = estate.run()
    estate.renew("shop", fields | {"passphrase": passphrase, "certificate": issued.chain_pem})
    bad = estate.run()

    assert good.rotation(SHOP)["status"] == "done"
    assert bad.rotation(SHOP)["status"] == "refused"
    said = "\n".join([*good.lines, *bad.lines]).replace("\\n", "")
    assert passphrase not in said
    for key in (issued.key_pem(), fields["private_key"]):
        assert "".join(key.splitlines()[1:-1])[10:40] not in said


@pytest.mark.usefixtures("shop")
def test_who_accepts_what_cannot_be_accepted_is_told_so(
    estate: Estate, authorities: Authorities
) -> None:
    good, other = (authorities.public.issue("shop.example.com") for _ in range(2))
    estate.renew("shop", fields_of(good) | {"private_key": other.key_pem()})
    estate.tag_secret("shop", accept="KEY_MISMATCH")

    run = estate.run()

    assert run.codes(SHOP) == {"KEY_MISMATCH", "ACCEPT_WITHOUT_EFFECT"}
    assert changes(estate) == []
