"""The issue function in this process, with a CA that issues at once and validates nothing.

For stories about what is around the CA; tests/acme has real servers.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from certrotation.errors import CaRefuses
from certrotation.handlers import issue
from certrotation.issuing_composition import compose_issuing
from certrotation.values import replace
from certrotation.workflows.issuing_ports import Issuer
from tests.simulation.estate import HOME, PREFIX, client
from tests.support.authority import SERVER_AUTH, key_usage, now, pem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from certrotation.core.issuance.note import Placement
    from certrotation.core.issuance.renewal import CaWindow
    from certrotation.workflows.issuing_ports import (
        Issuing,
        OrderedCertificate,
        Patience,
        TxtRecord,
        Zones,
    )
    from tests.simulation.estate import Estate
    from tests.simulation.runner import Run
    from tests.support.authority import Authority

FUNCTION = f"arn:aws:lambda:{HOME}:123456789012:function:certrotation-test-issue"
SETTING = {
    "ca": {
        "kind": "acme",
        "directory": "https://ca.example/directory",
        "allow": {f"{PREFIX}shop*": ["shop.example.com", "*.shop.example.com"]},
    }
}


class Context(NamedTuple):
    """What Lambda hands to a function."""

    invoked_function_arn: str = FUNCTION

    def get_remaining_time_in_millis(self) -> int:
        return 120_000


class InstantCa:
    """A CA that signs what it is asked for, unless it refuses every order."""

    def __init__(self, authority: Authority, lifetime: timedelta) -> None:
        self._authority, self._lifetime = authority, lifetime
        self.window: CaWindow | None = None
        self.refusal: str | None = None
        self.orders = 0
        self.has_account = True

    def may_begin_several(self) -> bool:
        """Return whether the account is made, if it has a binding."""
        return self.has_account

    def renewal_window(self, identifier: str) -> CaWindow | None:
        """Return the same window for every certificate."""
        del identifier
        return self.window

    def order(self, wanted: OrderedCertificate) -> str:
        """Take the order."""
        self.orders += 1
        if self.refusal is not None:
            raise CaRefuses(self.refusal, "Correct what the CA refuses.")
        return " ".join(wanted.names)

    def proofs(self, reference: str) -> Sequence[TxtRecord]:
        """Ask for none."""
        del reference
        return ()

    def validate(self, reference: str, patience: Patience) -> None:
        """Validate nothing."""

    def submit(self, reference: str, request: bytes) -> str:
        """Take the request when the certificate is collected."""
        del request
        return reference

    def collect(self, reference: str, request: bytes, patience: Patience) -> str:
        """Sign the request."""
        del reference, patience
        asked = x509.load_der_x509_csr(request)
        begin = now()
        names = asked.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        signer = self._authority
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key())
        leaf = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(signer.certificate.subject)
            .public_key(asked.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + self._lifetime)
            .add_extension(names, critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(key_usage("digital_signature"), critical=True)
            .add_extension(x509.ExtendedKeyUsage([SERVER_AUTH]), critical=False)
            .add_extension(above, critical=False)
            .sign(signer.key, hashes.SHA256())
        )
        chain = [
            each for each in (signer.certificate, *signer.chain) if each.issuer != each.subject
        ]
        return pem(leaf, *chain)


class NoZones:
    """No name is to be proved."""

    def places_of(self, records: Sequence[TxtRecord]) -> tuple[Placement, ...]:
        """Return no place."""
        assert not records
        return ()

    def place(self, placements: Sequence[Placement], patience: Patience) -> None:
        """Place nothing."""

    def remove(self, placements: Sequence[Placement]) -> None:
        """Remove nothing."""


class IssuingWorld:
    """Runs the function as Secrets Manager and the schedule do."""

    def __init__(self, estate: Estate, ca: InstantCa) -> None:
        self.estate, self.ca = estate, ca
        self.zones: Zones = NoZones()
        estate.environment["CERTROTATION_ISSUERS"] = json.dumps(SETTING)

    def request(self, name: str, *names: str) -> None:
        """Create a secret that asks for a first certificate."""
        value: Any = {"request": {"names": list(names)}}
        self.estate.secret(name, value, {"certrotation:issuer": "ca"})

    def look(self) -> Run:
        """Run the look, and nothing that it begins."""
        with self.estate.listening() as run:
            self.handle({})
        return run

    def rotate(self, tries: int = 1) -> Run:
        """Run the rotations that were begun."""
        with self.estate.listening() as run:
            for each in self.estate.aws.rotations(HOME):
                each.run(self.handle, tries)
        return run

    def handle(self, event: dict[str, str]) -> Any:
        """Hand one event to the function."""
        with patch("certrotation.handlers.issue.compose_issuing", self._compose):
            return issue.handler(event, Context())  # type: ignore[arg-type]  # what is used of it

    def _compose(self, *arguments: Any, **more: Any) -> Issuing:
        found = compose_issuing(*arguments, **more)
        return replace(found, issuer=self._issuer)

    def _issuer(self, name: str) -> Issuer:
        """Return the CA; as in the composition, there is none but those that are configured."""
        assert name in SETTING, name
        return Issuer(ca=self.ca, zones=self.zones)

    def current(self, name: str) -> tuple[str, dict[str, Any]]:
        """Return the current version's id, and its value."""
        got = client("secretsmanager", HOME).get_secret_value(SecretId=PREFIX + name)
        return str(got["VersionId"]), dict(json.loads(got["SecretString"]))
