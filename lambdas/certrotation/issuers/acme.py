"""A CA that speaks ACME (RFC 8555), with profiles and renewal information (RFC 9773).

An order's reference is its URL. Names are validated by dns-01; names that the CA has approved
before (AWS's managed endpoints, reused authorizations) need no proof.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from acme import messages
from acme.challenges import DNS01
from cryptography import x509

from certrotation.core.issuance.renewal import CaWindow
from certrotation.core.material.decoding import UnreadableSecretError, decode_certificates
from certrotation.errors import CaRefuses, OrderGone, Unreachable
from certrotation.issuers.acme_client import Client, NewOrder, RenewalInfo, decoded
from certrotation.issuers.acme_errors import (
    Problem,
    authorization_error,
    kind_of,
    order_error,
    retry_after,
    translated,
)
from certrotation.workflows.issuing_ports import TxtRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from requests import Response

    from certrotation.issuers.account import AccountStore
    from certrotation.issuers.acme_client import Network
    from certrotation.names.issuers import AcmeIssuer
    from certrotation.workflows.issuing_ports import OrderedCertificate, Patience

SHORTEST_POLL, LONGEST_POLL = 1.0, 15.0
"""Seconds between two looks at an order."""

_WITHOUT_REPLACES = frozenset(
    {"alreadyReplaced", "conflict", "malformed", "serverInternal", "unauthorized"}
)
"""Problems after which an order is sent once more without `replaces`. CAs use all of these for a
certificate that they do not let this order replace."""
_USABLE = frozenset(
    {
        messages.STATUS_PENDING,
        messages.STATUS_READY,
        messages.STATUS_PROCESSING,
        messages.STATUS_VALID,
    }
)


class AcmeCa:
    """One issuer; an account is made for it when it is first used."""

    def __init__(self, issuer: AcmeIssuer, accounts: AccountStore, network: Network) -> None:
        self._issuer = issuer
        self._accounts = accounts
        self._network = network

    @cached_property
    def _client(self) -> Client:
        """Reads the CA's directory."""
        return Client(self._issuer, self._accounts, self._network)

    def may_begin_several(self) -> bool:
        """Return whether the account is made, or is made without a binding of single use."""
        account = self._accounts.read()
        if account is None or account.eab_kid is None:
            return True
        return account.is_known_to(self._issuer.directory)

    def renewal_window(self, identifier: str) -> CaWindow | None:
        """Return the window in which a certificate is to be renewed; None if the CA has none."""
        with self._translated("renewalInfo"):
            answer = self._client.renewal_info(identifier)
            return None if answer is None else _window(answer)

    def order(self, wanted: OrderedCertificate) -> str:
        """Send an order, and return its URL."""
        order = NewOrder(
            identifiers=[
                messages.Identifier(typ=messages.IDENTIFIER_FQDN, value=each)
                for each in wanted.names
            ],
            profile=wanted.profile,
            replaces=wanted.replaces,
        )
        with self._translated("order"):
            try:
                return self._client.order(order)
            except Problem as problem:
                if not order.replaces or kind_of(problem) not in _WITHOUT_REPLACES:
                    raise
            return self._client.order(order.update(replaces=None))

    def proofs(self, reference: str) -> Sequence[TxtRecord]:
        """Return the records that the CA wants to see; none for names that it has validated."""
        records = []
        with self._translated("order"):
            key = self._client.account_key()
            for _, authorization in self._pending(reference):
                challenge = _dns_challenge(authorization)
                name = challenge.validation_domain_name(_name_in(authorization))
                records.append(TxtRecord(name, challenge.validation(key)))
        return tuple(dict.fromkeys(records))

    def validate(self, reference: str, patience: Patience) -> None:
        """Let the CA validate every name that it has not validated yet, and wait."""
        with self._translated("challenge"):
            key = self._client.account_key()
            pending = list(self._pending(reference))
            for _, authorization in pending:
                challenge = _dns_challenge(authorization)
                if challenge.status == messages.STATUS_PENDING:
                    self._client.send(challenge.uri, challenge.response(key))
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
                answer = self._client.read(reference)
                order = _usable(answer)
                if order.status == messages.STATUS_VALID:
                    return self._chain(order)
                if order.status == messages.STATUS_READY and not is_finalized:
                    csr = x509.load_der_x509_csr(request)
                    self._client.send(order.finalize, messages.CertificateRequest(csr=csr))
                    is_finalized = True
                else:
                    patience.wait("the CA issues the certificate", _pause(answer))

    def _chain(self, order: messages.Order) -> str:
        """Return the chain that ends at the preferred root, else the CA's own choice."""
        chosen = self._client.read(str(order.certificate))
        if self._issuer.preferred_chain is None or self._ends_as_preferred(chosen.text):
            return chosen.text
        for url in self._client.alternates(chosen):
            alternate = self._client.read(url).text
            if self._ends_as_preferred(alternate):
                return alternate
        return chosen.text

    def _ends_as_preferred(self, chain: str) -> bool:
        try:
            top = decode_certificates("the chain", chain)[-1]
        except UnreadableSecretError:
            return False
        names = (*top.issuer, *top.subject)
        return any(each.value == self._issuer.preferred_chain for each in names)

    def _wait_for_authorization(self, url: str, patience: Patience) -> None:
        while True:
            answer = self._client.read(url)
            authorization = decoded(messages.Authorization, answer)
            name = _name_in(authorization)
            if authorization.status == messages.STATUS_VALID:
                return
            if authorization.status != messages.STATUS_PENDING:
                raise authorization_error(authorization, name)
            patience.wait(f"the CA validates {name}", _pause(answer))

    def _order(self, reference: str) -> messages.Order:
        """Return an order, unless it has come to nothing.

        Raises:
            OrderGone: it has failed; or a CA of another kind had the name of this issuer, and the
                reference is that CA's.
        """
        if reference.startswith("arn:"):
            raise OrderGone(
                f"{self._issuer.name} was an AWS Private CA when {reference} was ordered.",
                "Another order is sent.",
            )
        return _usable(self._client.read(reference))

    def _pending(self, reference: str) -> Iterator[tuple[str, messages.Authorization]]:
        """Yield the authorizations of an order that need a proof, with their URLs."""
        for url in self._order(reference).authorizations or ():
            authorization = decoded(messages.Authorization, self._client.read(url))
            match authorization.status:
                case messages.STATUS_VALID:
                    pass
                case messages.STATUS_PENDING:
                    yield url, authorization
                case _:
                    raise authorization_error(authorization, _name_in(authorization))

    def _translated(self, request: str) -> AbstractContextManager[None]:
        return translated(self._issuer.name, request)


def _usable(answer: Response) -> messages.Order:
    """Return the order, unless it has failed or expired."""
    order = decoded(messages.Order, answer)
    if order.status not in _USABLE:
        raise order_error(order)
    return order


def _dns_challenge(authorization: messages.Authorization) -> messages.ChallengeBody:
    for each in authorization.challenges or ():
        if isinstance(each.chall, DNS01):
            return each
    raise CaRefuses(
        f"The CA offers no dns-01 challenge for {_name_in(authorization)}.",
        "Approve the name at the CA, or use a CA that validates by DNS.",
    )


def _name_in(authorization: messages.Authorization) -> str:
    identifier = authorization.identifier
    return identifier.value.removeprefix("*.") if identifier else "a name"


def _pause(answer: Response) -> float:
    asked = retry_after(answer) or timedelta()
    return min(max(asked.total_seconds(), SHORTEST_POLL), LONGEST_POLL)


def _window(answer: Response) -> CaWindow | None:
    try:
        info = decoded(RenewalInfo, answer)
    except Unreachable:
        return None
    start, end = info.suggested_window.start, info.suggested_window.end
    if start is None or end is None or start.tzinfo is None or end.tzinfo is None:
        return None
    explanation = info.explanation
    return CaWindow(start, end, explanation if isinstance(explanation, str) else None)
