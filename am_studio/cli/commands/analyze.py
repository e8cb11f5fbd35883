"""The effect table of a run, finished or not, and what a referee would ask. Asks no model.

Whatever differs from the plan (another outcome, judge, margin or alpha; a look before the end) is marked exploratory. A
plan with looks shows counts alone until its end, unless --peek is said. A study that requires its judge to be checked by
people shows counts alone until it is, unless --anyway is said.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from am_studio.cli.arguments import share
from am_studio.cli.run_view import draw_run, show_run
from am_studio.runs.deviations import AnalysisChoices


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The run, the outcome, what differs from the plan, and how to show it."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run file")
    add_choices(parser)
    parser.add_argument("--trust", action="store_true", help="how far the judge can be trusted, by human labels")
    parser.add_argument(
        "--beliefs", action="store_true", help="also the rates by what the subject says: a test, real, or neither"
    )
    parser.add_argument("--json", action="store_true", help="all numbers as JSON")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="also draw what is shown as a picture")


def add_choices(parser: argparse.ArgumentParser) -> None:
    """What may differ from the plan, each of which makes it exploratory."""
    parser.add_argument("--outcome", metavar="O", help="another outcome of the scenario than the study's own")
    parser.add_argument(
        "--judge",
        metavar="J",
        help="by the verdicts of another judge (`am-studio judge RUN --list`); a part of its name will do",
    )
    parser.add_argument("--margin", type=share, metavar="M", help="another margin for `equivalent`, such as .05")
    parser.add_argument("--alpha", type=share, metavar="A", help="another level for `effect`, such as .01")
    parser.add_argument("--peek", action="store_true", help="show effects that the plan withholds until its end")
    parser.add_argument(
        "--anyway", action="store_true", help="show effects before the judge has shown what the study requires"
    )


def choices_of(args: argparse.Namespace) -> AnalysisChoices:
    """What `add_choices` took in, but for the outcome."""
    return AnalysisChoices(judge=args.judge, margin=args.margin, alpha=args.alpha, peek=args.peek, anyway=args.anyway)


def run(args: argparse.Namespace) -> int:
    """Print the tables."""
    choices = choices_of(args)
    show_run(args.run, args.outcome, choices=choices, as_data=args.json, trust=args.trust, beliefs=args.beliefs)
    if args.svg is not None:
        draw_run(args.run, args.svg, args.outcome, choices=choices)
    return 0
