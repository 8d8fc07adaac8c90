"""Name constraints of a CA: which names it may certify (RFC 5280, section 4.2.1.10)."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_interface
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

from cryptography import x509
from cryptography.x509.oid import NameOID

from certrotation.core.material.der import only_element
from certrotation.core.material.distinguished_names import canonical_name
from certrotation.core.material.host_names import is_ip_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PLAUSIBLE_DNS_NAME = re.compile(
    r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)+"
)
"""What OpenSSL takes for a DNS name in a common name: two labels, no blank, no wildcard."""

_Kind: TypeAlias = type[
    x509.DNSName
    | x509.IPAddress
    | x509.DirectoryName
    | x509.RFC822Name
    | x509.UniformResourceIdentifier
    | x509.OtherName
    | x509.RegisteredID
]

_KINDS: dict[_Kind, int] = {
    x509.DNSName: 2,
    x509.IPAddress: 7,
    x509.DirectoryName: 4,
    x509.RFC822Name: 1,
    x509.UniformResourceIdentifier: 6,
    x509.OtherName: 0,
    x509.RegisteredID: 8,
}
"""The kinds of names that OpenSSL compares with constraints, or rejects because it cannot compare
them, with their tags (RFC 5280, section 4.2.1.6)."""

_EXTENSIONS = 0xA3
_NAME_CONSTRAINTS = "551d1e"
"""The object identifier 2.5.29.30 in DER."""


def has_constraints(ca: x509.Certificate) -> bool:
    """Return whether a certificate has name constraints."""
    return _constraints_of(ca) is not None


@lru_cache(maxsize=4096)
def name_not_allowed(ca: x509.Certificate, below: x509.Certificate, *, is_leaf: bool) -> str | None:
    """Return the first name of `below` that the name constraints of `ca` do not allow, or None.

    Args:
        ca: a certificate above `below`, with or without name constraints.
        below: a certificate under `ca`.
        is_leaf: whether a common name counts as DNS name where there is none among the alternative
            names, as in OpenSSL.
    """
    constraints = _constraints_of(ca)
    if constraints is None:
        return None
    for kind, tag in _KINDS.items():
        permitted = _bases(constraints.permitted_subtrees, kind)
        excluded = _bases(constraints.excluded_subtrees, kind)
        for name in _names(below, kind, is_leaf=is_leaf) if permitted or excluded else ():
            if not _is_comparable(name, kind) or tag in _bounded_kinds(ca):
                return _text(name)
            if permitted and permitted.isdisjoint(_bases_over(name, kind, permitted)):
                return _text(name)
            if not excluded.isdisjoint(_bases_over(name, kind, excluded)):
                return _text(name)
            if kind is x509.DNSName and _may_reach(str(name), excluded):
                return _text(name)
    return None


def _constraints_of(ca: x509.Certificate) -> x509.NameConstraints | None:
    try:
        return ca.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return None


@lru_cache(maxsize=1024)
def _bounded_kinds(ca: x509.Certificate) -> frozenset[int]:
    """Return the tags of the subtrees with a minimum or a maximum, which OpenSSL rejects.

    RFC 5280, section 4.2.1.10, forbids both. cryptography ignores them.
    """
    parts = only_element(ca.tbs_certificate_bytes).children()
    extensions = next(each for each in parts if each.tag == _EXTENSIONS).children()[0].children()
    raw = next(
        members[-1]
        for members in (each.children() for each in extensions)
        if members[0].identifier() == _NAME_CONSTRAINTS
    )
    subtrees = (each for side in only_element(raw.octets()).children() for each in side.children())
    return frozenset(
        members[0].tag & 0x1F
        for members in (each.children() for each in subtrees)
        if len(members) > 1
    )


def _bases(names: Iterable[x509.GeneralName] | None, kind: _Kind) -> frozenset[object]:
    """Return the bases of the subtrees of one kind, in the form in which they are looked up."""
    values = (each.value for each in names or () if isinstance(each, kind))
    return frozenset(
        canonical_name(each)
        if isinstance(each, x509.Name)
        else _case_folded(each)
        if isinstance(each, str)
        else each
        for each in values
    )


def _case_folded(name: str) -> str:
    """Return a name with its host in lower case; the local part of a mail address has a case."""
    local, at, host = name.rpartition("@")
    return f"{local}{at}{host.lower()}"


def _is_comparable(name: object, kind: _Kind) -> bool:
    """Return whether clients can compare a name with constraints; they reject it otherwise.

    A mail address needs a local part, and a URI a host that is no address (RFC 5280, 4.2.1.10).
    """
    if kind is x509.RFC822Name:
        return "@" in str(name)
    if kind is x509.UniformResourceIdentifier:
        host = _host_of(str(name))
        return bool(host) and not host.startswith("[") and not is_ip_address(host)
    if kind is x509.IPAddress:
        return isinstance(name, IPv4Address | IPv6Address)
    return kind in {x509.DNSName, x509.DirectoryName}


def _names(certificate: x509.Certificate, kind: _Kind, *, is_leaf: bool) -> list[object]:
    """Return the names of one kind: the alternative names, and those in the subject."""
    try:
        san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        alternative: list[object] = []
    else:
        alternative = [each.value for each in san if isinstance(each, kind)]
    return [
        *alternative,
        *_names_in_subject(certificate.subject, kind, hides=alternative or not is_leaf),
    ]


def _names_in_subject(subject: x509.Name, kind: _Kind, *, hides: object) -> Iterator[object]:
    """Yield the names of one kind in the subject; common names unless something hides them."""
    if kind is x509.DirectoryName and subject.rdns:
        yield subject
    if kind is x509.RFC822Name:
        yield from (str(e.value) for e in subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS))
    if kind is x509.DNSName and not hides:
        names = (str(e.value) for e in subject.get_attributes_for_oid(NameOID.COMMON_NAME))
        yield from (each for each in names if _PLAUSIBLE_DNS_NAME.fullmatch(each.lower()))


def _may_reach(name: str, excluded: frozenset[object]) -> bool:
    """Return whether a wildcard covers a name that is excluded itself, which Go rejects."""
    label, _, parent = name.lower().partition(".")
    return label == "*" and any(str(each).partition(".")[2] == parent for each in excluded)


def _bases_over(name: object, kind: _Kind, among: frozenset[object]) -> Iterator[object]:
    """Yield every base whose subtree contains `name`.

    Names are looked up by base, not compared with each: a CA may have thousands of constraints and
    a leaf thousands of names.
    """
    match name:
        case x509.Name():
            yield from accumulate(((each,) for each in canonical_name(name)), initial=())
        case IPv4Address() | IPv6Address():
            lengths = {each.prefixlen for each in among if each.version == name.version}  # type: ignore[attr-defined]  # all are networks
            yield from (ip_interface((name, length)).network for length in lengths)
        case str() if kind is x509.DNSName:
            yield from _domains_over(name.lower())
            yield ""
        case str() if kind is x509.RFC822Name:
            host = name.lower().rpartition("@")[2]
            yield from (_case_folded(name), f"@{host}")
            yield from _hosts_over(host)
        case _:
            yield from _hosts_over(_host_of(str(name)))


def _domains_over(name: str) -> Iterator[str]:
    """Yield `name`, its parents, and each as `.parent`, which contains only what is below it."""
    yield name
    while "." in name:
        _, _, name = name.partition(".")
        yield from (f".{name}", name)


def _hosts_over(host: str) -> Iterator[str]:
    """Yield the bases of mail addresses and URIs: the host itself, or `.parent`."""
    yield from (each for each in _domains_over(host) if each == host or each.startswith("."))


def _host_of(uri: str) -> str:
    """Return the host of a URI in lower case, or an empty string."""
    return re.split(r"[:/]", uri.lower().partition("://")[2])[0]


def _text(name: object) -> str:
    match name:
        case x509.Name():
            return name.rfc4514_string()
        case x509.ObjectIdentifier():
            return name.dotted_string
        case bytes():
            return "the otherName"
    return str(name)
