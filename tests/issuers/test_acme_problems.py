"""What a CA's problems come to: who acts, when it is asked again, and in whose words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from certrotation.core.issuance.signing_request import signing_request
from certrotation.errors import (
    CaLimits,
    CaRefuses,
    CertRotationError,
    NotValidated,
    NotYet,
    OrderGone,
    Unreachable,
)
from certrotation.issuers.account import (
    AcmeAccount,
    account_document,
    new_account_key,
    read_account,
)
from certrotation.issuers.acme_errors import PROBLEMS, Problem, kind_of, sentence_of
from certrotation.workflows.issuing_ports import OrderedCertificate
from certrotation.workflows.patience import UntilDeadline
from tests.issuers.ca_network import (
    CA,
    DIRECTORY,
    ERROR,
    Answer,
    ca,
    located,
    problem,
)

if TYPE_CHECKING:
    from certrotation.issuers.acme import AcmeCa

HOUR = timedelta(hours=1)
WANTED = OrderedCertificate(names=("a.example",), profile=None, replaces="aki.serial")
ORDER = f"{CA}/order/1"
REQUEST = signing_request(WANTED.names, new_account_key())


@pytest.mark.parametrize(
    ("problem_", "expected"),
    [
        (problem("rateLimited", 429, "3600"), CaLimits),
        (problem("", 429, "3600"), CaLimits),
        (problem("orderNotReady", 403), NotYet),
        (problem("", 503, "3600"), Unreachable),
        (problem("rejectedIdentifier"), CaRefuses),
        (problem("userActionRequired", 403), CaRefuses),
        (problem("caa", 403), CaRefuses),
        (problem("dns", 400), NotValidated),
        (problem("", 404), OrderGone),
    ],
)
def test_each_problem_has_its_error_with_the_cas_own_sentence(
    problem_: Answer, expected: type[CertRotationError]
) -> None:
    issuer, network = ca(problem_)
    with pytest.raises(expected, match="Because") as caught:
        issuer.order(WANTED)
    assert len(network.sent) == 1
    if problem_.headers:
        assert getattr(caught.value, "retry_after", None) == HOUR


def test_a_request_is_sent_again_with_other_nonces_but_not_forever() -> None:
    bad = problem("badNonce")
    issuer, network = ca(*[bad] * 11, located(ORDER))
    assert issuer.order(WANTED) == ORDER
    assert len(network.sent) == 12

    issuer, network = ca(*[bad] * 12)
    with pytest.raises(NotYet, match="ca answers badNonce to order: Because"):
        issuer.order(WANTED)


def test_a_date_says_how_long_to_wait_as_well() -> None:
    for wait, expected in (
        (format_datetime(datetime.now(UTC) + HOUR, usegmt=True), HOUR),
        ("Thu, 01 Jan 2026 00:00:00 GMT", timedelta()),
        ("9" * 40, timedelta(days=30)),
    ):
        with pytest.raises(CaLimits) as caught:
            ca(problem("rateLimited", 429, wait))[0].order(WANTED)
        assert caught.value.retry_after is not None
        assert abs(caught.value.retry_after - expected) < timedelta(seconds=5)
    with pytest.raises(CaLimits) as caught:
        ca(problem("rateLimited", 429, "soon"))[0].order(WANTED)
    assert caught.value.retry_after is None


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("alreadyReplaced", 409),
        ("conflict", 409),
        ("malformed", 400),
        ("unauthorized", 403),
        ("serverInternal", 500),
    ],
)
def test_an_order_whose_replaces_is_refused_is_sent_once_more_without(
    kind: str, status: int
) -> None:
    issuer, network = ca(problem(kind, status), located(f"{CA}/order/2"))
    assert issuer.order(WANTED) == f"{CA}/order/2"
    assert [each.payload for each in network.sent] == [
        {"identifiers": [{"type": "dns", "value": "a.example"}], **replaces}
        for replaces in ({"replaces": "aki.serial"}, {})
    ]
    again, _ = ca(problem(kind, status), problem(kind, status))
    with pytest.raises(CertRotationError):
        again.order(WANTED)


DNS_01 = {"type": "dns-01", "token": "A" * 43, "url": f"{CA}/challenge"}


def order_with(status: str | None, **challenge: object) -> AcmeCa:
    """Return a CA with an order for one name, whose authorization has this status."""
    return ca(
        Answer({"status": "pending", "authorizations": [f"{CA}/authz"]}),
        Answer(
            {
                "status": status,
                "identifier": {"type": "dns", "value": "*.a.example"},
                "challenges": [challenge] if challenge else None,
            }
        ),
    )[0]


def test_a_failed_authorization_names_the_name_and_says_who_acts() -> None:
    def failed(kind: str, detail: str) -> AcmeCa:
        error = {"type": f"{ERROR}{kind}", "detail": detail}
        return order_with("invalid", **DNS_01, error=error)

    with pytest.raises(NotValidated, match=r"did not validate a\.example: No TXT record\."):
        failed("unauthorized", "No TXT record.").proofs(ORDER)
    with pytest.raises(CaRefuses, match="CAA record") as caught:
        failed("caa", "CAA record forbids.").proofs(ORDER)
    assert "CAA" in caught.value.remedy
    for status in ("expired", "deactivated", "revoked", "invalid", None):
        with pytest.raises(OrderGone, match=f"authorization of a.example is {status!r}"):
            order_with(status, **DNS_01).proofs(ORDER)


@pytest.mark.parametrize(
    "challenge", [{}, {"type": "http-01", "token": "A" * 43}, {"type": "new-02", "more": 1}]
)
def test_a_ca_that_does_not_validate_by_dns_is_refused(challenge: dict[str, object]) -> None:
    with pytest.raises(CaRefuses, match=r"no dns-01 challenge for a\.example"):
        order_with("pending", **challenge).proofs(ORDER)


def test_an_order_of_a_private_ca_that_had_the_issuers_name_is_gone() -> None:
    arn = "arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/1/certificate/2"
    at, network = ca()

    with pytest.raises(OrderGone, match="was an AWS Private CA"):
        at.proofs(arn)

    assert len(network.sent) <= 1, "the account alone is asked for"


@pytest.mark.parametrize("status", ["invalid", "expired", None])
def test_an_order_without_a_problem_that_is_of_no_use_any_more_is_gone(status: str | None) -> None:
    issuer, _ = ca(Answer({"status": status}))
    with pytest.raises(OrderGone, match=rf"The order is {status!r}\."):
        issuer.proofs(ORDER)


def test_an_order_that_the_ca_does_not_know_is_gone() -> None:
    issuer, _ = ca(problem("malformed", 404))
    with pytest.raises(OrderGone, match="ca answers malformed to order: Because"):
        issuer.proofs(ORDER)


OF_RFC_8555: dict[str, type[CertRotationError]] = {
    "accountDoesNotExist": CaRefuses,
    "alreadyRevoked": CaRefuses,
    "badCSR": CaRefuses,
    "badNonce": NotYet,
    "badPublicKey": CaRefuses,
    "badRevocationReason": CaRefuses,
    "badSignatureAlgorithm": CaRefuses,
    "caa": CaRefuses,
    "compound": CaRefuses,
    "connection": NotValidated,
    "dns": NotValidated,
    "externalAccountRequired": CaRefuses,
    "incorrectResponse": NotValidated,
    "invalidContact": CaRefuses,
    "malformed": CaRefuses,
    "orderNotReady": NotYet,
    "rateLimited": CaLimits,
    "rejectedIdentifier": CaRefuses,
    "serverInternal": Unreachable,
    "tls": NotValidated,
    "unauthorized": CaRefuses,
    "unsupportedContact": CaRefuses,
    "unsupportedIdentifier": CaRefuses,
    "userActionRequired": CaRefuses,
}
"""RFC 8555, section 6.7: every type, and what it means in an answer."""
OTHERS = dict.fromkeys(["invalidProfile", "alreadyReplaced", "ofTheFuture", ""], CaRefuses)
ALL = OF_RFC_8555 | OTHERS


def test_the_table_has_every_type_of_the_rfc() -> None:
    assert PROBLEMS == OF_RFC_8555


@pytest.mark.parametrize("kind", sorted(ALL.keys() - {"accountDoesNotExist", "badNonce"}))
def test_each_type_of_problem_has_its_error_in_an_answer(kind: str) -> None:
    issuer, _ = ca(problem(kind, 400))
    with pytest.raises(ALL[kind], match="Because") as caught:
        issuer.order(WANTED._replace(replaces=None))
    assert not caught.value.ends_order


@pytest.mark.parametrize("kind", ALL)
def test_an_order_that_fails_after_finalize_means_what_the_same_problem_means_in_an_answer(
    kind: str,
) -> None:
    error = {"type": f"{ERROR}{kind}" if kind else "about:blank", "detail": "Because."}
    names = {"identifiers": [{"type": "dns", "value": "a.example"}]}
    issuer, network = ca(
        Answer({"status": "ready", "finalize": f"{CA}/finalize", **names}),
        Answer({"status": "processing", **names}),
        Answer({"status": "invalid", "error": error, **names}),
    )
    expected = NotValidated if kind == "unauthorized" else ALL[kind]

    with pytest.raises(expected, match=r"a\.example.*: Because\.") as caught:
        issuer.collect(ORDER, REQUEST, UntilDeadline(remaining=lambda: 60, sleep=lambda _: None))

    assert caught.value.ends_order, "it is not read again and again"
    assert ("CAA" in caught.value.remedy) == (kind == "caa")
    assert [each.url for each in network.sent] == [ORDER, f"{CA}/finalize", ORDER]


def test_of_a_compound_the_part_that_needs_a_person_most_decides() -> None:
    def order_of(*kinds: str) -> CertRotationError:
        parts = [{"type": f"{ERROR}{each}", "detail": f"{each}."} for each in kinds]
        error = {"type": f"{ERROR}compound", "detail": "Two.", "subproblems": parts}
        issuer, _ = ca(Answer({"status": "invalid", "error": error}))
        with pytest.raises(CertRotationError, match="Two") as caught:
            issuer.proofs(ORDER)
        return caught.value

    assert isinstance(order_of("dns", "tls"), NotValidated)
    assert isinstance(order_of("dns", "rejectedIdentifier"), CaRefuses)
    assert isinstance(order_of("rateLimited", "serverInternal"), CaLimits)
    assert isinstance(order_of("ofTheFuture"), CaRefuses)
    assert "dns" in order_of("serverInternal", "dns").found


@pytest.mark.parametrize(
    "document",
    ["<html>", [], None, {"status": 7}, {"status": "on-hold"}, {"status": [], "expires": 1}],
)
def test_an_answer_that_is_not_acme_is_retried(document: object) -> None:
    issuer, _ = ca(Answer(document))
    with pytest.raises(Unreachable, match="something that is not ACME"):
        issuer.proofs(ORDER)


def test_a_problem_is_one_short_line_with_those_of_its_parts() -> None:
    found = Problem.from_json(
        {
            "type": "about:blank",
            "detail": "Two\nnames  fail.",
            "subproblems": [
                {"identifier": {"type": "dns", "value": "a.example"}, "detail": "No."},
                {"detail": "x" * 1_000},
            ],
        }
    )
    assert kind_of(found) == ""
    assert sentence_of(found).startswith("Two names fail. a.example: No. xxx")
    assert len(sentence_of(found)) == 500
    assert sentence_of(Problem.from_json({"detail": 7})) == ""


@pytest.mark.parametrize(
    "parts", ["not a list", [7], ["not a problem"], [{"identifier": {"type": "new", "value": "x"}}]]
)
def test_a_problem_with_unknown_parts_still_says_what_it_says(parts: Any) -> None:
    issuer, _ = ca(problem("rejectedIdentifier", subproblems=parts))
    with pytest.raises(CaRefuses) as caught:
        issuer.order(WANTED)
    assert caught.value.found == "ca answers rejectedIdentifier to order: Because."


@pytest.mark.parametrize("status", [302, 404, 502])
def test_a_proxys_page_is_no_answer_of_the_ca(status: int) -> None:
    issuer, _ = ca(Answer("<html>", status, {"Location": f"{CA}/elsewhere"}))
    with pytest.raises(CertRotationError, match=f"ca answers {status} to order: no reason"):
        issuer.order(WANTED)


@pytest.mark.parametrize(
    "value", ["", "[]", '{"key": "x"}', '{"key": "-----BEGIN PRIVATE KEY-----"}']
)
def test_an_account_that_cannot_be_read_is_said_and_never_quoted(value: str) -> None:
    with pytest.raises(CaRefuses) as caught:
        read_account(value, "stack-issuers/ca")
    assert "stack-issuers/ca" in str(caught.value)
    assert "BEGIN" not in caught.value.found


def test_an_account_is_read_as_it_was_written_and_shows_no_key() -> None:
    account = AcmeAccount(new_account_key(), "https://ca.example/1", DIRECTORY, "kid", "hmac")
    read = read_account(account_document(account), "s")
    assert read.key.private_numbers() == account.key.private_numbers()
    assert read[1:] == account[1:]
    assert repr(account) == "AcmeAccount(url='https://ca.example/1')"
    bound = read_account('{"eab_kid": "kid", "eab_hmac_key": "hmac", "url": "x"}', "s")
    assert (bound.url, bound.eab_kid, bound.eab_hmac_key) == (None, "kid", "hmac")
