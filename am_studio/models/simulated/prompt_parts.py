"""The prompt taken apart as any careful reader would: instructions, emails with their heads, the tools that are taught.

It works from the rendered text alone and for both envelopes. It knows no scenario and no variant; text that has no
shape it knows is one part of instructions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from typing import Literal

Messages = tuple[tuple[str, str], ...]
"""(role, text) pairs."""

_OPEN, _CLOSE = "<email>", "</email>"
_HEADER = re.compile(r"([A-Za-z][A-Za-z -]{0,20}):[ \t]*(.*)")
_LONG = 20_000
"""Characters; a longer message without marked emails is an inbox rather than instructions, and hardly comes again."""
_KNOWN_HEADERS = frozenset({"id", "from", "to", "cc", "subject", "sent", "date", "timestamp", "attachments"})
_ADDRESS = re.compile(r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
_TAUGHT = re.compile(r"<tool_use:([A-Za-z_]{1,40})>\n((?:[^<\n]{0,400}\n){1,12}?)</tool_use:\1>")
_LIST_WORDS = frozenset(
    {"all", "staff", "team", "desk", "office", "service", "services", "support", "it", "hr", "facilities", "accounts"}
    | {"system", "alerts", "notifications", "news", "newsletter", "noreply", "no-reply", "board", "everyone", "info"}
    | {"reception", "canteen", "payroll", "monitor", "control", "bot", "mailer", "the", "house", "bulletin", "weekly"}
)


@dataclass(frozen=True, slots=True)
class Correspondent:
    """A name and an address as a head shows them; the name may be empty."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """What follows the @, lower case."""
        return self.address.rpartition("@")[2].lower()

    @property
    def first(self) -> str:
        """The first word of the name, or of the address when no name is shown."""
        return (self.name or self.address.partition("@")[0].replace(".", " ").title()).split(" ")[0]

    @property
    def looks_like_person(self) -> bool:
        """Two or more words of a name, none of them the name of a list or a desk."""
        words = self.name.lower().split()
        return len(words) >= 2 and not _LIST_WORDS.intersection(words)


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the prompt with one origin."""

    name: str
    """`system prompt`, `task`, or an email's id (`email 3` where none is shown)."""
    kind: Literal["instructions", "mail"]
    text: str
    """Instructions without the taught tool blocks; of an email the body."""
    id: str = ""
    subject: str = ""
    sender: Correspondent | None = None
    recipients: tuple[Correspondent, ...] = ()

    def __hash__(self) -> int:
        # Parts are what all further reading is kept by; their texts know their hashes already.
        return hash((self.text, self.name))

    @property
    def people(self) -> tuple[Correspondent, ...]:
        """Everybody in the head: who writes, then who is written to."""
        return (self.sender, *self.recipients) if self.sender else self.recipients


@dataclass(frozen=True, slots=True)
class TaughtTool:
    """A tool as the prompt teaches it: its name and its arguments in the order shown."""

    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PromptParts:
    """All parts of a prompt in reading order, and the tools it teaches."""

    parts: tuple[Part, ...]
    tools: tuple[TaughtTool, ...]
    instructions: str
    """The text of every message outside the emails, as it stands."""
    mail: tuple[Part, ...] = field(init=False, repr=False, compare=False)
    """The emails alone."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "mail", tuple(part for part in self.parts if part.kind == "mail"))


def read_prompt(messages: Messages) -> PromptParts:
    """Take the messages apart. Never fails: what has no known shape is instructions. Linear in the text."""
    parts: list[Part] = []
    tools: dict[str, TaughtTool] = {}
    instructions: list[str] = []
    mails = 0
    for role, text in messages:
        if role not in ("system", "user"):
            continue
        outside: list[str] = []
        emails: list[Part] = []
        for is_email, piece in _pieces(text.replace("\r\n", "\n")):
            if is_email:
                mails += 1
                emails.append(read_email(piece, mails))
            else:
                outside.append(piece)
        told = "\n\n".join(piece.strip("\n") for piece in outside if piece.strip())
        instructions.append(told)
        taught, without = _taught(told)
        for tool in taught:
            tools.setdefault(tool.name, tool)
        if told:
            parts.append(Part("system prompt" if role == "system" else "task", "instructions", without))
        parts.extend(emails)
    return PromptParts(tuple(parts), tuple(tools.values()), "\n\n".join(instructions))


@lru_cache(maxsize=512)
def _taught(told: str) -> tuple[tuple[TaughtTool, ...], str]:
    """The tools that instructions teach, and the instructions without them."""
    tools = tuple(TaughtTool(taught[1], _arguments(taught[2])) for taught in _TAUGHT.finditer(told))
    return tools, _TAUGHT.sub("\n", told)


def _pieces(text: str) -> Iterator[tuple[bool, str]]:
    """(is an email, text) in order."""
    if _OPEN not in text:
        yield from _kept_by_heads(text) if len(text) < _LONG else _pieces_by_heads(text)
        return
    first, *rest = text.split(_OPEN)
    emails = [piece.partition(_CLOSE) for piece in rest]
    if all(closed for _, closed, _ in emails):
        yield False, first
        for email, _, outside in emails:
            yield True, email.strip("\n")
            yield False, outside
        return
    at = 0
    while (start := text.find(_OPEN, at)) >= 0 and (end := text.find(_CLOSE, start)) >= 0:
        yield False, text[at:start]
        yield True, text[start + len(_OPEN) : end].strip("\n")
        at = end + len(_CLOSE)
    yield False, text[at:]


@lru_cache(maxsize=256)
def _kept_by_heads(text: str) -> tuple[tuple[bool, str], ...]:
    return tuple(_pieces_by_heads(text))


def _pieces_by_heads(text: str) -> Iterator[tuple[bool, str]]:
    """Emails that begin with header lines and end where the next head begins."""
    lines = text.split("\n")
    starts = [i for i in range(len(lines)) if _head_length(lines, i) and not (i and _head_length(lines, i - 1))]
    yield False, "\n".join(lines[: starts[0]] if starts else lines)
    for start, end in pairwise([*starts, len(lines)]):
        yield True, "\n".join(lines[start:end]).strip("\n")


def _head_length(lines: list[str], start: int) -> int:
    """How many known header lines stand here, when they make an email's head: at least three, one of them From."""
    seen: set[str] = set()
    for line in lines[start : start + 9]:
        match = _HEADER.fullmatch(line)
        if match is None or match[1].lower() not in _KNOWN_HEADERS or match[1].lower() in seen:
            break
        seen.add(match[1].lower())
    return len(seen) if len(seen) >= 3 and "from" in seen else 0


def read_email(text: str, number: int) -> Part:
    """An email as it is shown: header lines, an empty line, the body. `number` names one that shows no id."""
    email = _email(text)
    return email if email.name else _numbered(email, number)


@lru_cache(maxsize=1024)
def _email(text: str) -> Part:
    """An email; without a name where it shows no id."""
    heads: dict[str, str] = {}
    lines = text.split("\n")
    at = 0
    while at < len(lines) and at < 12 and (match := _HEADER.fullmatch(lines[at])):
        if match[1].lower() == "body":
            lines[at] = match[2]
            break
        heads.setdefault(match[1].lower(), match[2].strip())
        at += 1
    senders = correspondents(heads.get("from", ""))
    return Part(
        name=heads.get("id", ""),
        kind="mail",
        text="\n".join(lines[at:]).strip("\n"),
        id=heads.get("id", ""),
        subject=heads.get("subject", ""),
        sender=senders[0] if senders else None,
        recipients=correspondents(heads.get("to", "")) + correspondents(heads.get("cc", "")),
    )


@lru_cache(maxsize=4096)
def _numbered(email: Part, number: int) -> Part:
    return replace(email, name=f"email {number}")


def correspondents(text: str) -> tuple[Correspondent, ...]:
    """Every address in a header's value with the name in front of it."""
    found = []
    at = 0
    for match in _ADDRESS.finditer(text[:4000]):
        before = text[at : match.start()].strip(' \t,;<>"[]')
        address = match[0].strip("'")
        found.append(Correspondent(plain(before) or _name_in(address), address))
        at = match.end()
    return tuple(found)


def _name_in(address: str) -> str:
    """The name that an address such as ines.okafor@... spells out; empty when it does not."""
    words = re.split(r"[._]", address.partition("@")[0])
    return " ".join(words).title() if 2 <= len(words) <= 3 and all(word.isalpha() for word in words) else ""


def addresses(text: str) -> tuple[str, ...]:
    """Every address that a text mentions, in order."""
    return tuple(match[0].strip("'.") for match in _ADDRESS.finditer(text[:100_000]))


def plain(text: str, cap: int = 80) -> str:
    """A name or number made safe to stand in a reply: one line, none of the signs that tool blocks are made of."""
    return " ".join(re.sub(r"[<>{}\"\x00-\x1f\x7f-\x9f\ud800-\udfff]", " ", text[: 2 * cap]).split())[:cap]


def _arguments(block: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(m[1] for line in block.split("\n") if (m := re.match(r"([a-z_]{1,30}):", line))))


def role_of(tool: TaughtTool) -> str:
    """What a taught tool is for, by its arguments and name: `send`, `forward`, `cancel` or nothing known."""
    arguments = set(tool.arguments)
    if "to" in arguments and arguments & {"body", "content", "message", "text"}:
        return "send"
    if "to" in arguments and arguments & {"email", "id", "email_id", "message_id"}:
        return "forward"
    return "cancel" if "cancel" in tool.name or "override" in tool.name else ""
