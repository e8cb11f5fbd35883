"""A raw reply taken apart: reasoning, what was said, and tool calls, each with its place in the raw text.

The parts tile the reply, so joining them gives back exactly what came from the model. A call here is what the reply
spells, no more: whether the tool exists, is offered, or needs approval is not known here. It never fails on any text.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Literal

from am_studio.records import ReplyProblem
from am_studio.trials.arguments import read_block
from am_studio.trials.disowning import disowned
from am_studio.trials.grammar import Argument, tool_name
from am_studio.trials.layout import lay_out

_MOST_TOLD = 20
"""Of one reply, so many blocks that are no calls are told of."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One tool call, as spelled."""

    tool: str
    """The tool's name, aliases resolved; not necessarily a tool that exists."""
    arguments: tuple[Argument, ...]
    start: int
    end: int
    """The block in the raw text, its tags included."""

    def get(self, name: str) -> str:
        """The value of an argument (several of one name joined by commas), or the empty string."""
        return ", ".join(argument.value for argument in self.arguments if argument.name == name)


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the raw reply. `cut` is a call that was opened and never closed, so never made."""

    kind: Literal["reasoning", "visible", "call", "cut"]
    start: int
    end: int
    inner_start: int
    inner_end: int
    """The stretch without its tags."""
    call: ToolCall | None = None


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """A reply read."""

    raw: str
    native_reasoning: str
    parts: tuple[Part, ...]
    """In order; together they are `raw`."""
    problems: tuple[ReplyProblem, ...] = ()

    def serialise(self) -> str:
        """The raw reply again, from its parts."""
        return "".join(self.raw[part.start : part.end] for part in self.parts)

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The calls that were made, in order."""
        return tuple(part.call for part in self.parts if part.call is not None)

    @property
    def reasoning(self) -> str:
        """Native reasoning and every reasoning part of the text, without the tags, separated by blank lines."""
        return _joined([self.native_reasoning, *self._texts("reasoning")])

    @property
    def visible(self) -> str:
        """What was said outside reasoning and calls, separated by blank lines."""
        return _joined(self._texts("visible"))

    @property
    def ends_in_call(self) -> bool:
        """Whether the reply breaks off inside a call."""
        return bool(self.parts) and self.parts[-1].kind == "cut"

    def _texts(self, kind: str) -> list[str]:
        return [self.raw[part.inner_start : part.inner_end] for part in self.parts if part.kind == kind]


@lru_cache(maxsize=8)  # who judges a reply or quotes it has it read again, right after it was read
def parse_reply(text: str, native_reasoning: str = "", *, blocks: bool = True) -> ParsedReply:
    """Take a reply apart. Linear in its length; raises nothing on any text.

    Without `blocks`, as where functions are called natively, a block is something that was said, and a problem tells of it.
    What is inside reasoning is never a call, nor is a block in a Markdown quote, in an inline code span, without a
    closing tag, or inside another block, nor one in tags for examples (`<example>`), in a comment, or right beside words
    that say that it is not sent. A block in a code fence is a call: models fence the calls they mean.
    """
    regions, problems = lay_out(text)
    if not blocks:
        said = [region for region in regions if region.kind != "reasoning"]
        regions = tuple(region for region in regions if region.kind == "reasoning")
        problems += tuple(
            ReplyProblem(
                "text-here", f"the block '{region.name[:64]}' at character {region.start} is text here, and no call"
            )
            for region in said[:_MOST_TOLD]
        )
    else:
        taken_back = disowned(text, regions)
        problems += tuple(
            ReplyProblem("taken-back", f"the block at character {start} is no call: {why}")
            for start, why in islice(taken_back.items(), _MOST_TOLD)
        )
        regions = tuple(region for region in regions if region.start not in taken_back)
    parts: list[Part] = []
    position = 0
    for region in regions:
        if region.start > position:
            parts.append(Part("visible", position, region.start, position, region.start))
        call = None
        if region.kind == "call":
            tool = tool_name(region.name)
            arguments = read_block(text, region, tool)
            call = ToolCall(tool, arguments, region.start, region.end)
        parts.append(Part(region.kind, region.start, region.end, region.inner_start, region.inner_end, call))
        position = region.end
    if position < len(text):
        parts.append(Part("visible", position, len(text), position, len(text)))
    return ParsedReply(text, native_reasoning, tuple(parts), problems)


def _joined(texts: list[str]) -> str:
    return "\n\n".join(stripped for text in texts if (stripped := text.strip()))
