"""`certrotation plan` and `check` of a secret with an issuer: the next issuance is shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from certrotation.cli.exit_codes import ExitCode
from tests.cli.running import ISSUE, deploy, run, settings_of
from tests.simulation.estate import HOME, PREFIX, marks_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

NAMES = ("shop.example.com", "www.shop.example.com")
ISSUERS: dict[str, Any] = {
    "letsencrypt": {
        "kind": "acme",
        "directory": "https://acme-v02.api.letsencrypt.org/directory",
        "profile": "tlsserver",
        "allow": {f"{PREFIX}shop*": ["shop.example.com", "*.shop.example.com"]},
    }
}


def material(authorities: Authorities, request: object = None) -> dict[str, Any]:
    """An RSA certificate as Let's Encrypt's profile classic issues it, and a request."""
    issued = authorities.public.issue(
        *NAMES, key="rsa2048", usages=("digital_signature", "key_encipherment")
    )
    fields = {
        "certificate": issued.certificate_pem,
        "private_key": issued.key_pem(),
        "chain": issued.chain_pem,
    }
    return fields | ({"request": request} if request else {})


def tagged(estate: Estate, value: dict[str, Any]) -> None:
    estate.secret("shop", value)
    estate.tag_secret("shop", issuer="letsencrypt")


def test_a_profile_that_forces_a_new_arn_is_said_beforehand(
    estate: Estate, authorities: Authorities
) -> None:
    deploy(estate, issuers=ISSUERS)
    tagged(estate, material(authorities))

    ran = run("plan", "shop", "--json")

    assert ran.code is ExitCode.DONE
    (planned,) = ran.document["secrets"]
    assert planned["next_issuance"] == {
        "issuer": "letsencrypt",
        "asked": "renewal",
        "first": False,
        "names": list(NAMES),
        "names_added": [],
        "names_removed": [],
        "key_type": "RSA_2048",
        "present_key_type": "RSA_2048",
        "profile": "tlsserver",
        "new_arn": True,
        "reasons": ["key usages would be lost: key_encipherment"],
        "usages_lost": [],
        "findings": [],
    }
    assert run("plan", "shop").out.splitlines()[-2:] == [
        "  next issuance by letsencrypt, at the next renewal: RSA_2048, profile tlsserver",
        "    new ARN, because key usages would be lost: key_encipherment: dependents are moved",
    ]


def test_a_private_ca_for_servers_whose_certificates_clients_cannot_use_is_said_beforehand(
    estate: Estate, authorities: Authorities
) -> None:
    ca = f"arn:aws:acm-pca:{HOME}:123456789012:certificate-authority/{UUID(int=1)}"
    private = {"kind": "pca", "arn": ca, "allow": {f"{PREFIX}*": ["*.example.com"]}}
    deploy(estate, issuers={"letsencrypt": private})
    both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    estate.secret("shop", authorities.private.issue("shop.example.com", extended=both))
    estate.tag_secret("shop", issuer="letsencrypt")

    (planned,) = run("plan", "shop", "--json").document["secrets"]
    lines = run("check", "--secret", "shop").out.splitlines()

    assert planned["next_issuance"]["usages_lost"] == ["clientAuth"]
    assert not planned["next_issuance"]["new_arn"]
    assert lines[-2:] == [
        "  clientAuth is lost: clients cannot authenticate with the next certificate",
        "  ACM imports the certificate under the current ARN",
    ]


def test_names_and_key_type_of_the_request_are_compared(
    estate: Estate, authorities: Authorities
) -> None:
    deploy(estate, issuers=ISSUERS)
    request = {"names": ["shop.example.com", "eu.shop.example.com"], "key": "EC_prime256v1"}
    tagged(estate, material(authorities, request))

    lines = run("check", "--secret", "shop").out.splitlines()

    assert lines[-4:] == [
        "next issuance by letsencrypt, at the next look: EC_prime256v1, profile tlsserver",
        "  names added: eu.shop.example.com",
        "  names removed: www.shop.example.com",
        "  new ARN, because the key changes from RSA_2048 to EC_prime256v1: dependents are moved",
    ]
    found = run("check", "--secret", "shop", "--json").document["next_issuance"]
    assert (found["asked"], found["new_arn"]) == ("next look", True)


def test_a_first_certificate_is_shown_though_there_is_nothing_to_rotate(estate: Estate) -> None:
    deploy(estate, issuers=ISSUERS)
    tagged(estate, {"request": {"names": ["shop.example.com"]}})

    ran = run("plan", "shop")

    assert ran.code is ExitCode.DONE
    assert ran.out.splitlines()[-2:] == [
        "  next issuance by letsencrypt, at the next look: EC_prime256v1, profile tlsserver",
        "    first certificate, for shop.example.com",
    ]


def test_what_the_issuer_would_be_refused_is_exit_code_3(
    estate: Estate, authorities: Authorities, tmp_path: Path
) -> None:
    deploy(estate, issuers=ISSUERS)
    tagged(estate, material(authorities, {"names": [*NAMES, "blog.example.com"]}))
    page = tmp_path / "plan.html"

    ran = run("plan", "shop", "--html", str(page))

    assert ran.code is ExitCode.FINDING
    said = "The issuer letsencrypt does not allow blog.example.com for the secret"
    assert f"refuse ISSUANCE_REFUSED: {said}" in ran.out
    assert "Next issuance: letsencrypt is not asked" in page.read_text()
    assert said in page.read_text()
    assert run("check", "--secret", "shop").code is ExitCode.FINDING


def test_without_a_stack_the_issuers_are_those_of_the_variable_or_not_known(
    estate: Estate, authorities: Authorities
) -> None:
    tagged(estate, material(authorities))
    settings = settings_of(estate)

    unknown = run("plan", "shop", "--json", **settings)
    known = run("plan", "shop", "--json", CERTROTATION_ISSUERS=json.dumps(ISSUERS), **settings)

    assert unknown.document["secrets"][0]["next_issuance"] is None
    assert "The issuers are not known: No stack was found" in unknown.err
    assert known.document["secrets"][0]["next_issuance"]["new_arn"]


def test_a_stack_without_issuers_issues_nothing(estate: Estate, authorities: Authorities) -> None:
    deploy(estate)
    tagged(estate, material(authorities))

    ran = run("plan", "shop")

    assert ran.code is ExitCode.FINDING
    assert "ISSUER_UNKNOWN: The tag certrotation:issuer names letsencrypt; the stack has no" in (
        ran.out
    )


def test_a_function_that_cannot_be_read_costs_the_forecast_and_nothing_else(
    estate: Estate, authorities: Authorities
) -> None:
    deploy(estate, issuers=ISSUERS)
    tagged(estate, material(authorities))

    def deny(call: object) -> None:
        if getattr(call, "operation", "") == "GetFunctionConfiguration" and (
            getattr(call, "params", {})["FunctionName"] == ISSUE
        ):
            raise estate.aws.error("AccessDeniedException", "GetFunctionConfiguration")

    with estate.aws.before(deny):
        ran = run("plan", "shop", "--json")

    assert ran.code is ExitCode.DONE
    assert ran.document["secrets"][0]["next_issuance"] is None
    assert "The issuers are not known: " in ran.err


def test_secrets_without_an_issuer_ask_nobody_for_the_issuers(
    estate: Estate, authorities: Authorities
) -> None:
    deploy(estate, issuers=ISSUERS)
    issued = authorities.public.issue("shop.example.com")
    version = estate.secret("shop", issued)
    estate.certificate(issued, HOME, marks_of(f"{PREFIX}shop", version, issued))
    estate.aws.calls.clear()

    assert run("plan", "shop", "--json").document["secrets"][0]["next_issuance"] is None

    asked = [each for each in estate.aws.calls if each.operation == "GetFunctionConfiguration"]
    assert len(asked) == 1
