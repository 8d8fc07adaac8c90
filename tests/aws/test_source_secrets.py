"""Secrets of other accounts: what is asked, what AWS's denials mean, what an answer may lack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from certrotation.aws.source_secrets import SourceSecrets
from certrotation.errors import (
    CertRotationError,
    Rejected,
    SourceDenied,
    SourceGone,
    SourceMalformed,
    Throttled,
    Unreachable,
)
from tests.simulation.central import Central
from tests.simulation.estate import client

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.double import EmbeddedAws

ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shared/identity-based-AbCdEf"
USER = "User: arn:aws:sts::123456789012:assumed-role/x/x is not authorized to perform: "
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1"


class Answering:
    """A client of Secrets Manager whose every answer is the same."""

    def __init__(self, answer: Callable[[], Any]) -> None:
        self._answer = answer

    def describe_secret(self, **_: str) -> Any:
        return self._answer()

    def get_secret_value(self, **_: str) -> Any:
        return self._answer()


def sources(answer: Callable[[], Any]) -> SourceSecrets:
    return SourceSecrets(lambda _: Answering(answer))


@pytest.mark.parametrize(
    ("code", "message", "kind", "remedy"),
    [
        (
            "AccessDeniedException",
            (
                f"{USER}secretsmanager:DescribeSecret on resource: {ARN} because no identity-based"
                " policy allows the secretsmanager:DescribeSecret action"
            ),
            SourceDenied,
            "The policy of the role denies it.",
        ),
        (
            "AccessDeniedException",
            (
                f"{USER}secretsmanager:DescribeSecret on resource: {ARN} with an explicit deny in"
                " an identity-based policy"
            ),
            SourceDenied,
            "The policy of the role denies it.",
        ),
        (
            "AccessDeniedException",
            (
                f"{USER}secretsmanager:DescribeSecret on resource: {ARN} because no resource-based"
                " policy allows the secretsmanager:DescribeSecret action"
            ),
            SourceDenied,
            "The resource policy of the source denies it.",
        ),
        (
            "AccessDeniedException",
            f"{USER}secretsmanager:DescribeSecret on resource: {ARN}",
            SourceDenied,
            "Inferred: the resource policy of the source denies it",
        ),
        (
            "AccessDeniedException",
            (
                f"{USER}secretsmanager:DescribeSecret on resource: {ARN} with an explicit deny in a"
                " service control policy: arn:aws:organizations::1:policy/o-1/p-1"
            ),
            SourceDenied,
            "Another policy than the three",
        ),
        (
            "AccessDeniedException",
            f"{USER}secretsmanager:DescribeSecret because no permissions boundary allows it",
            SourceDenied,
            "Another policy than the three",
        ),
        (
            "AccessDeniedException",
            "Access to KMS is not allowed",
            SourceDenied,
            "Inferred: the policy of the source's KMS key denies it",
        ),
        (
            "AccessDeniedException",
            (
                f"{USER}kms:Decrypt on resource: {KEY} because no identity-based policy allows the"
                " kms:Decrypt action"
            ),
            SourceDenied,
            "The policy of the role denies the KMS key",
        ),
        (
            "AccessDeniedException",
            (
                f"{USER}kms:Decrypt on resource: {KEY} because no resource-based policy allows the"
                " kms:Decrypt action"
            ),
            SourceDenied,
            "The policy of the source's KMS key denies it.",
        ),
        (
            "InvalidRequestException",
            (
                "You can't access a secret from a different AWS account if you encrypt the secret"
                " with the default KMS service key."
            ),
            SourceDenied,
            "The source is encrypted with the key aws/secretsmanager",
        ),
        (
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was marked for deletion.",
            SourceGone,
            "Restore the source",
        ),
        (
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret.",
            SourceGone,
            "Restore the source",
        ),
        ("DecryptionFailure", "The key is disabled.", Rejected, "Enable the KMS key"),
        ("ThrottlingException", "Rate exceeded", Throttled, "It is tried again"),
        ("InternalServiceError", "", Unreachable, "It is tried again"),
    ],
)
def test_what_aws_answers_says_which_policy_denies(
    aws: EmbeddedAws, code: str, message: str, kind: type[CertRotationError], remedy: str
) -> None:
    def fail() -> Any:
        raise aws.error(code, "AnyOperation", message)

    for call in (sources(fail).describe, sources(fail).current_value):
        with pytest.raises(kind) as caught:
            call(ARN)
        assert caught.value.remedy.startswith(remedy)
        assert ARN in caught.value.found
        assert message.rstrip(".") in caught.value.found


def test_a_source_is_described_and_read_in_the_region_of_its_arn(aws: EmbeddedAws) -> None:
    central = Central(aws, region="ap-south-1")
    arn = central.secret("shop", {"a": "b"})
    asked: list[str] = []

    def clients(region: str) -> Any:
        asked.append(region)
        return client("secretsmanager", region)

    found = SourceSecrets(clients)

    described = found.describe(arn)
    value = found.current_value(arn)
    assert (described.name, described.arn) == ("shared/shop", arn)
    assert value.version == described.current_version
    assert value.text == '{"a": "b"}'
    assert set(asked) == {"ap-south-1"}


def test_a_source_that_is_scheduled_for_deletion_is_gone(aws: EmbeddedAws) -> None:
    central = Central(aws)
    arn = central.secret("shop", {"a": "b"})
    central.delete(arn)

    with pytest.raises(SourceGone, match="scheduled for deletion"):
        SourceSecrets(lambda region: client("secretsmanager", region)).describe(arn)


def test_a_partial_arn_that_aws_completes_is_refused_with_the_full_one() -> None:
    with pytest.raises(SourceMalformed, match=f"the full ARN is {ARN}-AbCdEf"):
        sources(lambda: {"ARN": f"{ARN}-AbCdEf"}).describe(ARN)


def test_a_description_may_lack_every_member() -> None:
    found = sources(dict).describe(ARN)

    assert (found.name, found.arn) == ("shared/identity-based", ARN)
    assert (found.current_version, found.last_changed) == (None, None)


def test_a_value_without_a_version_is_read_again() -> None:
    with pytest.raises(Unreachable, match="without VersionId"):
        sources(lambda: {"SecretString": "{}"}).current_value(ARN)
