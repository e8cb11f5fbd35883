"""Complete a run that was stopped, killed or paused, without repeating a finished trial.

Everything comes from the run file: the plan, the scenario and what has been done. Since that may come from somebody else,
it asks before requests go to a server that is neither on this machine nor in your settings. Exit codes are those of `am-studio run`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from am_studio.cli.commands.run import add_engine_arguments, agreed, carry_on
from am_studio.cli.console import say
from am_studio.runs.asking import reasons_to_ask_again
from am_studio.runs.carry import refuse_unpriced
from am_studio.runs.runfile import RunFile
from am_studio.runs.writer import RunWriter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The run, and how it is carried out."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run file")
    parser.add_argument("--yes", action="store_true", help="do not ask, wherever it may send")
    parser.add_argument("--allow-unknown-price", action="store_true", help="go on although a budget cannot be kept")
    add_engine_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Carry the run on from where it stands."""
    with RunFile.open(args.run) as found:
        if not args.allow_unknown_price:
            refuse_unpriced(found.plan)
        reasons = () if args.yes else reasons_to_ask_again(found.plan)
        left, planned = found.unfinished(), found.planned()
        say(f"{found.plan.study.name}: {planned - left} of {planned} planned trials have ended")
    if reasons and not agreed("Resume the run?", reasons):
        say("nothing was called")
        return 1
    return carry_on(RunWriter.open(args.run), args)
