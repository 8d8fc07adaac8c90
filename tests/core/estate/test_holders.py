"""Who holds the ARN of a certificate is recognised by the ARN that ACM names, and by that alone."""

from __future__ import annotations

import re

import pytest

from certrotation.core.estate.holders import HOLDERS, Holder, hidden_behind, holder_of
from certrotation.core.estate.inventory import Users
from certrotation.core.findings import Code
from tests.core.builders import arn, copy
from tests.core.region_plans import RSA, region_plan

ACCOUNT = "123456789012"
COPY = f"arn:aws:acm:eu-west-1:{ACCOUNT}:certificate/c"


def example(holder: Holder) -> str:
    """Return an ARN as ACM would name it."""
    parts = iter(["aws", "eu-west-1", "example"])
    form = holder.arn.replace("{account}", ACCOUNT)
    return re.sub(r"\*", lambda found: next(parts, found[0]), form)


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda each: each.name)
def test_each_is_known_by_its_arn_and_no_row_hides_another(holder: Holder) -> None:
    assert holder_of(COPY, example(holder)) is holder
    assert holder.why
    assert holder.source
    assert not holder.remedy.endswith(".")
    assert holder.command.startswith("aws ")


@pytest.mark.parametrize(
    "user",
    [
        f"arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}:loadbalancer/app/web/1",
        f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1",
        "arn:aws:es:eu-west-1:999999999999:domain/logs",
        f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-1",
        f"arn:aws:new-service:eu-west-1:{ACCOUNT}:thing/1",
        "no ARN",
        "",
    ],
)
def test_what_the_services_explain_and_what_is_new_is_no_row(user: str) -> None:
    assert holder_of(COPY, user) is None


def test_names_and_patterns_are_unique() -> None:
    assert (
        len({each.name for each in HOLDERS}) == len({each.arn for each in HOLDERS}) == len(HOLDERS)
    )


def refused(user: str) -> tuple[str, str]:
    """Return what is found, and the remedy, if a copy must be replaced that only `user` uses."""
    (finding,) = region_plan(copy(leaf=RSA, used_by=Users(unknown=(user,)))).findings
    assert finding.code is Code.DEPENDENT_UNMOVABLE
    return finding.found, finding.remedy


def test_a_recognised_user_is_refused_with_what_a_person_can_do() -> None:
    account = arn(1).split(":")[4]
    user = f"arn:aws:transfer:eu-west-1:{account}:server/s-1"
    found, remedy = refused(user)
    assert found == (
        f"{user} (FTPS server of Transfer Family) uses {arn(1)} and cannot be moved from here: this"
        " service does not change it."
    )
    assert "Otherwise: Set the new ARN with UpdateServer." in remedy
    assert remedy.endswith("This finds it: `aws transfer list-servers`.")


def test_one_of_awss_own_account_is_refused_with_all_that_may_be_meant_and_what_finds_it() -> None:
    balancer = "arn:aws:elasticloadbalancing:eu-west-1:813000000731:loadbalancer/app/prod/1"
    found, remedy = refused(balancer)
    for each in hidden_behind(balancer):
        assert each.name in found
        assert f"`{each.command}`" in remedy
    assert "in eu-west-1 and move" in remedy
    assert "custom domain of API Gateway" in found
    assert "Cognito" not in found, "which is fronted by CloudFront"

    found, remedy = refused("arn:aws:cloudfront::216431265614:distribution/E1")
    assert "custom domain of a Cognito user pool" in found
    assert "in each Region and move" in remedy
    assert "OpenSearch" not in found


def test_an_unknown_user_has_the_remedy_of_every_other() -> None:
    found, remedy = refused("arn:thing")
    assert found == f"arn:thing uses {arn(1)} and cannot be moved from here."
    assert "move this dependent by hand" in remedy
