"""Every pack there is, with its version, identity, source and who signed it.

Packs in the working directory come first, then what you installed, then what came with the program. An installed pack whose
files are not those of the lock file is marked.
"""

from __future__ import annotations

import argparse
import textwrap

from am_studio.cli.console import data, emit_json, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How it is told."""
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(args: argparse.Namespace) -> int:
    """List and tell."""
    from am_studio.scenarios.sharing.shelf import shelf

    packs = shelf()
    if args.json:
        emit_json([
            {"name": pack.name, "version": pack.version, "identity": pack.identity, "origin": pack.origin,
             "directory": str(pack.directory), "source": pack.source, "commit": pack.commit, "signed_by": pack.signed_by,
             "key": pack.key, "editable": pack.editable, "scenarios": list(pack.scenarios), "problem": pack.problem}
            for pack in packs
        ])  # fmt: skip
        return 0
    for pack in packs:
        data(
            f"{pack.name} {pack.version}  ({', '.join((pack.origin, 'editable' if pack.editable else 'not editable'))})"
        )
        rows = {
            "scenarios": ", ".join(pack.scenarios), "identity": pack.identity, "source": pack.source, "commit": pack.commit,
            "signed by": pack.signed_by or (f"an unknown key, {pack.key}" if pack.key else ""), "problem": pack.problem,
        }  # fmt: skip
        for name, value in rows.items():
            if value:
                # Names are broken between words; a path or a hash stays whole.
                lines = textwrap.wrap(value, 66, break_on_hyphens=False) if name == "scenarios" else [value]
                data(f"  {name:<9}  {lines[0]}")
                for line in lines[1:]:
                    data(f"  {'':<9}  {line}")
    say(f"{len(packs)} pack{'s' * (len(packs) != 1)}")
    return 0
