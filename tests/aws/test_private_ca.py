"""AWS Private CA's adapter: its words in ours, answers with members left out, and its requests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from cryptography import x509

from certrotation.aws.private_ca import UNKNOWN_POLLS, NoZones, PrivateCa
from certrotation.core.issuance.signing_request import signing_request
from certrotation.errors import (
    CaLimits,
    CaRefuses,
    CertRotationError,
    NotYet,
    OrderGone,
    Throttled,
    Unreachable,
)
from certrotation.names.issuers import PrivateCaIssuer
from certrotation.workflows.issuing_ports import OrderedCertificate
from certrotation.workflows.patience import UntilDeadline
from tests.support.authority import Authority, now, shared_key

if TYPE_CHECKING:
    from tests.double import EmbeddedAws
    from tests.double.world import PrivateCa as Played
    from tests.support.authorities import Authorities

CSR = signing_request(["www.example.com"], shared_key("p256"), has_common_name=True)
WANTED = OrderedCertificate(names=("www.example.com",), profile=None, replaces=None)


class Pauses:
    """Counts the pauses, and ends the time after so many."""

    def __init__(self, most: int = 100) -> None:
        self.taken: list[float] = []
        self._most = most

    def patience(self) -> UntilDeadline:
        return UntilDeadline(
            remaining=lambda: float((self._most - len(self.taken)) * 10), sleep=self.taken.append
        )


@pytest.fixture
def played(aws: EmbeddedAws, authorities: Authorities) -> Played:
    return aws.private_ca(authorities.private)


def adapter(played: Played, **settings: Any) -> PrivateCa:
    issuer = PrivateCaIssuer(name="inside", arn=played.arn, allow=(), **settings)
    once = Config(retries={"total_max_attempts": 1})
    client = boto3.client("acm-pca", config=once)
    return PrivateCa(issuer, client, lambda: datetime.now(UTC))


def obtain(ca: PrivateCa, pauses: Pauses | None = None) -> str:
    patience = (pauses or Pauses()).patience()
    reference = ca.order(WANTED)
    assert ca.proofs(reference) == ()
    ca.validate(reference, patience)
    return ca.collect(ca.submit(reference, CSR), CSR, patience)


def raising(aws: EmbeddedAws, operation: str, code: str, message: str = "AWS's words") -> Any:
    def before(call: Any) -> None:
        if call.operation == operation:
            raise aws.error(code, operation, message)

    return aws.before(before)


def test_a_certificate_comes_with_its_chain_after_as_many_pauses_as_the_ca_needs(
    played: Played, authorities: Authorities
) -> None:
    pauses = Pauses()
    chain = x509.load_pem_x509_certificates(obtain(adapter(played), pauses).encode())
    (leaf,) = played.certificates.values()
    assert chain == [
        leaf,
        authorities.private.certificate,
        authorities.private_root.certificate,
    ]
    assert pauses.taken == [1.0, 1.0]


def test_the_time_of_the_function_ends_the_waiting_and_not_the_issuance(played: Played) -> None:
    ca = adapter(played)
    played.polls = 5
    reference = ca.submit(ca.order(WANTED), CSR)
    with pytest.raises(NotYet, match="time is up"):
        ca.collect(reference, CSR, Pauses(2).patience())
    assert ca.submit(reference, CSR) == reference
    assert ca.collect(reference, CSR, Pauses().patience())
    assert len(played.certificates) == 1


def test_the_same_request_within_five_minutes_is_one_certificate(
    played: Played, aws: EmbeddedAws
) -> None:
    first, second = (each.submit(played.arn, CSR) for each in (adapter(played), adapter(played)))
    assert first == second
    other = signing_request(["www.example.org"], shared_key("p256"), has_common_name=True)
    assert adapter(played).submit(played.arn, other) != first
    sent = [each.params for each in aws.calls_of("acm-pca", "IssueCertificate")]
    assert sent[0] == sent[1]
    assert len(sent[0]["IdempotencyToken"]) == 32


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        ("rsa2048", "SHA256WITHRSA"),
        ("p256", "SHA256WITHECDSA"),
        ("p384", "SHA384WITHECDSA"),
        ("p521", "SHA512WITHECDSA"),
    ],
)
def test_the_algorithm_is_that_of_the_cas_key(aws: EmbeddedAws, key: str, algorithm: str) -> None:
    played = aws.private_ca(Authority.root(key=shared_key(key)))
    assert obtain(adapter(played))
    (sent,) = aws.calls_of("acm-pca", "IssueCertificate")
    assert sent.params["SigningAlgorithm"] == algorithm


def test_the_request_names_template_and_days(played: Played, aws: EmbeddedAws) -> None:
    obtain(adapter(played, template="EndEntityCertificate/V1", days=90))
    (sent,) = aws.calls_of("acm-pca", "IssueCertificate")
    assert sent.params["TemplateArn"] == "arn:aws:acm-pca:::template/EndEntityCertificate/V1"
    assert sent.params["Validity"] == {"Type": "DAYS", "Value": 90}


def test_no_window_is_suggested(played: Played) -> None:
    assert adapter(played).renewal_window("a.b") is None


def test_an_order_of_another_ca_is_gone(played: Played) -> None:
    for reference in ("https://ca.example/order/1", f"{played.arn[:-1]}x/certificate/1"):
        with pytest.raises(OrderGone):
            adapter(played).proofs(reference)


@pytest.mark.parametrize(
    ("code", "kind", "remedy"),
    [
        ("InvalidStateException", CaRefuses, "Make the CA ACTIVE"),
        ("InvalidArnException", CaRefuses, "Correct arn"),
        ("ResourceNotFoundException", CaRefuses, "Correct arn"),
        ("InvalidArgsException", CaRefuses, "Correct template or days"),
        ("MalformedCSRException", CaRefuses, "Correct the names"),
        ("ValidationException", CaRefuses, "no certificate may end after its CA"),
        ("AccessDeniedException", CaRefuses, "a service control policy"),
        ("LimitExceededException", CaLimits, "Ask for a higher quota"),
        ("ThrottlingException", Throttled, "tried again"),
        ("InternalServerException", CertRotationError, ""),
        ("ServiceUnavailable", Unreachable, "tried again"),
    ],
)
def test_a_refused_issuance_has_awss_own_sentence(
    played: Played, aws: EmbeddedAws, code: str, kind: type[CertRotationError], remedy: str
) -> None:
    ca = adapter(played)
    reference = ca.order(WANTED)
    with raising(aws, "IssueCertificate", code), pytest.raises(kind) as caught:
        ca.submit(reference, CSR)
    assert "AWS's words" in caught.value.found
    assert remedy in caught.value.remedy
    assert not getattr(caught.value, "is_issued", False)


@pytest.mark.parametrize(
    ("code", "kind", "is_issued"),
    [
        ("AccessDeniedException", CaRefuses, True),
        ("InvalidStateException", CaRefuses, True),
        ("RequestFailedException", CaRefuses, False),
        ("ResourceNotFoundException", OrderGone, False),
        ("ThrottlingException", Throttled, False),
    ],
)
def test_a_certificate_that_is_not_returned_is_kept_where_it_may_still_be_had(
    played: Played,
    aws: EmbeddedAws,
    code: str,
    kind: type[CertRotationError],
    is_issued: object,
) -> None:
    ca, pauses = adapter(played), Pauses()
    reference = ca.submit(ca.order(WANTED), CSR)
    with raising(aws, "GetCertificate", code), pytest.raises(kind) as caught:
        ca.collect(reference, CSR, pauses.patience())
    assert getattr(caught.value, "is_issued", False) is is_issued
    assert len(pauses.taken) == (UNKNOWN_POLLS if kind is OrderGone else 0)


def test_a_ca_that_lags_knows_its_certificate_a_moment_later(
    played: Played, aws: EmbeddedAws
) -> None:
    ca, pauses = adapter(played), Pauses()
    reference = ca.submit(ca.order(WANTED), CSR)
    lagging = raising(aws, "GetCertificate", "ResourceNotFoundException")

    def sleep(seconds: float) -> None:
        pauses.taken.append(seconds)
        if len(pauses.taken) == 3:
            lagging()

    patience = UntilDeadline(remaining=lambda: 60, sleep=sleep)
    assert ca.collect(reference, CSR, patience).startswith("-----BEGIN CERTIFICATE-----")


def without(aws: EmbeddedAws, operation: str, *path: str) -> Any:
    def change(_: Any, call: Any, answer: Any) -> None:
        if call.operation == operation:
            parent = answer
            for each in path[:-1]:
                parent = parent.get(each, {})
            parent.pop(path[-1], None)

    return aws.changing(change)


@pytest.mark.parametrize(
    "path",
    [
        ("CertificateAuthority",),
        ("CertificateAuthority", "Status"),
        ("CertificateAuthority", "NotAfter"),
        ("CertificateAuthority", "UsageMode"),
        ("CertificateAuthority", "CertificateAuthorityConfiguration"),
        ("CertificateAuthority", "CertificateAuthorityConfiguration", "KeyAlgorithm"),
    ],
)
def test_whatever_the_description_leaves_out_a_certificate_is_issued(
    played: Played, aws: EmbeddedAws, path: tuple[str, ...]
) -> None:
    with without(aws, "DescribeCertificateAuthority", *path):
        assert obtain(adapter(played))
    assert len(played.certificates) == 1


@pytest.mark.parametrize(
    ("operation", "member"),
    [("IssueCertificate", "CertificateArn"), ("GetCertificate", "Certificate")],
)
def test_an_answer_without_what_was_asked_for_is_no_answer(
    played: Played, aws: EmbeddedAws, operation: str, member: str
) -> None:
    with without(aws, operation, member), pytest.raises(Unreachable, match=f"without {member}"):
        obtain(adapter(played))


def test_a_certificate_without_a_chain_is_returned_alone(played: Played, aws: EmbeddedAws) -> None:
    with without(aws, "GetCertificate", "CertificateChain"):
        chain = x509.load_pem_x509_certificates(obtain(adapter(played)).encode())
    assert chain == list(played.certificates.values())


def test_a_ca_that_is_being_created_is_asked_again(played: Played) -> None:
    played.status = "CREATING"
    with pytest.raises(NotYet, match="is CREATING"):
        adapter(played).order(WANTED)


def test_a_state_that_is_not_known_is_left_to_aws(played: Played) -> None:
    played.status = "RESTING"
    ca = adapter(played)
    reference = ca.order(WANTED)
    with pytest.raises(CaRefuses, match="InvalidStateException"):
        ca.submit(reference, CSR)


@pytest.mark.parametrize("key", ["ML_DSA_65", "SM2"])
def test_a_key_without_a_known_algorithm_is_refused(
    played: Played, aws: EmbeddedAws, key: str
) -> None:
    def change(_: Any, call: Any, answer: Any) -> None:
        if call.operation == "DescribeCertificateAuthority":
            configuration = answer["CertificateAuthority"]["CertificateAuthorityConfiguration"]
            configuration["KeyAlgorithm"] = key

    with aws.changing(change), pytest.raises(CaRefuses, match=f"is of the type {key}"):
        obtain(adapter(played))


def test_a_renewal_that_would_gain_nothing_is_refused(aws: EmbeddedAws) -> None:
    end = now() + timedelta(days=20)
    played = aws.private_ca(Authority.root(not_after=end))
    for left, is_gained in ((timedelta(days=19), True), (timedelta(days=20), False)):
        wanted = WANTED._replace(outlives=now() + left)
        if is_gained:
            assert adapter(played).order(wanted) == played.arn
        else:
            with pytest.raises(CaRefuses, match="nothing would be gained"):
                adapter(played).order(wanted)


def test_a_ca_whose_end_has_passed_is_refused_although_it_is_called_active(
    aws: EmbeddedAws,
) -> None:
    played = aws.private_ca(Authority.root(not_after=now() - timedelta(days=1)))
    with pytest.raises(CaRefuses, match="ends at"):
        adapter(played).order(WANTED)


def test_an_issuer_that_validates_nothing_has_no_zones() -> None:
    zones = NoZones()
    assert zones.places_of(()) == ()
    zones.place((), Pauses().patience())
    zones.remove(())
