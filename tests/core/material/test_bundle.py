from certrotation.core.material.bundle import PresentedCertificate, private_key_pem
from tests.core.samples import (
    ISSUING_CA,
    LEAF,
    PRIVATE_CA,
    PRIVATE_LEAF,
    PRIVATE_ROOT,
    RSA_LEAF,
    VERSION,
    material_of,
    presented,
)
from tests.support.authority import pem

MATERIAL = material_of(LEAF)


def test_material_tells_what_copies_are_compared_by() -> None:
    assert MATERIAL.version == VERSION
    assert MATERIAL.names == {"www.example.com"}
    assert MATERIAL.fingerprint == presented(LEAF).fingerprint
    assert MATERIAL.not_after == LEAF.certificate.not_valid_after_utc.timestamp()
    assert MATERIAL.key_algorithm == "EC_prime256v1"
    assert len(MATERIAL.fingerprint) == 64


def test_material_is_written_as_acm_wants_it() -> None:
    private = material_of(PRIVATE_LEAF, PRIVATE_CA.certificate, PRIVATE_ROOT.certificate)
    assert MATERIAL.leaf_pem().decode() == LEAF.certificate_pem
    assert MATERIAL.chain_pem().decode() == pem(ISSUING_CA.certificate)
    assert private.chain_pem().decode() == pem(PRIVATE_CA.certificate, PRIVATE_ROOT.certificate)


def test_the_key_is_written_as_plain_pkcs8_whatever_it_came_as() -> None:
    for issued in (LEAF, RSA_LEAF):
        written = material_of(issued).private_key_pem()
        assert written == private_key_pem(issued.key)
        assert written.startswith(b"-----BEGIN PRIVATE KEY-----\n")
    assert material_of(LEAF, LEAF.certificate).chain_pem() == b""


def test_the_key_takes_no_part_in_comparison_and_repr() -> None:
    assert material_of(LEAF) == MATERIAL
    assert "private_key" not in repr(MATERIAL)


def test_a_copy_equals_the_material_by_leaf_and_chain() -> None:
    other_leaf = ISSUING_CA.issue("www.example.com", key=LEAF.key)
    assert presented(LEAF).equals(MATERIAL)
    assert not presented(other_leaf).equals(MATERIAL)
    assert not PresentedCertificate(leaf=LEAF.certificate, chain=()).equals(MATERIAL)
