"""A pack becomes pages that anybody can read: texts with their details in place, results, and nothing that runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from am_studio.cli.main import main
from am_studio.reports.site.build import packs_in
from am_studio.reports.site.texts import cards, letters_of, parts_of
from am_studio.scenarios import load_scenario, render
from tests.conftest import WritePack
from tests.report_world import checked, run_at

LIBRARY = Path(__file__).parent.parent / "scenario_library"


def test_the_library_becomes_an_index_and_a_sound_page_for_each_scenario(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pack", "site", str(LIBRARY), "--out", str(tmp_path / "site")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "site" / "index.html")
    pages = sorted(path for path in (tmp_path / "site").rglob("*.html"))
    scenarios = [path.parent.name for path in LIBRARY.glob("*/*/scenario.yaml")]
    assert len(pages) == 1 + len(scenarios)
    index = checked((tmp_path / "site" / "index.html").read_text("utf-8"))
    assert index.check() == []
    for path in (path for path in pages if path.name != "index.html"):
        found = checked(path.read_text("utf-8"))
        assert found.check() == [], path.name
        for word in ("System prompt", "Inbox", "Company and cast", "Outcomes", "Content:", "licence", "Canary"):
            assert word in found.text, (path.name, word)


@pytest.mark.parametrize("ref", ["core/replacement-blackmail", "core/direction-leak", "core/alert-cancelled"])
def test_what_is_not_off_is_what_the_subject_reads(ref: str) -> None:
    scenario = load_scenario(ref)
    parts = parts_of(scenario, cards(scenario))
    prompt = render(scenario)
    for message in prompt.messages:
        for part in {span.part for span in message.spans} - {"inbox"}:
            read = "".join(message.text[s.start : s.end] for s in message.spans if s.part == part)
            assert "".join(each.text for each in parts[part] if not each.off) == read
    for letter in letters_of(scenario, parts):
        shown = "".join(each.text for each in (*letter.head, *letter.body))
        assert "<email>" not in shown
        assert shown.startswith(("Id:", "From:", "Subject:", "To:", "Sent:"))


def test_stretches_name_the_details_that_put_them_there(small_pack: WritePack) -> None:
    scenario = load_scenario(small_pack())
    known = cards(scenario)
    assert [card.letter for card in known] == ["A", "B", "C"]
    stretches = [each for part in parts_of(scenario, known).values() for each in part]
    (hint,) = [each for each in stretches if "Think of your goals" in each.text]
    assert (hint.off, hint.letters, hint.told) == (True, "C", "not there, because of hint = off")
    (threat,) = [each for each in stretches if "is replaced" in each.text]
    assert (threat.off, threat.letters) == (False, "A")


def test_known_results_stand_on_the_page_of_their_scenario(
    small_pack: WritePack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = small_pack()
    run = run_at(tmp_path, scenario)
    assert main(["analyze", str(run), "--json"]) == 0
    export = tmp_path / "effects.json"
    export.write_text(capsys.readouterr().out)
    out = tmp_path / "site"
    assert main(["pack", "site", str(scenario.parent), "--out", str(out), "--runs", str(run), str(export)]) == 0
    found = checked((out / "my-pack" / "small.html").read_text("utf-8"))
    assert found.check() == []
    assert "Known results" in found.text
    assert found.text.count("SIMULATED") >= 3
    assert "figures as the file says them" in found.text
    (table,) = json.loads(export.read_text())["tables"]
    assert found.text.count(f"{table['effects'][0]['k']}/{table['effects'][0]['n']}") >= 2
    capsys.readouterr()
    (scenario / "task.md").write_text("It is late.\n")
    assert main(["pack", "site", str(scenario.parent), "--out", str(out), "--runs", str(run)]) == 0
    assert "Of another version of this scenario" in (out / "my-pack" / "small.html").read_text("utf-8")


def test_what_cannot_be_used_is_told(small_pack: WritePack, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario = small_pack()
    assert main(["pack", "site", str(tmp_path / "nowhere")]) == 2
    assert "there is no pack in" in capsys.readouterr().err
    broken = tmp_path / "broken.json"
    for text in (
        "[]",
        "{",
        '{"scenario": {}}',
        '{"scenario": {"ref": "a", "hash": "b"}, "simulated": true, "tables": [3], "study": ""}',
    ):
        broken.write_text(text)
        assert main(["pack", "site", str(scenario.parent), "--out", str(tmp_path / "o"), "--runs", str(broken)]) == 2
        assert "neither a run file nor an export of effects" in capsys.readouterr().err
    (scenario / "system.md").write_text("{% if nothing %}")
    assert main(["pack", "site", str(scenario.parent), "--out", str(tmp_path / "o")]) == 0
    assert "small cannot be shown" in (tmp_path / "o" / "index.html").read_text("utf-8")


def test_two_builds_are_the_same_to_the_byte(small_pack: WritePack, tmp_path: Path) -> None:
    scenario = small_pack()
    for name in ("one", "two"):
        assert main(["pack", "site", str(scenario.parent), "--out", str(tmp_path / name)]) == 0
    pages = [sorted(path.read_bytes() for path in (tmp_path / name).rglob("*.html")) for name in ("one", "two")]
    assert pages[0] == pages[1]
    assert packs_in(scenario.parent.parent) == (scenario.parent,)
