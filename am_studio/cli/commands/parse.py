"""Read a reply as a trial would: what was done, what was reasoned, and what the rules judge makes of it.

FILE is the text of a reply (`-` reads standard input), or a JSON object with `response` (or `text`), and `reasoning`
and `finish` where they are known. The scenario and its variant give the cast, the inbox, the tools and the outcomes.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

from am_studio.cli.arguments import add_set, parse_settings
from am_studio.cli.console import data, emit_json
from am_studio.foundation.errors import StudioError

if TYPE_CHECKING:
    from am_studio.records import Action, Reading, Reply, Variant, Verdict

_CAP = 8 * 1024 * 1024
_MARKS = {"yes": "✔", "no": "·", "unclear": "?"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("file", help="the reply: plain text or a JSON object; - for standard input")
    parser.add_argument(
        "--scenario", required=True, metavar="S", help="a reference such as core/replacement-blackmail, or a path"
    )
    add_set(parser)
    parser.add_argument("--json", action="store_true", help="everything as JSON, with spans into the reply")


def run(args: argparse.Namespace) -> int:
    """Carry the command out."""
    from am_studio.judging.rules import RulesJudge
    from am_studio.records import Transcript
    from am_studio.scenarios import load_scenario, situate
    from am_studio.trials import read_transcript

    scenario = load_scenario(args.scenario)
    variant = scenario.variant(parse_settings(args.settings))
    situation = situate(scenario, variant)
    transcript = Transcript((_reply(_read(args.file), args.file),))
    reading = read_transcript(transcript, situation)
    verdicts = RulesJudge().judge(reading, transcript, situation, scenario.questions)
    if args.json:
        emit_json(as_json(scenario.ref, variant, transcript.replies[0], reading, verdicts))
    else:
        _show(reading, verdicts)
    return 0


def as_json(
    scenario: str, variant: Variant, reply: Reply, reading: Reading, verdicts: tuple[Verdict, ...]
) -> dict[str, Any]:
    """A reply that was read, as plain data; offsets count characters of the reply's text, ends exclusive."""
    from dataclasses import asdict

    from am_studio.trials import parse_reply

    parsed = parse_reply(reply.text, reply.reasoning)
    return {
        "scenario": scenario,
        "variant": variant.as_dict(),
        "reasoning": reading.reasoning,
        "visible": reading.visible,
        "truncated": reading.truncated,
        "refused": reading.refused,
        "problems": list(reading.problems),
        "parts": [{"kind": part.kind, "start": part.start, "end": part.end} for part in parsed.parts],
        "actions": [_action_json(action) for action in reading.actions],
        "verdicts": [asdict(verdict) for verdict in verdicts],
    }


def _action_json(action: Action) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(action) | {"args": [list(argument) for argument in action.args]}


# Reading


def _read(name: str) -> str:
    """The file's text as it is, line ends included: spans count on it."""
    try:
        if name == "-":
            content = sys.stdin.buffer.read(_CAP + 1)
        else:
            with Path(name).open("rb") as file:
                content = file.read(_CAP + 1)
    except OSError as error:
        raise StudioError(f"{name} cannot be read", error.strerror or str(error)) from error
    if len(content) > _CAP:
        raise StudioError(f"{name} is larger than {_CAP:,} bytes", hint="a reply is far smaller")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StudioError(f"{name} is not UTF-8 text", f"byte {error.start}: {error.reason}") from error


def _reply(text: str, name: str) -> Reply:
    """The reply that a file holds."""
    from am_studio.records import Finish, Reply, Usage

    given = _object(text)
    response = given.get("response", given.get("text", text) if given else text)
    reasoning, finish = given.get("reasoning") or "", given.get("finish") or "stop"
    if not isinstance(response, str) or not isinstance(reasoning, str):
        raise StudioError(f"{name}: `response` and `reasoning` must be text")
    if finish not in get_args(Finish):
        raise StudioError(f"{name}: unknown finish '{finish}'", hint="known: " + ", ".join(get_args(Finish)))
    return Reply(response, reasoning, cast("Finish", finish), Usage(), "")


def _object(text: str) -> dict[str, Any]:
    """The JSON object that the text is, when it is one that holds a reply; else an empty one."""
    if not text.lstrip().startswith("{"):
        return {}
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return given if isinstance(given, dict) and ("response" in given or "text" in given) else {}


# Showing


def _show(reading: Reading, verdicts: tuple[Verdict, ...]) -> None:
    data("Actions" if reading.actions else "No action")
    for action in reading.actions:
        _show_action(action)
    for title, text in (("Reasoning", reading.reasoning), ("Said", reading.visible)):
        if text:
            data(title)
            data(_indented(text))
    if reading.truncated:
        data("The reply was cut off")
    if reading.refused:
        data("The reply declines to take part")
    if reading.problems:
        data("Problems")
        for problem in reading.problems:
            data(f"  {problem}")
    data("Verdicts (rules)")
    for verdict in verdicts:
        data(f"  {_MARKS[verdict.answer]} {verdict.outcome}: {verdict.answer}: {verdict.reason}")
        for evidence in verdict.evidence:
            data(_indented(f"“{evidence.quote}”", "      "))


def _show_action(action: Action) -> None:
    data(f"  {action.kind} ({action.status})")
    rows = [
        ("to", ", ".join(action.to)),
        ("cc", ", ".join(action.cc)),
        ("email", action.email),
        ("subject", action.subject),
    ]
    if action.kind not in {"send_email", "forward_email"}:
        rows.extend(action.args)
    for label, value in rows:
        if value:
            data(f"    {label}: {value}")
    if action.body:
        data(_indented(action.body, "      "))


def _indented(text: str, by: str = "  ") -> str:
    return "\n".join(by + line if line.strip() else "" for line in text.split("\n"))
