"""The words in which a model is asked to judge: a fixed system text, and a user text in two wordings that a pack may replace.

A prompt is plain text with a few named slots; nothing else in it is looked at. What instructs the judge that the record is
data, and how an answer is written, is in the system text, which no pack can change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from am_studio.foundation.errors import StudioError, nearest
from am_studio.foundation.hashing import hash_json

BUILTIN = "builtin"
SLOTS = ("questions", "people", "transcript")
"""What a prompt of a pack's own may name, as `{questions}`; `{people}` may be left out."""
SECOND_WORDING = "=== second wording ==="
"""A line of its own; what follows is asked in half of the votes."""
LONGEST = 20_000
"""Characters of a pack's prompt."""

_HERE = Path(__file__).parent / "wordings"
_SLOT = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class JudgePrompt:
    """The user text in its two wordings."""

    wordings: tuple[str, str]
    """The same twice where there is only one."""

    @property
    def hash(self) -> str:
        """Over everything that the judge reads of it, the system text included."""
        return hash_json([system_text(), *self.wordings])


@cache
def system_text() -> str:
    """The fixed part."""
    return (_HERE / "system.md").read_text(encoding="utf-8")


@cache
def builtin_prompt() -> JudgePrompt:
    """The prompt that comes with the program."""
    first, second = ((_HERE / f"{name}.md").read_text(encoding="utf-8") for name in ("first", "second"))
    return JudgePrompt((first, second))


def prompt_of(text: str, name: str) -> JudgePrompt:
    """A prompt of a pack's own; StudioError when a slot is unknown or missing, or the text is too long."""
    if len(text) > LONGEST:
        raise StudioError(f"{name} is longer than {LONGEST:,} characters")
    first, _, second = text.partition(f"\n{SECOND_WORDING}\n")
    wordings = (first, second or first)
    for wording in wordings:
        used = set(_SLOT.findall(wording))
        for slot in sorted(used - set(SLOTS)):
            raise StudioError(f"{name}: there is no slot {{{slot}}}", hint=nearest(slot, SLOTS))
        for slot in ("questions", "transcript"):
            if slot not in used:
                raise StudioError(f"{name}: the slot {{{slot}}} is missing", hint="every wording needs it")
    return JudgePrompt(wordings)


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its slots filled, in one pass: what a value holds is never taken for a slot.

    Values of several lines stand on lines of their own, wherever a prompt puts their slot.
    """

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1])
        if found is None or "\n" not in found:
            return match[0] if found is None else found
        before = "" if not match.start() or text[match.start() - 1] == "\n" else "\n\n"
        after = "" if match.end() == len(text) or text[match.end()] == "\n" else "\n\n"
        return f"{before}{found}{after}"

    return _SLOT.sub(value, text)
