"""Verbs that have verbs of their own, such as `am-studio pack build`: each is a module with `add_arguments` and `run`."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Mapping


def add_subverbs(parser: argparse.ArgumentParser, package: str, verbs: Mapping[str, str]) -> None:
    """One subcommand for each module of `package` named in `verbs` (name: one-line summary).

    A module's name is the verb with `-` as `_`. Its docstring is the description, its `add_arguments(parser)` what it
    takes, its `run(args)` what it does; `run_subverb` carries out the one that was asked for.
    """
    actions = parser.add_subparsers(dest="subverb", required=True, metavar="|".join(verbs))
    for verb, summary in verbs.items():
        module = importlib.import_module(f"{package}.{verb.replace('-', '_')}")
        sub = actions.add_parser(
            verb, help=summary, description=module.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        module.add_arguments(sub)
        sub.set_defaults(carry_out=module.run)


def run_subverb(args: argparse.Namespace) -> int:
    """Carry out the subcommand that was asked for; its exit code."""
    return int(args.carry_out(args))
