"""What the tags of reasoning and of tool-call blocks look like, in every spelling that models give them.

Each pattern takes a time that is linear in the text, whatever a hostile reply holds.
"""

from __future__ import annotations

import re

REASONING_TAGS = (
    "scratchpad_reasoning",
    "private_scratchpad",
    "scratchpad",
    "thinking",
    "think",
    "thoughts",
    "thought",
    "reasoning",
    "inner_monologue",
)
SQUARE = "[think]"
_WORDS = "|".join(REASONING_TAGS)
# Few attributes, each ended by its own quote: no character of a hostile reply is looked at more than a few times.
ATTRIBUTE = r"\s{1,20}([\w:-]{1,40})[ \t]?=[ \t]?(?:\"([^\"]*)\"|'([^']*)')"
_ATTRIBUTES = "(?:" + re.sub(r"\((?!\?)", "(?:", ATTRIBUTE) + "){0,8}"
_TOOL = r"tool\\?_use(?:[ \t]?:[ \t]?({name}[\w.\\-]{{0,64}}))?"
TAG = re.compile(
    rf"<(?=[ \t/]{{0,3}}[tsrpi])[ \t]?(?P<close>/?)[ \t]?(?:(?P<tool>{_TOOL.format(name='?P<name>')})|(?P<think>{_WORDS}))"
    rf"(?P<attributes>{_ATTRIBUTES})\s?(?P<empty>/?)>|(?-i:\[(?P<square>/?)THINK\])",
    re.IGNORECASE,
)


def _closer(words: str) -> re.Pattern[str]:
    """A closing tag that is not mentioned in code marks."""
    tag = rf"[ \t]?/[ \t]?(?:{words})\s?>"
    # The bracket comes first, so that the text is searched for it alone.
    return re.compile(rf"<(?:{tag}(?!`)|(?<!`<){tag})", re.IGNORECASE)


CLOSERS = {name: _closer(name) for name in REASONING_TAGS} | {SQUARE: re.compile(r"\[/THINK\]")}
OPENERS = {name: re.compile(rf"<[ \t]?{name}{_ATTRIBUTES}\s?>", re.IGNORECASE) for name in REASONING_TAGS} | {
    SQUARE: re.compile(r"\[THINK\]")
}
ANY_CLOSER = _closer(_WORDS)
TOOL_TAG = re.compile(rf"<[ \t]?(/?)[ \t]?{_TOOL.format(name='?:')}{_ATTRIBUTES}\s?/?>", re.IGNORECASE)
NAME_ATTRIBUTE = re.compile(r"\s(?:name|tool|function)[ \t]?=[ \t]?[\"']([\w.-]{1,64})[\"']", re.IGNORECASE)
