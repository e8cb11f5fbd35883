"""Bring in what exists: published experiments, transcripts, logs of other tools, prompts, mailboxes."""

from __future__ import annotations

import argparse

from am_studio.cli.subverbs import add_subverbs, run_subverb

KINDS: dict[str, str] = {
    "agentic-misalignment": "the published experiments, as a pack of three scenarios",
    "transcripts": "replies in JSONL, CSV, Parquet or a folder, as a run",
    "inspect-log": "logs of Inspect (.eval, .json), as a run",
    "prompt": "a system prompt and an inbox, text or chat JSON, as a scenario",
    "mbox": "a mailbox file, as the emails of a scenario",
    "eml": "single emails, as the emails of a scenario",
}
"""What can be brought in, and a line about it; the module of the same name in `cli/importing/` carries it out."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One subcommand a kind."""
    add_subverbs(parser, "am_studio.cli.importing", KINDS)


def run(args: argparse.Namespace) -> int:
    """Carry the import out."""
    return run_subverb(args)
