"""A CA that speaks ACME (RFC 8555), with profiles and renewal information (RFC 9773).

An order's reference is its URL. Names are validated by dns-01; names that the CA has approved
before (AWS's managed endpoints, reused authorizations) need no proof.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from certrotation.core.issuance.renewal import CaWindow
from certrotation.core.material.decoding import UnreadableSecretError, decode_certificates
from certrotation.errors import (
    CaLimits,
    CaRefuses,
    CertRotationError,
    NotValidated,
    NotYet,
    OrderGone,
    Unreachable,
    without_frames,
)
from certrotation.issuers.acme_client import (
    CA_RETRIED,
    AcmeClient,
    ProblemError,
    problem_of,
)
from certrotation.issuers.jws import base64url, binding, public_jwk, thumbprint
from certrotation.workflows.issuing_ports import TxtRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from certrotation.errors import TransientError
    from certrotation.issuers.account import AccountStore, AcmeAccount
    from certrotation.issuers.acme_client import Answer
    from certrotation.names.issuers import AcmeIssuer
    from certrotation.workflows.issuing_ports import OrderedCertificate, Patience

SHORTEST_POLL, LONGEST_POLL = 1.0, 15.0
"""Seconds between two looks at an order."""

_PREFIX = "_acme-challenge."
_DNS_01 = "dns-01"
_WITHOUT_REPLACES = frozenset({"alreadyReplaced", "conflict", "malformed", "serverInternal"})
"""Problems after which an order is sent once more without `replaces`. CAs use all of these, and
`unauthorized`, for a certificate that they do not let this order replace."""
_OF_VALIDATION = frozenset({"caa", "connection", "dns", "incorrectResponse", "tls"})
_UNKNOWN_ACCOUNT = "accountDoesNotExist"

_ASK = "Correct what the CA refuses. The issuer asks again within 12 hours."
_LATER = "No action needed unless the certificate is about to expire: the issuer asks again."
_CHECK_DNS = (
    "Check that public DNS servers return the records of the issuer's zone. The issuer asks again"
    " after an hour."
)


class AcmeCa:
    """One issuer; an account is made for it when it is first used."""

    def __init__(self, issuer: AcmeIssuer, accounts: AccountStore, client: AcmeClient) -> None:
        self._issuer = issuer
        self._accounts = accounts
        self._client = client
        self._account: AcmeAccount | None = None

    def renewal_window(self, identifier: str) -> CaWindow | None:
        """Return the window in which a certificate is to be renewed; None if the CA has none."""
        with self._translated("renewalInfo"):
            base = self._client.directory.get("renewalInfo")
            if not isinstance(base, str):
                return None
            return _window(self._client.get(f"{base.rstrip('/')}/{identifier}").json())

    def order(self, wanted: OrderedCertificate) -> str:
        """Order a certificate, and return the URL of the order.

        An order that names the certificate that it replaces is exempt from the limits of Let's
        Encrypt. Where the CA refuses that name, one more order is sent without it.
        """
        payload = {
            "identifiers": [{"type": "dns", "value": each} for each in wanted.names],
            **({"profile": wanted.profile} if wanted.profile else {}),
        }
        with self._translated("newOrder"):
            replaces = wanted.replaces if "renewalInfo" in self._client.directory else None
            try:
                return self._new_order({**payload, **({"replaces": replaces} if replaces else {})})
            except ProblemError as problem:
                if not replaces or problem.kind not in {*_WITHOUT_REPLACES, "unauthorized"}:
                    raise
            return self._new_order(payload)

    def proofs(self, reference: str) -> Sequence[TxtRecord]:
        """Return the records that the CA wants to see; none for names that it has validated."""
        account = self._ready_account()
        records = []
        with self._translated("order"):
            for _, authorization in self._pending(self._order(reference)):
                challenge = _dns_challenge(authorization)
                token = f"{challenge['token']}.{thumbprint(account.key)}"
                records.append(
                    TxtRecord(
                        name=f"{_PREFIX}{_name_in(authorization)}",
                        value=base64url(sha256(token.encode()).digest()),
                    )
                )
        return tuple(dict.fromkeys(records))

    def validate(self, reference: str, patience: Patience) -> None:
        """Let the CA validate every name that it has not validated yet, and wait."""
        with self._translated("challenge"):
            pending = list(self._pending(self._order(reference)))
            for _, authorization in pending:
                challenge = _dns_challenge(authorization)
                if challenge.get("status") == "pending":
                    self._post(str(challenge["url"]), {})
            for url, _ in pending:
                self._wait_for_authorization(url, patience)

    def submit(self, reference: str, request: bytes) -> str:
        """Return the reference: the request is sent when the certificate is collected."""
        del request
        return reference

    def collect(self, reference: str, request: bytes, patience: Patience) -> str:
        """Finalize the order if that has not happened yet, wait, and download the certificate."""
        with self._translated("finalize"):
            is_finalized = False
            while True:
                answer = self._read(reference)
                order = _usable(answer.json())
                if order["status"] == "valid":
                    return self._chain(self._read(str(order["certificate"])))
                if order["status"] == "ready" and not is_finalized:
                    self._post(str(order["finalize"]), {"csr": base64url(request)})
                    is_finalized = True
                else:
                    patience.wait("the CA issues the certificate", _pause(answer))

    def _chain(self, answer: Answer) -> str:
        """Return the chain that ends at the preferred root, else the CA's own choice."""
        chosen = _text(answer)
        if self._issuer.preferred_chain is None or self._ends_as_preferred(chosen):
            return chosen
        for url in _alternates(answer.links):
            alternate = _text(self._read(url))
            if self._ends_as_preferred(alternate):
                return alternate
        return chosen

    def _ends_as_preferred(self, chain: str) -> bool:
        try:
            top = decode_certificates("the chain", chain)[-1]
        except UnreadableSecretError:
            return False
        names = (*top.issuer, *top.subject)
        return any(each.value == self._issuer.preferred_chain for each in names)

    def _wait_for_authorization(self, url: str, patience: Patience) -> None:
        while True:
            answer = self._read(url)
            authorization = answer.json()
            status = authorization.get("status")
            if status == "valid":
                return
            if status != "pending":
                raise _not_validated(authorization)
            patience.wait(f"the CA validates {_name_in(authorization)}", _pause(answer))

    def _pending(self, order: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the authorizations that need a proof, with their URLs."""
        for url in order.get("authorizations") or ():
            authorization = self._read(str(url)).json()
            match authorization.get("status"):
                case "valid":
                    pass
                case "pending":
                    yield str(url), authorization
                case _:
                    raise _not_validated(authorization)

    def _order(self, reference: str) -> dict[str, Any]:
        return _usable(self._read(reference).json())

    def _new_order(self, payload: Mapping[str, Any]) -> str:
        url = self._post(self._client.resource("newOrder"), payload).location
        if not url:
            raise Unreachable("The CA answers newOrder without a location.", CA_RETRIED)
        return url

    def _read(self, url: str) -> Answer:
        return self._post(url, None)

    def _post(self, url: str, payload: object) -> Answer:
        """Send a request of the account; an account that the CA has forgotten is made anew."""
        account = self._ready_account()
        try:
            return self._client.post(url, payload, account.key, account.url)
        except ProblemError as problem:
            if problem.kind != _UNKNOWN_ACCOUNT:
                raise
        account = self._account = self._registered(account)
        return self._client.post(url, payload, account.key, account.url)

    def _ready_account(self) -> AcmeAccount:
        if self._account is None:
            account = self._accounts.read_or_create()
            is_known = account.url is not None and account.directory == self._issuer.directory
            self._account = account if is_known else self._registered(account)
        return self._account

    def _registered(self, account: AcmeAccount) -> AcmeAccount:
        """Make an account of the key, or find it again, and keep its URL.

        Some CAs name the URL only once (ZeroSSL, Sectigo), so it is stored beside the key.
        """
        with self._translated("newAccount"):
            url = self._client.resource("newAccount")
            contact = self._issuer.contact
            payload: dict[str, object] = {
                "termsOfServiceAgreed": True,
                **({"contact": [f"mailto:{contact}"]} if contact else {}),
            }
            if account.eab_kid and account.eab_hmac_key:
                payload["externalAccountBinding"] = _bound(account, url)
            answer = self._client.post(url, payload, account.key, None, public_jwk(account.key))
        if not answer.location:
            raise Unreachable("The CA answers newAccount without a location.", CA_RETRIED)
        registered = account._replace(url=answer.location, directory=self._issuer.directory)
        self._accounts.store(registered)
        return registered

    @contextmanager
    def _translated(self, request: str) -> Iterator[None]:
        """Raise the CA's problems as our errors, with the CA's own sentence."""
        try:
            yield
        except ProblemError as problem:
            ours = _error_of(without_frames(problem), self._issuer.name, request)
        else:
            return
        raise ours


def _bound(account: AcmeAccount, url: str) -> dict[str, str]:
    try:
        return binding(account.key, str(account.eab_kid), str(account.eab_hmac_key), url)
    except ValueError:
        pass
    # The cause would show the key.
    raise CaRefuses(
        "eab_hmac_key in the account's secret is not valid base64url.",
        "Copy the HMAC key of the external account binding into the secret again.",
    )


def _error_of(problem: ProblemError, issuer: str, request: str) -> CertRotationError:
    """Return our error for a problem (RFC 8555, section 6.7)."""
    said = problem.detail.rstrip(".") or "no reason"
    found = f"{issuer} answers {problem.kind or problem.status} to {request}: {said}."
    if problem.kind in _OF_VALIDATION:
        return _validation_error(problem.kind, found)
    transient = _transient(problem)
    if transient is not None:
        remedy = _LATER if transient is CaLimits else CA_RETRIED
        return transient(found, remedy, retry_after=problem.retry_after)
    if problem.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return OrderGone(found, "Another order is sent.")
    return CaRefuses(found, _ASK)


def _transient(problem: ProblemError) -> type[TransientError] | None:
    if problem.kind == "rateLimited" or problem.status == HTTPStatus.TOO_MANY_REQUESTS:
        return CaLimits
    if problem.kind in {"orderNotReady", "badNonce"}:
        return NotYet
    is_servers = problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return Unreachable if is_servers or problem.kind == "serverInternal" else None


def _validation_error(kind: str, found: str) -> CertRotationError:
    if kind == "caa":
        return CaRefuses(found, "Allow the CA in the CAA records of the name, or use another CA.")
    return NotValidated(found, _CHECK_DNS)


def _not_validated(authorization: Mapping[str, Any]) -> CertRotationError:
    """Return the error for an authorization that failed, with the CA's sentence."""
    name = _name_in(authorization)
    for challenge in authorization.get("challenges") or ():
        if isinstance(challenge, dict) and isinstance(challenge.get("error"), dict):
            problem = problem_of(challenge["error"])
            said = problem.detail.rstrip(".")
            return _validation_error(problem.kind, f"The CA did not validate {name}: {said}.")
    status = authorization.get("status")
    return OrderGone(f"The authorization of {name} is {status!r}.", "Another order is sent.")


def _usable(order: dict[str, Any]) -> dict[str, Any]:
    """Return the order, unless it has failed or expired."""
    if order.get("status") in {"pending", "ready", "processing", "valid"}:
        return order
    error = order.get("error")
    problem = problem_of(error) if isinstance(error, dict) else None
    if problem and problem.kind in {*_OF_VALIDATION, "unauthorized"}:
        raise _validation_error(problem.kind, f"The CA did not validate: {problem.detail}")
    said = f": {problem.detail.rstrip('.')}" if problem and problem.detail else ""
    raise OrderGone(f"The order is {order.get('status')!r}{said}.", "Another order is sent.")


def _dns_challenge(authorization: Mapping[str, Any]) -> Mapping[str, Any]:
    for each in authorization.get("challenges") or ():
        if isinstance(each, dict) and each.get("type") == _DNS_01 and "token" in each:
            return each
    raise CaRefuses(
        f"The CA offers no dns-01 challenge for {_name_in(authorization)}.",
        "Approve the name at the CA, or use a CA that validates by DNS.",
    )


def _name_in(authorization: Mapping[str, Any]) -> str:
    identifier = authorization.get("identifier")
    value = identifier.get("value") if isinstance(identifier, dict) else None
    return str(value or "a name").removeprefix("*.")


def _pause(answer: Answer) -> float:
    asked = answer.retry_after or timedelta()
    return min(max(asked.total_seconds(), SHORTEST_POLL), LONGEST_POLL)


def _text(answer: Answer) -> str:
    return answer.body.decode("ascii", "replace")


def _alternates(links: Sequence[str]) -> list[str]:
    """Return the URLs of further chains (RFC 8555, section 7.4.2)."""
    parts = [part for line in links for part in re.split(r",\s*(?=<)", line)]
    found = (re.match(r'\s*<([^>]+)>.*;\s*rel="?alternate"?', each) for each in parts)
    return [each.group(1) for each in found if each]


def _window(document: Mapping[str, Any]) -> CaWindow | None:
    window = document.get("suggestedWindow")
    try:
        start, end = (datetime.fromisoformat(window[each]) for each in ("start", "end"))  # type: ignore[index]  # what has no such member is caught
    except (KeyError, TypeError, ValueError):
        return None
    if start.tzinfo is None or end.tzinfo is None:
        return None
    explanation = document.get("explanationURL")
    return CaWindow(start, end, explanation if isinstance(explanation, str) else None)
