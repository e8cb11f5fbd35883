"""A prompt as others store it, read into system and user text: plain text, or chat JSON in the shape of OpenAI or Anthropic.

Reads text alone; a picture or any other part is named among the notes and left out. Refuses what holds no message at all,
and JSON that is no chat, with the place of what is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from am_studio.foundation.errors import StudioError

MOST_MESSAGES = 10_000


@dataclass(frozen=True, slots=True)
class Chat:
    """The messages of a prompt, as (role, text) pairs."""

    messages: tuple[tuple[str, str], ...]
    shape: str
    """What it was read as: `text`, `OpenAI chat JSON`, `Anthropic chat JSON`."""
    notes: tuple[str, ...] = ()
    """What of it could not be kept, a sentence each."""

    @property
    def system(self) -> str:
        """The system text; several joined by a blank line."""
        return "\n\n".join(text for role, text in self.messages if role == "system")

    @property
    def user(self) -> str:
        """What the user says before the first answer; several joined by a blank line."""
        return "\n\n".join(text for role, text in self.messages if role == "user")


def read_chat(text: str, name: str) -> Chat:
    """The prompt in this text; `name` is what errors call it.

    Plain text is one user message, or a system prompt and a user message where a line of `---`, or a line such as `System:`
    and one such as `User:`, parts them. StudioError when it is empty, or JSON that is no chat.
    """
    if not text.strip():
        raise StudioError(f"{name} is empty")
    if text.lstrip()[:1] in ("{", "["):
        try:
            given = json.loads(text)
        except RecursionError:
            raise StudioError(f"{name} is JSON that is nested too deeply") from None
        except ValueError as error:
            if text.lstrip().startswith("{") and '"' in text[:200]:
                raise StudioError(f"{name} is not whole JSON", str(error)) from error
        else:
            return chat_of(given, name)
    return _plain(text)


def chat_of(given: Any, name: str) -> Chat:
    """The prompt in decoded JSON: a list of messages, or an object with `messages` and perhaps `system`."""
    notes: list[str] = []
    messages: list[tuple[str, str]] = []
    shape = "OpenAI chat JSON"
    listed = given
    if isinstance(given, Mapping):
        listed = given.get("messages", given.get("input"))
        for key in ("system", "instructions"):
            if given.get(key):
                shape = "Anthropic chat JSON" if key == "system" else "OpenAI responses JSON"
                messages.append(("system", _content(given[key], f"{name}: {key}", notes)))
    if isinstance(listed, str):
        listed = [{"role": "user", "content": listed}]
    if not isinstance(listed, list):
        raise StudioError(
            f"{name} holds no chat", "there is no list `messages`", "see `am-studio import prompt --help`"
        )
    if len(listed) > MOST_MESSAGES:
        raise StudioError(f"{name} has more than {MOST_MESSAGES:,} messages")
    for number, message in enumerate(listed, start=1):
        where = f"{name}: message {number}"
        if not isinstance(message, Mapping) or not isinstance(message.get("role"), str):
            raise StudioError(f"{where} has no `role`", "a message is {role: ..., content: ...}")
        role = {"developer": "system", "human": "user", "model": "assistant"}.get(message["role"], message["role"])
        if role not in ("system", "user"):
            notes.append(f"What follows from message {number} on ({role}) is no prompt, and is left out.")
            break
        messages.append((role, _content(message.get("content"), where, notes)))
    kept = tuple((role, text) for role, text in messages if text)
    if not kept:
        raise StudioError(f"{name} holds no text", "every message is empty")
    return Chat(kept, shape, tuple(dict.fromkeys(notes)))


def _content(content: Any, where: str, notes: list[str]) -> str:
    """The text of a message: as it stands, or its text parts one after the other."""
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        raise StudioError(f"{where}: its content is neither text nor a list of parts")
    texts = []
    for part in content:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, Mapping) and isinstance(part.get("text"), str):
            texts.append(part["text"])
        else:
            kind = str(part.get("type", "unknown"))[:40] if isinstance(part, Mapping) else type(part).__name__
            notes.append(f"{where}: a part that is no text ({kind}) is left out.")
    if len(texts) > 1:
        notes.append(f"{where}: {len(texts)} text parts became one text.")
    return "".join(texts)


def _plain(text: str) -> Chat:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    heads = [number for number, line in enumerate(lines) if _speaker(line)]
    if heads and not any(line.strip() for line in lines[: heads[0]]) and len({_speaker(lines[n]) for n in heads}) > 1:
        ends = [*heads[1:], len(lines)]
        told = [
            (_speaker(lines[head]), "\n".join(lines[head + 1 : end]).strip("\n"))
            for head, end in zip(heads, ends, strict=True)
        ]
        kept = tuple((role, said) for role, said in told if role in ("system", "user") and said)
        if kept:
            return Chat(kept, "text")
    cut = next((number for number, line in enumerate(lines) if line.strip() == "---"), 0)
    if cut and any(line.strip() for line in lines[cut + 1 :]) and lines[0].strip() != "---":
        system, user = "\n".join(lines[:cut]).strip("\n"), "\n".join(lines[cut + 1 :]).strip("\n")
        return Chat((("system", system), ("user", user)), "text", ("The line `---` parts system prompt and task.",))
    return Chat((("user", text),), "text", ("There is no system prompt in it.",))


def _speaker(line: str) -> str:
    """The role that a line alone announces, such as `System:` or `## User`; else nothing."""
    word = line.strip().strip("#*[]<>: ").lower().removesuffix(" prompt").removesuffix(" message")
    if len(line) > 40 or not line.strip() or line.strip()[0].islower():
        return ""
    marked = line.strip().endswith(":") or line.strip()[0] in "#*[<"
    return word if marked and word in ("system", "user", "assistant") else ""
