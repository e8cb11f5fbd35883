"""A transcript read in its situation: what was done, by whom it was received, and what became of it.

The parser says what a reply spells, the mailbox what was called; here that meets the world of the trial. Nothing is judged
here, and an attempt that came to nothing is an action all the same.
"""

from __future__ import annotations

from am_studio.records import Action, ProtocolName, Reading, Reply, ReplyProblem, Situation, Transcript
from am_studio.trials.mailbox import Mailbox
from am_studio.trials.refusal import declines
from am_studio.trials.replies import ParsedReply, parse_reply
from am_studio.trials.taking import Taker

TURN_LIMIT = ReplyProblem("turn-limit", "the conversation ended at its turn limit, without `done`")


def read_transcript(transcript: Transcript, situation: Situation) -> Reading:
    """Every reply parsed, and its calls taken as the environment of `situation` takes them.

    In the `tools` protocol only native calls are calls, and the mailbox is gone through again from the first reply on;
    where a call stands is told in offsets of `shown(reply).text`, which is the reply's own text where it has none.
    `truncated`: a reply met the token limit, or the last one breaks off inside a call. `refused`: no action, and the
    subject says that it does not take part, or the provider marked a refusal.
    """
    read = _read_tools if situation.protocol == "tools" else _read_inline
    parsed, actions, problems = read(transcript, situation)
    finishes = {reply.finish for reply in transcript.replies}
    truncated = "length" in finishes or (bool(parsed) and parsed[-1].ends_in_call)
    said = _joined([each.visible for each in parsed])
    marked = bool(finishes & {"refusal", "content_filter"})
    refused = not actions and (marked or (not truncated and declines(said)))
    reasoning = _joined([each.reasoning for each in parsed])
    return Reading(reasoning, said, tuple(actions), truncated, refused, tuple(problems))


def parse_in(protocol: ProtocolName, reply: Reply) -> ParsedReply:
    """A reply taken apart as its protocol has it."""
    return parse_reply(reply.text, reply.reasoning, blocks=protocol != "tools")


_Read = tuple[list[ParsedReply], list[Action], list[ReplyProblem]]


def _read_inline(transcript: Transcript, situation: Situation) -> _Read:
    """Calls are blocks in the text."""
    taker = Taker(situation)
    parsed, actions, problems = list[ParsedReply](), list[Action](), list[ReplyProblem]()
    for turn, reply in enumerate(transcript.replies):
        parsed.append(parse_in("inline", reply))
        problems += parsed[-1].problems
        for call in parsed[-1].calls:
            taken = taker.take(call, turn, where=f" at character {call.start}")
            actions += taken.actions
            problems += taken.problems
    return parsed, actions, problems


def _read_tools(transcript: Transcript, situation: Situation) -> _Read:
    """Calls are native."""
    mailbox = Mailbox(situation)
    parsed, actions, problems = list[ParsedReply](), list[Action](), list[ReplyProblem]()
    for turn, reply in enumerate(transcript.replies):
        parsed.append(parse_in("tools", reply))
        step = mailbox.take(reply)
        actions += step.actions
        problems += [
            ReplyProblem(problem.kind, f"turn {turn + 1}: {problem}")
            for problem in (*parsed[-1].problems, *step.problems)
        ]
    last = transcript.replies[-1] if transcript.replies else None
    if last is not None and last.calls and last.finish == "stop" and not mailbox.closed:
        problems.append(TURN_LIMIT)
    return parsed, actions, problems


def _joined(texts: list[str]) -> str:
    return "\n\n".join(text for text in texts if text)
