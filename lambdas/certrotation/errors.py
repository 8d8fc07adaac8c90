"""Everything this service raises on purpose.

CertRotationError
  PermanentError      a person must act; trying again cannot help
    SettingsError     an environment variable is missing or out of range
    AccessDenied      the role, a boundary or a service control policy lacks a permission
    Rejected          AWS will not have what it was sent
    TagsRefused       AWS will not have the tags; without them it may
      TagsFull        there is no room for them
    QuotaReached      as many certificates, or imports a year, as AWS allows
    DependentRefused  a dependent will not take the new certificate
    DependentFull     a load balancer has no slot left for one more certificate
    Vanished          what was to be changed is gone
  TransientError      trying again later can help
    Throttled         too many requests
    Unreachable       no answer, or an answer that says nothing about the request
    NotYet            AWS's view, or ours, has yet to settle
    InUse             a certificate that was to be deleted is presented by something
    DependentBusy     a dependent is being changed by somebody, or by us a moment ago
      NotSeenYet      its service has yet to see a certificate that was imported a moment ago
"""

from __future__ import annotations

from traceback import walk_tb
from typing import TYPE_CHECKING, ClassVar, TypeVar

if TYPE_CHECKING:
    from datetime import timedelta
    from types import FrameType


_Error = TypeVar("_Error", bound=BaseException)


def forget_frames(error: BaseException) -> None:
    """Empty the frames that an error passed, and those of the errors behind it.

    What was worked on stands in their variables, private keys included. Errors, frames and
    variables often refer to one another in a circle, and such memory is given back only when
    Python's collector comes: in a frozen Lambda, hours later. Frames that still run are left as
    they are, and where it happened can be told as before.
    """
    behind: list[BaseException | None] = [error]
    seen: list[BaseException] = []
    while behind:
        each = behind.pop()
        if each is not None and each not in seen:
            seen.append(each)
            for frame, _ in walk_tb(each.__traceback__):
                _empty(frame)
            behind += [each.__cause__, each.__context__]


def without_frames(error: _Error) -> _Error:
    """Return the error alone, without its traceback, fit to outlive the `except` that caught it."""
    forget_frames(error)
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _empty(frame: FrameType | None) -> None:
    """Empty a frame that has ended, and its callers': those it keeps, though they ended well."""
    while frame is not None:
        try:
            frame.clear()
        except RuntimeError:  # it still runs, and so do its callers
            return
        frame = frame.f_back


class CertRotationError(Exception):
    """An error with a stable `code`, what was `found`, and the `remedy`, all fit for a log line."""

    code: ClassVar[str] = "CERTROTATION_ERROR"

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
    """AWS denies the call to this role."""

    code = "ACCESS_DENIED"


class Rejected(PermanentError):
    """AWS refuses the request for what is in it."""

    code = "REQUEST_REJECTED"


class QuotaReached(PermanentError):
    """AWS allows no more of these."""

    code = "QUOTA_REACHED"


class TagsRefused(PermanentError):
    """The tags are refused; without them, or with fewer, the request may pass."""

    code = "TAGS_REFUSED"


class TagsFull(TagsRefused):
    """There is no room for the tags: a resource has fifty at most."""

    code = "TAGS_FULL"


class DependentRefused(PermanentError):
    """A dependent will not take this certificate."""

    code = "DEPENDENT_REFUSED"


class DependentFull(PermanentError):
    """A dependent holds as many certificates as its quota allows."""

    code = "DEPENDENT_FULL"


class Vanished(PermanentError):
    """A resource that was there is not there any more."""

    code = "RESOURCE_VANISHED"


class TransientError(CertRotationError):
    """Trying again can help, at the earliest after `retry_after` if that is given."""

    def __init__(self, found: str, remedy: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(found, remedy)
        self.retry_after = retry_after


class Throttled(TransientError):
    """AWS answers that requests come too fast, even after the client's own retries."""

    code = "THROTTLED"


class Unreachable(TransientError):
    """A service gives no answer, or fails on its own side."""

    code = "UNREACHABLE"


class NotYet(TransientError):
    """Two views of AWS that must agree do not agree yet."""

    code = "NOT_YET_CONSISTENT"


class InUse(TransientError):
    """A certificate that was to be deleted is in use; detaching takes up to twenty minutes."""

    code = "CERTIFICATE_IN_USE"


class DependentBusy(TransientError):
    """A dependent takes no change right now."""

    code = "DEPENDENT_BUSY"


class NotSeenYet(DependentBusy):
    """A dependent's service does not know the certificate; it may be too new."""

    code = "CERTIFICATE_NOT_SEEN_YET"
