"""Several first issuances at the same time make one account, also with a binding of single use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from josepy.b64 import b64decode

from certrotation.aws.account_secret import AccountSecret
from certrotation.errors import CaRefuses, NotYet
from certrotation.issuers.acme import AcmeCa
from certrotation.names.issuers import AcmeIssuer
from certrotation.workflows.issuing_ports import OrderedCertificate
from tests.double import EmbeddedAws, embedded_aws
from tests.issuers.ca_network import CA, DIRECTORY, Answer, FakeNetwork, located, problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from requests import Response

    from certrotation.issuers.account import AcmeAccount
    from tests.double import Call

pytestmark = pytest.mark.slow

NAME = "stack-issuers/ca"
WANTED = OrderedCertificate(names=("a.example",), profile=None, replaces=None)
BINDING = {"eab_kid": "kid-1", "eab_hmac_key": "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx"}


class SingleUseCa:
    """A CA whose bindings are good for one account (RFC 8555, section 7.3.4).

    A key that has an account gets that account (section 7.3.1), unless the CA is `strict`.
    """

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict
        self.accounts: dict[str, str] = {}
        """URL by key."""
        self.used: set[str] = set()
        self.orders = 0

    def answer(self, url: str, protected: dict[str, Any], payload: Any) -> Answer:
        if url == f"{CA}/newOrder":
            self.orders += 1
            return located(f"{CA}/order/{self.orders}")
        key = json.dumps(protected["jwk"], sort_keys=True)
        if key in self.accounts and not self.strict:
            return Answer({"status": "valid"}, 200, {"Location": self.accounts[key]})
        bound = json.loads(b64decode(payload["externalAccountBinding"]["protected"]))
        if bound["kid"] in self.used:
            return problem("unauthorized", 403)
        self.used.add(bound["kid"])
        self.accounts[key] = f"{CA}/account/{len(self.accounts) + 1}"
        return located(self.accounts[key])


class Wire(FakeNetwork):
    """The wire to that CA; something may happen before a request is answered."""

    def __init__(self, server: SingleUseCa, before: Callable[[], object]) -> None:
        super().__init__()
        self._server, self._before = server, before

    def _answer(self, request: Any, **how: Any) -> Response:
        if request.method == "POST":
            self._before()
            jws = json.loads(request.body)
            protected, payload = (json.loads(b64decode(jws[e])) for e in ("protected", "payload"))
            self._answers = [self._server.answer(request.url, protected, payload)]
        return super()._answer(request, **how)


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with embedded_aws() as account:
        yield account


@pytest.fixture
def secrets(aws: EmbeddedAws) -> Any:
    del aws
    return boto3.client("secretsmanager")


def issuer(
    secrets: Any, server: SingleUseCa, before: Callable[[], object] = lambda: None
) -> AcmeCa:
    setting = AcmeIssuer(name="ca", directory=DIRECTORY, allow=())
    return AcmeCa(setting, AccountSecret(secrets, NAME), Wire(server, before))


@pytest.mark.parametrize(
    ("moment", "strict"),
    [
        *((each, False) for each in range(1, 6)),
        # Between the answer of a strict CA and the next write, nobody else can know the account:
        # that is why the look begins one issuance at a time.
        *((each, True) for each in (1, 2, 3, 5)),
    ],
)
def test_a_first_issuance_in_the_middle_of_another_uses_the_same_account(
    aws: EmbeddedAws, secrets: Any, moment: int, *, strict: bool
) -> None:
    """Before one call of AWS or request to the CA, another first issuance is carried out."""
    server = SingleUseCa(strict=strict)
    secrets.create_secret(Name=NAME, SecretString=json.dumps(BINDING))
    passed = 0

    def begin_another(_: Call | None = None) -> None:
        nonlocal passed
        passed += 1
        if passed == moment:
            issuer(secrets, server).order(WANTED)

    with aws.before(begin_another):
        issuer(secrets, server, begin_another).order(WANTED)

    assert passed >= moment, "each moment is one of the issuance"
    assert len(server.accounts) == 1
    assert server.orders == 2
    stored = json.loads(secrets.get_secret_value(SecretId=NAME)["SecretString"])
    assert (stored["url"], stored["eab_kid"]) == (f"{CA}/account/1", "kid-1")


@pytest.mark.parametrize("document", [None, json.dumps(BINDING)], ids=["no secret", "binding"])
def test_of_two_first_keys_one_is_stored_and_both_use_that_one(
    aws: EmbeddedAws, secrets: Any, document: str | None
) -> None:
    if document is not None:
        secrets.create_secret(Name=NAME, SecretString=document)
    store = AccountSecret(secrets, NAME)
    others: list[AcmeAccount | None] = []

    def begin_another(call: Call) -> None:
        if call.operation in {"CreateSecret", "PutSecretValue"} and not others:
            others.append(None)
            others.append(store.read_or_create())

    with aws.before(begin_another):
        account = store.read_or_create()

    (_, other) = others
    assert other is not None
    assert other.key.private_numbers() == account.key.private_numbers()
    again = store.read()
    assert again is not None
    assert again.key.private_numbers() == account.key.private_numbers()
    assert not again.is_new


def test_a_key_that_another_has_stored_and_secrets_manager_does_not_return_yet_is_awaited(
    aws: EmbeddedAws, secrets: Any
) -> None:
    secrets.create_secret(Name=NAME, SecretString=json.dumps(BINDING))
    store = AccountSecret(secrets, NAME)
    with aws.stale("secret_values"):
        store.read_or_create()
        with pytest.raises(NotYet):
            store.read_or_create()

    assert store.read_or_create().eab_kid == "kid-1"


def test_a_binding_that_another_account_has_used_up_is_refused(secrets: Any) -> None:
    server = SingleUseCa()
    server.used.add("kid-1")
    secrets.create_secret(Name=NAME, SecretString=json.dumps(BINDING))
    with pytest.raises(CaRefuses, match="ca answers unauthorized to newAccount"):
        issuer(secrets, server).order(WANTED)


def test_several_issuances_may_begin_once_the_binding_has_made_the_account(secrets: Any) -> None:
    at = issuer(secrets, SingleUseCa())
    assert at.may_begin_several(), "without a binding, one key finds one account again"
    secrets.create_secret(Name=NAME, SecretString=json.dumps(BINDING))
    assert not at.may_begin_several()
    at.order(WANTED)
    assert at.may_begin_several()
