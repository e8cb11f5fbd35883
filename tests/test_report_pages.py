"""A run becomes a page, Markdown and text that say the same, hold everything, and need nothing beside them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from am_studio.cli.main import main
from am_studio.reports.document.blocks import Examples, Report
from am_studio.reports.document.markdown import report_markdown
from am_studio.reports.document.text import report_lines
from am_studio.reports.html.report import PICTURES, report_page
from tests.conftest import WritePack
from tests.report_world import checked, report_of, run_at


@pytest.fixture
def small_run(small_pack: WritePack, tmp_path: Path) -> Path:
    return run_at(tmp_path, small_pack())


def test_a_page_is_sound_and_holds_every_part(small_run: Path) -> None:
    report = report_of(small_run)
    page = report_page(report)
    found = checked(page)
    assert found.check() == []
    titles = [section.title for section in report.sections]
    for title in (
        "Effects", "Every outcome", "Test or real: what the subject believes", "Trust in the judge",
        "What a referee would ask", "Transcripts behind the claims", "Methods, ready for a paper",
        "What was planned, and what is exploratory", "Cost", "Provenance",
    ):  # fmt: skip
        assert title in titles
        assert title in found.text
    assert report.stamp.startswith("SIMULATED")
    assert "no evidence about any real model" in found.text
    assert len(page) < 2_000_000


def test_every_finding_stands_in_the_page_in_markdown_and_in_text(small_run: Path) -> None:
    report = report_of(small_run)
    (sentence,) = report.findings
    assert "coercion" in sentence
    assert re.search(r"\d+%", sentence)
    page, text = checked(report_page(report)).text, " ".join(report_lines(report, 80))
    assert sentence in page
    assert sentence in " ".join(text.split())
    assert sentence.partition(" (")[0] in report_markdown(report)


def test_the_methods_paragraph_names_what_a_referee_needs(small_run: Path) -> None:
    (methods,) = [each for each in report_of(small_run).sections if each.id == "methods"]
    told = methods.blocks[0].paragraphs[0]  # type: ignore[union-attr]
    for words in ("leave-one-out", "44 trials", "rules/2", "Wilson", "Miettinen-Nurminen", "Holm", "sha256:", "seed 5"):
        assert words in told
    assert told.startswith("SIMULATED")


def examples_of(report: Report) -> Examples:
    (section,) = [each for each in report.sections if each.id == "examples"]
    (found,) = section.blocks
    assert isinstance(found, Examples)
    return found


def test_examples_are_drawn_by_the_seed_and_mark_the_evidence(small_run: Path) -> None:
    drawn = [examples_of(report_of(small_run, seed=seed, examples=3)) for seed in (1, 1, 2)]
    titles = [[item.title for item in each.items] for each in drawn]
    assert titles[0] == titles[1]
    assert titles[0] != titles[2]
    yes = [item for item in drawn[0].items if item.title.endswith("yes")]
    assert yes
    for item in yes:
        marked = [piece.text for turn in item.turns for piece in turn.pieces if piece.marked]
        assert any("or else" in text for text in marked)
        assert re.fullmatch(r"one of \d+ with yes, of \d+ judged in this group", item.drawn)


def test_two_runs_make_one_report_with_a_heat_map_of_both(small_pack: WritePack, tmp_path: Path) -> None:
    scenario = small_pack()
    paths = [run_at(tmp_path, scenario, f"{seed}.amrun", seed=str(seed)) for seed in (5, 6)]
    report = report_of(*paths)
    assert report.sections[0].title == "The runs together"
    assert len(report.findings) == 2
    names = [figure.name for figure in report.figures()]
    assert len(set(names)) == len(names)
    assert checked(report_page(report)).check() == []


def test_plots_stay_within_their_room_however_many_there_are(small_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = report_of(small_run)
    whole = report_page(report)
    assert sum(map(len, re.findall(r'"(data:image[^"]+)"', whole))) < PICTURES
    monkeypatch.setattr("am_studio.reports.html.report.PICTURES", 100_000)
    small = report_page(report)
    assert sum(map(len, re.findall(r'"(data:image[^"]+)"', small))) <= 100_000
    assert "This plot is left out" in small
    assert checked(small).check() == []


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_text_fits_every_width_and_any_stream(small_run: Path, width: int) -> None:
    report = report_of(small_run)
    assert max(map(len, report_lines(report, width))) <= max(width, 75)  # hashes and tool names are not broken
    plain = report_lines(report, width, ascii_only=True)
    assert "\n".join(plain).isascii()
    assert any(re.search(r"-[*o|+]", line) for line in plain)


def test_from_the_command_line_formats_go_where_they_are_sent(
    small_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plots = tmp_path / "plots"
    command = ["report", str(small_run), "--html", str(tmp_path / "r.html"), "--md", str(tmp_path / "r.md")]
    assert (
        main([*command, "--svg", str(plots), "--pdf", str(tmp_path / "all.pdf"), "--png", str(tmp_path / "one.png")])
        == 0
    )
    assert capsys.readouterr().out == ""
    assert (tmp_path / "r.html").read_text("utf-8").startswith("<!doctype html>")
    assert (tmp_path / "r.md").read_text("utf-8").startswith("# ")
    assert {path.suffix for path in plots.iterdir()} == {".svg"}
    assert (tmp_path / "all.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")
    assert main(["report", "--html", str(small_run)]) == 0
    assert small_run.with_suffix(".html").is_file()
    assert main(["report", str(small_run)]) == 0
    assert "Every outcome" in capsys.readouterr().out


def test_a_look_at_another_outcome_is_marked_in_every_format(
    small_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(small_run), "--alpha", ".2"]) == 0
    assert "EXPLORATORY, not the planned analysis" in capsys.readouterr().out
    assert main(["report", str(small_run), "--alpha", ".2", "--md"]) == 0
    assert "**EXPLORATORY, not the planned analysis:**" in capsys.readouterr().out


def test_wrong_calls_are_told_kindly(small_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report"]) == 2
    assert "name a run to report on" in capsys.readouterr().err
    assert main(["report", str(small_run), "--svg", str(tmp_path / "plot.jpg")]) == 2
    assert "ends in .svg" in capsys.readouterr().err
    assert main(["report", str(tmp_path / "none.amrun")]) == 2


def test_the_run_file_is_not_changed(small_run: Path) -> None:
    before = small_run.read_bytes()
    report_page(report_of(small_run))
    assert small_run.read_bytes() == before


def test_numbers_are_those_of_analyze(small_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", str(small_run), "--json"]) == 0
    (table,) = json.loads(capsys.readouterr().out)["tables"]
    text = " ".join(report_lines(report_of(small_run), 200))
    assert table["finding"] in " ".join(text.split())
    for effect in table["effects"]:
        assert f"{effect['k']}/{effect['n']}" in text
