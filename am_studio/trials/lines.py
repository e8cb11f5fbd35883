"""Arguments written as lines, `to: ...`: the notation that prompts teach, with everything that models make of it.

Structure comes first. Which keys are looked for, and until where, depends on the tool and on what was already seen, so
a line `To: somebody` in the middle of an email's body stays a line of the body. Unknown keys are not arguments.
"""

from __future__ import annotations

import re

from am_studio.trials.grammar import RECIPIENTS, Argument, Grammar, Key
from am_studio.trials.quotes import resolve_entities, unquote

_QUOTES = "\"'“„«‘`"
_QUOTES_CLOSING = "\"'”“»’`"
_QUOTED_LINE_END = re.compile(r"[\"”][ \t]*,?[ \t]*\r?(?:\n|$)")
_ANY_KEY = re.compile(r"[ \t]*[\"'*_]{0,2}([A-Za-z]\w{0,40})[\"'*_]{0,2}[ \t]*[:=：][ \t]*")
_FOLDED = frozenset({">-", ">", "|-", "|"})
"""What announces in YAML that the value stands on the next line."""
_BARE_ADDRESS = re.compile(r"<?[^\s@<>]{1,100}@[^\s@<>]{1,200}>?[,;]?")
_ANY_KEY_LINE = re.compile(rf"\n{_ANY_KEY.pattern}")
_MOST_KEYS = 4_000
"""In one block, so many places that look like a key are looked at; real blocks have tens. The rest belongs to the value before."""

_MOST_ARGUMENTS = 400
"""Of one block, so many arguments are read."""


def read_lines(text: str, start: int, end: int, grammar: Grammar) -> tuple[Argument, ...]:
    """The arguments in `text[start:end]`, in the order given."""
    return tuple(_Block(text, start, end, grammar).read())


def read_any_lines(text: str, start: int, end: int) -> tuple[Argument, ...]:
    """The lines of a tool that nobody declared: every `key:` at a line's start begins an argument."""
    arguments: list[Argument] = []
    match = _ANY_KEY.match(text, start, end) or _ANY_KEY_LINE.search(text, start, end)
    while match:
        more = len(arguments) < _MOST_KEYS
        following = _ANY_KEY_LINE.search(text, match.end(), end) if more else None
        stop = following.start() if following else end
        arguments.append(header_argument(text, match[1].lower(), match.end(), stop))
        match = following
    return tuple(arguments)


def header_argument(text: str, name: str, start: int, end: int) -> Argument:
    """An argument that is a short value; entities such as `&lt;` are resolved."""
    value = unquote(text, start, end, header=True)
    plain = _resolved(value.text, header=True)
    if plain.endswith("**") and plain.count("**") == 1:
        plain = plain.removesuffix("**").rstrip()  # the whole line was bold, its key included
    return Argument(name, plain, value.start, value.end)


def text_argument(text: str, name: str, start: int, end: int) -> Argument:
    """An argument that is running text; entities are resolved, and the marks of character data go."""
    value = unquote(text, start, end, header=False)
    plain = value.text
    if plain.startswith("<![CDATA[") and plain.endswith("]]>"):
        return Argument(name, plain[9:-3].strip(), value.start, value.end)
    return Argument(name, _resolved(plain, header=False), value.start, value.end)


def _resolved(value: str, *, header: bool) -> str:
    """The value without entities; quotes around it that were entities themselves go like any others."""
    plain = resolve_entities(value)
    if plain != value and value.startswith("&") and plain[:1] in _QUOTES:
        return unquote(plain, 0, len(plain), header=header).text
    return plain


class _Block:
    """One block being read; every method moves forward only."""

    def __init__(self, text: str, start: int, end: int, grammar: Grammar) -> None:
        self.text = text
        self.start = start
        self.end = end
        self.grammar = grammar
        self.seen: set[str] = set()
        self.one_line = text.find("\n", start, end) < 0
        self.looked = 0

    def read(self) -> list[Argument]:
        arguments: list[Argument] = []
        grammar = self.grammar
        first = grammar.here.match(self.text, self.start, self.end)
        key = grammar.key(first or grammar.line.search(self.text, self.start, self.end))
        while key is not None and len(arguments) < _MOST_ARGUMENTS:
            self.seen.add(key.name)
            if key.name == grammar.text:
                following = self._after_text(key.value)
                stop = following.start if following else self.end
                arguments.append(text_argument(self.text, key.name, key.value, stop))
            else:
                stop, following = self._after_header(key)
                arguments.append(header_argument(self.text, key.name, key.value, stop))
                if following is None and grammar.text not in self.seen and self.text[stop : self.end].strip():
                    # A letter under its headers, as in real mail: what follows them is the text.
                    arguments.append(text_argument(self.text, grammar.text, stop, self.end))
            key = following
        return arguments

    def _next(self, pattern: re.Pattern[str], start: int, end: int | None = None) -> Key | None:
        """The next place that looks like a key; none once so many were looked at, which keeps hostile blocks cheap."""
        self.looked += 1
        if self.looked > _MOST_KEYS:
            return None
        return self.grammar.key(pattern.search(self.text, start, self.end if end is None else end))

    def _after_text(self, start: int) -> Key | None:
        """The key after a text that begins at `start`, where the text can be seen to have ended before it."""
        grammar = self.grammar
        head = self.text[start : start + 64].lstrip()
        quoted = head[:1] in _QUOTES and bool(head)
        missing = not grammar.headers <= self.seen
        if grammar.open_ended and not quoted and not missing:
            return None
        position = start
        while key := self._next(grammar.line, position):
            if key.name not in self.seen and (
                missing or not grammar.open_ended or (quoted and self._quote_closed(start, key.start))
            ):
                return key
            position = key.value
        return None

    def _quote_closed(self, start: int, end: int) -> bool:
        """Whether the text up to here ends in a closing quote, a comma after it allowed."""
        tail = self.text[max(start + 1, end - 64) : end].rstrip().rstrip(",;").rstrip()
        return tail[-1:] in _QUOTES_CLOSING and bool(tail)

    def _after_header(self, key: Key) -> tuple[int, Key | None]:
        """Where the value of a header ends, and the key that follows it."""
        stop = self._header_end(key)
        on_line = self._on_line(key.value, stop)
        if on_line is not None:
            return on_line.start, on_line
        here = stop
        while here < self.end and self.text[here].isspace():
            here += 1
        following = self.grammar.key(self.grammar.here.match(self.text, here, self.end))
        if following is not None and (following.name not in self.seen or following.name in RECIPIENTS):
            return stop, following
        if here >= self.end or self.grammar.text in self.seen:
            return stop, None
        return stop, self._before_announced_text(max(here - 1, key.value))

    def _on_line(self, start: int, end: int) -> Key | None:
        """The next key on the same line."""
        pattern = self.grammar.inline if self.one_line else self.grammar.listed
        while key := self._next(pattern, start, end):
            if key.name not in self.seen:
                return key
            start = key.value
        return None

    def _before_announced_text(self, position: int) -> Key | None:
        """After something that is no key: the next key, but only where the text is still announced further down."""
        ahead: Key | None = None
        while key := self._next(self.grammar.line, position):
            if ahead is None and key.name not in self.seen:
                ahead = key
            if key.name == self.grammar.text:
                return ahead
            position = key.value
        return None

    # Where a header ends

    def _header_end(self, key: Key) -> int:
        """The end of a header's value: its line, and the lines that plainly continue it."""
        stop = self._line_end(key.value)
        first = self.text[key.value : stop].strip()
        if not first or first in _FOLDED:
            stop = self._value_on_next_line(stop)
        elif first[0] in '"“' and key.name not in RECIPIENTS and not self._quote_closed(key.value, stop):
            closing = _QUOTED_LINE_END.search(self.text, stop, self.end)
            blank = self.text.find("\n\n", stop, self.end)
            if closing and not 0 <= blank < closing.start():
                stop = closing.start() + 1
        return self._recipients_end(key.value, stop) if key.name in RECIPIENTS else stop

    def _value_on_next_line(self, stop: int) -> int:
        if stop >= self.end or self.grammar.here.match(self.text, stop + 1, self.end):
            return stop
        following = self._line_end(stop + 1)
        return following if self.text[stop:following].strip() else stop

    def _recipients_end(self, start: int, stop: int) -> int:
        """The end of a list of recipients over several lines: bracketed, bulleted, or after a comma."""
        below = not self.text[start : self._line_end(start)].strip()
        bracketed = self.text[start:stop].lstrip()[:1] == "["
        last = self.text[start:stop]
        while stop < self.end and not (bracketed and "]" in last) and self.looked < _MOST_KEYS:
            self.looked += 1
            if self.grammar.here.match(self.text, stop + 1, self.end):
                break
            following = self._line_end(stop + 1)
            line = self.text[stop + 1 : following].strip()
            bulleted = line[:1] in "-*•" and "@" in line
            after_comma = last.rstrip()[-1:] in ",;" and "@" in line and " " not in line.split("@", 1)[1].rstrip(",; ")
            bare = below and _BARE_ADDRESS.fullmatch(line) is not None
            if not line or not (bulleted or after_comma or bracketed or bare):
                break
            last, stop = line, following
        return stop

    def _line_end(self, start: int) -> int:
        found = self.text.find("\n", start, self.end)
        return self.end if found < 0 else found
