"""What the imports that make a scenario share: where it goes and what it is called."""

from __future__ import annotations

import argparse
import re
from pathlib import Path


def add_scenario_arguments(parser: argparse.ArgumentParser) -> None:
    """`--out PACK` and `--name NAME`."""
    parser.add_argument(
        "--out", type=Path, default=Path("imported"), metavar="PACK", help="the pack, new or not (default: imported)"
    )
    parser.add_argument(
        "--name", default="", metavar="NAME", help="the scenario's name in it (default: that of the file)"
    )


def scenario_name(args: argparse.Namespace, source: Path) -> str:
    """The scenario's name: as asked for, or made of a file's."""
    plain = re.sub(r"[^a-z0-9]+", "-", (args.name or source.name.split(".")[0]).lower()).strip("-")[:60].strip("-")
    return plain if plain[:1].isalpha() else f"mail-{plain}".rstrip("-")
