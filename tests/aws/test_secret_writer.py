"""Versions and labels of secrets are written, by who may."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

import certrotation
from certrotation import composition
from certrotation.aws.secret_writer import SecretsManagerWriter
from certrotation.aws.secrets import ManagedSecrets
from certrotation.core.material.secret_value import SecretValue
from certrotation.errors import AccessDenied, NotYet, QuotaReached, Rejected, Throttled, Vanished
from tests.aws.samples import answering, raising
from tests.simulation.estate import HOME, PREFIX, client

if TYPE_CHECKING:
    from collections.abc import Callable

    from certrotation.workflows.ports import SecretWriter
    from tests.double import EmbeddedAws

SHOP = PREFIX + "shop"
NEW = "11111111-2222-4333-8444-555555555555"
CURRENT, PREVIOUS, PENDING = "AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"
VALUE = SecretValue(version=NEW, text="new")


@pytest.fixture
def writer(aws: EmbeddedAws) -> SecretWriter:
    del aws
    return SecretsManagerWriter(client("secretsmanager", HOME))


@pytest.fixture
def first(aws: EmbeddedAws) -> str:
    """The version of a secret that has only one."""
    del aws
    made = client("secretsmanager", HOME).create_secret(Name=SHOP, SecretString="first")
    return str(made["VersionId"])


def labels() -> dict[str, set[str]]:
    described = client("secretsmanager", HOME).describe_secret(SecretId=SHOP)
    return {version: set(found) for version, found in described["VersionIdsToStages"].items()}


def current() -> SecretValue:
    return ManagedSecrets(client("secretsmanager", HOME), PREFIX).current_value(SHOP)


def test_a_version_becomes_current_and_the_one_before_it_previous(
    writer: SecretWriter, first: str
) -> None:
    writer.put_version(SHOP, VALUE)

    assert current() == VALUE
    assert labels() == {first: {PREVIOUS}, NEW: {CURRENT}}


@pytest.mark.usefixtures("aws")
def test_a_secret_is_created_with_its_tags_and_the_version_that_was_chosen() -> None:
    api = client("secretsmanager", HOME)
    SecretsManagerWriter(api).create(SHOP, VALUE, {"team": "web"})

    assert current() == VALUE
    assert labels() == {NEW: {CURRENT}}
    assert ManagedSecrets(api, PREFIX).describe(SHOP).tags == {"team": "web"}


def test_a_secret_that_exists_is_not_created_again(writer: SecretWriter, first: str) -> None:
    with raising(Rejected, "secretsmanager:CreateSecret", SHOP, HOME):
        writer.create(SHOP, VALUE, {})
    assert labels() == {first: {CURRENT}}


def test_tags_are_added_and_overwritten(writer: SecretWriter, first: str) -> None:
    del first
    writer.add_tags(SHOP, {"team": "web", "env": "test"})
    writer.add_tags(SHOP, {"env": "prod"})

    described = ManagedSecrets(client("secretsmanager", HOME), PREFIX).describe(SHOP)
    assert described.tags == {"team": "web", "env": "prod"}


def test_a_version_may_be_bytes(writer: SecretWriter, first: str) -> None:
    del first
    value = SecretValue(version=NEW, binary=b"\x30\x82")
    writer.put_version(SHOP, value)
    assert current() == value


def test_a_version_with_labels_gets_these_and_leaves_the_current_one(
    writer: SecretWriter, first: str
) -> None:
    writer.put_version(SHOP, VALUE, [PENDING])
    assert labels() == {first: {CURRENT}, NEW: {PENDING}}


def test_the_same_version_again_changes_nothing(writer: SecretWriter, first: str) -> None:
    writer.put_version(SHOP, VALUE)
    writer.put_version(SHOP, VALUE)
    assert labels() == {first: {PREVIOUS}, NEW: {CURRENT}}


def test_a_version_never_changes_its_value(writer: SecretWriter, first: str) -> None:
    del first
    writer.put_version(SHOP, VALUE)
    with raising(Rejected, "secretsmanager:PutSecretValue", SHOP, HOME):
        writer.put_version(SHOP, SecretValue(version=NEW, text="another"))
    assert current() == VALUE


def test_a_value_that_is_too_large_is_rejected_and_not_quoted(
    writer: SecretWriter, first: str
) -> None:
    del first
    with pytest.raises(Rejected) as caught:
        writer.put_version(SHOP, SecretValue(version=NEW, text="k3y" * 30_000))
    assert "k3y" not in str(caught.value)


def test_a_label_moves_and_previous_follows_current(writer: SecretWriter, first: str) -> None:
    writer.put_version(SHOP, VALUE)
    writer.move_label(SHOP, CURRENT, from_version=NEW, to_version=first)
    assert labels() == {first: {CURRENT}, NEW: {PREVIOUS}}


def test_a_pending_version_is_made_current_and_its_label_taken_off(
    writer: SecretWriter, first: str
) -> None:
    writer.put_version(SHOP, VALUE, [PENDING])
    writer.move_label(SHOP, CURRENT, from_version=first, to_version=NEW)
    writer.move_label(SHOP, PENDING, from_version=NEW, to_version=None)
    assert labels() == {first: {PREVIOUS}, NEW: {CURRENT}}


def test_a_label_that_no_version_has_is_put_on_one(writer: SecretWriter, first: str) -> None:
    writer.move_label(SHOP, "NOTE", from_version=None, to_version=first)
    assert labels() == {first: {CURRENT, "NOTE"}}


@pytest.mark.parametrize("claimed", [None, NEW])
def test_a_label_that_another_version_has_meanwhile_stays(
    writer: SecretWriter, first: str, claimed: str | None
) -> None:
    writer.put_version(SHOP, VALUE, [PENDING])
    with raising(NotYet, CURRENT, SHOP, first):
        writer.move_label(SHOP, CURRENT, from_version=claimed, to_version=NEW)
    assert labels()[first] == {CURRENT}


def test_a_label_does_not_move_to_a_version_that_is_not_there(
    writer: SecretWriter, first: str
) -> None:
    with raising(Rejected, CURRENT, SHOP, NEW):
        writer.move_label(SHOP, CURRENT, from_version=first, to_version=NEW)


def test_versions_are_listed_over_several_pages_with_their_labels(
    writer: SecretWriter, first: str, aws: EmbeddedAws
) -> None:
    aws.behaviour.page_size = 1
    for number in range(3):
        writer.put_version(SHOP, SecretValue(version=f"{number}" * 32, text=f"{number}"))

    found = {each.version: each.labels for each in writer.versions(SHOP)}

    assert found == {
        first: frozenset(),
        "0" * 32: frozenset(),
        "1" * 32: {PREVIOUS},
        "2" * 32: {CURRENT},
    }
    assert all(each.created_at is not None for each in writer.versions(SHOP))


@pytest.mark.usefixtures("aws")
def test_what_a_list_of_versions_leaves_out_is_none() -> None:
    api = boto3.client("secretsmanager", region_name=HOME)
    with Stubber(api) as stub:
        stub.add_response("list_secret_version_ids", {"Versions": [{"VersionId": NEW}, {}]})
        (found,) = SecretsManagerWriter(api).versions(SHOP)
    assert (found.version, found.labels, found.created_at) == (NEW, frozenset(), None)


def test_a_secret_that_is_gone_has_vanished(writer: SecretWriter) -> None:
    asking: list[Callable[[], object]] = [
        lambda: writer.versions(SHOP),
        lambda: writer.put_version(SHOP, VALUE),
        lambda: writer.add_tags(SHOP, {"team": "web"}),
        lambda: writer.move_label(SHOP, CURRENT, from_version=None, to_version=NEW),
    ]
    for ask in asking:
        with raising(Vanished, SHOP, HOME):
            ask()


@pytest.mark.parametrize("operation", ["PutSecretValue", "UpdateSecretVersionStage"])
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AccessDeniedException", AccessDenied),
        ("EncryptionFailure", Rejected),
        ("LimitExceededException", QuotaReached),
        ("ThrottlingException", Throttled),
    ],
)
def test_a_write_that_fails_says_why(
    *,
    writer: SecretWriter,
    first: str,
    aws: EmbeddedAws,
    operation: str,
    code: str,
    kind: type[Any],
) -> None:
    with (
        answering(aws, operation, code),
        raising(kind, f"secretsmanager:{operation}", SHOP, HOME),
    ):
        if operation == "PutSecretValue":
            writer.put_version(SHOP, VALUE)
        else:
            writer.move_label(SHOP, CURRENT, from_version=first, to_version=first)


# Who may


def test_the_composition_hands_a_writer_to_who_asks_for_it(first: str) -> None:
    (found,) = composition.secret_writer(boto3.Session(), HOME).versions(SHOP)
    assert found.version == first


def test_the_secrets_that_the_functions_get_cannot_be_written() -> None:
    writing = {"create", "add_tags", "put_version", "move_label"}
    assert writing.isdisjoint(dir(ManagedSecrets))


def test_no_part_of_the_functions_imports_the_writer() -> None:
    package = Path(certrotation.__file__).parent
    importing = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "certrotation.aws.secret_writer"
    }
    assert importing == {"aws/issuing_secrets.py", "composition.py"}
    handlers = [path.read_text(encoding="utf-8") for path in (package / "handlers").glob("*.py")]
    assert not any("secret_writer" in text for text in handlers)
