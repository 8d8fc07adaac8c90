"""The errors that this service raises.

CertRotationError
  PermanentError      a person must act; a retry cannot help
    SettingsError     an environment variable is missing or out of range
    AccessDenied      the role, a boundary or a service control policy lacks a permission
    MessageMalformed  a message is not JSON, or names no secret
    NotManaged        a secret's name does not begin with the prefix
    SecretDeleted     a secret is scheduled for deletion
    SourceDenied      a policy denies the secret that a reference names
    SourceGone        the secret that a reference names does not exist, or has no value
    SourceMalformed   a reference does not name a secret that can be its source
    CertificateUnreadable  a certificate that ACM holds cannot be decoded
    Rejected          AWS rejects the content of the request
    TagsRefused       AWS rejects the tags; the request may succeed without them
      TagsFull        the resource already has the maximum number of tags
    QuotaReached      a quota of certificates, or of imports a year, is used up
    DependentRefused  a dependent does not accept the new certificate
    DependentFull     a load balancer has no slot for another certificate
    ParameterTaken    an ARN parameter holds something else
    Vanished          the resource to change does not exist any more
    CaRefuses         a CA refuses the account, a name or the profile
    NotValidated      a CA cannot validate a name
    OrderGone         an order at a CA has failed or expired
    Overtaken         a secret has another current version than when its rotation began
  TransientError      a retry can help
    Throttled         too many requests
    Unreachable       no answer, or an answer that says nothing about the request
    NotYet            two views of AWS's state do not agree yet
    CaLimits          a limit of a CA is reached
    Unfinished        a rotation of a secret has not ended in time
    InUse             a certificate to delete is still in use
    DependentBusy     another change of the dependent is in progress
      NotSeenYet      the dependent's service does not know a new certificate yet
"""

from __future__ import annotations

from traceback import walk_tb
from typing import TYPE_CHECKING, ClassVar, TypeVar

if TYPE_CHECKING:
    from datetime import timedelta
    from types import FrameType


_Error = TypeVar("_Error", bound=BaseException)


def forget_frames(error: BaseException) -> None:
    """Clear the frames in the traceback of an error, and of its causes and contexts.

    The variables of these frames hold what the code worked on, private keys included. Errors,
    frames and variables often form reference cycles, which only Python's garbage collector frees:
    in a frozen Lambda, hours later. Running frames are left alone, and the traceback still names
    each file and line.
    """
    behind: list[BaseException | None] = [error]
    visited: list[BaseException] = []
    while behind:
        each = behind.pop()
        if each is not None and each not in visited:
            visited.append(each)
            for frame, _ in walk_tb(each.__traceback__):
                _empty(frame)
            behind += [each.__cause__, each.__context__]


def without_frames(error: _Error) -> _Error:
    """Return the error without its traceback, so that it can be kept after the `except` block."""
    forget_frames(error)
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _empty(frame: FrameType | None) -> None:
    """Clear a frame that has ended, and the frames of its callers, which it keeps alive."""
    while frame is not None:
        try:
            frame.clear()
        except RuntimeError:  # the frame still runs, and so do its callers
            return
        frame = frame.f_back


RETRIED = "It is tried again by itself."
"""The remedy of an error that needs nobody, where the service meets it."""


class CertRotationError(Exception):
    """An error with a stable `code`, what was `found`, and the `remedy`; all are safe to log."""

    code: ClassVar[str] = "CERTROTATION_ERROR"
    ends_order: bool = False
    """Whether the order at a CA that the error is about is of no use any more."""

    def __init__(self, found: str, remedy: str) -> None:
        super().__init__(f"{self.code}: {found} {remedy}")
        self.found = found
        self.remedy = remedy


class PermanentError(CertRotationError):
    """A person must act."""


class SettingsError(PermanentError):
    """A setting is missing, malformed or out of range."""

    code = "SETTINGS_INVALID"


class AccessDenied(PermanentError):
    """AWS denies the call to the role."""

    code = "ACCESS_DENIED"


class MessageMalformed(PermanentError):
    """A message is not JSON, or names no secret."""

    code = "MESSAGE_MALFORMED"


class NotManaged(PermanentError):
    """The name of a secret does not begin with the prefix."""

    code = "SECRET_NOT_MANAGED"


class SecretDeleted(PermanentError):
    """A secret is scheduled for deletion."""

    code = "SECRET_DELETED"


class SourceDenied(PermanentError):
    """A policy denies the source of a reference: that of the role, the secret or the key."""

    code = "SOURCE_DENIED"


class SourceGone(PermanentError):
    """The source of a reference does not exist, is scheduled for deletion, or has no value."""

    code = "SOURCE_GONE"


class SourceMalformed(PermanentError):
    """A reference does not name a secret that can be its source."""

    code = "SOURCE_MALFORMED"


class CertificateUnreadable(PermanentError):
    """A certificate that ACM holds cannot be decoded."""

    code = "CERTIFICATE_UNREADABLE"


class Rejected(PermanentError):
    """AWS rejects the content of the request."""

    code = "REQUEST_REJECTED"


class QuotaReached(PermanentError):
    """A quota of AWS is used up."""

    code = "QUOTA_REACHED"


class TagsRefused(PermanentError):
    """AWS rejects the tags; the request may succeed with fewer tags or with none."""

    code = "TAGS_REFUSED"


class TagsFull(TagsRefused):
    """The resource would have more than the fifty tags that AWS allows."""

    code = "TAGS_FULL"


class DependentRefused(PermanentError):
    """A dependent does not accept the certificate, at the earliest `since` (epoch seconds)."""

    code = "DEPENDENT_REFUSED"

    def __init__(self, found: str, remedy: str, *, since: int | None = None) -> None:
        super().__init__(found, remedy)
        self.since = since


class DependentFull(PermanentError):
    """A dependent already has as many certificates as its quota allows."""

    code = "DEPENDENT_FULL"


class ParameterTaken(PermanentError):
    """An ARN parameter holds something that this service has not written for this secret."""

    code = "PARAMETER_TAKEN"


class Vanished(PermanentError):
    """A resource does not exist any more."""

    code = "RESOURCE_VANISHED"


class CaRefuses(PermanentError):
    """A CA refuses the account, a name, the request or the profile."""

    code = "ISSUANCE_REFUSED"
    is_issued: ClassVar[bool] = False
    """Whether the certificate is issued, so that the order is kept."""


class NotValidated(PermanentError):
    """A CA cannot validate that a name may be used."""

    code = "ISSUANCE_UNVALIDATED"


class OrderGone(PermanentError):
    """An order at a CA has failed, has expired or is unknown; another order may succeed."""

    code = "ORDER_GONE"


class Overtaken(PermanentError):
    """A secret has another current version than when its rotation began."""

    code = "ISSUANCE_OVERTAKEN"


class TransientError(CertRotationError):
    """A retry can help, at the earliest after `retry_after` if that is given."""

    def __init__(self, found: str, remedy: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(found, remedy)
        self.retry_after = retry_after


class Throttled(TransientError):
    """AWS throttles the requests, even after the client's own retries."""

    code = "THROTTLED"


class Unreachable(TransientError):
    """A service does not answer, or fails on its own side."""

    code = "UNREACHABLE"


class NotYet(TransientError):
    """Two views of AWS that must agree do not agree yet."""

    code = "NOT_YET_CONSISTENT"


class CaLimits(TransientError):
    """A limit of a CA is reached, until `retry_after` has passed if the CA says so."""

    code = "ISSUANCE_LIMITED"


class Unfinished(TransientError):
    """A rotation of a secret has not ended in time, and no attempt could note why."""

    code = "ISSUANCE_UNFINISHED"


class InUse(TransientError):
    """A certificate to delete is still in use; detaching takes up to twenty minutes."""

    code = "CERTIFICATE_IN_USE"


class DependentBusy(TransientError):
    """A dependent accepts no change at the moment."""

    code = "DEPENDENT_BUSY"


class NotSeenYet(DependentBusy):
    """A dependent's service does not know the certificate; the certificate may be too new."""

    code = "CERTIFICATE_NOT_SEEN_YET"
