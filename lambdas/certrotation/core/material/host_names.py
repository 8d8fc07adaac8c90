"""The host names of a certificate, and which name covers which.

A name is a DNS name of lower-case A-labels (RFC 5890) or an IP address in its canonical form.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterable

_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_DNS_NAME = re.compile(rf"(\*\.)?({_LABEL}\.)*{_LABEL}")
_MATCHED = re.compile(
    r"(?=.{1,253}$)"
    r"(\*(\.(?!-)[a-z0-9_-]{1,63}){2,}|(?!-)[a-z0-9_-]{1,63}(\.(?!-)[a-z0-9_-]{1,63})*)"
)
"""The DNS names that Go and OpenSSL match with a host: a wildcard is a whole label above two."""


def normalise(name: str) -> str:
    """Return `name` as a canonical IP address, or as lower-case A-labels without a final dot."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        pass
    lower = name.rstrip(".").lower()
    if lower.isascii():
        return lower
    try:
        return lower.encode("idna").decode()
    except UnicodeError:
        return lower


def is_ip_address(name: str) -> bool:
    """Return whether a normalised name is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_qualified(name: str) -> bool:
    """Return whether a normalised name is a fully qualified DNS name: more than one label."""
    return "." in name and not is_ip_address(name)


def names_of(certificate: x509.Certificate) -> frozenset[str]:
    """Return the DNS names and IP addresses a certificate serves.

    The common name counts only without a SAN extension. Clients ignore even that (RFC 9525, section
    2), but AWS services read it. A DNS name that no client matches with a host does not count, nor
    does a network instead of an address.

    Raises:
        ValueError: the extension cannot be decoded.
    """
    san = _alternative_names_of(certificate)
    if san is None:
        return frozenset(_common_names(certificate))
    dns_names = san.get_values_for_type(x509.DNSName)
    addresses = {str(each) for each in san.get_values_for_type(x509.IPAddress)}
    return frozenset(
        {
            *(normalise(each) for each in dns_names if _is_matched(each)),
            *filter(is_ip_address, addresses),
        }
    )


def unmatched_names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the DNS names of the SAN extension that no client matches with a host, sorted.

    Examples are an address, a label that is not in ASCII, a wildcard that is not a whole label or
    stands above a single label, a URL and a port.
    """
    san = _alternative_names_of(certificate)
    dns_names = san.get_values_for_type(x509.DNSName) if san else ()
    return tuple(sorted(each for each in dns_names if each and not _is_matched(each)))


def has_alternative_names(certificate: x509.Certificate) -> bool:
    """Return whether the certificate has a SAN extension."""
    return _alternative_names_of(certificate) is not None


def _alternative_names_of(certificate: x509.Certificate) -> x509.SubjectAlternativeName | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def _is_matched(dns_name: str) -> bool:
    name = dns_name.lower().removesuffix(".")
    return _MATCHED.fullmatch(name) is not None and not is_ip_address(name)


def covers(names: frozenset[str], wanted: str) -> bool:
    """Return whether one of `names` covers `wanted`.

    `*.x` covers exactly one label and not `x`; a wildcard is covered only by itself (RFC 9525,
    section 6.3).
    """
    if wanted in names:
        return True
    _, _, parent = wanted.partition(".")
    return bool(parent) and not is_ip_address(wanted) and f"*.{parent}" in names


def uncovered(names: frozenset[str], wanted: Iterable[str]) -> tuple[str, ...]:
    """Return the names of `wanted` that none of `names` covers, sorted."""
    return tuple(sorted(each for each in wanted if not covers(names, each)))


def _common_names(certificate: x509.Certificate) -> list[str]:
    values = [
        normalise(str(attribute.value))
        for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    ]
    return [each for each in values if is_ip_address(each) or _DNS_NAME.fullmatch(each)]
