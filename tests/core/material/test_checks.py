"""The boundary that no secret of the corpus can show; the corpus holds the verdicts."""

import pytest

from certrotation.core.findings import Code, Severity
from certrotation.core.material import checks
from certrotation.core.material.checks import LARGEST_KEY
from tests.core.samples import RSA_LEAF, inspect, secret_of


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
