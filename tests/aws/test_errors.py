"""AWS's error codes, and what botocore raises by itself, in our terms."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

import pytest
from botocore import exceptions as botocore
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from botocore.retries.standard import ThrottledRetryableChecker

from certrotation import errors
from certrotation.aws import acm, queue, secrets, tag_index, topic
from certrotation.aws.dependents.cloudfront import adapter as cloudfront
from certrotation.aws.dependents.elbv2 import adapter as elbv2
from certrotation.aws.errors import translated
from certrotation.errors import CertRotationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    from certrotation.aws.errors import Meaning

KEY = "-----BEGIN PRIVATE KEY-----\nMIGHAgEA"

COMMON: dict[type[CertRotationError], tuple[str, ...]] = {
    errors.AccessDenied: (
        "AccessDenied",
        "AccessDeniedException",
        "NotAuthorized",
        "UnauthorizedOperation",
    ),
    errors.Throttled: (
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    ),
    errors.Unreachable: (
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServiceError",
        "InternalServiceException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "OptInRequired",
        "RequestAbortedException",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SignatureDoesNotMatch",
        "SubscriptionRequiredException",
        "UnrecognizedClientException",
    ),
    errors.Vanished: ("ResourceNotFoundException",),
    errors.Rejected: (
        "InvalidParameterException",
        "InvalidRequestException",
        "ValidationException",
        "SomethingNobodyKnows",
    ),
}
OF_SERVICE: dict[ModuleType, dict[type[CertRotationError], tuple[str, ...]]] = {
    acm: {
        errors.NotYet: ("ConflictException", "RequestInProgressException"),
        errors.Vanished: ("InvalidArnException",),
        errors.QuotaReached: ("LimitExceededException",),
        errors.InUse: ("ResourceInUseException",),
    },
    secrets: {
        errors.QuotaReached: ("LimitExceededException",),
        errors.Rejected: ("DecryptionFailure", "EncryptionFailure"),
        errors.NotYet: ("InvalidNextTokenException",),
    },
    tag_index: {errors.NotYet: ("PaginationTokenExpiredException",)},
    topic: {
        errors.AccessDenied: ("AuthorizationError", "KMSAccessDenied"),
        errors.Throttled: ("KMSThrottling", "Throttled"),
    },
    queue: {
        errors.AccessDenied: ("KmsAccessDenied",),
        errors.Throttled: ("KmsThrottled",),
        errors.Vanished: (
            "AWS.SimpleQueueService.MessageNotInflight",
            "MessageNotInflight",
            "ReceiptHandleIsInvalid",
        ),
    },
    elbv2: {
        errors.Vanished: ("ListenerNotFound", "LoadBalancerNotFound"),
        errors.NotSeenYet: ("CertificateNotFound",),
        errors.DependentFull: ("TooManyCertificates",),
        errors.DependentBusy: ("TrustStoreNotReady",),
        errors.DependentRefused: (
            "IncompatibleProtocols",
            "InvalidConfigurationRequest",
            "SSLPolicyNotFound",
            "TrustStoreNotFound",
            "UnsupportedCertificate",
            "UnsupportedProtocol",
        ),
    },
    cloudfront: {
        errors.NotYet: ("InvalidIfMatchVersion", "PreconditionFailed"),
        errors.Vanished: ("NoSuchDistribution", "NoSuchResource"),
        errors.DependentFull: ("TooManyCertificates",),
        errors.DependentRefused: ("IllegalUpdate", "InvalidViewerCertificate"),
    },
}


def answer(code: str, message: str = "AWS's words", status: int = 400) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "ImportCertificate")


def ours(error: Exception, meanings: Sequence[Meaning] = ()) -> CertRotationError:
    translating = translated("acm:ImportCertificate", "it", meanings)
    with pytest.raises(CertRotationError) as caught, translating:
        raise error
    return caught.value


def reachable_from(error: BaseException) -> Iterator[BaseException]:
    yield error
    for each in (error.__context__, error.__cause__):
        if each is not None:
            yield from reachable_from(each)


@pytest.mark.parametrize(
    ("code", "kind"), [(code, kind) for kind, codes in COMMON.items() for code in codes]
)
def test_a_common_code_means_the_same_for_every_service(
    code: str, kind: type[CertRotationError]
) -> None:
    assert type(ours(answer(code))) is kind
    for service in OF_SERVICE:
        assert type(ours(answer(code), service.MEANINGS)) is kind


@pytest.mark.parametrize(
    ("service", "code", "kind"),
    [
        (service, code, kind)
        for service, kinds in OF_SERVICE.items()
        for kind, codes in kinds.items()
        for code in codes
    ],
)
def test_a_services_own_code_means_what_its_adapter_says(
    service: ModuleType, code: str, kind: type[CertRotationError]
) -> None:
    assert type(ours(answer(code), service.MEANINGS)) is kind


@pytest.mark.parametrize("service", OF_SERVICE)
def test_every_code_that_an_adapter_gives_a_meaning_stands_here(service: ModuleType) -> None:
    by_code = {code for each in service.MEANINGS if each.words is None for code in each.codes}
    assert by_code == {code for codes in OF_SERVICE[service].values() for code in codes}


def test_a_code_of_one_service_says_nothing_about_another() -> None:
    denied = answer("OperationNotPermitted")
    assert isinstance(ours(denied, elbv2.REMOVING), errors.NotYet)
    assert isinstance(ours(denied, cloudfront.MEANINGS), errors.Rejected)


def test_every_code_that_botocore_takes_for_throttling_is_so_here_but_a_quota() -> None:
    known = set(vars(ThrottledRetryableChecker)["_THROTTLED_ERROR_CODES"])
    assert known - set(COMMON[errors.Throttled]) == {"LimitExceededException"}


@pytest.mark.parametrize("status", [500, 502, 503, 599])
def test_a_server_error_is_transient_whatever_its_code(status: int) -> None:
    error = ours(answer("SomethingNobodyKnows", status=status))
    assert isinstance(error, errors.Unreachable)
    assert f"answers {status}: SomethingNobodyKnows: AWS's words." in str(error)
    silent = ours(answer("SomethingNobodyKnows", "", status=status))
    assert f"answers {status}: SomethingNobodyKnows." in str(silent)


def test_a_known_code_counts_more_than_the_status() -> None:
    assert isinstance(ours(answer("Throttling", status=503)), errors.Throttled)


@pytest.mark.parametrize("code", ["InvalidParameterException", "ValidationException"])
def test_a_refusal_that_speaks_of_tags_is_about_the_tags(code: str) -> None:
    words = "Value 'a*b' at 'tags.1.member.value' failed to satisfy constraint"
    assert isinstance(ours(answer(code, words), acm.TAGGING), errors.TagsRefused)
    expired = answer(code, "The certificate has expired.")
    assert isinstance(ours(expired, acm.TAGGING), errors.Rejected)


def test_an_expired_receipt_handle_is_a_message_that_is_gone() -> None:
    words = "Value abc for parameter ReceiptHandle is invalid. The receipt handle has expired."
    code = "InvalidParameterValue"
    assert isinstance(ours(answer(code, words), queue.MEANINGS), errors.Vanished)
    assert isinstance(ours(answer(code, "Too long."), queue.MEANINGS), errors.Rejected)


@pytest.mark.parametrize(
    "error",
    [
        botocore.EndpointConnectionError(endpoint_url="https://acm"),
        botocore.ConnectTimeoutError(endpoint_url="https://acm"),
        botocore.ReadTimeoutError(endpoint_url="https://acm"),
        botocore.ConnectionClosedError(endpoint_url="https://acm"),
        botocore.SSLError(endpoint_url="https://acm", error=OSError("bad")),
        botocore.NoCredentialsError(),
        botocore.CredentialRetrievalError(provider="env", error_msg="none"),
        ResponseParserError("Unable to parse response: <html>"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_answer_is_transient(error: Exception) -> None:
    found = ours(error)
    assert isinstance(found, errors.Unreachable)
    assert type(error).__name__ in found.found
    assert "<html>" not in found.found


def test_a_message_names_the_call_its_subject_and_awss_words() -> None:
    with pytest.raises(errors.Rejected) as caught, translated("acm:GetCertificate", "arn:x"):
        raise answer("ValidationException", "The certificate has expired.")
    assert str(caught.value) == (
        "REQUEST_REJECTED: acm:GetCertificate for arn:x answers ValidationException: The"
        " certificate has expired. Correct what AWS complains of."
    )


def test_a_region_that_is_not_enabled_is_told_as_that() -> None:
    assert "enable the Region" in ours(answer("UnrecognizedClientException")).remedy


@pytest.mark.parametrize(
    "error",
    [
        answer("ValidationException", f"Value '{KEY}' at 'privateKey' is too long"),
        botocore.ParamValidationError(report=f"Invalid type for PrivateKey, value: {KEY}"),
        botocore.HTTPClientError(error=OSError(KEY)),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_error_leads_to_a_private_key(error: Exception) -> None:
    found = ours(error)
    for each in reachable_from(found):
        assert "PRIVATE KEY" not in f"{each} {vars(each)}"
    assert "PRIVATE KEY" not in "".join(traceback.format_exception(found))


def test_parameters_that_the_model_forbids_are_rejected() -> None:
    assert isinstance(ours(botocore.ParamValidationError(report="x")), errors.Rejected)


def test_what_is_not_botocores_passes_through() -> None:
    with pytest.raises(KeyError), translated("acm:GetCertificate", "it"):
        raise KeyError("ours")


@pytest.mark.parametrize("error", [{}, {"Code": "AccessDenied"}, {"Code": "x", "Message": None}])
def test_an_error_without_words_is_an_error_all_the_same(error: dict[str, Any]) -> None:
    response: Any = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}
    assert "acm:ImportCertificate for it answers" in ours(ClientError(response, "x")).found
