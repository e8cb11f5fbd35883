"""Replay published numbers and check by simulation that intervals cover. Exit code 1 when one is off.

Asks no model, reads no file and needs no network.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from am_studio.cli.console import columns, data, emit_json
from am_studio.version import __version__

if TYPE_CHECKING:
    from am_studio.effects.golden import Replayed
    from am_studio.effects.selfcheck import CoverageCheck

DRAWS = 20_000
QUICK_DRAWS = 2_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How much, and how it is shown."""
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_DRAWS:,} draws a point instead of {DRAWS:,}")
    parser.add_argument("--json", action="store_true", help="every number as JSON")


def run(args: argparse.Namespace) -> int:
    """Replay, simulate, print."""
    from am_studio.effects.golden import goldens, replay
    from am_studio.effects.selfcheck import coverage_checks

    replayed = [replay(golden) for golden in goldens()]
    draws = QUICK_DRAWS if args.quick else DRAWS
    covered = list(coverage_checks(draws))
    ok = all(found.ok for found in replayed) and all(check.ok for check in covered)
    if args.json:
        emit_json(
            {
                "program": __version__,
                "ok": ok,
                "numbers": [{**asdict(found), "ok": found.ok} for found in replayed],
                "coverage": [{**asdict(check), "ok": check.ok} for check in covered],
                "draws": draws,
            }
        )
    else:
        _show(replayed, covered, draws)
    return 0 if ok else 1


def _show(replayed: list[Replayed], covered: list[CoverageCheck], draws: int) -> None:
    data("Published numbers")
    rows = [(_mark(each.ok), each.name, str(each.expected), str(each.found), each.source) for each in replayed]
    columns(("", "", "printed", "found", "source"), rows, "..rr")
    data()
    data(f"Coverage of 95 % intervals, {draws:,} draws a point")
    figures = [
        (_mark(each.ok), each.name, *(f"{value:.4f}" for value in (each.exact, each.simulated, each.error)))
        for each in covered
    ]
    columns(("", "", "exact", "simulated", "Monte-Carlo error"), figures, "..rrr")
    wrong = sum(not found.ok for found in replayed) + sum(not check.ok for check in covered)
    total = len(replayed) + len(covered)
    data()
    data(f"{total - wrong} of {total} as they should be." if wrong else f"All {total} as they should be.")


def _mark(ok: bool) -> str:
    return "ok" if ok else "OFF"
