"""Print what is new, by version, as Markdown. In the studio: `+`."""

from __future__ import annotations

import argparse

from am_studio.cli.console import data
from am_studio.foundation.changelog import changelog


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing."""


def run(args: argparse.Namespace) -> int:
    """Print it."""
    data(changelog().rstrip("\n"))
    return 0
