"""Certificates that were there before certrotation are taken over, or left alone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from certrotation.names import tags
from tests.simulation.estate import HOME, PREFIX, client
from tests.simulation.faults import DeathError, dying
from tests.support.authority import shared_key

if TYPE_CHECKING:
    from tests.double import Call
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

US = "us-east-1"
SHOP = PREFIX + "shop"
OLD = timedelta(days=30)


def test_an_imported_certificate_with_these_names_keeps_its_arn(
    estate: Estate, authorities: Authorities
) -> None:
    before = {
        region: estate.certificate(
            authorities.public.issue("shop.example.com", lifetime=OLD), region
        )
        for region in (HOME, US)
    }
    renewed = authorities.public.issue("shop.example.com")
    version = estate.secret("shop", renewed)

    estate.run()

    for region, arn in before.items():
        assert estate.certificates(region) == [arn]
        assert estate.presents(arn) == renewed.certificate
        assert estate.tags(arn)[tags.VERSION] == version


def test_two_unused_certificates_that_could_be_meant_are_refused_until_one_is_tagged(
    estate: Estate, authorities: Authorities
) -> None:
    pair = [
        estate.certificate(authorities.public.issue("shop.example.com", lifetime=OLD), HOME)
        for _ in range(2)
    ]
    renewed = authorities.public.issue("shop.example.com")
    estate.secret("shop", renewed)
    meant, other = pair

    refused = estate.run()
    certificates = estate.certificates(HOME), estate.certificates(US)
    client("acm", HOME).add_tags_to_certificate(
        CertificateArn=meant, Tags=[{"Key": tags.SECRET, "Value": SHOP}]
    )
    resolved = estate.run()

    assert refused.codes(SHOP) == {"ADOPTION_AMBIGUOUS"}
    assert sorted(certificates[0]) == sorted(pair)
    assert len(certificates[1]) == 1, "a Region's own refusal stops that Region only"
    assert resolved.rotation(SHOP)["status"] == "done"
    assert estate.presents(meant) == renewed.certificate
    assert estate.presents(other) != renewed.certificate
    assert estate.tags(other) == {}
    assert sorted(estate.certificates(HOME)) == sorted(pair)


def test_of_two_certificates_those_in_use_are_adopted(
    estate: Estate, authorities: Authorities
) -> None:
    used, unused = (
        estate.certificate(authorities.public.issue("shop.example.com", lifetime=OLD), HOME)
        for _ in range(2)
    )
    estate.listener("web", HOME, used)
    renewed = authorities.public.issue("shop.example.com")
    estate.secret("shop", renewed)

    estate.run()

    assert estate.presents(used) == renewed.certificate
    assert estate.presents(unused) != renewed.certificate
    assert estate.tags(unused) == {}


def test_other_names_another_key_type_or_the_tag_ignore_keep_a_certificate_as_it_is(
    estate: Estate, authorities: Authorities
) -> None:
    issue = authorities.public.issue
    others = {
        estate.certificate(issue("shop.example.com", "www.example.com", lifetime=OLD), HOME),
        estate.certificate(
            issue("shop.example.com", key=shared_key("rsa2048"), lifetime=OLD), HOME
        ),
        estate.certificate(issue("shop.example.com", lifetime=OLD), HOME, {tags.IGNORE: "yes"}),
    }
    before = {arn: (estate.presents(arn), estate.tags(arn)) for arn in others}
    estate.secret("shop", issue("shop.example.com"))

    run = estate.run()

    assert run.rotation(SHOP)["status"] == "done"
    assert {arn: (estate.presents(arn), estate.tags(arn)) for arn in others} == before
    assert len(estate.certificates(HOME)) == len(others) + 1


def test_a_better_certificate_than_the_material_is_left_alone(
    estate: Estate, authorities: Authorities
) -> None:
    better = estate.certificate(authorities.public.issue("shop.example.com"), HOME)
    estate.secret("shop", authorities.public.issue("shop.example.com", lifetime=OLD))

    estate.run()

    assert estate.tags(better) == {}
    assert len(estate.certificates(HOME)) == 2


def test_a_setting_turns_adoption_off(estate: Estate, authorities: Authorities) -> None:
    old = estate.certificate(authorities.public.issue("shop.example.com", lifetime=OLD), HOME)
    estate.secret("shop", authorities.public.issue("shop.example.com"))
    estate.environment["CERTROTATION_ADOPTION"] = "off"

    estate.run()

    assert estate.tags(old) == {}


def test_a_denial_right_after_adoption_is_tried_again(
    estate: Estate, authorities: Authorities
) -> None:
    old = estate.certificate(authorities.public.issue("shop.example.com", lifetime=OLD), HOME)
    renewed = authorities.public.issue("shop.example.com")
    estate.secret("shop", renewed)
    estate.aws.behaviour.denied = {("acm", "ImportCertificate", HOME)}

    first = estate.run()
    again = estate.rotate("shop")
    estate.aws.behaviour.denied = set()
    last = estate.rotate("shop")

    assert first.rotation(SHOP)["status"] == "failed"
    assert again.rotation(SHOP)["status"] == "failed"
    assert last.rotation(SHOP)["status"] == "done"
    assert estate.presents(old) == renewed.certificate


def test_a_certificate_of_another_deployment_is_neither_adopted_nor_counted(
    estate: Estate, authorities: Authorities
) -> None:
    issued = authorities.public.issue("shop.example.com", lifetime=OLD)
    theirs = estate.certificate(issued, HOME, {tags.SECRET: "theirs/shop"})

    run = estate.scan()

    (summary,) = run.scans
    assert summary["states"]["another deployment's"] == 1
    assert run.metric("CopiesManaged") == 0
    assert estate.tags(theirs) == {tags.SECRET: "theirs/shop"}


def test_an_adoption_that_died_between_two_certificates_in_use_is_finished(
    estate: Estate, authorities: Authorities
) -> None:
    pair = [
        estate.certificate(authorities.public.issue("shop.example.com", lifetime=OLD), HOME)
        for _ in range(2)
    ]
    for number, arn in enumerate(pair):
        estate.listener(f"web-{number}", HOME, arn)
    renewed = authorities.public.issue("shop.example.com")
    estate.secret("shop", renewed, {tags.REGIONS: HOME})

    def tags_first(call: Call) -> bool:
        return call.operation == "AddTagsToCertificate"

    with dying(estate.aws, "after", tags_first), pytest.raises(DeathError):
        estate.rotate("shop")

    estate.rotate("shop")

    assert [estate.presents(arn) for arn in pair] == [renewed.certificate] * 2


def test_a_common_name_beside_other_names_does_not_hide_a_certificate(
    estate: Estate, authorities: Authorities
) -> None:
    issue, titled = authorities.public.issue, "Example Shop"
    old = estate.certificate(issue("shop.example.com", common_name=titled, lifetime=OLD), HOME)
    listener = estate.listener("web", HOME, old)
    renewed = issue("shop.example.com", common_name=titled)
    estate.secret("shop", renewed, {tags.REGIONS: HOME})

    estate.run()

    assert estate.certificates(HOME) == [old]
    assert estate.presents(estate.default_of(listener)) == renewed.certificate


def test_a_twin_that_came_into_use_beside_a_copy_is_adopted_with_the_next_material(
    estate: Estate, authorities: Authorities
) -> None:
    issue = authorities.public.issue
    estate.secret("shop", issue("shop.example.com", lifetime=OLD), {tags.REGIONS: HOME})
    estate.run()
    twin = estate.certificate(issue("shop.example.com", lifetime=OLD), HOME)
    estate.listener("web", HOME, twin)
    renewed = issue("shop.example.com")
    version = estate.renew("shop", renewed)

    estate.run()

    assert estate.presents(twin) == renewed.certificate
    assert estate.tags(twin)[tags.VERSION] == version


def test_somebody_elses_certificate_that_cannot_be_read_stops_nothing(
    estate: Estate, authorities: Authorities
) -> None:
    issue = authorities.public.issue
    theirs = estate.certificate(issue("shop.example.com", lifetime=OLD), HOME)
    renewed = issue("shop.example.com")
    estate.secret("shop", renewed, {tags.REGIONS: HOME})

    def deny(call: Call) -> None:
        if call.operation == "GetCertificate" and call.params["CertificateArn"] == theirs:
            raise estate.aws.error("AccessDeniedException", call.operation)

    with estate.aws.before(deny):
        run = estate.run()

    (new,) = set(estate.certificates(HOME)) - {theirs}
    assert estate.presents(new) == renewed.certificate
    assert estate.tags(theirs) == {}
    (region,) = run.rotation(SHOP)["plan"]["regions"]
    assert any(theirs in note for note in region["notes"])
