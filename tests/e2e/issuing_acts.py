"""The acts in which a CA is asked: the deployed issue function, under its deployed role."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cryptography import x509

from certrotation.core.material.host_names import names_of
from certrotation.names import tags
from tests.acme.local_ca import ISSUER, NAMES, SECRET
from tests.e2e import rotation_acts
from tests.e2e.deployed import wait_for
from tests.e2e.places import HOME, PREFIX, REGIONS
from tests.simulation.estate import client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.e2e.run import Run

_OTHERS_NAME = "shop.example"
_LEFT_OUT = (
    "Left out: this machine has no Pebble, so the stack has no issuers (make pebble downloads it)."
)


def first_certificate(run: Run) -> None:
    """A team tags a secret; nobody does anything else."""
    if run.ca is None:
        run.tell.say(_LEFT_OUT)
        return
    asked = {"names": list(NAMES)}
    run.account.estate.secret(SECRET, {"request": asked}, {"certrotation:issuer": ISSUER})  # type: ignore[dict-item]  # a request is no text
    run.tell.expect(
        "the look begins a rotation of the tagged secret",
        holds=_look(run) == {PREFIX + SECRET: "started"},
    )
    failures = _rotate(run)
    run.tell.say(f"The rotation's four steps failed with: {failures or 'nothing'}")
    run.tell.expect("Secrets Manager's four steps succeed", holds=not failures)
    token = _labels().get("AWSCURRENT", "")
    _announce(run, token)
    waited = wait_for("fresh live", lambda: _live(run) is not None)
    run.tell.say(f"Live in three Regions {waited:.1f} seconds after the label moved.")
    _expect_live(run)
    run.tell.expect("the next look finds nothing to do", holds=_look(run) == {})


def _expect_live(run: Run) -> None:
    leaf, value = _live(run), _value()
    assert run.ca is not None
    run.tell.expect(
        "the real ACME server's certificate is presented by a copy in each of three Regions",
        holds=leaf is not None
        and names_of(leaf) == set(NAMES)
        and "Pebble" in leaf.issuer.rfc4514_string()
        and leaf == x509.load_pem_x509_certificate(value["certificate"].encode()),
    )
    run.tell.expect(
        "one certificate was issued, by an account in a secret of the stack",
        holds=run.ca.server.issued() == 1 and run.ca.server.accounts() == 1,
    )
    run.tell.expect(
        "no record, no note and nothing pending is left",
        holds="TXT" not in run.ca.records() and _labels().keys() <= {"AWSCURRENT", "AWSPREVIOUS"},
    )


def refused_and_released(run: Run) -> None:
    """A team asks for another team's name, and a secret loses its tag."""
    if run.ca is None:
        run.tell.say(_LEFT_OUT)
        return
    orders = run.ca.server.orders()
    value: Any = {"request": {"names": [_OTHERS_NAME]}}
    run.account.estate.secret("greedy", value, {"certrotation:issuer": ISSUER})
    states = _look(run)
    letters = [each for each in run.stack.await_mail("not issued") if "not" in each["Subject"]]
    run.tell.expect(
        "another team's name is refused, by mail, and the CA is not asked",
        holds=states == {f"{PREFIX}greedy": "refused"}
        and f"does not allow {_OTHERS_NAME}" in letters[0]["Message"]
        and run.ca.server.orders() == orders,
    )
    run.account.estate.untag_secret("greedy", "issuer")
    run.account.estate.untag_secret(SECRET, "issuer")
    states = _look(run)
    described = client("secretsmanager", HOME).describe_secret(SecretId=PREFIX + SECRET)
    run.tell.expect(
        "a secret that lost its tag is not rotated any more",
        holds=states == {PREFIX + SECRET: "released"} and not described["RotationEnabled"],
    )


def _look(run: Run) -> dict[str, str]:
    """Have the deployed function look, and return the state of each secret that has one."""
    answer = _invoke(run, {})
    return {each["secret"]: each["state"] for each in answer["secrets"]}


def _rotate(run: Run) -> list[str]:
    """Run every rotation that was begun, as Secrets Manager does; returns what was raised.

    ministack's RotateSecret is a stub: the double drives the steps.
    """
    return [
        failure
        for rotation in run.account.aws.rotations(HOME)
        for failure in rotation.run(lambda event: _invoke(run, event))
    ]


def _invoke(run: Run, event: Mapping[str, str]) -> Any:
    """Invoke the deployed function.

    Raises:
        RuntimeError: it failed; the message is the function's.
    """
    answer = run.cloud.client("lambda").invoke(
        FunctionName=run.stack.outputs["IssueFunction"], Payload=json.dumps(event)
    )
    payload = json.loads(answer["Payload"].read() or b"null")
    if "FunctionError" in answer:
        raise RuntimeError(payload["errorMessage"])
    return payload


def _announce(run: Run, version: str) -> None:
    """Let ministack send the event that the double does not: AWSCURRENT has moved."""
    run.cloud.client("secretsmanager").put_secret_value(
        SecretId=PREFIX + SECRET,
        SecretString=rotation_acts.PLACEHOLDER,
        ClientRequestToken=version,
    )


def _live(run: Run) -> x509.Certificate | None:
    """Return what every Region presents for the secret, or None if that is not one certificate."""
    estate = run.account.estate
    found = [
        estate.presents(arn)
        for region in REGIONS
        for arn in estate.certificates(region)
        if estate.tags(arn).get(tags.SECRET) == PREFIX + SECRET
    ]
    return found[0] if len(found) == len(REGIONS) and len(set(found)) == 1 else None


def _labels() -> dict[str, str]:
    """Return the version of each label of the secret."""
    described = client("secretsmanager", HOME).describe_secret(SecretId=PREFIX + SECRET)
    return {
        label: version
        for version, labels in described["VersionIdsToStages"].items()
        for label in labels
    }


def _value() -> dict[str, Any]:
    got = client("secretsmanager", HOME).get_secret_value(
        SecretId=PREFIX + SECRET, VersionId=_labels()["AWSCURRENT"]
    )
    return dict(json.loads(got["SecretString"]))
