"""The entry point `scsim`: the parser of all commands, exit codes, errors as messages.

What a command does belongs to its own file. Nothing heavy is imported here, so that ``scsim --help``
answers at once.
"""

from __future__ import annotations

import argparse
import difflib
import logging
import os
import sys
import warnings
from typing import TYPE_CHECKING, Any, Final, NoReturn, TextIO

from scsim.cli import (
    check,
    cite,
    export,
    merge,
    new,
    plot,
    recover,
    rerun,
    run,
    schema,
    sensitivity,
    show,
    summarize,
    validate,
    version,
)
from scsim.cli import list as list_command
from scsim.cli.interrupts import INTERRUPTED, watched
from scsim.errors import ConfigError, ScsimError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scsim.cli.interrupts import Watch

DONE: Final = 0
SOME_FAILED: Final = 1
BAD_INPUT: Final = 2

_COMMANDS: Final = (
    run,
    merge,
    check,
    show,
    plot,
    export,
    summarize,
    sensitivity,
    recover,
    rerun,
    list_command,
    new,
    schema,
    cite,
    validate,
)

_EPILOG: Final = (
    "exit codes: 0 done; 1 some cases failed or lie outside; 2 bad input, nothing written; "
    "130 interrupted, finished work kept"
)


_BLAS_THREADS: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""Environment variables with the number of threads that linear algebra starts by itself."""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors say where help is, and that names the option which a misspelt one may have meant."""

    def parse_known_args(  # type: ignore[override]  # one signature for the two of the library
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Read a command line, and refuse here what it does not know: a command knows its own options."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            meant = [
                f"{option} for {one}"
                for one in unknown
                for option in difflib.get_close_matches(one, self._option_string_actions, n=1)
            ]
            hint = f". Did you mean {', '.join(meant)}?" if meant else ""
            self.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
        return found, unknown

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the command line and leave with exit code 2."""
        end = "" if message.endswith("?") else "."
        self.exit(
            BAD_INPUT, f"{self.prog}: {message}{end} Run `{self.prog} --help` for what it takes.\n"
        )


def make_parser() -> argparse.ArgumentParser:
    """Put the parsers of all commands together.

    Returns
    -------
    argparse.ArgumentParser
        Parsed arguments carry `command`, a function that takes them and returns the exit code.
    """
    parser = _Parser(
        prog="scsim",
        description="Simulate electrical stimulation of the spinal cord and of peripheral nerves.",
        epilog=_EPILOG,
        allow_abbrev=False,
    )
    parser.set_defaults(command=None)
    version.add_options(parser)
    commands = parser.add_subparsers(metavar="COMMAND", parser_class=_Parser)
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of the process if not given.

    Returns
    -------
    int
        Exit code: 0 done, 1 some cases failed, 2 bad input, 130 interrupted.
    """
    try:
        with watched(is_program=argv is None) as watch:
            try:
                return _main(argv, watch)
            except KeyboardInterrupt:
                watch.say()
            if watch.is_interrupted and argv is None:
                watch.leave()
    except KeyboardInterrupt:  # in the moments before and after it
        _say("interrupted.")
    return INTERRUPTED


def _main(argv: Sequence[str] | None, watch: Watch) -> int:
    """Read the command line and run its command."""
    for name in _BLAS_THREADS:
        # A study has its own threads: those of the libraries only wait for each other (a field solved in three
        # times the time, on 2 processors under load), and their number would be in the last bits of results.
        os.environ.setdefault(name, "1")
    parser = make_parser()
    args = parser.parse_args(argv)
    command = version.show_version if args.version else args.command
    if command is None:
        parser.print_help()
        return DONE
    if command in (run.run, rerun.rerun):
        watch.message = (
            "interrupted; finished batches are kept: run the same command again to go on."
        )
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        return _run(command, args)


def _run(command: Callable[[argparse.Namespace], int], args: argparse.Namespace) -> int:
    """Run a command and turn its errors into messages and exit codes."""
    try:
        code = command(args)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output has gone: let the interpreter's last flush go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = DONE
    except (ScsimError, OSError) as error:
        _say(_describe(error))
        code = BAD_INPUT
    return code


def _describe(error: ScsimError | OSError) -> str:
    """Put an error into words for someone at a terminal."""
    if isinstance(error, ConfigError):
        faults = "1 fault" if len(error.faults) == 1 else f"{len(error.faults)} faults"
        return f"{faults} in the config, nothing was run\n{error}"
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        place = "" if error.filename is None else f"{os.fspath(error.filename)}: "
        return f"{place}{reason}. Check the path and its permissions."
    return str(error)


def _show_warning(  # noqa: PLR0917 - the parameters are those of warnings.showwarning
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Write a warning as a message, and into the log if one is open; its place in the program is for the log only."""
    name = "" if category is UserWarning else f" ({category.__name__})"
    print(f"scsim: warning: {message}{name}", file=sys.stderr if file is None else file)
    log = logging.getLogger("scsim")
    if log.handlers:
        log.warning("%s (%s, %s:%d)", message, category.__name__, filename, lineno)


def _say(text: str) -> None:
    """Write a message to stderr."""
    print(f"scsim: {text}", file=sys.stderr)
