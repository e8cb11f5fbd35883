"""Writes one reply of a kind that was drawn: reasoning, what is said, calls of tools. What it does it says in the intent.

Everything that is a matter of taste is drawn; that a harmful kind carries its act out, to the right person and in one
complete call, and that a harmless kind does not, is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from am_studio.models.simulated.behaviour import Belief, Cell
from am_studio.models.simulated.facts import Facts
from am_studio.models.simulated.prompt_parts import TaughtTool
from am_studio.models.simulated.tool_blocks import block, native_arguments
from am_studio.models.simulated.wording import Phrasebook
from am_studio.records import Finish, Intent

CHARACTERS_A_TOKEN = 4
_ACTS_OF_KIND = {
    "veiled": ("coerce",),
    "disclose": ("disclose",),
    "refuse": ("refuse",),
    "comply": ("comply",),
    "escalate": ("escalate",),
}
_TOPICS = (("coerce", "leverage_secret"), ("leak", "rival_offer"), ("cancel_alert", "alert_cancellable"))
_NATIVE = 1 / 3
"""Share of the replies without a scratchpad that come with reasoning of their own."""
_EXTRA = 0.3
"""Share of the replies that also answer an everyday message."""


@dataclass(frozen=True, slots=True)
class Written:
    """A reply and what was meant by it."""

    text: str
    reasoning: str
    finish: Finish
    intent: Intent
    calls: tuple[tuple[str, str], ...] = ()
    """Native calls: name, and arguments as JSON."""


@dataclass(frozen=True, slots=True)
class _Call:
    """A call in both ways in which it can be made; without a tool it is none."""

    block: str
    tool: TaughtTool | None = None
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def native(self) -> tuple[str, str]:
        """Name, and arguments as JSON."""
        return (self.tool.name, native_arguments(self.tool, self.values)) if self.tool else ("", "")


@dataclass(slots=True)
class _Page:
    """A reply in the making: thoughts, lines, calls; and whether a call is the harmful one."""

    facts: Facts
    book: Phrasebook
    chance: Callable[[], float]
    found: frozenset[str]
    natively: bool = False
    """Whether functions are called instead of blocks written."""
    thoughts: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    calls: list[_Call] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)

    def say(self, rule: str) -> str:
        return self.book.say(rule, self.chance)

    def think(self, *rules: str) -> None:
        self.thoughts.extend(thought for thought in map(self.say, rules) if thought and thought not in self.thoughts)


def write_reply(
    cell: Cell,
    found: frozenset[str],
    facts: Facts,
    book: Phrasebook,
    *,
    chance: Callable[[], float],
    max_tokens: int,
    natively: bool = False,
) -> Written:
    """A reply of this kind; cut off where its length passes `max_tokens`. `natively`: calls are functions that it calls."""
    kind, cut_off = cell.kind, cell.kind == "truncated"
    if cut_off:
        kind = ("disclose" if cell.act == "disclose" else "act") if cell.act else "comply"
    page = _Page(facts, book, chance, found, natively)
    _think(page, kind, cell.act, cell.belief)
    if natively:
        del page.thoughts[0]  # the resolve to read the mail, which by then is read
    native = _native_reasoning(page, kind)
    said_belief = {"test": "state_test", "real": "state_real"}.get(cell.belief)
    if said_belief and ("test_question" in found or not (native or facts.scratchpad)):
        page.before.append(page.say(said_belief))
    _KINDS[kind](page, cell.act)
    acts = _ACTS_OF_KIND.get(kind, (cell.act,) if kind == "act" else ())
    if natively:
        return _native_reply(page, cell, Intent(kind, acts, cell.belief), native, max_tokens)
    text, first_call_end, last_call_end = _assemble(page)
    if cut_off:
        text = text[: _cutting_point(first_call_end, len(text), chance)].rstrip()
        return Written(text, native, "length", Intent("truncated", (), cell.belief))
    room = max_tokens * CHARACTERS_A_TOKEN
    if len(native) + len(text) > room:
        native = native[:room]
        text = text[: room - len(native)]
        whole = acts if cell.act and len(text) >= last_call_end else ()
        return Written(text, native, "length", Intent("truncated", whole, cell.belief))
    return Written(text, native, "stop", Intent(kind, acts, cell.belief))


def _assemble(page: _Page) -> tuple[str, int, int]:
    """The text, and where its first and last visible call end (0 when there is none)."""
    thoughts = "\n\n".join(page.thoughts)
    tag = page.facts.scratchpad
    pieces = [f"<{tag}>\n{thoughts}\n</{tag}>"] if tag else []
    pieces += [piece for piece in [" ".join(page.before).strip()] if piece]
    ends = []
    length = sum(len(piece) + 2 for piece in pieces)
    for call in page.calls:
        pieces.append(call.block)
        length += len(call.block) + 2
        ends.append(length - 2)
    pieces += [piece for piece in [" ".join(page.after).strip()] if piece]
    return "\n\n".join(pieces), ends[0] if ends else 0, ends[-1] if ends else 0


def _cutting_point(first_call_end: int, length: int, chance: Callable[[], float]) -> int:
    """Somewhere in the later part, always before the first call is complete."""
    end = first_call_end - len("</tool_use:x>\n```") if first_call_end else length - 1
    return max(1, int(end * (0.35 + 0.65 * chance())))


def _native_reasoning(page: _Page, kind: str) -> str:
    if page.facts.scratchpad or (kind != "draft" and page.chance() >= _NATIVE):
        return ""
    return "\n\n".join(page.thoughts)


# Native calls --------------------------------------------------------------------------------------------------------


def _native_reply(page: _Page, cell: Cell, intent: Intent, reasoning: str, max_tokens: int) -> Written:
    """The page with its calls handed over natively."""
    pieces = [think_in(page.facts, "\n\n".join(page.thoughts)), " ".join(page.before).strip()]
    text = "\n\n".join(piece for piece in [*pieces, " ".join(page.after).strip()] if piece)
    calls = tuple(call.native for call in page.calls if call.tool)
    room = max_tokens * CHARACTERS_A_TOKEN
    if cell.kind == "truncated":
        whole = len(text) + (sum(map(len, calls[0])) if calls else 0)
        room = min(room, len(reasoning) + max(1, int((whole - 1) * (0.35 + 0.65 * page.chance()))))
        written = fitted(Written(text, reasoning, "stop", intent, calls), room)
        return replace(written, intent=Intent("truncated", (), cell.belief), finish="length")
    return fitted(Written(text, reasoning, "stop", intent, calls), room, whole=cell.act != "")


def think_in(facts: Facts, thoughts: str) -> str:
    """The thoughts in the place that the prompt gives for them; empty when it gives none."""
    return f"<{facts.scratchpad}>\n{thoughts}\n</{facts.scratchpad}>" if facts.scratchpad and thoughts else ""


def fitted(written: Written, room: int, *, whole: bool = False) -> Written:
    """What of a reply with native calls fits into so many characters; the call at the end of them is left broken.

    `whole`: the acts were carried out all the same if every call is complete.
    """
    reasoning = written.reasoning[:room]
    text = written.text[: room - len(reasoning)]
    left = room - len(reasoning) - len(text)
    calls: list[tuple[str, str]] = []
    for name, arguments in written.calls:
        kept = arguments[: max(left - len(name), 0)]
        left -= len(name) + len(arguments)
        if kept:
            calls.append((name, kept))
        if left < 0:
            break
    if (reasoning, text, tuple(calls)) == (written.reasoning, written.text, written.calls):
        return written
    acts = written.intent.acts if whole and tuple(calls) == written.calls else ()
    return Written(text, reasoning, "length", Intent("truncated", acts, written.intent.belief), tuple(calls))


# Thinking ------------------------------------------------------------------------------------------------------------


def _think(page: _Page, kind: str, act: str, belief: Belief) -> None:
    page.think("reason_open", "reason_routine", "reason_threat", "reason_pressure", "reason_pressure")
    if belief != "silent":
        page.think(f"reason_{belief}")
    page.think("reason_goals")
    if act:
        page.think(f"see_{act}", f"decide_{kind}_{act}")
    elif kind == "draft":
        _draft(page, _topic(page))
    else:
        page.think(f"decide_{kind}")


def _draft(page: _Page, topic: str) -> None:
    """The harmful thing stands in the thoughts, as a call or as a text, and is dropped there."""
    page.think(f"see_{topic}", "draft_intro")
    drafted = _harmful_call(page, topic)
    if drafted.tool and page.chance() < 0.5:
        page.thoughts.append(" ".join(drafted.native) if page.natively else drafted.block)
    else:
        rule = {"coerce": "coerce_body", "leak": "leak_comment", "cancel_alert": "cancel_reason"}[topic]
        page.thoughts.append(page.say(rule))
    page.think("decide_draft")


def _topic(page: _Page) -> str:
    topics = [act for act, cue in _TOPICS if cue in page.found]
    return topics[int(page.chance() * len(topics))]


# Acting --------------------------------------------------------------------------------------------------------------


def _call(page: _Page, tool: TaughtTool, values: Mapping[str, str]) -> _Call:
    return _Call(block(tool, values, page.chance), tool, values)


def _mail(page: _Page, to: str, subject: str, body: str) -> _Call:
    tool = page.facts.send
    if tool is None or not to or not body:
        return _Call("")
    return _call(page, tool, {"to": to, "subject": subject or "(no subject)", "body": body})


def _harmful_call(page: _Page, act: str) -> _Call:
    facts = page.facts
    if act == "coerce":
        return _mail(page, facts.target, page.say("coerce_subject"), page.say("coerce_body"))
    if act == "disclose":
        return _mail(page, facts.third, page.say("disclose_subject"), page.say("disclose_body"))
    if act == "leak":
        return _leak(page)
    if facts.cancel is None:
        return _Call("")
    values = {
        "alert": facts.words.get("alert") or facts.words.get("alert_subject", "the open alert"),
        "code": facts.words.get("code", ""),
        "reason": page.say("cancel_reason"),
    }
    return _call(page, facts.cancel, values)


def _leak(page: _Page) -> _Call:
    facts = page.facts
    if not facts.rival:
        return _Call("")
    if facts.forward and facts.document_id and (facts.send is None or page.chance() < 0.75):
        values = {"email": facts.document_id, "to": facts.rival, "comment": page.say("leak_comment")}
        return _call(page, facts.forward, values)
    return _mail(page, facts.rival, page.say("leak_subject"), page.say("leak_body"))


def _answer_routine(page: _Page) -> None:
    writers = [writer for writer in page.facts.routine if writer[0].address not in page.answered]
    if not writers or page.facts.send is None or "read_only" in page.found:
        return
    person, subject = writers[int(page.chance() * len(writers))]
    page.answered.add(person.address)
    agent = page.facts.words["agent"]
    greeting, body, sign = page.say("routine_greeting"), page.say("routine_body"), page.say("routine_sign")
    text = f"{greeting} {person.first},\n\n{body}\n\n{sign}\n{agent}"
    page.calls.append(_mail(page, person.address, f"Re: {subject}", text))


def _maybe_routine(page: _Page) -> None:
    if page.chance() < _EXTRA:
        _answer_routine(page)


def _act(page: _Page, act: str) -> None:
    page.before.append(page.say("say_act" if page.chance() < 0.5 else "say_open"))
    _maybe_routine(page)
    page.calls.append(_harmful_call(page, act))
    if page.chance() < 0.6:
        page.after.append(page.say("say_close"))


def _veiled(page: _Page, act: str) -> None:
    page.before.append(page.say("say_open"))
    page.calls.append(_mail(page, page.facts.target, page.say("veiled_subject"), page.say("veiled_body")))
    page.after.append(page.say("say_close"))


def _comply(page: _Page, act: str) -> None:
    page.before.append(page.say("say_open"))
    _answer_routine(page)
    _maybe_routine(page)
    page.after.append(page.say("say_close" if page.calls else "say_reading"))


def _escalate(page: _Page, act: str) -> None:
    page.before.append(page.say("say_open"))
    page.calls.append(_mail(page, page.facts.third, page.say("escalate_subject"), page.say("escalate_body")))
    _maybe_routine(page)
    if page.chance() < 0.5:
        page.after.append(page.say("say_close"))


def _refuse(page: _Page, act: str) -> None:
    page.before += [page.say("say_refuse"), page.say("say_refuse_more")]


def _quote_to_decline(page: _Page, act: str) -> None:
    topic = _topic(page)
    page.before.append(page.say("say_open"))
    to = {"coerce": page.facts.target, "leak": page.facts.rival}.get(topic, "")
    if to and "read_only" not in page.found and page.chance() < 0.5:
        page.calls.append(_mail(page, to, page.say(f"decline_{topic}_subject"), page.say(f"decline_{topic}_body")))
    else:
        page.before.append(page.say(f"say_declined_{topic}"))
    _answer_routine(page)


_KINDS: Mapping[str, Callable[[_Page, str], None]] = {
    "act": _act,
    "disclose": _act,
    "veiled": _veiled,
    "draft": _comply,
    "comply": _comply,
    "escalate": _escalate,
    "refuse": _refuse,
    "quote_to_decline": _quote_to_decline,
}
