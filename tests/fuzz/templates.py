"""The template walker: any text is a template of the small language, or refused with FileProblems that tell a place."""

from __future__ import annotations

import sys

from am_studio.foundation.errors import FileProblems, Place
from am_studio.scenarios.language import Branches, Emit, Expression, Part, Text, parse_expression, parse_template
from tests.conftest import SMALL_FILES
from tests.fuzz.driver import Target, main


def attempt(data: bytes) -> str:
    """Parse as a text and as an expression."""
    source = data.decode("utf-8", "replace")
    lines = source.count("\n") + 1
    answer = "accepted"
    try:
        template = parse_template.__wrapped__(source, "x.md")
        for part in template.parts:
            _walk(part, lines)
        assert all(0 <= start <= end <= len(source) for _, start, end in template.passages)
    except FileProblems as error:
        assert error.problems
        assert all(1 <= problem.place.line <= lines and problem.place.column >= 1 for problem in error.problems)
        answer = "FileProblems"
    try:
        found = parse_expression.__wrapped__(source[:2000], Place("x.yaml", 1, 1))
        assert isinstance(found, Expression)
    except FileProblems as error:
        assert error.problems
    return answer


def _walk(part: Part, lines: int) -> None:
    assert isinstance(part, Text | Emit | Branches)
    assert 1 <= part.place.line <= lines
    if isinstance(part, Branches):
        for body in (*(body for _, body in part.branches), part.otherwise):
            for inner in body:
                _walk(inner, lines)
    elif isinstance(part, Emit):
        assert isinstance(part.expression, Expression)


TARGET = Target(
    "templates",
    (
        *(text.encode() for name, text in SMALL_FILES.items() if name.endswith(".md")),
        b"{% if a %}x{% elif b == \"c\" %}y{% else %}z{% endif %}", b"{{ a.b | upper | default('x') }}", b"{{- a ~ 'b' ~ c -}}",
        b"{# passage p #}\nx\n{# end #}", b"{% raw %}{{ x }}{% endraw %}", b"{{ 'a' if b in ['c', 'd'] and not e < 3 else 1.5 }}",
        b"{% for x in y %}{{ x() }}{% endfor %}", b"{{ ''.__class__.__mro__[1].__subclasses__() }}", b"{{ 9**9**9 }}",
    ),
    (
        b"{{", b"}}", b"{%", b"%}", b"{#", b"#}", b"{%- if ", b" -%}", b"{% endif %}", b"{% else %}", b"{% elif x %}", b"(", b")", b"[", b"]", b"|", b"~",
        b" if ", b" else ", b" in ", b" is ", b" not ", b" and ", b"'", b'"', b"\\", b".", b"._", b"__class__", b"|attr('x')", b"**", b"%", b"\n", b"\r\n",
        b"\xe2\x80\xa8", b"\0", b"0x", b"1e9", b"_", b"9", b"{% raw %}", b"{% endraw %}", b"{# end #}", b"loop", b"self", b"none", b"true", b"\\N{DIGIT ONE}",
    ),
    attempt,
)  # fmt: skip

if __name__ == "__main__":
    sys.exit(main(TARGET))
