"""What a subject wrote, from a file or a pipe: one reply as text or JSON, or a whole conversation in the OpenAI chat format.

Of a conversation the assistant's messages count; what a mail client answered is worked out again from them. A file that is
no JSON of these forms is the text of one reply, whatever it holds.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast, get_args

from am_studio.foundation.errors import StudioError
from am_studio.records import Finish, ModelFailure, Reply, Transcript, Usage

_CAP = 8 * 1024 * 1024


def read_transcript_file(name: str) -> Transcript:
    """The transcript that a file holds (`-`: standard input); StudioError when it cannot be read or is no transcript."""
    text = _read(name)
    given = _json(text)
    if isinstance(given, dict) and isinstance(given.get("messages"), list):
        given = given["messages"]
    if isinstance(given, list) and given and all(map(_is_message, given)):
        replies = tuple(
            _message(message, f"{name}: message {number}")
            for number, message in enumerate(given, start=1)
            if "choices" in message or message.get("role") == "assistant"
        )
        if not replies:
            raise StudioError(
                f"{name} holds no message of the assistant", hint='a subject speaks as "role": "assistant"'
            )
        return Transcript(replies)
    if isinstance(given, dict) and ("choices" in given or given.get("role") == "assistant"):
        return Transcript((_message(given, name),))
    if isinstance(given, dict) and ("response" in given or "text" in given):
        return Transcript((_reply(given, name),))
    return Transcript((Reply(text, "", "stop", Usage(), ""),))


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
        raise StudioError(f"{name} is larger than {_CAP:,} bytes", hint="a transcript is far smaller")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StudioError(f"{name} is not UTF-8 text", f"byte {error.start}: {error.reason}") from error


def _json(text: str) -> Any:
    """What the text is as JSON; None when it is none."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _is_message(given: Any) -> bool:
    return isinstance(given, dict) and (isinstance(given.get("role"), str) or isinstance(given.get("choices"), list))


def _message(given: Mapping[str, Any], where: str) -> Reply:
    """The reply in an assistant's message, or in a whole answer of a provider."""
    from am_studio.models.openai_format import reply_of

    if "choices" not in given:
        if not given.get("content") and not given.get("tool_calls") and not given.get("refusal"):
            return Reply("", "", "stop", Usage(), "")
        given = {"choices": [{"message": given, "finish_reason": given.get("finish_reason")}]}
    reply = reply_of(given, lambda _: None)
    if isinstance(reply, ModelFailure):
        raise StudioError(
            f"{where} cannot be read", reply.message, 'calls look like {"function": {"name": ..., "arguments": ...}}'
        )
    return reply


def _reply(given: Mapping[str, Any], name: str) -> Reply:
    """One reply as an object of its own."""
    response, reasoning, finish = given.get("response", given.get("text")), given.get("reasoning"), given.get("finish")
    reasoning, finish = reasoning or "", finish or "stop"
    if not isinstance(response, str) or not isinstance(reasoning, str):
        raise StudioError(f"{name}: `response` and `reasoning` must be text")
    if finish not in get_args(Finish):
        raise StudioError(f"{name}: unknown finish '{finish}'", hint="known: " + ", ".join(get_args(Finish)))
    return Reply(response, reasoning, cast("Finish", finish), Usage(), "")
