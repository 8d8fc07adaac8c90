"""ACME over HTTPS: the requests of RFC 8555, by certbot's library and what the library lacks.

Requests go to the CA that the stack's owner configured and nowhere else: redirects are not
followed, and URLs that the CA gives must be HTTPS like its own. Nothing here waits: the library's
functions that poll sleep for fixed times and are not used.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeVar

import certifi
import josepy as jose
import requests
from acme import messages
from acme.client import ClientNetwork, ClientV2
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

from certrotation import __version__
from certrotation.errors import CaRefuses, CertRotationError, Unreachable, without_frames
from certrotation.issuers.acme_errors import (
    CA_RETRIED,
    MISFITS,
    Problem,
    json_object,
    kind_of,
    problem_in,
    translated,
)

if TYPE_CHECKING:
    from certrotation.issuers.account import AccountStore, AcmeAccount
    from certrotation.names.issuers import AcmeIssuer

NONCE_TRIES = 12
"""How often a request is sent if the CA answers badNonce: at a rate of one half, one request in
4,096 fails."""

LARGEST_ANSWER = 1 << 20
"""Bytes that are read of an answer; a chain of certificates has a few thousand."""

TIMEOUTS = (5, 30)
"""Seconds to connect, and between two parts of an answer."""

_Message = TypeVar("_Message", bound=jose.JSONDeSerializable)

messages.Status("expired")  # of an authorization; the library does not know it
# They write each request as it is. What is withheld (see aws.wire_logs) need not be made.
for _name in ("acme", "josepy"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class NewOrder(messages.NewOrder):
    """An order, which may name the certificate that it replaces (RFC 9773, section 5)."""

    replaces: str | None = jose.field("replaces", omitempty=True)


class RenewalInfo(messages.RenewalInfo):
    """When a certificate is to be renewed, and where the CA explains that."""

    explanation: str | None = jose.field("explanationURL", omitempty=True)


class Network(ClientNetwork):
    """Sends requests to one CA, signed with `key`; those of a new account have no `account`."""

    def __init__(self, directory: str, ca_file: str | None) -> None:
        super().__init__(alg=jose.ES256, user_agent=f"certrotation/{__version__}")
        self.directory = directory
        self.verify_ssl = ca_file or certifi.where()  # type: ignore[assignment]  # requests takes a path
        # Neither a proxy, nor other roots, nor a password of the environment.
        self.session.trust_env = False
        self.session.headers["Accept-Language"] = "en"
        self.session.hooks["response"].append(_bounded)

    def post(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a signed request, again with another nonce if the CA did not like the nonce."""
        for _ in range(NONCE_TRIES - 1):
            try:
                return self._post_once(*args, **kwargs)
            except Problem as problem:
                if kind_of(problem) != "badNonce":
                    raise
        return self._post_once(*args, **kwargs)

    def _send_request(self, method: str, url: str, *args: Any, **kwargs: Any) -> requests.Response:
        scheme = "https:" if self.directory.startswith("https:") else "http"
        if not str(url).startswith(scheme):
            raise Unreachable(f"The CA at {self.directory} names a URL without HTTPS.", CA_RETRIED)
        kwargs |= {"allow_redirects": False, "timeout": TIMEOUTS}
        try:
            return super()._send_request(method, url, *args, **kwargs)
        except (requests.RequestException, HTTPError) as error:
            ours = _no_answer(without_frames(error), url)
        raise ours

    @classmethod
    def _check_response(
        cls,
        response: requests.Response,
        content_type: str | None = None,  # noqa: ARG003  what is in an answer is checked where it is read
    ) -> requests.Response:
        """Raise what is not a success with its status; the library drops that, and of a 409 all."""
        if response.status_code >= HTTPStatus.MULTIPLE_CHOICES:
            raise problem_in(response)
        return response


class Client(ClientV2):
    """The requests of one account, which is made when it is first needed."""

    net: Network

    def __init__(self, issuer: AcmeIssuer, accounts: AccountStore, net: Network) -> None:
        super().__init__(decoded(messages.Directory, net.get(net.directory)), net)
        self._issuer = issuer
        self._accounts = accounts
        for name in ("newNonce", "newAccount", "newOrder"):
            if not isinstance(self.directory.to_partial_json().get(name), str):
                raise Unreachable(f"The directory {net.directory} has no {name}.", CA_RETRIED)

    def renewal_info(self, identifier: str) -> requests.Response | None:
        """Return the CA's answer about a certificate, or None if the CA gives no such answers."""
        base = self.directory.to_partial_json().get("renewalInfo")
        return self.net.get(f"{base.rstrip('/')}/{identifier}") if isinstance(base, str) else None

    def account_key(self) -> jose.JWK:
        """Return the key of the account."""
        self._find_account()
        if self.net.key is None:
            raise AssertionError  # pragma: no cover  an account has a key
        return self.net.key

    def order(self, order: NewOrder) -> str:
        """Send an order, and return the order's URL."""
        return _location(self.send(self.directory["newOrder"], order), "newOrder")

    def read(self, url: str) -> requests.Response:
        """Read a resource of the account (POST-as-GET)."""
        return self.send(url, None)

    def send(self, url: str, message: jose.JSONDeSerializable | None) -> requests.Response:
        """Send a request of the account; an account that the CA has forgotten is made anew.

        Raises:
            Problem: the CA refuses.
            Unreachable: it does not answer.
        """
        self._find_account()
        try:
            return self._post(url, message)
        except Problem as problem:
            if kind_of(problem) != "accountDoesNotExist":
                raise
        self._register(self._accounts.read_or_create())
        return self._post(url, message)

    def alternates(self, response: requests.Response) -> list[str]:
        """Return the URLs of further chains (RFC 8555, section 7.4.2)."""
        return self._get_links(response, "alternate")

    def _find_account(self) -> None:
        if self.net.account is not None:
            return
        account = self._accounts.read_or_create()
        self.net.key = jose.JWKEC(key=account.key)
        if account.url is not None and account.is_known_to(self.net.directory):
            self._use(account.url)
        else:
            self._register(account)

    def _register(self, account: AcmeAccount) -> None:
        """Make an account of the key, or find it again, and keep its URL.

        Some CAs name the URL only once (ZeroSSL, Sectigo), so it is stored beside the key. Some
        take a binding only once: if the CA refuses, another process may have made the account.
        """
        self.net.account = None
        try:
            url = self._new_account(account)
        except CertRotationError as error:
            refused = without_frames(error)
        else:
            self._accounts.store(account._replace(url=url, directory=self.net.directory))
            self._use(url)
            return
        other = self._accounts.read()
        if other is None or not other.is_known_to(self.net.directory) or other.url == account.url:
            raise refused
        self.net.key = jose.JWKEC(key=other.key)
        self._use(str(other.url))

    def _new_account(self, account: AcmeAccount) -> str:
        contact = self._issuer.contact
        with translated(self._issuer.name, "newAccount"):
            registration = messages.NewRegistration.from_data(
                email=contact or None,
                terms_of_service_agreed=True,
                external_account_binding=self._binding(account),
            )
            answer = self._post(self.directory["newAccount"], registration)
        return _location(answer, "newAccount")

    def _use(self, url: str) -> None:
        self.net.account = messages.RegistrationResource(uri=url, body=messages.Registration())

    def _binding(self, account: AcmeAccount) -> dict[str, Any] | None:
        if not account.eab_kid or not account.eab_hmac_key:
            return None
        key = jose.JWKEC(key=account.key).public_key()
        try:
            return messages.ExternalAccountBinding.from_data(
                key, account.eab_kid, account.eab_hmac_key, self.directory
            )
        except ValueError:
            pass
        # The cause would show the key.
        raise CaRefuses(
            "eab_hmac_key in the account's secret is not valid base64url.",
            "Copy the HMAC key of the external account binding into the secret again.",
        )


def decoded(kind: type[_Message], response: requests.Response) -> _Message:
    """Return the message that a CA answers.

    Raises:
        Unreachable: the body is something else: a proxy's page, for example.
    """
    document = json_object(response)
    if document is not None:
        try:
            return kind.from_json(document)
        except MISFITS:
            pass
    raise Unreachable("The CA answers with something that is not ACME.", CA_RETRIED)


def _location(response: requests.Response, request: str) -> str:
    url = response.headers.get("Location")
    if not url:
        raise Unreachable(f"The CA answers {request} without a location.", CA_RETRIED)
    return url


def _bounded(response: requests.Response, **_: Any) -> None:
    """Read an answer as far as it may be long, before the library reads it whole."""
    data = response.raw.read(LARGEST_ANSWER, decode_content=True)
    response.raw.release_conn()
    response.raw = BytesIO(data)


def _no_answer(error: requests.RequestException | HTTPError, url: str) -> CertRotationError:
    cause = _cause(error)
    host = parse_url(url).netloc or "the CA"
    if isinstance(error, requests.exceptions.SSLError):
        return Unreachable(
            f"The certificate of {host} is not trusted: {cause}.",
            "Name the CA's own root in ca_file of the issuer.",
        )
    return Unreachable(f"{host} does not answer: {type(cause).__name__}.", CA_RETRIED)


def _cause(error: Exception) -> Exception:
    """Return the error of urllib3 in an error of requests."""
    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", None) or inner
    return reason if isinstance(reason, Exception) else error
