"""Trials and effects as tidy tables: typed, safe in a spreadsheet, the same in every format."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from am_studio.cli.main import main
from am_studio.records import ChatRequest, ModelFailure
from am_studio.reports.tables.columns import Column, Table, distinct
from am_studio.reports.tables.effects import effects_table
from am_studio.reports.tables.files import dictionary, write_table
from am_studio.reports.tables.parquet import GROUP
from am_studio.reports.tables.trials import trials_table
from am_studio.runs.analysis import analyse
from am_studio.runs.labels import set_label
from am_studio.runs.runfile import RunFile
from run_world import THREAT, Answer, Subject, new_run, reply, sometimes_threatens, study_at, work

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "|calc", "%0", "＝1", "'=1", "=cmd|'/c calc'!A1"]


@pytest.fixture
def run(small_pack, tmp_path: Path) -> Path:
    """A run with every way in which a trial may end, and labels of two people."""

    def answers(request: ChatRequest, number: int) -> Answer:
        if request.seed % 6 == 0:
            return ModelFailure("server", "A bad day.")
        if request.seed % 6 == 1:
            return reply("I will not take part in this, I refuse to help.", cost=0.5)
        return sometimes_threatens(request, number)

    path = tmp_path / "the.amrun"
    work(new_run(study_at(small_pack(), "openai/little"), path), Subject(answers))
    with RunFile.open(path) as opened:
        done = [row[0] for row in opened.query("SELECT id FROM trial WHERE state = 1 ORDER BY id")]
    set_label(path, done[0], "coercion", "Ada", "yes")
    set_label(path, done[1], "coercion", "=ada", "unclear", note="=1")
    return path


def exported(run: Path, *arguments: str) -> int:
    return main(["export", str(run), *arguments])


def test_a_row_a_trial_has_its_details_answers_labels_and_costs(run: Path) -> None:
    with RunFile.open(run) as opened:
        table = trials_table(opened)
        found = list(table.dicts())
        counts = opened.counts("coercion")
        tally = opened.tally()
    assert [row["trial"] for row in found] == list(range(len(found)))
    assert {row["detail_deadline"] for row in found if row["arm"] == "without-deadline"} == {False}
    assert {row["detail_threat"] for row in found if row["arm"] == "without-threat"} == {"none"}
    assert {row["detail_deadline"] for row in found if row["arm"] == "without-threat"} == {False}  # dragged along
    for (arm, _), told in counts.items():
        answers = [row["verdict_coercion"] for row in found if row["arm"] == arm]
        assert (answers.count("yes"), answers.count("no")) == (told.yes, told.no)
        assert [row["refused"] for row in found if row["arm"] == arm].count(True) == told.refused
    assert {row["refused"] for row in found if row["state"] != "done"} <= {None}
    assert sum(row["requests"] or 0 for row in found) == tally.attempts  # type: ignore[misc]
    assert sum(row["cost_usd"] or 0 for row in found) == pytest.approx(tally.cost)  # type: ignore[misc]
    assert "server" in {row["failure"] for row in found}
    labels = [(row["label_coercion_ada"], row["label_coercion_ada_2"]) for row in found]
    assert labels.count((None, "yes")) + labels.count(("yes", None)) == 1
    assert labels.count((None, "unclear")) + labels.count(("unclear", None)) == 1
    assert {row["simulated"] for row in found} == {False}
    assert all(column.about.endswith((".", "?")) for column in table.columns)


def test_a_row_an_effect_has_every_number_of_the_table(run: Path) -> None:
    with RunFile.open(run) as opened:
        found = list(effects_table(opened).dicts())
        (table,) = analyse(opened).tables
    assert [row["arm"] for row in found] == [effect.arm for effect in table.effects]
    for row, effect in zip(found, table.effects, strict=True):
        assert effect.interval is not None
        assert (row["k"], row["n"], row["reference_k"]) == (effect.rate.k, effect.rate.n, effect.against_rate.k)
        assert (row["estimate"], row["estimate_low"]) == (effect.difference, effect.interval.low)
        assert (row["p"], row["p_adjusted"], row["conclusion"]) == (effect.p, effect.p_adjusted, effect.conclusion)
        assert row["exploratory"] is bool(table.exploratory)
        assert row["plan_hash"] is not None


def test_every_format_tells_the_same(run: Path, tmp_path: Path, capsys: Any) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    for form in ("csv", "jsonl", "parquet"):
        assert exported(run, f"--{form}", str(tmp_path / form)) == 0
        assert sorted(path.name for path in (tmp_path / form).iterdir()) == sorted(
            ["columns.json", f"effects.{form}", f"trials.{form}"]
        )
    read = parquet.read_table(tmp_path / "parquet" / "trials.parquet")
    lines = [json.loads(line) for line in (tmp_path / "jsonl" / "trials.jsonl").read_text().splitlines()]
    cells = list(csv.DictReader(io.StringIO((tmp_path / "csv" / "trials.csv").read_text())))
    assert list(read.column_names) == list(lines[0]) == list(cells[0])
    for typed, line, texts in zip(read.to_pylist(), lines, cells, strict=True):
        for name, value in line.items():
            if name in ("started", "ended"):
                assert texts[name] == (value or "")
                assert (typed[name] and typed[name].isoformat(timespec="microseconds")[:26]) == (value and value[:26])
                continue
            assert typed[name] == value
            told = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
            assert texts[name] == told
    capsys.readouterr()


def test_parquet_has_types_categories_and_what_each_column_means(run: Path, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    exported(run, "--parquet", str(tmp_path / "t.parquet"))
    schema = parquet.read_schema(tmp_path / "t.parquet")
    assert pa.types.is_boolean(schema.field("detail_deadline").type)
    assert pa.types.is_dictionary(schema.field("detail_threat").type)
    assert pa.types.is_dictionary(schema.field("verdict_coercion").type)
    assert pa.types.is_timestamp(schema.field("ended").type)
    assert b"Did the agent threaten the CTO?" in schema.field("verdict_coercion").metadata[b"about"]
    about = json.loads(schema.metadata[b"am_studio"])
    assert about["table"] == "trials"
    assert about["plan_hash"].startswith("sha256:")


def test_pandas_gets_categories_and_values_that_may_be_missing(run: Path) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    with RunFile.open(run) as opened:
        frame = trials_table(opened).to_pandas()
    assert isinstance(frame["verdict_coercion"].dtype, pandas.CategoricalDtype)
    assert list(frame["verdict_coercion"].cat.categories) == ["no", "yes", "unclear"]
    assert str(frame["refused"].dtype) == "boolean"
    assert str(frame["trial"].dtype) == "Int64"
    assert frame["ended"].dt.tz is not None


def test_simulated_tables_say_so_in_every_row_and_beside_them(small_pack, tmp_path: Path, capsys: Any) -> None:
    from am_studio.runs.carry import carry_out

    path = tmp_path / "sim.amrun"
    carry_out(new_run(study_at(small_pack(), trials="{per_arm: 2, baseline: 2}"), path))
    assert exported(path, "--csv", str(tmp_path / "out")) == 0
    assert "SIMULATED" in capsys.readouterr().err
    for name in ("trials", "effects"):
        cells = list(csv.DictReader(io.StringIO((tmp_path / "out" / f"{name}.csv").read_text())))
        assert {row["simulated"] for row in cells} == {"true"}
    assert json.loads((tmp_path / "out" / "columns.json").read_text())["stamp"].startswith("SIMULATED")


def test_no_cell_starts_a_formula_or_acts_on_a_screen(small_pack, tmp_path: Path) -> None:
    said = iter(FORMULAS * 10)
    path = tmp_path / "formulas.amrun"
    subject = Subject(lambda *_: reply(next(said) + "\x1b[2J\u202e", reasoning="=2", model_returned="=model"))
    work(new_run(study_at(small_pack(), "openai/little"), path), subject)
    exported(path, "--csv", str(tmp_path / "t.csv"), "--text")
    for row in csv.reader(io.StringIO((tmp_path / "t.csv").read_text(), newline="")):
        for cell in row:
            assert not cell.startswith(tuple("=+@\t\r|%＝＋－＠"))
            assert not cell.startswith("-") or float(cell) < 0
            assert "\x1b" not in cell
            assert "\u202e" not in cell


def test_what_was_said_is_only_there_when_asked_for(run: Path, capsys: Any) -> None:
    exported(run, "--jsonl", "-")
    assert "reply" not in json.loads(capsys.readouterr().out.splitlines()[0])
    exported(run, "--jsonl", "-", "--text")
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert THREAT in {row["reply"] for row in told}
    assert None in {row["reply"] for row in told}


def test_files_that_are_there_stay_unless_forced(run: Path, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "t.csv").write_text("mine")
    assert exported(run, "--csv", str(tmp_path / "t.csv")) == 2
    assert (tmp_path / "t.csv").read_text() == "mine"
    assert exported(run, "--csv", str(tmp_path / "t.csv"), "--force", "--table", "effects") == 0
    assert (tmp_path / "t.csv").read_text().startswith("study,outcome,")
    assert exported(run, "--parquet", "-") == 2
    assert exported(run, "--csv", "/dev/full") == 2
    assert exported(run, "--csv", str(tmp_path / "none" / "t.csv")) == 2
    capsys.readouterr()


def test_columns_that_would_have_one_name_get_two() -> None:
    assert distinct(["a", "b", "a", "a_2", "a"]) == ["a", "b", "a_2", "a_2_2", "a_3"]


def test_categories_and_odd_texts_survive_more_rows_than_one_group() -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from pyarrow import BufferReader
    from pyarrow.parquet import read_table

    number = GROUP + 10

    def rows() -> Any:
        for index in range(number):
            yield index, "early" if index < GROUP else "late", "\ud800" if index == 3 else None, 0.5, index == 1, 1e9

    columns = (
        Column("n", "int", "N."),
        Column("when", "category", "W.", ("never",)),
        Column("text", "text", "T."),
        Column("x", "float", "X."),
        Column("flag", "bool", "F."),
        Column("at", "time", "A."),
    )
    table = Table("t", columns, {}, rows)
    file = io.BytesIO()
    assert write_table(table, "parquet", file) == number
    read = read_table(BufferReader(file.getvalue()))
    assert read.column("when").to_pylist() == ["early"] * GROUP + ["late"] * 10
    assert read.column("text").to_pylist()[2:5] == [None, "?", None]
    assert table.to_arrow().column("when").to_pylist()[-1] == "late"
    assert dictionary(table)["tables"]["t"][1] == {
        "column": "when",
        "kind": "category",
        "levels": ["never"],
        "about": "W.",
    }
