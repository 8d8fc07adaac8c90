"""The act about what the deployed rules take: documented events, held against their patterns.

Nobody but AWS may put an event of an `aws.` source on a bus, here as there, so they are not sent.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.e2e.places import ACCOUNT, HOME, PREFIX, STACK

if TYPE_CHECKING:
    from tests.e2e.run import Run

CERTIFICATE = f"arn:aws:acm:{HOME}:{ACCOUNT}:certificate/61f50cd4-45b9-4259-b049-d0a53682fa4b"
SECRET = f"arn:aws:secretsmanager:{HOME}:{ACCOUNT}:secret:"


def compare(run: Run) -> None:
    """Hold documented events against the pattern of the rule that is for them."""
    for source, kind, resource, detail, is_taken in _events():
        event = {
            "version": "0",
            "id": "9c95e8e4-96a4-ef3f-b739-b6aa5b193afb",
            "detail-type": kind,
            "source": source,
            "account": ACCOUNT,
            "time": "2026-11-25T12:00:00Z",
            "region": HOME,
            "resources": [resource],
            "detail": detail,
        }
        answer = run.cloud.client("events").test_event_pattern(
            EventPattern=_pattern(run, source), Event=json.dumps(event)
        )
        told = ", ".join(f"{key} {value}" for key, value in detail.items())
        run.tell.expect(
            f"{'taken' if is_taken else 'left'}: {kind}, {told}",
            holds=answer["Result"] is is_taken,
        )


def _events() -> list[tuple[str, str, str, dict[str, Any], bool]]:
    """Source, detail type, resource, what is told, and whether a rule is to take it.

    ACM User Guide, Amazon EventBridge support for ACM; Secrets Manager User Guide, Secret Label
    Updated.
    """
    available = "ACM Certificate Available"
    actions = {"IMPORT": True, "REIMPORT": True, "ISSUANCE": False, "RENEWAL": False}
    labels = {
        (f"{PREFIX}news", "AWSCURRENT"): True,
        (f"{PREFIX}news", "blue"): False,
        ("other/news", "AWSCURRENT"): False,
    }
    return [
        (
            "aws.acm",
            "ACM Certificate Approaching Expiration",
            CERTIFICATE,
            {"DaysToExpiry": 31, "CommonName": "shop.example.com"},
            True,
        ),
        *(
            ("aws.acm", available, CERTIFICATE, {"Action": action, "InUse": True}, is_taken)
            for action, is_taken in actions.items()
        ),
        *(
            (
                "aws.secretsmanager",
                "Secret Label Updated",
                SECRET + name,
                {"name": name, "labelUpdated": label, "versionId": "v2"},
                is_taken,
            )
            for (name, label), is_taken in labels.items()
        ),
    ]


def _pattern(run: Run, source: str) -> str:
    """Return the pattern of the stack's rule for a source."""
    rules = run.cloud.client("events").list_rules(NamePrefix=STACK)["Rules"]
    (found,) = [
        each["EventPattern"]
        for each in rules
        if json.loads(each["EventPattern"])["source"] == [source]
    ]
    return str(found)
