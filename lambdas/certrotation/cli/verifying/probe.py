"""Asks endpoints for their certificates: handshakes alone, no request follows.

The certificate is not validated here: whatever is served is compared with what ACM holds.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from cryptography import x509

from certrotation.cli.verifying.verdicts import Answer, Question, Served, Verdict, judge
from certrotation.core.material.host_names import names_of
from certrotation.core.material.x509_facts import fingerprint_of, issuer_name_of
from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from certrotation.cli.verifying.verdicts import Held

WORKERS = 32
SECONDS = 5.0
"""How long one connection, and one handshake, may take."""


class NoAnswerError(Exception):
    """An endpoint cannot be reached, so it is not asked again."""


def connect(host: str, port: int, *, may_be_internal: bool) -> socket.socket:
    """Connect to a host; to a public address only, unless a person wants internal ones.

    Raises:
        NoAnswerError: no address answers, or only internal ones would.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NoAnswerError(f"the name does not resolve: {error.strerror}") from None
    every = [str(each[4][0]) for each in found]
    addresses = [each for each in every if may_be_internal or ipaddress.ip_address(each).is_global]
    if not addresses:
        raise NoAnswerError(f"{host} has internal addresses only; --internal connects to those")
    failure = "no address"
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=SECONDS)
        except TimeoutError:
            raise NoAnswerError(f"no connection within {SECONDS:.0f} seconds") from None
        except OSError as error:
            failure = error.strerror or type(error).__name__
    raise NoAnswerError(f"no connection: {failure}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prober:
    """Asks all questions, one endpoint at a time in each of several threads."""

    held: Mapping[str, Held]
    now: datetime
    connect: Callable[[str, int], socket.socket]
    by_name: bool = False
    """Whether to connect to the names of certificates, as DNS resolves them."""

    def ask(
        self, endpoints: Iterable[Sequence[Question]], step: Callable[[], None]
    ) -> list[Answer]:
        """Return an answer to each question.

        Args:
            endpoints: the questions of each endpoint.
            step: is called after each endpoint.
        """

        def ask_one(questions: Sequence[Question]) -> list[Answer]:
            try:
                return list(self._ask(questions))
            finally:
                step()

        with ThreadPoolExecutor(max_workers=WORKERS) as pool:
            return [each for answers in pool.map(ask_one, endpoints) for each in answers]

    def _ask(self, questions: Sequence[Question]) -> list[Answer]:
        answers: list[Answer] = []
        for number, each in enumerate(questions):
            try:
                served = self._served(each)
            except NoAnswerError as error:
                because = str(error)
                answers += [
                    Answer(question=left, verdict=Verdict.UNREACHABLE, because=because)
                    for left in questions[number:]
                ]
                break
            except (ssl.SSLError, OSError, ValueError) as error:
                because = f"the handshake failed: {_reason(error)}"
                answers.append(Answer(question=each, verdict=Verdict.UNREACHABLE, because=because))
            else:
                answers.append(judge(each, served, self.held, self.now))
        return answers

    def _served(self, question: Question) -> Served:
        """Return the leaf for the certificate's key type; else whatever is served.

        TLS 1.2 lets the client choose the key type by its cipher suites. An endpoint that refuses,
        because it has no such certificate or takes TLS 1.3 alone, is asked openly.
        """
        if not question.endpoint.only_tls13:
            kind = "aECDSA" if question.held.is_elliptic else "aRSA"
            try:
                return self._shake(question, _CONTEXTS[kind])
            except (ssl.SSLError, ConnectionError):
                pass
        return self._shake(question, _CONTEXTS["any"])

    def _shake(self, question: Question, context: ssl.SSLContext) -> Served:
        endpoint = question.endpoint
        named = question.name if self.by_name else None
        with self.connect(named or endpoint.host, endpoint.port) as plain:
            plain.settimeout(SECONDS)
            try:
                with context.wrap_socket(plain, server_hostname=question.name) as secure:
                    der = secure.getpeercert(binary_form=True)
            except TimeoutError:
                raise NoAnswerError(f"no handshake within {SECONDS:.0f} seconds") from None
        if der is None:
            raise NoAnswerError("no certificate was served")
        return _decoded(der)


def _context(ciphers: str | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ciphers is not None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        # Also what clients would no longer take: the question is what is served.
        context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    return context


_CONTEXTS = {"aRSA": _context("aRSA"), "aECDSA": _context("aECDSA"), "any": _context(None)}


def _decoded(der: bytes) -> Served:
    leaf = x509.load_der_x509_certificate(der)
    return Served(
        fingerprint=fingerprint_of(leaf),
        names=names_of(leaf),
        issuer=issuer_name_of(leaf),
        not_after=leaf.not_valid_after_utc,
    )


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None)
    return str(reason or type(error).__name__)
