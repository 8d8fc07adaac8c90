import warnings
from pathlib import Path

import botocore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from certrotation.core.material.trust import Anchor, PublicRoots, anchor_of
from certrotation.core.material.x509_facts import is_self_signed, public_bytes_of
from tests.core.samples import (
    ISSUING_CA,
    LEAF,
    PRIVATE_CA,
    PRIVATE_LEAF,
    PRIVATE_ROOT,
    PUBLIC_ROOT,
    ROOTS,
    resigned,
    root,
)
from tests.support.authority import Authority, make_key, shared_key

NAME = PRIVATE_ROOT.certificate.subject
KEY = x509.SubjectKeyIdentifier.from_public_key(PRIVATE_ROOT.key.public_key()).digest
PRIVATE = Anchor(public=False, name=NAME, key_identifier=KEY)
ROOT_ITSELF = PRIVATE._replace(public_key=public_bytes_of(PRIVATE_ROOT.key.public_key()))
PATH = (PRIVATE_LEAF.certificate, PRIVATE_CA.certificate)


def test_a_public_root_is_known_by_name_and_key_whoever_signed_it() -> None:
    crossed = PRIVATE_ROOT.intermediate("Public Root", key=PUBLIC_ROOT.key)
    namesake = root("Another").intermediate("Public Root", key="p256")
    assert ROOTS.contains(PUBLIC_ROOT.certificate)
    assert ROOTS.contains(crossed.certificate)
    assert not ROOTS.contains(namesake.certificate)
    assert not ROOTS.contains(PRIVATE_ROOT.certificate)


def test_roots_of_one_name_are_all_looked_at() -> None:
    twins = [Authority.root("Twin", key=shared_key("p256", label)) for label in "ab"]
    roots = PublicRoots([each.certificate for each in twins])
    for twin in twins:
        assert roots.contains(twin.certificate)
        assert roots.issuers_of(twin.issue("a.example").certificate)


def test_a_public_root_has_issued_what_its_key_signed() -> None:
    namesake = Authority.root("Public Root", key=shared_key("p256", "namesake"))
    assert ROOTS.issuers_of(ISSUING_CA.certificate)
    assert not ROOTS.issuers_of(LEAF.certificate)
    assert not ROOTS.issuers_of(namesake.intermediate().certificate)


def test_a_former_root_counts_for_what_is_live_alone() -> None:
    former = root("Former Root")
    roots = PublicRoots([PUBLIC_ROOT.certificate], former=[former.certificate])
    leaf = former.issue("a.example").certificate
    assert not roots.contains(former.certificate)
    assert roots.issuers_of(leaf) == ()
    assert roots.with_former.issuers_of(leaf) == (former.certificate,)
    assert roots.with_former.contains(PUBLIC_ROOT.certificate)


def test_a_path_above_a_public_root_keeps_that_root_for_its_anchor() -> None:
    crossed = PRIVATE_ROOT.intermediate("Public Root", key=PUBLIC_ROOT.key).certificate
    path = (LEAF.certificate, ISSUING_CA.certificate, crossed, PRIVATE_ROOT.certificate)
    assert anchor_of(path, ROOTS).name == PUBLIC_ROOT.certificate.subject
    assert anchor_of(path, ROOTS, is_public=False) == ROOT_ITSELF


def test_the_bundle_that_botocore_ships_is_understood() -> None:
    bundle = (Path(botocore.__file__).parent / "cacert.pem").read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one root has a serial number of zero
        certificates = x509.load_pem_x509_certificates(bundle)
        roots = PublicRoots(certificates)
        assert len(certificates) > 100
        assert all(is_self_signed(each) for each in certificates)
        assert all(roots.contains(each) and roots.issuers_of(each) for each in certificates)


def test_the_anchor_of_a_public_path_is_the_root_that_issued_its_top() -> None:
    name = PUBLIC_ROOT.certificate.subject
    key = x509.SubjectKeyIdentifier.from_public_key(PUBLIC_ROOT.key.public_key()).digest
    direct = PUBLIC_ROOT.issue("a.example").certificate
    public_key = public_bytes_of(PUBLIC_ROOT.key.public_key())
    assert anchor_of((direct,), ROOTS) == Anchor(
        public=True, name=name, key_identifier=key, public_key=public_key
    )
    assert anchor_of((LEAF.certificate, ISSUING_CA.certificate), ROOTS).public


def test_a_private_root_and_what_it_issued_tell_the_same_anchor() -> None:
    assert anchor_of((*PATH, PRIVATE_ROOT.certificate), ROOTS) == ROOT_ITSELF
    assert ROOT_ITSELF.is_same_as(PRIVATE)
    assert anchor_of((PRIVATE_ROOT.issue("a.example").certificate,), ROOTS) == PRIVATE


def test_a_root_without_key_identifier_has_that_of_its_key() -> None:
    bare = resigned(PRIVATE_ROOT, PRIVATE_ROOT.certificate, without=[x509.SubjectKeyIdentifier])
    assert anchor_of((*PATH, bare), ROOTS) == ROOT_ITSELF


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (PRIVATE, True),
        (Anchor(public=False, name=NAME, key_identifier=None), True),
        (Anchor(public=False, name=NAME, key_identifier=b"another"), False),
        (Anchor(public=False, name=PUBLIC_ROOT.certificate.subject, key_identifier=KEY), False),
        (Anchor(public=False, name=PUBLIC_ROOT.certificate.subject, key_identifier=None), False),
    ],
    ids=["equal", "no identifier", "other key", "other name", "other name, no identifier"],
)
def test_anchors_are_the_same_by_name_and_by_the_identifiers_known(
    other: Anchor,
    same: bool,  # noqa: FBT001  a table's column
) -> None:
    assert PRIVATE.is_same_as(other) is same
    assert other.is_same_as(PRIVATE) is same


def test_an_issuer_that_names_no_key_leaves_the_identifier_open() -> None:
    bare = resigned(PRIVATE_ROOT, PRIVATE_CA.certificate, without=[x509.AuthorityKeyIdentifier])
    anchor = anchor_of((PRIVATE_LEAF.certificate, bare), ROOTS)
    assert anchor == Anchor(public=False, name=NAME, key_identifier=None)


def test_an_anchor_reads_as_words() -> None:
    nameless = Anchor(public=False, name=x509.Name([]), key_identifier=None)
    public = Anchor(public=True, name=NAME, key_identifier=None)
    assert str(PRIVATE) == "private CA CN=Private Root"
    assert str(public) == "public root CN=Private Root"
    assert str(nameless) == "private CA (no name)"


def test_a_root_made_up_under_the_name_and_identifier_of_another_is_not_the_same() -> None:
    key, real = make_key(), PRIVATE_ROOT.certificate
    builder = x509.CertificateBuilder(
        issuer_name=NAME,
        subject_name=NAME,
        public_key=key.public_key(),
        serial_number=real.serial_number,
        not_valid_before=real.not_valid_before_utc,
        not_valid_after=real.not_valid_after_utc,
        extensions=list(real.extensions),
    )
    made_up = anchor_of((builder.sign(key, hashes.SHA256()),), ROOTS)

    assert made_up.key_identifier == KEY
    assert not made_up.is_same_as(anchor_of((*PATH, real), ROOTS))
    assert made_up.is_same_as(PRIVATE), "the root itself is not at hand"
