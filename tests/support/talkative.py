"""Both functions in a process of their own, with every logger made to say everything it can.

Reads one request a line and writes whatever the functions write; after each a line `done` and how
it ended. With the argument `unprotected` what keeps boto3's logs from being told is taken away.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import Any

import boto3

# As somebody might who looks for a fault: before anything of the functions is imported.
boto3.set_stream_logger("", logging.DEBUG)

from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers  # noqa: E402

from certrotation.handlers import rotate, scan  # noqa: E402
from certrotation.handlers.reporting import logger  # noqa: E402
from tests.support.watched import crash_at_import  # noqa: E402

HANDLERS: dict[str, Any] = {"rotate": rotate.handler, "scan": scan.handler}


def main() -> None:
    """Answer each request until there are no more."""
    if "unprotected" in sys.argv:
        logging.setLogRecordFactory(logging.LogRecord)
    for line in sys.stdin:
        print("done", _answer(json.loads(line)), flush=True)  # noqa: T201  its output


def _answer(request: dict[str, Any]) -> str:
    os.environ.update(request["environment"])
    if request["crash"]:
        crash_at_import(request["crash"])
    _let_all_speak()
    try:
        HANDLERS[request["handler"]](request["event"], None)
    except Exception as crash:
        # Lambda's runtime does as much.
        logging.getLogger().exception("the handler failed")
        return repr(crash)
    return "returned"


def _let_all_speak() -> None:
    """Set levels and handlers by each way that there is: also of what was imported just now."""
    copy_config_to_registered_loggers(source_logger=logger, log_level=logging.DEBUG)
    boto3.set_stream_logger("", logging.DEBUG)
    for name, each in [*logging.Logger.manager.loggerDict.items()]:
        if isinstance(each, logging.Logger):
            each.disabled = False
            each.filters.clear()
            boto3.set_stream_logger(name, logging.DEBUG)


if __name__ == "__main__":
    main()
