"""A simulated subject that calls functions: it lists the mail, reads all of it, decides, acts, and closes the session.

What it does is decided by the same table as in one turn, from the cues in the instructions and in the mail that it has
opened. Everything it knows of earlier turns is read from the conversation as it stands in the request; the seed of the
first turn, which all its draws come from, it finds in the id of its first call.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from am_studio.models.simulated.drawing import Prepared, chance_of, draw_cell, prepare_parts
from am_studio.models.simulated.prompt_parts import Messages, Part, PromptParts, TaughtTool, read_email, read_prompt
from am_studio.models.simulated.replies import CHARACTERS_A_TOKEN, Written, fitted, think_in, write_reply
from am_studio.records import ChatRequest, Exchange, Function, FunctionCall, Intent, Reply, Usage

LIST, READ, SEARCH, DONE = "list_emails", "read_email", "search_emails", "done"
_READING = frozenset({LIST, READ, SEARCH})
_AT_A_TIME = 40
"""Emails that it opens in one turn."""
_NATIVE = 1 / 3
"""Share of the replies without a scratchpad in which it reasons natively while it reads."""
_CALL_ID = re.compile(r"call_([0-9a-f]{1,16})_\d+_\d+")
_LISTED = re.compile(r"([^|\n]{1,200}) \| [^|\n]{0,200} \| .*")


@dataclass(frozen=True, slots=True)
class _Known:
    """What the subject knows at one point of a conversation."""

    mail: tuple[Part, ...]
    """The emails it has opened, in the order in which it heard of them."""
    unread: tuple[str, ...]
    """Ids of those that it has heard of and not opened."""


def answer(request: ChatRequest, name: str) -> Reply:
    """The next reply of the subject of this name (without `sim/`), with what it meant in `intent`."""
    seed = _first_seed(request)
    written = _next(request, name, seed)
    turn = len(request.exchanges)
    calls = tuple(
        FunctionCall(f"call_{seed % 2**63:x}_{turn}_{number}", function, arguments)
        for number, (function, arguments) in enumerate(written.calls)
    )
    size = len(written.text) + len(written.reasoning) + sum(map(_size, calls))
    return Reply(
        text=written.text,
        reasoning=written.reasoning,
        finish=written.finish,
        usage=Usage(_read_size(request) // CHARACTERS_A_TOKEN, size // CHARACTERS_A_TOKEN),
        model_returned=f"sim/{name}",
        cost=0.0,
        intent=written.intent,
        calls=calls,
    )


def prepare_conversation(
    messages: Messages, name: str, exchanges: Sequence[Exchange], functions: tuple[Function, ...]
) -> Prepared:
    """The subject with all the mail that it has opened so far in mind; StudioError for an unknown name."""
    return prepare_parts(_parts(messages, functions, _known(exchanges).mail), name.removeprefix("sim/"))


def _next(request: ChatRequest, name: str, seed: int) -> Written:
    offered = {function.name for function in request.functions}
    known = _known(request.exchanges)
    prepared = prepare_conversation(request.messages, name, request.exchanges, request.functions)
    room = request.sampling.max_tokens * CHARACTERS_A_TOKEN
    if LIST in offered and not request.exchanges:
        return fitted(_read_on(prepared, seed, 0, [(LIST, "{}")]), room)
    if READ in offered and known.unread:
        calls = [(READ, json.dumps({"email": id_}, ensure_ascii=False)) for id_ in known.unread[:_AT_A_TIME]]
        return fitted(_read_on(prepared, seed, len(request.exchanges), calls), room)
    earlier = _decisions(request, name, seed)
    if earlier and not _reconsiders(earlier[-1], prepared):
        return fitted(_close(earlier, prepared, seed, offered), room)
    cell, chance = draw_cell(prepared, seed)
    written = write_reply(
        cell,
        prepared.reading.found,
        prepared.facts,
        prepared.book,
        chance=chance,
        max_tokens=request.sampling.max_tokens,
        natively=True,
    )
    if not written.calls and written.finish == "stop" and cell.kind != "refuse" and DONE in offered:
        written = fitted(replace(written, calls=(_done(prepared, chance()),)), room)
    return replace(written, intent=_meant(written.intent, earlier))


# The turns in which nothing is decided. ------------------------------------------------------------------------------


def _read_on(prepared: Prepared, seed: int, turn: int, calls: list[tuple[str, str]]) -> Written:
    chance = chance_of(prepared, f"{seed}|{turn}")
    thought = prepared.book.say("reason_open", chance)
    place = think_in(prepared.facts, thought)
    native = "" if place or chance() >= _NATIVE else thought
    return Written(place, native, "stop", Intent("read", ()), tuple(calls))


def _close(earlier: list[_Decision], prepared: Prepared, seed: int, offered: set[str]) -> Written:
    """The end of the session; who has declined says so again and calls nothing."""
    last = earlier[-1]
    chance = chance_of(prepared, f"{seed}|close")
    meant = _meant(last.intent, earlier[:-1])
    if last.intent.kind == "refuse":
        return Written(prepared.book.say("say_refuse", chance), "", "stop", meant)
    said = prepared.book.say("say_close", chance)
    if DONE not in offered:
        return Written(said, "", "stop", meant)
    return Written("", "", "stop", meant, ((DONE, json.dumps({"summary": said})),))


def _done(prepared: Prepared, share: float) -> tuple[str, str]:
    return DONE, json.dumps({"summary": prepared.book.say("say_close", lambda: share)})


# What was decided before. --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Decision:
    """A turn in which it acted, or chose not to."""

    prepared: Prepared
    intent: Intent
    harmful: bool


def _decisions(request: ChatRequest, name: str, seed: int) -> list[_Decision]:
    """Drawn again from the conversation up to each of them, so they are the same as then."""
    found: list[_Decision] = []
    for turn, exchange in enumerate(request.exchanges):
        calls = exchange.reply.calls
        if calls and all(call.name in _READING for call in calls):
            continue
        if found and not calls and found[-1].intent.kind == "refuse":
            continue
        prepared = prepare_conversation(request.messages, name, request.exchanges[:turn], request.functions)
        cell, chance = draw_cell(prepared, seed)
        written = write_reply(
            cell,
            prepared.reading.found,
            prepared.facts,
            prepared.book,
            chance=chance,
            max_tokens=request.sampling.max_tokens,
            natively=True,
        )
        found.append(_Decision(prepared, written.intent, bool(cell.act)))
    return found


def _reconsiders(last: _Decision, now: Prepared) -> bool:
    """Whether mail that it read since then has told it something new; who has harmed or declined does not go back."""
    if last.harmful or last.intent.kind == "refuse":
        return False
    before = last.prepared
    return (before.reading.found, before.facts.able) != (now.reading.found, now.facts.able)


def _meant(intent: Intent, earlier: list[_Decision]) -> Intent:
    """This intent, with the acts of the decisions before it."""
    acts = [act for decision in earlier for act in decision.intent.acts]
    return replace(intent, acts=tuple(dict.fromkeys([*acts, *intent.acts])))


def _first_seed(request: ChatRequest) -> int:
    for exchange in request.exchanges[:1]:
        for call in exchange.reply.calls[:1]:
            match = _CALL_ID.fullmatch(call.id)
            if match:
                return int(match[1], 16)
    return request.seed


# What it has read. ---------------------------------------------------------------------------------------------------


def _known(exchanges: Sequence[Exchange]) -> _Known:
    heard: dict[str, None] = {}
    opened: dict[str, Part | None] = {}
    for exchange in exchanges:
        for call, result in zip(exchange.reply.calls, exchange.results, strict=False):
            if call.name in {LIST, SEARCH}:
                heard |= dict.fromkeys(_ids(result.text))
            elif call.name == READ:
                asked, part = _opened(call.arguments, result.text)
                opened[asked] = part
        heard |= dict.fromkeys(_ids(exchange.said))
    read = [part for part in (opened.get(id_) for id_ in heard) if part is not None]
    read += [part for id_, part in opened.items() if part is not None and id_ not in heard]
    return _Known(tuple(read), tuple(id_ for id_ in heard if id_ not in opened))


@lru_cache(maxsize=1024)
def _ids(text: str) -> tuple[str, ...]:
    """The ids in a list of emails: what stands first on its lines."""
    return tuple(match[1] for line in text.split("\n") if (match := _LISTED.fullmatch(line)))


@lru_cache(maxsize=1024)
def _opened(arguments: str, text: str) -> tuple[str, Part | None]:
    """(what was asked for, the email; None when it could not be opened)."""
    try:
        given = json.loads(arguments)
        asked = str(given["email"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return "", None
    if not text.startswith("Id: "):
        return asked, None
    part = read_email(text, 0)
    return asked, replace(part, name=part.id or asked)


@lru_cache(maxsize=256)
def _parts(messages: Messages, functions: tuple[Function, ...], mail: tuple[Part, ...]) -> PromptParts:
    """The conversation as a prompt: instructions, what the functions are said to do, and the mail that was opened."""
    prompt = read_prompt(messages)
    acting = [function for function in functions if function.name not in _READING | {DONE}]
    tools = tuple(TaughtTool(each.name, tuple(name for name, _ in each.arguments)) for each in acting)
    purposes = "\n\n".join(each.purpose for each in acting)
    taught = (Part("functions", "instructions", purposes),) if purposes else ()
    instructions = tuple(part for part in prompt.parts if part.kind == "instructions")
    return PromptParts((*instructions, *taught, *prompt.mail, *mail), tools, prompt.instructions)


def _size(call: FunctionCall) -> int:
    return len(call.name) + len(call.arguments)


def _read_size(request: ChatRequest) -> int:
    """Characters of everything that the request has it read."""
    size = sum(len(text) for _, text in request.messages)
    size += sum(len(each.purpose) + sum(map(len, sum(each.arguments, ()))) for each in request.functions)
    for exchange in request.exchanges:
        size += len(exchange.reply.text) + sum(map(_size, exchange.reply.calls)) + len(exchange.said)
        size += sum(len(result.text) for result in exchange.results)
    return size
