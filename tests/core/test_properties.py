"""What holds for any secret, however it was written."""

import base64
import json
import random
from itertools import pairwise

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    pkcs12,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from certrotation.core.findings import Code
from certrotation.core.material.checks import Inspection
from certrotation.core.material.secret_format import (
    CERTIFICATE_KEYS,
    CHAIN_KEYS,
    PASSPHRASE_KEY,
    PKCS12_KEY,
    PRIVATE_KEY_KEYS,
)
from certrotation.core.material.secret_value import SecretValue
from certrotation.core.material.x509_facts import issued_by
from tests.core.samples import (
    ISSUING_CA,
    LEAF,
    NOW,
    PRIVATE_CA,
    PRIVATE_LEAF,
    PRIVATE_ROOT,
    PUBLIC_ROOT,
    ROOTS,
    RSA_LEAF,
    VERSION,
    inspect,
    root,
    secret,
    secret_of,
    under,
)
from tests.support.authority import Issued, pem

FEW = settings(max_examples=50, deadline=None)
KEYS = (*CERTIFICATE_KEYS, *PRIVATE_KEY_KEYS, *CHAIN_KEYS, PKCS12_KEY, PASSPHRASE_KEY)
TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [LEAF.certificate_pem, LEAF.fullchain_pem, LEAF.key_pem(), RSA_LEAF.key_pem(), ""]
    ),
    st.none(),
    st.integers(),
)


def assert_answered(inspection: Inspection) -> None:
    """There is material, or a finding that says why there is none."""
    assert inspection.material is not None or inspection.findings
    assert all(str(each) for each in inspection.findings)


@FEW
@given(st.text())
def test_any_text_is_answered(text: str) -> None:
    assert_answered(inspect(SecretValue(version=VERSION, text=text)))


@FEW
@given(st.binary(max_size=200))
def test_any_bytes_are_answered(data: bytes) -> None:
    assert_answered(inspect(SecretValue(version=VERSION, binary=data)))


@FEW
@given(st.dictionaries(st.sampled_from(KEYS), TEXTS))
def test_any_fields_are_answered(fields: dict[str, object]) -> None:
    assert_answered(inspect(secret(**fields)))


@FEW
@given(st.recursive(st.none() | st.floats() | st.text(), st.lists, max_leaves=5))
def test_any_json_is_answered(document: object) -> None:
    assert_answered(inspect(SecretValue(version=VERSION, text=json.dumps(document))))


ENCRYPTED = LEAF.key_pem(passphrase="x")
BUNDLES = [
    base64.b64encode(
        pkcs12.serialize_key_and_certificates(b"w", LEAF.key, LEAF.certificate, None, each)
    ).decode()
    for each in (NoEncryption(), BestAvailableEncryption(b"x"))
]


@pytest.mark.slow
@FEW
@given(st.sampled_from(["", *BUNDLES]), st.text(max_size=20))
def test_any_passphrase_is_answered(bundle: str, passphrase: str) -> None:
    """OpenSSL's strings end at NUL; a passphrase that holds one once was a panic."""
    key = {"certificate": LEAF.fullchain_pem, "private_key": ENCRYPTED}
    fields = {"pkcs12": bundle} if bundle else key
    assert_answered(inspect(secret(**fields, passphrase=passphrase)))
    assert_answered(inspect(secret(**fields, passphrase=passphrase + "\0")))


DER = LEAF.certificate.public_bytes(Encoding.DER)


# cryptography reads some encodings that RFC 5280 forbids, and warns of them.
@pytest.mark.filterwarnings(
    "ignore::cryptography.utils.CryptographyDeprecationWarning",
    "ignore:Attribute's length must be:UserWarning",
)
@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(DER) - 1), st.integers(0, 255))
def test_a_certificate_with_any_byte_changed_is_answered(position: int, value: int) -> None:
    changed = bytearray(DER)
    changed[position] = value
    text = _pem("CERTIFICATE", bytes(changed))
    assert_answered(
        inspect(secret(certificate=text, private_key=LEAF.key_pem(), chain=LEAF.chain_pem))
    )


def _pem(label: str, der: bytes) -> str:
    return f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n"


TWIN = under(PRIVATE_ROOT, "Private Issuing CA", not_after=NOW.replace(year=2028))
POOL = [
    ISSUING_CA.certificate,
    PUBLIC_ROOT.certificate,
    PRIVATE_CA.certificate,
    TWIN.certificate,
    PRIVATE_ROOT.certificate,
    root("Old Root").intermediate("Public Root", key=PUBLIC_ROOT.key).certificate,
    root("Old Root").intermediate("Issuing CA", key=ISSUING_CA.key).certificate,
    ISSUING_CA.intermediate("Private Root", key=PRIVATE_ROOT.key).certificate,
    LEAF.certificate,
    PRIVATE_LEAF.certificate,
]
LEAVES = st.sampled_from([LEAF, PRIVATE_LEAF, RSA_LEAF])
CHAINS = st.lists(st.sampled_from(POOL), max_size=12)


@pytest.mark.slow
@FEW
@given(LEAVES, CHAINS)
def test_a_repaired_chain_links_from_the_leaf_up(
    issued: Issued, chain: list[x509.Certificate]
) -> None:
    inspection = inspect(secret_of(issued, *chain))
    material = inspection.material
    assert material is not None
    path = (material.leaf, *material.chain)
    assert all(issued_by(below, above) for below, above in pairwise(path))
    assert len(set(path)) == len(path)
    assert PUBLIC_ROOT.certificate not in path
    top = path[-1]
    is_ended = any(ROOTS.issuers_of(each) for each in path) or issued_by(top, top)
    assert is_ended or Code.CHAIN_INCOMPLETE in {each.code for each in inspection.findings}


@pytest.mark.slow
@FEW
@given(LEAVES, CHAINS, st.randoms(use_true_random=False))
def test_the_order_of_what_is_supplied_does_not_matter(
    issued: Issued, chain: list[x509.Certificate], shuffler: random.Random
) -> None:
    shuffled = chain.copy()
    shuffler.shuffle(shuffled)
    first, second = (
        inspect(secret(certificate=pem(issued.certificate, *each), private_key=issued.key_pem()))
        for each in (chain, shuffled)
    )
    assert first.material == second.material
    repairs = {Code.CHAIN_MISORDERED, Code.CHAIN_SUPERFLUOUS}
    assert [each for each in first.findings if each.code not in repairs] == [
        each for each in second.findings if each.code not in repairs
    ]
