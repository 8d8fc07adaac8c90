"""How both functions speak to operators: a structured line and a set of metrics a run, and mail.

The metrics have one dimension, `service`, the stack's name: a dimension per certificate would cost
more than the service itself.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from certrotation import __version__
from certrotation.errors import CertRotationError, TransientError, without_frames
from certrotation.names import environment
from certrotation.names.metrics import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from certrotation.core.notify.notice import Notice
    from certrotation.workflows.ports import Account

NOT_SENT = "NOTICE_NOT_SENT"
"""The code of a mail that could not be sent."""
NOT_PUT = "EVENT_NOT_PUT"
"""The code of an event that could not be put."""


def service() -> str:
    """Return the stack's name; without one Powertools would leave the dimension out."""
    return os.environ.get(environment.SERVICE, environment.DEFAULT_STACK_NAME)


logger = Logger(service=service())
logger.append_keys(service_version=__version__, boto3_version=boto3.__version__)


def emit(values: Mapping[str, int]) -> None:
    """Write metrics in CloudWatch's embedded metric format."""
    metrics = Metrics(namespace=NAMESPACE, service=service())
    for name, value in values.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    metrics.flush_metrics()


def notify(account: Account, make: Callable[[], Notice]) -> None:
    """Mail people, if the stack has anywhere to; whatever comes of it, the work is done.

    So nothing is raised here, not even for a bug in what is mailed: Lambda would do the work again.

    Args:
        account: whose topic it is.
        make: makes what is mailed.
    """
    if account.notices is None:
        return
    try:
        account.notices.send(make())
    except Exception as error:  # whatever it is, the work goes on
        logger.warning(
            "notice",
            extra={"notice": {"code": NOT_SENT, "error": str(error) or type(error).__name__}},
            exc_info=not isinstance(error, CertRotationError),
        )


def announce(put: Callable[[], None]) -> CertRotationError | None:
    """Put an event for other programs, and return why it could not be put; nothing is raised.

    As with mails, the work is done, whatever comes of the event.

    Args:
        put: makes and puts the event.
    """
    try:
        put()
    except CertRotationError as error:
        say = logger.warning if isinstance(error, TransientError) else logger.error
        say("event", extra={"event": {"code": NOT_PUT, "error": str(error)}})
        return without_frames(error)
    except Exception as bug:  # whatever it is, the work goes on
        logger.exception("event", extra={"event": {"code": NOT_PUT, "error": type(bug).__name__}})
    return None
