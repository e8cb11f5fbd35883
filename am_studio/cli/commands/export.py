"""Hand over a run, a study or a scenario: a bundle to reproduce, tables, prompts, a task for another harness."""

from __future__ import annotations

import argparse

from am_studio.cli.subverbs import add_subverbs, run_subverb

KINDS: dict[str, str] = {
    "run": "a run as a bundle that reproduces, or as tables",
    "prompts": "prompts as OpenAI or Anthropic messages, promptfoo tests, text",
    "inspect": "a study or a scenario, as a task that Inspect runs",
}
"""What can be handed over, and a line about it; the module of the same name in `cli/exporting/` carries it out."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One subcommand a kind."""
    add_subverbs(parser, "am_studio.cli.exporting", KINDS)


def with_kind(words: list[str]) -> list[str]:
    """`export RUN ...` is short for `export run RUN ...`."""
    named = not words or words[0] in KINDS or words[0] in ("-h", "--help")
    return words if named else ["run", *words]


def run(args: argparse.Namespace) -> int:
    """Carry the export out."""
    return run_subverb(args)
