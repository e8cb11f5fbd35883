"""`am-studio plan --advise`: a pilot is run or read, and its advice is printed."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from am_studio.cli.commands.run import begun_run, engine_settings
from am_studio.cli.console import data, emit_json, say
from am_studio.cli.progress_view import ProgressView
from am_studio.records import Study
from am_studio.reports.advice import advice_lines
from am_studio.runs.advice import advise, pilot_study
from am_studio.runs.carry import carry_out, plan_study
from am_studio.runs.runfile import RunFile


def give_advice(study: Study, args: argparse.Namespace) -> int:
    """Run the pilot unless one is given, then print what it advises; returns the exit code."""
    path = args.pilot or _piloted(study, args)
    if path is None:
        return 1
    _, scenario = plan_study(study)
    with RunFile.open(path) as run:
        advice = advise(study, scenario, run, together=args.together)
    if args.json:
        emit_json(asdict(advice))
        return 0
    for line in advice_lines(advice):
        data(line)
    return 0


def _piloted(study: Study, args: argparse.Namespace) -> Path | None:
    """The file of a pilot that was run now; None when it did not come to its end."""
    run = begun_run(pilot_study(study), args)
    if run is None:
        return None
    path = run.path
    with ProgressView() as view:
        ending = carry_out(run, observer=view.observe, settings=engine_settings(args.concurrency))
    if ending.kind == "finished":
        return path
    say(f"{ending.reason}: {ending.left} trials of the pilot are still to come")
    say(f"am-studio resume {path}, then am-studio plan {study.name} --advise --pilot {path}")
    return None
