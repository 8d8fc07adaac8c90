"""What a CA's problems come to: our errors, in the CA's own words (RFC 8555, section 6.7)."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import josepy as jose
from acme import messages
from acme.errors import NonceError

from certrotation.errors import (
    RETRIED,
    CaLimits,
    CaRefuses,
    CertRotationError,
    NotValidated,
    NotYet,
    OrderGone,
    Unreachable,
    without_frames,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from requests import Response

    from certrotation.errors import TransientError

LONGEST_SENTENCE = 500

CA_RETRIED = f"{RETRIED} If it lasts, look at the status page of the CA."
"""The remedy of an answer that a CA would not give if all were well."""

_ASK = "Correct what the CA refuses. The issuer asks again within 12 hours."
_LATER = "No action needed unless the certificate is about to expire: the issuer asks again."
_CHECK_DNS = (
    "Check that public DNS servers return the records of the issuer's zone. The issuer asks again"
    " after an hour."
)
_OF_VALIDATION = frozenset({"caa", "connection", "dns", "incorrectResponse", "tls"})
_LONGEST_WAIT = timedelta(days=30)
MISFITS = (jose.Error, AttributeError, TypeError, ValueError)
"""What the library raises at an answer whose members are not as RFC 8555 describes them."""


class Problem(messages.Error):
    """A request that the CA refuses, with what the library drops of the answer."""

    status: int = 0
    retry_after: timedelta | None = None


def json_object(response: Response) -> dict[str, Any] | None:
    """Return the JSON object that a CA answers, without the members that are null."""
    try:
        document = response.json(object_hook=_without_nulls)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def problem_in(response: Response) -> Problem:
    """Return the problem that an answer describes; a proxy's page describes none."""
    document = json_object(response) or {}
    try:
        problem = Problem.from_json(document)
    except MISFITS:
        problem = Problem(typ=document.get("type"), detail=document.get("detail"))
    problem.status = response.status_code
    problem.retry_after = retry_after(response)
    return problem


def kind_of(problem: messages.Error) -> str:
    """Return the type without its prefix, or an empty text if it is not one of ACME's.

    The library's `code` knows no newer type, such as alreadyReplaced.
    """
    kind = str(problem.typ)
    is_acmes = kind.startswith(messages.ERROR_PREFIX)
    return kind.removeprefix(messages.ERROR_PREFIX) if is_acmes else ""


def sentence_of(problem: messages.Error) -> str:
    """Return what the CA says, of each part of the request too, as one short line."""
    sentences = [_line(problem)]
    for each in problem.subproblems or ():
        about = f"{each.identifier.value}: " if each.identifier else ""
        sentences.append(f"{about}{_line(each)}")
    return " ".join(filter(None, sentences))[:LONGEST_SENTENCE]


def retry_after(response: Response) -> timedelta | None:
    """Return how long to wait: a number of seconds, or a date (RFC 9110, section 10.2.3)."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), _LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max(until - datetime.now(UTC), timedelta()), _LONGEST_WAIT)


@contextmanager
def translated(issuer: str, request: str) -> Iterator[None]:
    """Raise the CA's problems as our errors, with the CA's own sentence.

    Args:
        issuer: the issuer's name.
        request: what was asked of the CA.
    """
    try:
        yield
    except Problem as problem:
        ours = _error_of(without_frames(problem), issuer, request)
    except NonceError as error:
        without_frames(error)
        ours = Unreachable("The CA answers newNonce without a nonce.", CA_RETRIED)
    else:
        return
    raise ours


def validation_error(kind: str, found: str) -> CertRotationError:
    """Return the error for a name that the CA did not validate."""
    if kind == "caa":
        return CaRefuses(found, "Allow the CA in the CAA records of the name, or use another CA.")
    return NotValidated(found, _CHECK_DNS)


def order_error(order: messages.Order) -> CertRotationError:
    """Return the error for an order that has failed or expired."""
    kind = kind_of(order.error) if order.error else ""
    detail = sentence_of(order.error) if order.error else ""
    if kind in {*_OF_VALIDATION, "unauthorized"}:
        return validation_error(kind, f"The CA did not validate: {detail}")
    said = f": {detail.rstrip('.')}" if detail else ""
    return OrderGone(f"The order is {_named(order.status)}{said}.", "Another order is sent.")


def authorization_error(authorization: messages.Authorization, name: str) -> CertRotationError:
    """Return the error for an authorization that failed, with the CA's sentence."""
    for each in authorization.challenges or ():
        if each.error is not None:
            said = sentence_of(each.error).rstrip(".")
            found = f"The CA did not validate {name}: {said}."
            return validation_error(kind_of(each.error), found)
    found = f"The authorization of {name} is {_named(authorization.status)}."
    return OrderGone(found, "Another order is sent.")


def _error_of(problem: Problem, issuer: str, request: str) -> CertRotationError:
    kind = kind_of(problem)
    said = sentence_of(problem).rstrip(".") or "no reason"
    found = f"{issuer} answers {kind or problem.status} to {request}: {said}."
    if kind in _OF_VALIDATION:
        return validation_error(kind, found)
    transient = _transient(kind, problem.status)
    if transient is not None:
        remedy = _LATER if transient is CaLimits else CA_RETRIED
        return transient(found, remedy, retry_after=problem.retry_after)
    if problem.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return OrderGone(found, "Another order is sent.")
    return CaRefuses(found, _ASK)


def _transient(kind: str, status: int) -> type[TransientError] | None:
    if kind == "rateLimited" or status == HTTPStatus.TOO_MANY_REQUESTS:
        return CaLimits
    if kind in {"orderNotReady", "badNonce"}:
        return NotYet
    is_servers = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return Unreachable if is_servers or kind == "serverInternal" else None


def _named(status: messages.Status | None) -> str:
    return repr(status.name if status else None)


def _line(problem: messages.Error) -> str:
    detail = problem.detail
    return " ".join(detail.split()) if isinstance(detail, str) else ""


def _without_nulls(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
