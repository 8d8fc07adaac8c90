"""What the next issuance changes is known before the CA is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from certrotation.core.estate.inventory import ManagedSecret
from certrotation.core.findings import Code
from certrotation.core.issuance.forecast import Forecast, forecast
from certrotation.core.issuance.wish import Wish
from certrotation.core.material.certificate_request import CertificateRequest
from certrotation.core.material.x509_facts import KeyAlgorithm
from certrotation.names.issuers import AcmeIssuer, PrivateCaIssuer
from tests.core.samples import ISSUING_CA
from tests.support.authority import SERVER_AUTH, shared_key

if TYPE_CHECKING:
    from cryptography import x509

BOTH = (SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
P256, RSA = KeyAlgorithm.EC_PRIME256V1, KeyAlgorithm.RSA_2048
CLASSIC = ("digital_signature", "key_encipherment")
LOST = "key usages would be lost: key_encipherment"


def of(
    request: CertificateRequest | str | None = None,
    *names: str,
    key: str = "p256",
    usages: tuple[str, ...] | None = CLASSIC,
    profile: str | None = None,
    tag: str = "ca",
    template: str | None = None,
    extended: tuple[x509.ObjectIdentifier, ...] = (SERVER_AUTH,),
) -> Forecast:
    """The forecast for a secret with a certificate for these names; without names, with none."""
    leaf = None
    if names:
        leaf = ISSUING_CA.issue(*names, key=shared_key(key), usages=usages, extended=extended)
    issuer = AcmeIssuer(
        name="ca",
        directory="https://ca.example/directory",
        allow=(("certrotation/*", ("a.example", "b.example", "c.example")),),
        profile=profile,
    )
    private = PrivateCaIssuer("ca", "arn", issuer.allow, template or "")
    secret = ManagedSecret(
        name="certrotation/shop",
        arn="arn",
        current_version="v",
        last_changed=None,
        tags={"certrotation:issuer": tag},
    )
    return forecast(
        secret, request, leaf.certificate if leaf else None, {"ca": private if template else issuer}
    )


def test_an_ordinary_renewal_keeps_the_arn() -> None:
    found = of(None, "a.example", "b.example", key="rsa2048")

    assert found == Forecast(
        issuer="ca", wish=Wish(("a.example", "b.example"), RSA, None), present_key=RSA
    )


def test_another_key_type_in_the_request_forces_a_new_arn_at_the_next_look() -> None:
    found = of(CertificateRequest(("a.example",), key=P256), "a.example", key="rsa2048")

    assert found.new_arn_because == ("the key changes from RSA_2048 to EC_prime256v1",)
    assert (found.present_key, found.is_asked_now) == (RSA, True)


@pytest.mark.parametrize("name", ["tlsserver", "shortlived"])
def test_an_rsa_certificate_loses_a_key_usage_by_a_profile(name: str) -> None:
    by_issuer = of(None, "a.example", key="rsa2048", profile=name)
    by_request = of(
        CertificateRequest(("a.example",), profile=name), "a.example", key="rsa2048", profile="own"
    )

    for found in (by_issuer, by_request):
        assert found.new_arn_because == (LOST,)
        assert found.wish is not None
        assert found.wish.profile == name
        assert not found.is_asked_now


def test_a_profile_changes_nothing_for_ecdsa_or_where_the_usage_is_gone_already() -> None:
    assert of(None, "a.example", profile="tlsserver").new_arn_because == ()
    gone = of(None, "a.example", key="rsa2048", profile="tlsserver", usages=CLASSIC[:1])
    assert gone.new_arn_because == ()
    without = of(None, "a.example", key="rsa2048", profile="tlsserver", usages=None)
    assert without.new_arn_because == ()
    assert of(None, "a.example", key="rsa2048", profile="classic").new_arn_because == ()


def test_a_change_to_ecdsa_under_such_a_profile_is_one_reason_not_two() -> None:
    request = CertificateRequest(("a.example",), key=P256, profile="tlsserver")
    assert of(request, "a.example", key="rsa2048").new_arn_because == (
        "the key changes from RSA_2048 to EC_prime256v1",
    )


@pytest.mark.parametrize(
    ("template", "usages", "lost"),
    [
        ("EndEntityServerAuthCertificate/V1", CLASSIC, ()),
        ("EndEntityCertificate/V1", CLASSIC, ()),
        (
            "EndEntityServerAuthCertificate/V1",
            ("digital_signature", "key_agreement"),
            ("key usages would be lost: key_agreement",),
        ),
        (
            "BlankEndEntityCertificate_CSRPassthrough/V1",
            CLASSIC,
            (
                "key usages would be lost: digital_signature, key_encipherment",
                "extended key usages would be lost: 1.3.6.1.5.5.7.3.1",
            ),
        ),
    ],
)
def test_the_template_of_a_private_ca_decides_the_usages(
    template: str, usages: tuple[str, ...], lost: tuple[str, ...]
) -> None:
    found = of(None, "a.example", key="rsa2048", usages=usages, template=template)
    assert found.new_arn_because == lost


@pytest.mark.parametrize(
    ("template", "profile", "lost"),
    [
        ("EndEntityServerAuthCertificate/V1", None, ("clientAuth",)),
        ("EndEntityServerAuthCertificate_APIPassthrough/V1", None, ("clientAuth",)),
        ("EndEntityCertificate/V1", None, ()),
        (None, "tlsserver", ("clientAuth",)),
        (None, "shortlived", ("clientAuth",)),
        (None, "classic", ()),
        (None, None, ()),
    ],
)
def test_client_authentication_that_is_lost_is_named_though_the_arn_stays(
    template: str | None, profile: str | None, lost: tuple[str, ...]
) -> None:
    found = of(None, "a.example", extended=BOTH, profile=profile, template=template)
    assert (found.usages_lost, found.new_arn_because) == (lost, ())
    served = of(None, "a.example", profile=profile, template=template)
    assert served.usages_lost == ()


def test_names_that_come_and_go_are_named() -> None:
    found = of(CertificateRequest(("b.example", "c.example")), "a.example", "b.example")

    assert (found.names_added, found.names_removed) == (("c.example",), ("a.example",))
    assert (found.new_arn_because, found.is_asked_now) == ((), True)


def test_a_name_that_only_goes_waits_for_the_renewal() -> None:
    found = of(CertificateRequest(("b.example",)), "a.example", "b.example")
    assert (found.names_removed, found.is_asked_now) == (("a.example",), False)


def test_if_no_name_stays_the_arn_changes() -> None:
    found = of(CertificateRequest(("c.example",)), "a.example")
    assert found.new_arn_because == ("none of the present names is left",)


def test_a_first_certificate_has_nothing_to_compare_with() -> None:
    found = of(CertificateRequest(("a.example",), key=RSA))
    assert found == Forecast(
        issuer="ca", wish=Wish(("a.example",), RSA, None), is_first=True, is_asked_now=True
    )


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (of(None, "a.example", tag="other"), Code.ISSUER_UNKNOWN),
        (of(None, "d.example"), Code.ISSUANCE_REFUSED),
        (of("request is not a JSON object.", "a.example"), Code.ISSUANCE_REFUSED),
        (of(), Code.ISSUANCE_REFUSED),
    ],
    ids=["unknown issuer", "name not allowed", "malformed request", "nothing to ask for"],
)
def test_what_the_look_would_refuse_is_refused_beforehand(found: Forecast, code: Code) -> None:
    assert found.refusal is not None
    assert (found.refusal.code, found.wish) == (code, None)


def test_a_stack_without_issuers_is_said() -> None:
    secret = ManagedSecret(
        name="s", arn="a", current_version="v", last_changed=None, tags={"certrotation:issuer": "x"}
    )
    refusal = forecast(secret, None, None, {}).refusal
    assert refusal is not None
    assert refusal.found == "The tag certrotation:issuer names x; the stack has no issuers."
