"""The YAML event pass: any bytes are read as nodes with places, or refused with FileProblems."""

from __future__ import annotations

import sys

from am_studio.foundation.errors import FileProblems, StudioError
from am_studio.foundation.yamlfile import MAX_DEPTH, Node, load_as_far, parse_yaml
from am_studio.scenarios.forms import PackForm, ScenarioForm
from tests.conftest import SMALL_SCENARIO
from tests.fuzz.driver import Target, main


def attempt(data: bytes) -> str:
    """Read as both forms."""
    text = data.decode("utf-8", "replace")
    try:
        node = parse_yaml.__wrapped__(text, "f.yaml")
    except FileProblems as error:
        assert error.problems
        return "FileProblems"
    assert _depth(node) <= MAX_DEPTH
    kinds = []
    for form in (PackForm, ScenarioForm):
        try:
            read, problems = load_as_far(form, node)
        except StudioError as error:
            return type(error).__name__
        assert read is not None or problems
        assert all(problem.message for problem in problems)
        kinds.append(bool(problems))
    return "accepted" if not all(kinds) else "accepted with problems"


def _depth(node: Node) -> int:
    if isinstance(node.value, str):
        return 1
    inner = node.value if isinstance(node.value, tuple) else [entry.node for entry in node.value.values()]
    assert 0 <= node.start <= node.end
    return 1 + max(map(_depth, inner), default=0)


TARGET = Target(
    "yaml_events",
    (
        SMALL_SCENARIO.encode(),
        b"format: 1\nname: a\nversion: 1.0.0\ntitle: x\nauthors: [A]\nlicense: MIT\ncontent_notice: n\n",
        b"a: &x [1, 2]\nb: *x\nc: {<<: *x}\n", b"? [a]\n: b\n", b"a: |2-\n   x\n  y\n", b"%YAML 1.2\n---\na: !!map {}\n...\n",
        b"'a\\\"': \"\\x41\\u0041\\U00000041\\\n  b\"\n", b"- - - - a\n- {a: [b, {c: d}]}\n",
    ),
    (
        b"[", b"]", b"{", b"}", b": ", b"- ", b"? ", b"&a ", b"*a", b"!!python/object:os.system ", b"!t ", b"<<: ", b"\n", b"\n  ", b"\t", b"|", b">",
        b"---\n", b"...\n", b"%YAML 1.1\n", b"#", b"'", b'"', b"\\x", b",", b"\xef\xbb\xbf", b"\xc2\x85", b"\xe2\x80\xa8", b"\0", b"format: 1\n",
        b"\xed\xa0\x80", b"NO", b"010", b"22:30", b"1e999", b"~",
    ),
    attempt,
)  # fmt: skip

if __name__ == "__main__":
    sys.exit(main(TARGET))
