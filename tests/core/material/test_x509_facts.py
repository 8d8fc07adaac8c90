import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from certrotation.core.material.x509_facts import (
    KeyAlgorithm,
    basic_constraints_of,
    extended_key_usages_of,
    fingerprint_of,
    is_ca,
    is_self_signed,
    is_valid_at,
    issued_by,
    issuer_name_of,
    key_algorithm_of,
    key_usages_of,
    public_bytes_of,
    subject_name_of,
    weak_digest_of,
)
from tests.core.samples import (
    ISSUING_CA,
    LEAF,
    LONG_AGO,
    PRIVATE_CA,
    PUBLIC_ROOT,
    SECOND,
    root,
)
from tests.support.authority import (
    CLIENT_AUTH,
    KEY_USAGES,
    SERVER_AUTH,
    Authority,
    self_signed,
    shared_key,
    weakly_signed,
)

RSA_ROOT = root("RSA Root", key="rsa2048")

OLD_ECDSA_ROOT = """-----BEGIN CERTIFICATE-----
MIIBhzCCAS6gAwIBAgIUKIQKw39KHnKoI895rLfcRaac38gwCQYHKoZIzj0EATAZ
MRcwFQYDVQQDDA5PbGQgRUNEU0EgUm9vdDAgFw0yNjExMjQwODM2MzJaGA8yMTI2
MTAzMTA4MzYzMlowGTEXMBUGA1UEAwwOT2xkIEVDRFNBIFJvb3QwWTATBgcqhkjO
PQIBBggqhkjOPQMBBwNCAAQbkaQ5+77MZC2zk3hYvNq4gQitm22GjGGqexCpmU6V
TPFZM0J4qo9yI4Yh+L/ugs+6pR05j+2z1qp3ymLKuWKmo1MwUTAdBgNVHQ4EFgQU
EngykIuX8j0JMsZqeUQK7mcCRzQwHwYDVR0jBBgwFoAUEngykIuX8j0JMsZqeUQK
7mcCRzQwDwYDVR0TAQH/BAUwAwEB/zAJBgcqhkjOPQQBA0gAMEUCIQC+KYQJkwY6
0uWBrJgk3A4bsEMxL393vPDAaih0PUk/MgIgR+kiYTTpLVBA07d8HjCN3dkZUJ+I
4Oi8UvIcafH3MnQ=
-----END CERTIFICATE-----
"""
"""Made with `openssl req -x509 -sha1 -newkey ec`; cryptography signs nothing with SHA-1."""

OLD_PSS_ROOT = """-----BEGIN CERTIFICATE-----
MIICDDCCAXWgAwIBAgIUESYduHVMjBm813upDMbiT7Gapr8wDQYJKoZIhvcNAQEK
MAAwFzEVMBMGA1UEAwwMT2xkIFBTUyBSb290MCAXDTI2MTEyNDA4MzYzMloYDzIx
MjYxMDMxMDgzNjMyWjAXMRUwEwYDVQQDDAxPbGQgUFNTIFJvb3QwgZ8wDQYJKoZI
hvcNAQEBBQADgY0AMIGJAoGBAJ1TYIPjWA2LmC9wdfw98QLbD4sEp3EPYJGRgv5a
OwmrcmhdX3spDRiYBKzGp1LcVB8wWDzvMemdRArBqCSIEID2CkTkexhMaXbaciGu
S/1aPg97/6DZ0H8KQ19DnSWI1nw9HcpBIYk/9evBpqZ1ZVFmlj9bZAmoOdX9vpFD
u4qHAgMBAAGjUzBRMB0GA1UdDgQWBBTS6nOczVOXIwfwbe4NAvWBJ2PhITAfBgNV
HSMEGDAWgBTS6nOczVOXIwfwbe4NAvWBJ2PhITAPBgNVHRMBAf8EBTADAQH/MA0G
CSqGSIb3DQEBCjAAA4GBAG0we9LkInw8u7M7ZS5SMgCBV3YOi4l7QchyXP5hW1TN
SQw/xM830PjASdvIRUiwE4GKxNn3s305WrzfiBdT+fp+PI2qhYojAZ91LrZJeY7X
dokb4PV9TPGVbJInfR7A7HVrdGuBG70lqMkuuv95Hu2Q3Q7CbY77zzYvDg2k4+J1
-----END CERTIFICATE-----
"""
"""As above, with `-newkey rsa:1024 -sigopt rsa_padding_mode:pss`."""


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [
        ("rsa1024", "RSA_1024"),
        ("rsa2048", "RSA_2048"),
        ("p256", "EC_prime256v1"),
        ("p384", "EC_secp384r1"),
        ("p521", "EC_secp521r1"),
        ("p224", None),
        ("ed25519", None),
    ],
)
def test_a_key_has_the_algorithm_that_acm_calls_it(kind: str, algorithm: str | None) -> None:
    assert key_algorithm_of(shared_key(kind).public_key()) == algorithm


def test_the_elliptic_algorithms_are_those_on_curves() -> None:
    assert {each.value for each in KeyAlgorithm if each.is_elliptic} == {
        "EC_prime256v1",
        "EC_secp384r1",
        "EC_secp521r1",
    }


def test_two_keys_are_the_same_where_their_bytes_are() -> None:
    assert public_bytes_of(LEAF.key.public_key()) == public_bytes_of(LEAF.certificate.public_key())
    assert public_bytes_of(LEAF.key.public_key()) != public_bytes_of(ISSUING_CA.key.public_key())


def test_a_fingerprint_is_the_sha256_in_hexadecimal() -> None:
    assert fingerprint_of(LEAF.certificate) == LEAF.certificate.fingerprint(hashes.SHA256()).hex()


@pytest.mark.parametrize("usage", KEY_USAGES)
def test_each_key_usage_has_its_name(usage: str) -> None:
    usages = {usage, "key_agreement"}  # without it encipher_only and decipher_only mean nothing
    leaf = ISSUING_CA.issue("a.example", usages=sorted(usages))
    assert key_usages_of(leaf.certificate) == frozenset(usages)


def test_usages_that_are_not_there_differ_from_none_set() -> None:
    without = ISSUING_CA.issue("a.example", usages=None, extended=None, ca=None).certificate
    assert key_usages_of(without) is None
    assert extended_key_usages_of(without) is None
    assert basic_constraints_of(without) is None
    assert key_usages_of(ISSUING_CA.issue("a.example", usages=()).certificate) == frozenset()


def test_extended_key_usages_are_object_identifiers() -> None:
    leaf = ISSUING_CA.issue("a.example", extended=(SERVER_AUTH, CLIENT_AUTH))
    assert extended_key_usages_of(leaf.certificate) == frozenset({SERVER_AUTH, CLIENT_AUTH})


@pytest.mark.parametrize(("declared", "holds"), [(True, True), (False, False), (None, False)])
def test_a_ca_is_what_declares_itself_one(declared: bool | None, holds: bool) -> None:  # noqa: FBT001  a table's columns
    assert is_ca(ISSUING_CA.issue("a.example", ca=declared).certificate) is holds


def test_a_certificate_is_valid_from_its_first_to_its_last_second() -> None:
    leaf = ISSUING_CA.issue("a.example", not_before=LONG_AGO, not_after=LONG_AGO + SECOND)
    moments = [LONG_AGO + n * SECOND for n in (-1, 0, 1, 2)]
    assert [is_valid_at(leaf.certificate, at) for at in moments] == [False, True, True, False]


def test_names_for_messages_are_never_empty() -> None:
    key = shared_key("p256", "nobody")
    empty = x509.Name([])
    nobody = x509.CertificateBuilder(
        issuer_name=empty,
        subject_name=empty,
        public_key=key.public_key(),
        serial_number=1,
        not_valid_before=LONG_AGO,
        not_valid_after=LONG_AGO + SECOND,
    ).sign(PUBLIC_ROOT.key, hashes.SHA256())
    assert (subject_name_of(nobody), issuer_name_of(nobody)) == ("(no subject)", "(no issuer)")
    assert subject_name_of(LEAF.certificate) == "CN=www.example.com"
    assert issuer_name_of(LEAF.certificate) == "CN=Issuing CA"


def test_an_issuer_is_known_by_name_and_by_signature() -> None:
    namesake = Authority.root("Issuing CA", not_before=LONG_AGO)
    assert issued_by(LEAF.certificate, ISSUING_CA.certificate)
    assert not issued_by(LEAF.certificate, PRIVATE_CA.certificate)
    assert not issued_by(LEAF.certificate, namesake.certificate)


@pytest.mark.parametrize("key", ["p256", "p521", "rsa2048", "ed25519"])
def test_a_leaf_of_one_key_type_may_be_issued_with_another(key: str) -> None:
    authority = root(f"Root {key}", key=key)
    leaf = authority.issue("a.example", key=shared_key("p384"))
    assert issued_by(leaf.certificate, authority.certificate)


def test_self_signed_means_signed_with_the_own_key() -> None:
    assert is_self_signed(self_signed("a.example").certificate)
    assert is_self_signed(PUBLIC_ROOT.certificate)
    assert not is_self_signed(LEAF.certificate)
    new_with_old = PUBLIC_ROOT.intermediate("Public Root").certificate
    assert new_with_old.issuer == new_with_old.subject
    assert not is_self_signed(new_with_old)


@pytest.mark.parametrize(("digest", "name"), [("sha1", "SHA1"), ("md5", "MD5")])
def test_a_weak_signature_still_links_so_that_it_can_be_accepted(digest: str, name: str) -> None:
    weak = weakly_signed(RSA_ROOT, RSA_ROOT.issue("a.example").certificate, digest)
    namesakes = [Authority.root("RSA Root", key=key) for key in ("rsa1024", "p256")]
    assert weak_digest_of(weak) == name
    assert issued_by(weak, RSA_ROOT.certificate)
    assert not any(issued_by(weak, each.certificate) for each in namesakes)


@pytest.mark.parametrize("text", [OLD_ECDSA_ROOT, OLD_PSS_ROOT], ids=["ecdsa", "rsa-pss"])
def test_sha1_is_verified_with_every_algorithm(text: str) -> None:
    old = x509.load_pem_x509_certificate(text.encode())
    namesake = Authority.root(old.subject.rfc4514_string().removeprefix("CN="), key="ed25519")
    assert weak_digest_of(old) == "SHA1"
    assert is_self_signed(old)
    assert not issued_by(old, namesake.certificate)


@pytest.mark.parametrize("authority", [RSA_ROOT, ISSUING_CA, root("Root ed25519", key="ed25519")])
def test_a_digest_that_clients_take_is_not_weak(authority: Authority) -> None:
    assert weak_digest_of(authority.issue("a.example").certificate) is None


def test_a_signature_by_a_key_that_no_client_verifies_counts_for_nothing() -> None:
    odd = Authority.root("Odd Root", key=shared_key("secp256k1", "Odd Root"))
    assert not issued_by(odd.issue("a.example").certificate, odd.certificate)
