"""How both functions speak to operators: one structured line and one set of metrics a run.

The metrics have one dimension, `service`, the stack's name: a dimension per certificate would cost
more than the service itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMESPACE = "CertRotation"

logger = Logger()


def emit(values: Mapping[str, int]) -> None:
    """Write metrics in CloudWatch's embedded metric format."""
    metrics = Metrics(namespace=NAMESPACE)
    for name, value in values.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    metrics.flush_metrics()
