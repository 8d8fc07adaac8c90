"""Why a certificate is not issued: a finding that a person acts on, or an error that may pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from certrotation.core.findings import Code, refuse
from certrotation.errors import PermanentError

if TYPE_CHECKING:
    from certrotation.core.findings import Finding
    from certrotation.errors import CertRotationError

_FAMILY = frozenset(
    {
        Code.ISSUER_UNKNOWN.value,
        Code.ISSUANCE_REFUSED.value,
        Code.ISSUANCE_UNVALIDATED.value,
        Code.ISSUANCE_LIMITED.value,
        Code.ISSUED_UNFIT.value,
    }
)


class Cause(NamedTuple):
    """Why a certificate is not issued."""

    code: str
    """The code of a finding of the family, or of an error that a retry may end."""
    found: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.code}: {self.found} {self.remedy}"

    @property
    def finding(self) -> Finding | None:
        """The finding; None for an error that a retry may end."""
        if self.code not in _FAMILY:
            return None
        return refuse(Code(self.code), self.found, advice=self.remedy)

    @property
    def needs_a_person(self) -> bool:
        """Whether people are notified at once; an error that a retry may end must last first."""
        return self.code in _FAMILY


def cause_of(failed: Finding | CertRotationError) -> Cause:
    """Return the cause; whatever AWS or a CA refuses is a finding of the family."""
    is_refusal = isinstance(failed, PermanentError) and failed.code not in _FAMILY
    code = Code.ISSUANCE_REFUSED.value if is_refusal else str(failed.code)
    return Cause(code, failed.found, failed.remedy)


def is_of_family(error: CertRotationError) -> bool:
    """Return whether an error is a finding already: a CA's answer, or a zone's."""
    return error.code in _FAMILY
