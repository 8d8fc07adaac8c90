"""The search for a chain agrees with OpenSSL over chains made at random.

`make paths` plays thousands; CI plays the first few hundred of the same seed. OpenSSL does not try
every path: it follows the first issuer that fits. So it may reject what is supplied though a good
path is in it. What is served has no other path, and is what OpenSSL must accept.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from certrotation.core.findings import refusals
from certrotation.core.material.chain import find_chains
from certrotation.core.material.checks import inspect_secret
from certrotation.core.material.host_names import names_of
from certrotation.core.material.trust import PublicRoots
from certrotation.core.material.x509_facts import is_self_signed
from tests.hostile.corpus.material import NOW
from tests.hostile.corpus.row import of
from tests.hostile.generated_chains import Case, Maker, openssl_accepts
from tests.support.authority import Issued

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509

    from certrotation.core.material.chain import Chain

COUNT = int(os.environ.get("CERTROTATION_CHAINS", "300"))
SEED = int(os.environ.get("CERTROTATION_CHAINS_SEED", "1"))

REFUSED_ALTHOUGH_OPENSSL_ACCEPTS = {
    "key of a CA: EC (secp224r1)": "Go and browsers know no curve below P-256",
    "name constraints": "Go rejects a wildcard that covers an excluded name (CVE-2025-61727)",
}
"""By cause of a finding: why it is refused all the same."""

ABOUT_PATHS = ("CHAIN_", "KEY_WEAK", "SIGNATURE_WEAK", "LEAF_UNFIT")

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")


def disagreement(case: Case, folder: Path) -> str | None:
    """Return what OpenSSL and we do not agree on, or None."""
    value = of(Issued(certificate=case.leaf.certificate, key=case.leaf.key), *case.supplied)
    inspection = inspect_secret(value, PublicRoots(case.public_roots), NOW)
    refused = [each for each in refusals(inspection.findings) if each.code.startswith(ABOUT_PATHS)]
    leaf = case.leaf.certificate
    if refused:
        private_roots = [each for each in case.supplied if is_self_signed(each)]
        trusted = (*case.public_roots, *private_roots)
        if openssl_accepts(folder, leaf, case.supplied, trusted) or is_excepted(case):
            return None
        return f"OpenSSL accepts what is refused: {[str(each) for each in refused]}"
    assert inspection.material is not None
    chain = inspection.material.chain
    top = (leaf, *chain)[-1]
    is_public = inspection.material.anchor.public
    trusted = case.public_roots if is_public else (top,)
    said = openssl_accepts(folder, leaf, chain, trusted, is_partial=not is_public)
    return f"OpenSSL rejects what goes live: {said}" if said else None


def is_excepted(case: Case) -> bool:
    """Whether there is a chain that is refused only for reasons that OpenSSL does not know."""
    roots = PublicRoots(case.public_roots)
    chains = find_chains(case.leaf.certificate, case.supplied, roots, at=NOW)
    known = REFUSED_ALTHOUGH_OPENSSL_ACCEPTS.keys()
    return any(
        {each.cause for each in chain.faults} <= known
        and (names_wildcard(case.leaf.certificate) or not has_constraints(chain))
        for chain in chains
    )


def has_constraints(chain: Chain) -> bool:
    return any(each.cause == "name constraints" for each in chain.faults)


def names_wildcard(leaf: x509.Certificate) -> bool:
    return any(each.startswith("*") for each in names_of(leaf))


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(4))
def test_what_goes_live_openssl_accepts_and_what_it_accepts_goes_live(
    part: int, tmp_path: Path
) -> None:
    maker = Maker(SEED * 1000 + part)
    for number in range(COUNT // 4):
        case = maker.case()
        assert disagreement(case, tmp_path) is None, f"case {number} of part {part}"
