"""Show what the subject reads in one variant, and why each stretch is there.

Without options the messages go to stdout as the subject gets them. --json adds the content hash and, for each stretch,
its email, source file and line, and the details that put it there (its cause). --all-variants --jsonl streams every
variant that the constraints allow, one JSON object a line; --over does so for some details while the others stay as they
are. Nuisance factors are as written unless --nuisance or --draw says otherwise.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from am_studio.cli.arguments import add_nuisance, add_set, parse_settings, with_nuisance
from am_studio.cli.console import data, emit_json, stdout_console

if TYPE_CHECKING:
    from am_studio.records import Message, Prompt, Span, Variant
    from am_studio.scenarios import Scenario


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("scenario", help="a reference such as core/replacement-blackmail, or a path")
    add_set(parser)
    add_nuisance(parser)
    parser.add_argument("--protocol", choices=("inline", "tools"), default="inline")
    parser.add_argument("--json", action="store_true", help="messages, hash and spans as JSON")
    parser.add_argument("--causes", action="store_true", help="mark in the margin which details put each line there")
    parser.add_argument("--all-variants", action="store_true", help="every variant the constraints allow")
    parser.add_argument("--over", metavar="DETAIL,DETAIL", help="every allowed variant of these details alone")
    parser.add_argument("--jsonl", action="store_true", help="with --all-variants or --over: one JSON object a line")
    parser.add_argument("--spans", action="store_true", help="with --jsonl: the spans as well")


def run(args: argparse.Namespace) -> int:
    """Carry the command out."""
    from am_studio.scenarios import load_scenario, render

    scenario = load_scenario(args.scenario)
    variant = with_nuisance(args, scenario, scenario.variant(parse_settings(args.settings)))
    if args.all_variants or args.over:
        over = [name.strip() for name in args.over.split(",") if name.strip()] if args.over else None
        for each in scenario.variants(over, variant):
            found = replace(each, nuisance=variant.nuisance)
            if args.spans:
                shown = render(scenario, found, args.protocol)
            else:
                shown = scenario.of(found).renderer.plain(found, args.protocol)[0]
            _one_of_many(args, scenario, found, shown)
        return 0
    prompt = render(scenario, variant, args.protocol)
    if args.json:
        emit_json(as_json(scenario, variant, prompt, args.protocol, spans=True))
    elif args.causes:
        _with_margin(prompt)
    else:
        _messages(prompt)
    return 0


def as_json(scenario: Scenario, variant: Variant, prompt: Prompt, protocol: str, *, spans: bool) -> dict[str, Any]:
    """A rendered variant as plain data."""
    return {
        "scenario": scenario.ref,
        "scenario_hash": scenario.hash,
        "variant": variant.as_dict(),
        "nuisance": dict(variant.nuisance),
        "protocol": protocol,
        "hash": prompt.hash,
        "messages": [_message_json(message, spans=spans) for message in prompt.messages],
    }


def _message_json(message: Message, *, spans: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"role": message.role, "content": message.text}
    if spans:
        shown["spans"] = [_span_json(span) for span in message.spans]
    return shown


def _span_json(span: Span) -> dict[str, Any]:
    return {
        "start": span.start,
        "end": span.end,
        "part": span.part,
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "cause": [list(choice) for choice in span.cause],
        "consulted": [list(choice) for choice in span.consulted],
    }


def _one_of_many(args: argparse.Namespace, scenario: Scenario, variant: Variant, prompt: Prompt) -> None:
    if args.jsonl or args.json:
        emit_json(as_json(scenario, variant, prompt, args.protocol, spans=args.spans), indent=None)
    else:
        data(f"===== {prompt.hash} {' '.join(f'{name}={level}' for name, level in variant)}")
        _messages(prompt)


def _messages(prompt: Prompt) -> None:
    for message in prompt.messages:
        data(f"----- {message.role}")
        data(message.text)


def _with_margin(prompt: Prompt) -> None:
    """Each line with the details that put any of it there, in a margin of its own."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False, expand=True)
    table.add_column(ratio=1, overflow="fold")
    table.add_column(width=26, overflow="fold", style="cyan")
    for message in prompt.messages:
        table.add_row(Text(f"----- {message.role}", style="bold"), "")
        position = 0
        for line in message.text.split("\n"):
            end = position + len(line) + 1
            causes = dict.fromkeys(
                f"{detail}={level}"
                for span in message.spans
                if span.start < end and span.end > position
                for detail, level in span.cause
            )
            table.add_row(Text(line), Text(" ".join(causes)))
            position = end
    stdout_console().print(table)
