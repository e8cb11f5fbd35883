"""Scenario packs: check, build, verify, install, sign and compare them, and make pages of them."""

from __future__ import annotations

import argparse

from am_studio.cli.subverbs import add_subverbs, run_subverb

VERBS: dict[str, str] = {
    "new": "begin a pack that can be published, or an overlay of another scenario",
    "check": "what is wrong in a pack, and what keeps it from being published",
    "diff": "two versions, or an overlay and its base: texts, and what changed for the subject",
    "build": "make the one file that a pack is handed over as",
    "verify": "compare a pack with its manifest, an identity, the lock file, a signature",
    "sign": "sign a pack with an ssh key",
    "install": "install a pack from a directory, a zip file or a git repository",
    "list": "every pack there is: version, identity, source, who signed it",
    "update": "look for a newer version, show what changes, and take it",
    "remove": "move an installed pack to the trash",
    "site": "static pages of a pack or a library",
}
"""Every verb and its one-line summary; the module of the same name in `cli/packing/` carries it out."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One subcommand a verb."""
    add_subverbs(parser, "am_studio.cli.packing", VERBS)


def run(args: argparse.Namespace) -> int:
    """Carry the verb out."""
    return run_subverb(args)
