"""Static pages of a pack or a library: an index and a page for each scenario, readable without the program.

Each page shows company, cast, system prompt and inbox as mail, with every stretch that a detail put there marked, outcomes,
content notice and licence, and known results where --runs names some. No script, nothing fetched: put the directory anywhere.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from am_studio.cli.console import data, say
from am_studio.foundation.locations import shown_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to show, where to, with which results."""
    parser.add_argument("directory", type=Path, metavar="DIR", help="a pack, or a directory of packs")
    parser.add_argument(
        "--out", type=Path, default=Path("site"), metavar="DIR", help="where the pages go (default: site)"
    )
    parser.add_argument(
        "--runs",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="run files, or what `am-studio analyze --json` wrote",
    )


def run(args: argparse.Namespace) -> int:
    """Write the pages and tell where."""
    from am_studio.reports.site.build import packs_in, write_site
    from am_studio.reports.site.results import known_results

    written = write_site(packs_in(args.directory), args.out, known_results(args.runs))
    data(shown_path(written[0]))
    say(f"{len(written)} pages, {sum(path.stat().st_size for path in written):,} bytes")
    return 0
