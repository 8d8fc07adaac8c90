"""What a CA's problems come to: who acts, when it is asked again, and in whose words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Self

import pytest

from certrotation.errors import (
    CaLimits,
    CaRefuses,
    CertRotationError,
    NotValidated,
    NotYet,
    OrderGone,
    Unreachable,
)
from certrotation.issuers.account import AcmeAccount, account_document, read_account
from certrotation.issuers.acme import AcmeCa
from certrotation.issuers.acme_client import Answer, ProblemError, problem_of
from certrotation.issuers.jws import new_account_key
from certrotation.names.issuers import AcmeIssuer
from certrotation.workflows.issuing_ports import OrderedCertificate

DIRECTORY = "https://ca.example/directory"
HOUR = timedelta(hours=1)
WANTED = OrderedCertificate(names=("a.example",), profile=None, replaces="aki.serial")


class Accounts:
    def read_or_create(self) -> AcmeAccount:
        return AcmeAccount(
            key=new_account_key(), url="https://ca.example/account", directory=DIRECTORY
        )

    def store(self, account: AcmeAccount) -> None:
        raise AssertionError(account)


class Client:
    """Answers each request with the next of these, and keeps what was sent."""

    def __init__(self, *answers: ProblemError | dict[str, Any] | str) -> None:
        self.directory = {"renewalInfo": "https://ca.example/ari"}
        self.sent: list[Any] = []
        self._answers = list(answers)

    def resource(self, name: str) -> str:
        return f"https://ca.example/{name}"

    def get(self, url: str) -> Answer:
        return self.post(url, None)

    def post(self, url: str, payload: Any, *_: Any) -> Answer:
        assert url.startswith(("https://ca.example/", "order"))
        self.sent.append(payload)
        answer = self._answers.pop(0)
        if isinstance(answer, ProblemError):
            raise answer
        location = answer if isinstance(answer, str) else ""
        made = Answer(b"", {}, location, (), None)
        return _Json(*made, document=answer) if isinstance(answer, dict) else made


class _Json(Answer):
    document: dict[str, Any]

    def __new__(cls, *members: Any, document: dict[str, Any]) -> Self:
        made = super().__new__(cls, *members)
        made.document = document
        return made

    def json(self) -> dict[str, Any]:
        return self.document


def ca(*answers: ProblemError | dict[str, Any] | str) -> tuple[AcmeCa, Client]:
    client = Client(*answers)
    issuer = AcmeIssuer(name="ca", directory=DIRECTORY, allow=())
    return AcmeCa(issuer, Accounts(), client), client  # type: ignore[arg-type]  # what is used of it


def problem(kind: str, status: int = 400, wait: timedelta | None = None) -> ProblemError:
    return ProblemError(kind, "Because.", status, wait)


@pytest.mark.parametrize(
    ("problem_", "expected"),
    [
        (problem("rateLimited", 429, HOUR), CaLimits),
        (problem("", 429, HOUR), CaLimits),
        (problem("orderNotReady", 403), NotYet),
        (problem("badNonce"), NotYet),
        (problem("", 503, HOUR), Unreachable),
        (problem("rejectedIdentifier"), CaRefuses),
        (problem("userActionRequired", 403), CaRefuses),
        (problem("caa", 403), CaRefuses),
        (problem("dns", 400), NotValidated),
        (problem("", 404), OrderGone),
    ],
)
def test_each_problem_has_its_error_with_the_cas_own_sentence(
    problem_: ProblemError, expected: type[CertRotationError]
) -> None:
    issuer, client = ca(problem_)
    with pytest.raises(expected, match="Because") as caught:
        issuer.order(WANTED)
    assert len(client.sent) == 1
    if problem_.retry_after:
        assert getattr(caught.value, "retry_after", None) == HOUR


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
    issuer, client = ca(problem(kind, status), "https://ca.example/order/2")
    assert issuer.order(WANTED) == "https://ca.example/order/2"
    assert [each.get("replaces") for each in client.sent] == ["aki.serial", None]
    again, _ = ca(problem(kind, status), problem(kind, status))
    with pytest.raises(CertRotationError):
        again.order(WANTED)


def test_a_failed_authorization_names_the_name_and_says_who_acts() -> None:
    def order_with(error: dict[str, Any] | None, status: str = "invalid") -> AcmeCa:
        challenge = {"type": "dns-01", **({"error": error} if error else {})}
        return ca(
            {"status": "pending", "authorizations": ["https://ca.example/authz"]},
            {
                "status": status,
                "identifier": {"type": "dns", "value": "*.a.example"},
                "challenges": [challenge],
            },
        )[0]

    kind = "urn:ietf:params:acme:error:"
    with pytest.raises(NotValidated, match=r"did not validate a\.example: No TXT record\."):
        order_with({"type": f"{kind}unauthorized", "detail": "No TXT record."}).proofs("order")
    with pytest.raises(CaRefuses, match="CAA record") as caught:
        order_with({"type": f"{kind}caa", "detail": "CAA record forbids."}).proofs("order")
    assert "CAA" in caught.value.remedy
    with pytest.raises(OrderGone, match="'expired'"):
        order_with(None, "expired").proofs("order")
    with pytest.raises(CaRefuses, match="no dns-01 challenge"):
        order_with(None, "pending").proofs("order")


@pytest.mark.parametrize("status", ["invalid", "expired", None])
def test_an_order_that_is_of_no_use_any_more_is_gone(status: str | None) -> None:
    error = {"type": "urn:ietf:params:acme:error:serverInternal", "detail": "Broken."}
    issuer, _ = ca({"status": status, "error": error})
    with pytest.raises(OrderGone, match=r"Broken\."):
        issuer.proofs("order")


def test_a_problem_is_one_short_line_with_those_of_its_parts() -> None:
    found = problem_of(
        {
            "type": "about:blank",
            "detail": "Two\nnames  fail.",
            "subproblems": [
                {"identifier": {"type": "dns", "value": "a.example"}, "detail": "No."},
                {"detail": "x" * 1_000},
                "not a problem",
            ],
        }
    )
    assert found.kind == ""
    assert found.detail.startswith("Two names fail. a.example: No. xxx")
    assert len(found.detail) == 500
    assert problem_of({"detail": 7}).detail == ""


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
