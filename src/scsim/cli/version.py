"""`scsim --version`: version, scope note, and with ``--json`` what results depend on.

Versions themselves are collected by `scsim.study.provenance`.
"""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Final

from scsim.cli.console import print_json

if TYPE_CHECKING:
    import argparse

SCOPE_FRENCH: Final = (
    "scsim est un modèle pour l'enseignement et la recherche. Ce n'est pas un dispositif médical, il "
    "ne pilote aucun appareil et n'a été validé pour aucun patient. N'utilisez pas ses résultats pour "
    "choisir, régler ou modifier un stimulateur, un médicament, un traitement ou un programme "
    "d'exercices. En cas de douleur ou de symptômes, adressez-vous à un professionnel de santé."
)
"""The scope note in French; the English one is `scsim.study.provenance.DISCLAIMER`."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--version`` and its ``--json`` to the top of the command line."""
    parser.add_argument("--version", action="store_true", help="version and scope note")
    parser.add_argument(
        "--json",
        action="store_true",
        dest="version_as_json",
        help="with --version: versions and instruction set as JSON",
    )


def show_version(args: argparse.Namespace) -> int:
    """Print the version and the scope note.

    Parameters
    ----------
    args : argparse.Namespace
        `version_as_json`.

    Returns
    -------
    int
        Exit code.
    """
    from scsim.study.provenance import DISCLAIMER, cpu_target, git_commit, source_hash, versions

    found = versions()
    if args.version_as_json:
        print_json(
            {
                "versions": found,
                "cpu_target": cpu_target(),
                "platform": platform.platform(),
                "git_commit": git_commit(),
                "source_hash": source_hash(),
                "disclaimer": {"en": DISCLAIMER, "fr": SCOPE_FRENCH},
            }
        )
    else:
        print(f"scsim {found['scsim']}\n\n{DISCLAIMER}\n\n{SCOPE_FRENCH}")
    return 0
