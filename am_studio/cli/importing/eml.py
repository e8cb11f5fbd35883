"""Bring in single messages (.eml files, or folders of them) as the emails of a scenario, oldest first.

As `am-studio import mbox` does.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from am_studio.cli.importing.mail_arguments import add_mail_arguments, take_in
from am_studio.foundation.errors import StudioError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help=".eml files, or folders of them")
    add_mail_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Carry the import out."""
    from am_studio.scenarios.importing.mail_files import MOST_MESSAGES, read_eml

    paths = [path for given in args.files for path in (sorted(given.rglob("*.eml")) if given.is_dir() else [given])]
    if not paths:
        raise StudioError("there is no .eml file", ", ".join(map(str, args.files)))
    if len(paths) > MOST_MESSAGES:
        raise StudioError(
            f"{len(paths):,} messages are more than a scenario can have", hint=f"at most {MOST_MESSAGES:,}"
        )
    return take_in(tuple(read_eml(path) for path in paths), args, args.files[0])
