"""Ask again what failed in a run, and complete it.

With --errors, trials that gave no conversation after every try are planned again: their failed requests stay in the run
and in its cost, the new ones are numbered on from them, and the run remembers that it was done. Trials that have ended
otherwise are left as they are. Exit codes are those of `am-studio run`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from am_studio.cli.commands.run import add_engine_arguments, carry_on
from am_studio.cli.console import say
from am_studio.foundation.errors import StudioError
from am_studio.runs.carry import refuse_unpriced
from am_studio.runs.runfile import RunFile
from am_studio.runs.writer import RunWriter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The run, what of it, and how it is carried out."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run file")
    parser.add_argument("--errors", action="store_true", help="trials that failed after every try")
    parser.add_argument("--allow-unknown-price", action="store_true", help="go on although a budget cannot be kept")
    add_engine_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Plan the failed trials again, and carry the run on."""
    if not args.errors:
        raise StudioError(
            "nothing says what should be asked again",
            "--errors: trials that failed after every try",
            f"am-studio retry {args.run} --errors; what a killed or stopped run left is `am-studio resume`'s",
        )
    with RunFile.open(args.run) as found:
        if not args.allow_unknown_price:
            refuse_unpriced(found.plan)
    run = RunWriter.open(args.run)
    try:
        number, left = run.reopen_failed(), run.unfinished()
    except BaseException:
        run.close()
        raise
    if not number:
        run.close()
        say(f"no trial of {args.run} failed" + (f"; {left} are still to come: am-studio resume" if left else ""))
        return 0
    say("1 failed trial is asked again" if number == 1 else f"{number} failed trials are asked again")
    return carry_on(run, args)
