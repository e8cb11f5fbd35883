"""Make the one file that a pack is handed over as: NAME-VERSION.zip.

The pack must have no error and may be published (licence, notice, canary, no keys). The same pack gives the same bytes on
every machine, whatever the times, modes and order of its files. Prints the identity: the same for the directory, the zip
and a repository with these files. Exit code 1 when something has to be mended first.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from am_studio.cli.console import data, emit_json, say
from am_studio.foundation.locations import shown_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which pack, and where its archive goes."""
    parser.add_argument("pack", nargs="?", type=Path, default=Path(), metavar="DIR", help="the pack (default: here)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where it goes (default: here, or beside the pack)")
    parser.add_argument("--replace", action="store_true", help="although another archive of this version is there")
    parser.add_argument("--json", action="store_true", help="name, version, identity and path as JSON")


def run(args: argparse.Namespace) -> int:
    """Check, build, tell."""
    from am_studio.foundation.errors import FileProblems
    from am_studio.scenarios.sharing.building import build

    pack = args.pack.resolve()
    here = Path.cwd()
    try:
        built = build(pack, args.out or (pack.parent if here.is_relative_to(pack) else here), replace=args.replace)
    except FileProblems as error:
        for problem in error.problems:
            data(str(problem))
        say(f"{error.title}: nothing was built")
        return 1
    for problem in built.warnings:
        say(str(problem))
    if built.stale_signature:
        say(
            "the signature beside it was made over other content and was left out; sign the archive: am-studio pack sign"
        )
    if args.json:
        emit_json({
            "name": built.pack.name, "version": built.pack.version, "identity": built.pack.identity,
            "path": str(built.path), "files": len(built.pack.files), "signed": built.signed,
        })  # fmt: skip
    else:
        say(f"{shown_path(built.path)}: {len(built.pack.files)} files{', signed' if built.signed else ''}")
        data(built.pack.identity)
    return 0
