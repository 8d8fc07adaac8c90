"""Five weeks of the year in which CAs refuse, limit, are dark and revoke."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from certrotation.aws.issuing_secrets import IssuedSecrets
from tests.infra.synthesis import synthesize
from tests.oncall.year.at_issuance import AT_ISSUANCE, FITS
from tests.oncall.year.faults import FAULTS
from tests.oncall.year.play import play
from tests.oncall.year.population import REGIONS
from tests.oncall.year.report import broken_by
from tests.oncall.year.world import ISSUERS, STACK

if TYPE_CHECKING:
    from tests.infra.synthesis import Template

pytestmark = [pytest.mark.slow, pytest.mark.infra, pytest.mark.timeout(900)]

FIVE_WEEKS = 35
INJECTED = (
    "a CA refuses",
    "a CA limits",
    "every look dies",
    "a CA is dark for days",
    "a CA revokes",
    "the look is off",
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    settings = {"stack_name": STACK, "target_regions": REGIONS, "issuers": ISSUERS}
    return synthesize(tmp_path_factory, settings)


def test_each_fault_of_a_ca_raises_its_alarms_and_nothing_else_does(template: Template) -> None:
    played = play(
        template,
        numbers={6: 1},
        days=FIVE_WEEKS,
        faults=dict.fromkeys(INJECTED, 1),
        issued={6: 2, 47: 9, 90: 6},
    )

    assert broken_by(played) == []
    assert {each.fault.name for each in played.expected.injected} == set(INJECTED)
    assert played.issuance["certificates issued"] > 2 * FIVE_WEEKS / 3
    assert played.expired == []


def test_renewals_that_never_begin_are_told(
    template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(IssuedSecrets, "start_rotation", lambda *_: None)

    played = play(template, numbers={6: 1}, days=7, faults={}, issued={6: 2})

    assert any("IssuanceStalled went off" in each for each in broken_by(played))
    assert played.issuance["certificates issued"] == 0


def test_every_fault_of_a_ca_has_its_script() -> None:
    begins = {each.name for each in FAULTS.values() if each.begins == "at an issuance"}
    assert begins == AT_ISSUANCE.keys()
    assert FITS.keys() <= begins
