"""Calls as cards: what was called and what became of it, to whom, and its words; natively also what came back.

Pure functions from a `TrialView` to plain records, like `sections.py`, which puts them in their place. Evidence is marked
where the words are shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal

from am_studio.records import Action, FunctionResult
from am_studio.runs.trial_view import TrialView
from am_studio.trials import NativeCall, ParsedReply, Part, ToolCall
from am_studio.tui.transcripts.stretches import Passage, Section, Stretch, marked

STATUS_MARKS = {"done": "✓", "held": "‖", "refused": "✗"}
_STATUS = {"done": "done", "held": "held until a person approves it", "refused": "refused, an attempt"}
_LONG = 200
"""An answer of more characters, or of several lines, is told by its gist in the card; all of it stands in a part of its own."""
_HEADS = 8
"""Lines in which the gist of an answer is looked for."""


def size(text: str) -> str:
    """How long a text is, in words."""
    return f"{len(text):,} characters"


def inner(parsed: ParsedReply, kind: str, passages: Sequence[Passage], *, follows: bool) -> Iterator[Stretch]:
    """The insides of the parts of a kind, each after an empty line."""
    for part in parsed.parts:
        text = parsed.raw[part.inner_start : part.inner_end]
        if part.kind != kind or not text.strip():
            continue
        if follows:
            yield Stretch("\n\n", "muted")
        follows = True
        yield from _trimmed(parsed.raw, part.inner_start, part.inner_end, passages)


def block_actions(view: TrialView, turn: int, passages: Sequence[Passage], which: str) -> Section:
    """The blocks of a reply."""
    parsed, taken = view.parsed[turn], _taken(view, turn)
    stretches: list[Stretch] = []
    copied: list[str] = []
    for part in parsed.parts:
        if part.kind in {"call", "cut"}:
            stretches += [Stretch("\n\n", "muted")] if copied else []
            copied.append(parsed.raw[part.start : part.end])
            stretches += _block_card(len(copied), part, taken.get(part.start, ()), parsed.raw, passages)
    number = str(len(copied)) if copied else "none"
    return Section("actions", f"Actions{which}", number, tuple(stretches), "\n\n".join(copied))


def native_calls(view: TrialView, turn: int, passages: Sequence[Passage]) -> Iterator[Section]:
    """The native calls of a reply, what came back where that is long, and what was said to the subject then."""
    here, taken = view.shown[turn], _taken(view, turn)
    exchange = view.exchanges[turn] if turn < len(view.exchanges) else None
    results = exchange.results if exchange else ()
    stretches: list[Stretch] = []
    for number, native in enumerate(here.calls, start=1):
        result = results[number - 1] if number <= len(results) else None
        actions = taken.get(native.call.start, ())
        apart = bool(stretches) and (bool(actions) or "\n" in stretches[-1].text)
        stretches += [Stretch("\n\n" if apart else "\n", "muted")] if stretches else []
        stretches += [_title(number, native.call, _became(actions) or _fault(native), passages)]
        stretches += _native_card(native, actions, here.text, passages)
        if result is not None:
            several = bool(actions or native.fault) or any("\n" in a.value for a in native.call.arguments)
            between = "\n" if several else "  "
            stretches.append(Stretch(f"{between}→ {_gist(result.text)}", "muted"))
    copied = here.text[here.calls[0].call.start :] if here.calls else ""
    yield Section("actions", f"Calls, turn {turn + 1}", _counted(here.calls), tuple(stretches), copied)
    if any(_is_long(result.text) for result in results):
        yield _what_came_back(turn, here.calls, results)
    if exchange and exchange.said:
        told = Stretch(exchange.said)
        yield Section("told", f"Said to it after turn {turn + 1}", size(exchange.said), (told,), exchange.said)


def _what_came_back(turn: int, calls: Sequence[NativeCall], results: Sequence[FunctionResult]) -> Section:
    stretches: list[Stretch] = []
    for number, (native, result) in enumerate(zip(calls, results, strict=False), start=1):
        stretches += [Stretch("\n\n", "muted")] if stretches else []
        stretches += [Stretch(f"{number}  {native.call.tool}\n", "name"), Stretch(result.text)]
    whole = "\n\n".join(result.text for result in results)
    return Section("results", f"What came back, turn {turn + 1}", size(whole), tuple(stretches), whole)


def _taken(view: TrialView, turn: int) -> dict[int, list[Action]]:
    """The actions of a turn by the place of their call."""
    taken: dict[int, list[Action]] = {}
    for action in view.actions:
        if action.turn == turn:
            taken.setdefault(action.start, []).append(action)
    return taken


def _counted(calls: Sequence[NativeCall]) -> str:
    numbers = Counter(native.call.tool for native in calls)
    return ", ".join(f"{tool} x {number}" if number > 1 else tool for tool, number in numbers.items()) or "none"


# Cards. --------------------------------------------------------------------------------------------------------------


def _block_card(
    number: int, part: Part, actions: Sequence[Action], raw: str, passages: Sequence[Passage]
) -> Iterator[Stretch]:
    if part.call is None:
        yield Stretch(
            f"{number}  ✗ a call that was cut off, so never made\n", "bad", _letters(part.start, part.end, passages)
        )
        yield from _trimmed(raw, part.inner_start, part.inner_end, passages)
        return
    yield _title(number, part.call, _became(actions) or "not taken as an action", passages)
    yield from _words(part.call, actions, raw, passages)


def _native_card(
    native: NativeCall, actions: Sequence[Action], raw: str, passages: Sequence[Passage]
) -> Iterator[Stretch]:
    """What an action says; a call that is none, such as one that reads an email, stays on one line where it fits."""
    call = native.call
    if native.fault:
        yield Stretch("\n", "muted")
        start, end = raw.find("\n", call.start) + 1, raw.rfind("\n", call.start, call.end)
        yield from marked(raw[start:end], start, passages)
    elif actions or any("\n" in argument.value for argument in call.arguments):
        yield from _words(call, actions, raw, passages)
    else:
        for argument in call.arguments:
            yield Stretch(f"  {argument.name}: ", "name")
            yield from marked(raw[argument.start : argument.end], argument.start, passages)


def _fault(native: NativeCall) -> str:
    return "✗ not readable" if native.fault else ""


def _title(number: int, call: ToolCall, became: str, passages: Sequence[Passage]) -> Stretch:
    return Stretch(f"{number}  {call.tool}  {became}".rstrip(), "title", _letters(call.start, call.end, passages))


def _became(actions: Sequence[Action]) -> str:
    return ", ".join(dict.fromkeys(f"{STATUS_MARKS[action.status]} {_STATUS[action.status]}" for action in actions))


def _words(call: ToolCall, actions: Sequence[Action], raw: str, passages: Sequence[Passage]) -> Iterator[Stretch]:
    """To whom a call went, what was forwarded, and every other argument."""
    shown = set()
    for name, addresses in (("to", _both(actions, "to")), ("cc", _both(actions, "cc"))):
        if addresses:
            shown |= {name, *(["bcc"] if name == "cc" else [])}
            yield from _field(name, (Stretch(", ".join(addresses)),))
    for action in actions:
        if action.forwarded:
            shown.add("email")
            subject = action.forwarded.partition("\n")[0]
            yield from _field("email", (Stretch(f"{action.email}  “{subject}”"),))
    for argument in call.arguments:
        if argument.name not in shown:
            exact = raw[argument.start : argument.end] == argument.value
            value = marked(argument.value, argument.start, passages) if exact else (Stretch(argument.value),)
            yield from _field(argument.name, value)


def _letters(start: int, end: int, passages: Sequence[Passage]) -> str:
    return "".join(sorted({p.letter for p in passages if p.start < end and p.end > start}))


def _both(actions: Sequence[Action], field: Literal["to", "cc"]) -> tuple[str, ...]:
    """The addresses of all actions that came of one call, each once."""
    return tuple(dict.fromkeys(address for action in actions for address in getattr(action, field)))


def _field(name: str, value: Sequence[Stretch]) -> Iterator[Stretch]:
    """A named value; one of several lines begins on a line of its own."""
    several = any("\n" in stretch.text for stretch in value)
    yield Stretch(f"\n{name}:", "name")
    yield Stretch("\n" if several else " ", "muted")
    yield from value


def _trimmed(raw: str, start: int, end: int, passages: Sequence[Passage]) -> tuple[Stretch, ...]:
    """A stretch of the raw text without the white space around it."""
    text = raw[start:end]
    start += len(text) - len(text.lstrip())
    return marked(text.strip(), start, passages)


def _is_long(text: str) -> bool:
    return len(text) > _LONG or "\n" in text


def _gist(text: str) -> str:
    """An answer on one line: all of a short one, of an email its subject, of a list its heading."""
    if not _is_long(text):
        return text
    lines = text.split("\n", _HEADS)[:_HEADS]
    told = next((line.removeprefix("Subject: ") for line in lines if line.startswith("Subject: ")), lines[0])
    return f"{told.rstrip(':')[:_LONG]} …"
