"""Turns botocore's errors into ours: one table of AWS's error codes, whichever service says them.

The codes are those of each service's API Reference, Common Errors included; the few that a service
returns without documenting them carry a note.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from certrotation.errors import (
    AccessDenied,
    CertRotationError,
    DependentBusy,
    DependentFull,
    DependentRefused,
    InUse,
    NotSeenYet,
    NotYet,
    QuotaReached,
    Rejected,
    TagsFull,
    TagsRefused,
    Throttled,
    Unreachable,
    Vanished,
    without_frames,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_SERVER_ERROR = 500
_PEM = "-----BEGIN"


class _Fault(NamedTuple):
    """What an error code comes to: the kind of error, and what to do."""

    kind: type[CertRotationError]
    remedy: str


_AGAIN = "It is tried again by itself."
_DENIED = _Fault(
    AccessDenied,
    "Allow the action to the function's role; a permissions boundary, a service control policy or"
    " a key policy may deny it too.",
)
_THROTTLED = _Fault(Throttled, f"{_AGAIN} If it lasts, ask for a higher rate quota.")
_NO_ANSWER = _Fault(Unreachable, f"{_AGAIN} If it lasts, look at the AWS Health Dashboard.")
_NO_CREDENTIALS = _Fault(
    Unreachable,
    "The credentials are not valid there: enable the Region for this account, or take it out of"
    " the target Regions.",
)
_NOT_YET = _Fault(NotYet, _AGAIN)
_VANISHED = _Fault(Vanished, "Nothing is left to change; the next scan sees what there is.")
_TAGS = _Fault(TagsRefused, "Correct the secret's tags, or the organisation's tag policy.")
_UNSEEN = _Fault(NotSeenYet, _AGAIN)
_REJECTED = _Fault(Rejected, "Correct what AWS complains of.")

_FAULTS: dict[_Fault, tuple[str, ...]] = {
    _DENIED: (
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "KMSAccessDenied",
        "KmsAccessDenied",
        "UnauthorizedOperation",
    ),
    # LimitExceededException is not here, though botocore retries it: ACM says it of quotas.
    _THROTTLED: (
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "KMSThrottling",
        "KmsThrottled",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttled",
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
    _NOT_YET: (
        "ConflictException",
        "InvalidIfMatchVersion",
        "OperationNotPermitted",  # RemoveListenerCertificates: it is the default meanwhile
        "PaginationTokenExpiredException",
        "PreconditionFailed",
        "RequestInProgressException",
    ),
    _VANISHED: (
        "ListenerNotFound",
        "LoadBalancerNotFound",
        "MessageNotInflight",
        "NoSuchDistribution",
        "NoSuchResource",
        "ReceiptHandleIsInvalid",
        "ResourceNotFoundException",
    ),
    _TAGS: ("InvalidTagException", "TagPolicyException"),
    _Fault(TagsFull, "Remove tags there: AWS allows fifty."): ("TooManyTagsException",),
    _Fault(QuotaReached, "Delete what is not needed, or ask for a higher quota."): (
        "LimitExceededException",
    ),
    _Fault(InUse, "It is deleted by a later scan, once nothing uses it."): (
        "ResourceInUseException",
    ),
    _Fault(DependentBusy, _AGAIN): ("IllegalUpdate",),  # one viewer certificate change at a time
    _UNSEEN: ("CertificateNotFound",),
    _Fault(DependentFull, "Remove a certificate there, or ask for a higher quota."): (
        "TooManyCertificates",
    ),
    _Fault(DependentRefused, "Put material into the secret that this dependent takes."): (
        "InvalidViewerCertificate",
        "UnsupportedCertificate",  # not in the API Reference; seen from ModifyListener
    ),
}
_BY_CODE = {code: fault for fault, codes in _FAULTS.items() for code in codes}
_BY_WORDS: tuple[tuple[frozenset[str], re.Pattern[str], _Fault], ...] = (
    (
        frozenset({"InvalidParameterException", "ValidationException"}),
        re.compile(r"\btags?\b", re.IGNORECASE),
        _TAGS,
    ),
    (
        # CloudFront says so of a certificate that is minutes old, and of one that it cannot use.
        frozenset({"InvalidViewerCertificate"}),
        re.compile(r"doesn't exist, isn't in us-east-1", re.IGNORECASE),
        _UNSEEN,
    ),
    (
        frozenset({"InvalidParameterValue"}),
        re.compile(r"receipt handle has expired", re.IGNORECASE),
        _VANISHED,
    ),
)
"""Where a code says too little, what its message must hold."""


@contextmanager
def translated(operation: str, subject: str) -> Iterator[None]:
    """Raise what the block's AWS calls come to, in our terms.

    The errors carry no trace of botocore's, and of those nothing stays: they hold the request,
    which may hold a private key.

    Args:
        operation: the IAM action, such as `acm:ImportCertificate`.
        subject: what it is done to, by ARN, or by name and Region.

    Raises:
        CertRotationError: as the table above has it.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        ours = _translate(without_frames(error), f"{operation} for {subject}")
        try:
            raise ours from None
        except CertRotationError:
            ours.__context__ = None  # `from None` hides it, and keeps it
            raise
        finally:
            del ours  # it would refer to the frame that refers to it


def failure(code: str, message: str, call: str) -> CertRotationError:
    """Return our error for one of AWS's codes and its message.

    `call` names the operation and what it was done to. PEM that AWS quotes is left out.
    """
    fault = _fault(code, message)
    words = message.partition(_PEM)[0].strip().rstrip(".")
    return fault.kind(f"{call} answers {code}: {words}.", fault.remedy)


def _fault(code: str, message: str) -> _Fault:
    for codes, words, fault in _BY_WORDS:
        if code in codes and words.search(message):
            return fault
    # SQS puts its former namespace in front of some codes (API Reference, JSON protocol).
    return _BY_CODE.get(code.removeprefix("AWS.SimpleQueueService."), _REJECTED)


def _translate(error: ClientError | BotoCoreError, call: str) -> CertRotationError:
    if isinstance(error, ParamValidationError):
        return Rejected(f"{call} has parameters that AWS's model forbids.", _REJECTED.remedy)
    if isinstance(error, BotoCoreError):
        return Unreachable(f"{call} got no answer: {type(error).__name__}.", _NO_ANSWER.remedy)
    answer = error.response
    # Some answers have an empty message, or none.
    code, message = answer["Error"].get("Code") or "no code", answer["Error"].get("Message") or ""
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if status >= _SERVER_ERROR and _fault(code, message) is _REJECTED:
        return Unreachable(f"{call} answers {status}: {code}.", _NO_ANSWER.remedy)
    return failure(code, message, call)
