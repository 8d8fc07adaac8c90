"""One identity: chooses the certificate and the private key of a secret with several of them.

The order never decides: one tool appends a renewal, another puts it in front.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from certrotation.core.findings import Code, Finding, Severity, refuse, repair
from certrotation.core.material.decoding import UnreadableSecretError
from certrotation.core.material.host_names import names_of
from certrotation.core.material.path_rules import unknown_critical_extensions
from certrotation.core.material.x509_facts import (
    bears_issuer_name,
    fingerprint_of,
    is_ca,
    public_bytes_of,
    subject_name_of,
)
from certrotation.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from certrotation.core.material.decoding import SetAside, Supplied

_MISSING = (Code.KEY_MISMATCH, Code.CHAIN_INCOMPLETE)
"""Findings for which a field that was not read may contain what is missing."""
_MOST_NAMED = 5
"""The most certificates that one message names; a value can contain hundreds."""


class Identity(NamedTuple):
    """The leaf of a secret, and other certificates for the same key and names."""

    leaf: x509.Certificate
    others: tuple[x509.Certificate, ...] = ()


def find_identity(supplied: Supplied) -> Identity | Finding:
    """Return the leaf of the secret, or a finding that says why no certificate can be chosen.

    Of several end-entity certificates for the key with equal names, the one that expires last is
    chosen, even if it is not yet valid. If no certificate belongs to the key, the leaf is one that
    other checks then refuse.
    """
    public = public_bytes_of(supplied.private_key.public_key())
    distinct = tuple(dict.fromkeys(supplied.certificates))
    own = [each for each in distinct if public_bytes_of(each.public_key()) == public]
    leaves = [each for each in distinct if not is_ca(each)]
    own_leaves = [each for each in own if each in leaves]
    if len({names_of(each) for each in own_leaves}) > 1:
        named = "; ".join(_described(each) for each in own_leaves[:_MOST_NAMED])
        found = (
            f"{len(own_leaves)} certificates in the secret belong to the private key, and their"
            f" names differ: {named}."
        )
        return refuse(Code.IDENTITY_AMBIGUOUS, found)
    candidates = own_leaves or own or leaves
    if not candidates:
        return _missing(supplied)
    leaf = max(
        candidates,
        key=lambda each: (*_age(each), _has_issuer(each, distinct), fingerprint_of(each)),
    )
    return Identity(leaf, tuple(each for each in own_leaves if each != leaf))


def _age(certificate: x509.Certificate) -> tuple[datetime, datetime, bool]:
    """Return the order of certificates for one key: by NotAfter, then by NotBefore.

    A precertificate (RFC 6962) has the dates of its certificate, and comes before the certificate.
    """
    return (
        certificate.not_valid_after_utc,
        certificate.not_valid_before_utc,
        not unknown_critical_extensions(certificate),
    )


def _has_issuer(certificate: x509.Certificate, supplied: Iterable[x509.Certificate]) -> bool:
    """Return whether a CA certificate with the name of the issuer was supplied."""
    return any(is_ca(each) and bears_issuer_name(each, certificate) for each in supplied)


def _described(certificate: x509.Certificate) -> str:
    names = ", ".join(sorted(names_of(certificate))[:_MOST_NAMED]) or "no names"
    ends = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
    return f"{subject_name_of(certificate)} ({names}; ends {ends})"


def _missing(supplied: Supplied) -> Finding:
    """Return why there is no leaf: it may be a certificate that cannot be read."""
    if supplied.set_aside:
        code = supplied.set_aside[0].code
        unread = _named(supplied.set_aside)
        found = f"No readable certificate belongs to the private key. Cannot read {unread}."
        return refuse(code, found)
    if supplied.without_certificate:
        return supplied.without_certificate[0]
    found = "The secret contains only CA certificates, and none belongs to the private key."
    return refuse(Code.LEAF_MISSING, f"{found}{supplied.unread}")


def key_in_use(
    where: str, keys: Sequence[PrivateKeyTypes], certificates: Iterable[x509.Certificate]
) -> PrivateKeyTypes:
    """Return the key of an end-entity certificate; a field may contain an old key too.

    Raises:
        UnreadableSecretError: IDENTITY_AMBIGUOUS, if several keys have certificates.
    """
    if len(keys) == 1:
        return keys[0]
    used = {public_bytes_of(each.public_key()) for each in certificates if not is_ca(each)}
    fitting = [each for each in keys if public_bytes_of(each.public_key()) in used]
    if len(fitting) > 1:
        found = f"{where} contains {len(fitting)} private keys with certificates in the secret."
        raise UnreadableSecretError(refuse(Code.IDENTITY_AMBIGUOUS, found))
    return (fitting or keys)[0]


_INCOMPLETE = ("CHAIN_INCOMPLETE", "CHAIN_INVALID")
"""Findings that an unreadable certificate may have caused."""


def mention(
    findings: Iterable[Finding], others: Sequence[x509.Certificate], supplied: Supplied
) -> tuple[Finding, ...]:
    """Add the certificates and fields that were not used, and why, to the findings.

    If the chain is incomplete, an unreadable certificate may be the missing one: that finding names
    the certificate and refuses. Otherwise CHAIN_SUPERFLUOUS names it.
    """
    mentioned = [
        _with(each, supplied.unread.strip()) if each.code in _MISSING and supplied.unread else each
        for each in findings
    ]
    unread = _sentence_on(supplied)
    if unread:
        incomplete = [each for each in mentioned if each.code.value in _INCOMPLETE]
        if incomplete:
            mentioned = [
                replace(_with(each, unread), severity=Severity.REFUSE)
                if each in incomplete
                else each
                for each in mentioned
            ]
        else:
            mentioned = _left_out(mentioned, unread)
    if others:
        named = "; ".join(_described(each) for each in others[:_MOST_NAMED])
        mentioned = _left_out(mentioned, f"Earlier certificates of the key: {named}.")
    return tuple(mentioned)


def _sentence_on(supplied: Supplied) -> str:
    """Return a sentence about what was supplied and cannot be used, or an empty string."""
    said = [each.found for each in supplied.without_certificate]
    if supplied.set_aside:
        said.insert(0, f"Cannot read {_named(supplied.set_aside)}.")
    return " ".join(said)


def needed_but_unreadable(findings: Iterable[Finding], supplied: Supplied) -> Finding | None:
    """Return what is said of a field without a certificate, if a certificate is missing."""
    is_missing = any(each.code.value in (*_INCOMPLETE, *_MISSING) for each in findings)
    return next(iter(supplied.without_certificate), None) if is_missing else None


def _left_out(findings: Sequence[Finding], sentence: str) -> list[Finding]:
    """Add a sentence to the finding CHAIN_SUPERFLUOUS, or add that finding."""
    if any(each.code is Code.CHAIN_SUPERFLUOUS for each in findings):
        return [
            _with(each, sentence) if each.code is Code.CHAIN_SUPERFLUOUS else each
            for each in findings
        ]
    return [*findings, repair(Code.CHAIN_SUPERFLUOUS, sentence)]


def _with(finding: Finding, sentence: str) -> Finding:
    return replace(finding, found=f"{finding.found} {sentence}")


def _named(set_aside: Sequence[SetAside]) -> str:
    more = len(set_aside) - _MOST_NAMED
    named = "; ".join(map(str, set_aside[:_MOST_NAMED]))
    return f"{named}; and {more} more" if more > 0 else named
