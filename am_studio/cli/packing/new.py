"""Begin a pack that can be published: pack.yaml with a canary of its own, a README, and a scenario.

The scenario is a small template, a copy of another one (--from), or an overlay of another one (--extends), which says only
what differs and follows its base. In an existing pack it is added. Nothing that exists is overwritten.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from am_studio.cli.console import data, say
from am_studio.foundation.locations import shown_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("pack", metavar="NAME", help="the pack's directory, such as my-pack")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--from", dest="source", metavar="REF", help="a scenario to copy: core/replacement-blackmail")
    source.add_argument(
        "--extends", metavar="REF", help="a scenario to change a little: core/replacement-blackmail, or that with @1.0"
    )
    parser.add_argument(
        "--name", default="", help="the scenario's name (default: the same; of the template: my-scenario)"
    )


def run(args: argparse.Namespace) -> int:
    """Carry the command out."""
    from am_studio.scenarios.library import TEMPLATE
    from am_studio.scenarios.starting import start_overlay, start_pack

    pack = Path(args.pack)
    if args.extends:
        directory = start_overlay(pack, args.extends, args.name)
    else:
        directory = start_pack(pack, args.source or str(TEMPLATE), args.name or ("" if args.source else "my-scenario"))
    data(shown_path(directory))
    say(f"edit {shown_path(directory)}/scenario.yaml, then: am-studio pack check {shown_path(pack)}")
    return 0
