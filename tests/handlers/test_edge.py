"""CloudFront: a reimport may take a day to reach the edge, a new ARN is there at once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from certrotation.names import tags
from tests.simulation.estate import PREFIX, client
from tests.support.authority import now

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tests.double import Call
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

US = "us-east-1"
SHOP = PREFIX + "shop"
A_DAY = timedelta(days=1)
NAMES = ("shop.example.com", "www.shop.example.com")


def shop_on_the_edge(
    estate: Estate, authorities: Authorities, lifetime: timedelta
) -> tuple[str, str]:
    """Return the ARN of a copy that CloudFront presents, and the distribution's id."""
    estate.secret("shop", authorities.public.issue(*NAMES, lifetime=lifetime), {tags.REGIONS: US})
    estate.run()
    (arn,) = estate.certificates(US)
    return arn, estate.distribution(arn, *NAMES)


def test_with_a_day_left_the_copy_is_replaced(estate: Estate, authorities: Authorities) -> None:
    old, distribution = shop_on_the_edge(estate, authorities, A_DAY)
    before = client("cloudfront", US).get_distribution_config(Id=distribution)
    renewed = authorities.public.issue(*NAMES)
    estate.renew("shop", renewed)

    run = estate.run()

    after = client("cloudfront", US).get_distribution_config(Id=distribution)
    new = after["DistributionConfig"]["ViewerCertificate"]["ACMCertificateArn"]
    assert run.rotation(SHOP)["status"] == "done"
    assert new != old
    assert estate.presents(new) == renewed.certificate
    assert estate.tags(old)[tags.SUPERSEDED_BY] == new
    for config in (before, after):
        del config["DistributionConfig"]["ViewerCertificate"]
    assert after["DistributionConfig"] == before["DistributionConfig"], "nothing else changed"


def test_with_three_days_left_it_is_reimported(estate: Estate, authorities: Authorities) -> None:
    old, distribution = shop_on_the_edge(estate, authorities, 3 * A_DAY)
    renewed = authorities.public.issue(*NAMES)
    estate.renew("shop", renewed)

    estate.run()

    assert estate.viewer_certificate(distribution)["ACMCertificateArn"] == old
    assert estate.presents(old) == renewed.certificate


def test_if_cloudfront_refuses_the_new_arn_the_copy_is_reimported_after_all(
    estate: Estate, authorities: Authorities
) -> None:
    estate.aws.behaviour.trusted_roots = None
    estate.secret("shop", authorities.private.issue(*NAMES, lifetime=A_DAY), {tags.REGIONS: US})
    estate.run()
    (old,) = estate.certificates(US)
    distribution = estate.distribution(old, *NAMES)
    estate.aws.behaviour.trusted_roots = [authorities.public_root.certificate]
    renewed = authorities.private.issue(*NAMES)
    estate.renew("shop", renewed)

    run = estate.run()
    estate.aws.calls.clear()
    again = estate.run()

    assert run.rotation(SHOP)["status"] == "done"
    assert "EDGE_LATE" in run.codes(SHOP)
    assert estate.viewer_certificate(distribution)["ACMCertificateArn"] == old
    assert estate.presents(old) == renewed.certificate
    (unused,) = [arn for arn in estate.certificates(US) if arn != old]
    assert estate.tags(unused)[tags.SUPERSEDED_BY] == old
    assert again.rotations == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AccessDenied", "not authorized to perform: cloudfront:UpdateDistribution"),
        ("InvalidWebACLId", "Unable to verify read permissions on Web ACL."),
        ("InvalidLambdaFunctionAssociation", "Update the IAM policy to add permission"),
        (
            "IllegalUpdate",
            "One or more fields updated are not supported for continuous deployment.",
        ),
    ],
)
def test_a_distribution_that_cannot_be_changed_gets_the_material_in_place(
    estate: Estate, authorities: Authorities, code: str, words: str
) -> None:
    """Denied by its tag, by a boundary, or for want of a permission on what it refers to."""
    old, distribution = shop_on_the_edge(estate, authorities, A_DAY)
    renewed = authorities.public.issue(*NAMES)
    estate.renew("shop", renewed)

    def refuse(call: Call) -> None:
        if call.operation == "UpdateDistribution":
            raise estate.aws.error(code, call.operation, words)

    with estate.aws.before(refuse):
        run = estate.run()

    assert run.rotation(SHOP)["status"] == "done"
    assert "EDGE_LATE" in run.codes(SHOP)
    assert estate.viewer_certificate(distribution)["ACMCertificateArn"] == old
    assert estate.presents(old) == renewed.certificate


def test_a_distribution_that_another_tool_changed_meanwhile_is_read_again(
    estate: Estate, authorities: Authorities
) -> None:
    old, distribution = shop_on_the_edge(estate, authorities, A_DAY)
    estate.renew("shop", authorities.public.issue(*NAMES))
    others: list[str] = []

    def change(call: object) -> None:
        if getattr(call, "operation", "") != "UpdateDistribution" or others:
            return
        others.append("once")
        cloudfront = client("cloudfront", US)
        got = cloudfront.get_distribution_config(Id=distribution)
        config = {**got["DistributionConfig"], "Comment": "changed by another tool"}
        cloudfront.update_distribution(
            Id=distribution, IfMatch=got["ETag"], DistributionConfig=config
        )

    with estate.aws.before(change):
        run = estate.run()

    got = client("cloudfront", US).get_distribution_config(Id=distribution)
    assert run.rotation(SHOP)["status"] == "done"
    assert got["DistributionConfig"]["Comment"] == "changed by another tool"
    assert got["DistributionConfig"]["ViewerCertificate"]["ACMCertificateArn"] != old


def test_an_alias_that_the_material_does_not_cover_is_refused_before_anything_is_imported(
    estate: Estate, authorities: Authorities
) -> None:
    old, distribution = shop_on_the_edge(estate, authorities, A_DAY)
    version = estate.renew("shop", authorities.public.issue("shop.example.com"))
    estate.tag_secret("shop", accept=f"NAMES_LOST@{version}")
    estate.aws.calls.clear()

    run = estate.run()

    assert "DEPENDENT_NAME_UNCOVERED" in run.codes(SHOP)
    assert not estate.aws.calls_of("acm", "ImportCertificate")
    assert estate.viewer_certificate(distribution)["ACMCertificateArn"] == old


def test_a_new_copy_that_cloudfront_has_yet_to_see_is_waited_for(
    estate: Estate, authorities: Authorities
) -> None:
    old, distribution = shop_on_the_edge(estate, authorities, A_DAY)
    renewed = authorities.public.issue(*NAMES)
    estate.renew("shop", renewed)

    with not_seen_by_cloudfront(estate):
        first = estate.run()
    with time_machine.travel(now() + timedelta(minutes=6), tick=False):
        estate.drain()

    new = estate.viewer_certificate(distribution)["ACMCertificateArn"]
    assert first.rotation(SHOP)["status"] == "waiting"
    assert new != old
    assert estate.presents(new) == renewed.certificate
    assert estate.tags(old)[tags.SUPERSEDED_BY] == new


def test_what_cloudfront_never_comes_to_see_is_reimported_in_place(
    estate: Estate, authorities: Authorities
) -> None:
    old, distribution = shop_on_the_edge(estate, authorities, A_DAY)
    renewed = authorities.public.issue(*NAMES)
    estate.renew("shop", renewed)

    with not_seen_by_cloudfront(estate):
        estate.run()
        with time_machine.travel(now() + timedelta(minutes=11), tick=False):
            run = estate.drain()

    (region,) = run.rotation(SHOP)["regions"]
    assert "EDGE_LATE" in run.codes(SHOP)
    assert any("doesn't exist" in note for note in region["notes"])
    assert estate.viewer_certificate(distribution)["ACMCertificateArn"] == old
    assert estate.presents(old) == renewed.certificate


def not_seen_by_cloudfront(estate: Estate) -> AbstractContextManager[None]:
    """Let CloudFront answer as it does of a certificate that is too new, or that is none."""

    def refuse(call: Call) -> None:
        if call.operation == "UpdateDistribution":
            words = "The specified SSL certificate doesn't exist, isn't in us-east-1 region"
            raise estate.aws.error("InvalidViewerCertificate", call.operation, words)

    return estate.aws.before(refuse)


def test_a_distribution_under_continuous_deployment_gets_the_material_in_place(
    estate: Estate, authorities: Authorities
) -> None:
    """The policy is seen at planning: nothing is imported, and nothing waits."""
    estate.secret("shop", authorities.public.issue(*NAMES, lifetime=A_DAY), {tags.REGIONS: US})
    estate.run()
    (old,) = estate.certificates(US)
    distribution = estate.distribution(old, *NAMES, ContinuousDeploymentPolicyId="policy-1")
    renewed = authorities.public.issue(*NAMES)
    estate.renew("shop", renewed)
    estate.aws.calls.clear()

    run = estate.run()

    assert run.rotation(SHOP)["status"] == "done"
    assert "EDGE_LATE" in run.codes(SHOP)
    assert estate.viewer_certificate(distribution)["ACMCertificateArn"] == old
    assert estate.presents(old) == renewed.certificate
    assert "UpdateDistribution" not in {call.operation for call in estate.aws.calls}
    assert estate.certificates(US) == [old]
