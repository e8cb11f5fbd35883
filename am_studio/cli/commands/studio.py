"""Open the studio: write scenarios, toggle details, launch studies, watch runs, read what came of them.

Everything it does has a command of its own for scripts; see `am-studio --help`. With --web it is shown in a browser, on
this machine alone unless --host says otherwise.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys

from am_studio.cli.console import data, say
from am_studio.foundation.errors import StudioError
from am_studio.foundation.plainly import plainly


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument(
        "what", nargs="?", help="what to open at once: a run's file, a study or a scenario, by path or name"
    )
    parser.add_argument("--theme", default="", metavar="NAME", help="how it looks, over what the settings say")
    parser.add_argument("--tour", action="store_true", help="begin with the tour: six steps on a scratch copy")
    parser.add_argument("--web", action="store_true", help="show it in a browser; prints the link")
    parser.add_argument("--host", default="127.0.0.1", help="with --web: where to listen (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8157, metavar="N", help="with --web: the port (default: 8157)")


def run(args: argparse.Namespace) -> int:
    """Open the studio and return when it is left."""
    if args.web:
        return _serve(args)
    # Under the web server it talks to a browser through pipes.
    if not ((sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TEXTUAL_DRIVER")):
        raise StudioError(
            "the studio needs a terminal", hint="`am-studio --help` lists the commands that work without one"
        )
    from am_studio.tui.app import StudioApp
    from am_studio.tui.opening import document_named

    opens = document_named(args.what) if args.what else None
    app = StudioApp(theme=args.theme, tour=args.tour, plain=plainly(), opens=opens)
    app.heed_terminal()
    app.run()
    return app.return_code or 0


def _serve(args: argparse.Namespace) -> int:
    from am_studio.tui.opening import document_named
    from am_studio.tui.web import is_loopback, serve

    if args.host in {"0.0.0.0", "::"}:  # noqa: S104 -- refused
        raise StudioError(
            f"{args.host} is every address of this machine, and a page is served under one",
            hint="give --host the one address that it is to be reached by, or better: leave it out and use an ssh tunnel",
        )

    def told(link: str) -> None:
        data(link)
        say("Who has this link can read and write your files here, start runs and spend money. Ctrl+C ends it.")
        if not is_loopback(args.host):
            say(f"! {args.host} can be reached from other machines, and nothing is encrypted: use a tunnel instead.")

    worn = [*(["--theme", args.theme] if args.theme else []), *(["--plain"] if plainly() else [])]
    if args.what:
        document_named(args.what)  # what cannot be opened is told here, not in the browser
    begun = [*(["--tour"] if args.tour else []), *(["--", args.what] if args.what else [])]
    command = shlex.join([sys.executable, "-m", "am_studio.cli.main", "studio", *worn, *begun])
    serve(command, args.host, args.port, told)
    return 0
