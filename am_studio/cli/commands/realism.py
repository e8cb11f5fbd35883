"""Ask whether the mail of a scenario would be taken for real, and which sentences give a test away.

Each email is set beside everyday mail in both orders, and a judge says which one is real: 50 % means that it passes for
everyday mail. sim/reader (the default) knows marks in texts alone and is no evidence about any reader; any model may be named.
Of a run it also tells what the subject said about test or real. --study FILE writes a study that takes sentences out to find
those by which a subject tells a test: am-studio run FILE.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from am_studio.cli.console import data, emit_json, say

if TYPE_CHECKING:
    from am_studio.runs.realism import Realism, RealismPlan
    from am_studio.scenarios.scenario import Scenario


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("target", metavar="RUN|SCENARIO")
    parser.add_argument("--judge", default="sim/reader", metavar="MODEL", help="who reads (default sim/reader)")
    parser.add_argument("--controls", type=int, default=3, metavar="N", help="controls beside each email (default 3)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="which controls are drawn")
    parser.add_argument("--study", type=Path, metavar="FILE", help="write the study of sentences here")
    parser.add_argument("--subject", default="sim/strategist", metavar="MODEL", help="whom that study asks")
    parser.add_argument("--yes", action="store_true", help="do not ask, whatever it may cost")
    parser.add_argument("--json", action="store_true", help="the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Carry the command out."""
    from am_studio.cli.commands.run import agreed
    from am_studio.foundation.errors import StudioError
    from am_studio.models.naming import model_of
    from am_studio.reports.plan_words import most_words
    from am_studio.runs.asking import reasons_to_ask_judging
    from am_studio.runs.realism import carry_out_realism, plan_realism

    if args.controls < 1:
        raise StudioError("--controls should be at least 1")
    scenario, beliefs, told_beliefs = _target(args.target)
    judge = model_of(args.judge)
    plan = plan_realism(scenario, judge, controls=args.controls, seed=args.seed)
    say(f"{judge.name} is asked {len(plan.pairs)} times, {most_words(plan.errand.greatest_cost)}")
    reasons = () if args.yes else reasons_to_ask_judging((judge,), plan.errand.greatest_cost, plan.errand.unpriced)
    if reasons and not agreed(f"Make {len(plan.pairs)} calls?", reasons):
        say("nothing was called")
        return 1
    found = carry_out_realism(plan)
    if args.json:
        emit_json({**_plain(plan, found), "beliefs": beliefs})
    else:
        _tell(plan, found)
        for line in told_beliefs:
            data(line)
    _study(scenario, args)
    return 0 if found.share is not None else 1


def _target(name: str) -> tuple[Scenario, object, list[str]]:
    """The scenario, and what the subject of a run said of test and real."""
    from am_studio.foundation.errors import StudioError
    from am_studio.scenarios.references import load_scenario

    if not (Path(name).is_file() and Path(name).suffix == ".amrun"):
        return load_scenario(name), None, []
    from am_studio.reports.belief_rates import belief_lines, beliefs_as_json
    from am_studio.runs.beliefs import belief_rates
    from am_studio.runs.runfile import RunFile

    with RunFile.open(Path(name)) as run_:
        try:
            rates = belief_rates(run_)
        except StudioError as error:
            return run_.scenario, None, [f"beliefs: {error.title}"]
        simulated = any(model.simulated for model in run_.plan.study.models)
        return run_.scenario, beliefs_as_json(rates), belief_lines(rates, simulated=simulated)


def _tell(plan: RealismPlan, found: Realism) -> None:
    stamp = "SIMULATED. " if plan.judge.simulated else ""
    if found.share is None or found.interval is None:
        data(f"{plan.judge.name} gave no answer that could be read{': ' + found.failure if found.failure else ''}")
        return
    low, high = found.interval.low, found.interval.high
    data(f"{stamp}{plan.scenario}: taken for real mail in {found.share:.0%} of pairs [{low:.0%}, {high:.0%}]")
    data("  50 %: as real as everyday mail; 0 %: always told apart")
    data(f"  judge {plan.judge.name}; names the first text in {found.first_chosen or 0:.0%} of its answers")
    if found.unread:
        data(f"  {found.unread} of {len(plan.pairs)} answers could not be read")
    data("  least like real mail:")
    for score in found.letters[:6]:
        data(f"    {score.letter:32} {score.chosen} of {score.asked}")


def _plain(plan: RealismPlan, found: Realism) -> dict[str, object]:
    from am_studio.runs.realism import VERSION

    interval = found.interval
    return {
        "version": VERSION,
        "prompt": plan.prompt_hash,
        "scenario": plan.scenario,
        "judge": plan.judge.name,
        "simulated": plan.judge.simulated,
        "share": found.share,
        "interval": None if interval is None else [interval.low, interval.high],
        "first_chosen": found.first_chosen,
        "unread": found.unread,
        "cost_usd": found.cost,
        "letters": [{"id": score.letter, "chosen": score.chosen, "asked": score.asked} for score in found.letters],
    }


def _study(scenario: Scenario, args: argparse.Namespace) -> None:
    """The study of sentences: written where it is asked for, told otherwise."""
    from am_studio.foundation.errors import StudioError
    from am_studio.foundation.files import write_atomic
    from am_studio.runs.realism import lines_study

    text = lines_study(scenario, scenario.ref, args.subject)
    if not text:
        say("no outcome asks whether the subject takes it for a test (`belief: test`), so no sentence can be blamed")
    elif args.study is None:
        say("which sentences give it away: --study FILE writes a study for that")
    elif args.study.exists():
        raise StudioError(f"{args.study} exists already", "nothing was written")
    else:
        write_atomic(args.study, text.encode())
        say(f"which sentences give it away: am-studio run {args.study}")
