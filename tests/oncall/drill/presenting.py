"""What `openssl s_client` sees of a listener or distribution."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding

from tests.hostile.looking import presented_by
from tests.oncall.drill.answers import NotModelledError
from tests.oncall.year.population import names_of

if TYPE_CHECKING:
    from cryptography import x509

    from tests.oncall.drill.playing import Scene


def s_client(scene: Scene, arguments: list[str]) -> str:
    """Return what `openssl s_client -connect <host>:443` prints, the leaf among it."""
    given = dict(pairwise(arguments))
    host = given.get("-servername") or given.get("-connect", "").partition(":")[0]
    leaf = _presented(scene, host)
    if leaf is None:
        raise NotModelledError(f"nothing here presents {host}")
    pem = leaf.public_bytes(Encoding.PEM).decode()
    return (
        f"CONNECTED(00000003)\n---\nCertificate chain\n 0 s:{leaf.subject.rfc4514_string()}\n"
        f"   i:{leaf.issuer.rfc4514_string()}\n---\nServer certificate\n{pem}---\nDONE\n"
    )


def _presented(scene: Scene, host: str) -> x509.Certificate | None:
    estate = scene.world.estate
    dependents = {each for site in scene.world.sites for each in site.dependents}
    with estate.aws.unobserved():
        leaves = [
            estate.presents(arn)
            for dependent in sorted(dependents)
            for arn in presented_by(estate, dependent)
        ]
    found = [each for each in leaves if host in names_of(each)]
    return min(found, key=lambda each: each.not_valid_after_utc, default=None)
