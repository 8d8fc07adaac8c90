"""No refused sample shows a byte of its key or of its passphrase, wherever one looks."""

import base64
import logging
import re
import traceback

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    PrivateFormat,
    pkcs12,
)

from certrotation.core.findings import refusals
from certrotation.core.material.decoding import UnreadableSecretError
from certrotation.core.material.secret_format import SecretValue, parse_secret
from tests.core.samples import LEAF, RSA_LEAF, VERSION, inspect, secret
from tests.support.authority import Issued, shared_key

PASSPHRASE = "Tr0ub4dor-and-3"
CERTIFICATE, KEY = LEAF.fullchain_pem, LEAF.key_pem()
ENCRYPTED = LEAF.key_pem(passphrase=PASSPHRASE)
TRADITIONAL = RSA_LEAF.key_pem(form=PrivateFormat.TraditionalOpenSSL, passphrase=PASSPHRASE)
BUNDLE = base64.b64encode(
    pkcs12.serialize_key_and_certificates(
        b"w", LEAF.key, LEAF.certificate, None, BestAvailableEncryption(PASSPHRASE.encode())
    )
).decode()
HALF_OF_KEY = KEY.replace("-----END", "=-----END")

REFUSED = {
    "no json": SecretValue(version=VERSION, text=KEY),
    "json broken in the key": SecretValue(version=VERSION, text='{"private_key": "' + KEY),
    "json of a key alone": SecretValue(version=VERSION, text=f'["{KEY[28:60]}"]'),
    "a key as field name": secret(**{KEY: "x"}),
    "no certificate": secret(private_key=KEY, passphrase=PASSPHRASE),
    "key as certificate": secret(certificate=KEY, private_key=KEY),
    "key as chain": secret(certificate=CERTIFICATE, private_key=KEY, chain=KEY),
    "damaged key": secret(certificate=CERTIFICATE, private_key=HALF_OF_KEY),
    "key without its lines": secret(certificate=CERTIFICATE, private_key=KEY[28:-28]),
    "key as passphrase": secret(certificate=CERTIFICATE, private_key=ENCRYPTED, passphrase=KEY),
    "passphrase as key": secret(certificate=CERTIFICATE, private_key=PASSPHRASE),
    "passphrase in a list": secret(
        certificate=CERTIFICATE, private_key=ENCRYPTED, passphrase=[PASSPHRASE]
    ),
    "no passphrase": secret(certificate=CERTIFICATE, private_key=ENCRYPTED),
    "wrong passphrase": secret(
        certificate=CERTIFICATE, private_key=ENCRYPTED, passphrase=PASSPHRASE + "x"
    ),
    "wrong passphrase, traditional": secret(
        certificate=CERTIFICATE, private_key=TRADITIONAL, passphrase=PASSPHRASE + "x"
    ),
    "two keys": secret(certificate=CERTIFICATE, private_key=KEY, privkey=RSA_LEAF.key_pem()),
    "another key": secret(certificate=CERTIFICATE, private_key=RSA_LEAF.key_pem()),
    "unsupported key": secret(
        certificate=CERTIFICATE,
        private_key=Issued(certificate=LEAF.certificate, key=shared_key("ed25519")).key_pem(),
    ),
    "bundle, wrong passphrase": secret(pkcs12=BUNDLE, passphrase=PASSPHRASE + "x"),
    "bundle, no passphrase": secret(pkcs12=BUNDLE),
    "bundle beside a key": secret(pkcs12=BUNDLE, passphrase=PASSPHRASE, private_key=KEY),
    "key as bundle": secret(pkcs12=base64.b64encode(KEY.encode()).decode()),
    "key as bundle, plain": secret(pkcs12=KEY),
    "key as binary": SecretValue(version=VERSION, binary=KEY.encode()),
}


def fragments(text: str) -> set[str]:
    """Every run of eight characters of the key's base64, and of the passphrase."""
    lines = [line for line in text.splitlines() if re.fullmatch(r"[A-Za-z0-9+/=]{16,}", line)]
    return {line[at : at + 8] for line in lines for at in range(0, len(line) - 8, 4)}


SECRETS = {PASSPHRASE}.union(
    *(fragments(each) for each in (KEY, ENCRYPTED, TRADITIONAL, RSA_LEAF.key_pem(), BUNDLE))
)


@pytest.mark.parametrize("sample", REFUSED)
def test_a_refused_sample_shows_nothing_of_its_secrets(
    sample: str, caplog: pytest.LogCaptureFixture
) -> None:
    value = REFUSED[sample]
    caplog.set_level(logging.DEBUG)
    inspection = inspect(value)
    assert refusals(inspection.findings)
    shown = [repr(value), str(value), repr(inspection), caplog.text]
    shown += [text for each in inspection.findings for text in (str(each), repr(each), each.found)]
    shown += [str(each.to_json()) for each in inspection.findings]
    try:
        shown.append(repr(parse_secret(value)))
    except UnreadableSecretError as error:
        shown += [str(error), repr(error), *traceback.format_exception(error)]
    leaked = [each for each in SECRETS if any(each in text for text in shown)]
    assert leaked == []


@pytest.mark.parametrize("sample", REFUSED)
def test_a_refused_sample_names_what_is_wrong(sample: str) -> None:
    for finding in inspect(REFUSED[sample]).findings:
        assert finding.found.endswith(".")
        assert finding.remedy
