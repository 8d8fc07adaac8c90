"""AWS as it documents itself, on top of moto: what the tests and the demo run against.

Moto keeps the stores and speaks the protocols. Where it departs from AWS's documents, this package
answers instead, in process (`embedded_aws`) and over HTTP (`python -m tests.double --port 5566`).
"""

from tests.double.behaviour import Behaviour, Fault
from tests.double.embedded import EmbeddedAws, embedded_aws
from tests.double.recorder import Call

__all__ = ["Behaviour", "Call", "EmbeddedAws", "Fault", "embedded_aws"]
