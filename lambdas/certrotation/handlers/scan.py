"""Entry point of the scan: triggered by the schedule, whose payload is ignored."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from certrotation import composition
from certrotation.core.notify.schedule import is_digest_due
from certrotation.core.scan.assessment import ScanPolicy
from certrotation.handlers.reporting import emit, logger, service, tell
from certrotation.names.environment import Mode
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
    account, now = composition.account(settings), datetime.now(UTC)
    report = scan(
        account,
        ScanPolicy(
            prefix=settings.secret_prefix,
            targets=settings.target_regions,
            windows=settings.windows,
            interval=settings.scan_interval,
            retention=settings.retention,
            yearly_import_quota=settings.yearly_import_quota,
        ),
        applies=settings.mode is Mode.APPLY,
        now=now,
    )
    summary = report.summary()
    logger.info("scan", extra={"scan": summary})
    emit(report.metrics())
    if is_digest_due(settings.digest, now, settings.scan_interval):
        tell(account, lambda: _digest(report))
    return summary


def _digest(report: ScanReport) -> Notice:
    """Make the mail; it is rare, and what it is made with would lengthen each cold start."""
    from certrotation.core.notify.digest import digest  # noqa: PLC0415  see above

    return digest(service(), report)
