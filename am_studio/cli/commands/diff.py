"""Show what changing details changes in the prompt, word by word, and which detail caused each change.

The base is the scenario's default variant, or what --base says. Removed words stand in [-...-], new ones in {+...+},
in colour on a terminal. --nuisance and --draw change nuisance factors, which the base has as written. Exit code 1 when
the prompts differ, 0 when they are the same.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from am_studio.cli.arguments import add_nuisance, add_set, parse_settings, with_nuisance
from am_studio.cli.console import emit_json, stdout_console

if TYPE_CHECKING:
    from am_studio.scenarios.prompt_diff import Hunk


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("scenario", help="a reference such as core/replacement-blackmail, or a path")
    add_set(parser)
    add_nuisance(parser)
    parser.add_argument(
        "--base", action="append", default=[], metavar="DETAIL=LEVEL", help="levels of the base where not the defaults"
    )
    parser.add_argument("--protocol", choices=("inline", "tools"), default="inline")
    parser.add_argument("--json", action="store_true", help="the hunks as JSON")


def run(args: argparse.Namespace) -> int:
    """Carry the command out."""
    from am_studio.scenarios import load_scenario, render
    from am_studio.scenarios.prompt_diff import changed_details, prompt_hunks

    scenario = load_scenario(args.scenario)
    base = scenario.variant(parse_settings(args.base))
    other = with_nuisance(args, scenario, scenario.variant(parse_settings(args.settings), base))
    drawn = {name: level for name, level in other.nuisance if level != scenario.nuisance[name].levels[0]}
    changed = (*changed_details(base, other), *drawn)
    before, after = render(scenario, base, args.protocol), render(scenario, other, args.protocol)
    hunks = prompt_hunks(before, after, changed)
    if args.json:
        emit_json({
            "scenario": scenario.ref,
            "base": {"variant": base.as_dict(), "hash": before.hash},
            "variant": {"variant": other.as_dict(), "nuisance": dict(other.nuisance), "hash": after.hash},
            "changed": list(changed),
            "hunks": [
                {"part": h.part, "role": h.role, "file": h.file, "line": h.line, "details": list(h.details),
                 "words": [list(word) for word in h.words]}
                for h in hunks
            ],
        })  # fmt: skip
    else:
        levels = {name: (scenario.nuisance[name].levels[0], level) for name, level in drawn.items()}
        levels |= {name: (base[name], other[name]) for name in changed if name not in drawn}
        _show(hunks, [f"{name}: {levels[name][0]} -> {levels[name][1]}" for name in changed])
    return 1 if hunks else 0


def _show(hunks: tuple[Hunk, ...], changed: list[str]) -> None:
    from rich.text import Text

    from am_studio.cli.diff_view import marked

    console = stdout_console()
    console.print(Text("changed   " + (", ".join(changed) or "nothing"), style="bold"))
    if not hunks:
        console.print(Text("The prompts are the same."))
    for hunk in hunks:
        head = Text(f"\n{hunk.part}", style="bold")
        head.append(f"  {hunk.file}:{hunk.line}", style="dim")
        head.append(f"  because of {', '.join(hunk.details)}", style="cyan")
        console.print(head)
        console.print(marked(hunk.words))
