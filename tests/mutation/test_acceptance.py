"""The reading of mutmut's words and the judgement; `make mutants` itself takes minutes."""

import pytest

from tests.mutation.__main__ import named_modules
from tests.mutation.acceptance import judge, load_accepted
from tests.mutation.mutants import MODULES, REPOSITORY, Mutant, read_mutant, read_results

CORE = REPOSITORY / "lambdas/certrotation/core"
KNOWN = Mutant(module="estate.expiry_windows", function="windows_of", line="a - b", becomes="a + b")
OTHER = Mutant(module="estate.expiry_windows", function="windows_of", line="a - b", becomes="None")
METHOD = "certrotation.core.estate.expiry_windows.xǁWindowPolicyǁwarning__mutmut_3"
FUNCTION = "certrotation.core.material.chain_checks.x__dropped__mutmut_14"


def test_survivors_that_are_all_accepted_hold() -> None:
    assert judge([KNOWN], {KNOWN: "Equivalent."}).holds


def test_a_survivor_that_nobody_accepted_does_not_hold() -> None:
    verdict = judge([KNOWN, OTHER], {KNOWN: "Equivalent."})
    assert not verdict.holds
    assert verdict.unaccepted == (OTHER,)


def test_an_accepted_mutant_that_is_killed_or_gone_does_not_hold() -> None:
    verdict = judge([], {KNOWN: "Equivalent."})
    assert not verdict.holds
    assert verdict.obsolete == (KNOWN,)


def test_a_run_of_one_module_says_nothing_of_what_is_accepted_in_others() -> None:
    modules = {each.module for each in load_accepted()}
    for module in modules:
        assert {each.module for each in load_accepted([module])} == {module}
    assert load_accepted(set(MODULES) - modules) == {}


def test_modules_are_named_on_the_command_line_and_all_without_a_name() -> None:
    assert named_modules([]) == MODULES
    assert named_modules(["material.pem", "findings", "material.pem"]) == (
        "findings",
        "material.pem",
    )


def test_a_module_that_has_no_mutants_is_a_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        named_modules(["material.pem", "material.pme"])
    assert caught.value.code == 2
    assert "not among the modules: material.pme" in capsys.readouterr().err


def test_results_are_read_by_name() -> None:
    text = f"    {METHOD}: killed\n    {FUNCTION}: no tests\n"
    assert read_results(text) == {METHOD: "killed", FUNCTION: "no tests"}


@pytest.mark.parametrize(
    ("name", "module", "function"),
    [
        (METHOD, "estate.expiry_windows", "WindowPolicy.warning"),
        (FUNCTION, "material.chain_checks", "_dropped"),
    ],
    ids=["method", "function"],
)
def test_a_mutant_is_known_by_its_place_and_its_change(
    name: str, module: str, function: str
) -> None:
    text = (
        f"# {name}: survived\n"
        "--- src/certrotation/core/some.py\n"
        "+++ src/certrotation/core/some.py\n"
        "@@ -1,3 +1,4 @@\n"
        "         elif each in wanted:\n"
        '-            kind = ""\n'
        "+            kind = (\n"
        "+                None)\n"
        "         else:\n"
    )
    assert read_mutant(name, text) == Mutant(
        module=module, function=function, line='kind = ""', becomes="kind = (\nNone)"
    )


@pytest.mark.parametrize("module", MODULES)
def test_a_module_to_mutate_is_there(module: str) -> None:
    """mutmut would pass over a name that it does not find."""
    assert (CORE / f"{module.replace('.', '/')}.py").is_file()


def is_there(mutant: Mutant) -> bool:
    """Say whether a mutant changes a line that there is."""
    source = (CORE / f"{mutant.module.replace('.', '/')}.py").read_text()
    return mutant.line in "\n".join(line.strip() for line in source.splitlines())


def test_every_accepted_mutant_changes_a_line_that_is_there() -> None:
    assert [each for each in load_accepted() if not is_there(each)] == []
    assert not is_there(
        Mutant(module="material.chain", function="f", line="no such line", becomes="")
    )


def test_every_accepted_mutant_is_equivalent_and_says_why() -> None:
    assert all(reason.startswith("Equivalent: ") for reason in load_accepted().values())
