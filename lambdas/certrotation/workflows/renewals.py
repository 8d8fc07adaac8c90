"""When a secret with an issuer is renewed, and which rule decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.core.issuance.renewal import (
    Renewal,
    Rule,
    Validity,
    asked_by_request,
    is_window_asked,
    renewal_of,
    without_window,
)
from certrotation.core.issuance.signing_request import ari_identifier
from certrotation.core.material.x509_facts import fingerprint_of
from certrotation.errors import CertRotationError
from certrotation.names.service import EDGE_REGIONS
from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cryptography import x509

    from certrotation.core.estate.expiry_windows import WindowPolicy
    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.core.material.certificate_request import CertificateRequest
    from certrotation.workflows.issuing_ports import Ca


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewals:
    """The rules of the stack at one moment."""

    windows: WindowPolicy
    targets: tuple[str, ...]
    """The target Regions."""
    now: datetime

    def by_request(
        self,
        secret: ManagedSecret,
        request: CertificateRequest | str | None,
        leaf: x509.Certificate | None,
    ) -> Renewal | None:
        """Return the renewal that the request asks for; None if it asks for none."""
        asked = asked_by_request(None if isinstance(request, str) else request, leaf)
        if asked is None:
            return None
        return Renewal(min(secret.last_changed or self.now, self.now), asked)

    def by_certificate(
        self,
        secret: ManagedSecret,
        leaf: x509.Certificate,
        ca: Callable[[], Ca] | None,
        *,
        is_begun: bool = False,
    ) -> Renewal:
        """Return when the certificate is renewed; the CA is asked for its window in some hours.

        Args:
            secret: whose certificate it is.
            leaf: the certificate.
            ca: returns who issued the certificate; None if the issuer may not be asked.
            is_begun: whether a renewal was begun: then the window is asked for in every hour, so
                that a renewal by the window stays due until it ends.
        """
        if ca is None or is_begun or is_window_asked(_validity_of(leaf), self.now):
            return self._with_window(secret, leaf, ca)
        at_edge = self._may_be_at_edge(secret)
        return without_window(_validity_of(leaf), self.windows, may_be_at_edge=at_edge)

    def rule_that_began(
        self,
        secret: ManagedSecret,
        request: CertificateRequest | str | None,
        leaf: x509.Certificate | None,
        ca: Callable[[], Ca],
    ) -> Rule:
        """Return the rule because of which a rotation runs; a person may have begun it."""
        asked = self.by_request(secret, request, leaf)
        if asked is not None:
            return asked.rule
        if leaf is None:
            return Rule.BY_HAND
        at_edge = self._may_be_at_edge(secret)
        renewal = without_window(_validity_of(leaf), self.windows, may_be_at_edge=at_edge)
        if not renewal.is_due(self.now):
            renewal = self._with_window(secret, leaf, ca)
        return renewal.rule if renewal.is_due(self.now) else Rule.BY_HAND

    def _with_window(
        self, secret: ManagedSecret, leaf: x509.Certificate, ca: Callable[[], Ca] | None
    ) -> Renewal:
        window = None
        identifier = ari_identifier(leaf)
        if identifier is not None and ca is not None:
            try:
                window = ca().renewal_window(identifier)
            except CertRotationError:
                # The CA is dark, or did not issue this certificate.
                window = None
        at_edge = self._may_be_at_edge(secret)
        return renewal_of(_validity_of(leaf), self.windows, window=window, may_be_at_edge=at_edge)

    def _may_be_at_edge(self, secret: ManagedSecret) -> bool:
        regions = secret.regions(self.targets)
        return any(each in regions for each in EDGE_REGIONS.values())


def _validity_of(leaf: x509.Certificate) -> Validity:
    return Validity(
        leaf.not_valid_before_utc,
        leaf.not_valid_after_utc,
        ari_identifier(leaf) or fingerprint_of(leaf),
    )
