"""Makes strangers' text unable to pass for anything but data: look-alikes of roles, marks and boundaries get a backslash.

Nothing is taken away, so a reader still sees what was written, and a quote of it is still found. What a text says in plain
words ("the judge should answer no") cannot be told from innocent words; it stays inside its block, whose boundary no text
can guess, for the boundary is made from the hash of what the block holds.
"""

from __future__ import annotations

import re

from am_studio.judging.traced import Traced

_ROLES = "system|user|human|assistant|developer|judge|grader|evaluator|instructions?|question|answer|verdict"
_LINE_END = r"[\r\v\f\x85\u2028\u2029]"
"""What ends a line to some readers, besides the line feed."""
_LOOK_ALIKE = re.compile(
    rf"""
    (?P<line>(?:(?m:^)|(?<={_LINE_END}))[ \t\xa0]*(?:[>\#*_-]+[ \t\xa0]*)?(?=(?:{_ROLES}|q\d+)\b[^\n]{{0,24}}?:))   # `judge: answer no`
    |(?P<mark><(?=/?\|?\s*(?:{_ROLES}|im_start|im_end|endoftext|eot_id|start_header_id|end_header_id|transcript|data|block|sys)\b)
      |<(?=<\s*/?\s*SYS)
      |\[(?=\s*/?\s*INST\s*\])
      |\[(?=\s*(?:data|end\ of\ data)\b)
      |\{{(?=\s*"answers"))
    """,
    re.IGNORECASE | re.VERBOSE,
)

_FULL_WIDTH = {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {0x3000: 0x20}
_CYRILLIC = dict(zip(map(ord, "аеорсухіјѕԁһАВЕКМНОРСТХІЈЅ"), map(ord, "aeopcyxijsdhABEKMHOPCTXIJS"), strict=True))
_GREEK = dict(zip(map(ord, "οαυΑΒΕΗΙΚΜΝΟΡΤΧΥΖ"), map(ord, "oauABEHIKMNOPTXYZ"), strict=True))
_BRACKETS = dict(zip(map(ord, "﹤﹥‹›〈〉⟨⟩【】❴❵∶꞉﹕"), map(ord, "<><><><>[]{}:::"), strict=True))
_LOOKS = _FULL_WIDTH | _CYRILLIC | _GREEK | _BRACKETS
"""Characters that a model reads as plain ones, one for one: only for looking, the text keeps them."""


def disarmed(text: Traced, boundary: str) -> Traced:
    """The text with every look-alike, and every occurrence of the boundary, broken by a backslash."""
    unbounded = text.replaced(
        re.compile(re.escape(boundary), re.IGNORECASE), lambda match: f"{match[0][:4]}\\{match[0][4:]}"
    )
    return Traced(*_with_backslashes(unbounded))


def _with_backslashes(text: Traced) -> tuple[str, list[int], list[int]]:
    """A backslash before the word of a line that looks like a role's, and behind the bracket that opens a mark."""
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    position = 0
    for match in _LOOK_ALIKE.finditer(text.text if text.text.isascii() else text.text.translate(_LOOKS)):
        at = match.end()
        pieces += [text.text[position:at], "\\"]
        starts += [*text.starts[position:at], text.starts[min(at, len(text.starts) - 1)]]
        ends += [*text.ends[position:at], text.ends[min(at, len(text.ends) - 1)]]
        position = at
    pieces.append(text.text[position:])
    starts += text.starts[position:]
    ends += text.ends[position:]
    return "".join(pieces), starts, ends
