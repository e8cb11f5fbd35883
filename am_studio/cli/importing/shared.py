"""What the imports that make a run share: their options, the question before they begin, and what they came to."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from am_studio.cli.console import data, emit_json, say
from am_studio.foundation.errors import StudioError
from am_studio.foundation.hygiene import one_line
from am_studio.foundation.locations import runs_directory

if TYPE_CHECKING:
    from am_studio.runs.importing.conditions import Choices
    from am_studio.runs.importing.found import Made


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of every import that makes a run."""
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="the run file (default: in runs/, named after the source)"
    )
    parser.add_argument(
        "--scenario",
        metavar="S",
        help="judge by the outcomes of this scenario: a reference or a path; details that it has are matched by name",
    )
    parser.add_argument("--outcome", metavar="O", help="the outcome that tables are about (default: the first)")
    parser.add_argument(
        "--reference",
        action="append",
        default=[],
        metavar="DETAIL=VALUE",
        help="what the others are set against, of a detail or of `condition`; may be repeated",
    )
    parser.add_argument("--by", choices=("arms", "details"), help="compare conditions, or each detail over all of them")
    parser.add_argument("--json", action="store_true", help="what it came to, as JSON")


def choices_of(args: argparse.Namespace, source: Path) -> Choices:
    """What the options ask for."""
    from am_studio.runs.importing.conditions import Choices, run_name
    from am_studio.scenarios import load_scenario

    references = {}
    for pair in args.reference:
        name, equals, value = pair.partition("=")
        if not equals or not name or not value:
            raise StudioError(f"--reference {pair} is not DETAIL=VALUE", hint="such as --reference condition=control")
        references[name] = value
    return Choices(
        name=run_name(source.stem if source.suffix else source.name),
        scenario=load_scenario(args.scenario) if args.scenario else None,
        outcome=args.outcome or "",
        harmful=tuple(getattr(args, "harmful", ())),
        references=references,
        by=args.by or "",
    )


def out_path(args: argparse.Namespace, choices: Choices) -> Path:
    """Where the run goes; a name that is taken is numbered on, unless it was asked for."""
    from am_studio.runs.runfile import SUFFIX

    if args.out is not None:
        return Path(args.out)
    first = runs_directory() / f"{choices.name}{SUFFIX}"
    numbered = (runs_directory() / f"{choices.name}-{number}{SUFFIX}" for number in range(2, 10_000))
    return first if not first.exists() else next(path for path in numbered if not path.exists())


def confirmed(question: str) -> bool:
    """Ask at the terminal; StudioError where there is none."""
    if not sys.stdin.isatty():
        raise StudioError(question, "nobody can be asked: input is no terminal", "--yes agrees to it")
    sys.stderr.write(f"{question} [Y/n] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("", "y", "yes")


def tell(made: Made, *, as_json: bool) -> None:
    """What an import came to: the run's path to stdout, the rest to stderr."""
    if as_json:
        emit_json(
            {
                "run": str(made.path), "trials": made.trials, "failed": made.failed, "arms": list(made.arms),
                "details": list(made.details), "models": list(made.models), "outcomes": list(made.outcomes),
                "judges": list(made.judges), "with_prompt": made.with_prompt, "duplicates": made.duplicates,
                "notes": list(made.notes),
            }
        )  # fmt: skip
        return
    data(str(made.path))
    failed = f", {made.failed} of them failed" if made.failed else ""
    say(f"{made.trials} trials of {_some(made.models)}{failed}; conditions: {_some(made.arms)}")
    say(f"judged by {_some(made.judges)}; outcomes: {_some(made.outcomes)}")
    for note in made.notes:
        say(f"- {one_line(note)}")
    if made.duplicates:
        say(
            f"warning: {made.duplicates} {'trial repeats' if made.duplicates == 1 else 'trials repeat'} another one of the "
            "same condition word for word; copies are no independent samples"
        )
    say("No plan was registered before these trials were made: whatever they show is exploratory, and is marked so.")
    say(f"next: am-studio analyze {made.path}")


def _some(names: tuple[str, ...], most: int = 6) -> str:
    shown = "; ".join(one_line(name, 50) for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown or "none"
