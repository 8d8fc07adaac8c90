import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import RC2
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.modes import CBC

from certrotation.core.material.rc2 import decrypt_cbc


@pytest.mark.parametrize(
    ("key", "plain", "encrypted"),
    [
        ("ffffffffffffffff", "ffffffffffffffff", "278b27e42e2f0d49"),
        ("3000000000000000", "1000000000000001", "30649edf9be7d2c2"),
        ("88bca90e90875a7f0f79c384627bafb2", "0000000000000000", "2269552ab0f85ca6"),
    ],
)
def test_the_vectors_of_the_rfc_whose_key_bits_all_count(
    key: str, plain: str, encrypted: str
) -> None:
    """RFC 2268, section 5."""
    decrypted = decrypt_cbc(bytes.fromhex(key), bytes(8), bytes.fromhex(encrypted))
    assert decrypted == bytes.fromhex(plain)


def test_many_blocks_come_out_as_another_implementation_put_them_in() -> None:
    key, vector, plain = bytes(range(16)), bytes(range(8)), bytes(range(256))
    encryptor = Cipher(RC2(key), CBC(vector)).encryptor()
    encrypted = encryptor.update(plain) + encryptor.finalize()
    assert decrypt_cbc(key, vector, encrypted) == plain
