"""Show what differs between two packs or scenarios: their texts, word by word, and what changed for the subject.

A and B are packs (a directory, a zip, a name in the library) or scenarios (a directory, a reference). Without B, A is an
overlay, or a pack of overlays, and is held against the scenario that it extends. Removed words stand in [-...-], new ones in
{+...+}. What changed for the subject is the default prompt, and for every level of a detail what differs beyond that.

Exit code 0 when nothing differs, 1 when something does.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from am_studio.cli.console import emit_json, stdout_console

if TYPE_CHECKING:
    from am_studio.scenarios.pack_diff import NamedDiff, PackDiff

_STYLES = {"title": "bold", "place": "bold", "variant": "bold cyan", "plain": "", "field": "dim"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("before", metavar="A", help="such as my-pack-1.0.0.zip or core/replacement-blackmail")
    parser.add_argument("after", metavar="B", nargs="?", default="", help="left out: A against what it extends")
    parser.add_argument("--subject", action="store_true", help="only what changed for the subject")
    parser.add_argument("--json", action="store_true", help="everything as JSON")


def run(args: argparse.Namespace) -> int:
    """Carry the command out."""
    from am_studio.scenarios.pack_diff import diff_of

    found = diff_of(args.before, args.after)
    if args.json:
        emit_json(_plain(found))
    else:
        _show(found, texts=not args.subject)
    return 0 if found.same else 1


def _show(found: PackDiff, *, texts: bool) -> None:
    from rich.text import Text

    from am_studio.cli.diff_view import marked
    from am_studio.scenarios.diff_telling import Change, parts_of

    console = stdout_console()
    parts = [part for part in parts_of(found) if texts or part.about != "text"]
    for number, part in enumerate(parts):
        if part.about == "text" and parts[number - 1].about == "short":
            console.print(Text("\nTexts", style="bold underline"))
        for line in part.lines:
            if isinstance(line, Change):
                console.print(marked(line.words, " " * line.indent))
                continue
            style = "bold underline" if part.about == "subject" and line.kind == "title" else _STYLES[line.kind]
            shown = Text("\n" if line.apart else "")
            shown.append(line.text, style).append(line.more, "dim")
            console.print(shown)


def _plain(found: PackDiff) -> dict[str, Any]:
    return {
        "before": found.before,
        "after": found.after,
        "same": found.same,
        "summary": found.summary,
        "texts": [
            {"name": text.name, "kind": text.kind, "changes": [
                {"line": change.line, "old_line": change.old_line, "words": [list(word) for word in change.words]}
                for change in text.changes
            ]}
            for text in found.texts
        ],
        "scenarios": [_plain_scenario(scenario) for scenario in found.scenarios],
    }  # fmt: skip


def _plain_scenario(scenario: NamedDiff) -> dict[str, Any]:
    told: dict[str, Any] = {"name": scenario.name, "kind": scenario.kind, "problem": scenario.problem}
    if scenario.diff is None:
        return told
    for what, entries in (("details", scenario.diff.details), ("outcomes", scenario.diff.outcomes)):
        told[what] = [
            {"name": entry.name, "kind": entry.kind,
             "fields": [{"field": f.field, "was": f.was, "now": f.now} for f in entry.fields]}
            for entry in entries
        ]  # fmt: skip
    told["prompts"] = [
        {"variant": prompt.variant, "hunks": [
            {"part": h.part, "role": h.role, "file": h.file, "line": h.line, "words": [list(word) for word in h.words]}
            for h in prompt.hunks
        ]}
        for prompt in scenario.diff.prompts
    ]  # fmt: skip
    return told
