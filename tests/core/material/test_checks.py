"""What no secret of the corpus can show: a boundary, and a request to an issuer."""

import pytest

from certrotation.core.findings import Code, Severity, warn
from certrotation.core.material import checks
from certrotation.core.material.certificate_request import CertificateRequest
from certrotation.core.material.checks import LARGEST_KEY, Inspection
from tests.core.samples import LEAF, RSA_LEAF, inspect, secret, secret_of


def test_a_key_of_more_than_5120_bytes_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """RSA of 6,656 bits is the least that is; it takes seconds to make, so the limit comes down."""
    assert LARGEST_KEY == 5120
    size = len(RSA_LEAF.key_pem())
    monkeypatch.setattr(checks, "LARGEST_KEY", size)
    assert inspect(secret_of(RSA_LEAF)).findings == ()
    monkeypatch.setattr(checks, "LARGEST_KEY", size - 1)
    (found,) = inspect(secret_of(RSA_LEAF)).findings
    assert (found.code, found.severity) == (Code.KEY_TOO_LARGE, Severity.REFUSE)
    assert found.found == f"The private key takes {size:,} bytes of PEM."
    assert "," in f"{size:,}"


REQUEST = CertificateRequest(names=("shop.example.com", "www.shop.example.com"))


def test_a_secret_with_a_request_and_no_certificate_waits_and_is_not_refused() -> None:
    found = (
        "The secret requests a certificate for shop.example.com, www.shop.example.com and has none"
        " yet."
    )
    assert inspect(secret(request=REQUEST.to_json())) == Inspection(
        material=None, findings=(warn(Code.AWAITING_ISSUANCE, found),), request=REQUEST
    )


def test_a_request_beside_material_is_handed_on() -> None:
    """The issuer renews by it, and names that it leaves out may be lost."""
    found = inspect(
        secret(
            certificate=LEAF.fullchain_pem, private_key=LEAF.key_pem(), request=REQUEST.to_json()
        )
    )
    assert found.material is not None
    assert (found.findings, found.request) == ((), REQUEST)
