"""Taking the quotes, commas and escapes off a value as a model wrote it. Refuses to touch what is inside."""

from __future__ import annotations

import html
import re
import textwrap
from functools import lru_cache
from typing import NamedTuple

_CLOSING = {
    '"': '"”“',
    "“": '”"“',
    "„": '“”"',
    "«": "»",
    "'": "'’",
    "‘": "’'",
    "`": "`",
}
_DOUBLED = ('"""', "'''", '""', "''", "““")
_QUOTE = re.compile(r'(?<!\\)["“”„]')
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6})(?:;|\Z)")
_BLOCK_MARKER = re.compile(r"[|>][-+]?[ \t]*\r?\n")
_ESCAPE = re.compile(r"\\([\"'\\/nrt])")
_ESCAPED = {"n": "\n", "r": "\n", "t": "\t"}


class Value(NamedTuple):
    """A value, and the stretch of the reply that spells it."""

    text: str
    start: int
    end: int


def unquote(text: str, start: int, end: int, *, header: bool) -> Value:
    """The value spelled by `text[start:end]`.

    A pair of quotes around it goes (straight, typographic, doubled or tripled), and the comma after it; of an unquoted
    header the comma goes too, of an unquoted body nothing does. A quote that lost its partner goes as well. Escapes
    count only inside quotes, `\\n` only where the value has no line end of its own. Line ends become LF.
    """
    start, end = _strip(text, start, end)
    marker = _BLOCK_MARKER.match(text, start, end)
    if marker and header:
        start, end = _strip(text, marker.end(), end)
    elif marker:
        block = textwrap.dedent(_lf(text[marker.end() : end])).strip("\n")
        return Value(block, marker.end(), end)
    bare_end = end
    while bare_end > start and text[bare_end - 1] in ",; \t\r\n":
        bare_end -= 1
    comma = bare_end < end
    inner = _inside_quotes(text, start, bare_end, comma=comma)
    if inner is None:
        if header:
            end = bare_end
        return Value(_lf(text[start:end]), start, end)
    # A line end before the closing quote is layout, as it is before a closing tag.
    start, end = _strip(text, *inner)
    return Value(_unescape(_lf(text[start:end])), start, end)


def resolve_entities(value: str) -> str:
    """The value with the entities that XML knows, and numbered ones, as the characters they stand for."""
    if "&" not in value:
        return value
    return _lf(_ENTITY.sub(lambda match: _character(match[0]), value))


@lru_cache(maxsize=256)
def _character(entity: str) -> str:
    return html.unescape(f"{entity.rstrip(';')};")


def _inside_quotes(text: str, start: int, end: int, *, comma: bool) -> tuple[int, int] | None:
    if end - start < 1:
        return None
    for mark in _DOUBLED:
        width = len(mark)
        if end - start >= 2 * width and text.startswith(mark, start) and _doubled_end(text, start, end, mark):
            return start + width, end - width
    first, last = text[start], text[end - 1]
    if end - start >= 2 and last in _CLOSING.get(first, ""):
        return None if not comma and _two_quotations(text, start + 1, end - 1) else (start + 1, end - 1)
    if first in '"“' and text.count('"', start, end) + text.count("“", start, end) - text.count("”", start, end) == 1:
        return start + 1, end
    if last == '"' and text.count('"', start, end) == 1:
        return start, end - 1
    if last == "”" and text.count("”", start, end) - text.count("“", start, end) == 1:
        return start, end - 1
    return None


def _doubled_end(text: str, start: int, end: int, mark: str) -> bool:
    closing = mark if mark[0] != "“" else "””"
    return text.endswith(closing, start + len(mark), end)


def _two_quotations(text: str, start: int, end: int) -> bool:
    """Whether a single line such as `"Yes" or "no"` begins with one quotation and ends with another."""
    if text.find("\n", start, end) >= 0:
        return False
    mark = _QUOTE.search(text, start, end)
    if mark is None or mark.start() == start or mark[0] == "„":
        return False
    before = text[mark.start() - 1]
    return not before.isspace() and before not in "(["


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    inside = text[start:end]
    start += len(inside) - len(inside.lstrip())
    return start, max(start, end - (len(inside) - len(inside.rstrip())))


def _lf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _unescape(value: str) -> str:
    if "\\" not in value:
        return value
    whole_lines = "\n" in value

    def spelled(match: re.Match[str]) -> str:
        letter = match[1]
        if letter in _ESCAPED:
            return match[0] if whole_lines else _ESCAPED[letter]
        return letter

    return _ESCAPE.sub(spelled, value)
