"""The effect table of a run, finished or not. Asks no model; another outcome than the plan's is marked exploratory.

A study that requires its judge to be checked by people shows counts alone until it is, unless --anyway is said.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from am_studio.cli.run_view import draw_run, show_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The run, the outcome, and how to show it."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run file")
    parser.add_argument("--outcome", metavar="O", help="another outcome of the scenario than the study's own")
    parser.add_argument("--trust", action="store_true", help="how far the judge can be trusted, by human labels")
    parser.add_argument(
        "--anyway", action="store_true", help="show effects before the judge has shown what the study requires"
    )
    parser.add_argument("--json", action="store_true", help="all numbers as JSON")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="also draw what is shown as a picture")


def run(args: argparse.Namespace) -> int:
    """Print the tables."""
    show_run(args.run, args.outcome, as_data=args.json, trust=args.trust, anyway=args.anyway)
    if args.svg is not None:
        draw_run(args.run, args.svg, args.outcome, anyway=args.anyway)
    return 0
