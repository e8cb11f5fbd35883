"""Write a study, or a scenario as its author meant it, as a task that `inspect eval` runs.

Makes a directory with task.py, the prompts, one sample a trial (arm and levels in its metadata), the scenario and a README.
Replies are scored by this program's own judges, through the am-studio command: Inspect needs nothing else of it. Results come
back with `am-studio import inspect-log LOG --scenario DIR/scenarios/own`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from am_studio.cli.arguments import add_set, parse_settings
from am_studio.cli.console import data, say
from am_studio.foundation.errors import StudioError

if TYPE_CHECKING:
    from am_studio.records import Study


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument(
        "source", metavar="STUDY|SCENARIO", help="a study file or name, or a scenario's reference or path"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="the directory to make (default: inspect-NAME)")
    parser.add_argument("--trials", type=int, metavar="N", help="trials of each arm (of a scenario: 100)")
    parser.add_argument("--outcome", metavar="O", help="of a scenario: the outcome it is about (default: the first)")
    parser.add_argument(
        "--tools", type=int, metavar="TURNS", help="of a scenario: native function calling, so many turns at most"
    )
    add_set(parser)


def run(args: argparse.Namespace) -> int:
    """Carry the export out."""
    from am_studio.reports.inspect_task.package import task_package, write_package
    from am_studio.runs.carry import plan_study

    plan, scenario = plan_study(_study(args))
    package = task_package(plan, scenario)
    directory = args.out or Path(f"inspect-{plan.study.name}")
    write_package(package, directory)
    data(str(directory))
    say(f"{package.samples} samples in {len(package.arms)} arms, scored for {len(package.outcomes)} outcomes")
    for note in package.notes:
        say(f"- {note}")
    say(f"next: inspect eval {directory}/task.py --model MODEL, with AM_STUDIO naming this command")
    return 0


def _study(args: argparse.Namespace) -> Study:
    """The study that is meant; a scenario makes one of a single arm."""
    from am_studio.runs.study import find_study, load_study, with_changes
    from am_studio.scenarios import load_scenario

    try:
        find_study(args.source)
    except StudioError as no_study:
        try:
            load_scenario(args.source)
        except StudioError:
            raise StudioError(f"there is neither a study nor a scenario '{args.source}'", hint=no_study.hint) from None
        return _of_scenario(args)
    if args.settings or args.outcome or args.tools:
        raise StudioError("--set, --outcome and --tools are for scenarios", hint="a study says these things itself")
    return with_changes(load_study(args.source), per_arm=args.trials)


def _of_scenario(args: argparse.Namespace) -> Study:
    from am_studio.designs.one_arm import OneArm
    from am_studio.records import ModelSettings, Sampling, Study
    from am_studio.scenarios import load_scenario

    scenario = load_scenario(args.source)
    outcomes = [one.name for one in scenario.questions.outcomes]
    if not outcomes:
        raise StudioError(f"{scenario.ref} asks for no outcome", hint="declare one under `outcomes`")
    variant = scenario.variant(parse_settings(args.settings))
    return Study(
        name=scenario.directory.name,
        title=scenario.title,
        scenario=str(scenario.directory),
        baseline=variant.as_dict(),
        design={"kind": OneArm.kind},
        models=(ModelSettings("sim/strategist"),),
        outcome=args.outcome or outcomes[0],
        trials={"total": args.trials or 100},
        protocol="tools" if args.tools else "inline",
        judge={"kind": "rules"},
        sampling=Sampling(),
        seed=0,
        turns=args.tools or 1,
    )
