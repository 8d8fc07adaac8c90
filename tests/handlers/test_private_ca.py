"""A team tags its secret, and a CA of AWS Private CA issues its certificates."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from cryptography import x509

from certrotation.core.material.host_names import names_of
from tests.acme.issuance import FUNCTION
from tests.double.world import Share
from tests.handlers.private_issuance import PrivateIssuance
from tests.simulation.estate import HOME, PREFIX, client
from tests.simulation.mailbox import Mailbox
from tests.support.authority import Authority, now, shared_key

if TYPE_CHECKING:
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

NAMES = ["*.shop.example.com", "shop.example.com"]
READ = frozenset({"DescribeCertificateAuthority", "GetCertificate", "IssueCertificate"})


@pytest.fixture
def issuance(estate: Estate, authorities: Authorities) -> PrivateIssuance:
    return PrivateIssuance(estate, estate.aws.private_ca(authorities.private, region=HOME))


def states(run: Any) -> set[str]:
    return {each["state"] for each in run.summary["secrets"]}


def later(**span: float) -> Any:
    return time_machine.travel(now() + timedelta(**span), tick=True)


def look_for_six_hours(issuance: PrivateIssuance) -> set[str]:
    """Look every hour until a rotation begins: a CA with a window would be asked in one of six."""
    found = set[str]()
    for hours in range(6):
        with later(hours=hours):
            found |= states(issuance.look())
        if found:
            break
    return found


def test_a_tagged_secret_gets_its_first_certificate_and_rotate_makes_it_live(
    issuance: PrivateIssuance, estate: Estate, authorities: Authorities
) -> None:
    issuance.begin("shop", *NAMES)
    assert issuance.rotate() == []

    leaf = issuance.leaf("shop")
    leaf.verify_directly_issued_by(authorities.private.certificate)
    assert names_of(leaf) == set(NAMES)
    assert [each.value for each in leaf.subject] == [NAMES[0]]
    assert leaf.not_valid_after_utc - now() > timedelta(days=29, hours=23)
    chain = x509.load_pem_x509_certificates(issuance.value("shop")["chain"].encode())
    assert chain == [authorities.private.certificate, authorities.private_root.certificate]
    assert issuance.is_clean("shop")
    assert len(issuance.ca.certificates) == 1
    assert estate.run().rotation(f"{PREFIX}shop")["status"] == "done"
    for region in estate.regions:
        (copy,) = estate.certificates(region)
        assert estate.presents(copy) == leaf
    assert states(issuance.look()) == set()
    assert estate.aws.calls_of("route53") == []


@pytest.mark.slow
def test_a_renewal_comes_when_a_third_is_left_under_the_same_arn(
    issuance: PrivateIssuance, estate: Estate
) -> None:
    issuance.request("shop", *NAMES, key="RSA_2048")
    issuance.look()
    issuance.rotate()
    estate.run()
    first, copies = issuance.leaf("shop"), estate.certificates(HOME)
    with later(days=18):
        assert look_for_six_hours(issuance) == set()
    with later(days=21):
        assert look_for_six_hours(issuance) == {"started"}
        assert issuance.rotate() == []
        second = issuance.leaf("shop")
        assert second.not_valid_after_utc > first.not_valid_after_utc + timedelta(days=20)
        assert names_of(second) == names_of(first)
        estate.run()
    assert estate.certificates(HOME) == copies
    assert estate.presents(copies[0]) == second


@pytest.mark.slow
def test_a_ca_of_short_lived_certificates_issues_for_seven_days_and_renews_at_half(
    estate: Estate, authorities: Authorities
) -> None:
    ca = estate.aws.private_ca(authorities.private, usage_mode="SHORT_LIVED_CERTIFICATE")
    issuance = PrivateIssuance(estate, ca, days=30)
    issuance.begin()
    assert issuance.rotate() == []
    left = issuance.leaf("shop").not_valid_after_utc - now()
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)
    with later(days=3):
        assert look_for_six_hours(issuance) == set()
    with later(days=4):
        assert look_for_six_hours(issuance) == {"started"}


@pytest.mark.slow
def test_where_the_ca_ends_first_its_end_decides_and_then_a_person_is_notified(
    estate: Estate, authorities: Authorities
) -> None:
    end = now() + timedelta(days=12)
    dying = authorities.private_root.intermediate("Dying CA", not_after=end)
    issuance = PrivateIssuance(estate, estate.aws.private_ca(dying))
    issuance.begin()
    assert issuance.rotate() == []
    assert issuance.leaf("shop").not_valid_after_utc == end - timedelta(minutes=1)

    mailbox = Mailbox(estate)
    with later(days=9):
        assert look_for_six_hours(issuance) == {"started"}
        (failure,) = issuance.rotate()
    assert failure.startswith(f"ISSUANCE_REFUSED: The CA {issuance.ca.arn} ends at {end:%Y-%m-%d}")
    assert "Install a CA certificate that is valid for longer" in failure
    assert "not issued" in mailbox.letters()[-1].subject
    assert len(issuance.ca.certificates) == 1


def test_a_new_name_is_issued_although_the_ca_ends_with_the_current_certificate(
    estate: Estate, authorities: Authorities
) -> None:
    dying = authorities.private_root.intermediate("Dying CA", not_after=now() + timedelta(days=12))
    issuance = PrivateIssuance(estate, estate.aws.private_ca(dying))
    issuance.begin()
    issuance.rotate()
    estate.renew("shop", {**issuance.value("shop"), "request": {"names": NAMES}})  # type: ignore[dict-item]  # no text
    issuance.look()
    assert issuance.rotate() == []
    assert names_of(issuance.leaf("shop")) == set(NAMES)


def test_a_shared_ca_refuses_another_template_and_the_sentence_says_what_to_change(
    estate: Estate, authorities: Authorities
) -> None:
    share = Share(actions=READ, templates=("EndEntityCertificate/V1",))
    issuance = PrivateIssuance(estate, estate.aws.private_ca(authorities.private, share=share))
    issuance.begin()
    failures = issuance.rotate(tries=3)
    assert len(failures) == 3
    assert "no resource-based policy allows the acm-pca:IssueCertificate action" in failures[0]
    assert "the default permission of RAM allows EndEntityCertificate/V1 alone" in failures[0]
    asked = estate.aws.calls_of("acm-pca", "IssueCertificate")
    assert len(asked) == 1

    issuance.configure(template="EndEntityCertificate/V1")
    with later(hours=13):
        issuance.look()
        assert issuance.rotate() == []
    assert issuance.is_clean("shop")


@pytest.mark.parametrize("key", ["rsa2048", "p384"])
def test_a_shared_ca_that_may_not_be_described_issues_whatever_its_key(
    estate: Estate, key: str
) -> None:
    ca = Authority.root("Shared Root", key=shared_key(key))
    share = Share(
        actions=READ - {"DescribeCertificateAuthority"},
        templates=("EndEntityServerAuthCertificate/V1",),
    )
    issuance = PrivateIssuance(estate, estate.aws.private_ca(ca, share=share))
    issuance.begin()
    assert issuance.rotate() == []
    issuance.leaf("shop").verify_directly_issued_by(ca.certificate)
    assert len(issuance.ca.certificates) == 1


def test_the_end_of_a_ca_that_may_not_be_described_is_a_refusal(
    estate: Estate, authorities: Authorities
) -> None:
    dying = authorities.private_root.intermediate("Dying CA", not_after=now() + timedelta(days=12))
    share = Share(
        actions=READ - {"DescribeCertificateAuthority"},
        templates=("EndEntityServerAuthCertificate/V1",),
    )
    issuance = PrivateIssuance(estate, estate.aws.private_ca(dying, share=share), days=30)
    issuance.begin()
    (failure,) = issuance.rotate()
    assert failure.startswith("ISSUANCE_REFUSED: acm-pca:IssueCertificate for")
    assert "exceeds the certificate authority validity. Shorten days" in failure


def test_a_team_cannot_get_a_certificate_for_another_teams_name(
    issuance: PrivateIssuance, estate: Estate
) -> None:
    issuance.request("shop", "shop.example.com", "blog.example.com")
    assert states(issuance.look()) == {"refused"}
    issuance.start("shop")
    (failure,) = issuance.rotate()
    assert failure.startswith("ISSUANCE_REFUSED: The issuer inside does not allow blog")
    assert estate.aws.calls_of("acm-pca") == []


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        ("PENDING_CERTIFICATE", "Install a certificate of the CA"),
        ("DISABLED", "Enable the CA"),
        ("DELETED", "Restore the CA"),
        ("EXPIRED", "Install a new certificate of the CA"),
        ("FAILED", "Create the CA again"),
    ],
)
def test_a_ca_that_is_not_active_is_named_with_its_remedy_and_asked_again_once_it_is(
    issuance: PrivateIssuance, estate: Estate, status: str, remedy: str
) -> None:
    mailbox = Mailbox(estate)
    issuance.ca.status = status
    issuance.begin()
    failures = issuance.rotate(tries=3)
    found = f"ISSUANCE_REFUSED: The CA {issuance.ca.arn} is {status}. {remedy}"
    assert [each.startswith(found) for each in failures] == [True] * 3
    assert len(mailbox.letters()) == 1
    assert issuance.ca.certificates == {}

    issuance.ca.status = "ACTIVE"
    with later(hours=13):
        issuance.look()
        assert issuance.rotate() == []
    assert issuance.is_clean("shop")


def test_a_certificate_that_is_issued_and_withheld_is_not_issued_again(
    issuance: PrivateIssuance,
) -> None:
    issuance.begin()
    issuance.ca.share = Share(
        actions=READ - {"GetCertificate"}, templates=("EndEntityServerAuthCertificate/V1",)
    )
    (failure,) = issuance.rotate()
    assert failure.startswith("ISSUANCE_REFUSED: acm-pca:GetCertificate for")
    assert "Allow the action for this CA in the policies of both accounts" in failure
    issuance.ca.share = None
    with later(hours=13):
        issuance.look()
        assert issuance.rotate() == []
    assert len(issuance.ca.certificates) == 1
    assert issuance.is_clean("shop")


def test_names_that_are_corrected_within_minutes_are_those_of_the_certificate(
    issuance: PrivateIssuance, estate: Estate
) -> None:
    """One idempotency token for both requests would return the first certificate."""
    issuance.begin()
    with estate.aws.before(_deny("GetCertificate", estate)):
        assert len(issuance.rotate()) == 1
    estate.renew("shop", {"request": {"names": ["shop.example.org"]}})  # type: ignore[dict-item]  # no text
    with later(hours=2):
        issuance.look()
        assert issuance.rotate() == []
    assert names_of(issuance.leaf("shop")) == {"shop.example.org"}
    assert len(issuance.ca.certificates) == 2


def _deny(operation: str, estate: Estate) -> Any:
    def before(call: Any) -> None:
        if call.operation == operation:
            raise estate.aws.error("InternalFailure", operation)

    return before


def test_an_order_at_another_ca_of_this_name_is_given_up(
    issuance: PrivateIssuance, estate: Estate, authorities: Authorities
) -> None:
    issuance.begin()
    with estate.aws.before(_deny("GetCertificate", estate)):
        assert len(issuance.rotate()) == 1
    issuance.ca = estate.aws.private_ca(authorities.private, region=HOME)
    issuance.configure()
    with later(hours=2):
        issuance.look()
        assert issuance.rotate() == []
    assert len(issuance.ca.certificates) == 1
    assert issuance.is_clean("shop")


def test_from_a_public_ca_to_a_private_one_a_person_must_accept_lost_trust(
    issuance: PrivateIssuance, estate: Estate, authorities: Authorities
) -> None:
    estate.secret(
        "shop", authorities.public.issue("shop.example.com"), {"certrotation:issuer": "inside"}
    )
    issuance.start("shop")
    (failure,) = issuance.rotate()
    assert failure.startswith("ISSUED_UNFIT: The CA issued a certificate that is not used. TRUST")


@pytest.mark.parametrize("what", ["hold", "untagged", "report"])
def test_on_hold_in_report_mode_and_without_the_tag_nothing_is_issued(
    issuance: PrivateIssuance, estate: Estate, what: str
) -> None:
    issuance.request("shop", "shop.example.com")
    issuance.start("shop")
    if what == "hold":
        estate.tag_secret("shop", hold="")
    elif what == "untagged":
        estate.untag_secret("shop", "issuer")
    else:
        estate.environment["CERTROTATION_MODE"] = "report"
    assert len(issuance.rotate()) == 1
    issuance.look()
    assert estate.aws.calls_of("acm-pca") == []
    assert what == "report" or issuance.is_clean("shop")


def test_no_key_is_ever_logged(issuance: PrivateIssuance) -> None:
    issuance.request("shop", *NAMES)
    run = issuance.look()
    issuance.rotate()
    key = issuance.value("shop")["private_key"].splitlines()[1]
    said = "\n".join([*run.lines, *issuance.said.lines])
    assert "issuance" in said
    assert key not in said
    assert "PRIVATE KEY" not in said


def test_a_private_ca_and_an_acme_ca_are_issuers_of_one_stack(
    issuance: PrivateIssuance, estate: Estate
) -> None:
    issuers = json.loads(estate.environment["CERTROTATION_ISSUERS"])
    issuers["letsencrypt"] = {
        "kind": "acme",
        "directory": "https://127.0.0.1:1/directory",
        "allow": {"certrotation/*": ["blog.example.com"]},
    }
    estate.environment["CERTROTATION_ISSUERS"] = json.dumps(issuers)
    blog: Any = {"request": {"names": ["blog.example.com"]}}
    estate.secret("blog", blog, {"certrotation:issuer": "letsencrypt"})
    issuance.begin()
    (failure,) = issuance.rotate()
    assert "127.0.0.1" in failure
    assert names_of(issuance.leaf("shop")) == {"shop.example.com"}
    rotated = client("secretsmanager", HOME).describe_secret(SecretId=f"{PREFIX}shop")
    assert rotated["RotationLambdaARN"] == FUNCTION
