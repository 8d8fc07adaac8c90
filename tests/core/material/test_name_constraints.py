from __future__ import annotations

import ipaddress

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from certrotation.core.material.name_constraints import name_not_allowed
from tests.core.samples import DAY, ISSUING_CA, NOW, PRIVATE_ROOT
from tests.support.authority import certify, shared_key

KEY = shared_key("p256", "constrained")
CA = x509.BasicConstraints(ca=True, path_length=None)


def dns(name: str) -> x509.DNSName:
    return x509.DNSName._init_without_validation(name)


def ip(network: str) -> x509.IPAddress:
    return x509.IPAddress(ipaddress.ip_network(network))


def address(text: str) -> x509.IPAddress:
    return x509.IPAddress(ipaddress.ip_address(text))


def name_of(**attributes: str) -> x509.Name:
    oids = {"cn": NameOID.COMMON_NAME, "o": NameOID.ORGANIZATION_NAME, "e": NameOID.EMAIL_ADDRESS}
    return x509.Name([x509.NameAttribute(oids[key], value) for key, value in attributes.items()])


def directory(**attributes: str) -> x509.DirectoryName:
    return x509.DirectoryName(name_of(**attributes))


def mail(text: str) -> x509.RFC822Name:
    return x509.RFC822Name(text)


def uri(text: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(text)


def constrained(
    permitted: list[x509.GeneralName] | None = None, excluded: list[x509.GeneralName] | None = None
) -> x509.Certificate:
    return certify(
        PRIVATE_ROOT, "Constrained", CA, x509.NameConstraints(permitted, excluded), key=KEY
    )


def leaf(*names: x509.GeneralName, subject: x509.Name | None = None) -> x509.Certificate:
    extensions = [x509.SubjectAlternativeName(names)] if names else []
    return certify(ISSUING_CA, subject or x509.Name([]), *extensions, key=KEY)


@pytest.mark.parametrize(
    ("base", "name", "contains"),
    [
        (dns("example.com"), dns("example.com"), True),
        (dns("example.com"), dns("shop.example.com"), True),
        (dns("Example.COM"), dns("SHOP.example.com"), True),
        (dns("example.com"), dns("*.example.com"), True),
        (dns("example.com"), dns("myexample.com"), False),
        (dns("shop.example.com"), dns("example.com"), False),
        (dns(".example.com"), dns("shop.example.com"), True),
        (dns(".example.com"), dns("example.com"), False),
        (dns(""), dns("shop.example.com"), True),
        (ip("192.0.2.0/24"), address("192.0.2.7"), True),
        (ip("192.0.2.0/24"), address("192.0.3.7"), False),
        (ip("192.0.2.0/24"), address("2001:db8::7"), False),
        (ip("2001:db8::/32"), address("2001:db8::7"), True),
        (directory(o="Example"), directory(o="Example", cn="shop"), True),
        (directory(o="EXAMPLE"), directory(o=" example", cn="shop"), True),
        (directory(o="Example", cn="shop"), directory(o="Example"), False),
        (directory(cn="shop"), directory(o="Example", cn="shop"), False),
        (directory(), directory(o="Example"), True),
        (mail("example.com"), mail("ops@example.com"), True),
        (mail("ops@example.com"), mail("ops@EXAMPLE.com"), True),
        (mail("ops@example.com"), mail("Ops@example.com"), False),
        (mail("dev@example.com"), mail("ops@example.com"), False),
        (mail("@example.com"), mail("ops@example.com"), True),
        (mail("example.com"), mail('"ops@night"@example.com'), True),
        (mail("example.com"), mail("ops@mail.example.com"), False),
        (mail(".example.com"), mail("ops@mail.example.com"), True),
        (uri("example.com"), uri("https://example.com/path"), True),
        (uri("example.com"), uri("https://www.example.com:8443/"), False),
        (uri(".example.com"), uri("https://www.example.com:8443/"), True),
    ],
)
def test_a_subtree_contains_a_name_or_does_not(
    *, base: x509.GeneralName, name: x509.GeneralName, contains: bool
) -> None:
    permitted, excluded = constrained(permitted=[base]), constrained(excluded=[base])
    assert (name_not_allowed(permitted, leaf(name), is_leaf=True) is None) is contains
    assert (name_not_allowed(excluded, leaf(name), is_leaf=True) is None) is not contains


REGISTERED = x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))
USER = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x01u")


@pytest.mark.parametrize(
    ("base", "name", "said"),
    [
        (ip("192.0.2.0/24"), ip("192.0.2.0/28"), "192.0.2.0/28"),
        (mail("example.com"), mail("example.com"), "example.com"),
        (uri("example.com"), uri("urn:example:shop"), "urn:example:shop"),
        (uri("example.com"), uri("https://192.0.2.7/"), "https://192.0.2.7/"),
        (uri("example.com"), uri("https://[2001:db8::7]/"), "https://[2001:db8::7]/"),
        (REGISTERED, REGISTERED, "1.2.3"),
        (USER, USER, "the otherName"),
    ],
)
def test_a_name_that_cannot_be_compared_is_never_allowed(
    base: x509.GeneralName, name: x509.GeneralName, said: str
) -> None:
    for ca in (constrained(permitted=[base]), constrained(excluded=[base])):
        assert name_not_allowed(ca, leaf(name, dns("a.example")), is_leaf=True) == said
        assert name_not_allowed(ca, leaf(dns("a.example")), is_leaf=True) is None


@pytest.mark.parametrize("bound", ["800101", "810103"])
def test_a_subtree_with_a_minimum_or_a_maximum_allows_no_name_of_its_kind(bound: str) -> None:
    base = bytes.fromhex("820b") + b"example.com"
    subtree = bytes([0x30, len(base) + 3]) + base + bytes.fromhex(bound)
    subtrees = bytes([0xA0, len(subtree)]) + subtree
    raw = x509.UnrecognizedExtension(
        x509.ObjectIdentifier("2.5.29.30"), bytes([0x30, len(subtrees)]) + subtrees
    )
    bounded = certify(PRIVATE_ROOT, "Constrained", CA, raw, key=KEY)
    named = leaf(dns("shop.example.com"))
    assert name_not_allowed(bounded, named, is_leaf=True) == "shop.example.com"
    assert name_not_allowed(bounded, leaf(mail("ops@a.example")), is_leaf=True) is None


def test_a_name_may_be_in_any_permitted_subtree_and_in_no_excluded_one() -> None:
    both = constrained([dns("a.example"), dns("b.example")], [dns("x.b.example")])
    assert name_not_allowed(both, leaf(dns("a.example"), dns("b.example")), is_leaf=True) is None
    refused = leaf(dns("b.example"), dns("x.b.example"), dns("c.example"))
    assert name_not_allowed(both, refused, is_leaf=True) == "x.b.example"


def test_constraints_on_one_kind_of_names_leave_the_others_free() -> None:
    certificate = leaf(dns("a.example"), address("192.0.2.7"), mail("ops@b.example"))
    assert name_not_allowed(constrained([dns("a.example")]), certificate, is_leaf=True) is None
    odd = constrained([x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))])
    assert name_not_allowed(odd, certificate, is_leaf=True) is None


def test_a_ca_without_constraints_allows_every_name() -> None:
    assert name_not_allowed(ISSUING_CA.certificate, leaf(dns("a.example")), is_leaf=True) is None


def test_the_subject_counts_as_directory_name_and_its_mail_address_as_such() -> None:
    certificate = leaf(dns("a.example"), subject=name_of(o="Example", e="ops@a.example"))
    assert (
        name_not_allowed(constrained([directory(o="Example")]), certificate, is_leaf=True) is None
    )
    found = name_not_allowed(constrained([directory(o="Other")]), certificate, is_leaf=True)
    assert found == certificate.subject.rfc4514_string()
    assert name_not_allowed(constrained([mail("b.example")]), certificate, is_leaf=True) == (
        "ops@a.example"
    )
    assert name_not_allowed(constrained([directory(o="Other")]), leaf(), is_leaf=True) is None


@pytest.mark.parametrize(
    ("common_name", "names", "is_leaf", "refused"),
    [
        ("shop.other.example", (), True, True),
        ("Shop.Other.Example", (), True, True),
        ("shop.example.com", (), True, False),
        ("shop.other.example", (), False, False),
        ("shop.other.example", (address("192.0.2.7"),), True, True),
        ("shop.other.example", (dns("shop.example.com"),), True, False),
        ("The shop", (), True, False),
        ("intranet", (), True, False),
        ("*.other.example", (), True, False),
    ],
)
def test_the_common_name_counts_as_openssl_has_it(
    *, common_name: str, names: tuple[x509.GeneralName, ...], is_leaf: bool, refused: bool
) -> None:
    certificate = leaf(*names, subject=name_of(cn=common_name))
    found = name_not_allowed(constrained([dns("example.com")]), certificate, is_leaf=is_leaf)
    assert (found is not None) is refused


@pytest.mark.parametrize(
    ("excluded", "name", "refused"),
    [
        ("shop.example.com", "*.example.com", True),
        ("a.shop.example.com", "*.example.com", False),
        ("shop.example.org", "*.example.com", False),
        ("shop.example.com", "www.example.com", False),
    ],
)
def test_a_wildcard_may_not_cover_an_excluded_name(
    *, excluded: str, name: str, refused: bool
) -> None:
    """As Go has it since CVE-2025-61727."""
    found = name_not_allowed(constrained(excluded=[dns(excluded)]), leaf(dns(name)), is_leaf=True)
    assert (found is not None) is refused


def test_thousands_of_names_and_constraints_take_no_time() -> None:
    """Comparing each name with each constraint would take a hundred million comparisons."""
    many = [dns(f"n{number}.example") for number in range(10_000)]
    last = certify(
        PRIVATE_ROOT,
        "Constrained",
        x509.NameConstraints([*many, dns("z.example")], None),
        key=KEY,
        not_before=NOW - DAY,
    )
    assert name_not_allowed(last, leaf(*many, dns("y.example")), is_leaf=True) == "y.example"
