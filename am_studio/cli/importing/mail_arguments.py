"""What the imports of mail share: their options, and where the emails go."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from am_studio.cli.console import data, say
from am_studio.cli.importing.scenario_arguments import add_scenario_arguments, scenario_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from am_studio.scenarios.importing.mail_files import ReadMail


def add_mail_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of every import of mail."""
    parser.add_argument("--reserved-domains", action="store_true", help="move every address to a domain under .example")
    parser.add_argument("--into", type=Path, metavar="DIR", help="add the emails to this scenario")
    add_scenario_arguments(parser)


def take_in(mail: Sequence[ReadMail], args: argparse.Namespace, source: Path) -> int:
    """Write the emails where the options say."""
    from am_studio.scenarios.importing.mailbox import added_to, mailbox_of, scenario_of_mail
    from am_studio.scenarios.importing.writing import add_emails, write_scenario

    mailbox = mailbox_of(mail, reserved=args.reserved_domains)
    if args.into is not None:
        number = add_emails(args.into, added_to(mailbox, args.into))
        data(str(args.into))
        say(f"{number} emails were added; senders that its cast does not have stand there as text")
        directory = args.into
    else:
        made = scenario_of_mail(mailbox, f"Imported from {source.name}"[:80])
        directory = write_scenario(args.out, scenario_name(args, source), made.texts, source.name)
        data(str(directory))
    for note in mailbox.notes:
        say(f"- {note}")
    say(f"next: am-studio check {directory}")
    return 0
