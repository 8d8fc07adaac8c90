"""Entry point of the rotation: triggered by the queue, one secret a message."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from traceback import format_tb
from typing import TYPE_CHECKING, Any

from certrotation import composition
from certrotation.core.notify.schedule import is_notification_due, regions_left_to_report
from certrotation.core.rotation.outcomes import (
    WAIT,
    Disposition,
    RegionOutcome,
    RotationOutcome,
    Status,
    follow_up,
)
from certrotation.core.rotation.request import RotationRequest, SourceAnnouncement
from certrotation.errors import (
    CertRotationError,
    MessageMalformed,
    TransientError,
    without_frames,
)
from certrotation.handlers.reporting import announce, emit, logger, notify, service
from certrotation.names.service import RECEIVES_UNTIL_GIVEN_UP
from certrotation.settings import Settings
from certrotation.values import replace
from certrotation.workflows.rotate import Rotator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.core.notify.notice import Notice
    from certrotation.workflows.ports import Account, Events, RotationQueue

_SAY = {
    Status.REFUSED: logger.error,
    Status.STRANDED: logger.error,
    Status.FAILED: logger.warning,
    Status.NOT_STARTED: logger.warning,
}
"""A person acts on an error; what a retry fixes is a warning."""


def handler(event: Mapping[str, Any], context: LambdaContext | None) -> dict[str, Any]:
    """Rotate the secret of each message; messages to be seen again are returned as failures.

    A bug is raised without the frames that it passed: Lambda's runtime keeps what it gets, and a
    closure in a frame keeps the key. Where it happened is logged before. The message of a
    BaseException is not: a panic in cryptography's Rust code may quote what it worked on.
    """
    del context
    settings = Settings.from_env(os.environ)
    try:
        failures = [
            {"itemIdentifier": record["messageId"]}
            for record in event["Records"]
            if _rotate(record, settings) is Disposition.RETURN
        ]
    except Exception as bug:  # noqa: BLE001  it is raised again
        logger.exception("bug")
        raise without_frames(bug) from None
    except BaseException as bug:  # noqa: BLE001  as above
        where = "".join(format_tb(bug.__traceback__))
        logger.error("bug", extra={"exception_name": type(bug).__name__, "exception": where})
        raise without_frames(bug) from None
    return {"batchItemFailures": failures}


def _rotate(record: Mapping[str, Any], settings: Settings) -> Disposition:
    """Rotate for one message, report, and say what becomes of the message."""
    now = datetime.now(UTC)
    receives = int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
    if settings.source_secrets and (about := SourceAnnouncement.from_json(record["body"])):
        return _queue_references(about, settings)
    try:
        request = RotationRequest.from_json(record["body"])
    except MessageMalformed as error:
        _report(RotationOutcome.of_error("(none)", error), _asked(record, None, receives))
        return Disposition.ACKNOWLEDGE
    parts = composition.composed(settings)
    account = parts.account
    rotator = Rotator(account=account, policy=parts.rotation_policy, now=now)
    outcome = rotator.rotate(request, receives=receives)
    if account.events is not None:
        outcome = _announced(account.events, request, outcome, settings, receives)
    _report(outcome, _asked(record, request, receives))
    try:
        settled = _settle(account.queue, record["receiptHandle"], request, outcome, receives, now)
    except CertRotationError as error:
        # Then the message comes back when its visibility timeout has passed.
        logger.warning("queue", extra={"queue": str(error)})
        return Disposition.RETURN
    left = regions_left_to_report(request, outcome, settings.scan_interval)
    if left or is_notification_due(request, outcome, settings.scan_interval, receives):
        notify(account, lambda: _notice(account, outcome, left, settings.runbook_url))
    return settled


def _queue_references(about: SourceAnnouncement, settings: Settings) -> Disposition:
    """Queue every secret that refers to a source; a source that none refers to is dropped.

    A reference that the list does not show yet is found by a scan. Whoever may publish to the topic
    chooses the text, so nothing is asked about a text that is no source of the setting.
    """
    line: dict[str, Any] = {"source": about.source, "version": about.version}
    account = composition.composed(settings).account
    is_readable = about.is_about_one_of(settings.source_secrets)
    try:
        found: Sequence[ManagedSecret] = ()
        if is_readable and account.references:
            found = account.references.references_to(about.source)
        account.queue.send([about.request_for(each.name) for each in found])
    except CertRotationError as error:
        logger.warning("source", extra={"source": {**line, "error": str(error)}})
        return Disposition.RETURN
    logger.info("source", extra={"source": {**line, "queued": [each.name for each in found]}})
    return Disposition.ACKNOWLEDGE


def _announced(
    events: Events,
    request: RotationRequest,
    outcome: RotationOutcome,
    settings: Settings,
    receives: int,
) -> RotationOutcome:
    """Put the event about the outcome, if one is due, and return the outcome.

    If a retry can help, the message comes back, but for the last time: no message is given up
    because of an event.
    """
    from certrotation.core.notify.announcement import announcement  # noqa: PLC0415  see _notice

    def put() -> None:
        event = announcement(
            service(),
            request,
            outcome,
            interval=settings.scan_interval,
            receives=receives,
            runbook_url=settings.runbook_url,
        )
        if event is not None:
            events.put(event.kind, event.detail)

    error = announce(put)
    is_retried = isinstance(error, TransientError) and receives < RECEIVES_UNTIL_GIVEN_UP
    return replace(outcome, unannounced=error) if is_retried else outcome


def _notice(
    account: Account,
    outcome: RotationOutcome,
    left: Sequence[RegionOutcome],
    runbook_url: str | None,
) -> Notice:
    """Make the mail; it is rare, and what it is made with would lengthen each cold start."""
    from certrotation.core.notify.refusal_notice import refusal_notice  # noqa: PLC0415  see above
    from certrotation.workflows.notify import current_copies_meanwhile  # noqa: PLC0415  see above

    live = current_copies_meanwhile(account, outcome)
    return refusal_notice(service(), outcome, live, left=left, runbook_url=runbook_url)


def _settle(  # noqa: PLR0913, PLR0917  all that is known of one message
    queue: RotationQueue,
    receipt_handle: str,
    request: RotationRequest,
    outcome: RotationOutcome,
    receives: int,
    now: datetime,
) -> Disposition:
    """Do to the queue what the outcome asks for, and say what becomes of the message."""
    if outcome.disposition is Disposition.RETURN:
        queue.return_later(receipt_handle, outcome.delay(receives))
        return Disposition.RETURN
    later = follow_up(request, outcome, now)
    if later is not None:
        queue.send_later(later, WAIT)
    return Disposition.ACKNOWLEDGE


def _asked(
    record: Mapping[str, Any], request: RotationRequest | None, receives: int
) -> dict[str, Any]:
    """Return what leads from a rotation back to its message, and to the scan that sent it."""
    snapshot = request.snapshot if request else None
    return {
        "message": record["messageId"],
        "receives": receives,
        # A scan's own line says when it was, too; None if an event or a person asked.
        "scan": snapshot.at if snapshot else None,
    }


def _report(outcome: RotationOutcome, asked: Mapping[str, Any]) -> None:
    say = _SAY.get(outcome.status, logger.info)
    say("rotation", extra={"rotation": {**outcome.to_json(), "asked": asked}})
    emit(outcome.metrics())
