"""A text with slots and switched stretches, written down as a template that reads back to exactly these parts.

Strangers' braces become literals; a tag stands on a line of its own where the stretch fills whole lines, and within the
line otherwise, with the signs that keep the blanks beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Words:
    """Characters as they are."""

    text: str


@dataclass(frozen=True, slots=True)
class Slot:
    """The value of a name."""

    name: str
    written: str = ""
    """How the source text has it."""


@dataclass(frozen=True, slots=True)
class Toggle:
    """A stretch that is there where the test holds, and another one otherwise."""

    test: str
    """An expression of the template language."""
    on: tuple[Part, ...]
    off: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A named stretch, which can be protected."""

    name: str
    parts: tuple[Part, ...]


Part = Words | Slot | Toggle | Passage


@dataclass(frozen=True, slots=True)
class _Token:
    kind: Literal["text", "slot", "tag", "line"]
    """`line`: a tag on a line of its own."""
    text: str


def template_of(parts: Iterable[Part]) -> str:
    """The source of a template that is these parts."""
    tokens: list[_Token] = []
    _add(tuple(parts), tokens)
    merged: list[_Token] = []
    for token in tokens:
        if token.kind == "text" and merged and merged[-1].kind == "text":
            merged[-1] = _Token("text", merged[-1].text + token.text)
        elif token.text:
            merged.append(token)
    return "".join(_written(merged))


def _add(parts: Sequence[Part], tokens: list[_Token]) -> None:
    for part in parts:
        match part:
            case Words(text=text):
                tokens.append(_Token("text", text))
            case Slot(name=name):
                tokens.append(_Token("slot", "{{ " + name + " }}"))
            case Passage(name=name, parts=inner):
                kind: Literal["line", "tag"] = "line" if _fills_lines(tokens, inner, ()) else "tag"
                tokens.append(_Token(kind, f"{{# passage {name} #}}"))
                _add(inner, tokens)
                tokens.append(_Token(kind, "{# end #}"))
            case Toggle(test=test, on=on, off=off):
                kind = "line" if _fills_lines(tokens, on, off) else "tag"
                tokens.append(_Token(kind, f"{{% if {test} %}}"))
                _add(on, tokens)
                if off:
                    tokens.append(_Token(kind, "{% else %}"))
                    _add(off, tokens)
                tokens.append(_Token(kind, "{% endif %}"))


def _fills_lines(before: Sequence[_Token], *bodies: Sequence[Part]) -> bool:
    starts = not before or before[-1].kind == "line" or (before[-1].kind == "text" and before[-1].text.endswith("\n"))
    return starts and all(not body or _ends_line(body) for body in bodies)


def _ends_line(body: Sequence[Part]) -> bool:
    last = body[-1]
    match last:
        case Words(text=text):
            return text.endswith("\n")
        case Toggle(on=on, off=off):
            return bool(on) and _ends_line(on) and bool(off) and _ends_line(off)
        case _:
            return False


def _written(tokens: Sequence[_Token]) -> Iterator[str]:
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else None
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        if token.kind == "line":
            yield f"{token.text}\n"
        elif token.kind == "tag":
            yield _in_line(token.text, before, after)
        elif token.kind == "text":
            yield _literal(token.text, followed=after is not None)
        else:
            yield token.text


def _in_line(tag: str, before: _Token | None, after: _Token | None) -> str:
    indented = before is not None and before.kind == "text" and re.search(r"(?:^|\n)[ \t]+\Z", before.text)
    breaks = after is not None and after.kind == "text" and after.text.startswith("\n")
    opened = f"{tag[:2]}+{tag[2:]}" if indented else tag
    return f"{opened[:-2]}+{opened[-2:]}" if breaks else opened


def _literal(text: str, *, followed: bool) -> str:
    """The text with what would open a tag as a literal."""
    escaped = re.sub(r"\{(?=[{%#])", '{{ "{" }}', text)
    return escaped[:-1] + '{{ "{" }}' if followed and escaped.endswith("{") else escaped
