"""What works today is renewed with a fault that clients already live with, not left to expire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from certrotation.core.findings import (
    Code,
    Finding,
    Severity,
    final_refusals,
    refuse,
    soften_known,
    warn,
)
from certrotation.core.material.checks import check_certificate
from certrotation.core.rotation.plan import Import, Reimport
from certrotation.core.rotation.planning import Rotation
from certrotation.core.rotation.regression_checks import causes_known
from tests.core.builders import HOME, NAME, US, copy, managed
from tests.core.region_plans import POLICY, look, plan_for
from tests.core.samples import (
    DAY,
    LONG_AGO,
    NOW,
    PUBLIC_ROOT,
    ROOTS,
    inspect,
    presented,
    secret_of,
    verdicts,
)
from tests.support.authority import (
    CLIENT_AUTH,
    SERVER_AUTH,
    Authority,
    Issued,
    as_version_1,
    certify,
    critical,
    key_usage,
    shared_key,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from certrotation.core.rotation.plan import Plan

CA = x509.BasicConstraints(ca=True, path_length=None)
KEY = shared_key("p256", "a leaf that is renewed")
OTHER_USES = (Code.CHAIN_INVALID, "limited to other uses")


def ca(
    *extensions: x509.ExtensionType | x509.Extension[x509.ExtensionType], key: str = "p256"
) -> Authority:
    private = shared_key(key, "an odd CA")
    made = certify(
        PUBLIC_ROOT,
        "Odd CA",
        CA,
        *extensions,
        key=private,
        not_before=LONG_AGO,
        not_after=NOW + 900 * DAY,
    )
    return Authority(certificate=made, key=private)


def leaf_of(
    authority: Authority, *extensions: x509.ExtensionType, ends: timedelta = 90 * DAY
) -> Issued:
    names = x509.SubjectAlternativeName([x509.DNSName(NAME)])
    made = certify(
        authority,
        NAME,
        names,
        *extensions,
        key=KEY,
        not_before=NOW - 60 * DAY,
        not_after=NOW + ends,
    )
    return Issued(certificate=made, key=KEY, chain=(authority.certificate,))


CLIENTS_ONLY = ca(x509.ExtendedKeyUsage([CLIENT_AUTH]))
WEAK = ca(key="rsa1024")
FIT = ca(x509.ExtendedKeyUsage([SERVER_AUTH]))


def plan(
    after: Issued, *before: Issued, regions: Sequence[str] = (HOME,), accept: str = ""
) -> Plan:
    """The plan for material whose copies, one in each Region, present these certificates."""
    inspection = inspect(secret_of(after))
    assert inspection.material is not None
    rotation = Rotation.of(
        managed(**({"accept": accept} if accept else {})),
        inspection.material,
        inspection.findings,
        POLICY,
    )
    looks = [
        look(*(copy(1, each, region=region) for each in before[number : number + 1]), region=region)
        for number, region in enumerate(regions)
    ]
    return plan_for(rotation, *looks)


def about(code: Code, found: Plan) -> list[Severity]:
    return [each.severity for each in found.findings if each.code is code]


@pytest.mark.parametrize(
    ("authority", "code"),
    [(CLIENTS_ONLY, Code.CHAIN_INVALID), (WEAK, Code.KEY_WEAK)],
    ids=["CHAIN_INVALID", "KEY_WEAK of a CA"],
)
def test_a_chain_that_is_live_with_its_fault_is_renewed_with_it(
    authority: Authority, code: Code
) -> None:
    found = plan(leaf_of(authority), leaf_of(authority, ends=5 * DAY))
    assert about(code, found) == [Severity.WARN]
    (region,) = found.regions
    assert any(isinstance(step, Reimport) for step in region.steps)
    (finding,) = [each for each in found.findings if each.code is code]
    assert finding.found.startswith("As in the current copies: ")


def test_a_leaf_that_is_live_with_its_fault_is_renewed_with_it() -> None:
    odd = key_usage("content_commitment")
    found = plan(leaf_of(FIT, odd), leaf_of(FIT, odd, ends=5 * DAY))
    assert about(Code.LEAF_UNFIT, found) == [Severity.WARN]
    assert not found.is_refused


@pytest.mark.parametrize("before", [(), (leaf_of(FIT, ends=5 * DAY),)], ids=["nothing", "fit"])
def test_what_is_not_live_with_the_fault_is_refused(before: Sequence[Issued]) -> None:
    found = plan(leaf_of(CLIENTS_ONLY), *before)
    assert about(Code.CHAIN_INVALID, found) == [Severity.REFUSE]
    assert found.regions == ()


def test_another_fault_of_the_same_code_does_not_soften() -> None:
    unknown = critical(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"))
    found = plan(leaf_of(CLIENTS_ONLY), leaf_of(ca(unknown), ends=5 * DAY))
    assert about(Code.CHAIN_INVALID, found) == [Severity.REFUSE]


def test_every_copy_must_have_the_fault() -> None:
    both = (HOME, US)
    bad, good = leaf_of(CLIENTS_ONLY, ends=5 * DAY), leaf_of(FIT, ends=5 * DAY)
    renewed = leaf_of(CLIENTS_ONLY)
    assert about(Code.CHAIN_INVALID, plan(renewed, bad, bad, regions=both)) == [Severity.WARN]
    assert about(Code.CHAIN_INVALID, plan(renewed, bad, good, regions=both)) == [Severity.REFUSE]
    new_region = plan(renewed, bad, regions=both)
    assert about(Code.CHAIN_INVALID, new_region) == [Severity.WARN]
    assert any(isinstance(step, Import) for step in new_region.regions[1].steps)


def test_a_copy_that_presents_the_material_has_its_faults() -> None:
    """The plan of a secret that is live in every Region refuses nothing when it is made again."""
    renewed = leaf_of(CLIENTS_ONLY)
    assert about(Code.CHAIN_INVALID, plan(renewed, renewed)) == [Severity.WARN]


def test_what_acm_refuses_is_refused_whatever_is_live() -> None:
    old = as_version_1(FIT, certify(FIT, NAME, key=KEY, not_before=LONG_AGO))
    v1 = Issued(certificate=old, key=KEY, chain=(FIT.certificate,))
    assert about(Code.LEAF_UNFIT, plan(v1, v1)) == [Severity.REFUSE]


def test_an_acceptance_still_has_an_effect_where_the_copies_would_soften() -> None:
    found = plan(leaf_of(WEAK), leaf_of(WEAK, ends=5 * DAY), accept="KEY_WEAK")
    assert [each.found for each in found.findings if each.code is Code.KEY_WEAK] == [
        "Accepted by tag: The key of CN=Odd CA is RSA (1024)."
    ]
    assert about(Code.ACCEPT_WITHOUT_EFFECT, found) == []


def test_findings_with_a_cause_do_not_end_a_rotation_before_it_looks() -> None:
    by_cause = refuse(Code.CHAIN_INVALID, "so", cause="limited to other uses")
    final = refuse(Code.EXPIRED, "so")
    assert final_refusals([by_cause, warn(Code.MUST_STAPLE, "so")]) == ()
    assert final_refusals([by_cause, final]) == (final,)


def test_only_refusals_with_a_known_cause_are_softened() -> None:
    known = {OTHER_USES}
    same = Finding(code=Code.CHAIN_INVALID, severity=Severity.WARN, found="so", cause=OTHER_USES[1])
    untouched = (refuse(Code.CHAIN_INVALID, "so"), refuse(Code.KEY_WEAK, "so", cause="x"), same)
    assert soften_known(untouched, known) == untouched
    (softened,) = soften_known([refuse(Code.CHAIN_INVALID, "so", cause=OTHER_USES[1])], known)
    assert (softened.severity, softened.found) == (
        Severity.WARN,
        "As in the current copies: so",
    )


def test_causes_are_known_that_all_certificates_have() -> None:
    bad, good = presented(leaf_of(CLIENTS_ONLY)), presented(leaf_of(FIT))
    assert OTHER_USES in causes_known([bad], ROOTS, NOW)
    assert OTHER_USES in causes_known([bad, bad], ROOTS, NOW)
    assert OTHER_USES not in causes_known([bad, good], ROOTS, NOW)
    assert causes_known([], ROOTS, NOW) == frozenset()


def test_a_live_certificate_is_checked_as_material_is() -> None:
    issued = leaf_of(CLIENTS_ONLY)
    found = check_certificate(issued.certificate, issued.chain, ROOTS, NOW)
    assert verdicts(found) == verdicts(inspect(secret_of(issued)).findings)
