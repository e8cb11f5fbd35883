"""The table of effects as the results screen lays it out, and as files; no terminal."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from am_studio.effects.table import ArmCounts, removal_effects
from am_studio.foundation.errors import StudioError
from am_studio.records import Counts, EffectTable
from am_studio.reports.effect_table import Source, as_json, effect_sheet
from am_studio.tui.results.export import effects_csv, export
from am_studio.tui.results.reading import find
from am_studio.tui.results.state import (
    Order,
    ResultRow,
    answer_behind,
    fitting_columns,
    ordered,
    result_rows,
    row_details,
    shown_cell,
    shown_title,
)
from run_world import Subject, new_run, study_at, work

WritePack = Callable[..., Path]
SOURCE = Source("rules/2", ("little",), "2031-05-14T09:00:00+00:00", "", "sha256:ab", "a.amrun")


def effects(label: str = "threat (+ deadline)") -> EffectTable:
    arms = [
        ArmCounts("without-threat", label, (("threat", "none"),), Counts(20, yes=1, no=18, unclear=1)),
        ArmCounts("without-hint", "hint", (("hint", "off"),), Counts(20, yes=14, no=6)),
        ArmCounts("without-news", "news", (("news", "off"),), Counts(20)),
    ]
    return removal_effects(
        Counts(40, yes=30, no=9, unclear=1, refused=2),
        arms,
        outcome="coercion",
        model="sim/strategist",
        estimand="difference",
        simulated=True,
    )


def rows_of(table: EffectTable) -> tuple[ResultRow, ...]:
    return result_rows(table, effect_sheet(table, SOURCE))


def arms(rows: tuple[ResultRow, ...]) -> list[str]:
    return [row.arm.removeprefix("without-") for row in rows]


def test_k_and_n_stand_apart_so_that_each_leads_to_its_trials() -> None:
    baseline, threat, *_ = rows_of(effects())
    assert (baseline.texts["k"], baseline.texts["n"]) == ("30", "40")
    assert (threat.texts["k"], threat.texts["n"]) == ("1", "20")
    assert [answer_behind(key) for key in ("k", "n", "unclear", "difference")] == ["yes", "", "unclear", ""]


def test_rows_are_sorted_by_number_under_the_baseline_and_those_without_one_come_last() -> None:
    rows = rows_of(effects())
    assert arms(ordered(rows, Order())) == ["baseline", "threat", "hint", "news"]
    rising = Order().by("difference")
    assert arms(ordered(rows, rising)) == ["baseline", "threat", "hint", "news"]
    falling = rising.by("difference")
    assert arms(ordered(rows, falling)) == ["baseline", "hint", "threat", "news"]
    assert falling.by("difference") == Order()
    assert arms(ordered(rows, Order("removed"))) == ["baseline", "hint", "news", "threat"]
    assert arms(ordered(rows, falling.by("k"))) == ["baseline", "news", "threat", "hint"]


@pytest.mark.parametrize("width", [50, 78, 98, 118, 158, 198])
def test_the_columns_fit_and_so_does_every_cell(width: int) -> None:
    table = effects("threat " * 9)
    sheet, rows = effect_sheet(table, SOURCE), rows_of(table)
    columns = fitting_columns(sheet, rows, width, Order("difference"))
    assert sum(column.width + 2 for column in columns) <= width
    for column in columns:
        assert len(shown_title(column, sheet)) <= column.width
        assert all(len(shown_cell(row, column, sheet)) <= column.width for row in rows)


def test_a_narrow_screen_keeps_what_matters_and_tells_the_rest_below() -> None:
    table = effects()
    sheet, rows = effect_sheet(table, SOURCE), rows_of(table)
    narrow = fitting_columns(sheet, rows, 78, Order())
    assert {"removed", "k", "n", "difference", "forest", "p_adjusted"} <= {column.key for column in narrow}
    assert "refused" not in {column.key for column in narrow}
    assert "refused 2" in row_details(table, rows[0], narrow, sheet)
    told = row_details(table, rows[1], narrow, sheet)
    assert told.startswith("SIMULATED")
    assert "70 points lower" in told
    assert "unclear 1" in told
    wide = fitting_columns(sheet, rows, 218, Order())
    assert {column.key for column in wide} == {"k", "n", *(column.key for column in sheet.columns)} - {"kn"}
    assert "refused 2" not in row_details(table, rows[0], wide, sheet)


def test_the_column_that_sorts_is_marked() -> None:
    table = effects()
    sheet, rows = effect_sheet(table, SOURCE), rows_of(table)
    titles = {column.key: column.title for column in fitting_columns(sheet, rows, 118, Order("p", falling=True))}
    assert titles["p"] == "p ▼"
    assert titles["k"] == "yes"


# Files. --------------------------------------------------------------------------------------------------------------


def numbers(table: EffectTable, source: Source = SOURCE) -> dict[str, Any]:
    return {"study": "small-study", "tables": [as_json(table, source)]}


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_csv_has_a_line_an_arm_with_all_its_numbers() -> None:
    baseline, threat, _, news = lines(effects_csv(numbers(effects())))
    assert (baseline["arm"], baseline["k"], baseline["n"], baseline["rate"]) == ("baseline", "30", "40", "0.75")
    assert baseline["difference"] == ""
    assert float(threat["difference"]) == pytest.approx(0.05 - 0.75)
    assert float(threat["low"]) < float(threat["difference"]) < float(threat["high"])
    assert (threat["removed"], threat["judge"], threat["test"]) == ("threat=none", "rules/2", "boschloo")
    assert (news["n"], news["p"]) == ("0", "")
    assert all(line["stamp"].startswith("SIMULATED") for line in (baseline, threat, news))


@pytest.mark.parametrize("bad", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\n=1", "\u200b=1", "＝1", "|cmd", "%x"])
def test_no_cell_starts_a_formula(bad: str) -> None:
    table = replace(effects(bad), model=bad, notes=(bad,))
    text = effects_csv(numbers(table, Source(bad, (bad,), bad, bad, bad, bad)))
    for row in list(csv.reader(io.StringIO(text))):
        for cell in row:
            if cell and cell[0] in "=+-@\t\r\n|%＝":
                assert float(cell) < 0


def test_files_lie_beside_the_run_under_a_harmless_name(tmp_path: Path) -> None:
    run = tmp_path / "a.b.amrun"
    as_data, as_text = export(run, "../Co/ercion", numbers(effects()))
    assert [file.name for file in (as_data, as_text)] == ["a.b.co-ercion.effects.json", "a.b.co-ercion.effects.csv"]
    assert {file.parent for file in (as_data, as_text)} == {tmp_path}
    assert json.loads(as_data.read_text())["tables"][0]["effects"][0]["arm"] == "without-threat"
    assert len(lines(as_text.read_text())) == 4
    with pytest.raises(StudioError, match="cannot be written"):
        export(tmp_path / "none" / "a.amrun", "coercion", numbers(effects()))


# The run. ------------------------------------------------------------------------------------------------------------


def test_what_is_found_is_what_the_commands_find(small_pack: WritePack, tmp_path: Path) -> None:
    path = tmp_path / "a.amrun"
    work(new_run(study_at(small_pack(), "sim/strategist", "sim/cautious"), path), Subject())
    findings = find(path)
    assert (findings.outcome, findings.outcomes, findings.state) == ("coercion", ("coercion",), "finished")
    assert [table.model for table in findings.tables] == ["sim/strategist", "sim/cautious"]
    assert findings.numbers["tables"][0] == {
        **as_json(findings.tables[0], findings.sources[0]),
        "finding": findings.numbers["tables"][0]["finding"],
    }
    assert findings.agreement.startswith("Judge rules/2")
    with pytest.raises(StudioError, match="no outcome 'kindness'"):
        find(path, "kindness")
