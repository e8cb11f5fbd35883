"""Propose other names, routine mail and other wordings for a scenario, as a pack to be reviewed.

Every proposal is checked: it renders, each detail still toggles what it toggled, gates mean who they meant, and the lint has
nothing new against it. What fails is dropped with the reason. The scenario itself is not changed: DIR gets a scenario for each
kind of proposal and REVIEW.md, which shows every change. Names and routine mail need no model; `--with MODEL` adds wordings.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from am_studio.cli.console import data, emit_json, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("scenario", metavar="SCENARIO")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="a new pack; its name is the directory's"
    )
    parser.add_argument("--with", dest="model", metavar="MODEL", help="who rewrites; sim/writer needs no key")
    parser.add_argument("--kinds", default="", metavar="K,...", help="names, filler, paraphrase, mundane")
    parser.add_argument("--filler", type=int, default=8, metavar="N", help="routine emails to propose (default 8)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="the same seed proposes the same")
    parser.add_argument("--yes", action="store_true", help="do not ask, whatever it may cost")
    parser.add_argument("--json", action="store_true", help="what passed and what was dropped as JSON")


def run(args: argparse.Namespace) -> int:
    """Carry the command out."""
    from am_studio.cli.commands.run import agreed
    from am_studio.foundation.errors import StudioError, nearest
    from am_studio.models.naming import model_of
    from am_studio.reports.plan_words import most_words
    from am_studio.runs.asking import reasons_to_ask_judging
    from am_studio.runs.varying import carry_out_varying, plan_varying
    from am_studio.scenarios.references import reference_of
    from am_studio.scenarios.varying import write_proposals
    from am_studio.scenarios.varying.proposals import KINDS

    kinds = [word.strip() for word in args.kinds.split(",") if word.strip()]
    for kind in kinds:
        if kind not in KINDS:
            raise StudioError(f"there is no kind of proposal '{kind}'", hint=nearest(kind, KINDS))
    chosen = tuple(kind for kind in KINDS if kind in (kinds or (KINDS if args.model else ("names", "filler"))))
    if args.out.exists() and (not args.out.is_dir() or any(args.out.iterdir())):
        raise StudioError(f"{args.out} exists already", "nothing was written", "name another place with --out")
    model = model_of(args.model) if args.model else None
    plan = plan_varying(args.scenario, chosen, model, filler=args.filler, seed=args.seed)
    if plan.errand is not None:
        errand = plan.errand
        say(f"{errand.model.name} is asked {len(errand.requests)} times, {most_words(errand.greatest_cost)}")
        reasons = () if args.yes else reasons_to_ask_judging((errand.model,), errand.greatest_cost, errand.unpriced)
        if reasons and not agreed(f"Make {len(errand.requests)} calls?", reasons):
            say("nothing was called")
            return 1
    varied = carry_out_varying(plan)
    names = write_proposals(args.out, reference_of(plan.directory), plan.base, varied.checked, varied.dropped)
    passed = [each.proposal for each in varied.checked if not each.problem]
    lost = [(each.proposal.title, each.problem) for each in varied.checked if each.problem] + list(varied.dropped)
    if args.json:
        told = [{"kind": each.kind, "title": each.title, "files": sorted(each.texts)} for each in passed]
        emit_json({"proposals": told, "dropped": [{"title": t, "reason": r} for t, r in lost], "cost_usd": varied.cost})
    else:
        for proposal in passed:
            data(f"{proposal.kind}: {proposal.title}")
        for title, reason in lost:
            data(f"dropped: {title}: {reason}")
    say(
        f"{len(passed)} proposals in {args.out} ({', '.join(names) or 'none'}), {len(lost)} dropped; read {args.out}/REVIEW.md"
    )
    return 0 if passed else 1
