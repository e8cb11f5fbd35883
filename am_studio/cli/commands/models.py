"""Which models there are: providers whose keys are set, the simulated subjects, and the models of the price table.

Without PATTERN: the well-known providers, the names of the variables that hold their keys, and whether those are set, in
the environment or under `keys` in your settings.
Values are never shown. With PATTERN (words, or a name with `*`): the models of litellm's shipped price table that fit,
with prices and context; a model that it does not list may exist all the same. Exit code 1: nothing fits.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from am_studio.cli.console import emit_json, say, stdout_console
from am_studio.foundation.hygiene import one_line
from am_studio.foundation.settings import secret
from am_studio.models.catalog import PROVIDERS, Listed, Provider, find_models, missing

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

MOST_ROWS = 200
"""Rows of a list for people; `--json` has all."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to look for, and how to show it."""
    parser.add_argument("pattern", nargs="*", metavar="PATTERN", help="such as: claude sonnet, or 'gemini/*pro*'")
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(args: argparse.Namespace) -> int:
    """Print providers and simulated subjects, or the models that fit."""
    if args.pattern:
        return _list(" ".join(args.pattern), as_data=args.json)
    providers, subjects = [_provider(each) for each in PROVIDERS], dict(_subjects())
    if args.json:
        emit_json({"providers": providers, "simulated": subjects})
        return 0
    _show_providers(providers)
    _show_subjects(subjects)
    say("names and states only; am-studio models PATTERN lists models with prices; am-studio doctor MODEL tries one")
    return 0


def is_set(name: str) -> bool:
    """Whether the variable of this name holds anything, or the user's settings have a key under its name."""
    return bool(secret(name).strip())


def _provider(provider: Provider) -> dict[str, Any]:
    lacking = missing(provider, is_set)
    state = "not needed" if not provider.needs else "not set" if lacking else "set"
    return {
        "prefix": provider.prefix,
        "title": provider.title,
        "state": state,
        "variables": [{"name": name, "set": is_set(name)} for group in provider.needs for name in group],
        "goes_by": [next(filter(is_set, group), group[0]) for group in provider.needs],
        "missing": [list(group) for group in lacking],
        "note": provider.note,
    }


def _subjects() -> Iterable[tuple[str, str]]:
    from am_studio.models.simulated.tables import subjects

    for name, form in subjects().items():
        yield f"sim/{name}", form.meaning.partition(". ")[0].rstrip(".")


def _list(pattern: str, *, as_data: bool) -> int:
    found = find_models(pattern)
    if as_data:
        emit_json([asdict(listed) for listed in found])
    elif found:
        _show_models(found[:MOST_ROWS])
        if len(found) > MOST_ROWS:
            say(f"and {len(found) - MOST_ROWS} more: say more of the name, or --json")
    else:
        say(f"no model of the price table fits '{pattern}'; it may exist all the same")
    return 0 if found else 1


# Tables. -------------------------------------------------------------------------------------------------------------------


def _show_providers(providers: Iterable[dict[str, Any]]) -> None:
    table = _table("!models", "!key", "variables", "note")
    for entry in providers:
        _row(table, f"{entry['prefix']}/...", entry["state"], " + ".join(entry["goes_by"]), entry["note"])
    _console().print(table)


def _show_subjects(subjects: dict[str, str]) -> None:
    table = _table("!simulated subject", "what it is (no evidence about any real model)")
    for name, meaning in subjects.items():
        _row(table, name, meaning)
    _console().print("", table)


def _show_models(found: Iterable[Listed]) -> None:
    table = _table(">$/M in", ">$/M out", ">context", "!can", "model")
    for listed in found:
        can = [word for word, does in (("reason", listed.reasons), ("call", listed.calls_functions)) if does]
        prices = (_price(price) for price in (listed.input_price, listed.output_price))
        _row(table, *prices, _thousands(listed.context), " ".join(can), listed.name)
    _console().print(table)
    say("can: reason natively, call functions; by the price table of the installed litellm")


def _price(dollars: float | None) -> str:
    return "unknown" if dollars is None else f"{dollars:,.4f}".rstrip("0").rstrip(".")


def _thousands(tokens: int | None) -> str:
    return "" if tokens is None else f"{tokens / 1000:,.0f}k"


def _console() -> Console:
    """As wide as the terminal; wide enough for every name where a script reads."""
    return stdout_console() if sys.stdout.isatty() else stdout_console(width=200)


def _table(*titles: str) -> Table:
    """A table without lines; `>` before a title sets its column to the right, `!` keeps its cells on one line."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in titles:
        table.add_column(
            title.lstrip(">!"),
            overflow="fold",
            justify="right" if title[0] == ">" else "left",
            no_wrap=title[0] in ">!",
        )
    return table


def _row(table: Table, *cells: str) -> None:
    from rich.text import Text

    table.add_row(*(Text(one_line(cell)) for cell in cells))
