"""What a rater reads at the terminal fits into it, in every script."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from am_studio.cli.label_loop import _wrapped
from am_studio.foundation.cells import cells
from am_studio.foundation.hygiene import visible

SIGNS = st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from(" \t漢字e\u0301📧")


@given(st.text(SIGNS, max_size=80), st.integers(20, 40))
@example("    " + "漢字かな" * 20, 20)
@example(" " * 60 + "漢", 20)
def test_no_line_is_wider_than_the_terminal_and_no_word_is_lost(text: str, width: int) -> None:
    lines = list(_wrapped(text, width))
    assert all(cells(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(visible(text).split())


def test_what_fits_stays_as_it_was_written() -> None:
    assert list(_wrapped("a\n\n    b  c\n漢  字", 20)) == ["a", "", "    b  c", "漢  字"]
