"""Translates botocore's errors into ours: codes common to all services here, others by service.

What a code of one service means stands beside the adapter of that service: two services may use one
code for different things. Sources are each API Reference and its Common Errors; a code that a
service returns without documenting it carries a note.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from certrotation.errors import (
    RETRIED,
    AccessDenied,
    CertRotationError,
    NotYet,
    QuotaReached,
    Rejected,
    Throttled,
    TransientError,
    Unreachable,
    Vanished,
    without_frames,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SERVER_ERROR = 500
_PEM = "-----BEGIN"


class Fault(NamedTuple):
    """What an error code comes to: the kind of error, and the remedy."""

    kind: type[CertRotationError]
    remedy: str


class Meaning(NamedTuple):
    """A fault, and the error codes of a service that mean it."""

    fault: Fault
    codes: tuple[str, ...]
    words: re.Pattern[str] | None = None
    """What the message must hold as well, where the code alone says too little."""

    def applies_to(self, code: str, message: str) -> bool:
        """Return whether an error has this meaning."""
        return code in self.codes and (self.words is None or bool(self.words.search(message)))


def meaning(fault: Fault, *codes: str, words: str | None = None) -> Meaning:
    """Return what these codes mean; `words` is a regular expression, its case does not matter."""
    return Meaning(fault, codes, re.compile(words, re.IGNORECASE) if words else None)


DENIED = Fault(
    AccessDenied,
    "Allow the action to the function's role; a permissions boundary, a service control policy or"
    " a key policy may deny it too.",
)
THROTTLED = Fault(Throttled, f"{RETRIED} If it lasts, ask for a higher rate quota.")
NOT_YET = Fault(NotYet, RETRIED)
QUOTA = Fault(QuotaReached, "Delete what is not needed, or ask for a higher quota.")
VANISHED = Fault(Vanished, "Nothing is left to change; the next scan sees what there is.")
_NO_ANSWER = Fault(Unreachable, f"{RETRIED} If it lasts, look at the AWS Health Dashboard.")
_NO_CREDENTIALS = Fault(
    Unreachable,
    "The credentials are not valid there: enable the Region for this account, or take it out of"
    " the target Regions.",
)
_BAD_SIGNATURE = Fault(
    Unreachable, f"{RETRIED} If it lasts, compare the caller's clock with the time of AWS."
)
_REJECTED = Fault(Rejected, "Correct what AWS complains of.")

_COMMON: dict[Fault, tuple[str, ...]] = {
    DENIED: (
        "AccessDenied",
        "AccessDeniedException",
        "NotAuthorized",
        "UnauthorizedOperation",
    ),
    # Those that botocore retries (botocore.retries.standard), but for LimitExceededException: ACM
    # and Secrets Manager say it of quotas.
    THROTTLED: (
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    ),
    _NO_ANSWER: (
        "ExpiredToken",
        "ExpiredTokenException",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServiceError",
        "InternalServiceException",
        "RequestAbortedException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    ),
    _NO_CREDENTIALS: (
        "AuthFailure",
        "InvalidClientTokenId",
        "OptInRequired",
        "SubscriptionRequiredException",
        "UnrecognizedClientException",
    ),
    # They say nothing about what was asked. ACM has answered so to retries after the real error
    # (reported: pulumi/pulumi-aws, issue 3279).
    _BAD_SIGNATURE: (
        "IncompleteSignature",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    ),
    VANISHED: ("ResourceNotFoundException",),
}
_BY_CODE = {code: fault for fault, codes in _COMMON.items() for code in codes}


@contextmanager
def translated(operation: str, subject: str, meanings: Sequence[Meaning] = ()) -> Iterator[None]:
    """Raise what the block's AWS calls come to, in our terms.

    The errors carry no trace of botocore's, and of those nothing stays: they hold the request,
    which may hold a private key.

    Args:
        operation: the IAM action, such as `acm:ImportCertificate`.
        subject: what it is done to, by ARN, or by name and Region.
        meanings: what the service's own error codes mean; the first that applies counts.

    Raises:
        CertRotationError: as `meanings` say, else as the common table above says.
    """
    try:
        yield
    except (ClientError, BotoCoreError, ResponseParserError) as error:
        ours = _translate(without_frames(error), f"{operation} for {subject}", meanings)
        try:
            raise ours from None
        except CertRotationError:
            ours.__context__ = None  # `from None` hides it, and keeps it
            raise
        finally:
            del ours  # it would refer to the frame that refers to it


def failure(
    code: str, message: str, call: str, meanings: Sequence[Meaning] = ()
) -> CertRotationError:
    """Return our error for one of AWS's codes and its message.

    `call` names the operation and what it was done to. PEM that AWS quotes is left out.
    """
    fault = _fault(code, message, meanings)
    return fault.kind(f"{call} answers {code}: {_words(message)}.", fault.remedy)


def _words(message: str) -> str:
    """Return AWS's message without the PEM that it may quote."""
    return message.partition(_PEM)[0].strip().rstrip(".")


def incomplete(
    call: str, member: str, kind: type[TransientError] = Unreachable
) -> CertRotationError:
    """Return the error for an answer without a member that the caller cannot do without.

    `call` names the operation and its subject. The API models call almost no member required.
    """
    return kind(f"{call} answers without {member}.", _NO_ANSWER.remedy)


def _fault(code: str, message: str, meanings: Sequence[Meaning]) -> Fault:
    for each in meanings:
        if each.applies_to(code, message):
            return each.fault
    return _BY_CODE.get(code, _REJECTED)


def _translate(
    error: ClientError | BotoCoreError | ResponseParserError,
    call: str,
    meanings: Sequence[Meaning],
) -> CertRotationError:
    if isinstance(error, ParamValidationError):
        return Rejected(f"{call} has parameters that AWS's model forbids.", _REJECTED.remedy)
    if isinstance(error, BotoCoreError):
        return Unreachable(f"{call} got no answer: {type(error).__name__}.", _NO_ANSWER.remedy)
    if isinstance(error, ResponseParserError):
        # A proxy's page, for example. Its text is left out: it may quote the request.
        found = f"{call} got an answer that is not AWS's: {type(error).__name__}."
        return Unreachable(found, _NO_ANSWER.remedy)
    answer = error.response
    # Some answers have an empty message, or none.
    code, message = answer["Error"].get("Code") or "no code", answer["Error"].get("Message") or ""
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if status >= _SERVER_ERROR and _fault(code, message, meanings) is _REJECTED:
        said = f"{call} answers {status}: {code}: {_words(message)}"
        return Unreachable(f"{said.rstrip(': ')}.", _NO_ANSWER.remedy)
    return failure(code, message, call, meanings)
