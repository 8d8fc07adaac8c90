"""The tree of errors: as drawn, each with a code of its own."""

from __future__ import annotations

import inspect
from datetime import timedelta
from traceback import format_exception, walk_tb

import pytest

from certrotation import errors
from certrotation.errors import (
    AccessDenied,
    CertRotationError,
    PermanentError,
    Throttled,
    TransientError,
    forget_frames,
    without_frames,
)


def classes() -> list[type[CertRotationError]]:
    found = [each for _, each in inspect.getmembers(errors, inspect.isclass)]
    return [each for each in found if issubclass(each, CertRotationError)]


def drawn() -> dict[str, str]:
    """Read the docstring's tree: the parent of each name, by indentation."""
    parents: dict[str, str] = {}
    path: list[str] = ["Exception"]
    for line in (errors.__doc__ or "").splitlines()[2:]:
        depth = (len(line) - len(line.lstrip())) // 2 + 1
        path[depth:] = [line.split()[0]]
        parents[path[depth]] = path[depth - 1]
    return parents


def test_the_tree_drawn_in_the_docstring_is_the_tree_of_classes() -> None:
    assert drawn() == {each.__name__: each.__bases__[0].__name__ for each in classes()}


def test_every_error_that_is_raised_has_a_stable_code_of_its_own() -> None:
    abstract = {CertRotationError, PermanentError, TransientError}
    raised = [each for each in classes() if each not in abstract]

    assert {each.code: each.__name__ for each in raised} == {
        "SETTINGS_INVALID": "SettingsError",
        "ACCESS_DENIED": "AccessDenied",
        "MESSAGE_MALFORMED": "MessageMalformed",
        "SECRET_NOT_MANAGED": "NotManaged",
        "SECRET_DELETED": "SecretDeleted",
        "SOURCE_DENIED": "SourceDenied",
        "SOURCE_GONE": "SourceGone",
        "SOURCE_MALFORMED": "SourceMalformed",
        "CERTIFICATE_UNREADABLE": "CertificateUnreadable",
        "REQUEST_REJECTED": "Rejected",
        "QUOTA_REACHED": "QuotaReached",
        "TAGS_REFUSED": "TagsRefused",
        "TAGS_FULL": "TagsFull",
        "DEPENDENT_REFUSED": "DependentRefused",
        "DEPENDENT_FULL": "DependentFull",
        "PARAMETER_TAKEN": "ParameterTaken",
        "RESOURCE_VANISHED": "Vanished",
        "ISSUANCE_LIMITED": "CaLimits",
        "ISSUANCE_REFUSED": "CaRefuses",
        "ISSUANCE_UNFINISHED": "Unfinished",
        "ISSUANCE_UNVALIDATED": "NotValidated",
        "ISSUANCE_OVERTAKEN": "Overtaken",
        "ORDER_GONE": "OrderGone",
        "THROTTLED": "Throttled",
        "UNREACHABLE": "Unreachable",
        "NOT_YET_CONSISTENT": "NotYet",
        "CERTIFICATE_IN_USE": "InUse",
        "DEPENDENT_BUSY": "DependentBusy",
        "CERTIFICATE_NOT_SEEN_YET": "NotSeenYet",
    }


@pytest.mark.parametrize("kind", [CertRotationError, PermanentError])
def test_an_error_in_general_has_a_code_too(kind: type[CertRotationError]) -> None:
    assert kind.code == "CERTROTATION_ERROR"


def test_an_error_says_its_code_what_was_found_and_what_to_do() -> None:
    error = AccessDenied("The role may not import.", "Allow acm:ImportCertificate.")

    assert str(error) == "ACCESS_DENIED: The role may not import. Allow acm:ImportCertificate."
    assert error.found == "The role may not import."
    assert error.remedy == "Allow acm:ImportCertificate."


def failing() -> RuntimeError:
    """An error that passed frames with a secret in them, caught and behind it another like it."""

    def lend(secret: bytearray) -> None:
        raise ValueError(len(secret))

    def use(secret: bytearray) -> None:
        try:
            lend(secret)
        except ValueError as error:
            raise RuntimeError("not usable") from error

    try:
        use(bytearray(b"secret"))
    except RuntimeError as error:
        return error
    raise AssertionError


def variables_of(error: BaseException | None) -> list[object]:
    """What stands in the frames that an error and those behind it passed, this test's left out."""
    if error is None:
        return []
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    own = [value for frame in frames for value in frame.f_locals.values()]
    return [each for each in own if isinstance(each, bytearray)] + variables_of(error.__cause__)


def test_frames_that_are_forgotten_hold_nothing_and_still_tell_where_it_happened() -> None:
    error = failing()
    told = format_exception(error)
    assert len(variables_of(error)) == 3

    forget_frames(error)

    assert variables_of(error) == []
    assert format_exception(error) == told


def test_an_error_without_frames_is_the_same_error_alone() -> None:
    error = failing()

    assert without_frames(error) is error
    assert str(error) == "not usable"
    assert (error.__traceback__, error.__cause__, error.__context__) == (None, None, None)


def test_what_is_transient_may_say_when_to_try_again() -> None:
    assert Throttled("a", "b").retry_after is None
    assert Throttled("a", "b", retry_after=timedelta(minutes=1)).retry_after == timedelta(minutes=1)
