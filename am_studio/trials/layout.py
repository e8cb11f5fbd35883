"""Where a reply's reasoning and its tool-call blocks stand: the first of the two steps that read a reply.

One pass from left to right, linear in the length of the reply. What opens first owns what is inside it: a block inside
reasoning is a thought, a reasoning tag inside a block that closes is text of the email. It looks at tags alone: it
does not know what a call says, and it never guesses where a tag that is missing would have stood.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from am_studio.records import ReplyProblem, ReplyProblemKind
from am_studio.trials.tags import ANY_CLOSER, CLOSERS, NAME_ATTRIBUTE, OPENERS, SQUARE, TAG, TOOL_TAG

RegionKind = Literal["reasoning", "call", "cut"]


class Region(NamedTuple):
    """A stretch of a reply that is not plain visible text; offsets in characters, ends exclusive."""

    kind: RegionKind
    """`cut`: a block that has arguments and was never closed, or what was left unread."""
    start: int
    end: int
    inner_start: int
    inner_end: int
    """What stands between the tags."""
    name: str
    """The tool as it was written, or the reasoning tag in lower case."""
    attributes: tuple[int, int] = (0, 0)
    """Where the opening tag's attributes stand, which some models put arguments in; equal: it has none."""


class _Open(NamedTuple):
    start: int
    end: int
    name: str
    attributes: tuple[int, int]


_MARKDOWN_QUOTE = re.compile(r"[ \t]{0,8}>")
_CODE_SPAN_END = re.compile(r"[^`\n]{0,400}`")
_ARGUMENT = re.compile(r"^[ \t\"'“*_{<,-]{0,12}[a-z]\w{0,30}[\"'”*_]{0,3}[ \t]*[:=>：]", re.IGNORECASE | re.MULTILINE)
_MOST_PROBLEMS = 20
_MOST_TAGS = 6_000


def lay_out(text: str) -> tuple[tuple[Region, ...], tuple[ReplyProblem, ...]]:
    """The regions of a reply in order, none overlapping, and what was odd about its tags.

    Reasoning tags: `scratchpad`, `scratchpad_reasoning`, `think`, `thinking`, `thoughts`, `reasoning` and their like, in
    any case, and `[THINK]` in capitals. A reasoning part
    ends at the next closing tag of its own name, else at any closing tag of reasoning, else with the reply. A closing
    tag that nothing opened makes reasoning of everything before it, for some models' templates open it in the prompt.
    Blocks are bracketed like parentheses: a closing tag closes the block opened last, whatever name it carries.
    A tag in a Markdown quote or in an inline code span is a mention, not a call. After 6,000 tags (real replies have
    tens) the rest is left unread and given as `cut`, so that no reply costs more than a tenth of a second.
    """
    reader = _Reader(text)
    reader.read()
    return reader.regions(), tuple(reader.problems)


class _Reader:
    """The state of the one pass."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.problems: list[ReplyProblem] = []
        self._reasoning: list[Region] = []
        self._calls: list[Region] = []
        self._pending: list[_Open] = []
        self._next_tag: dict[int, int] = {}  # start of an opening tag -> start of the block tag that follows it
        self._closed: dict[str, Region] = {}  # the last reasoning part of each name that had both its tags
        self._spare: dict[str, int] = {}  # how many openings of its own name such a part holds inside
        self._no_closer: set[str] = set()
        self._line_is_quote = False
        self._line_mark = 0
        self._mentions = 0
        self._quoted = 0
        self._tags = 0
        self._unread = len(text)
        self._next_block_tag: tuple[int, bool] | None = None  # where it starts, whether it closes

    def read(self) -> None:
        """Go through the reply once."""
        position: int | None = 0
        while position is not None:
            position = self._read_until_reasoning(position)

    def regions(self) -> tuple[Region, ...]:
        """What was found, in order; reasoning inside a block that closed is text of that block."""
        found = [*self._reasoning, *self._calls, *self._cuts()]
        found.sort(key=lambda region: region.start)
        kept: list[Region] = []
        for region in found:
            if kept and region.start < kept[-1].end:
                last = kept[-1]
                if last.kind != "cut":
                    continue
                kept[-1] = last._replace(end=region.start, inner_end=region.start)
            kept.append(region)
        return tuple(kept)

    def _read_until_reasoning(self, position: int) -> int | None:
        for match in TAG.finditer(self.text, position):
            self._tags += 1
            if self._tags > _MOST_TAGS:
                self._unread = match.start()
                return None
            closing = match["close"] or match["square"]
            if match["tool"]:
                name = (match["name"] or "").replace("\\", "")
                if closing:
                    self._close_block(match, name)
                else:
                    self._open_block(match, name or _named(match))
            elif self._is_mention(*match.span()):
                continue
            elif closing:
                self._close_unopened(match, (match["think"] or SQUARE).lower())
            else:
                end = self._open_reasoning(match, (match["think"] or SQUARE).lower())
                if end is not None:
                    return end
        return None

    # Blocks

    def _open_block(self, match: re.Match[str], name: str) -> None:
        if not name:
            return
        start, end = match.span()
        if self._is_quoted(start):
            self._quoted += 1
            return
        if self._after_backtick(start) and _CODE_SPAN_END.match(self.text, end):
            self._mentions += 1
            return
        self._see_block_tag(start)
        attributes = match.span("attributes")
        if match["empty"]:
            self._calls.append(Region("call", start, end, end, end, name, attributes))
        else:
            self._pending.append(_Open(start, end, name, attributes))

    def _close_block(self, match: re.Match[str], name: str) -> None:
        start, end = match.span()
        if self._quoted and self._is_quoted(start):
            self._quoted -= 1
            return
        if (
            self.text.startswith("`", end)
            and not self.text.startswith("``", end)
            and (self._mentions or self._after_backtick(start))
        ):
            self._mentions = max(0, self._mentions - 1)
            return
        if not self._pending:
            self._tell("closes-nothing", "a closing tool_use tag at character {} closes nothing", start)
            return
        self._see_block_tag(start)
        opened = self._pending.pop()
        inside = self._next_tag.pop(opened.start)
        if inside < start and not self._has_arguments(opened, inside):
            return  # a wrapper around whole calls: the calls inside are the calls
        if name and name.lower() != opened.name.lower():
            self._tell(
                "closed-as-another", "the block '{}' at character {} is closed as '{}'", opened.name, opened.start, name
            )
        while self._calls and self._calls[-1].start > opened.start:
            self._calls.pop()
        self._calls.append(Region("call", opened.start, end, opened.end, start, opened.name, opened.attributes))

    def _see_block_tag(self, start: int) -> None:
        if self._pending:
            self._next_tag.setdefault(self._pending[-1].start, start)

    def _cuts(self) -> list[Region]:
        cuts = []
        for opened in self._pending:
            end = self._next_tag.get(opened.start, self._unread)
            if self._has_arguments(opened, end):
                cuts.append(Region("cut", opened.start, end, opened.end, end, opened.name))
                told = "is never closed; the call was cut and counts as not made"
            else:
                told = "is never closed"
            self._tell("never-closed", "the block '{}' at character {} {}", opened.name, opened.start, told)
        if self._unread < len(self.text):
            cuts.append(Region("cut", self._unread, len(self.text), self._unread, len(self.text), ""))
            told = f"more than {_MOST_TAGS} tags; the reply was read up to character {self._unread}"
            self.problems.insert(0, ReplyProblem("too-many-tags", told))
        return cuts

    def _has_arguments(self, opened: _Open, end: int) -> bool:
        inside = self.text[opened.end : end]
        spelled = self.text[slice(*opened.attributes)]
        return (len(inside) > 2 and _ARGUMENT.search(inside) is not None) or spelled.count("=") > 1

    # Reasoning

    def _open_reasoning(self, match: re.Match[str], name: str) -> int | None:
        start, inner = match.span()
        closer = self._find(name, CLOSERS[name], inner) or self._find("", ANY_CLOSER, inner)
        if closer:
            region = Region("reasoning", start, closer.end(), inner, closer.start(), name)
            self._closed[name] = region
            self._spare.pop(name, None)
            end = region.end
        elif self._pending and self._block_closes_next(inner):
            return None
        else:
            end = len(self.text)
            region = Region("reasoning", start, end, inner, end, name)
        self._reasoning.append(region)
        return end

    def _close_unopened(self, match: re.Match[str], name: str) -> None:
        """A closing tag of reasoning that nothing opened."""
        before = self._closed.get(name)
        if before is None:
            self._make_reasoning(Region("reasoning", 0, match.end(), 0, match.start(), name))
            self._tell(
                "never-opened",
                "</{}> at character {} was never opened; all before it was read as reasoning",
                name,
                match.start(),
            )
            return
        if name not in self._spare:
            self._spare[name] = len(OPENERS[name].findall(self.text, before.inner_start, before.inner_end))
        if not self._spare[name]:
            self._tell("closes-nothing", "</{}> at character {} closes nothing", name, match.start())
            return
        spare = self._spare[name] - 1
        merged = before._replace(end=match.end(), inner_end=match.start())
        self._make_reasoning(merged)
        self._closed[name] = merged
        self._spare[name] = spare

    def _make_reasoning(self, region: Region) -> None:
        for found in (self._reasoning, self._calls, self._pending):
            while found and found[-1].start >= region.start:
                found.pop()
        self._closed = {name: part for name, part in self._closed.items() if part.start < region.start}
        self._spare = {name: count for name, count in self._spare.items() if name in self._closed}
        self._reasoning.append(region)

    def _find(self, key: str, pattern: re.Pattern[str], position: int) -> re.Match[str] | None:
        if key in self._no_closer:
            return None
        match = pattern.search(self.text, position)
        if match is None:
            self._no_closer.add(key)  # never searched for again: this keeps the pass linear
        return match

    def _block_closes_next(self, position: int) -> bool:
        found = self._next_block_tag
        if found is None or found[0] < position:
            match = TOOL_TAG.search(self.text, position)
            found = (match.start(), bool(match[1])) if match else (len(self.text), False)
            self._next_block_tag = found
        return found[1]

    # Mentions

    def _is_mention(self, start: int, end: int) -> bool:
        """Whether a tag of reasoning stands in code marks of its own."""
        return self.text.startswith("`", end) and self._after_backtick(start)

    def _after_backtick(self, start: int) -> bool:
        """Whether exactly one backtick stands right before."""
        return start > 0 and self.text[start - 1] == "`" and not self.text.endswith("``", 0, start)

    def _is_quoted(self, start: int) -> bool:
        """Whether the line is a Markdown quote; its start is carried along, no character is searched twice."""
        newline = self.text.rfind("\n", self._line_mark, start)
        if newline >= 0 or not self._line_mark:
            quote = _MARKDOWN_QUOTE.match(self.text, newline + 1, start)
            self._line_is_quote = quote is not None
        self._line_mark = start
        return self._line_is_quote

    def _tell(self, kind: ReplyProblemKind, told: str, *values: object) -> None:
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(ReplyProblem(kind, told.format(*values)))


def _named(match: re.Match[str]) -> str:
    """The tool that an opening tag names in an attribute."""
    found = NAME_ATTRIBUTE.search(match["attributes"])
    return found[1] if found else ""
