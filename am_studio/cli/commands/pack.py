"""Scenario packs: check, build, verify, install, sign and compare them, and make pages of them."""

from __future__ import annotations

import argparse

from am_studio.cli.subverbs import add_subverbs, run_subverb

VERBS: dict[str, str] = {
    "site": "static pages of a pack or a library",
}
"""Every verb and its one-line summary; the module of the same name in `cli/packing/` carries it out."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One subcommand a verb."""
    add_subverbs(parser, "am_studio.cli.packing", VERBS)


def run(args: argparse.Namespace) -> int:
    """Carry the verb out."""
    return run_subverb(args)
