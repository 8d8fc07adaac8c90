"""`certrotation mode`: an installed service changes nothing, or changes things again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from certrotation.cli.exit_codes import ExitCode
from tests.cli.running import FUNCTIONS, ISSUE, deploy, run, variables_of
from tests.simulation.estate import HOME, client

if TYPE_CHECKING:
    from tests.simulation.estate import Estate

pytestmark = pytest.mark.slow

ROTATE, SCAN = FUNCTIONS.values()


def test_both_functions_only_report_and_keep_their_other_settings(estate: Estate) -> None:
    deploy(estate, {"CERTROTATION_MODE": "apply", "CERTROTATION_RETENTION_DAYS": "7"})

    ran = run("mode", "report", "--yes")

    assert ran.code is ExitCode.DONE
    assert ran.out.splitlines()[1:] == [
        f"{ROTATE}: was apply, is report",
        f"{SCAN}: was apply, is report",
    ]
    for function in FUNCTIONS.values():
        assert variables_of(function)["CERTROTATION_MODE"] == "report"
        assert variables_of(function)["CERTROTATION_RETENTION_DAYS"] == "7"


def test_the_function_that_asks_issuers_is_switched_too(estate: Estate) -> None:
    issuer = {"kind": "acme", "directory": "https://ca.example/directory", "allow": {"*": ["a.b"]}}
    deploy(estate, {"CERTROTATION_MODE": "apply"}, issuers={"ca": issuer})

    ran = run("mode", "report", "--yes", "--json")

    assert [each["name"] for each in ran.document["functions"]] == [ROTATE, ISSUE, SCAN]
    assert variables_of(ISSUE)["CERTROTATION_MODE"] == "report"
    assert "CERTROTATION_ISSUERS" in variables_of(ISSUE)


def test_without_a_mode_it_shows_the_one_in_force_and_changes_nothing(estate: Estate) -> None:
    deploy(estate, {"CERTROTATION_MODE": "report"}, version=None)
    estate.aws.calls.clear()

    ran = run("mode", "--json")

    assert ran.document["functions"] == [
        {"name": each, "before": "report", "mode": "report"} for each in (ROTATE, SCAN)
    ]
    assert ran.document["version"] is None
    assert {call.operation for call in estate.aws.calls} == {
        "DescribeStacks",
        "GetFunctionConfiguration",
    }


def test_one_function_is_switched_before_the_next_and_what_was_done_is_said(estate: Estate) -> None:
    deploy(estate, {"CERTROTATION_MODE": "report"})

    def refuse_scan(call: object) -> None:
        if getattr(call, "operation", "") == "UpdateFunctionConfiguration" and (
            getattr(call, "params", {})["FunctionName"] == SCAN
        ):
            raise estate.aws.error("ResourceConflictException", "UpdateFunctionConfiguration")

    with estate.aws.before(refuse_scan):
        ran = run("mode", "apply", "--yes")

    assert ran.code is ExitCode.ERROR
    assert f"{ROTATE}: was report, is apply" in ran.out
    assert "NOT_YET_CONSISTENT" in ran.err
    assert "Run the command again." in ran.err
    assert variables_of(SCAN)["CERTROTATION_MODE"] == "report"


def test_a_configuration_that_somebody_changes_meanwhile_is_not_overwritten(
    estate: Estate,
) -> None:
    """Lambda API Reference, UpdateFunctionConfiguration: RevisionId; moto compares none."""
    deploy(estate, {"CERTROTATION_MODE": "apply", "CERTROTATION_RETENTION_DAYS": "7"})
    others = [{"CERTROTATION_MODE": "apply", "CERTROTATION_RETENTION_DAYS": "30"}]

    def revision(function: str) -> str:
        return str(sorted(variables_of(function).items()))

    def show_revision(_client: object, call: Any, answer: Any) -> None:
        if call.operation == "GetFunctionConfiguration":
            answer["RevisionId"] = str(sorted(answer["Environment"]["Variables"].items()))

    def change_meanwhile(call: Any) -> None:
        if call.operation != "UpdateFunctionConfiguration":
            return
        function = call.params["FunctionName"]
        with estate.aws.unobserved():
            if others:
                client("lambda", HOME).update_function_configuration(
                    FunctionName=function, Environment={"Variables": others.pop()}
                )
            if call.params.get("RevisionId", revision(function)) != revision(function):
                raise estate.aws.error("PreconditionFailedException", call.operation)

    with estate.aws.changing(show_revision), estate.aws.before(change_meanwhile):
        ran = run("mode", "report", "--yes")
        again = run("mode", "report", "--yes")

    assert ran.code is ExitCode.ERROR
    assert "Somebody else changes the function. Run the command again." in ran.err
    assert again.code is ExitCode.DONE
    assert variables_of(ROTATE) == {
        "CERTROTATION_MODE": "report", "CERTROTATION_RETENTION_DAYS": "30",
    }  # fmt: skip


def test_an_update_that_took_effect_though_its_answer_was_lost_is_done(estate: Estate) -> None:
    deploy(estate, {"CERTROTATION_MODE": "apply", "CERTROTATION_RETENTION_DAYS": "7"})
    calls = []

    def lose(call: Any) -> None:
        """The SDK sends the update again, with the revision that the first one replaced."""
        if call.operation == "UpdateFunctionConfiguration":
            calls.append(call)
            raise estate.aws.error("PreconditionFailedException", call.operation)

    with estate.aws.after(lose):
        ran = run("mode", "report", "--yes")

    assert ran.code is ExitCode.DONE
    assert len(calls) == 2
    assert ran.out.splitlines()[1:] == [
        f"{ROTATE}: was apply, is report",
        f"{SCAN}: was apply, is report",
    ]


def test_a_missing_stack_is_an_error_that_names_the_region(estate: Estate) -> None:
    del estate
    ran = run("mode", "--stack", "tls", "--json")

    assert ran.code is ExitCode.ERROR
    assert "stack tls in eu-west-1" in ran.err
    assert ran.document["error"]["code"] == "RESOURCE_VANISHED"


def test_another_stack_is_refused_by_its_name(estate: Estate) -> None:
    estate.aws.deploy_stack("tls", "eu-west-1", {"Bucket": "b"})

    ran = run("mode", "report", "--stack", "tls", "--yes")

    assert ran.code is ExitCode.ERROR
    assert "The stack tls in eu-west-1 is not a certrotation stack" in ran.err


def test_nobody_is_asked_without_a_terminal(estate: Estate) -> None:
    deploy(estate)

    ran = run("mode", "report")

    assert ran.code is ExitCode.USAGE
    assert "Give --yes." in ran.err
