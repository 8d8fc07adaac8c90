"""Why a certificate is not issued: a finding for a person, or an error that may pass."""

from __future__ import annotations

import pytest

from certrotation.core.findings import Code, refuse
from certrotation.core.issuance.cause import cause_of, is_of_family
from certrotation.errors import (
    AccessDenied,
    CaLimits,
    CaRefuses,
    CertRotationError,
    NotValidated,
    NotYet,
    OrderGone,
    QuotaReached,
    Rejected,
    Throttled,
    Unfinished,
    Unreachable,
)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (CaRefuses, "ISSUANCE_REFUSED"),
        (NotValidated, "ISSUANCE_UNVALIDATED"),
        (CaLimits, "ISSUANCE_LIMITED"),
        # What AWS refuses, and an order that came to nothing, need a person as well.
        (AccessDenied, "ISSUANCE_REFUSED"),
        (Rejected, "ISSUANCE_REFUSED"),
        (QuotaReached, "ISSUANCE_REFUSED"),
        (OrderGone, "ISSUANCE_REFUSED"),
    ],
)
def test_what_needs_a_person_is_a_finding(kind: type[CertRotationError], code: str) -> None:
    cause = cause_of(kind("No.", "Ask."))

    assert cause.finding == refuse(Code(code), "No.", advice="Ask.")
    assert cause.needs_a_person
    assert is_of_family(kind("No.", "Ask.")) == (kind.code == code)


@pytest.mark.parametrize("kind", [Unreachable, Throttled, NotYet, Unfinished])
def test_what_a_retry_may_end_is_no_finding_and_keeps_its_code(
    kind: type[CertRotationError],
) -> None:
    cause = cause_of(kind("No answer.", "Wait."))

    assert (cause.finding, cause.needs_a_person) == (None, False)
    assert str(cause) == f"{kind.code}: No answer. Wait."


def test_a_finding_is_its_own_cause() -> None:
    finding = refuse(Code.ISSUED_UNFIT, "It would be refused.", advice="Accept it.")
    assert cause_of(finding).finding == finding
