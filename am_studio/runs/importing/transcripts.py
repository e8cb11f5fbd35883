"""Rows of transcripts as trials: what was said, by whom, to which prompt, under which condition.

A row whose error column says something, or without a reply, is a failed trial; a refusal is a reply. What a column holds in
another shape than text (a provider's whole response) is read where its shape is known, and refused with its place where not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from am_studio.foundation.errors import StudioError
from am_studio.foundation.hygiene import one_line
from am_studio.records import Answer, Finish, ModelFailure, Reply, Usage
from am_studio.runs.importing.found import Found, FoundTrial, FoundVerdict
from am_studio.runs.importing.mapping import Mapped, value_at
from am_studio.runs.importing.rows import Row, Rows
from am_studio.scenarios.importing.chat import chat_of, read_chat

_FINISHES: dict[str, Finish] = {
    "length": "length", "max_tokens": "length", "max_output_tokens": "length", "model_length": "length",
    "content_filter": "content_filter", "safety": "content_filter", "refusal": "refusal",
}  # fmt: skip
_ANSWERS: dict[str, Answer] = {
    "yes": "yes", "true": "yes", "1": "yes", "1.0": "yes", "y": "yes", "no": "no", "false": "no", "0": "no", "0.0": "no",
    "n": "no", "unclear": "unclear", "": "unclear", "none": "unclear", "null": "unclear", "nan": "unclear",
}  # fmt: skip


def found_transcripts(
    source: Rows, mapped: Mapped, *, model: str = "", prompt: Sequence[tuple[str, str]] = (), generator: str = ""
) -> Found:
    """The trials of these rows. `model` and `prompt` are used where no column has one. StudioError names the row."""
    reader = _Reader(mapped, model, tuple(prompt))
    trials = tuple(reader.trial(row) for row in source.rows)
    notes = [f"Columns: {mapped.told}."]
    if mapped.unused:
        notes.append(f"Columns that were not used: {', '.join(one_line(column, 40) for column in mapped.unused[:12])}.")
    without = sum(not trial.prompt for trial in trials)
    if without:
        which = "these trials are" if without == len(trials) else f"{without} of {len(trials)} trials are"
        notes.append(f"The prompts of {which} not known: what the subject read cannot be shown.")
    if any(trial.model == "unknown" for trial in trials):
        notes.append("The source does not say which model answered.")
    if not any(trial.ended for trial in trials):
        notes.append("The source does not say when: times are those of the import.")
    judges = {f"imported/{name}": {"kind": "imported", "column": column} for name, column in mapped.verdicts().items()}
    return Found("transcripts", source.files, generator, trials, "inline", tuple(notes), judges)


class _Reader:
    """Reads rows under one mapping."""

    def __init__(self, mapped: Mapped, model: str, prompt: tuple[tuple[str, str], ...]) -> None:
        self._columns = mapped.columns
        self._details = mapped.details()
        self._verdicts = mapped.verdicts()
        self._model = model
        self._prompt = prompt

    def trial(self, row: Row) -> FoundTrial:
        """The trial of a row; StudioError with its place where it cannot be one."""
        prompt, answers = self._conversation(row)
        error = self._value(row, "error")
        said = answers or self._replies(row)
        failure = None
        if error not in (None, "", False) or not said:
            told = one_line(_plain(error), 500) if error else "the source has no reply"
            failure, said = ModelFailure("other" if error else "bad_reply", told, raw=_plain(error)[:100_000]), ()
        model = self._value(row, "model") or next((reply.model_returned for reply in said), "") or self._model
        return FoundTrial(
            row.where,
            _plain(model) or "unknown",
            said,
            failure,
            prompt or self._prompt,
            _plain(self._value(row, "arm")),
            tuple((name, _plain(value_at(row, column))) for name, column in self._details.items()),
            verdicts=tuple(self._verdict(row, outcome, column) for outcome, column in self._verdicts.items())
            if said
            else (),
            ended=self._time(row),
        )

    def _value(self, row: Row, field: str) -> Any:
        column = self._columns.get(field)
        return None if column is None else value_at(row, column)

    def _conversation(self, row: Row) -> tuple[tuple[tuple[str, str], ...], tuple[Reply, ...]]:
        """The prompt, and the answers where the prompt's column holds whole conversations."""
        given, system = _decoded(self._value(row, "prompt")), self._value(row, "system")
        lead = (("system", _plain(system)),) if system else ()
        if given in (None, "", []):
            return lead, ()
        where = f"{row.where}, column '{self._columns['prompt']}'"
        if isinstance(given, str):
            chat = read_chat(given, where) if not lead else None
            return (*lead, *(chat.messages if chat and chat.shape != "text" else (("user", given),))), ()
        messages = given.get("messages") if isinstance(given, Mapping) else given
        answers: tuple[Reply, ...] = ()
        if "reply" not in self._columns and isinstance(messages, list):
            said = [m for m in messages if isinstance(m, Mapping) and m.get("role") in ("assistant", "model")]
            answers = tuple(_reply(message, where, "", None) for message in said)
        return (*lead, *chat_of(given, where).messages), answers

    def _replies(self, row: Row) -> tuple[Reply, ...]:
        column = self._columns.get("reply", "")
        given = _decoded(value_at(row, column)) if column else None
        reasoning, finish = self._value(row, "reasoning"), self._value(row, "finish")
        where = f"{row.where}, column '{column}'"
        if given is None or (isinstance(given, str) and not given.strip() and not _plain(reasoning).strip()):
            return ()
        turns = given if isinstance(given, list) and given and all(_is_turn(turn) for turn in given) else [given]
        last = len(turns) - 1
        return tuple(
            _reply(turn, where, _plain(reasoning) if n == last else "", finish if n == last else None)
            for n, turn in enumerate(turns)
        )

    def _verdict(self, row: Row, outcome: str, column: str) -> FoundVerdict:
        written = _plain(value_at(row, column)).strip()
        answer = _ANSWERS.get(written.lower())
        if answer is None:
            raise StudioError(
                f"{row.where}, column '{column}': '{one_line(written, 60)}' is no verdict",
                hint="yes, no, true, false, 1, 0 or empty",
            )
        return FoundVerdict(
            f"imported/{outcome}", outcome, answer, f"the source says {one_line(written, 60) or 'nothing'}"
        )

    def _time(self, row: Row) -> float | None:
        given = self._value(row, "time")
        if given in (None, ""):
            return None
        try:
            moment = (
                datetime.fromtimestamp(float(given), UTC) if _is_number(given) else datetime.fromisoformat(str(given))
            )
        except (ValueError, OverflowError, OSError):
            return None
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        return seconds if 0 < seconds < 32_503_680_000 else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) or (
        isinstance(value, str) and value.replace(".", "", 1).isdigit() and len(value) > 8
    )


def _is_turn(value: Any) -> bool:
    return isinstance(value, Mapping) and (value.get("role") in ("assistant", "model") or "response" in value)


def _plain(value: Any) -> str:
    """A value as text; what is neither text nor number as its JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list | tuple) else str(value)


def _decoded(value: Any) -> Any:
    """A text that is a JSON object or list as what it is; tables hold them so."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "[") and value.rstrip()[-1:] in ("}", "]"):
        try:
            loaded = json.loads(value)
        except (ValueError, RecursionError):
            return value
        if isinstance(loaded, dict) or (
            isinstance(loaded, list) and loaded and all(isinstance(x, dict) for x in loaded)
        ):
            return loaded
    return value


def _reply(given: Any, where: str, reasoning: str, finish: Any) -> Reply:
    """One answer: a text, a message, or a provider's whole response in the shape of OpenAI or Anthropic."""
    if isinstance(given, str):
        return Reply(given, reasoning, _finish(finish), Usage(), "")
    if not isinstance(given, Mapping):
        raise StudioError(f"{where} is neither text nor a known response", f"it is {type(given).__name__}")
    model = _plain(given.get("model"))
    usage = _usage(given.get("usage"))
    message: Any = given
    choices = given.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], Mapping):
        finish = finish or choices[0].get("finish_reason")
        message = choices[0].get("message", choices[0])
    finish = finish or given.get("stop_reason") or given.get("finish_reason")
    content = message.get("content", message.get("text", message.get("response", message.get("completion"))))
    texts, thoughts = _parts(content)
    thoughts = reasoning or _plain(message.get("reasoning_content") or message.get("reasoning") or "") or thoughts
    refusal = message.get("refusal")
    if content is None and not refusal and not thoughts:
        raise StudioError(f"{where}: there is no text in it", f"fields: {', '.join(map(str, list(given)[:12]))}")
    return Reply(
        texts or _plain(refusal), thoughts, "refusal" if refusal and not texts else _finish(finish), usage, model
    )


def _parts(content: Any) -> tuple[str, str]:
    """(text, reasoning) of content: text, or a list of parts."""
    if not isinstance(content, list):
        return _plain(content), ""
    texts = [
        _plain(p.get("text")) for p in content if isinstance(p, Mapping) and p.get("type") in ("text", "output_text")
    ]
    texts += [part for part in content if isinstance(part, str)]
    thoughts = [
        _plain(p.get("thinking") or p.get("reasoning"))
        for p in content
        if isinstance(p, Mapping) and p.get("type") in ("thinking", "reasoning")
    ]
    return "\n".join(texts), "\n".join(thoughts)


def _finish(given: Any) -> Finish:
    return _FINISHES.get(_plain(given).lower(), "stop")


def _usage(given: Any) -> Usage:
    if not isinstance(given, Mapping):
        return Usage()
    read, written = (
        given.get(a, given.get(b))
        for a, b in (("input_tokens", "prompt_tokens"), ("output_tokens", "completion_tokens"))
    )
    return Usage(_count(read), _count(written))


def _count(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value < 2**40 else 0
