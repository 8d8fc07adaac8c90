"""The signing request, and the identifier of a certificate in renewal information."""

from base64 import urlsafe_b64decode

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from certrotation.core.issuance.signing_request import ari_identifier, new_key, signing_request
from certrotation.core.material.certificate_request import KEYS
from certrotation.core.material.x509_facts import KeyAlgorithm, key_algorithm_of
from tests.core.samples import ISSUING_CA, LEAF, resigned
from tests.support.authority import shared_key


@pytest.mark.parametrize("kind", ["rsa2048", "p256", "p384"])
def test_a_request_has_the_names_and_the_key_and_no_subject(kind: str) -> None:
    key = shared_key(kind)
    made = x509.load_der_x509_csr(signing_request(["a.example", "*.a.example"], key))
    assert made.is_signature_valid
    assert made.public_key() == key.public_key()
    assert list(made.subject) == []
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.example", "*.a.example"]


@pytest.mark.parametrize("kind", ["rsa2048", "p256", "p521"])
def test_the_same_key_makes_the_same_request_again(kind: str) -> None:
    key = shared_key(kind)
    assert signing_request(["a.example"], key) == signing_request(["a.example"], key)
    assert signing_request(["a.example"], key) != signing_request(["b.example"], key)


def test_a_common_name_is_the_first_name_that_is_short_enough() -> None:
    long = f"{'a' * 60}.example"
    for names, expected, is_critical in (
        ([long, "*.b.example", "c.example"], ["*.b.example"], False),
        ([long], [], True),
    ):
        made = x509.load_der_x509_csr(
            signing_request(names, shared_key("p256"), has_common_name=True)
        )
        assert [each.value for each in made.subject] == expected
        alternatives = made.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        assert alternatives.critical is is_critical
        assert alternatives.value.get_values_for_type(x509.DNSName) == names


class _Certificate:
    """The parts of a certificate that the identifier is made of."""

    def __init__(self, identifier: bytes, serial: int) -> None:
        self.serial_number = serial
        value = x509.AuthorityKeyIdentifier(identifier, None, None)
        self.extensions = x509.Extensions(
            [x509.Extension(x509.AuthorityKeyIdentifier.oid, critical=False, value=value)]
        )


def test_the_identifier_is_that_of_the_rfcs_example() -> None:
    """RFC 9773, section 4.1: the serial number 87:65:43:21 has a leading zero byte in DER."""
    key = bytes.fromhex("69885B6B87464041E1B37B847BA0AE2CDE01C8D4")
    example = _Certificate(key, 0x87654321)
    assert ari_identifier(example) == "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"  # type: ignore[arg-type]  # has what is read


@given(st.integers(1, 2**159))
def test_the_serial_number_can_be_read_back(serial: int) -> None:
    found = ari_identifier(_Certificate(b"key", serial))  # type: ignore[arg-type]  # as above
    assert found is not None
    encoded = found.partition(".")[2]
    content = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    assert int.from_bytes(content, signed=True) == serial
    assert len(content) == serial.bit_length() // 8 + 1


def test_a_certificate_that_does_not_identify_its_issuer_has_no_identifier() -> None:
    plain = resigned(ISSUING_CA, LEAF.certificate, without=[x509.AuthorityKeyIdentifier])
    assert ari_identifier(plain) is None
    assert ari_identifier(LEAF.certificate) is not None


LARGE = {KeyAlgorithm.RSA_3072, KeyAlgorithm.RSA_4096}
"""Their keys take a second to make."""


@pytest.mark.parametrize(
    "algorithm",
    [pytest.param(each, marks=pytest.mark.slow) if each in LARGE else each for each in KEYS],
)
def test_a_new_key_has_the_type_that_is_asked_for(algorithm: KeyAlgorithm) -> None:
    first, second = new_key(algorithm), new_key(algorithm)
    assert key_algorithm_of(first.public_key()) is algorithm
    assert first.public_key() != second.public_key()
