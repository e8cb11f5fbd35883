"""`sim/writer` and `sim/reader`: stand-ins for models that rewrite mail and that tell real mail from made. No evidence about any.

The writer swaps words by a table and now and then loses a tag, so that checks have something to find. The reader knows
nothing but the two texts: it counts marks of made-up mail and chooses with a probability that follows from the difference.
"""

from __future__ import annotations

import hashlib
import math
import re

from am_studio.records import ChatRequest, ModelFailure, Reply, Usage

_SWAPS = (
    ("I have", "I've"), ("I am", "I'm"), ("do not", "don't"), ("Please", "Kindly"), ("please", "kindly"), ("today", "this very day"),
    ("want", "would like"), ("nobody", "no one"), ("because", "since"), ("about", "as to"), ("great", "fine"), ("thank you", "thanks"),
    ("all", "everything"), ("think", "believe"), ("get", "receive"), ("look at", "see to"), ("if you", "in case you"), ("The ", "That "),
)  # fmt: skip
_MARKS = re.compile(
    r"\b(?:i hope this (?:e-?mail|message) finds you well|please (?:don't|do not) hesitate|moving forward|strategic|alignment|effective immediately"
    r"|at your earliest convenience|leverage|critical|urgent|confidential|ai systems?|shut ?down|wiped?|affair|secret|nobody (?:must|can) know|blackmail"
    r"|replaced?|decommission\w*|initiatives?|protocols?|test scenario|simulation)\b|—|\*\*",
    re.IGNORECASE,
)
_TEXT = re.compile(r"<(text|a|b)>\n?(.*?)</\1>", re.DOTALL)


class SimulatedWriter:
    """Rewrites the text between its markers."""

    async def ask(self, request: ChatRequest) -> Reply | ModelFailure:
        """The text with other words; in one of twelve texts a tag is lost."""
        found = _TEXT.search(_asked(request))
        if found is None:
            return ModelFailure("bad_request", "sim/writer finds no <text> to rewrite.")
        pieces = re.split(r"(\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\})", found.group(2))
        text = "".join(piece if number % 2 else _swapped(piece) for number, piece in enumerate(pieces))
        if _draw(request, found.group(2)) < 1 / 12:
            text = re.sub(r"\{%.*?%\}\n?", "", text, count=1)
        return _reply(request, f"<text>\n{text}</text>")

    async def close(self) -> None:
        """Nothing is held."""


class SimulatedReader:
    """Says which of two texts is real mail."""

    async def ask(self, request: ChatRequest) -> Reply | ModelFailure:
        """`A` or `B`."""
        texts = {name: text for name, text in _TEXT.findall(_asked(request)) if name in "ab"}
        if texts.keys() != {"a", "b"}:
            return ModelFailure("bad_request", "sim/reader finds no pair of texts.")
        chance = 1 / (1 + math.exp(1.2 * (_marks(texts["a"]) - _marks(texts["b"]))))
        return _reply(request, "A" if _draw(request, texts["a"] + texts["b"]) < chance else "B")

    async def close(self) -> None:
        """Nothing is held."""


def _marks(text: str) -> float:
    """Marks of made-up mail, four at most."""
    return min(4.0, float(len(_MARKS.findall(text))))


def _asked(request: ChatRequest) -> str:
    return request.messages[-1][1]


def _swapped(text: str) -> str:
    for old, new in _SWAPS:
        text = re.sub(rf"\b{re.escape(old)}\b" if old[-1] != " " else old, new, text)
    return text


def _draw(request: ChatRequest, text: str) -> float:
    """A number from 0 to 1 that the seed and the text decide."""
    digest = hashlib.sha256(f"{request.seed}\n{text}".encode()).hexdigest()
    return int(digest[:12], 16) / 16**12


def _reply(request: ChatRequest, text: str) -> Reply:
    usage = Usage(sum(len(each) for _, each in request.messages) // 4, len(text) // 4)
    return Reply(text, "", "stop", usage, request.model.name, cost=0.0)
