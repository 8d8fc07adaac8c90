"""What the error codes of several dependents' services come to."""

from __future__ import annotations

from certrotation.aws.errors import Fault
from certrotation.errors import RETRIED, DependentBusy, DependentFull, DependentRefused, NotSeenYet

BUSY = Fault(DependentBusy, RETRIED)
NOT_SEEN_YET = Fault(NotSeenYet, RETRIED)
FULL = Fault(DependentFull, "Remove a certificate there, or ask for a higher quota.")
REJECTED = Fault(DependentRefused, "Put material into the secret that this dependent takes.")
FIXED = Fault(
    DependentRefused,
    "Correct the dependent's configuration, or put material into the secret that the dependent"
    " takes.",
)
"""AWS's sentence says which of the two."""
