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
    TransientError,
    Unreachable,
    without_frames,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from requests import Response

LONGEST_SENTENCE = 500

CA_RETRIED = f"{RETRIED} If it lasts, look at the status page of the CA."
"""The remedy of an answer that a CA would not give if all were well."""

_ASK = "Correct what the CA refuses. The issuer asks again within 12 hours."
_LATER = "No action needed unless the certificate is about to expire: the issuer asks again."
_CHECK_DNS = (
    "Check that public DNS servers return the records of the issuer's zone. The issuer asks again"
    " after an hour."
)
_ALLOW_CA = "Allow the CA in the CAA records of the name, or use another CA."
_CAA = "caa"
_REMEDIES: dict[type[CertRotationError], str] = {
    CaRefuses: _ASK,
    NotValidated: _CHECK_DNS,
    CaLimits: _LATER,
    Unreachable: CA_RETRIED,
    NotYet: CA_RETRIED,
    OrderGone: "Another order is sent.",
}
"""What is to be done, by what a problem means; what needs a person most comes first."""

PROBLEMS: Mapping[str, type[CertRotationError]] = {
    "accountDoesNotExist": CaRefuses,
    "alreadyRevoked": CaRefuses,
    "badCSR": CaRefuses,
    "badNonce": NotYet,
    "badPublicKey": CaRefuses,
    "badRevocationReason": CaRefuses,
    "badSignatureAlgorithm": CaRefuses,
    _CAA: CaRefuses,
    "compound": CaRefuses,
    "connection": NotValidated,
    "dns": NotValidated,
    "externalAccountRequired": CaRefuses,
    "incorrectResponse": NotValidated,
    "invalidContact": CaRefuses,
    "malformed": CaRefuses,
    "orderNotReady": NotYet,
    "rateLimited": CaLimits,
    "rejectedIdentifier": CaRefuses,
    "serverInternal": Unreachable,
    "tls": NotValidated,
    "unauthorized": CaRefuses,
    "unsupportedContact": CaRefuses,
    "unsupportedIdentifier": CaRefuses,
    "userActionRequired": CaRefuses,
}
"""What each type of problem means (RFC 8555, section 6.7). Other types refuse: alreadyReplaced,
invalidProfile and those that no RFC has yet."""

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


def order_error(order: messages.Order) -> CertRotationError:
    """Return the error for an order that has failed or expired.

    A problem of an order means what the same problem means in an answer. An order without a problem
    has expired.
    """
    if order.error is not None:
        names = ", ".join(each.value for each in order.identifiers or ())
        return _failed(order.error, names or "the names of the order")
    return OrderGone(f"The order is {_named(order.status)}.", "Another order is sent.")


def authorization_error(authorization: messages.Authorization, name: str) -> CertRotationError:
    """Return the error for an authorization that failed, with the CA's sentence."""
    for each in authorization.challenges or ():
        if each.error is not None:
            return _failed(each.error, name)
    found = f"The authorization of {name} is {_named(authorization.status)}."
    return OrderGone(found, "Another order is sent.")


def deciding_kind(problem: messages.Error) -> str:
    """Return the type of a problem, or of the part of a compound that needs a person most."""
    parts = [each for each in map(kind_of, problem.subproblems or ()) if each in PROBLEMS]
    if kind_of(problem) != "compound" or not parts:
        return kind_of(problem)
    return min(parts, key=lambda each: list(_REMEDIES).index(PROBLEMS[each]))


def _error_of(problem: Problem, issuer: str, request: str) -> CertRotationError:
    kind = deciding_kind(problem)
    said = sentence_of(problem).rstrip(".") or "no reason"
    found = f"{issuer} answers {kind or problem.status} to {request}: {said}."
    meant = _meaning_of(kind)
    if meant is CaRefuses and kind != _CAA:
        # The status says more than a type that forbids: 404 with malformed is an unknown order.
        meant = _meaning_of_status(problem.status)
    return _error(meant, kind, found, problem.retry_after)


def _meaning_of(kind: str) -> type[CertRotationError]:
    return PROBLEMS.get(kind, CaRefuses)


def _meaning_of_status(status: int) -> type[CertRotationError]:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return CaLimits
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return OrderGone
    return Unreachable if status >= HTTPStatus.INTERNAL_SERVER_ERROR else CaRefuses


def _error(
    meant: type[CertRotationError], kind: str, found: str, wait: timedelta | None = None
) -> CertRotationError:
    remedy = _ALLOW_CA if kind == _CAA else _REMEDIES[meant]
    if issubclass(meant, TransientError):
        return meant(found, remedy, retry_after=wait)
    return meant(found, remedy)


def _failed(problem: messages.Error, about: str) -> CertRotationError:
    """Return the error for a problem that an order or an authorization has."""
    kind = deciding_kind(problem)
    # There, the CA speaks of names that it could not validate.
    meant = NotValidated if kind == "unauthorized" else _meaning_of(kind)
    begin = f"The CA did not validate {about}" if meant is NotValidated else _begin(kind, about)
    error = _error(meant, kind, f"{begin}: {sentence_of(problem).rstrip('.') or 'no reason'}.")
    error.ends_order = True
    return error


def _begin(kind: str, about: str) -> str:
    return f"The CA did not issue a certificate for {about}{f', {kind}' if kind else ''}"


def _named(status: messages.Status | None) -> str:
    return repr(status.name if status else None)


def _line(problem: messages.Error) -> str:
    detail = problem.detail
    return " ".join(detail.split()) if isinstance(detail, str) else ""


def _without_nulls(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
