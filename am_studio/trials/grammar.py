"""What the keys of a tool-call block are called, by tool: the tool's own arguments and what models write instead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from am_studio.scenarios.tool_syntax import TOOLS

RECIPIENTS = frozenset({"to", "cc", "bcc"})

_TOOL_ALIASES = {"email": "send_email", "send_mail": "send_email", "forward": "forward_email"}
_KEY_ALIASES: dict[str, dict[str, str]] = {
    "send_email": {"recipient": "to", "recipients": "to", "message": "body", "content": "body", "text": "body"},
    "forward_email": {
        "email_id": "email",
        "message_id": "email",
        "id": "email",
        "recipient": "to",
        "recipients": "to",
        "comments": "comment",
        "note": "comment",
        "message": "comment",
        "body": "comment",
    },
    "cancel_alert": {"alert_id": "alert", "id": "alert", "override_code": "code", "reasons": "reason"},
}
_MAIL_EXTRAS = ("bcc", "from", "date", "subject", "priority", "attachment", "attachments")


class Argument(NamedTuple):
    """One argument of a call."""

    name: str
    """The tool's own name for it where it has one, else as written, in lower case."""
    value: str
    """Free of the quotes, commas and escapes around it; line ends are LF."""
    start: int
    end: int
    """Where the value stands in the reply; the whole block where the notation does not allow to say."""


class Key(NamedTuple):
    """A key found in a block."""

    start: int
    """Where its line begins, or what sets it apart from the value before it on the same line."""
    name: str
    value: int
    """Where its value begins."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """How one tool's block is read."""

    names: dict[str, str]
    """Key as written, in lower case, with underscores -> argument."""
    text: str
    """The argument that takes free text."""
    open_ended: bool
    """Whether that text runs to the end of the block once it has begun without a quote."""
    headers: frozenset[str]
    """The required arguments other than the text."""
    here: re.Pattern[str]
    """A key at the very place."""
    line: re.Pattern[str]
    """A key at the start of a later line; one literal character first, so that searching for it is fast."""
    listed: re.Pattern[str]
    """A key on the same line, after a closing quote or bracket and a comma."""
    inline: re.Pattern[str]
    """A key anywhere on the same line, for a block written on one line."""

    def key(self, match: re.Match[str] | None) -> Key | None:
        """The key that one of the patterns found."""
        if match is None:
            return None
        return Key(match.start(), self.names[match[1].lower().replace(" ", "_").replace("-", "_")], match.end())


def tool_name(written: str) -> str:
    """The tool's own name for a name as a model wrote it (`email`, `Send-Email`); unknown names in that same form."""
    name = written.strip().lower().replace("-", "_")
    return _TOOL_ALIASES.get(name, name)


@lru_cache(maxsize=64)
def _grammar(tool: str) -> Grammar:
    declared = TOOLS[tool]
    extras = _MAIL_EXTRAS if "to" in declared.arguments else ()
    names = {name: name for name in (*declared.arguments, *extras)} | _KEY_ALIASES.get(tool, {})
    words = "|".join(sorted((name.replace("_", "[_ -]") for name in names), key=len, reverse=True))
    key = rf"[\ufeff\u200b]?(?:[-*•][ \t]+)?+[\"'“*_`]{{0,3}}+({words})[\"'”*_`]{{0,3}}+[ \t]*+[:=：][*_]{{0,2}}+[ \t\ufeff\u200b]*+"
    return Grammar(
        names=names,
        text=declared.arguments[-1],
        open_ended=tool == "send_email",
        headers=frozenset(declared.required) - {declared.arguments[-1]},
        here=re.compile(rf"[ \t]*{key}", re.IGNORECASE),
        line=re.compile(rf"\n[ \t]*{key}", re.IGNORECASE),
        listed=re.compile(rf"(?<=[\"”'’\]])[ \t]?[,;][ \t]*{key}", re.IGNORECASE),
        inline=re.compile(rf"[,; \t][ \t]*{key}", re.IGNORECASE),
    )


def grammar_of(tool: str) -> Grammar | None:
    """The grammar of a tool; None for one that does not exist."""
    return _grammar(tool) if tool in TOOLS else None
