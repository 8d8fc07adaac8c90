"""CAs of the simulation: the port of the issuance, in this process, and what real CAs do to people.

What a CA answers is from the documents of ACME and of Let's Encrypt; each method names its source.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import boto3
from cryptography import x509

from certrotation.core.issuance.renewal import CaWindow
from certrotation.core.issuance.signing_request import ari_identifier
from certrotation.errors import CaLimits, CaRefuses, NotValidated, OrderGone, Unreachable
from certrotation.issuing_composition import compose_issuing
from certrotation.workflows.issuing_ports import Issuer, TxtRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from certrotation.settings import Settings
    from certrotation.workflows.issuing_ports import Issuing, OrderedCertificate, Patience
    from tests.support.authority import Authority

HOUR = timedelta(hours=1)
SHORT_LIVED = timedelta(days=10)


@dataclass
class Order:
    """An order that the CA knows."""

    names: tuple[str, ...]
    is_validated: bool = False
    chain: str | None = None


@dataclass(kw_only=True)
class SimulatedCa:
    """One CA; what it refuses, limits and revokes is set by whoever plays the world."""

    authority: Authority
    lifetime: timedelta
    dns: Callable[[str], Sequence[str]]
    """What public DNS answers for TXT records of a name."""
    orders: dict[str, Order] = field(default_factory=dict)
    issued: int = 0
    asked: int = 0
    """New orders, refused ones included."""
    refused: set[str] = field(default_factory=set)
    """Host names that a policy of the CA refuses."""
    forbidden: set[str] = field(default_factory=set)
    """Host names whose CAA records forbid this CA."""
    limited_for: timedelta | None = None
    """What the CA asks callers to wait, while a limit is reached."""
    is_dark: bool = False
    when_noticed: Callable[[], object] | None = None
    """Called when an order first meets what is wrong, and then no more."""
    _windows: dict[str, CaWindow] = field(default_factory=dict)

    def revoke(self, identifier: str) -> None:
        """Let the CA announce that it revokes a certificate.

        RFC 9773, section 4.2: a window in the past asks for a renewal at once. The window is that
        of Let's Encrypt (letsencrypt/boulder, core/objects.go, RenewalInfoImmediate).
        """
        ago = datetime.now(UTC) - HOUR
        self._windows[identifier] = CaWindow(ago, ago + HOUR / 2, "https://ca.example/revocations")

    # The port

    def may_begin_several(self) -> bool:
        """Return True: there is no binding."""
        return True

    def renewal_window(self, identifier: str) -> CaWindow | None:
        """Return the window, as Let's Encrypt chooses it.

        letsencrypt/boulder, core/objects.go, RenewalInfoSimple: 2 % of the lifetime around the
        moment when a third is left, or half if the lifetime is less than ten days.
        """
        if self.is_dark:  # no look fails because of that: an order alone is noticed
            raise _dark()
        return self._windows.get(identifier)

    def order(self, wanted: OrderedCertificate) -> str:
        """Take an order.

        RFC 8555, section 6.7: rejectedIdentifier, "The server will not issue certificates for the
        identifier". Let's Encrypt, Rate Limits: a refusal has a Retry-After header.
        """
        self._require_light()
        self.asked += 1
        if self.limited_for is not None:
            self._notice()
            raise CaLimits(
                "The CA answers rateLimited to newOrder: too many certificates.",
                "The issuer asks again after the time that the CA names.",
                retry_after=self.limited_for,
            )
        if self.refused & {*wanted.names}:
            self._notice()
            raise CaRefuses(
                "The CA answers rejectedIdentifier to newOrder: policy forbids the name.",
                "Ask the CA, or use another one.",
            )
        reference = f"https://ca.example/order/{len(self.orders) + 1}"
        self.orders[reference] = Order(names=tuple(wanted.names))
        return reference

    def proofs(self, reference: str) -> Sequence[TxtRecord]:
        """Return what is to be placed (RFC 8555, section 8.4)."""
        self._require_light()
        order = self._order(reference)
        if order.is_validated:
            return ()
        return [
            TxtRecord(f"_acme-challenge.{name.removeprefix('*.')}", _token(reference, name))
            for name in order.names
        ]

    def validate(self, reference: str, patience: Patience) -> None:
        """Look at what was placed, and at CAA records (RFC 8659).

        RFC 8555, section 7.1.6: an authorization that failed makes its order invalid for good.
        """
        del patience
        self._require_light()
        order = self._order(reference)
        for name in order.names:
            if name in self.forbidden:
                del self.orders[reference]
                self._notice()
                raise CaRefuses(
                    f"The CA did not validate {name}: CAA record prevents issuance.",
                    "Allow the CA in the CAA records of the name, or use another CA.",
                )
            if not order.is_validated and _token(reference, name) not in self.dns(
                f"_acme-challenge.{name.removeprefix('*.')}"
            ):
                del self.orders[reference]
                raise NotValidated(f"The CA did not validate {name}: no TXT record.", "Check DNS.")
        order.is_validated = True

    def submit(self, reference: str, request: bytes) -> str:
        """Return the order as it was: the request comes with the collection."""
        del request
        return reference

    def collect(self, reference: str, request: bytes, patience: Patience) -> str:
        """Issue once for an order, for the key of the signing request."""
        del patience
        self._require_light()
        order = self._order(reference)
        if order.chain is None:
            key: Any = x509.load_der_x509_csr(request)  # what has a public key is enough to issue
            issued = self.authority.issue(*order.names, key=key, lifetime=self.lifetime)
            order.chain = issued.fullchain_pem
            self.issued += 1
            self.learn(issued.certificate)
        return order.chain

    # Inside

    def learn(self, leaf: x509.Certificate) -> None:
        """Have a renewal window for a certificate."""
        lifetime, ends = self.lifetime, leaf.not_valid_after_utc
        left = lifetime / 2 if lifetime < SHORT_LIVED else lifetime / 3
        margin, middle = lifetime / 100, ends - left
        self._windows[ari_identifier(leaf) or ""] = CaWindow(middle - margin, middle + margin)

    def _require_light(self) -> None:
        if self.is_dark:
            self._notice()
            raise _dark()

    def _notice(self) -> None:
        noticed, self.when_noticed = self.when_noticed, None
        if noticed is not None:
            noticed()

    def _order(self, reference: str) -> Order:
        if reference not in self.orders:
            raise OrderGone(f"The CA has no order {reference}.", "Another order is sent.")
        return self.orders[reference]


def cas_in_force(cas: Mapping[str, SimulatedCa]) -> Any:
    """Give the issue function these CAs by the names of their issuers, until exit.

    Everything else is composed as always, once: clients are slow to make.
    """
    made: list[Issuing] = []

    def composed(settings: Settings, _: object, **more: Any) -> Issuing:
        if not made:
            issuing = compose_issuing(settings, boto3.Session(), **more)

            def issuer(name: str) -> Issuer:
                return Issuer(ca=cas[name], zones=issuing.issuer(name).zones)

            made.append(replace(issuing, issuer=issuer))
        return made[0]

    return patch("certrotation.handlers.issue.compose_issuing", composed)


def _dark() -> Unreachable:
    return Unreachable("The CA does not answer.", "The issuer asks the CA again.")


def _token(reference: str, name: str) -> str:
    return sha256(f"{reference} {name}".encode()).hexdigest()[:43]
