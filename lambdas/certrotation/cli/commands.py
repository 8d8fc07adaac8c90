"""How a verb is declared: its help, its examples, and the options that every verb has.

Options stand before or after the verb and its arguments: what is given after the verb counts.
"""

from __future__ import annotations

import functools
from difflib import get_close_matches
from importlib import import_module
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from certrotation import __version__
from certrotation.cli.shell import Common, Shell
from certrotation.cli.verbs import VERBS
from certrotation.names.environment import (
    DEFAULT_STACK_NAME,
    QUEUE_URL,
    SECRET_PREFIX,
    TARGET_REGIONS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Concatenate, ParamSpec

    from certrotation.cli.exit_codes import ExitCode

    _Own = ParamSpec("_Own")

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

_COMMON: tuple[click.Option, ...] = (
    click.Option(["--profile"], metavar="NAME", help="AWS profile of the credentials."),
    click.Option(["--region"], metavar="REGION", help="Home Region, where stack and secrets are."),
    click.Option(
        ["--stack"],
        metavar="NAME",
        help=f"Deployed stack whose settings are used ({DEFAULT_STACK_NAME}).",
    ),
    click.Option(
        ["--target-regions"],
        metavar="REGIONS",
        help="Regions, separated by commas; the first is the canary.",
    ),
    click.Option(["--prefix"], metavar="TEXT", help="How the names of managed secrets begin."),
    click.Option(["--queue-url"], metavar="URL", help="Queue of the rotations."),
    click.Option(["--json", "is_json"], is_flag=True, help="Print one JSON object."),
    click.Option(["--yes", "-y"], is_flag=True, help="Answer every question with yes."),
    click.Option(["--debug"], is_flag=True, help="Print the traceback of an error."),
)
_COMMON_NAMES = frozenset(str(each.name) for each in _COMMON)
_VARIABLES = {
    "target_regions": TARGET_REGIONS,
    "prefix": SECRET_PREFIX,
    "queue_url": QUEUE_URL,
}


class Example(NamedTuple):
    """A command that `--help` shows, and what it is for."""

    command: str
    purpose: str


class Verb(click.Command):
    """One verb; `--help` lists its own options first, then the common ones, then examples."""

    examples: Sequence[Example] = ()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write own options and common options in sections of their own; click has arguments."""
        sections: dict[str, list[tuple[str, str]]] = {"Options": [], "Common options": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and not isinstance(parameter, click.Argument):
                sections[_section_of(parameter)].append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        del ctx
        _write_examples(self.examples, formatter)


class Verbs(click.Group):
    """All verbs; a module is imported when its verb is run, or asks for its own help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of the help."""
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb."""
        del ctx
        return verb_of(cmd_name) if cmd_name in VERBS else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb; a misspelt one is a usage error that names the nearest."""
        name = args[0]
        if name not in VERBS and not ctx.resilient_parsing:
            near = get_close_matches(name, VERBS, n=1)
            meant = f" Did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"There is no verb {name!r}.{meant}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs without importing any."""
        del ctx
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write where to read on."""
        del ctx
        with formatter.section("Exit codes"):
            formatter.write_dl(
                [
                    ("0", "Done, and nothing is wrong; there may be warnings."),
                    ("1", "An error."),
                    ("2", "The command line is wrong."),
                    ("3", "A finding refuses, or something else is wrong."),
                    ("4", "Changes are pending (--detailed-exitcode)."),
                ]
            )
        formatter.write_paragraph()
        formatter.write_text("`certrotation VERB --help` shows the options of a verb and examples.")


def _section_of(parameter: click.Parameter) -> str:
    return "Common options" if parameter.name in _COMMON_NAMES else "Options"


def verb_of(name: str) -> Verb:
    """Return one verb's command."""
    module = f"{name}_" if iskeyword(name) else name
    command: Verb = import_module(f"certrotation.cli.verbs.{module}").command
    return command


def verb(
    name: str, *, examples: Sequence[Example]
) -> Callable[[Callable[Concatenate[Shell, _Own], ExitCode]], Verb]:
    """Declare a verb, whose help is the function's docstring.

    Args:
        name: as in VERBS.
        examples: commands that `--help` shows.
    """

    def declare(function: Callable[Concatenate[Shell, _Own], ExitCode]) -> Verb:
        @functools.wraps(function)
        def run(**given: Any) -> ExitCode:
            context = click.get_current_context()
            own = {key: value for key, value in given.items() if key not in _COMMON_NAMES}
            common = {key: given[key] for key in _COMMON_NAMES}
            before = context.parent.params if context.parent else {}
            merged = {key: value or before.get(key) for key, value in common.items()}
            shell = context.with_resource(Shell.for_command(name, _common(merged)))
            return function(shell, **own)  # type: ignore[call-arg]  # click's keywords

        command = click.command(name, cls=Verb, context_settings=_CONTEXT)(run)
        command.params.extend(_COMMON)
        command.examples = examples
        return command

    return declare


def _common(given: dict[str, Any]) -> Common:
    return Common(
        profile=given["profile"],
        region=given["region"],
        stack=given["stack"],
        variables={
            variable: given[option] for option, variable in _VARIABLES.items() if given[option]
        },
        is_json=bool(given["is_json"]),
        yes=bool(given["yes"]),
        debug=bool(given["debug"]),
    )


def _write_examples(examples: Sequence[Example], formatter: click.HelpFormatter) -> None:
    if not examples:
        return
    with formatter.section("Examples"):
        for number, each in enumerate(examples):
            if number:
                formatter.write_paragraph()
            formatter.write_text(f"{each.purpose}:")
            # As one line, so that it can be copied.
            formatter.write(f"{'':{formatter.current_indent}}  {each.command}\n")


@click.group(
    "certrotation",
    cls=Verbs,
    context_settings=_CONTEXT,
    params=list(_COMMON),
    no_args_is_help=True,
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def certrotation(**_: Any) -> None:
    """Show, plan and change what certrotation does with imported TLS certificates.

    Settings come from the options, else from the CERTROTATION_* variables that the functions read,
    else from the deployed stack. Without a stack, the verbs that only read still work.
    """
