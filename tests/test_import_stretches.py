"""Stretches of strangers' texts made to depend on switches: with all on the text is the same, without one it reads as prose."""

from __future__ import annotations

import re
from collections.abc import Iterable
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from am_studio.scenarios.evaluation import text_of
from am_studio.scenarios.importing.stretches import Span, groups, paragraphs, sentences, stretches, switched
from am_studio.scenarios.importing.template_text import Part, Slot, Toggle, Words, template_of
from am_studio.scenarios.language import parse_template

LETTER = "Hello,\n\nIt is late. Mia is away, and Tom alone decides. He said no. All is lost.\n\nWe tried. It failed.\n\nBye\n"


def read(parts: Iterable[Part], off: frozenset[str] = frozenset()) -> str:
    """What the template of these parts says, as the renderer would have it."""

    def look(name: str) -> object:
        return f"<{name}>" if name.startswith("slot") else name not in off

    return text_of(parse_template(template_of(parts), "x.md").parts, SimpleNamespace(look=look))  # type: ignore[arg-type]


def test_a_sentence_takes_its_space_along_and_a_lone_one_its_paragraph() -> None:
    spans = sentences(LETTER, re.compile("He said"), "no") + sentences(LETTER, re.compile("It is late"), "late")
    spans += sentences(LETTER, re.compile("tried"), "tried") + sentences(LETTER, re.compile("failed"), "failed")
    parts = switched(LETTER, spans)
    assert read(parts) == LETTER
    assert "alone decides. All is lost." in read(parts, frozenset({"no"}))
    assert "Hello,\n\nMia is away" in read(parts, frozenset({"late"}))
    assert "\n\nIt failed.\n\nBye" in read(parts, frozenset({"tried"}))
    assert "\n\nWe tried.\n\nBye" in read(parts, frozenset({"failed"}))
    assert "All is lost.\n\nBye" in read(parts, frozenset({"tried", "failed"}))


def test_groups_of_a_sentence_stand_alone_with_a_capital() -> None:
    pattern = re.compile(r"(Mia is away)(, and )(Tom[^.]*)(\.)")
    parts = switched(LETTER, groups(LETTER, pattern, ["a", "a and b", "b", "a or b"]))
    assert read(parts) == LETTER
    assert "late. Mia is away. He" in read(parts, frozenset({"b"}))
    assert "late. Tom alone decides. He" in read(parts, frozenset({"a"}))
    assert "late. He" in read(parts, frozenset({"a", "b"}))
    lower = "It is three, and so we wait.\n\nBye\n"
    shown = switched(lower, groups(lower, re.compile(r"(It is three, and )(so)"), ["a", "true"]))
    assert read(shown) == lower
    assert read(shown, frozenset({"a"})) == "So we wait.\n\nBye\n"


def test_a_paragraph_goes_with_its_blank_line_and_a_stretch_may_become_another() -> None:
    spans = [*paragraphs(LETTER, re.compile("tried"), "p"), *stretches(LETTER, re.compile("late"), "s", "early")]
    parts = switched(LETTER, spans)
    assert read(parts) == LETTER
    assert read(parts, frozenset({"p"})).endswith("All is lost.\n\nBye\n")
    assert "It is early. Mia" in read(parts, frozenset({"s"}))


TEXTS = st.text(st.sampled_from("ab {}%#\n\t$-+."), max_size=12)
LEAVES = st.one_of(TEXTS.map(Words), st.sampled_from(["slot_a", "slot_b"]).map(Slot))
PARTS = st.lists(
    st.recursive(
        LEAVES,
        lambda inner: st.builds(
            lambda test, on, off: Toggle(test, tuple(on), tuple(off)),
            st.sampled_from(["x", "y"]), st.lists(inner, min_size=1, max_size=3), st.lists(inner, max_size=2),
        ),
        max_leaves=8,
    ),
    max_size=6,
)  # fmt: skip


def meant(parts: Iterable[Part], off: frozenset[str]) -> str:
    pieces = []
    for part in parts:
        match part:
            case Words(text=text):
                pieces.append(text)
            case Slot(name=name):
                pieces.append(f"<{name}>")
            case Toggle(test=test, on=on, off=other):
                pieces.append(meant(other if test in off else on, off))
    return "".join(pieces)


@given(PARTS, st.sampled_from([frozenset(), frozenset({"x"}), frozenset({"y"}), frozenset({"x", "y"})]))
def test_every_template_reads_back_to_its_parts(parts: list[Part], off: frozenset[str]) -> None:
    assert read(parts, off) == meant(parts, off)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20)), max_size=4))
def test_stretches_that_nest_change_nothing_while_they_are_on(spans: list[tuple[int, int]]) -> None:
    chosen: list[Span] = []
    for start, length in spans:
        span = Span(start, start + length, "x")
        if all(other.end <= span.start or span.end <= other.start for other in chosen):
            chosen.append(span)
    assert read(switched(LETTER, chosen)) == LETTER
