"""ACM refuses what its rules, as we know them, would allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from certrotation.names import tags
from tests.simulation.estate import HOME, PREFIX

if TYPE_CHECKING:
    from tests.double import Call
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

SHOP = PREFIX + "shop"


def test_a_copy_that_acm_will_not_have_reimported_is_replaced(
    estate: Estate, authorities: Authorities
) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com"), {tags.REGIONS: HOME})
    estate.run()
    (old,) = estate.certificates(HOME)
    listener = estate.listener("web", HOME, old)
    renewed = authorities.public.issue("shop.example.com")
    estate.renew("shop", renewed)

    def refuse(call: Call) -> None:
        if call.operation == "ImportCertificate" and call.params.get("CertificateArn") == old:
            message = "New certificate is missing one or more Key Usages."
            raise estate.aws.error("ValidationException", "ImportCertificate", message)

    with estate.aws.before(refuse):
        run = estate.run()

    new = estate.default_of(listener)
    assert run.rotation(SHOP)["status"] == "done"
    assert new != old
    assert estate.presents(new) == renewed.certificate
    assert estate.tags(old)[tags.SUPERSEDED_BY] == new


def test_material_that_acm_refuses_altogether_is_reported_and_changes_nothing(
    estate: Estate, authorities: Authorities
) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com"))
    estate.run()
    before = {region: estate.certificates(region) for region in estate.regions}
    estate.renew("shop", authorities.public.issue("shop.example.com"))

    def refuse(call: Call) -> None:
        if call.operation == "ImportCertificate":
            raise estate.aws.error("ValidationException", "ImportCertificate", "Not this one.")

    with estate.aws.before(refuse):
        run = estate.run()

    canary = run.rotation(SHOP)["regions"][0]
    assert canary["status"] == "refused"
    assert "Not this one" in canary["error"]
    assert {region: estate.certificates(region) for region in estate.regions} == before


def test_a_used_up_import_quota_is_reported_and_nothing_is_lost(
    estate: Estate, authorities: Authorities
) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com"))

    def refuse(call: Call) -> None:
        # Raised above botocore's retries: it takes this code for throttling and would go on trying.
        if call.operation == "ImportCertificate":
            raise estate.aws.error("LimitExceededException", "ImportCertificate")

    with estate.aws.before(refuse):
        run = estate.run()

    assert run.rotation(SHOP)["status"] == "refused"
    assert "LimitExceeded" in run.rotation(SHOP)["regions"][0]["error"]


def test_two_workers_that_import_at_once_agree_on_the_older_copy(
    estate: Estate, authorities: Authorities
) -> None:
    issued = authorities.public.issue("shop.example.com")
    version = estate.secret("shop", issued, {tags.REGIONS: HOME})
    marks = {
        tags.SECRET: SHOP,
        tags.VERSION: version,
        tags.NOT_AFTER: str(int(issued.certificate.not_valid_after_utc.timestamp())),
    }
    others: list[str] = []

    def import_first(call: Call) -> None:
        if call.operation == "ImportCertificate" and not others:
            others.append("begun")
            others[0] = estate.certificate(issued, HOME, marks)

    with estate.aws.before(import_first):
        run = estate.run()

    (winner,) = others
    (loser,) = [arn for arn in estate.certificates(HOME) if arn != winner]
    assert run.rotation(SHOP)["status"] == "done"
    assert tags.SUPERSEDED_BY not in estate.tags(winner)
    assert estate.tags(loser)[tags.SUPERSEDED_BY] == winner


def test_a_lagging_tag_index_leads_to_no_second_import(
    estate: Estate, authorities: Authorities
) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com"))

    with estate.aws.stale("tagging"):
        estate.run()
        estate.run()

    for region in estate.regions:
        assert len(estate.certificates(region)) == 1


@pytest.mark.parametrize("code", ["InvalidSignatureException", "ConflictException"])
def test_an_answer_that_says_nothing_about_the_material_leads_to_no_new_import(
    estate: Estate, authorities: Authorities, code: str
) -> None:
    """A clock that is wrong, or another change of the certificate: a retry may help."""
    estate.secret("shop", authorities.public.issue("shop.example.com"), {tags.REGIONS: HOME})
    estate.run()
    before = estate.certificates(HOME)
    estate.renew("shop", authorities.public.issue("shop.example.com"))

    def fail(call: Call) -> None:
        if call.operation == "ImportCertificate":
            raise estate.aws.error(code, call.operation)

    with estate.aws.before(fail):
        run = estate.run()

    assert run.rotation(SHOP)["status"] == "failed", "the message is tried again"
    assert estate.certificates(HOME) == before


def test_a_rejection_of_the_material_that_speaks_of_tags_is_not_taken_for_the_secrets_tags(
    estate: Estate, authorities: Authorities
) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com"), {tags.REGIONS: HOME})
    estate.run()
    (old,) = estate.certificates(HOME)
    estate.renew("shop", authorities.public.issue("shop.example.com"))

    def reject(call: Call) -> None:
        if call.operation == "ImportCertificate" and call.params.get("CertificateArn") == old:
            words = "asn1: structure error: tags don't match"
            raise estate.aws.error("ValidationException", call.operation, words)

    with estate.aws.before(reject):
        run = estate.run()

    assert run.rotation(SHOP)["status"] == "done", "the copy is replaced"
    assert "tags don't match" in run.rotation(SHOP)["regions"][0]["notes"][0]
