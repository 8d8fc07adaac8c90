"""Entry point of the scan: triggered by the schedule, whose payload is ignored."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from certrotation import composition
from certrotation.core.notify.schedule import is_digest_due
from certrotation.handlers.reporting import emit, logger, notify, service
from certrotation.settings import Settings
from certrotation.workflows.scan import scan

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from certrotation.core.notify.notice import Notice
    from certrotation.core.scan.report import ScanReport


def handler(event: object, context: LambdaContext | None) -> dict[str, Any]:
    """Scan the estate and return the summary that is logged.

    Raises:
        CertRotationError: the secrets cannot be listed, or the queue takes no messages; Lambda
            tries again, and the absence of `ScanCompleted` raises an alarm.
    """
    del event, context
    settings = Settings.from_env(os.environ)
    parts, now = composition.composed(settings), datetime.now(UTC)
    report = scan(parts.account, parts.scan_policy, now)
    summary = report.summary()
    logger.info("scan", extra={"scan": summary})
    emit(report.metrics())
    if is_digest_due(settings.digest, now, settings.scan_interval):
        notify(parts.account, lambda: _digest(report))
    return summary


def _digest(report: ScanReport) -> Notice:
    """Make the mail; it is rare, and what it is made with would lengthen each cold start."""
    from certrotation.core.notify.digest import digest  # noqa: PLC0415  see above

    return digest(service(), report)
