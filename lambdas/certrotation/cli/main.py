"""Entry point of the command `certrotation`: from arguments to an exit code."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING

from certrotation.cli import shell
from certrotation.cli.exit_codes import ExitCode
from certrotation.cli.output import Output, discard, use_utf8_or_escape
from certrotation.cli.remedies import remedy_of
from certrotation.errors import CertRotationError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    import click

_NOT_INSTALLED = (
    "Error: the command line needs click, which is not installed. Install it with the extra cli:"
    " pip install '.[cli]' in a checkout.\n"
)


def main() -> None:
    """Run the command of this process."""
    use_utf8_or_escape()
    signal.signal(signal.SIGINT, _interrupt)
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        discard()
    sys.exit(code)


def run(arguments: Sequence[str]) -> ExitCode:
    """Run one command, and return its exit code; no error leaves this function."""
    shell.current = None
    try:
        import click  # an extra: see pyproject.toml

        from certrotation.cli.commands import certrotation
    except ModuleNotFoundError as missing:
        if missing.name != "click":
            raise
        sys.stderr.write(_NOT_INSTALLED)
        return ExitCode.ERROR
    try:
        # Without a result, click has printed a help or the version.
        code = certrotation.main(list(arguments), "certrotation", standalone_mode=False)
    except click.UsageError as error:
        return _usage(error)
    except (BrokenPipeError, KeyboardInterrupt, click.Abort) as end:
        return _ended(end)
    except Exception as error:  # noqa: BLE001  a person gets a sentence
        return _explained(error)
    return ExitCode(code or ExitCode.DONE)


def _explained(error: Exception) -> ExitCode:
    if isinstance(error, CertRotationError):
        return _failed(error.code, error.found, remedy_of(error), error)
    if isinstance(error, OSError) and error.filename:
        return _failed("FILE", f"{error.filename}: {error.strerror}.", "", error)
    return _failed(
        "BUG",
        f"{type(error).__name__} in certrotation itself.",
        "Run the command again with --debug, and report what it prints.",
        error,
    )


def _ended(end: BaseException) -> ExitCode:
    if isinstance(end, BrokenPipeError):
        discard()
        return ExitCode.ERROR
    return _interrupted()


def _usage(error: click.UsageError) -> ExitCode:
    """Explain what is wrong with the command line; without a verb, that is the help."""
    output = _output()
    if not error.ctx or (not error.ctx.args and error.message == error.ctx.get_help()):
        sys.stderr.write(f"{error.format_message()}\n")
        return ExitCode.USAGE
    output.fail(error.format_message())
    output.fail_detail(f"Try `{error.ctx.command_path} --help`.")
    _document("USAGE", error.format_message(), "")
    return ExitCode.USAGE


def _failed(code: str, found: str, remedy: str, error: BaseException) -> ExitCode:
    output = _output()
    if "--debug" in sys.argv or (shell.current is not None and shell.current.common.debug):
        for line in "".join(traceback.format_exception(error)).splitlines():
            output.fail_detail(line)
    output.fail(f"{code}: {found} {remedy}".rstrip())
    _document(code, found, remedy)
    return ExitCode.ERROR


def _document(code: str, found: str, remedy: str) -> None:
    """Print the error as the JSON object, if one was asked for."""
    if shell.current is not None:
        shell.current.output.document(
            {
                "schema": shell.current.schema,
                "error": {"code": code, "found": found, "remedy": remedy},
            }
        )


def _output() -> Output:
    if shell.current is not None:
        return shell.current.output
    return Output.standard(os.environ, is_json=False)


def _interrupted() -> ExitCode:
    known = shell.current.if_interrupted if shell.current else ""
    _output().fail(f"Interrupted. {known}".rstrip())
    return ExitCode.ERROR


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """End at once: waiting for calls in other threads could take minutes.

    That is safe: a run that ends at any call is finished by the next one.
    """
    if sys.stderr.isatty():
        sys.stderr.write("\x1b[?25h\n")  # a progress bar hides the cursor
    code = _interrupted()
    sys.stdout.flush()
    os._exit(code)
