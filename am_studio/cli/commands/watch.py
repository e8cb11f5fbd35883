"""Follow a run that another process carries out, until it ends. Takes no lock and changes nothing; Ctrl-C leaves it.

Shows how far each arm is and its counts so far, never an effect: what the counts are evidence of is for
`am-studio analyze` to say when the plan allows it. On a terminal a live table, elsewhere a line now and then.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from am_studio.cli.console import data, emit_json, say
from am_studio.cli.progress_view import ProgressView, summary
from am_studio.foundation.hygiene import one_line
from am_studio.reports.numbers import duration
from am_studio.runs.board import Board
from am_studio.runs.follow import Snapshot, look, withholds_effects

SECONDS_BETWEEN_LOOKS = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The run, and how much of it."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run file")
    parser.add_argument("--once", action="store_true", help="show where it stands now, and end")
    parser.add_argument("--json", action="store_true", help="where it stands now, as JSON")


def run(args: argparse.Namespace) -> int:
    """Show the run until nobody carries it out any more."""
    taken = look(args.run)
    if args.json:
        emit_json(as_json(taken))
    elif args.once or taken.state != "running":
        data(one_line(summary(board_of(taken), arms=True)))
    else:
        taken = _followed(taken)
    if not args.json:
        say(_standing(taken))
    return 0


def _followed(taken: Snapshot) -> Snapshot:
    with ProgressView(on_stdout=True) as view:
        view.show(board_of(taken))
        while taken.state == "running":
            time.sleep(SECONDS_BETWEEN_LOOKS)
            before, taken = taken.log, look(taken.path, taken)
            for line in taken.log:
                if line.kind == "failure" and line not in before:
                    view.tell(line.text)
            view.show(board_of(taken))
    return taken


def _standing(taken: Snapshot) -> str:
    """How it stands, in a sentence, with what can be done about it."""
    path, left = taken.path, taken.planned - taken.ended
    match taken.state:
        case "running":
            held = "; its effects are shown when it has ended, as planned" if withholds_effects(taken.plan) else ""
            return f"running for {duration(taken.seconds)}, {taken.in_flight} requests in flight{held}"
        case "finished":
            return f"finished: am-studio analyze {path}"
        case "planned":
            return f"planned, not begun: am-studio resume {path}"
        case "paused":
            return f"{taken.reason}: {left} trials are still to come: am-studio resume {path}"
        case "interrupted":
            return f"interrupted: {left} trials are still to come: am-studio resume {path}"


def board_of(taken: Snapshot) -> Board:
    """The picture as a board."""
    study = taken.plan.study
    return Board(
        study=study.name,
        outcome=study.outcome,
        simulated=taken.plan.simulated,
        session=len(taken.sessions),
        labels={key: taken.label(key[0]) for key in taken.counts},
        counts=taken.counts,
        cost=taken.tally.cost,
        errors=taken.tally.failures,
        state=taken.state,
        reason=taken.reason,
        now=time.monotonic(),
        recent=taken.recent if taken.state == "running" else (),
    )


def as_json(taken: Snapshot) -> dict[str, Any]:
    """The picture as plain data: counts and requests, no statistics."""
    tally = taken.tally
    return {
        "run": str(taken.path),
        "study": taken.plan.study.name,
        "outcome": taken.plan.study.outcome,
        "simulated": taken.plan.simulated,
        "state": taken.state,
        "reason": taken.reason,
        "at": taken.at,
        "trials": {
            "planned": taken.planned,
            "ended": taken.ended,
            "a_second": taken.rate,
            "left_s": taken.seconds_left,
        },
        "worked_s": taken.seconds,
        "sessions": len(taken.sessions),
        "requests": {
            "all": tally.attempts,
            "in_flight": taken.in_flight,
            "unknown": tally.unknown,
            "failures": dict(tally.failures),
        },
        "cost_usd": tally.cost,
        "budget_usd": taken.budget,
        "arms": [
            {
                "arm": arm,
                "label": taken.label(arm),
                "model": model,
                "planned": counts.planned,
                "yes": counts.yes,
                "no": counts.no,
                "unclear": counts.unclear,
                "failed": counts.failed,
                "refused": counts.refused,
                "truncated": counts.truncated,
            }
            for (arm, model), counts in taken.counts.items()
        ],
    }
