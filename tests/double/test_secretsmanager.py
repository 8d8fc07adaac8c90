"""Secrets Manager: versions, staging labels and lists."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from tests.double.refusals import refused

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from tests.double import EmbeddedAws

    Secrets = SecretsManagerClient

pytestmark = pytest.mark.slow

NAME = "certrotation/www"


def create(secrets: Secrets, value: str = "one", **parameters: Any) -> str:
    return secrets.create_secret(Name=NAME, SecretString=value, **parameters)["VersionId"]


def put(secrets: Secrets, value: str, *stages: str) -> str:
    given: dict[str, Any] = {"VersionStages": list(stages)} if stages else {}
    return secrets.put_secret_value(SecretId=NAME, SecretString=value, **given)["VersionId"]


def stages(secrets: Secrets) -> dict[str, list[str]]:
    return secrets.describe_secret(SecretId=NAME)["VersionIdsToStages"]


def move_current(secrets: Secrets, source: str, target: str) -> None:
    secrets.update_secret_version_stage(
        SecretId=NAME,
        VersionStage="AWSCURRENT",
        RemoveFromVersionId=source,
        MoveToVersionId=target,
    )


def test_a_put_moves_awscurrent_and_leaves_awsprevious(secrets: Secrets) -> None:
    one = create(secrets)
    two = put(secrets, "two")
    three = put(secrets, "three")
    assert stages(secrets) == {one: [], two: ["AWSPREVIOUS"], three: ["AWSCURRENT"]}
    assert secrets.get_secret_value(SecretId=NAME)["SecretString"] == "three"


def test_a_moved_awscurrent_is_what_is_read_where_moto_reads_the_old_version(
    secrets: Secrets,
) -> None:
    one = create(secrets)
    two = put(secrets, "two", "AWSPENDING")
    assert secrets.get_secret_value(SecretId=NAME)["VersionId"] == one
    move_current(secrets, one, two)
    assert secrets.get_secret_value(SecretId=NAME)["VersionId"] == two
    assert stages(secrets) == {one: ["AWSPREVIOUS"], two: ["AWSPENDING", "AWSCURRENT"]}


def test_a_put_after_a_move_leaves_one_awscurrent_where_moto_leaves_two(secrets: Secrets) -> None:
    one = create(secrets)
    two = put(secrets, "two", "AWSPENDING")
    move_current(secrets, one, two)
    three = put(secrets, "three")
    assert stages(secrets) == {one: [], two: ["AWSPENDING", "AWSPREVIOUS"], three: ["AWSCURRENT"]}


def test_a_rollback_swaps_awscurrent_and_awsprevious(secrets: Secrets) -> None:
    one = create(secrets)
    two = put(secrets, "two")
    move_current(secrets, two, one)
    assert stages(secrets) == {one: ["AWSCURRENT"], two: ["AWSPREVIOUS"]}
    assert secrets.get_secret_value(SecretId=NAME)["SecretString"] == "one"


def test_a_custom_label_stays_with_its_version_where_moto_loses_it(secrets: Secrets) -> None:
    one = create(secrets)
    secrets.update_secret_version_stage(SecretId=NAME, VersionStage="approved", MoveToVersionId=one)
    put(secrets, "two")
    assert stages(secrets)[one] == ["approved", "AWSPREVIOUS"]
    secrets.update_secret_version_stage(
        SecretId=NAME, VersionStage="approved", RemoveFromVersionId=one
    )
    assert stages(secrets)[one] == ["AWSPREVIOUS"]


def test_a_label_moves_only_from_the_version_that_has_it(secrets: Secrets) -> None:
    one = create(secrets)
    two = put(secrets, "two")
    with refused("InvalidParameterException", "RemoveFromVersionId"):
        secrets.update_secret_version_stage(
            SecretId=NAME, VersionStage="AWSCURRENT", MoveToVersionId=one
        )
    with refused("InvalidParameterException", "RemoveFromVersionId"):
        move_current(secrets, one, one)
    with refused("InvalidParameterException"):
        move_current(secrets, two, "0" * 32)
    with refused("InvalidParameterException"):
        secrets.update_secret_version_stage(
            SecretId=NAME, VersionStage="AWSCURRENT", RemoveFromVersionId=two
        )


def test_a_token_stands_for_one_content_where_moto_overwrites_a_pending_one(
    secrets: Secrets,
) -> None:
    create(secrets)
    token = "0" * 32
    given: Any = {"SecretId": NAME, "ClientRequestToken": token, "VersionStages": ["AWSPENDING"]}
    secrets.put_secret_value(**given, SecretString="two")
    secrets.put_secret_value(**given, SecretString="two")
    with refused("ResourceExistsException"):
        secrets.put_secret_value(**given, SecretString="three")
    found = secrets.get_secret_value(SecretId=NAME, VersionStage="AWSPENDING")
    assert found["SecretString"] == "two"


@pytest.mark.parametrize("member", ["SecretString", "SecretBinary"])
def test_a_value_has_at_most_65536_bytes_where_moto_has_no_limit(
    secrets: Secrets, member: str
) -> None:
    create(secrets)
    fits: Any = {member: b"x" * 65_536 if member == "SecretBinary" else "x" * 65_536}
    too_long: Any = {member: fits[member] + fits[member][:1]}
    secrets.put_secret_value(SecretId=NAME, **fits)
    found: Any = secrets.get_secret_value(SecretId=NAME)
    assert found[member] == fits[member]
    for change in (secrets.put_secret_value, secrets.update_secret):
        with refused("ValidationException", "65536"):
            change(SecretId=NAME, **too_long)
    with refused("ValidationException", "65536"):
        secrets.create_secret(Name="other", **too_long)


def test_lists_page_filter_by_prefix_and_tell_each_versions_labels(
    aws: EmbeddedAws, secrets: Secrets
) -> None:
    for name in ("certrotation/a", "certrotation/b", "certrotation/c", "other/certrotation/"):
        secrets.create_secret(Name=name, SecretString="one")
    aws.behaviour.page_size = 2
    filters: Any = [{"Key": "name", "Values": ["certrotation/"]}]
    first = secrets.list_secrets(Filters=filters)
    assert len(first["SecretList"]) == 2
    pages = secrets.get_paginator("list_secrets").paginate(Filters=filters)
    found = [each for page in pages for each in page["SecretList"]]
    assert [each["Name"] for each in found] == [f"certrotation/{letter}" for letter in "abc"]
    assert list(found[0]["SecretVersionsToStages"].values()) == [["AWSCURRENT"]]


def test_a_deleted_secret_is_hidden_and_not_read(secrets: Secrets) -> None:
    create(secrets)
    secrets.delete_secret(SecretId=NAME)
    assert secrets.list_secrets()["SecretList"] == []
    assert len(secrets.list_secrets(IncludePlannedDeletion=True)["SecretList"]) == 1
    with refused("InvalidRequestException"):
        secrets.get_secret_value(SecretId=NAME)
    with refused("InvalidRequestException"):
        put(secrets, "two")
    with refused("ResourceNotFoundException"):
        secrets.list_secret_version_ids(SecretId="certrotation/none")


def test_every_change_moves_last_changed_date_where_moto_ignores_labels_and_tags(
    secrets: Secrets,
) -> None:
    one = create(secrets)
    start = datetime.now(UTC).replace(microsecond=0)

    def changed() -> datetime:
        return secrets.list_secrets()["SecretList"][0]["LastChangedDate"]

    with time_machine.travel(start + timedelta(hours=1), tick=False):
        two = put(secrets, "two")
        assert changed() == start + timedelta(hours=1)
    with time_machine.travel(start + timedelta(hours=2), tick=False):
        move_current(secrets, two, one)
        assert changed() == start + timedelta(hours=2)
    with time_machine.travel(start + timedelta(hours=3), tick=False):
        secrets.tag_resource(SecretId=NAME, Tags=[{"Key": "a", "Value": "1"}])
        assert changed() == start + timedelta(hours=3)


def test_version_ids_come_with_their_own_dates_where_moto_says_now(
    aws: EmbeddedAws, secrets: Secrets
) -> None:
    start = datetime.now(UTC).replace(microsecond=0)
    with time_machine.travel(start - timedelta(days=1), tick=False):
        one = create(secrets)
    two, three = put(secrets, "two"), put(secrets, "three")
    versions = secrets.list_secret_version_ids(SecretId=NAME)["Versions"]
    assert [each["VersionId"] for each in versions] == [two, three]
    aws.behaviour.page_size = 2
    first = secrets.list_secret_version_ids(SecretId=NAME, IncludeDeprecated=True)
    assert first["NextToken"]
    assert first["Versions"][0]["VersionId"] == one
    assert first["Versions"][0]["CreatedDate"] == start - timedelta(days=1)
