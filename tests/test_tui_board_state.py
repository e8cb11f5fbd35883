"""What the run board shows, worked out without a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from subprocess import run as run_process

import pytest

from am_studio.effects.intervals import newcombe, wilson
from am_studio.records import Counts, ModelFailure, Stopping
from am_studio.runs.follow import LogLine, Snapshot, look
from am_studio.runs.runfile import Session, Tally
from am_studio.tui.board.state import (
    arm_columns,
    arm_rows,
    axis,
    axis_title,
    cell,
    facts,
    figures,
    footnote,
    log_text,
    status,
)
from run_world import Subject, new_run, sometimes_threatens, study_at, work

WritePack = Callable[..., Path]
MODEL = "sim/strategist"


@pytest.fixture
def seen(small_pack: WritePack, tmp_path: Path) -> Snapshot:
    """A run of two arms and the baseline, set to be half done."""
    path = tmp_path / "a.amrun"
    work(new_run(study_at(small_pack()), path), Subject(sometimes_threatens))
    counts = {
        ("baseline", MODEL): Counts(100, yes=40, no=8, unclear=2, failed=1),
        ("without-threat", MODEL): Counts(60, yes=2, no=18),
        ("without-deadline", MODEL): Counts(60),
    }
    return replace(look(path), state="running", counts=counts, in_flight=8, recent=((100.0, 41), (110.0, 71)))


def looking(seen: Snapshot) -> Snapshot:
    """The same under a plan with looks."""
    study = seen.plan.study
    return replace(seen, plan=replace(seen.plan, study=replace(study, stopping=Stopping("pocock", 3))))


def test_an_arm_shows_its_rate_and_its_difference_as_soon_as_there_is_one(seen: Snapshot) -> None:
    baseline, threat, deadline = arm_rows(seen)
    assert (baseline.label, threat.label) == ("baseline", "threat (+ deadline)")
    assert baseline.rate is not None
    assert baseline.rate.interval == wilson(40, 50)
    assert (baseline.difference, baseline.interval) == (None, None)
    assert threat.difference == pytest.approx(2 / 20 - 40 / 50)
    assert threat.interval == newcombe(2, 20, 40, 50)
    assert deadline.rate is not None
    assert (deadline.rate.value, deadline.interval) == (None, None)


def test_a_plan_with_looks_shows_counts_and_nothing_else_until_its_end(seen: Snapshot) -> None:
    rows = arm_rows(looking(seen))
    assert all(row.rate is None and row.difference is None and row.interval is None for row in rows)
    columns = arm_columns(looking(seen), rows, 200)
    assert {column.key for column in columns} == {"label", "kn", "progress", "other"}
    assert "nothing but counts" in footnote(looking(seen))
    assert arm_rows(replace(looking(seen), state="finished"))[1].interval is not None


@pytest.mark.parametrize("width", [40, 60, 78, 98, 118, 158, 198])
def test_the_table_never_is_wider_than_the_screen_and_every_cell_fits(seen: Snapshot, width: int) -> None:
    rows = arm_rows(seen)
    columns = arm_columns(seen, rows, width)
    assert sum(column.width + 2 for column in columns) <= width
    assert [column.key for column in columns][:1] == ["label"]
    for row in rows:
        assert all(len(cell(row, column, axis(rows))) <= column.width for column in columns)


def test_a_narrow_screen_keeps_counts_and_forest_and_a_wide_one_shows_all(seen: Snapshot) -> None:
    rows = arm_rows(seen)
    narrow = {column.key for column in arm_columns(seen, rows, 78)}
    wide = {column.key for column in arm_columns(seen, rows, 158)}
    assert {"label", "kn", "rate", "difference", "forest"} <= narrow
    assert wide == narrow | {"progress", "rate_interval", "other"}


def test_several_models_are_told_apart(seen: Snapshot) -> None:
    other = replace(seen.plan.models[0], name="sim/cautious")
    several = replace(seen, plan=replace(seen.plan, models=(*seen.plan.models, other)))
    assert "model" in {column.key for column in arm_columns(several, arm_rows(several), 118)}


def test_the_forest_is_drawn_over_an_axis_that_is_named(seen: Snapshot) -> None:
    rows = arm_rows(seen)
    columns = {column.key: column for column in arm_columns(seen, rows, 118)}
    assert axis(rows) == (-1.0, 0.0)
    assert axis_title(rows, 20) == "−100               0"
    drawn = cell(rows[1], columns["forest"], axis(rows))
    assert "●" in drawn
    assert cell(rows[0], columns["forest"], axis(rows)).strip() == "│"
    assert cell(rows[1], columns["difference"], axis(rows)).startswith("−70 [")
    assert cell(rows[2], columns["difference"], axis(rows)) == ""


def test_the_lines_around_the_table_say_how_it_goes(seen: Snapshot) -> None:
    assert facts(seen) == "small-study · my-pack/small · sim/strategist · coercion · judge rules/2"
    tally = Tally(90, 10, {"server": 4, "rate_limit": 2}, 1.25)
    priced = replace(seen, tally=tally, plan=replace(seen.plan, study=replace(seen.plan.study, budget_usd=5.0)))
    told = figures(priced)
    assert told == (
        "71/220 trials · 3.0/min · 2 h 29 min left · $1.25 of $5.00 · 8 in flight · errors: rate_limit 2, server 4 · "
        "2 without an answer"
    ).replace("3.0/min · 2 h 29 min left", "180.0/min · 50 s left")


def test_each_state_has_a_sign_a_word_and_the_key_that_goes_on(seen: Snapshot) -> None:
    ended = (Session(1, 1e9, 75.0, "0.1.0", "stopped by the user"),)
    assert status(replace(seen, sessions=ended, state="paused")) == "‖ paused: stopped by the user; c carries it on"
    assert status(replace(seen, state="interrupted")).startswith("■ interrupted")
    assert status(replace(seen, sessions=ended, state="finished")) == "✓ finished in 1 min 15 s; r shows the results"
    assert status(replace(seen, sessions=ended)) == "▶ running, 1 min 15 s"
    assert status(replace(seen, sessions=(), state="planned")) == "… starting"
    assert "waiting for 8 in flight" in status(seen, stopping=True)


def test_a_line_of_the_log_is_one_line_whatever_a_provider_said() -> None:
    told = log_text(LogLine(1.8e9, "failure", "trial 3: server: \x1b[2Jno\n\nway\u202e"))
    assert told.endswith("! trial 3: server: [2Jno way")


def test_without_a_budget_the_spend_of_real_models_is_told(seen: Snapshot) -> None:
    models = (replace(seen.plan.models[0], name="acme/one", simulated=False),)
    real = replace(seen, plan=replace(seen.plan, models=models), tally=Tally(5, 0, {}, 0.5))
    assert "$0.50, no budget" in figures(real)
    assert "$" not in figures(seen)


def test_a_run_that_gave_up_says_why(small_pack: WritePack, tmp_path: Path) -> None:
    path = tmp_path / "b.amrun"
    work(new_run(study_at(small_pack()), path), Subject(lambda *_: ModelFailure("not_found", "no such model")))
    assert "no such model; c carries it on" in status(look(path))


def test_the_board_needs_no_scipy() -> None:
    code = "import am_studio.tui.board.screen, sys; print({'scipy', 'statsmodels', 'litellm'} & set(sys.modules))"
    done = run_process([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
