"""Three accounts: one has a secret, the others renew its certificate in three Regions each.

The accounts deploy what `make stackset` writes, without the CDK. ministack plays all but what the
double plays: ACM, the certificates' dependents, and the secrets. Three policies decide: that of the
deployed role, judged by the gate; that of the secret and that of its key, judged by the double.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.stackset import write
from tests.double import Behaviour, embedded_aws
from tests.e2e.deployed import Cloud
from tests.e2e.organization import (
    ACCOUNTS,
    CENTRAL,
    MINISTACK,
    REFERENCE,
    SETTINGS,
    Organization,
)
from tests.e2e.places import EMULATOR_PYTHON, Folder
from tests.e2e.servers import serve
from tests.infra.synthesis import PORTABLE, run_app
from tests.packaged.asset import HERE
from tests.support.authority import shared_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.authorities import Authorities

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        HERE is None or not EMULATOR_PYTHON.exists(), reason="make e2e creates the environment"
    ),
]

DENIALS = {
    ("Rotate", "ReadSources"): (
        "no identity-based policy allows the secretsmanager:DescribeSecret",
        "The policy of the role denies it.",
    ),
    ("Rotate", "DecryptSources"): (
        "Access to KMS is not allowed",
        "Inferred: the policy of the source's KMS key denies it",
    ),
    ("secret", "CertrotationDescribes"): (
        "no resource-based policy allows the secretsmanager:DescribeSecret",
        "The resource policy of the source denies it.",
    ),
    ("secret", "CertrotationReads"): (
        "no resource-based policy allows the secretsmanager:GetSecretValue",
        "The resource policy of the source denies it.",
    ),
    ("key", "CertrotationDecrypts"): (
        "Access to KMS is not allowed",
        "Inferred: the policy of the source's KMS key denies it",
    ),
}
"""AWS's words and how the remedy begins, by whose policy lacks which statement."""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """What `make stackset` writes, for this machine."""
    finished = run_app(tmp_path / "cdk.out", SETTINGS, PORTABLE, bundles=True)
    assert finished.returncode == 0, finished.stderr
    [*write(tmp_path / "cdk.out", tmp_path / "stackset")]
    return tmp_path / "stackset"


@pytest.fixture
def organization(written: Path, tmp_path: Path, authorities: Authorities) -> Iterator[Organization]:
    folder = Folder(tmp_path / "servers")
    folder.path.mkdir()
    root = authorities.public_root.certificate
    with (
        embedded_aws(Behaviour(trusted_roots=[root])) as aws,
        serve(folder, ACCOUNTS, MINISTACK) as servers,
    ):
        bus = Cloud(url=servers.ministack, folder=folder, account=CENTRAL)
        yield Organization.deploy(aws, bus, written, root)


def test_a_central_secret_is_renewed_in_two_accounts_and_three_regions_unless_a_policy_denies(
    organization: Organization, authorities: Authorities
) -> None:
    live = authorities.public.issue("shop.example")
    organization.announce(organization.renew(live))
    organization.await_outcomes("done")
    assert organization.live() == {live.certificate}
    assert organization.scan() == set()
    assert not organization.publishers(), "the topic is the rule's alone"

    for (policy, statement), (words, remedy) in DENIALS.items():
        renewed = authorities.public.issue("shop.example")
        with organization.without(policy, statement):
            organization.announce(organization.renew(renewed))
            refused = organization.await_outcomes("refused")
            assert organization.scan() == {REFERENCE}, "the refusal is told at every scan"
            for outcome in refused + organization.await_outcomes("refused"):
                (finding,) = outcome["findings"]
                assert finding["code"] == "SOURCE_DENIED", statement
                assert words in finding["found"], statement
                assert finding["remedy"].startswith(remedy), statement
            assert organization.live() == {live.certificate}, statement
        assert organization.scan() == {REFERENCE}, statement
        organization.await_outcomes("done")
        assert organization.live() == {renewed.certificate}, statement
        live = renewed

    with organization.without("Scan", "DescribeSources"):
        assert organization.scan() == {REFERENCE}, "no copy counts as current"
        organization.await_outcomes("done")
    assert organization.scan() == set()

    listeners = [each.listener() for each in organization.spokes]
    replaced = authorities.public.issue("shop.example", key=shared_key("rsa2048"))
    organization.announce(organization.renew(replaced))
    organization.await_outcomes("done")
    assert {look() for look in listeners} == {replaced.certificate}
