"""The issue function with a CA of AWS Private CA instead of an ACME server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from certrotation.core.issuance.note import LABEL
from tests.acme.issuance import Issuance

if TYPE_CHECKING:
    from tests.double.world import PrivateCa
    from tests.simulation.estate import Estate

ALLOW = {"certrotation/*": ["shop.example.com", "*.shop.example.com", "shop.example.org"]}


class PrivateIssuance(Issuance):
    """Runs the function for one issuer, `inside`."""

    def __init__(self, estate: Estate, ca: PrivateCa, **settings: Any) -> None:
        self.estate, self.ca = estate, ca
        self.configure(**settings)

    def configure(self, **settings: Any) -> None:
        """Deploy the issuer with these members."""
        issuer = {"kind": "pca", "arn": self.ca.arn, "allow": ALLOW, **settings}
        self.estate.environment["CERTROTATION_ISSUERS"] = json.dumps({"inside": issuer})

    def request(self, name: str, *names: str, **more: Any) -> None:
        """Create a secret that asks for a first certificate."""
        value: Any = {"request": {"names": list(names), **more}}
        self.estate.secret(name, value, {"certrotation:issuer": "inside"})

    def begin(self, name: str = "shop", *names: str) -> None:
        """Create a secret that asks for a first certificate, and let the look begin."""
        self.request(name, *(names or ("shop.example.com",)))
        self.look()

    def is_clean(self, name: str) -> bool:
        """Whether nothing is left: no note, nothing pending."""
        labels = self.labels(name)
        # AWS takes AWSPENDING off AWSCURRENT's version by itself.
        is_pending = labels.get("AWSPENDING") not in {None, labels["AWSCURRENT"]}
        return LABEL not in labels and not is_pending
