"""`scsim new`: write a commented starter config.

The templates themselves are data (``data/templates``).
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scsim.errors import ResultsError

if TYPE_CHECKING:
    import argparse

DEFAULT_TEMPLATE: Final = "study"


def template_names() -> tuple[str, ...]:
    """Name the starter configs.

    Returns
    -------
    tuple of str
        Names that ``scsim new --template`` takes.
    """
    folder = files("scsim") / "data" / "templates"
    return tuple(
        sorted(
            entry.name.removesuffix(".toml")
            for entry in folder.iterdir()
            if entry.name.endswith(".toml")
        )
    )


def template_text(name: str) -> str:
    """Give the text of a starter config.

    Parameters
    ----------
    name : str
        One of `template_names`.

    Returns
    -------
    str
        TOML.
    """
    path = files("scsim") / "data" / "templates" / f"{name}.toml"
    return path.read_text(encoding="utf-8")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "new",
        help="a commented starter config",
        description="Write NAME.toml: a config that runs, with a comment on every key.",
        allow_abbrev=False,
    )
    parser.add_argument("name", metavar="NAME", help="name of the study, or path of the config")
    parser.add_argument(
        "--template",
        default=DEFAULT_TEMPLATE,
        help=f"which starter config (default: {DEFAULT_TEMPLATE}; see `scsim list configs`)",
    )
    parser.set_defaults(command=write_config)


def write_config(args: argparse.Namespace) -> int:
    """Write the starter config; a file that is there already is left alone.

    Parameters
    ----------
    args : argparse.Namespace
        `name`, `template`.

    Returns
    -------
    int
        Exit code.

    Raises
    ------
    ResultsError
        If there is no such template, or the file exists.
    """
    if args.template not in template_names():
        msg = (
            f"--template {args.template}: there is no starter config of this name; "
            f"there are {', '.join(template_names())}. Choose one of them."
        )
        raise ResultsError(msg)
    path = Path(args.name if args.name.endswith(".toml") else f"{args.name}.toml")
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(template_text(args.template))
    except FileExistsError:
        msg = f"{path}: the file exists and is left as it is; choose another name or move it away."
        raise ResultsError(msg) from None
    print(path)
    return 0
