"""Arguments that several verbs share."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING

from am_studio.foundation.errors import StudioError

if TYPE_CHECKING:
    from am_studio.records import Variant
    from am_studio.scenarios import Scenario


_FORMS = {"--set": ("DETAIL=LEVEL", "deadline=off"), "--nuisance": ("FACTOR=LEVEL", "opening=warm")}


def add_set(parser: argparse.ArgumentParser) -> None:
    """`--set detail=level`, repeatable."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="DETAIL=LEVEL",
        dest="settings",
        help="choose a level of a detail; may be repeated, or several joined by commas",
    )


def add_nuisance(parser: argparse.ArgumentParser) -> None:
    """`--nuisance factor=level`, repeatable, and `--draw seed`."""
    parser.add_argument(
        "--nuisance",
        action="append",
        default=[],
        metavar="FACTOR=LEVEL",
        help="choose a level of a nuisance factor; may be repeated. The others are as written",
    )
    parser.add_argument("--draw", type=int, metavar="SEED", help="draw the nuisance factors as a trial does")


def with_nuisance(args: argparse.Namespace, scenario: Scenario, variant: Variant) -> Variant:
    """The variant with what `--draw` draws and `--nuisance` says; StudioError for what the scenario does not have."""
    drawn = {} if args.draw is None else dict(scenario.draw_nuisance(args.draw))
    return scenario.with_nuisance(variant, {**drawn, **parse_settings(args.nuisance, "--nuisance")}.items())


def parse_settings(settings: Iterable[str], option: str = "--set") -> dict[str, str]:
    """The levels of `--set a=off --set b=x,c=y`; StudioError when one is no pair."""
    levels = {}
    for setting in settings:
        for pair in setting.split(","):
            detail, equals, level = pair.partition("=")
            if not equals or not detail.strip() or not level.strip():
                form, example = _FORMS[option]
                raise StudioError(f"{option} {setting}: '{pair}' is not {form}", hint=f"such as {option} {example}")
            levels[detail.strip()] = level.strip()
    return levels


def positive(text: str) -> int:
    """A whole number from 1 on, as a command line gives it."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("should be at least 1")
    return number


def share(text: str) -> float:
    """A number between 0 and 1, as a command line gives it."""
    number = float(text)
    if not 0 < number < 1:
        raise argparse.ArgumentTypeError("should be between 0 and 1")
    return number
