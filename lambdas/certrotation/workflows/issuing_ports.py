"""What the issuance asks of the world: a CA, the zones of DNS, and the versions of a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from certrotation.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.core.issuance.note import Placement
    from certrotation.core.issuance.renewal import CaWindow
    from certrotation.core.material.secret_value import SecretValue


class TxtRecord(NamedTuple):
    """A value that a CA wants to see under a name."""

    name: str
    value: str


class OrderedCertificate(NamedTuple):
    """What is sent with an order."""

    names: Sequence[str]
    profile: str | None
    replaces: str | None
    """The identifier of the current certificate (RFC 9773), if the CA issued it."""
    outlives: datetime | None = None
    """The end of the current certificate, if its dates are all that is to change."""


class Patience(Protocol):
    """Waits, as long as the function may still run."""

    def wait(self, for_what: str, seconds: float) -> None:
        """Wait.

        Raises:
            NotYet: the function would have to end first; what is awaited goes on meanwhile.
        """


class Ca(Protocol):
    """A certificate authority.

    An order has a reference, under which another process finds the order again.
    """

    def may_begin_several(self) -> bool:
        """Return whether several issuances may begin at the same time.

        A CA may take the binding of an account only once: until the account is made, one issuance
        makes it.
        """

    def renewal_window(self, identifier: str) -> CaWindow | None:
        """Return the window in which a certificate is to be renewed; None if the CA has none."""

    def order(self, wanted: OrderedCertificate) -> str:
        """Order a certificate, and return the reference; nothing is issued yet.

        Raises:
            CaRefuses: the account, a name or the profile, or the CA cannot issue.
            CaLimits: a limit of the CA is reached.
        """

    def proofs(self, reference: str) -> Sequence[TxtRecord]:
        """Return what is still to be placed so that the CA can validate the names; often nothing.

        Raises:
            OrderGone: the order has failed or expired.
        """

    def validate(self, reference: str, patience: Patience) -> None:
        """Let the CA look at what was placed, and wait for the result.

        Raises:
            NotValidated: the CA could not validate a name.
            CaRefuses: a CAA record forbids it.
            OrderGone: the order has failed or expired.
        """

    def submit(self, reference: str, request: bytes) -> str:
        """Submit the signing request where the CA then issues, and return the new reference.

        The key of the request is noted before, and the new reference after this. A CA that takes
        the request only when the certificate is collected returns the reference as it was.

        Args:
            reference: of an order whose names are validated.
            request: the signing request, in DER; always the same one for an order.

        Raises:
            CaRefuses: the CA does not issue.
            CaLimits: a limit of the CA is reached.
        """

    def collect(self, reference: str, request: bytes, patience: Patience) -> str:
        """Have the certificate issued, and return it with its chain, in PEM.

        Doing it again returns the same certificate.

        Args:
            reference: of an order whose names are validated.
            request: the signing request, in DER.
            patience: how long to wait.

        Raises:
            CaRefuses: the CA does not issue, or does not return what it has issued.
            OrderGone: the order has failed or expired.
        """


class Zones(Protocol):
    """The public DNS zones of one issuer."""

    def places_of(self, records: Sequence[TxtRecord]) -> tuple[Placement, ...]:
        """Return where records are to be placed; nothing is changed.

        Raises:
            NotValidated: no zone of the issuer has the name.
        """

    def place(self, placements: Sequence[Placement], patience: Patience) -> None:
        """Add values beside those that are there, and wait until public servers return them."""

    def remove(self, placements: Sequence[Placement]) -> None:
        """Take values out; those that are not there are no error."""


class VersionedSecret(NamedTuple):
    """A secret, and which version has which label."""

    secret: ManagedSecret
    labels: Mapping[str, str]
    """Label to version id."""
    versions: frozenset[str]
    """The ids of all versions that have a label."""
    is_rotated: bool
    """Whether Secrets Manager rotates it."""
    rotated_by: str | None
    """The ARN of the function that does, or did before the rotation was turned off."""
    is_ours: bool
    """Whether that function is this one."""
    touched: datetime | None
    """When the secret was last changed in any way, by an issuance too."""


class IssuingSecrets(Protocol):
    """The secrets with an issuer, and what the function may do to them."""

    def list_issued(self) -> Sequence[VersionedSecret]:
        """Return every managed secret that has an issuer's tag, or that this function works on."""

    def describe(self, secret_id: str) -> VersionedSecret:
        """Return one secret by name or ARN."""

    def value(self, secret_id: str, version: str) -> SecretValue | None:
        """Return the value of a version, or None if the version has none."""

    def put(
        self, secret_id: str, value: SecretValue, label: str, rotation_token: str | None = None
    ) -> None:
        """Write a version under a label; doing it again changes nothing."""

    def move_label(
        self, secret_id: str, label: str, *, from_version: str | None, to_version: str | None
    ) -> None:
        """Move a staging label, or take it off if `to_version` is None."""

    def start_rotation(self, secret_id: str, token: str) -> None:
        """Let Secrets Manager run the steps of a rotation; it answers before they ran.

        Args:
            secret_id: the secret.
            token: the id of the version that the rotation makes.
        """

    def cancel_rotation(self, secret_id: str) -> None:
        """Turn the rotation of a secret off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """A CA, and the zones in which it validates names."""

    ca: Ca
    zones: Zones
    has_common_name: bool = False
    """Whether the signing request names a common name: the CA makes none out of the SAN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuing:
    """Everything that the issuance works with."""

    secrets: IssuingSecrets
    issuer: Callable[[str], Issuer] = field(repr=False)
    """Makes the issuer of a name when it is first used."""
