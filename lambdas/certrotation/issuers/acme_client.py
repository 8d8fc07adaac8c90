"""ACME over HTTPS: the requests of RFC 8555, without any decision about them.

Requests go to the CA that the stack's owner configured and nowhere else: redirects are not
followed, and URLs that the CA gives must be HTTPS like its own.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

import certifi
import urllib3

from certrotation import __version__
from certrotation.errors import RETRIED, CertRotationError, Unreachable, without_frames
from certrotation.issuers.jws import signed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric import ec

NONCE_TRIES = 12
"""How often a request is sent if the CA answers badNonce: at a rate of one half, one request in
4,096 fails."""

LARGEST_ANSWER = 1 << 20
"""Bytes that are read of an answer; a chain of certificates has a few thousand."""

LONGEST_SENTENCE = 500

CA_RETRIED = f"{RETRIED} If it lasts, look at the status page of the CA."
"""The remedy of an answer that a CA would not give if all were well."""

_PROBLEM = "urn:ietf:params:acme:error:"
_JSON = "application/json"
_HEADERS = {"User-Agent": f"certrotation/{__version__}", "Accept-Language": "en"}
_BAD_NONCE = "badNonce"
_ALL_DAY = timedelta(days=1)


class Answer(NamedTuple):
    """What the CA answers to a request that it accepts."""

    body: bytes
    headers: Mapping[str, str]
    location: str
    links: tuple[str, ...]
    """The header fields `Link`."""
    retry_after: timedelta | None

    def json(self) -> dict[str, Any]:
        """Return the body's JSON object.

        Raises:
            Unreachable: the body is something else: a proxy's page, for example.
        """
        try:
            document = json.loads(self.body)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise Unreachable("The CA answers with something that is not ACME.", CA_RETRIED)
        return document


class ProblemError(Exception):
    """The CA refuses a request (RFC 8555, section 6.7; RFC 9457)."""

    def __init__(
        self, kind: str, detail: str, status: int, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(f"{kind or status}: {detail}")
        self.kind = kind
        """The type without its prefix, or empty if it is not one of ACME's."""
        self.detail = detail
        self.status = status
        self.retry_after = retry_after


class AcmeClient:
    """Speaks for one account; without `account`, requests carry the public key."""

    def __init__(self, directory: str, ca_file: str | None) -> None:
        self._directory_url = directory
        self._needs_https = directory.startswith("https:")
        self._pool = urllib3.PoolManager(
            ca_certs=ca_file or certifi.where(),
            retries=False,
            timeout=urllib3.Timeout(connect=5, read=30),
            headers=_HEADERS,
        )
        self._directory: dict[str, Any] | None = None
        self._nonce: str | None = None

    @property
    def directory(self) -> dict[str, Any]:
        """The CA's directory, read once."""
        if self._directory is None:
            self._directory = self.get(self._directory_url).json()
        return self._directory

    def resource(self, name: str) -> str:
        """Return the URL of a resource of the directory.

        Raises:
            Unreachable: the directory has none.
        """
        url = self.directory.get(name)
        if not isinstance(url, str):
            raise Unreachable(f"The directory {self._directory_url} has no {name}.", CA_RETRIED)
        return url

    def get(self, url: str) -> Answer:
        """Read a resource that needs no signature.

        Raises:
            ProblemError: the CA refuses.
            Unreachable: it does not answer.
        """
        return self._accepted(self._send("GET", url))

    def post(
        self,
        url: str,
        payload: object,
        key: ec.EllipticCurvePrivateKey,
        account: str | None,
        jwk: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a signed request; `payload` None reads a resource (POST-as-GET).

        Raises:
            ProblemError: the CA refuses.
            Unreachable: it does not answer.
        """
        who = {"kid": account} if account else {"jwk": jwk}
        for tries_left in reversed(range(NONCE_TRIES)):
            protected = {**who, "nonce": self._next_nonce(), "url": url}
            answered = self._send("POST", url, signed(key, protected, payload))
            self._nonce = answered.headers.get("Replay-Nonce")
            try:
                return self._accepted(answered)
            except ProblemError as problem:
                if problem.kind != _BAD_NONCE or not tries_left:
                    raise
        raise AssertionError  # pragma: no cover  the last try returns or raises

    def _next_nonce(self) -> str:
        """Return the nonce of the last answer, or a new one (RFC 8555, section 7.2)."""
        nonce, self._nonce = self._nonce, None
        if nonce is None:
            answered = self._send("HEAD", self.resource("newNonce"))
            self._accepted(answered)
            nonce = answered.headers.get("Replay-Nonce")
        if not nonce:
            raise Unreachable("The CA answers newNonce without a nonce.", CA_RETRIED)
        return str(nonce)

    def _send(self, method: str, url: str, body: bytes | None = None) -> _Answered:
        if self._needs_https and not url.startswith("https:"):
            raise Unreachable(
                f"The CA at {self._directory_url} names a URL without HTTPS.", CA_RETRIED
            )
        more = {"Content-Type": "application/jose+json"} if body is not None else {}
        try:
            response = self._pool.request(
                method,
                url,
                body=body,
                headers={**_HEADERS, **more},
                redirect=False,
                preload_content=False,
            )
            try:
                data = response.read(LARGEST_ANSWER)
            finally:
                response.release_conn()
        except urllib3.exceptions.HTTPError as error:
            ours = _no_answer(without_frames(error), url)
        else:
            return _Answered(response.status, response.headers, data)
        raise ours

    def _accepted(self, answered: _Answered) -> Answer:
        headers = answered.headers
        wait = _retry_after(headers.get("Retry-After"), datetime.now(UTC))
        if answered.status >= HTTPStatus.MULTIPLE_CHOICES:
            raise _problem(answered, wait)
        return Answer(
            body=answered.data,
            headers=headers,
            location=headers.get("Location", ""),
            links=tuple(headers.getlist("Link")),
            retry_after=wait,
        )


class _Answered(NamedTuple):
    status: int
    headers: Any
    """urllib3's HTTPHeaderDict."""
    data: bytes


def _no_answer(error: urllib3.exceptions.HTTPError, url: str) -> CertRotationError:
    cause = type(error).__name__
    if isinstance(error, urllib3.exceptions.SSLError):
        return Unreachable(
            f"The certificate of {_host(url)} is not trusted: {error.args[0]}.",
            "Name the CA's own root in ca_file of the issuer.",
        )
    return Unreachable(f"{_host(url)} does not answer: {cause}.", CA_RETRIED)


def _host(url: str) -> str:
    return urllib3.util.parse_url(url).netloc or "the CA"


def _problem(answered: _Answered, wait: timedelta | None) -> ProblemError:
    try:
        document = json.loads(answered.data)
    except ValueError:
        document = {}
    if not isinstance(document, dict):
        document = {}
    return problem_of(document, answered.status, wait)


def problem_of(
    document: Mapping[str, Any], status: int = 0, wait: timedelta | None = None
) -> ProblemError:
    """Return the problem that a document describes, that of its first subproblem included."""
    kind = str(document.get("type", ""))
    sentences = [_sentence(document)]
    for each in document.get("subproblems") or ():
        if isinstance(each, dict):
            name = each.get("identifier", {})
            about = f"{name.get('value')}: " if isinstance(name, dict) and name else ""
            sentences.append(f"{about}{_sentence(each)}")
    detail = " ".join(filter(None, sentences))[:LONGEST_SENTENCE]
    is_acmes = kind.startswith(_PROBLEM)
    return ProblemError(kind.removeprefix(_PROBLEM) if is_acmes else "", detail, status, wait)


def _sentence(document: Mapping[str, Any]) -> str:
    detail = document.get("detail")
    return " ".join(detail.split()) if isinstance(detail, str) else ""


def _retry_after(text: str | None, now: datetime) -> timedelta | None:
    """Return how long to wait: a number of seconds, or a date (RFC 9110, section 10.2.3)."""
    if not text:
        return None
    if text.strip().isascii() and text.strip().isdigit():
        return min(timedelta(seconds=int(text.strip()[:9])), 30 * _ALL_DAY)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max(until - now, timedelta()), 30 * _ALL_DAY)
