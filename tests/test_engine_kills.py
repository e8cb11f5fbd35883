"""Ten kills while a run pays for replies; `make soak` does a hundred over 3,000 trials."""

from __future__ import annotations

from pathlib import Path

from soak.kills import kill_and_resume


def test_ten_kills_lose_nothing_repeat_nothing_and_leave_no_request_without_its_row(tmp_path: Path) -> None:
    books = kill_and_resume(kills=10, trials=300, directory=tmp_path)
    assert books.kills >= 8, "the kills fell into the run"
    assert books.trials == 300
    assert books.damages == ()
    assert (books.without_reply, books.with_several_verdicts) == (0, 0)
    assert books.requests_without_row == 0
    assert books.asked_after_answered == 0
    assert books.sound
