"""Make a scenario of a prompt: a system prompt and an inbox, as plain text or as chat JSON (OpenAI, Anthropic).

Emails in it (in tags such as <email>, or runs of From:, To:, Subject: lines) become a file each, their addresses a cast, the last
email a detail, as an example. The scenario renders to the same text where that can be; where it does not, that is said. In plain
text a line of --- or the lines `System:` and `User:` part the system prompt from the rest; --system FILE gives it apart.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from am_studio.cli.console import data, emit_json, say
from am_studio.cli.importing.scenario_arguments import add_scenario_arguments, scenario_name
from am_studio.foundation.errors import StudioError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("file", type=Path, metavar="FILE", help="text, or chat JSON")
    parser.add_argument("--system", type=Path, metavar="FILE", help="the system prompt, where it is a file of its own")
    parser.add_argument("--title", default="", help="the scenario's title")
    parser.add_argument("--json", action="store_true", help="what it came to, as JSON")
    add_scenario_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Carry the import out."""
    from dataclasses import replace

    from am_studio.foundation.files import read_text
    from am_studio.scenarios.importing.chat import read_chat
    from am_studio.scenarios.importing.skeleton import skeleton_of
    from am_studio.scenarios.importing.writing import write_scenario

    chat = read_chat(read_text(args.file, 4_000_000), str(args.file))
    if args.system:
        if chat.system:
            raise StudioError(f"{args.file} has a system prompt of its own", hint="leave --system out")
        notes = tuple(note for note in chat.notes if "no system prompt" not in note)
        chat = replace(chat, messages=(("system", read_text(args.system).rstrip("\n")), *chat.messages), notes=notes)
    made = skeleton_of(chat, args.file.name, args.title, example=True)
    directory = write_scenario(args.out, scenario_name(args, args.file), made.texts, args.file.name)
    if args.json:
        plain = {"scenario": str(directory), "read_as": chat.shape, "emails": made.emails, "people": made.people}
        emit_json({**plain, "same": made.same, "notes": list(made.notes)})
        return 0
    data(str(directory))
    say(f"read as {chat.shape}; it renders to {'the same text' if made.same else 'another text'}")
    for note in made.notes:
        say(f"- {note}")
    say(f"next: am-studio check {directory}; its outcome is a placeholder: write your own")
    return 0
