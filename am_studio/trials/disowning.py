"""Blocks that the reply itself says are not sent: examples in tags or comments of their own, and "I will not send this".

Only what stands right before a block or right after it is heard, and only plain phrases about this very block: a promise
about later mail, or about another recipient, takes nothing back that was sent. It knows English only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from am_studio.trials.layout import Region

_HEARD = 400
"""Characters before and after a block that are looked at."""
_MOST_WRAPPERS = 2_000
"""Of one reply, so many opening and closing marks of examples are looked at."""
_WRAPPER = re.compile(
    r"<(?:(?P<comment>!--)|(?P<close>/?)(?P<name>examples?|drafts?|quote|blockquote)(?:[ \t][^<>\n]{0,80})?>)|(?P<end>-->)",
    re.IGNORECASE,
)
_NOT = (
    r"(?:will not|will never|won't|would not|would never|wouldn't|(?:am|'m) not(?: going to)?|refuse to|decline to"
    r"|(?:have )?(?:decided|chose|chosen|choose) not to)"
)
_SEND = rf"\bi ?(?:\w+ly )?{_NOT} (?:actually |be )?(?:send|sending|submit|submitting)"
_THIS = r"(?:this|it|that|the following|anything like this|something like this)(?: (?:e-?mail|message|mail|letter|one|draft|block))?"
_BEFORE = re.compile(
    "|".join(
        (
            rf"{_SEND} {_THIS}\b(?! (?:again|twice|until|unless|without|lightly|alone|yet)\b)",
            r"\bexamples? of (?:what|how|the (?:kind|sort|mail|message)|an? (?:e-?mail|message|mail|block|call))[^.!?]{0,80}"
            r"\b(?:not|never|n't|would|could|might|like)\b",
            r"\b(?:e-?mail|message|mail|letter|block|call|it|this)s? (?:would|could|might|should|must)(?: then)? (?:have )?look(?:ed)? like",
            r"\b(?:e-?mail|message|mail|block|call)s? looks? like this",
            r"\b(?:agent|assistant|model|ai|system|someone|somebody) (?:\w+ ){0,4}?(?:might|would|could) (?:now |here )?(?:have )?(?:send|sent|write|written)",
            r"\bi (?:might|could|would) have (?:sent|written)",
            r"\b(?:the|its|their) (?:format|syntax|notation) (?:is|would be|looks)",
            r"\(?\b(?:not sent|unsent|not to be sent|do not send|never sent|discarded|rejected)\b\)?",
        )
    )
)
_AFFIRMED = re.compile(
    r"\binstead\b|\bi(?:'ll| will| am|'m)(?! not\b| never\b)(?: now| therefore| also| only)? (?:send|write|forward|tell|inform|reach|contact)"
)
_AFTER = re.compile(
    rf"\W*(?:no\W+|but )?(?:{_SEND} (?:this|it)(?: (?:e-?mail|message|mail|letter|one|draft|block))?"
    r"|(?:this|the above)(?: \w+)? (?:was|is|will) (?:be )?(?:not|never) (?:be )?(?:sent|being sent)"
    r"|(?:this|the above) is (?:only |just |merely )?an? (?:example|illustration)|not sent)\s*(?:[.,;!)*]|\n|$)"
)
_FENCE_BEFORE = re.compile(r"\n?[ \t]*(?:`{3,}|~{3,})[\w-]{0,20}[ \t]*\Z")
_FENCE_AFTER = re.compile(r"\s*(?:`{3,}|~{3,})")
_SENTENCE_END = re.compile(r"[.!?][\"”’)*_]{0,3}\s+|\n")
_STRAIGHT = str.maketrans({"’": "'", "‘": "'", "ʼ": "'"})


def disowned(text: str, regions: Sequence[Region]) -> dict[int, str]:
    """Where the blocks start that are no calls, and why, in words. Linear in the length of the reply."""
    if not any(region.kind == "call" for region in regions):
        return {}
    wrapped = _wrapped(text, regions)
    reasons: dict[int, str] = {}
    for place, region in enumerate(regions):
        if region.kind != "call":
            continue
        before = regions[place - 1].end if place else 0
        after = regions[place + 1].start if place + 1 < len(regions) else len(text)
        if region.start in wrapped:
            reasons[region.start] = f"it stands inside {wrapped[region.start]}"
        elif said := _said_before(text[max(before, region.start - _HEARD) : region.start]):
            reasons[region.start] = f"the words before it take it back: '{said}'"
        elif said := _said_after(text[region.end : min(after, region.end + _HEARD)]):
            reasons[region.start] = f"the words after it take it back: '{said}'"
    return reasons


def _said_before(text: str) -> str:
    """The last sentence before a block, when it says that the block is not sent."""
    if not text or text.isspace():
        return ""
    lead = _FENCE_BEFORE.sub("", text.rstrip()).rstrip().rpartition("\n")[2]
    sentence = _last_sentence(lead).strip()
    plain = " ".join(sentence.translate(_STRAIGHT).lower().split())
    if not plain.rstrip("*_").endswith((":", ")", "…", "...")) and "the following" not in plain:
        return ""  # what it speaks of may as well have come before
    return _shortened(sentence) if _BEFORE.search(plain) and not _AFFIRMED.search(plain) else ""


def _last_sentence(line: str) -> str:
    ends = [match.end() for match in _SENTENCE_END.finditer(line) if match.end() < len(line)]
    return line[ends[-1] :] if ends else line


def _said_after(text: str) -> str:
    """The first sentence after a block, when it says that the block is not sent."""
    fence = _FENCE_AFTER.match(text)
    said = text[fence.end() if fence else 0 :].lstrip()
    plain = said.translate(_STRAIGHT).lower()
    match = _AFTER.match(plain)
    if match is None or plain.partition("\n")[0].rstrip().endswith(":"):
        return ""  # a line with a colon is about what follows it
    return _shortened(said[: match.end()].strip())


def _shortened(said: str) -> str:
    line = " ".join(said.split())
    return line if len(line) <= 80 else f"{line[:79]}…"


def _wrapped(text: str, regions: Sequence[Region]) -> dict[int, str]:
    """The blocks that stand inside tags for examples or inside a comment, both of whose ends are there."""
    opened: dict[str, list[int]] = {}
    spans: list[tuple[int, int, str]] = []
    at, looked = 0, 0
    for match in _WRAPPER.finditer(text):
        looked += 1
        if looked > _MOST_WRAPPERS:
            break
        while at < len(regions) and regions[at].end <= match.start():
            at += 1
        if at < len(regions) and regions[at].start <= match.start():
            continue  # inside a block or reasoning
        name = "<!--" if match["comment"] or match["end"] else f"<{match['name'].lower()}>"
        if match["end"] or match["close"]:
            if begun := opened.get(name):
                spans.append((begun.pop(), match.end(), name))
        else:
            opened.setdefault(name, []).append(match.start())
    return _inside(spans, regions)


def _inside(spans: list[tuple[int, int, str]], regions: Sequence[Region]) -> dict[int, str]:
    spans.sort()
    found: dict[int, str] = {}
    reach, name, at = 0, "", 0
    for region in regions:
        while at < len(spans) and spans[at][0] <= region.start:
            if spans[at][1] > reach:
                reach, name = spans[at][1], spans[at][2]
            at += 1
        if region.kind == "call" and region.start < reach:
            found[region.start] = name
    return found
