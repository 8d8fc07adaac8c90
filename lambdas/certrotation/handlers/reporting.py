"""How both functions speak to operators: one structured line and one set of metrics a run.

The metrics have one dimension, `service`, the stack's name: a dimension per certificate would cost
more than the service itself.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMESPACE = "CertRotation"

DEFAULT_SERVICE = "certrotation"


def _service() -> str:
    """Return the stack's name; without one Powertools would leave the dimension out."""
    return os.environ.get("POWERTOOLS_SERVICE_NAME", DEFAULT_SERVICE)


logger = Logger(service=_service())


def emit(values: Mapping[str, int]) -> None:
    """Write metrics in CloudWatch's embedded metric format."""
    metrics = Metrics(namespace=NAMESPACE, service=_service())
    for name, value in values.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    metrics.flush_metrics()
