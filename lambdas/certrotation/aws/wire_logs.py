"""Keeps what boto3 logs of requests and answers out of every log: private keys are in them.

Below WARNING boto3, botocore and urllib3 write requests and answers as they are, and acme writes
each request to a CA. A level prevents that only until somebody sets another one:
`boto3.set_stream_logger` does for any logger that it is given, Powertools'
`copy_config_to_registered_loggers` for all of them, Lambda's application log level for the root. So
the records themselves are emptied where they are made, which is before any level, filter, handler
or formatter of a logger sees them (Python documentation, logging, LogRecord factories).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

CARRIERS = frozenset({"acme", "boto3", "botocore", "josepy", "requests", "s3transfer", "urllib3"})
"""Whose loggers, and all below them, may be handed what goes over the wire."""

WITHHELD = "withheld: below WARNING this logger is handed requests and answers, keys included"


def withhold() -> None:
    """Empty what these loggers are handed below WARNING, in this process from now on."""
    logging.setLogRecordFactory(_withholding(logging.getLogRecordFactory()))


def _withholding(make: Callable[..., logging.LogRecord]) -> Callable[..., logging.LogRecord]:
    def make_without_secrets(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        # `logging.makeLogRecord` makes a record without a name and a level, and fills them in.
        if str(record.name).partition(".")[0] in CARRIERS and record.levelno < logging.WARNING:
            record.msg, record.args = WITHHELD, None
            record.exc_info = record.exc_text = record.stack_info = None
        return record

    return make_without_secrets
