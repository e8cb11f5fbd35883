"""Move an installed pack to the trash.

It lies in `.trash` beside the other packs from then on. What was seen of its versions stays in the lock file, so that
another content under a known version is noticed when it is installed again.
"""

from __future__ import annotations

import argparse

from am_studio.cli.console import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which packs."""
    parser.add_argument("names", nargs="+", metavar="NAME")


def run(args: argparse.Namespace) -> int:
    """Remove each."""
    from am_studio.scenarios.finding import packs
    from am_studio.scenarios.overlay_base import dependents_of
    from am_studio.scenarios.sharing.installing import remove

    for name in args.names:
        gone = remove(name)
        say(f"{name} lies in {gone}" if gone else f"{name} was gone already; the lock file knows it now")
        if needing := dependents_of(name, packs()):
            say(f"{', '.join(needing)} builds on {name} and cannot be used without it")
    return 0
