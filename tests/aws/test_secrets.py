"""The managed secrets of the home Region."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import time_machine
from botocore.stub import Stubber

from certrotation.aws.secrets import ManagedSecrets
from certrotation.errors import (
    AccessDenied,
    Rejected,
    SecretDeleted,
    Throttled,
    Unreachable,
    Vanished,
)
from tests.aws.samples import answering, raising
from tests.simulation.estate import HOME, PREFIX, client

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.double import EmbeddedAws

SHOP = PREFIX + "shop"


@pytest.fixture
def secrets(aws: EmbeddedAws) -> ManagedSecrets:
    del aws
    return ManagedSecrets(client("secretsmanager", HOME), PREFIX)


def created(name: str, **parameters: Any) -> Any:
    given = {"SecretString": "{}", **parameters}
    return client("secretsmanager", HOME).create_secret(Name=name, **given)


def put(name: str, value: str, *stages: str) -> str:
    more = {"VersionStages": list(stages)} if stages else {}
    answer = client("secretsmanager", HOME).put_secret_value(
        SecretId=name, SecretString=value, **more
    )
    return str(answer["VersionId"])


def test_secrets_are_listed_over_several_pages_by_the_prefix_alone(
    secrets: ManagedSecrets, aws: EmbeddedAws
) -> None:
    names = {f"{PREFIX}{each}" for each in range(5)}
    for name in (*names, "other/shop", "x-certrotation/shop", "certrotation-2/shop"):
        created(name)
    assert {each.name for each in secrets.list_managed()} == names
    assert aws.calls_of("secretsmanager", "ListSecrets")[0].params["MaxResults"] == 100
    assert not aws.calls_of("secretsmanager", "GetSecretValue")


@pytest.mark.usefixtures("aws")
def test_a_filter_that_finds_more_than_the_prefix_changes_nothing() -> None:
    api = boto3.client("secretsmanager", region_name=HOME)
    entries = [
        {"Name": name, "ARN": "a" * 20, "SecretVersionsToStages": {}}
        for name in ("my certrotation/shop", SHOP)
    ]
    with Stubber(api) as stub:
        stub.add_response("list_secrets", {"SecretList": entries})
        assert [each.name for each in ManagedSecrets(api, PREFIX).list_managed()] == [SHOP]


def test_what_a_secret_is_listed_and_described_with(secrets: ManagedSecrets) -> None:
    answer = created(SHOP, Tags=[{"Key": "team", "Value": "shop"}])
    (listed,) = secrets.list_managed()
    assert listed.name == SHOP
    assert listed.arn == answer["ARN"]
    assert listed.current_version == answer["VersionId"]
    assert listed.tags == {"team": "shop"}
    assert listed.last_changed is not None
    assert abs(datetime.now(UTC) - listed.last_changed) < timedelta(minutes=1)
    assert secrets.describe(SHOP) == secrets.describe(answer["ARN"]) == listed


def test_the_current_version_is_the_one_labelled_so(secrets: ManagedSecrets) -> None:
    created(SHOP)
    pending = put(SHOP, "pending", "AWSPENDING")
    current = put(SHOP, "current")
    (listed,) = secrets.list_managed()
    assert listed.current_version == secrets.describe(SHOP).current_version == current
    assert pending != current


def test_a_secret_that_never_had_a_value_has_no_version(secrets: ManagedSecrets) -> None:
    client("secretsmanager", HOME).create_secret(Name=SHOP)
    (listed,) = secrets.list_managed()
    assert listed.current_version is None
    with pytest.raises(Vanished, match="Write a value to the secret"):
        secrets.current_value(SHOP)


def test_a_secret_that_is_being_deleted_is_not_listed_and_is_rejected(
    secrets: ManagedSecrets,
) -> None:
    created(SHOP)
    client("secretsmanager", HOME).delete_secret(SecretId=SHOP)
    assert secrets.list_managed() == []
    with raising(SecretDeleted, SHOP, "is scheduled for deletion"):
        secrets.describe(SHOP)
    with raising(Rejected, SHOP):
        secrets.current_value(SHOP)


def test_the_current_value_is_text_or_bytes_with_its_version(secrets: ManagedSecrets) -> None:
    version = created(SHOP, SecretString="text")["VersionId"]
    value = secrets.current_value(SHOP)
    assert (value.version, value.text, value.binary) == (version, "text", None)
    client("secretsmanager", HOME).put_secret_value(SecretId=SHOP, SecretBinary=b"\x30\x82")
    value = secrets.current_value(SHOP)
    assert (value.text, value.binary) == (None, b"\x30\x82")
    assert value.version != version


def test_a_rollback_reads_the_former_value(secrets: ManagedSecrets) -> None:
    first = created(SHOP, SecretString="first")["VersionId"]
    second = put(SHOP, "second")
    client("secretsmanager", HOME).update_secret_version_stage(
        SecretId=SHOP,
        VersionStage="AWSCURRENT",
        MoveToVersionId=first,
        RemoveFromVersionId=second,
    )
    value = secrets.current_value(SHOP)
    assert (value.version, value.text) == (first, "first")


def test_a_version_is_newer_by_its_creation_over_several_pages(secrets: ManagedSecrets) -> None:
    start = datetime.now(UTC)
    with time_machine.travel(start, tick=False) as clock:
        versions = [str(created(SHOP)["VersionId"])]
        for each in range(5):
            clock.shift(timedelta(hours=1))
            versions.append(put(SHOP, str(each)))
    assert secrets.is_newer(SHOP, versions[5], versions[0])
    assert secrets.is_newer(SHOP, versions[2], versions[1])  # neither has a label any more
    assert not secrets.is_newer(SHOP, versions[0], versions[5])
    assert not secrets.is_newer(SHOP, versions[3], versions[3])


def test_a_version_that_is_gone_is_not_newer(secrets: ManagedSecrets) -> None:
    version = created(SHOP)["VersionId"]
    gone = "00000000-0000-4000-8000-000000000000"
    assert not secrets.is_newer(SHOP, gone, version)
    assert not secrets.is_newer(SHOP, version, gone)


def test_a_secret_that_is_gone_has_vanished(secrets: ManagedSecrets) -> None:
    asking: list[Callable[[], object]] = [
        lambda: secrets.describe(SHOP),
        lambda: secrets.current_value(SHOP),
        lambda: secrets.is_newer(SHOP, "a" * 32, "b" * 32),
    ]
    for ask in asking:
        with raising(Vanished, SHOP, HOME):
            ask()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AccessDeniedException", AccessDenied),
        ("DecryptionFailure", Rejected),
        ("ThrottlingException", Throttled),
        ("InternalServiceError", Unreachable),
    ],
)
def test_a_value_that_cannot_be_read_says_why(
    secrets: ManagedSecrets, aws: EmbeddedAws, code: str, kind: type[Any]
) -> None:
    created(SHOP)
    with answering(aws, "GetSecretValue", code), raising(kind, "GetSecretValue", SHOP, HOME):
        secrets.current_value(SHOP)


def test_a_failed_list_raises_and_is_never_taken_for_an_empty_one(
    secrets: ManagedSecrets, aws: EmbeddedAws
) -> None:
    for each in range(3):
        created(f"{PREFIX}{each}")
    aws.behaviour.denied.add(("secretsmanager", "ListSecrets", None))
    with raising(AccessDenied, "secretsmanager:ListSecrets", HOME):
        secrets.list_managed()
