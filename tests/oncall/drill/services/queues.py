"""SQS: the queue between the functions, and those that a person empties."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.oncall.drill.answers import RefusalError
from tests.oncall.drill.letters import Letter
from tests.support.model_queue import VISIBILITY, Message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.oncall.drill.answers import Answer, Params
    from tests.oncall.drill.stage import Stage

ROTATIONS, GIVEN_UP = "RotationQueue", "RotationDeadLetters"
_EMPTIED = ("ScanFailures", "ScheduleDeadLetters", "NewMaterialDeadLetters", GIVEN_UP)
_USUAL_VISIBILITY = 30


def _queue(stage: Stage, params: Params) -> str:
    """Return a queue by the output that tells its URL."""
    for output in (ROTATIONS, *_EMPTIED):
        if params["QueueUrl"] == stage.witness.url(output):
            return output
    code = "AWS.SimpleQueueService.NonExistentQueue"
    raise RefusalError(code, "The specified queue does not exist.")


def _letters(stage: Stage, queue: str) -> list[Letter]:
    """Return what lies in a queue that a person empties."""
    if queue != GIVEN_UP:
        return stage.witness.letters[queue]
    kept: list[Letter] = stage.notes.setdefault(GIVEN_UP, [])
    given_up = stage.world.functions.queue.given_up
    while given_up:
        message = given_up.pop(0)
        at = datetime.fromtimestamp(message.sent_at, UTC)
        kept.append(Letter(body=message.body, at=at, handle=str(uuid.uuid4()), received=5))
    return kept


def _settle(stage: Stage, queue: str) -> None:
    """Let CloudWatch know how many are left."""
    number = len(_letters(stage, queue))
    if queue == GIVEN_UP:
        stage.world.functions.queue.dead_letters = number
    stage.witness.failed_into(queue, stage.world.now, number)


def _send(stage: Stage, params: Params) -> dict[str, Any]:
    queue, body, now = _queue(stage, params), params["MessageBody"], stage.world.now
    there = stage.world.functions.queue
    if queue == ROTATIONS:
        there.sent += 1
        at = now.timestamp() + params.get("DelaySeconds", 0)
        there.messages[str(there.sent)] = Message(body=body, sent_at=now.timestamp(), visible_at=at)
        stage.world.functions.plan_poll()
    else:
        _letters(stage, queue).append(Letter(body=body, at=now, handle=str(uuid.uuid4())))
        _settle(stage, queue)
    digest = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
    return {"MessageId": str(uuid.uuid4()), "MD5OfMessageBody": digest}


def _receive(stage: Stage, params: Params) -> dict[str, Any]:
    queue, most = _queue(stage, params), params.get("MaxNumberOfMessages", 1)
    if queue == ROTATIONS:
        return _receive_rotations(stage, most)
    now = stage.world.now.timestamp()
    found = [each for each in _letters(stage, queue) if each.visible_at <= now][:most]
    for each in found:
        each.visible_at = now + params.get("VisibilityTimeout", _USUAL_VISIBILITY)
        each.received += 1
    _settle(stage, queue)
    return {"Messages": [_shown(each, params) for each in found]} if found else {}


def _shown(letter: Letter, params: Params) -> dict[str, Any]:
    message: dict[str, Any] = {
        "MessageId": letter.handle,
        "ReceiptHandle": letter.handle,
        "MD5OfBody": hashlib.md5(letter.body.encode(), usedforsecurity=False).hexdigest(),
        "Body": letter.body,
    }
    if params.get("MessageAttributeNames") and letter.attributes:
        message["MessageAttributes"] = {
            name: {"StringValue": value, "DataType": "String"}
            for name, value in letter.attributes.items()
        }
    if params.get("AttributeNames") or params.get("MessageSystemAttributeNames"):
        message["Attributes"] = {
            "SentTimestamp": str(int(1000 * letter.at.timestamp())),
            "ApproximateReceiveCount": str(letter.received),
        }
    return message


def _receive_rotations(stage: Stage, most: int) -> dict[str, Any]:
    there = stage.world.functions.queue
    found: list[dict[str, Any]] = []
    while len(found) < most and (got := there.receive()):
        handle, message = got
        found.append({"MessageId": handle, "ReceiptHandle": handle, "Body": message.body})
    stage.world.functions.plan_poll()
    return {"Messages": found} if found else {}


def _delete(stage: Stage, params: Params) -> dict[str, Any]:
    queue, handle = _queue(stage, params), params["ReceiptHandle"]
    if queue == ROTATIONS:
        stage.world.functions.queue.messages.pop(handle, None)
        return {}
    letters = _letters(stage, queue)
    letters[:] = [each for each in letters if each.handle != handle]
    _settle(stage, queue)
    return {}


def _purge(stage: Stage, params: Params) -> dict[str, Any]:
    queue = _queue(stage, params)
    if queue == ROTATIONS:
        stage.world.functions.queue.messages.clear()
        return {}
    _letters(stage, queue).clear()
    _settle(stage, queue)
    return {}


def _attributes(stage: Stage, params: Params) -> dict[str, Any]:
    queue, now = _queue(stage, params), stage.world.now.timestamp()
    found = {"QueueArn": stage.names.arn(stage.names.behind(queue))}
    found |= _counts(stage, queue, now)
    found["VisibilityTimeout"] = str(
        int(VISIBILITY.total_seconds()) if queue == ROTATIONS else _USUAL_VISIBILITY
    )
    asked = params.get("AttributeNames", ())
    shown = found if "All" in asked else {key: e for key, e in found.items() if key in asked}
    return {"Attributes": shown}


def _counts(stage: Stage, queue: str, now: float) -> dict[str, str]:
    if queue != ROTATIONS:
        letters = _letters(stage, queue)
        hidden = sum(each.visible_at > now for each in letters)
        return _told(len(letters) - hidden, hidden, 0)
    messages = stage.world.functions.queue.messages.values()
    hidden = sum(each.visible_at > now and each.received > 0 for each in messages)
    delayed = sum(each.visible_at > now and each.received == 0 for each in messages)
    return _told(len(messages) - hidden - delayed, hidden, delayed)


def _told(visible: int, hidden: int, delayed: int) -> dict[str, str]:
    return {
        "ApproximateNumberOfMessages": str(visible),
        "ApproximateNumberOfMessagesNotVisible": str(hidden),
        "ApproximateNumberOfMessagesDelayed": str(delayed),
    }


def _list(stage: Stage, params: Params) -> dict[str, Any]:
    urls = [stage.witness.url(each) for each in (ROTATIONS, *_EMPTIED)]
    prefix = params.get("QueueNamePrefix", "")
    return {"QueueUrls": [e for e in urls if e.rpartition("/")[2].startswith(prefix)]}


ANSWERS: Mapping[str, Answer] = {
    "DeleteMessage": _delete,
    "GetQueueAttributes": _attributes,
    "ListQueues": _list,
    "PurgeQueue": _purge,
    "ReceiveMessage": _receive,
    "SendMessage": _send,
}
