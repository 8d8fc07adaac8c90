"""Entry point of the issuance: a step of a rotation by Secrets Manager, or the hourly look.

A step reports by raising: Secrets Manager tries it again, and counts the rotation as failed.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from traceback import format_tb
from typing import TYPE_CHECKING, Any

import boto3

from certrotation import composition
from certrotation.aws.secrets import name_in
from certrotation.core.issuance.cause import cause_of
from certrotation.core.notify.schedule import is_digest_due
from certrotation.errors import CertRotationError, MessageMalformed, SettingsError, without_frames
from certrotation.handlers.reporting import emit, logger, notify, service
from certrotation.issuing_composition import compose_issuing
from certrotation.names.environment import ISSUERS, LOOK_INTERVAL_MINUTES, Mode
from certrotation.roots import public_roots
from certrotation.settings import Settings
from certrotation.workflows.issue import IssuingPolicy, NotIssuedError, Renewer, Rotation
from certrotation.workflows.look import Look
from certrotation.workflows.patience import UntilDeadline
from certrotation.workflows.renewals import Renewals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from certrotation.core.findings import Finding
    from certrotation.core.issuance.cause import Cause
    from certrotation.core.issuance.report import LookReport
    from certrotation.core.notify.notice import Notice
    from certrotation.workflows.issue import Created

STEP = "Step"
MARGIN = 60.0
"""Seconds that are left for the clean-up and the report when the waiting ends."""
WITHOUT_A_CONTEXT = 540.0
"""Seconds for the work of a handler that is run by hand."""


class StepFailedError(Exception):
    """A step of a rotation failed; Secrets Manager is to try it again."""


def handler(event: object, context: LambdaContext | None) -> dict[str, Any] | None:
    """Carry out a step of a rotation, or look at every secret with an issuer.

    An exception is raised without the frames that it passed: Lambda's runtime keeps what it gets,
    and a frame keeps the key.

    Raises:
        StepFailedError: the step is to be tried again.
        CertRotationError: the secrets cannot be listed, or a setting is wrong.
    """
    try:
        settings = _settings()
        renewer = _renewer(settings, context)
        if isinstance(event, dict) and STEP in event:
            _step(event, renewer, settings)
            return None
        return _look(renewer, settings)
    except (CertRotationError, StepFailedError) as error:
        raise without_frames(error) from None
    except Exception as bug:  # noqa: BLE001  it is raised again
        logger.exception("bug")
        raise without_frames(bug) from None
    except BaseException as bug:  # noqa: BLE001  as in rotate: a panic may quote what it worked on
        where = "".join(format_tb(bug.__traceback__))
        logger.error("bug", extra={"exception_name": type(bug).__name__, "exception": where})
        raise without_frames(bug) from None


def _settings() -> Settings:
    settings = Settings.from_env(os.environ)
    if not settings.issuers:
        raise SettingsError(f"{ISSUERS} is not set.", "Set issuers in the stack.")
    return settings


def _renewer(settings: Settings, context: LambdaContext | None) -> Renewer:
    arn = context.invoked_function_arn if context else None
    now = datetime.now(UTC)
    end = time.monotonic() + (
        context.get_remaining_time_in_millis() / 1_000 - MARGIN if context else WITHOUT_A_CONTEXT
    )
    return Renewer(
        issuing=compose_issuing(
            # Version and alias are left out: the rotation is set up with the function itself.
            settings,
            boto3.Session(),
            function_arn=":".join(arn.split(":")[:7]) if arn else None,
            stack=service(),
        ),
        policy=IssuingPolicy(
            prefix=settings.secret_prefix,
            issuers={each.name: each for each in settings.issuers},
            roots=public_roots(settings.public_roots_file),
            applies=settings.mode is Mode.APPLY,
        ),
        renewals=Renewals(windows=settings.windows, targets=settings.target_regions, now=now),
        patience=UntilDeadline(remaining=lambda: end - time.monotonic(), sleep=time.sleep),
        now=now,
    )


def _step(event: Mapping[str, Any], renewer: Renewer, settings: Settings) -> None:
    step, rotation = _rotation(event)
    steps: Mapping[str, Callable[[Rotation], Created | None]] = {
        "createSecret": renewer.create,
        # Distribution is rotate's, after AWSCURRENT has moved.
        "setSecret": lambda _: None,
        "testSecret": renewer.test,
        "finishSecret": renewer.finish,
    }
    if step not in steps:
        raise MessageMalformed(f"The step {step!r} is unknown.", "Correct the caller.")
    about = {"secret": rotation.secret_id, "step": step, "version": rotation.token}
    try:
        created = steps[step](rotation)
    except NotIssuedError as error:
        finding = error.finding
        logger.error(
            "issuance", extra={"issuance": about | {"status": "refused"} | _shown(finding)}
        )
        if error.is_new:
            _notify(settings, name_in(rotation.secret_id) or rotation.secret_id, cause_of(finding))
        said = str(error)
    except CertRotationError as error:
        said = str(error)
        logger.warning("issuance", extra={"issuance": about | {"status": "failed", "error": said}})
    else:
        shown: dict[str, Any] = {} if created is None else {"issued": created.issued.to_json()}
        if created is not None and created.left:
            shown["left_records"] = created.left
        logger.info("issuance", extra={"issuance": about | {"status": "done"} | shown})
        return
    raise StepFailedError(said)


def _rotation(event: Mapping[str, Any]) -> tuple[str, Rotation]:
    members = [event.get(each) for each in (STEP, "SecretId", "ClientRequestToken")]
    if not all(isinstance(each, str) and each for each in members):
        raise MessageMalformed(
            "The event is not one of a rotation by Secrets Manager.", "Correct the caller."
        )
    step, secret_id, token = map(str, members)
    more = event.get("RotationToken")
    return step, Rotation(secret_id, token, more if isinstance(more, str) and more else None)


def _look(renewer: Renewer, settings: Settings) -> dict[str, Any]:
    report: LookReport = Look(renewer=renewer).run()
    summary = report.summary()
    logger.info("issuances", extra={"issuances": summary})
    emit(report.metrics())
    interval = timedelta(minutes=LOOK_INTERVAL_MINUTES)
    for each in report.looked:
        if each.cause is not None and each.is_reminded(report.now, interval):
            _notify(settings, each.secret, each.cause)
    if is_digest_due(settings.digest, report.now, interval):
        notify(composition.composed(settings).account, lambda: _digest(settings, report))
    return summary


def _shown(finding: Finding) -> dict[str, Any]:
    return {"finding": finding.to_json()}


def _notify(settings: Settings, secret: str, cause: Cause) -> None:
    account = composition.composed(settings).account
    notify(account, lambda: _notice(settings, secret, cause))


def _notice(settings: Settings, secret: str, cause: Cause) -> Notice:
    """Make the mail; it is rare, and what it is made with would lengthen each cold start."""
    from certrotation.core.notify.issuance_notice import (  # noqa: PLC0415  see above
        issuance_notice,
    )

    return issuance_notice(service(), secret, cause, runbook_url=settings.runbook_url)


def _digest(settings: Settings, report: LookReport) -> Notice:
    """Make the mail of the week."""
    from certrotation.core.notify.issuance_digest import (  # noqa: PLC0415  as above
        issuance_digest,
    )

    return issuance_digest(service(), report, runbook_url=settings.runbook_url)
