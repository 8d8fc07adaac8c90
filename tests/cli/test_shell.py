"""What every verb has in common: options, settings, errors, exit codes, completion."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING
from unittest.mock import patch

import boto3
import pytest

from certrotation.cli import main
from certrotation.cli.commands import Example, certrotation, verb, verb_of
from certrotation.cli.documents import DOCUMENTS
from certrotation.cli.exit_codes import ExitCode, first_of
from certrotation.cli.shell import Shell
from certrotation.cli.verbs import VERBS
from tests.cli.running import CREDENTIALS, ROOT, deploy, run, settings_of
from tests.cli.schemas import path_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.simulation.estate import Estate


@pytest.fixture
def probe() -> Iterator[list[Shell]]:
    """A verb `probe` that keeps the shells it was run with, as a new module would add one."""
    shells: list[Shell] = []

    @verb("probe", examples=(Example("certrotation probe", "Probe"),))
    def command(shell: Shell) -> ExitCode:
        """Probe."""
        shells.append(shell)
        assert shell.settings
        return ExitCode.DONE

    known = certrotation.get_command
    with (
        patch.dict(VERBS, probe="Probe."),
        patch.object(
            type(certrotation),
            "get_command",
            lambda _, context, name: command if name == "probe" else known(context, name),
        ),
    ):
        yield shells


@pytest.mark.usefixtures("estate")
def test_options_stand_before_or_after_the_verb_and_those_after_it_count(
    probe: list[Shell],
) -> None:
    assert run("--target-regions", "eu-west-1", "probe").code is ExitCode.DONE
    assert run("probe", "--target-regions", "eu-west-1").code is ExitCode.DONE
    given = ("--prefix", "a/", "--target-regions", "us-east-1")
    assert run(*given, "probe", "--target-regions", "eu-west-1").code is ExitCode.DONE

    assert [each.settings.target_regions for each in probe] == [("eu-west-1",)] * 3
    assert probe[-1].settings.secret_prefix == "a/"


def test_settings_come_from_options_else_variables_else_the_stack_and_disagreement_is_said(
    estate: Estate, probe: list[Shell]
) -> None:
    deploy(estate, {"CERTROTATION_SECRET_PREFIX": "deployed/", "CERTROTATION_RETENTION_DAYS": "7"})

    assert run("probe").err == ""
    ran = run("probe", "--prefix", "given/", CERTROTATION_TARGET_REGIONS="us-east-1")

    settings = probe[-1].settings
    assert (settings.secret_prefix, settings.target_regions) == ("given/", ("us-east-1",))
    assert (settings.retention.days, settings.queue_url) == (7, estate.queue_url)
    used = "'us-east-1' is used, from CERTROTATION_TARGET_REGIONS."
    for each in (
        "secret prefix 'deployed/'; 'given/' is used, from --prefix.",
        f"target regions 'eu-west-1,us-east-1'; {used}",
    ):
        assert f"Warning: the stack certrotation gives {each}\n" in ran.err
    assert len(ran.err.splitlines()) == 2


def test_report_mode_counts_whichever_source_gives_it(estate: Estate, probe: list[Shell]) -> None:
    deploy(estate, {"CERTROTATION_MODE": "report"})

    run("probe", CERTROTATION_MODE="apply")

    assert not probe[-1].parts.applies


@pytest.mark.usefixtures("estate")
def test_without_a_stack_every_enabled_region_is_a_target(probe: list[Shell]) -> None:
    ran = run("probe")

    assert ran.code is ExitCode.DONE
    assert "Note: There is no stack certrotation in eu-west-1" in ran.err
    enabled = boto3.client("ec2", region_name="eu-west-1").describe_regions()["Regions"]
    assert set(probe[-1].settings.target_regions) == {each["RegionName"] for each in enabled}
    assert probe[-1].settings.target_regions[0] == "eu-west-1"
    assert not probe[-1].configuration.has_queue


def test_where_the_regions_may_not_be_listed_the_home_region_is_the_target(
    estate: Estate, probe: list[Shell]
) -> None:
    estate.aws.behaviour.denied |= {
        ("ec2", "DescribeRegions", None),
        ("cloudformation", "DescribeStacks", None),
    }

    ran = run("probe")

    assert probe[-1].settings.target_regions == ("eu-west-1",)
    assert "The stack cannot be read: cloudformation:DescribeStacks" in ran.err
    assert "Give --target-regions for others." in ran.err


def test_a_stack_that_is_named_must_exist(estate: Estate, probe: list[Shell]) -> None:
    del estate
    ran = run("probe", "--stack", "tls")

    assert ran.code is ExitCode.ERROR
    assert "stack tls in eu-west-1" in ran.err
    assert not probe[-1].output.is_json


@pytest.mark.usefixtures("estate", "probe")
@pytest.mark.parametrize(
    ("option", "variable", "names"),
    [
        pytest.param(
            ("--target-regions", "eu-mars"), {}, "--target-regions 'eu-mars'", id="option"
        ),
        pytest.param((), {"CERTROTATION_MODE": "off"}, "CERTROTATION_MODE 'off'", id="variable"),
    ],
)
def test_a_wrong_setting_is_named_as_it_was_given(
    option: tuple[str, ...], variable: dict[str, str], names: str
) -> None:
    given = {"CERTROTATION_TARGET_REGIONS": "eu-west-1", **variable}
    given = {} if option else given

    ran = run("probe", *option, **given)

    assert ran.code is ExitCode.ERROR
    assert names in ran.err
    assert "Traceback" not in ran.err


def test_a_missing_region_missing_credentials_and_an_unknown_profile_are_sentences(
    tmp_path: Path,
) -> None:
    alone = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    nothing = dict.fromkeys((*CREDENTIALS, "AWS_DEFAULT_REGION"), "")
    for arguments, variables, said in (
        ((), nothing, "No Region is given. Give --region"),
        (("--region", "eu-west-1"), nothing, "There are no AWS credentials. Give --profile"),
        (("--profile", "nobody"), {}, "The AWS profile nobody does not exist."),
    ):
        ran = run("mode", *arguments, **alone, **variables)

        assert ran.code is ExitCode.ERROR
        assert ran.err.startswith("Error: SETTINGS_INVALID: ")
        assert said in ran.err


def test_a_denial_leads_to_the_policy(estate: Estate) -> None:
    estate.aws.behaviour.denied.add(("cloudformation", "DescribeStacks", None))

    ran = run("mode")

    assert ran.code is ExitCode.ERROR
    assert "ACCESS_DENIED: cloudformation:DescribeStacks" in ran.err
    assert "Allow the action to the credentials that you use; docs/cli.md" in ran.err


def test_a_command_line_that_is_wrong_is_said_in_two_lines_and_the_nearest_verb_is_named() -> None:
    for arguments, said in (
        (("mod",), "There is no verb 'mod'. Did you mean mode?"),
        (("mode", "--yess"), "No such option '--yess'. Did you mean '--yes'?"),
        (("mode", "off"), "'off' is not one of"),
    ):
        ran = run(*arguments)

        assert ran.code is ExitCode.USAGE
        assert said in ran.err
        assert "--help" in ran.err
        assert len(ran.err.splitlines()) == 2


def test_without_a_verb_the_help_is_shown() -> None:
    ran = run()

    assert ran.code is ExitCode.USAGE
    assert "Usage: certrotation" in ran.err
    assert "\nVerbs:\n" in ran.err


def test_a_bug_is_a_sentence_and_a_traceback_with_debug(probe: list[Shell]) -> None:
    del probe
    with patch.object(Shell, "settings", property(lambda _: 1 // 0)):
        ran = run("probe")
        debugged = run("probe", "--debug")

    assert ran.code is debugged.code is ExitCode.ERROR
    assert ran.err == (
        "Error: BUG: ZeroDivisionError in certrotation itself. Run the command again with --debug,"
        " and report what it prints.\n"
    )
    assert "Traceback (most recent call last):" in debugged.err
    assert "1 // 0" in debugged.err


def test_ctrl_c_says_what_was_done(probe: list[Shell]) -> None:
    def press(shell: Shell) -> None:
        shell.if_interrupted = "Nothing was changed."
        raise KeyboardInterrupt

    with patch.object(Shell, "settings", property(press)):
        ran = run("probe")

    assert ran.code is ExitCode.ERROR
    assert ran.err.strip() == "Error: Interrupted. Nothing was changed."
    assert len(probe) == 1


def test_of_several_exit_codes_the_first_of_the_contract_counts() -> None:
    assert first_of([]) is ExitCode.DONE
    assert first_of([ExitCode.DONE, ExitCode.CHANGES]) is ExitCode.CHANGES
    assert first_of([ExitCode.CHANGES, ExitCode.FINDING]) is ExitCode.FINDING
    assert first_of([ExitCode.FINDING, ExitCode.ERROR, ExitCode.CHANGES]) is ExitCode.ERROR


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        pytest.param("certrotation mo", "mode", id="verbs"),
        pytest.param("certrotation mode re", "report", id="arguments"),
        pytest.param("certrotation mode --prof", "--profile", id="options"),
    ],
)
def test_a_shell_completes(words: str, completed: str, capsys: pytest.CaptureFixture[str]) -> None:
    given = words.split()
    variables = {
        "_CERTROTATION_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(given) - 1),
    }
    with patch.dict(os.environ, variables), pytest.raises(SystemExit):
        main.run([])

    assert capsys.readouterr().out == f"plain,{completed}\n"


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_has_help_examples_and_a_documented_schema(name: str) -> None:
    command = verb_of(name)
    ran = run(name, "--help")

    assert ran.code is ExitCode.DONE
    assert command.get_short_help_str(200) == VERBS[name]
    assert command.examples
    for each in command.examples:
        assert each.command in ran.out
        assert each.command.startswith(f"certrotation {name}")
    assert {"--json", "--profile", "--region", "--stack", "--yes"} <= set(ran.out.split())
    assert path_of(name).read_text(encoding="utf-8") == text_of(name), "python -m tests.cli.schemas"


def test_there_is_no_schema_without_a_verb() -> None:
    files = {"proposal"}
    assert DOCUMENTS.keys() == VERBS.keys() | files
    assert {each.name for each in (ROOT / "docs" / "schemas").glob("*.json")} == {
        path_of(each).name for each in DOCUMENTS
    }
    for each in files:
        assert path_of(each).read_text(encoding="utf-8") == text_of(each)


def test_help_imports_neither_an_sdk_nor_a_verb() -> None:
    """Each would cost a tenth of a second or more."""
    program = (
        "import sys; from certrotation.cli.main import run; run(['--help']);"
        " print([each for each in sys.modules if each.split('.')[0] in"
        " ('boto3', 'botocore', 'cryptography', 'rich') or 'verbs.' in each], file=sys.stderr)"
    )
    done = subprocess.run(  # noqa: S603  our own module
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT / "lambdas")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.strip() == "[]"


def test_the_names_of_secrets_may_lack_the_prefix(estate: Estate, probe: list[Shell]) -> None:
    run("probe", **settings_of(estate))

    name = probe[-1].secret_name
    assert name("shop") == name("certrotation/shop") == "certrotation/shop"
    assert name("arn:aws:secretsmanager:eu-west-1:1:secret:a-123456").startswith("arn:")
