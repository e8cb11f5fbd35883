"""Bring in a mailbox (an mbox file) as the emails of a scenario, oldest first.

Kept are senders, recipients, subjects, dates, texts (HTML as text) and the names of attachments. --reserved-domains moves every
address and domain to one under .example, in heads and texts; without it real domains stay, and you are warned. --into adds the
emails to a scenario that exists; otherwise a new one is made, to be given a plot.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from am_studio.cli.importing.mail_arguments import add_mail_arguments, take_in


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("file", type=Path, metavar="FILE", help="an mbox file")
    add_mail_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Carry the import out."""
    from am_studio.scenarios.importing.mail_files import read_mbox

    return take_in(read_mbox(args.file), args, args.file)
