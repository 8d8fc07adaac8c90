"""The account at a CA: its key, its URL and its binding, in one secret for each issuer."""

from __future__ import annotations

import json
from typing import NamedTuple, Protocol

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from certrotation.core.material.bundle import private_key_pem
from certrotation.core.material.loading import attempt
from certrotation.errors import CaRefuses

_KEY, _URL, _DIRECTORY = "key", "url", "directory"
_EAB_KID, _EAB_HMAC_KEY = "eab_kid", "eab_hmac_key"


class AcmeAccount(NamedTuple):
    """An account; the repr shows neither of its keys."""

    key: ec.EllipticCurvePrivateKey
    url: str | None = None
    """The account's URL at the CA; None until the CA has made the account."""
    directory: str | None = None
    """The directory of the CA that made it."""
    eab_kid: str | None = None
    eab_hmac_key: str | None = None
    is_new: bool = False
    """Whether the key was made now, and is not stored yet."""

    def is_known_to(self, directory: str) -> bool:
        """Return whether the CA of a directory has made the account."""
        return self.url is not None and self.directory == directory

    def __repr__(self) -> str:
        return f"AcmeAccount(url={self.url!r})"


class AccountStore(Protocol):
    """Where the account of one issuer is kept."""

    def read_or_create(self) -> AcmeAccount:
        """Return the account; if there is none, one with a new key, which is stored already.

        All who call it at the same time get the same key.
        """

    def read(self) -> AcmeAccount | None:
        """Return the account as it is stored; None if nothing is stored."""

    def store(self, account: AcmeAccount) -> None:
        """Keep the account."""


def new_account_key() -> ec.EllipticCurvePrivateKey:
    """Return a new key for ES256, which every CA that speaks ACME takes."""
    return ec.generate_private_key(ec.SECP256R1())


def read_account(document: str, where: str) -> AcmeAccount:
    """Return the account in the value of a secret; without a key it gets a new one.

    Raises:
        CaRefuses: the value is not what this service or a person would have written.
    """
    remedy = (
        f"Write {{}} into the secret {where}, or an object with {_EAB_KID} and {_EAB_HMAC_KEY}."
        " The account is made anew."
    )
    try:
        given = json.loads(document)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise CaRefuses(f"The secret {where} is not a JSON object.", remedy)
    texts = {
        name: given[name] if isinstance(given.get(name), str) and given[name] else None
        for name in (_KEY, _URL, _DIRECTORY, _EAB_KID, _EAB_HMAC_KEY)
    }
    pem = texts[_KEY]
    key = attempt(lambda: load_pem_private_key(pem.encode(), None)) if pem else new_account_key()
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise CaRefuses(f"The key in the secret {where} is not an ECDSA key on P-256.", remedy)
    return AcmeAccount(
        key=key,
        url=texts[_URL] if pem else None,
        directory=texts[_DIRECTORY],
        eab_kid=texts[_EAB_KID],
        eab_hmac_key=texts[_EAB_HMAC_KEY],
        is_new=pem is None,
    )


def account_document(account: AcmeAccount) -> str:
    """Return the value of the account's secret."""
    members = {
        _KEY: private_key_pem(account.key).decode(),
        _URL: account.url,
        _DIRECTORY: account.directory,
        _EAB_KID: account.eab_kid,
        _EAB_HMAC_KEY: account.eab_hmac_key,
    }
    return json.dumps({name: value for name, value in members.items() if value is not None})
