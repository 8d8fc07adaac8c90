"""One code, several meanings: what each documented error comes to under each reading of it.

The codes are those that botocore's models document for the operations that the adapters call. Where
a code may mean several things, the adapter looks again, and its own tests play each reading.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import botocore.session
import pytest

from certrotation import errors
from certrotation.aws import acm, secret_writer, secrets, tag_index
from certrotation.aws.dependents.apigateway import adapter as apigateway
from certrotation.aws.dependents.cloudfront import adapter as cloudfront
from certrotation.aws.dependents.elb import adapter as elb
from certrotation.aws.dependents.elbv2 import adapter as elbv2
from certrotation.aws.errors import failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from certrotation.aws.errors import Meaning

Kind = type[errors.CertRotationError]


class Audited(NamedTuple):
    """The operations of a service that share their meanings, and what is no plain rejection."""

    service: str
    operations: tuple[str, ...]
    meanings: Sequence[Meaning]
    kinds: Mapping[str, Kind]
    """By code; every other documented code is `Rejected`, which a person acts on."""


AUDITED = (
    Audited(
        "elbv2",
        (
            "DescribeListeners",
            "DescribeListenerCertificates",
            "DescribeTags",
            "AddListenerCertificates",
            "ModifyListener",
        ),
        elbv2.MEANINGS,
        {
            "CertificateNotFound": errors.NotSeenYet,
            "IncompatibleProtocols": errors.DependentRefused,
            "InvalidConfigurationRequest": errors.DependentRefused,
            "ListenerNotFound": errors.Vanished,
            "LoadBalancerNotFound": errors.Vanished,
            "SSLPolicyNotFound": errors.DependentRefused,
            "TooManyCertificates": errors.DependentFull,
            "TrustStoreNotFound": errors.DependentRefused,
            "TrustStoreNotReady": errors.DependentBusy,
            "UnsupportedProtocol": errors.DependentRefused,
        },
    ),
    Audited(
        "elbv2",
        ("RemoveListenerCertificates",),
        elbv2.REMOVING,
        {"ListenerNotFound": errors.Vanished, "OperationNotPermitted": errors.NotYet},
    ),
    Audited(
        "elb",
        ("DescribeLoadBalancers", "DescribeTags", "SetLoadBalancerListenerSSLCertificate"),
        elb.MEANINGS,
        {
            "CertificateNotFound": errors.NotSeenYet,
            "DependencyThrottle": errors.Throttled,
            "InvalidConfigurationRequest": errors.DependentRefused,
            "ListenerNotFound": errors.Vanished,
            "LoadBalancerNotFound": errors.Vanished,
            "UnsupportedProtocol": errors.DependentRefused,
        },
    ),
    Audited(
        "cloudfront",
        ("GetDistribution", "ListTagsForResource", "UpdateDistribution"),
        cloudfront.MEANINGS,
        {
            "AccessDenied": errors.AccessDenied,
            "IllegalUpdate": errors.DependentRefused,
            "InvalidIfMatchVersion": errors.NotYet,
            "InvalidViewerCertificate": errors.DependentRefused,
            "NoSuchDistribution": errors.Vanished,
            "NoSuchResource": errors.Vanished,
            "PreconditionFailed": errors.NotYet,
            "TooManyCertificates": errors.DependentFull,
        },
    ),
    Audited(
        "apigateway",
        ("GetDomainName", "GetDomainNames"),
        apigateway.MEANINGS,
        {
            "NotFoundException": errors.Vanished,
            "TooManyRequestsException": errors.Throttled,
            "UnauthorizedException": errors.AccessDenied,
        },
    ),
    Audited(
        "apigateway",
        ("UpdateDomainName",),
        apigateway.UPDATING,
        {
            "BadRequestException": errors.DependentRefused,
            "ConflictException": errors.DependentBusy,
            "LimitExceededException": errors.DependentBusy,
            "NotFoundException": errors.Vanished,
            "TooManyRequestsException": errors.DependentBusy,
            "UnauthorizedException": errors.AccessDenied,
        },
    ),
    Audited(
        "acm",
        (
            "ListCertificates",
            "DescribeCertificate",
            "GetCertificate",
            "ListTagsForCertificate",
            "DeleteCertificate",
        ),
        acm.MEANINGS,
        {
            "AccessDeniedException": errors.AccessDenied,
            "ConflictException": errors.NotYet,
            "InvalidArnException": errors.Vanished,
            "RequestInProgressException": errors.NotYet,
            "ResourceInUseException": errors.InUse,
            "ResourceNotFoundException": errors.Vanished,
            "ThrottlingException": errors.Throttled,
        },
    ),
    Audited(
        "acm",
        ("ImportCertificate", "AddTagsToCertificate", "RemoveTagsFromCertificate"),
        acm.TAGGING,
        {
            "ConflictException": errors.NotYet,
            "InvalidArnException": errors.Vanished,
            "InvalidTagException": errors.TagsRefused,
            "LimitExceededException": errors.QuotaReached,
            "ResourceNotFoundException": errors.Vanished,
            "TagPolicyException": errors.TagsRefused,
            "ThrottlingException": errors.Throttled,
            "TooManyTagsException": errors.TagsFull,
        },
    ),
    Audited(
        "secretsmanager",
        ("ListSecrets", "DescribeSecret", "GetSecretValue", "ListSecretVersionIds"),
        secrets.MEANINGS,
        {
            "InternalServiceError": errors.Unreachable,
            "InvalidNextTokenException": errors.NotYet,
            "ResourceNotFoundException": errors.Vanished,
        },
    ),
    Audited(
        "secretsmanager",
        ("PutSecretValue", "UpdateSecretVersionStage"),
        (*secret_writer._PUT, *secret_writer._MOVE),
        {
            "InternalServiceError": errors.Unreachable,
            "LimitExceededException": errors.QuotaReached,
            "ResourceNotFoundException": errors.Vanished,
        },
    ),
    Audited(
        "resourcegroupstaggingapi",
        ("GetResources",),
        tag_index.MEANINGS,
        {
            "InternalServiceException": errors.Unreachable,
            "PaginationTokenExpiredException": errors.NotYet,
            "ThrottledException": errors.Throttled,
        },
    ),
)


@cache
def documented(service: str, operations: tuple[str, ...]) -> dict[str, str]:
    """Return the codes that botocore's model documents for these operations, with its words."""
    model = botocore.session.get_session().get_service_model(service)
    return {
        (shape.metadata.get("error") or {}).get("code") or shape.name: shape.documentation
        for operation in operations
        for shape in model.operation_model(operation).error_shapes
    }


def kind_of(code: str, words: str, meanings: Sequence[Meaning]) -> Kind:
    return type(failure(code, words, "a call", meanings))


def rows() -> Iterator[tuple[Audited, str]]:
    for audited in AUDITED:
        for code in sorted(documented(audited.service, audited.operations)):
            yield audited, code


@pytest.mark.parametrize(
    ("audited", "code"),
    [pytest.param(*each, id=f"{each[0].operations[-1]}-{each[1]}") for each in rows()],
)
def test_a_documented_code_means_what_was_decided(audited: Audited, code: str) -> None:
    expected = audited.kinds.get(code, errors.Rejected)

    assert kind_of(code, "AWS's words", audited.meanings) is expected


@pytest.mark.parametrize("audited", AUDITED, ids=lambda each: each.operations[-1])
def test_no_decision_is_about_a_code_that_is_not_documented(audited: Audited) -> None:
    assert audited.kinds.keys() <= documented(audited.service, audited.operations).keys()


PASSES = re.compile(
    r"in progress|in process|not active|being created|try again|wait for|temporar|maximum request"
    r" rate|expired|not fully available|error occurred on the server",
    re.IGNORECASE,
)
"""How AWS writes of what passes by itself."""

NOT_BY_ITSELF = {
    ("acm", "TooManyTagsException"): "trying again needs fewer tags, which rotate sends",
    ("acm", "ResourceInUseException"): "is transient",
}


@pytest.mark.parametrize(
    ("audited", "code"),
    [pytest.param(*each, id=f"{each[0].operations[-1]}-{each[1]}") for each in rows()],
)
def test_what_passes_by_itself_is_tried_again(audited: Audited, code: str) -> None:
    words = documented(audited.service, audited.operations)[code]
    if PASSES.search(words) and (audited.service, code) not in NOT_BY_ITSELF:
        assert issubclass(kind_of(code, words, audited.meanings), errors.TransientError)


@pytest.mark.parametrize(
    ("meanings", "code", "words", "kind"),
    [
        pytest.param(
            cloudfront.MEANINGS,
            "IllegalUpdate",
            "Only one viewer certificate change may be in progress at a time.",
            errors.DependentBusy,
            id="CloudFront deploys the last change",
        ),
        pytest.param(
            cloudfront.MEANINGS,
            "IllegalUpdate",
            "One or more fields updated are not supported for continuous deployment.",
            errors.DependentRefused,
            id="CloudFront never takes this change",
        ),
        pytest.param(
            cloudfront.MEANINGS,
            "InvalidViewerCertificate",
            "The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid,"
            " or doesn't include a valid certificate chain.",
            errors.NotSeenYet,
            id="a certificate that is minutes old, or one that CloudFront cannot use",
        ),
        pytest.param(
            cloudfront.MEANINGS,
            "InvalidViewerCertificate",
            "The certificate that is attached was not issued by a trusted Certificate Authority.",
            errors.DependentRefused,
            id="a certificate that CloudFront cannot use",
        ),
        pytest.param(
            acm.TAGGING,
            "ValidationException",
            "Value 'a*b' at 'tags.1.member.value' failed to satisfy constraint",
            errors.TagsRefused,
            id="a tag in the request",
        ),
        pytest.param(
            acm.MEANINGS,
            "ValidationException",
            "asn1: structure error: tags don't match",
            errors.Rejected,
            id="a tag of ASN.1 in the material",
        ),
        pytest.param(
            secrets.MEANINGS,
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was marked for deletion.",
            errors.SecretDeleted,
            id="a secret that is scheduled for deletion",
        ),
        pytest.param(
            secrets.MEANINGS,
            "InvalidRequestException",
            "The secret is managed by another service.",
            errors.Rejected,
            id="a secret in another state",
        ),
        pytest.param(
            elbv2.REMOVING,
            "CertificateNotFound",
            "Certificate 'arn' not found",
            errors.Vanished,
            id="the certificate to remove is not on the listener",
        ),
    ],
)
def test_a_code_with_several_meanings_is_told_apart_by_its_words_or_by_its_call(
    meanings: Sequence[Meaning], code: str, words: str, kind: Kind
) -> None:
    assert kind_of(code, words, meanings) is kind


def test_a_key_that_cannot_be_used_is_told_as_that() -> None:
    words = "Secrets Manager can't decrypt the protected secret text using the provided KMS key."

    assert "KMS key" in failure("DecryptionFailure", words, "it", secrets.MEANINGS).remedy
