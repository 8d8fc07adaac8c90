import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from certrotation.core.material.distinguished_names import canonical_name

UTF8, PRINTABLE = _ASN1Type.UTF8String, _ASN1Type.PrintableString


def name(
    value: str, kind: _ASN1Type = UTF8, oid: x509.ObjectIdentifier = NameOID.COMMON_NAME
) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value, kind)])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (name("Example CA"), name("Example CA", PRINTABLE), True),
        (name("Example CA"), name("EXAMPLE ca"), True),
        (name("Example CA"), name("  Example   CA "), True),
        (name("Exämple"), name("EXäMPLE"), True),
        (name("Exämple"), name("EXÄMPLE"), False),
        (name("Example CA"), name("ExampleCA"), False),
        (name("Example CA"), name("Example CA", oid=NameOID.ORGANIZATION_NAME), False),
    ],
)
def test_names_are_compared_without_string_type_case_and_blanks(
    *, one: x509.Name, other: x509.Name, same: bool
) -> None:
    assert (canonical_name(one) == canonical_name(other)) is same


def test_the_order_counts_between_relative_names_and_not_within_one() -> None:
    a, b = (x509.NameAttribute(NameOID.COMMON_NAME, each) for each in "ab")
    together = x509.Name([x509.RelativeDistinguishedName([a, b])])
    swapped = x509.Name([x509.RelativeDistinguishedName([b, a])])
    assert canonical_name(together) == canonical_name(swapped)
    assert canonical_name(x509.Name([a, b])) != canonical_name(x509.Name([b, a]))
    assert canonical_name(x509.Name([a, b])) != canonical_name(together)


def test_a_value_that_is_no_text_is_compared_as_it_is() -> None:
    oid = NameOID.X500_UNIQUE_IDENTIFIER
    bits = x509.Name([x509.NameAttribute(oid, b"\x01A", _ASN1Type.BitString)])
    assert canonical_name(bits) == (frozenset({(oid.dotted_string, b"\x01A")}),)
