import ipaddress

import pytest
from cryptography import x509

from certrotation.core.material.host_names import (
    covers,
    has_alternative_names,
    is_ip_address,
    is_qualified,
    names_of,
    normalise,
    uncovered,
    unmatched_names_of,
)
from tests.core.samples import ISSUING_CA


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("example.com", "example.com"),
        ("WWW.Example.COM", "www.example.com"),
        ("example.com.", "example.com"),
        ("WWW.EXAMPLE.NETFLIX", "www.example.netflix"),
        ("*.Example.com", "*.example.com"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example.", "xn--bcher-kva.example"),
        ("*.bücher.example", "*.xn--bcher-kva.example"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"),
        ("", ""),
        ("ü..example", "ü..example"),
        ("ü" * 64 + ".example", "ü" * 64 + ".example"),
    ],
)
def test_names_are_compared_in_one_spelling(written: str, compared: str) -> None:
    assert normalise(written) == compared


@pytest.mark.parametrize(
    ("name", "ip_address", "qualified"),
    [
        ("192.0.2.1", True, False),
        ("2001:db8::1", True, False),
        ("www.example.com", False, True),
        ("*.example.com", False, True),
        ("localhost", False, False),
        ("192.0.2", False, True),
    ],
)
def test_a_name_is_an_address_or_has_labels(name: str, ip_address: bool, qualified: bool) -> None:  # noqa: FBT001  a table's columns
    assert is_ip_address(name) is ip_address
    assert is_qualified(name) is qualified


def test_the_san_gives_dns_names_and_addresses_and_hides_the_common_name() -> None:
    leaf = ISSUING_CA.issue(
        "WWW.Example.com", "*.example.com", "192.0.2.1", "2001:db8:0:0::1", common_name="cn.example"
    )
    assert names_of(leaf.certificate) == {
        "www.example.com",
        "*.example.com",
        "192.0.2.1",
        "2001:db8::1",
    }


@pytest.mark.parametrize(
    ("common_name", "names"),
    [
        ("www.example.com", {"www.example.com"}),
        ("WWW.EXAMPLE.COM.", {"www.example.com"}),
        ("*.example.com", {"*.example.com"}),
        ("_sip.example.com", {"_sip.example.com"}),
        ("bücher.example", {"xn--bcher-kva.example"}),
        ("localhost", {"localhost"}),
        ("192.0.2.1", {"192.0.2.1"}),
        ("2001:DB8::1", {"2001:db8::1"}),
        ("Example Ltd", set()),
        ("-www.example.com", set()),
        ("www-.example.com", set()),
        ("www..example.com", set()),
        ("ww*.example.com", set()),
        ("www.*.com", set()),
        ("a/b.example.com", set()),
    ],
)
def test_without_a_san_the_common_name_counts_if_it_is_a_name(
    common_name: str, names: set[str]
) -> None:
    assert names_of(ISSUING_CA.issue(common_name=common_name).certificate) == names


def test_a_san_of_other_kinds_alone_gives_no_name() -> None:
    other = x509.SubjectAlternativeName([x509.RFC822Name("ops@example.com")])
    leaf = ISSUING_CA.issue(common_name="www.example.com", extensions=[other])
    assert names_of(leaf.certificate) == set()


@pytest.mark.parametrize("empty", ["", "."])
def test_an_empty_dns_name_serves_nothing(empty: str) -> None:
    nothing = x509.SubjectAlternativeName([x509.DNSName(empty)])
    assert names_of(ISSUING_CA.issue(extensions=[nothing]).certificate) == set()


@pytest.mark.parametrize(
    ("names", "wanted", "covered"),
    [
        ({"www.example.com"}, "www.example.com", True),
        ({"www.example.com"}, "example.com", False),
        ({"*.example.com"}, "www.example.com", True),
        ({"*.example.com"}, "example.com", False),
        ({"*.example.com"}, "a.b.example.com", False),
        ({"*.example.com"}, "*.example.com", True),
        ({"*.example.com"}, "*.b.example.com", False),
        ({"*.com"}, "*.example.com", False),
        ({"*.*.com", "*.com"}, "*.com", True),
        ({"www.example.com"}, "*.example.com", False),
        ({"*.0.2.1"}, "192.0.2.1", False),
        ({"192.0.2.1"}, "192.0.2.1", True),
        ({"2001:db8::1"}, "2001:db8::1", True),
        ({"*."}, "localhost", False),
        ({"localhost"}, "localhost", True),
        (set(), "www.example.com", False),
    ],
)
def test_a_wildcard_covers_one_label_and_is_covered_by_itself_alone(
    names: set[str],
    wanted: str,
    covered: bool,  # noqa: FBT001  a table's column
) -> None:
    assert covers(frozenset(names), wanted) is covered


@pytest.mark.parametrize(
    ("dns_name", "serves"),
    [
        ("shop.example.com", "shop.example.com"),
        ("SHOP.example.com.", "shop.example.com"),
        ("*.example.com", "*.example.com"),
        ("*.co.uk", "*.co.uk"),
        ("_sip.shop_1.example.com", "_sip.shop_1.example.com"),
        ("shop-.example.com", "shop-.example.com"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
        ("intranet", "intranet"),
        ("a" * 64 + ".example", None),
        (".".join(["a" * 49] * 5) + ".abcd", None),
        ("192.0.2.7", None),
        ("2001:db8::7", None),
        ("bücher.example", None),
        ("*", None),
        ("*.com", None),
        ("f*.example.com", None),
        ("*f.example.com", None),
        ("www.*.example.com", None),
        ("*.*.example.com", None),
        ("https://shop.example.com", None),
        ("shop.example.com:443", None),
        ("shop example.com", None),
        ("-shop.example.com", None),
        ("shop..example.com", None),
        (".example.com", None),
        ("", None),
    ],
)
def test_a_dns_name_that_no_client_matches_serves_nothing(
    dns_name: str, serves: str | None
) -> None:
    san = x509.SubjectAlternativeName([x509.DNSName._init_without_validation(dns_name)])
    leaf = ISSUING_CA.issue(common_name="cn.example", extensions=[san]).certificate
    assert names_of(leaf) == ({serves} if serves else set())
    assert unmatched_names_of(leaf) == ((dns_name,) if dns_name and not serves else ())
    assert has_alternative_names(leaf)


def test_a_certificate_without_alternative_names_has_no_unmatched_ones() -> None:
    leaf = ISSUING_CA.issue(common_name="www.example.com").certificate
    assert not has_alternative_names(leaf)
    assert unmatched_names_of(leaf) == ()


def test_what_is_uncovered_comes_sorted() -> None:
    names = frozenset({"*.example.com"})
    wanted = ["z.example.org", "www.example.com", "a.example.org"]
    assert uncovered(names, wanted) == ("a.example.org", "z.example.org")
    assert uncovered(names, wanted[1:2]) == ()


def test_a_network_in_place_of_an_address_serves_nothing() -> None:
    """RFC 5280, section 4.2.1.6: an address has four octets or sixteen, and no mask."""
    network = x509.IPAddress(ipaddress.ip_network("192.0.2.0/24"))
    leaf = ISSUING_CA.issue(extensions=[x509.SubjectAlternativeName([network])])
    assert names_of(leaf.certificate) == frozenset()
