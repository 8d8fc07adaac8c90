"""Parses the value of a managed secret, in every form that common tools write.

Parsing only returns the certificates and the private key; other modules check them. No message,
finding or exception ever quotes the value.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from certrotation.core.findings import Code, refuse
from certrotation.core.material.decoding import (
    AwaitingIssuanceError,
    Certificates,
    Supplied,
    UnreadableSecretError,
    malformed,
    read_certificates,
)
from certrotation.core.material.identity import key_in_use
from certrotation.core.material.pem import decoded_base64, decoded_text
from certrotation.core.material.private_keys import load_private_keys, validated
from certrotation.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from certrotation.core.findings import Finding
    from certrotation.core.material.certificate_request import CertificateRequest
    from certrotation.core.material.secret_value import SecretValue

CERTIFICATE_KEYS = ("certificate", "fullchain", "cert", "tls.crt", "cert_pem")
PRIVATE_KEY_KEYS = ("private_key", "privkey", "privateKey", "tls.key", "private_key_pem")
CHAIN_KEYS = (
    "chain",
    "certificateChain",
    "ca.crt",
    "certificate_chain",
    "ca_chain",
    "issuing_ca",
)
PKCS12_KEY = "pkcs12"
PASSPHRASE_KEY = "passphrase"  # noqa: S105  a field's name, not a passphrase
REQUEST_KEY = "request"
"""The request to an issuer; it is not material."""
ISSUED_KEY = "issued"
"""The record of an issuance; it is not material."""
WRAPPER_KEY = "data"
"""The answers of Vault and the objects of Kubernetes contain the fields in this object."""
_DEEPEST_WRAPPER = 2
"""The key-value store of Vault has two of these objects, one inside the other."""

LARGEST_VALUE = 65_536
"""Bytes of a secret's value (Secrets Manager User Guide, Quotas)."""

_KNOWN = (*CERTIFICATE_KEYS, *PRIVATE_KEY_KEYS, *CHAIN_KEYS, PKCS12_KEY, PASSPHRASE_KEY)
_BEGIN = "-----BEGIN"
_PLAIN_NAME = r"[A-Za-z][A-Za-z_. -]{0,39}[0-9]{0,2}"
"""Field names that a message may contain: words only, so that a message never shows a key or a
passphrase that was used as a field name."""
_MOST_NAMES = 8


def parse_secret(value: SecretValue) -> Supplied:
    """Return the certificates and the private key in the secret's value.

    Raises:
        UnreadableSecretError: SECRET_MALFORMED, IDENTITY_AMBIGUOUS, KEY_ENCRYPTED,
            KEY_UNSUPPORTED, LEAF_MISSING.
        AwaitingIssuanceError: the value has a request to an issuer, and nothing else.
    """
    if value.text is not None:
        return _parse_text(value.text)
    if value.binary is None:
        raise malformed("The secret has no value.")
    _require_size(len(value.binary))
    text = decoded_text(value.binary)
    return _parse_text(text) if _is_json(text) else _parse_binary(value.binary)


def with_request_of(before: SecretValue, value: SecretValue) -> SecretValue:
    """Return a new value with the request to an issuer of the one before, unless it has its own."""
    request = _document_of(before).get(REQUEST_KEY)
    document = _document_of(value)
    if request is None or REQUEST_KEY in document or not document:
        return value
    return replace(value, text=json.dumps({**document, REQUEST_KEY: request}), binary=None)


def fields_left_out(before: SecretValue, value: SecretValue) -> tuple[str, ...]:
    """Return the names of fields without material that a new value does not have any more."""
    names = _document_of(before).keys() - {*_document_of(value), *_KNOWN, REQUEST_KEY, ISSUED_KEY}
    return tuple(sorted(each for each in names if re.fullmatch(_PLAIN_NAME, each)))[:_MOST_NAMES]


def _document_of(value: SecretValue) -> dict[str, object]:
    """Return the object that contains the fields; it is empty for any other value."""
    text = _as_text(value)
    try:
        return {} if text is None else _unwrapped(_json_object(text))
    except UnreadableSecretError:
        return {}


def _as_text(value: SecretValue) -> str | None:
    """Return the value as text, or None if there is no value."""
    if value.text is None and value.binary is not None:
        return decoded_text(value.binary)
    return value.text


def _is_json(text: str) -> bool:
    """Return whether a text begins as a JSON object does, after a byte order mark or not."""
    return text.lstrip("\ufeff \t\r\n").startswith("{")


def _parse_text(text: str) -> Supplied:
    _require_size(len(text.encode("utf-8", "replace")))
    document = _unwrapped(_json_object(text))
    unread = _unread([key for key in document if key not in _KNOWN])
    request = _request(document)
    try:
        fields = _fields(document)
        if request is not None and not fields.keys() - {PASSPHRASE_KEY}:
            raise _awaiting(request)
        well_formed = None if isinstance(request, str) else request
        return replace(_parse_fields(fields), unread=unread, request=well_formed)
    except UnreadableSecretError as error:
        finding = error.finding
    if finding.code in {Code.SECRET_MALFORMED, Code.LEAF_MISSING, Code.KEY_ENCRYPTED}:
        finding = replace(finding, found=f"{finding.found}{unread}")
    raise UnreadableSecretError(finding)


def _request(document: Mapping[str, object]) -> CertificateRequest | str | None:
    """Return the request to an issuer, what is wrong with it, or None without one.

    Most secrets have none, and its import takes milliseconds at a cold start.
    """
    if document.get(REQUEST_KEY) is None:
        return None
    from certrotation.core.material.certificate_request import (  # noqa: PLC0415  see above
        parse_request,
    )

    return parse_request(document[REQUEST_KEY])


def _awaiting(request: CertificateRequest | str) -> Exception:
    """Return the error for a value with a request and no material."""
    if isinstance(request, str):
        return malformed(f"The secret contains no certificate, and {request}")
    return AwaitingIssuanceError(request)


def request_in(value: SecretValue) -> CertificateRequest | str | None:
    """Return the request to an issuer in a value, what is wrong with it, or None without one.

    Raises:
        UnreadableSecretError: SECRET_MALFORMED, if the value is JSON that cannot be read.
    """
    text = _as_text(value)
    if text is None or not _is_json(text):
        return None
    _require_size(len(text.encode("utf-8", "replace")))
    return _request(_unwrapped(_json_object(text)))


def _parse_binary(data: bytes) -> Supplied:
    """Read a PKCS#12 bundle; a binary value has no field for a passphrase."""
    try:
        return _decode_pkcs12(data, None)
    except UnreadableSecretError as error:
        finding = error.finding
    if finding.code is Code.KEY_ENCRYPTED:
        found = (
            "The binary value is a PKCS#12 bundle with a passphrase, which a binary value cannot"
            f" hold. Write JSON with the bundle in base64 under {PKCS12_KEY} and the passphrase"
            f" under {PASSPHRASE_KEY}."
        )
        finding = refuse(Code.KEY_ENCRYPTED, found)
    raise UnreadableSecretError(finding)


def _decode_pkcs12(data: bytes, passphrase: str | None) -> Supplied:
    """Decode a bundle; few secrets need this import, which takes milliseconds at a cold start."""
    from certrotation.core.material.pkcs12 import decode_pkcs12  # noqa: PLC0415  see above

    return decode_pkcs12(data, passphrase)


def _require_size(size: int) -> None:
    if size > LARGEST_VALUE:
        raise malformed(f"The value is larger than {LARGEST_VALUE:,} bytes.")


def _fields(document: Mapping[str, object]) -> dict[str, str]:
    """Return the known fields of the JSON object; blank fields and nulls count as absent."""
    found = {}
    for key in _KNOWN:
        text = _text_of(key, document.get(key))
        if text is not None and (text.strip() or key == PASSPHRASE_KEY):
            found[key] = text
    return found


def _unwrapped(document: dict[str, object]) -> dict[str, object]:
    """Return the object that contains the fields."""
    for _ in range(_DEEPEST_WRAPPER):
        inner = document.get(WRAPPER_KEY)
        if isinstance(inner, dict) and not any(key in document for key in _KNOWN):
            document = inner
    return document


def _text_of(key: str, value: object) -> str | None:
    """Return the text of a field; a chain may be a list of PEM texts."""
    if value is None or isinstance(value, str):
        return value
    if key not in CHAIN_KEYS:
        raise malformed(f"The value of {key} is not a string.")
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise malformed(f"The value of {key} is neither a string nor a list of strings.")
    has_pem = any(_BEGIN in each for each in value)
    return "\n".join(value if has_pem else map(_pem_text, value))


def _unread(names: Sequence[str]) -> str:
    """Return a sentence that names the fields that were not read, or an empty string."""
    others = [each for each in names if each not in {REQUEST_KEY, ISSUED_KEY}]
    shown = [each for each in others if re.fullmatch(_PLAIN_NAME, each)][:_MOST_NAMES]
    more = len(others) - len(shown)
    sentence = ""
    if shown:
        sentence = f" Fields not read: {', '.join(shown)}{f' and {more} more' if more else ''}."
    elif more:
        sentence = f" Fields not read: {more}."
    if REQUEST_KEY in names:
        sentence += f" The field {REQUEST_KEY} is for an issuer and is not material."
    return sentence


def _json_object(text: str) -> dict[str, object]:
    """Parse JSON."""
    try:
        document = _JSON.decode(text.lstrip("\ufeff"))
    except json.JSONDecodeError as error:
        found = f"Invalid JSON at line {error.lineno}, column {error.colno}."
    except (RecursionError, ValueError):
        found = "Invalid JSON: it is nested too deeply, or contains a number that is too long."
    else:
        if isinstance(document, dict):
            return document
        raise malformed("The secret's JSON is not an object.")
    raise malformed(f"{found} If the value is PEM, wrap it in JSON as the README shows.")


def _without_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise malformed("The secret's JSON contains the same key twice.")
    return fields


_JSON = json.JSONDecoder(object_pairs_hook=_without_repetition, strict=False)
"""Not strict: strings may contain raw line breaks."""


def _parse_fields(fields: Mapping[str, str]) -> Supplied:
    passphrase = fields.get(PASSPHRASE_KEY)
    if passphrase is not None:
        passphrase = passphrase.encode(errors="replace").decode()
    if PKCS12_KEY in fields:
        return _with_chain(_decode_pkcs12(_base64(fields[PKCS12_KEY]), passphrase), fields)
    key_fields = [key for key in PRIVATE_KEY_KEYS if key in fields]
    if not key_fields:
        raise malformed(f"The secret contains no private key ({', '.join(PRIVATE_KEY_KEYS)}).")
    if not any(key in fields for key in CERTIFICATE_KEYS):
        raise UnreadableSecretError(
            refuse(Code.LEAF_MISSING, "The secret contains no certificate.")
        )
    certificates = _certificates(fields, (*CERTIFICATE_KEYS, *CHAIN_KEYS))
    if not (certificates.readable or certificates.set_aside):
        raise UnreadableSecretError(certificates.without_certificate[0])
    where, keys = _private_keys(fields, key_fields, passphrase)
    return Supplied(
        certificates=certificates.readable,
        private_key=validated(where, key_in_use(where, keys, certificates.readable)),
        set_aside=certificates.set_aside,
        without_certificate=certificates.without_certificate,
    )


def _private_keys(
    fields: Mapping[str, str], key_fields: Sequence[str], passphrase: str | None
) -> tuple[str, tuple[PrivateKeyTypes, ...]]:
    """Return the name of the field and its keys; several fields may contain one key in two forms.

    They are loaded together, so that the limits apply to all of them.
    """
    distinct: dict[str, str] = {}
    for key in key_fields:
        distinct.setdefault(fields[key].strip(), key)
    where = " and ".join(distinct.values())
    keys = load_private_keys(where, [_pem_text(each) for each in distinct], passphrase)
    if len(distinct) > 1 and len(keys) > 1:
        raise malformed(f"{where} contain different private keys.")
    return where, keys


def _with_chain(bundle: Supplied, fields: Mapping[str, str]) -> Supplied:
    """Add the field chain to a PKCS#12 bundle; a second key or leaf would be ambiguous."""
    conflicting = [key for key in (*CERTIFICATE_KEYS, *PRIVATE_KEY_KEYS) if key in fields]
    if conflicting:
        raise malformed(
            f"The secret contains {PKCS12_KEY} and {' and '.join(conflicting)}. Use one form."
        )
    beside = _certificates(fields, CHAIN_KEYS)
    return replace(
        bundle,
        certificates=(*bundle.certificates, *beside.readable),
        set_aside=(*bundle.set_aside, *beside.set_aside),
        without_certificate=beside.without_certificate,
    )


def _certificates(fields: Mapping[str, str], wanted: tuple[str, ...]) -> Certificates:
    """Return the certificates of the `wanted` fields that exist, in that order.

    A field without any certificate matters only if the chain needs one more, or if all are such.
    """
    found: list[Certificates] = []
    without: list[Finding] = []
    for key in wanted:
        if key in fields:
            try:
                found.append(read_certificates(key, _pem_text(fields[key])))
            except UnreadableSecretError as error:
                without.append(error.finding)
    return Certificates(
        readable=tuple(each for field_ in found for each in field_.readable),
        set_aside=tuple(each for field_ in found for each in field_.set_aside),
        without_certificate=tuple(without),
    )


def _pem_text(text: str) -> str:
    """Return PEM, which is no base64 as a whole; Kubernetes encodes PEM in base64 again."""
    wrapped = decoded_base64(text)
    return text if wrapped is None else decoded_text(wrapped)


def _base64(text: str) -> bytes:
    decoded = decoded_base64(text)
    if decoded is None:
        raise malformed(f"{PKCS12_KEY} is not valid base64.")
    return decoded
