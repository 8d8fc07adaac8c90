"""A key lives as long as its message is worked on, in memory alone, and nothing writes it.

The functions run in a process of their own: whatever is found there is theirs, not a test's. It is
looked through before the cyclic collector comes, because Lambda may freeze a process for hours.
Their world is served over HTTP, so that requests and answers are the real ones, and every logger is
at DEBUG by every way there is: the root, each of boto3's and botocore's by name, before and after
the import, Powertools' copies of its configuration, and the variables of Powertools and Lambda.
"""

from __future__ import annotations

import base64
import json
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from certrotation.aws.wire_logs import WITHHELD
from certrotation.names import tags
from tests.double import Fault
from tests.double.server import serving
from tests.simulation.estate import HOME, PREFIX, client, fields_of
from tests.simulation.mailbox import Mailbox
from tests.support.authority import make_key, shared_key
from tests.support.function_driver import FunctionDriver, Seen, functions_in_a_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities
    from tests.support.authority import Issued

pytestmark = pytest.mark.slow

US = "us-east-1"
NAMES = ("shop.example.com", "www.shop.example.com")
PASSPHRASE = "Tr0ub4dor-and-3"
LOOKED_FOR = 8
"""Forms of the key that the whole memory is searched for."""
TELLING = 16
"""Characters of base64 that stand in a text by no accident."""


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FunctionDriver]:
    with functions_in_a_process(tmp_path_factory.mktemp("functions")) as started:
        yield started


@dataclass(kw_only=True)
class Shop:
    """A shop whose secret is about to hold a new key, and what must leave no trace of that."""

    estate: Estate
    authorities: Authorities
    functions: FunctionDriver
    mailbox: Mailbox
    stack: ExitStack
    """Ends with the test."""
    key: Any = field(default_factory=make_key)
    drops: set[str] = field(default_factory=set)
    """Operations whose next request gets no answer, once."""
    is_deaf: set[str] = field(default_factory=set)
    """Operations whose requests never get one."""

    def issue(self, *names: str) -> Issued:
        return self.authorities.public.issue(*(names or NAMES), key=self.key)

    def renew(self, value: Issued | dict[str, str] | None = None) -> None:
        self.estate.renew("shop", value if value is not None else self.issue())

    def scan(self) -> Seen:
        with serving(self._hangs_up) as endpoint:
            return self.functions.run("scan", {}, self._environment(endpoint))

    def rotate(self, *more_secrets: bytes, at_import: str | None = None, at: str = HOME) -> Seen:
        body = json.dumps({"secret": PREFIX + "shop"})
        record = {"messageId": "m-1", "receiptHandle": "r-1", "body": body}
        with serving(self._hangs_up) as endpoint:
            return self.functions.run(
                "rotate",
                {"Records": [record]},
                self._environment(endpoint),
                (*forms_of(self.key)[:LOOKED_FOR], *more_secrets),
                at_import=at_import,
                at_import_in=at,
            )

    def _environment(self, endpoint: str) -> dict[str, str]:
        return {**self.estate.environment, "AWS_ENDPOINT_URL": endpoint}

    def _hangs_up(self, operation: str) -> bool:
        if operation in self.drops:
            self.drops.remove(operation)
            return True
        return operation in self.is_deaf


@pytest.fixture
def shop(estate: Estate, authorities: Authorities, functions: FunctionDriver) -> Iterator[Shop]:
    """It is live in both Regions, and its team reads the mail."""
    estate.secret("shop", authorities.public.issue(*NAMES))
    estate.run()
    with ExitStack() as stack:
        yield Shop(
            estate=estate,
            authorities=authorities,
            functions=functions,
            mailbox=Mailbox(estate),
            stack=stack,
        )


def forms_of(key: Any) -> list[bytes]:
    """The forms that a key takes on its way: its number, PEM, and PEM in base64."""
    numbers = key.private_numbers()
    number = numbers.private_value if isinstance(key, ec.EllipticCurvePrivateKey) else numbers.d
    return [number.to_bytes((number.bit_length() + 7) // 8, "big"), *traces_of_pem(key)]


def traces_of_pem(key: Any, form: PrivateFormat = PrivateFormat.PKCS8) -> list[bytes]:
    pem = key.private_bytes(Encoding.PEM, form, NoEncryption())
    lines = [line[8:40] for line in pem.splitlines()[1:-1]]
    return [*in_base64(pem), *(each for each in lines if len(each) >= TELLING)]


def in_base64(data: bytes) -> list[bytes]:
    """A piece from the midst of the data, as base64 has it wherever the data begins."""
    return [base64.b64encode(bytes(shift) + data)[60:120] for shift in range(3)]


def betrayed(secrets: Iterable[bytes], *written: str) -> list[bytes]:
    """What of the secrets was written, each shortened so that no report shows it."""
    everything = "".join(written).encode()
    return [each[:6] for each in secrets if each in everything]


# What the secret holds


def renewed(shop: Shop) -> None:
    shop.renew()


def encrypted(shop: Shop, passphrase: str = PASSPHRASE) -> tuple[bytes, ...]:
    issued = shop.issue()
    pem = issued.key_pem(passphrase=PASSPHRASE)
    shop.renew(fields_of(issued) | {"private_key": pem, "passphrase": passphrase})
    return passphrase.encode(), pem.splitlines()[2].encode()


def encrypted_otherwise(shop: Shop) -> tuple[bytes, ...]:
    return encrypted(shop, PASSPHRASE[::-1])


def bundled(shop: Shop) -> tuple[bytes, ...]:
    issued, encryption = shop.issue(), BestAvailableEncryption(PASSPHRASE.encode())
    bundle = pkcs12.serialize_key_and_certificates(
        b"shop", shop.key, issued.certificate, list(issued.chain), encryption
    )
    shop.renew({"pkcs12": base64.b64encode(bundle).decode(), "passphrase": PASSPHRASE})
    return PASSPHRASE.encode(), bundle[90:130], *in_base64(bundle)


def in_the_traditional_form(shop: Shop, kind: str) -> tuple[bytes, ...]:
    shop.key = shared_key(kind) if kind.startswith("rsa") else make_key(kind)
    issued, form = shop.issue(), PrivateFormat.TraditionalOpenSSL
    shop.renew(fields_of(issued) | {"private_key": issued.key_pem(form=form)})
    return tuple(traces_of_pem(shop.key, form))


def pkcs1(shop: Shop) -> tuple[bytes, ...]:
    return in_the_traditional_form(shop, "rsa2048")


def sec1(shop: Shop) -> tuple[bytes, ...]:
    return in_the_traditional_form(shop, "p384")


def under_other_names(certificate: str, chain: str, key: str) -> Callable[[Shop], None]:
    def put(shop: Shop) -> None:
        fields = fields_of(shop.issue())
        names = {"certificate": certificate, "chain": chain, "private_key": key}
        shop.renew({name: fields[ours] for ours, name in names.items()})

    return put


def bundled_as_binary(shop: Shop) -> tuple[bytes, ...]:
    issued = shop.issue()
    bundle = pkcs12.serialize_key_and_certificates(
        b"shop", shop.key, issued.certificate, list(issued.chain), NoEncryption()
    )
    client("secretsmanager", HOME).put_secret_value(SecretId=PREFIX + "shop", SecretBinary=bundle)
    return tuple(in_base64(bundle))


def no_json(shop: Shop) -> tuple[bytes, ...]:
    client("secretsmanager", HOME).put_secret_value(
        SecretId=PREFIX + "shop", SecretString=shop.issue().key_pem() + PASSPHRASE
    )
    return (PASSPHRASE.encode(),)


def held(shop: Shop) -> None:
    shop.estate.tag_secret("shop", hold="")
    shop.renew()


def lacking_a_name(shop: Shop) -> None:
    shop.renew(shop.issue("shop.example.com"))


def with_another_certificate(shop: Shop) -> None:
    other = shop.authorities.public.issue(*NAMES)
    shop.renew(fields_of(other) | {"private_key": shop.issue().key_pem()})


def with_a_key_for_a_certificate(shop: Shop) -> None:
    pem = shop.issue().key_pem()
    shop.renew({"certificate": pem, "private_key": pem})


def with_half_a_key(shop: Shop) -> None:
    pem = shop.issue().key_pem()
    shop.renew(fields_of(shop.issue()) | {"private_key": pem.replace("-----END", "=-----END")})


# What AWS does


def rejected(shop: Shop) -> None:
    shop.renew()
    shop.estate.aws.behaviour.fault = lambda _service, operation, _region: (
        Fault(code="ValidationException", status=400) if operation == "ImportCertificate" else None
    )


def denied(shop: Shop, operation: str = "ImportCertificate", region: str | None = None) -> None:
    shop.renew()
    shop.estate.aws.behaviour.denied = {("acm", operation, region)}


def denied_in_second_region(shop: Shop) -> None:
    denied(shop, region=US)


def value_denied(shop: Shop) -> None:
    shop.renew()
    shop.estate.aws.behaviour.denied = {("secretsmanager", "GetSecretValue", None)}


def mail_denied(shop: Shop) -> None:
    shop.renew()
    shop.estate.aws.behaviour.denied = {("sns", "Publish", None)}


def canary_unreadable(shop: Shop) -> None:
    denied(shop, "GetCertificate", HOME)


def second_region_unreadable(shop: Shop) -> None:
    denied(shop, "GetCertificate", US)


def denied_by_acm_and_sqs(shop: Shop) -> None:
    denied(shop)
    shop.estate.aws.behaviour.denied.add(("sqs", "ChangeMessageVisibility", None))


def connection_lost_once(shop: Shop) -> None:
    shop.renew()
    shop.drops = {"ImportCertificate", "GetSecretValue"}


def connection_lost_every_time(shop: Shop) -> None:
    shop.renew()
    shop.is_deaf = {"ImportCertificate"}


def values_lag(shop: Shop) -> None:
    shop.renew()
    shop.stack.enter_context(shop.estate.aws.stale("secret_values"))
    shop.renew(shop.authorities.public.issue(*NAMES))


def with_listeners(shop: Shop) -> list[str]:
    """Put two listeners on an RSA copy at home, which the renewal has to replace."""
    shop.estate.tag_secret("shop", regions=HOME)
    shop.renew(shop.authorities.public.issue(*NAMES, key=shared_key("rsa2048")))
    shop.estate.run()
    rsa = next(
        arn
        for arn in shop.estate.certificates(HOME)
        if tags.SUPERSEDED_BY not in shop.estate.tags(arn)
    )
    listeners = [shop.estate.listener(name, HOME, rsa) for name in ("one", "two")]
    shop.renew()
    return listeners


def listeners_move(shop: Shop) -> None:
    with_listeners(shop)


def listeners_denied(shop: Shop) -> None:
    with_listeners(shop)
    shop.estate.aws.behaviour.denied = {("elbv2", "ModifyListener", None)}


def listeners_in_turmoil(shop: Shop) -> None:
    """The first is being changed by somebody else; for the second the credentials expire."""
    with_listeners(shop)
    operations: list[str] = []

    def fault(_service: str, operation: str, _region: str) -> Fault | None:
        operations.append(operation)
        changed = operations.count("ModifyListener")
        if changed == 1 and operation == "DescribeListenerCertificates":
            operations.append("ModifyListener")
            return Fault(code="ConflictException", status=409)
        if changed > 1:
            return Fault(code="InvalidClientTokenId", status=403)
        return None

    shop.estate.aws.behaviour.fault = fault


ENDINGS: dict[str, tuple[Callable[[Shop], Any], str]] = {
    "renewed": (renewed, "done"),
    "a key as PKCS#1": (pkcs1, "done"),
    "a key as SEC1": (sec1, "done"),
    "certbot's names": (under_other_names("cert", "chain", "privkey"), "done"),
    "Kubernetes' names": (under_other_names("tls.crt", "ca.crt", "tls.key"), "done"),
    "camel case": (under_other_names("certificate", "certificateChain", "privateKey"), "done"),
    "encrypted": (encrypted, "done"),
    "bundled": (bundled, "done"),
    "bundled as binary": (bundled_as_binary, "done"),
    "replaced": (listeners_move, "done"),
    "held": (held, "planned"),
    "no JSON": (no_json, "refused"),
    "wrong passphrase": (encrypted_otherwise, "refused"),
    "a name lost": (lacking_a_name, "refused"),
    "another key": (with_another_certificate, "refused"),
    "a key for a certificate": (with_a_key_for_a_certificate, "refused"),
    "a damaged key": (with_half_a_key, "refused"),
    "rejected": (rejected, "refused"),
    "value denied": (value_denied, "refused"),
    "mail denied": (mail_denied, "done"),
    "denied in one Region": (denied_in_second_region, "failed"),
    "denied": (denied, "failed"),
    "denied by ACM and SQS": (denied_by_acm_and_sqs, "failed"),
    "canary unreadable": (canary_unreadable, "failed"),
    "second Region unreadable": (second_region_unreadable, "refused"),
    "connection lost once": (connection_lost_once, "done"),
    "connection lost": (connection_lost_every_time, "failed"),
    "values lag": (values_lag, "failed"),
    "stranded": (listeners_denied, "stranded"),
    "listeners in turmoil": (listeners_in_turmoil, "failed"),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_key_is_left_in_memory_nor_written_to_a_log_a_mail_or_a_file(
    shop: Shop, ending: str
) -> None:
    arrange, status = ENDINGS[ending]
    secrets = arrange(shop) or ()

    seen = shop.rotate(*secrets)

    assert (seen.ending, seen.status) == ("returned", status)
    assert seen.left == []
    assert seen.files == []
    assert list(shop.functions.folder.iterdir()) == []
    with shop.estate.aws.unobserved():
        letters = shop.mailbox.letters()
    assert len(letters) == (status in {"refused", "stranded"})
    written = [*seen.lines, *(text for each in letters for text in each)]
    assert any(WITHHELD in each and "botocore.endpoint" in each for each in seen.lines)
    assert betrayed([*forms_of(shop.key), *secrets], *written) == []


def test_a_scan_writes_nothing_of_a_secret_that_is_due(shop: Shop) -> None:
    shop.renew()

    seen = shop.scan()

    assert (seen.ending, seen.left, seen.files) == ("returned", [], [])
    assert betrayed(forms_of(shop.key), *seen.lines) == []


@pytest.mark.parametrize("region", [HOME, US])
def test_a_bug_is_logged_with_its_traceback_and_leaves_no_key_to_the_runtime(
    shop: Shop, region: str
) -> None:
    shop.renew()

    seen = shop.rotate(at_import="crash", at=region)

    (told,) = [each for each in seen.entries if each["message"] == "bug"]
    assert "in _crash" in told["exception"]
    assert seen.ending == "RuntimeError('a bug')"
    assert seen.left == []
    assert seen.files == []
    assert betrayed(forms_of(shop.key), *seen.lines) == []


def test_while_it_imports_the_secrets_own_text_is_gone(shop: Shop) -> None:
    shop.renew()

    seen = shop.rotate(at_import="look")

    assert "Material" in seen.during
    assert not [each for each in seen.during if "SecretValue" in each or "Supplied" in each]


# That all this can fail


def test_a_key_that_is_kept_is_found(shop: Shop) -> None:
    shop.renew()

    seen = shop.rotate(at_import="keep")

    assert seen.status == "done"
    assert [each for each in seen.left if each.startswith("bytes in")]


def test_a_file_that_is_written_is_noticed(shop: Shop) -> None:
    shop.renew()

    seen = shop.rotate(at_import="write")

    assert seen.status == "done"
    assert seen.files == ["open made"]
    (shop.functions.folder / "made").unlink()


def test_without_the_protection_the_logs_hold_keys_passphrases_and_values(
    shop: Shop, tmp_path: Path
) -> None:
    with functions_in_a_process(tmp_path, "unprotected") as functions:
        shop.functions = functions
        passphrase, line = encrypted(shop)
        seen = shop.rotate()

    assert seen.status == "done"
    assert len(betrayed((passphrase, line), *seen.lines)) == 2, "as Secrets Manager gives them"
    assert betrayed(tuple(in_base64(shop.issue().key_pem().encode())), *seen.lines), (
        "the key in base64, as ACM is given it"
    )
