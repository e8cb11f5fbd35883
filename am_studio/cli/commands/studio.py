"""Open the studio: write scenarios, toggle details, launch studies, watch runs, read what came of them.

Everything it does has a command of its own for scripts; see `am-studio --help`.
"""

from __future__ import annotations

import argparse
import sys

from am_studio.foundation.errors import StudioError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("--theme", default="", metavar="NAME", help="how it looks, over what the settings say")


def run(args: argparse.Namespace) -> int:
    """Open the studio and return when it is left."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise StudioError(
            "the studio needs a terminal", hint="`am-studio --help` lists the commands that work without one"
        )
    from am_studio.tui.app import StudioApp

    app = StudioApp(theme=args.theme)
    app.run()
    return app.return_code or 0
