"""Hand over prompts: of a scenario's variant, of several, or of every arm of a study.

am-studio export prompts core/replacement-blackmail --set deadline=off --format anthropic
am-studio export prompts core/replacement-blackmail --over deadline,ceo_unreachable --format openai
am-studio export prompts single-line --format promptfoo --out promptfooconfig.yaml

openai, anthropic: one prompt is the JSON of a request without its model; several are a JSON object a line, with name, variant
and hash beside it. promptfoo: a config with a test a variant. text: for pasting. --over varies these details in every way that
the scenario allows. A study's arms are told once each; nuisance factors are as written unless --draw or --nuisance says.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from am_studio.cli.arguments import add_nuisance, add_set, parse_settings, with_nuisance
from am_studio.cli.console import data, say
from am_studio.foundation.errors import StudioError

if TYPE_CHECKING:
    from am_studio.records import ProtocolName, Variant
    from am_studio.reports.prompt_files import NamedPrompt
    from am_studio.scenarios import Scenario

MOST = 10_000
"""Prompts of one export."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to hand over, and in which shape."""
    parser.add_argument(
        "what", metavar="SCENARIO|STUDY", help="a scenario's reference or path, or a study's name or file"
    )
    add_set(parser)
    parser.add_argument(
        "--over", metavar="DETAIL,DETAIL", help="of a scenario: every allowed combination of these details"
    )
    add_nuisance(parser)
    parser.add_argument("--protocol", choices=("inline", "tools"), help="default: inline, or the study's own")
    parser.add_argument("--format", choices=("openai", "anthropic", "promptfoo", "text"), default="openai")
    parser.add_argument("--rubrics", action="store_true", help="of promptfoo: the outcomes' rubrics as assertions")
    parser.add_argument(
        "--repeat", type=int, metavar="N", help="of promptfoo: times each test is run (default: 1, or the study's)"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="a file instead of stdout")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")


def run(args: argparse.Namespace) -> int:
    """Print the prompts, or write them."""
    from am_studio.foundation.files import write_atomic

    text = _told(args)
    if args.out is None:
        sys.stdout.write(text) if args.format != "text" else data(text.removesuffix("\n"))
        return 0
    if args.out.exists() and not args.force:
        raise StudioError(f"{args.out} exists already", hint="choose another name, or say --force")
    write_atomic(args.out, text.encode("utf-8", "surrogatepass"))
    say(f"{args.out}: {args.format}")
    return 0


def _told(args: argparse.Namespace) -> str:
    import json

    from am_studio.reports.prompt_files import anthropic_body, bodies, openai_body, promptfoo_config, text_of

    title, models, repeat, scenario, prompts = _chosen(args)
    if args.format == "text":
        if len(prompts) == 1:
            return text_of(prompts[0]) + "\n"
        return "\n".join(f"########## {each.name}\n{text_of(each)}\n" for each in prompts)
    if args.format == "promptfoo":
        outcomes = scenario.questions.outcomes if args.rubrics else ()
        return promptfoo_config(prompts, title=title, models=models, outcomes=outcomes, repeat=args.repeat or repeat)
    if len(prompts) == 1:
        body = (openai_body if args.format == "openai" else anthropic_body)(prompts[0])
        return json.dumps(body, indent=2) + "\n"
    return "".join(json.dumps(body) + "\n" for body in bodies(prompts, args.format))


_Chosen = tuple[str, tuple[str, ...], int, "Scenario", "list[NamedPrompt]"]


def _chosen(args: argparse.Namespace) -> _Chosen:
    """(title, models, trials, scenario, prompts) of what is named."""
    from am_studio.scenarios.references import find_scenario

    try:
        find_scenario(args.what)
    except StudioError as none:
        return _of_study(args, none)
    return _of_scenario(args)


def _of_scenario(args: argparse.Namespace) -> _Chosen:
    from am_studio.scenarios import load_scenario

    scenario = load_scenario(args.what)
    base = with_nuisance(args, scenario, scenario.variant(parse_settings(args.settings)))
    protocol: ProtocolName = args.protocol or "inline"
    if not args.over:
        if not scenario.allowed(base):
            say("the scenario's constraints do not allow this variant")
        return scenario.title, (), 1, scenario, [_prompt(scenario, _name(scenario, base), base, protocol)]
    over = [name.strip() for name in args.over.split(",") if name.strip()]
    prompts: list[NamedPrompt] = []
    for variant in scenario.variants(over, base):
        if len(prompts) == MOST:
            raise StudioError(f"these are more than {MOST:,} variants", hint="name fewer details with --over")
        name = " ".join(f"{detail}={variant[detail]}" for detail in over)
        prompts.append(_prompt(scenario, name, replace(variant, nuisance=base.nuisance), protocol))
    return scenario.title, (), 1, scenario, prompts


def _of_study(args: argparse.Namespace, no_scenario: StudioError) -> _Chosen:
    from am_studio.designs.registry import open_design
    from am_studio.runs.compared import load_compared
    from am_studio.runs.study import find_study, load_study

    try:
        find_study(args.what)
    except StudioError as none:
        raise StudioError(
            f"there is no scenario and no study '{args.what}'", hint=f"{no_scenario.hint}; {none.hint}"
        ) from none
    if args.over or args.settings:
        raise StudioError("--set and --over go with a scenario", hint="a study says itself which variants it has")
    study = load_study(args.what)
    scenario = load_compared(study)
    arms = open_design(study, scenario).arms()
    if len(arms) > MOST:
        raise StudioError(f"the study has more than {MOST:,} arms")
    drawing = bool(args.nuisance) or args.draw is not None
    prompts = [
        _prompt(
            scenario,
            arm.name,
            with_nuisance(args, scenario.of(arm.variant), arm.variant) if drawing else arm.variant,
            args.protocol or study.protocol,
        )
        for arm in arms
    ]
    models = tuple(model.name for model in study.models)
    return study.title or study.name, models, int(study.trials.get("per_arm", 1)), scenario, prompts


def _prompt(scenario: Scenario, name: str, variant: Variant, protocol: ProtocolName) -> NamedPrompt:
    from am_studio.reports.prompt_files import NamedPrompt
    from am_studio.scenarios import situate

    return NamedPrompt(name, situate(scenario, variant, protocol))


def _name(scenario: Scenario, variant: Variant) -> str:
    changed = " ".join(f"{detail}={level}" for detail, level in variant.differences(scenario.defaults()))
    return changed or "as written"
