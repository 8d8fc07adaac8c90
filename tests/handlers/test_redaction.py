"""No key, passphrase or secret value is written, though everything is told to say all it can.

The functions run in a process of their own against a world that is served over HTTP, so that the
requests and answers are the real ones, with every logger at DEBUG by every way there is: the root,
each of boto3's and botocore's by name, before and after the import, Powertools' copies of its own
configuration, and the environment variables of Powertools and Lambda.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from certrotation.aws.wire_logs import WITHHELD
from tests.double.serving import serving
from tests.support.authority import shared_key
from tests.support.estate import HOME, PREFIX, client, fields_of
from tests.support.mailbox import Mailbox
from tests.support.watching import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.authorities import Authorities
    from tests.support.authority import Issued
    from tests.support.estate import Estate

pytestmark = pytest.mark.slow

NAME = "shop.example.com"
PASSPHRASE = "Tr0ub4dor-and-3"
TELLING = 20
"""Characters of base64 that stand in a text by no accident."""

EVERYTHING = {
    "AWS_LAMBDA_LOG_FORMAT": "JSON",
    "AWS_LAMBDA_LOG_LEVEL": "DEBUG",
    "POWERTOOLS_DEBUG": "true",
    "POWERTOOLS_LOG_LEVEL": "DEBUG",
    "POWERTOOLS_LOGGER_LOG_EVENT": "true",
}


@dataclass(kw_only=True)
class Functions:
    """Both functions, what they were given, and what they wrote."""

    estate: Estate
    authorities: Authorities
    mailbox: Mailbox
    endpoint: str
    requests: IO[str]
    answers: IO[str]
    secrets: set[str] = field(default_factory=set)
    """What must not be written."""
    said: list[str] = field(default_factory=list)
    endings: list[str] = field(default_factory=list)

    # What is done

    def scan(self) -> None:
        self._run("scan", {})

    def rotate(self, *, crash: str | None = None) -> dict[str, Any]:
        """Rotate the shop; returns what was reported of it."""
        body = json.dumps({"secret": PREFIX + "shop"})
        record = {"messageId": "m-1", "receiptHandle": "r-1", "body": body}
        lines = self._run("rotate", {"Records": [record]}, crash)
        told = [each for each in map(_entry, lines) if "rotation" in each]
        return dict(told[-1]["rotation"]) if told else {}

    def _run(self, handler: str, event: object, crash: str | None = None) -> list[str]:
        environment = {**self.estate.environment, "AWS_ENDPOINT_URL": self.endpoint}
        request = {
            "handler": handler,
            "event": event,
            "environment": environment,
            "crash": crash,
        }
        print(json.dumps(request), file=self.requests, flush=True)
        lines: list[str] = []
        for line in self.answers:
            if line.startswith("done "):
                self.endings.append(line.removeprefix("done ").strip())
                self.said += lines
                return lines
            lines.append(line)
        raise AssertionError("the functions have died: " + "".join(lines[-30:]))

    # What the secret holds

    def put(self, fields: dict[str, str]) -> None:
        """Put a value into the secret; of it nothing but certificates may be written."""
        for key, value in fields.items():
            if "BEGIN CERTIFICATE" not in value:
                self.hide(value if key == "passphrase" else value.encode())
        self.estate.renew("shop", fields)

    def put_binary(self, value: bytes) -> None:
        self.hide(value)
        client("secretsmanager", HOME).put_secret_value(
            SecretId=PREFIX + "shop", SecretBinary=value
        )

    def put_text(self, value: str) -> None:
        self.hide(value)
        client("secretsmanager", HOME).put_secret_value(
            SecretId=PREFIX + "shop", SecretString=value
        )

    def hide(self, value: str | bytes) -> None:
        """Remember the forms that a value takes: as it is, by lines, and in base64."""
        raw = value.encode() if isinstance(value, str) else value
        if isinstance(value, str):
            self.secrets.add(value)
        try:
            lines = raw.decode().splitlines()
        except UnicodeDecodeError:
            lines = []
        self.secrets |= {each for each in lines if len(each) >= TELLING and "-----" not in each}
        if len(raw) > 2 * TELLING:
            self.secrets |= set(_in_base64(raw))

    def issue(self, key: str = "p256") -> Issued:
        kind = shared_key(key) if key.startswith("rsa") else key
        return self.authorities.public.issue(NAME, key=kind)

    @property
    def betrayed(self) -> set[str]:
        """What of the secrets was written, each shortened so that no report shows it."""
        written = "".join(self.said)
        return {f"{each[:6]}..." for each in self.secrets if each in written}


def _entry(line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def _in_base64(raw: bytes) -> list[str]:
    """Pieces from the midst of the data, as base64 has them wherever the data begins."""
    encoded = [base64.b64encode(bytes(shift) + raw).decode() for shift in range(3)]
    return [text[at : at + 60] for text in encoded for at in range(8, len(text) - 68, 60)]


@contextmanager
def talking(
    estate: Estate, authorities: Authorities, folder: Path, *arguments: str
) -> Iterator[Functions]:
    """Start the functions in a process of their own, with a shop that is live in two Regions."""
    estate.secret("shop", authorities.public.issue(NAME))
    estate.run()
    environment = {
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT / 'lambdas'}{os.pathsep}{ROOT}",
        "PYTHONUNBUFFERED": "1",
        "POWERTOOLS_SERVICE_NAME": "certrotation-test",
        **EVERYTHING,
    }
    with (
        serving() as endpoint,
        subprocess.Popen(  # noqa: S603  no shell; every word is ours
            [sys.executable, "-m", "tests.support.talkative", *arguments],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        yield Functions(
            estate=estate,
            authorities=authorities,
            mailbox=Mailbox(estate),
            endpoint=endpoint,
            requests=process.stdin,
            answers=process.stdout,
        )
        process.stdin.close()


@pytest.fixture
def functions(estate: Estate, authorities: Authorities, tmp_path: Path) -> Iterator[Functions]:
    """Every logger says what it can: records of botocore's are written, and hold nothing more."""
    with talking(estate, authorities, tmp_path) as started:
        yield started
    assert any(WITHHELD in each and "botocore.endpoint" in each for each in started.said)


# Every form of a secret


def pkcs8(functions: Functions) -> None:
    functions.put(fields_of(functions.issue()))


def pkcs1(functions: Functions) -> None:
    issued = functions.issue("rsa2048")
    key = issued.key_pem(form=PrivateFormat.TraditionalOpenSSL)
    functions.put(fields_of(issued) | {"private_key": key})


def sec1(functions: Functions) -> None:
    issued = functions.issue("p384")
    key = issued.key_pem(form=PrivateFormat.TraditionalOpenSSL)
    functions.put(fields_of(issued) | {"private_key": key})


def encrypted(functions: Functions) -> None:
    issued = functions.issue()
    functions.hide(issued.key_pem().encode())
    key = issued.key_pem(passphrase=PASSPHRASE)
    functions.put(fields_of(issued) | {"private_key": key, "passphrase": PASSPHRASE})


def certbot(functions: Functions) -> None:
    issued = functions.issue()
    fullchain = issued.certificate_pem + issued.chain_pem
    functions.put({"fullchain": fullchain, "privkey": issued.key_pem()})


def kubernetes(functions: Functions) -> None:
    issued = functions.issue()
    fields = {"tls.crt": issued.certificate_pem, "ca.crt": issued.chain_pem}
    functions.put(fields | {"tls.key": issued.key_pem()})


def camel_case(functions: Functions) -> None:
    issued = functions.issue()
    fields = {"certificate": issued.certificate_pem, "certificateChain": issued.chain_pem}
    functions.put(fields | {"privateKey": issued.key_pem()})


def bundle(functions: Functions, passphrase: str | None) -> bytes:
    issued: Any = functions.issue()
    functions.hide(issued.key_pem().encode())
    encryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return pkcs12.serialize_key_and_certificates(
        b"shop", issued.key, issued.certificate, list(issued.chain), encryption
    )


def pkcs12_text(functions: Functions) -> None:
    packed = bundle(functions, PASSPHRASE)
    functions.hide(packed)
    functions.put({"pkcs12": base64.b64encode(packed).decode(), "passphrase": PASSPHRASE})


def pkcs12_binary(functions: Functions) -> None:
    functions.put_binary(bundle(functions, None))


FORMS: dict[str, Callable[[Functions], None]] = {
    each.__name__: each
    for each in (
        pkcs8,
        pkcs1,
        sec1,
        encrypted,
        certbot,
        kubernetes,
        camel_case,
        pkcs12_text,
        pkcs12_binary,
    )
}


def test_renewals_in_every_form_write_nothing_of_the_secret(functions: Functions) -> None:
    came_to = {}
    for name, put in FORMS.items():
        put(functions)
        functions.scan()
        came_to[name] = functions.rotate()["status"]

    assert came_to == dict.fromkeys(FORMS, "done")
    assert set(functions.endings) == {"returned"}
    assert functions.betrayed == set()


# Rejections


def another_key(functions: Functions) -> None:
    functions.put(fields_of(functions.issue()) | {"private_key": functions.issue().key_pem()})


def wrong_passphrase(functions: Functions) -> None:
    key = functions.issue().key_pem(passphrase=PASSPHRASE)
    fields = fields_of(functions.issue())
    functions.put(fields | {"private_key": key, "passphrase": PASSPHRASE[::-1]})


def a_key_for_a_certificate(functions: Functions) -> None:
    key = functions.issue().key_pem()
    functions.put({"certificate": key, "private_key": key})


def half_a_key(functions: Functions) -> None:
    key = functions.issue().key_pem().replace("-----END", "=-----END")
    functions.put(fields_of(functions.issue()) | {"private_key": key})


def no_json(functions: Functions) -> None:
    functions.put_text(functions.issue().key_pem() + "hunter2-is-my-passphrase")


def a_name_lost(functions: Functions) -> None:
    functions.put(fields_of(functions.authorities.public.issue("other.example.com")))


REFUSED = (another_key, wrong_passphrase, a_key_for_a_certificate, half_a_key, no_json, a_name_lost)


def test_refusals_and_the_mail_about_them_write_nothing_of_the_secret(
    functions: Functions,
) -> None:
    came_to = []
    for put in REFUSED:
        put(functions)
        functions.scan()
        came_to.append(functions.rotate()["status"])

    assert came_to == ["refused"] * len(REFUSED)
    letters = functions.mailbox.letters()
    assert len(letters) == len(REFUSED)
    functions.said += [f"{each.subject}\n{each.body}" for each in letters]
    assert functions.betrayed == set()


# What goes wrong


def test_failures_and_a_bug_write_nothing_of_the_secret(functions: Functions) -> None:
    denied = functions.estate.aws.behaviour.denied
    came_to = []
    for denial in (
        ("acm", "ImportCertificate", None),
        ("acm", "GetCertificate", None),
        ("secretsmanager", "GetSecretValue", None),
        ("sns", "Publish", None),
    ):
        pkcs8(functions)
        denied.add(denial)
        came_to.append(functions.rotate().get("status"))
        denied.clear()
    pkcs8(functions)
    functions.rotate(crash=HOME)

    assert came_to == ["failed", "failed", "refused", "done"]
    assert functions.endings[-1] == "RuntimeError('a bug')"
    assert functions.betrayed == set()


# That all this can fail


def test_without_the_protection_the_logs_hold_keys_passphrases_and_values(
    estate: Estate, authorities: Authorities, tmp_path: Path
) -> None:
    with talking(estate, authorities, tmp_path, "unprotected") as functions:
        encrypted(functions)
        assert functions.rotate()["status"] == "done"

    assert functions.secrets
    written = "".join(functions.said)
    assert PASSPHRASE in written
    key_lines = [each for each in functions.secrets if len(each) == 64 and each in written]
    assert key_lines, "lines of the encrypted key, as Secrets Manager gives them"
    in_base64 = [each for each in functions.secrets if len(each) == 60 and each in written]
    assert in_base64, "the key in base64, as ACM is given it"
