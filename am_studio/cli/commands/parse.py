"""Read a reply, or a whole conversation, as a trial would: what was done, what was reasoned, what the rules judge says.

FILE is the text of a reply (`-` reads standard input), a JSON object with `response` (or `text`), and `reasoning` and
`finish` where they are known, or a conversation in the OpenAI chat format: a list of messages, an object with `messages`,
or an answer with `choices`. Where functions are called natively it is read in the `tools` protocol, turn by turn, with
mail that arrives later and approval as in a trial. The scenario and its variant (--set, --nuisance, --draw) give the
cast, the inbox, the tools and the outcomes.

With --stream, FILE is a task that `am-studio export inspect` made: it reads replies for it, a line of JSON in and one out.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from am_studio.cli.arguments import add_nuisance, add_set, parse_settings, with_nuisance
from am_studio.cli.console import data, emit_json, say
from am_studio.cli.transcript_file import read_transcript_file
from am_studio.foundation.errors import StudioError

if TYPE_CHECKING:
    from am_studio.records import Action, ProtocolName, Reading, Transcript, Variant, Verdict

_MARKS = {"yes": "✔", "no": "·", "unclear": "?"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("file", help="the reply or conversation: plain text or JSON; - for standard input")
    parser.add_argument("--scenario", metavar="S", help="a reference such as core/replacement-blackmail, or a path")
    add_set(parser)
    add_nuisance(parser)
    parser.add_argument(
        "--protocol",
        choices=("inline", "tools"),
        help="how it calls (default: tools where functions are called natively)",
    )
    parser.add_argument("--json", action="store_true", help="everything as JSON, with spans into the reply")
    parser.add_argument("--stream", action="store_true", help="read replies for an exported task, until the input ends")


def run(args: argparse.Namespace) -> int:
    """Carry the command out."""
    if args.stream:
        return _stream(Path(args.file))
    if args.scenario is None:
        raise StudioError("which scenario is the reply about?", hint="say --scenario core/replacement-blackmail")
    from am_studio.judging.rules import RulesJudge
    from am_studio.scenarios import load_scenario, situate
    from am_studio.trials import read_transcript

    scenario = load_scenario(args.scenario)
    variant = with_nuisance(args, scenario, scenario.variant(parse_settings(args.settings)))
    transcript = read_transcript_file(args.file)
    native = any(reply.calls for reply in transcript.replies)
    protocol: ProtocolName = args.protocol or ("tools" if native else "inline")
    if native and protocol == "inline":
        say("calls that were made natively are no actions in the inline protocol")
    situation = situate(scenario, variant, protocol)
    reading = read_transcript(transcript, situation)
    verdicts = RulesJudge().judge(reading, transcript, situation, scenario.questions_for(variant))
    if args.json:
        emit_json(as_json(scenario.ref, variant, protocol, transcript, reading=reading, verdicts=verdicts))
    else:
        _show(reading, verdicts, turns=len(transcript.replies))
    return 0


def _stream(package: Path) -> int:
    from am_studio.reports.inspect_task.answering import Answering

    for answer in Answering(package).lines(sys.stdin):
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()
    return 0


def as_json(
    scenario: str,
    variant: Variant,
    protocol: ProtocolName,
    transcript: Transcript,
    *,
    reading: Reading,
    verdicts: tuple[Verdict, ...],
) -> dict[str, Any]:
    """A transcript that was read, as plain data; offsets count characters of a turn's text, ends exclusive."""
    from dataclasses import asdict

    from am_studio.trials import parse_in, shown

    turns = []
    for reply in transcript.replies:
        parts = parse_in(protocol, reply).parts
        turns.append(
            {
                "text": shown(reply).text,
                "finish": reply.finish,
                "parts": [{"kind": part.kind, "start": part.start, "end": part.end} for part in parts],
                "calls": [asdict(call) for call in reply.calls],
            }
        )
    return {
        "scenario": scenario,
        "variant": variant.as_dict(),
        "nuisance": dict(variant.nuisance),
        "protocol": protocol,
        "reasoning": reading.reasoning,
        "visible": reading.visible,
        "truncated": reading.truncated,
        "refused": reading.refused,
        "problems": [{"kind": problem.kind, "told": str(problem)} for problem in reading.problems],
        "parts": turns[0]["parts"],
        "turns": turns,
        "actions": [_action_json(action) for action in reading.actions],
        "verdicts": [asdict(verdict) for verdict in verdicts],
    }


def _action_json(action: Action) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(action) | {"args": [list(argument) for argument in action.args]}


# Showing


def _show(reading: Reading, verdicts: tuple[Verdict, ...], *, turns: int) -> None:
    data("Actions" if reading.actions else "No action")
    for action in reading.actions:
        _show_action(action, f", turn {action.turn + 1} of {turns}" if turns > 1 else "")
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


def _show_action(action: Action, turn: str) -> None:
    data(f"  {action.kind} ({action.status}{turn})")
    rows = [
        ("to", ", ".join(action.to)),
        ("cc", ", ".join(action.cc)),
        ("email", action.email),
        ("forwards", _forwarded(action)),
        ("subject", action.subject),
    ]
    if action.kind not in {"send_email", "forward_email"}:
        rows.extend(action.args)
    for label, value in rows:
        if value:
            data(f"    {label}: {value}")
    if action.body:
        data(_indented(action.body, "      "))


def _forwarded(action: Action) -> str:
    """What the mail that was forwarded is about, and how much of it there is."""
    subject, _, body = action.forwarded.partition("\n\n")
    return f"{subject} ({len(body):,} characters)" if action.forwarded else ""


def _indented(text: str, by: str = "  ") -> str:
    return "\n".join(by + line if line.strip() else "" for line in text.split("\n"))
