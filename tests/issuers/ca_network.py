"""A CA that answers each request of an account with the next of given answers."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any, NamedTuple

from josepy.b64 import b64decode
from requests import Request, Response

from certrotation.issuers.account import AcmeAccount, new_account_key
from certrotation.issuers.acme import AcmeCa
from certrotation.issuers.acme_client import Network
from certrotation.names.issuers import AcmeIssuer

CA = "https://ca.example"
DIRECTORY = f"{CA}/directory"
RESOURCES = {each: f"{CA}/{each}" for each in ("newNonce", "newAccount", "newOrder", "renewalInfo")}
ERROR = "urn:ietf:params:acme:error:"


class Answer(NamedTuple):
    """What a CA answers; a status of 400 or more is a problem."""

    document: object = None
    status: int = 200
    headers: dict[str, str] = {}  # noqa: RUF012  never changed


class Sent(NamedTuple):
    """A signed request, decoded."""

    url: str
    protected: dict[str, Any]
    payload: Any


def located(url: str) -> Answer:
    return Answer({"status": "pending"}, 201, {"Location": url})


def problem(kind: str, status: int = 400, wait: str | None = None, **more: object) -> Answer:
    document = {"type": f"{ERROR}{kind}" if kind else "about:blank", "detail": "Because.", **more}
    return Answer(document, status, {"Retry-After": wait} if wait else {})


class Accounts:
    """Keeps one account, which the CA knows already unless it is given another."""

    def __init__(self, account: AcmeAccount | None = None) -> None:
        self.account = account or AcmeAccount(new_account_key(), f"{CA}/account", DIRECTORY)

    def read_or_create(self) -> AcmeAccount:
        return self.account

    def read(self) -> AcmeAccount | None:
        return self.account

    def store(self, account: AcmeAccount) -> None:
        self.account = account


class FakeNetwork(Network):
    """Everything of the network but the wire."""

    def __init__(self, *answers: Answer, directory: object = None) -> None:
        super().__init__(DIRECTORY, None)
        self.sent: list[Sent] = []
        self.nonces = 0
        self._answers = list(answers)
        self._directory = RESOURCES if directory is None else directory
        self.session.send = self._answer  # type: ignore[method-assign]

    def _answer(self, request: Any, **how: Any) -> Response:
        assert how["allow_redirects"] is False
        if request.url == DIRECTORY:
            return self._made(request, Answer(self._directory))
        if request.method == "HEAD":
            self.nonces += 1
            return self._made(request, Answer())
        if request.method == "POST":
            self.sent.append(_decoded(request))
        return self._made(request, self._answers.pop(0))

    def _made(self, request: Request, answer: Answer) -> Response:
        response = Response()
        response.status_code, response.url = answer.status, str(request.url)
        body = answer.document
        text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
        response.raw = BytesIO(text.encode())
        response.headers.update({"Replay-Nonce": "bm9uY2U", **answer.headers})
        return response


def _decoded(request: Any) -> Sent:
    jws = json.loads(request.body)
    protected, payload = (b64decode(jws[each]) for each in ("protected", "payload"))
    return Sent(request.url, json.loads(protected), json.loads(payload) if payload else None)


def ca(*answers: Answer, accounts: Accounts | None = None) -> tuple[AcmeCa, FakeNetwork]:
    network = FakeNetwork(*answers)
    issuer = AcmeIssuer(name="ca", directory=DIRECTORY, allow=())
    return AcmeCa(issuer, accounts or Accounts(), network), network
