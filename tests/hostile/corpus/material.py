"""The CAs and certificates that the table's secrets are made of, at one fixed time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from certrotation.core.material.trust import PublicRoots
from tests.support.authority import Authority, Issued, shared_key

if TYPE_CHECKING:
    from cryptography import x509

    from tests.support.authority import PrivateKey

NOW = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
LONG_AGO = NOW - 365 * DAY
MUCH_LATER = NOW + 2635 * DAY
PASSPHRASE = "Tr0ub4dor-and-3-battery-staples"


def root(name: str, *, key: str = "p256", **validity: datetime) -> Authority:
    """Make a root that has been valid for a year."""
    given = {"not_before": LONG_AGO, **validity}
    return Authority.root(name, key=shared_key(key, name), **given)


def under(
    authority: Authority, name: str, *, key: str | PrivateKey = "p256", **properties: Any
) -> Authority:
    """Make a CA under another one; with the same name it has the same key."""
    private = shared_key(key, name) if isinstance(key, str) else key
    given = {"not_before": LONG_AGO, "not_after": MUCH_LATER, **properties}
    return authority.intermediate(name, key=private, **given)


PUBLIC_ROOT = root("Example Public Root")
PUBLIC_CA = under(PUBLIC_ROOT, "Example Public CA 1")
OTHER_PUBLIC_ROOT = root("Example Other Public Root")
OTHER_PUBLIC_CA = under(OTHER_PUBLIC_ROOT, "Example Other Public CA 1")
LAST_PUBLIC_ROOT = root("Example Last Public Root", not_after=NOW)
ENDED_PUBLIC_ROOT = root("Example Ended Public Root", not_after=NOW - SECOND)
PRIVATE_ROOT = root("Example Corp Root")
PRIVATE_CA = under(PRIVATE_ROOT, "Example Corp CA 1")
STAGING_ROOT = root("(STAGING) Example Public Root")
STAGING_CA = under(STAGING_ROOT, "(STAGING) Example Public CA 1")
FOREIGN_ROOT = root("Stranger Corp Root")
FOREIGN_CA = under(FOREIGN_ROOT, "Stranger Corp CA 1")

TRUSTED = tuple(
    each.certificate
    for each in (PUBLIC_ROOT, OTHER_PUBLIC_ROOT, LAST_PUBLIC_ROOT, ENDED_PUBLIC_ROOT)
)
ROOTS = PublicRoots(TRUSTED)

NAMES = ("shop.example.com", "www.shop.example.com")


def leaf(
    *names: str,
    ca: Authority = PUBLIC_CA,
    key: str | PrivateKey = "p256",
    is_ca: bool | None = False,
    **properties: Any,
) -> Issued:
    """Issue a leaf that has been valid for a day; two of one key type and name share the key."""
    private = shared_key(key, "a leaf") if isinstance(key, str) else key
    given = {"not_before": NOW - DAY, **properties}
    return ca.issue(*(names or NAMES), key=private, ca=is_ca, **given)


SHOP = leaf()
PRIVATE = leaf("shop.corp.example", ca=PRIVATE_CA, key=shared_key("p256", "a private leaf"))


def self_signed(*names: str, is_ca: bool | None = False) -> Issued:
    """Make a leaf that signs itself."""
    itself = root(names[0])
    return leaf(*names, ca=itself, key=itself.key, is_ca=is_ca)


def chain_of(*authorities: Authority) -> tuple[x509.Certificate, ...]:
    """Return the certificates of these CAs."""
    return tuple(each.certificate for each in authorities)
