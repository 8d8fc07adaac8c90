"""The signatures of ACME: JSON Web Signature with ES256, and with HS256 for an account's binding.

Sources: RFC 7515 (flattened JSON serialization), RFC 7518 (ES256, HS256), RFC 7638 (thumbprint).
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from hmac import digest
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

if TYPE_CHECKING:
    from collections.abc import Mapping

_BYTES = 32
"""Of a coordinate and of each half of a signature, on the curve P-256."""


def new_account_key() -> ec.EllipticCurvePrivateKey:
    """Return a new key for ES256, which every CA that speaks ACME takes."""
    return ec.generate_private_key(ec.SECP256R1())


def public_jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    """Return the public key as JSON Web Key, with the members of its thumbprint in their order."""
    numbers = key.public_key().public_numbers()
    x, y = (base64url(each.to_bytes(_BYTES)) for each in (numbers.x, numbers.y))
    return {"crv": "P-256", "kty": "EC", "x": x, "y": y}


def thumbprint(key: ec.EllipticCurvePrivateKey) -> str:
    """Return the thumbprint of the public key (RFC 7638)."""
    return base64url(sha256(json.dumps(public_jwk(key), separators=(",", ":")).encode()).digest())


def signed(
    key: ec.EllipticCurvePrivateKey, protected: Mapping[str, object], payload: object
) -> bytes:
    """Return what is posted: the payload as JSON, or nothing if it is None (POST-as-GET)."""
    head = _json({"alg": "ES256", **protected})
    body = "" if payload is None else _json(payload)
    r, s = decode_dss_signature(key.sign(f"{head}.{body}".encode(), ec.ECDSA(SHA256())))
    return _flattened(head, body, r.to_bytes(_BYTES) + s.to_bytes(_BYTES))


def binding(
    key: ec.EllipticCurvePrivateKey, key_id: str, hmac_key: str, url: str
) -> dict[str, str]:
    """Return the binding of a new account to one at the CA (RFC 8555, section 7.3.4).

    Args:
        key: of the new account.
        key_id: what the CA calls its account.
        hmac_key: the secret that the CA gave out with it, in base64url.
        url: of the resource newAccount.
    """
    head = _json({"alg": "HS256", "kid": key_id, "url": url})
    body = _json(public_jwk(key))
    secret = urlsafe_b64decode(hmac_key + "=" * (-len(hmac_key) % 4))
    bound: dict[str, str] = json.loads(
        _flattened(head, body, digest(secret, f"{head}.{body}".encode(), "sha256"))
    )
    return bound


def base64url(data: bytes) -> str:
    """Return base64 for URLs, without padding (RFC 7515, section 2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _json(value: object) -> str:
    return base64url(json.dumps(value, separators=(",", ":")).encode())


def _flattened(head: str, body: str, signature: bytes) -> bytes:
    return json.dumps(
        {"protected": head, "payload": body, "signature": base64url(signature)}
    ).encode()
