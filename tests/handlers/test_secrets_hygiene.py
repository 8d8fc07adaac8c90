"""A key lives as long as its message is worked on, in memory alone, however that ends.

The function runs in a process of its own: whatever is found there is its own, not a test's. It is
looked through before the cyclic collector comes, because Lambda may freeze a process for hours.
"""

from __future__ import annotations

import base64
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from certrotation.names import tags
from tests.double import Fault
from tests.double.serving import serving
from tests.support.authority import make_key, shared_key
from tests.support.estate import HOME, fields_of
from tests.support.watching import Watched, WatchedRotate, watched_rotate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cryptography.hazmat.primitives.asymmetric import ec

    from tests.support.authorities import Authorities
    from tests.support.authority import Issued
    from tests.support.estate import Estate

pytestmark = pytest.mark.slow

US = "us-east-1"
NAMES = ("shop.example.com", "www.shop.example.com")
PASSPHRASE = "Tr0ub4dor-and-3"


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedRotate]:
    with watched_rotate(tmp_path_factory.mktemp("function")) as started:
        yield started


@dataclass(kw_only=True)
class Shop:
    """A shop whose secret is about to hold a new key, and what must leave no trace of that."""

    estate: Estate
    authorities: Authorities
    function: WatchedRotate
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

    def rotate(self, *more_secrets: bytes, **more: Any) -> Watched:
        secrets = (*forms_of(self.key), *more_secrets)
        with serving(self._hangs_up) as endpoint:
            return self.function.rotate(self.estate, endpoint, "shop", secrets, **more)

    def _hangs_up(self, operation: str) -> bool:
        if operation in self.drops:
            self.drops.remove(operation)
            return True
        return operation in self.is_deaf


@pytest.fixture
def shop(estate: Estate, authorities: Authorities, function: WatchedRotate) -> Iterator[Shop]:
    """It is live in both Regions."""
    estate.secret("shop", authorities.public.issue(*NAMES))
    estate.run()
    with ExitStack() as stack:
        yield Shop(estate=estate, authorities=authorities, function=function, stack=stack)


def forms_of(key: ec.EllipticCurvePrivateKey) -> list[bytes]:
    """The forms that a P-256 key takes on its way: its number, PEM, and PEM in base64."""
    number = key.private_numbers().private_value.to_bytes(32, "big")
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    lines = [line[8:40] for line in pem.splitlines()[1:-1]]
    return [number, *lines, *in_base64(pem)]


def in_base64(data: bytes) -> list[bytes]:
    """A piece from the midst of the data, as base64 has it wherever the data begins."""
    return [base64.b64encode(bytes(shift) + data)[60:120] for shift in range(3)]


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
    "encrypted": (encrypted, "done"),
    "bundled": (bundled, "done"),
    "replaced": (listeners_move, "done"),
    "held": (held, "planned"),
    "wrong passphrase": (encrypted_otherwise, "refused"),
    "a name lost": (lacking_a_name, "refused"),
    "another key": (with_another_certificate, "refused"),
    "a key for a certificate": (with_a_key_for_a_certificate, "refused"),
    "a damaged key": (with_half_a_key, "refused"),
    "rejected": (rejected, "refused"),
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
def test_when_the_function_has_returned_no_key_is_left_and_no_file_was_written(
    shop: Shop, ending: str
) -> None:
    arrange, status = ENDINGS[ending]
    secrets = arrange(shop) or ()

    seen = shop.rotate(*secrets)

    assert (seen.ending, seen.status) == ("returned", status)
    assert seen.left == []
    assert seen.files == []
    assert list(shop.function.folder.iterdir()) == []


@pytest.mark.parametrize("region", [HOME, US])
def test_a_bug_is_logged_with_its_traceback_and_leaves_no_key_to_the_runtime(
    shop: Shop, region: str
) -> None:
    shop.renew()

    seen = shop.rotate(at_import="crash", at_import_in=region)

    (told,) = [each for each in seen.said if each["message"] == "bug"]
    assert "in _crash" in told["exception"]
    assert seen.ending == "RuntimeError('a bug')"
    assert seen.left == []
    assert seen.files == []


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
    (shop.function.folder / "made").unlink()
