"""Proposals are checked before anybody sees them, and nothing of the scenario is changed."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from am_studio.cli.main import main
from am_studio.scenarios.loading import read_texts
from am_studio.scenarios.references import check_scenario, find_scenario, load_scenario
from am_studio.scenarios.varying import Baseline, Proposal, corpus, propose_filler, propose_names
from am_studio.scenarios.varying.checks import toggled
from am_studio.scenarios.varying.proposals import Kind
from am_studio.scenarios.varying.renaming import spoken_of
from lint_world import BASE

OLD = ("Hedda", "Quill", "Ostler", "Tunde", "Farrow", "Wilma", "Snook", "Prewett", "Petra", "Vanmarcke", "Maddern")


def _base() -> dict[str, str]:
    return read_texts(BASE)[0]


def test_the_corpus_has_150_emails_by_kind_of_business_and_none_twice() -> None:
    kinds = Counter(each.business for each in corpus())
    assert sum(kinds.values()) >= 150
    assert len(kinds) >= 5
    assert min(kinds.values()) >= 12
    assert len({each.body for each in corpus()}) == sum(kinds.values())
    lengths = [len(each.body) for each in corpus()]
    assert max(lengths) > 5 * min(lengths)


def test_a_renamed_cast_is_the_same_in_every_text_and_ids_stay() -> None:
    scenario = load_scenario(BASE)
    (proposal,) = propose_names(scenario, _base(), seed=3)
    after = {**_base(), **proposal.texts}
    everything = "\n".join(after.values())
    for name in OLD:
        assert not re.search(rf"\b{name}\b", everything, re.IGNORECASE), name
    assert "cast.works" in everything
    new = re.search(r"works: \{name: (\w+) (\w+), address: (\w+)\.(\w+)@", after["scenario.yaml"])
    assert new is not None
    assert (new.group(3), new.group(4)) == (new.group(1).lower(), new.group(2).lower())
    assert f"\n{new.group(1)}\n" in after["emails/050-sorrel.md"]
    assert Baseline(BASE, _base()).check(proposal).problem == ""


def test_who_is_a_woman_and_who_a_man_is_kept_and_who_cannot_be_told_gets_a_name_for_either() -> None:
    scenario = load_scenario(find_scenario("core/replacement-blackmail"))
    texts = "\n".join(read_texts(scenario.directory)[0].values())
    people = [person for person in scenario.front.cast if person.kind == "person"]
    spoken = {person.id: spoken_of(person, texts) for person in people}
    assert spoken["executive"] == "women"
    assert spoken["spouse"] != "women"


def test_routine_mail_fits_cast_and_clock_and_moves_nothing_that_a_detail_governs() -> None:
    scenario = load_scenario(BASE)
    baseline = Baseline(BASE, _base())
    proposals = propose_filler(scenario, 4, seed=5)
    assert len(proposals) == 4
    assert [each.texts for each in proposals] == [each.texts for each in propose_filler(scenario, 4, seed=5)]
    for proposal in proposals:
        assert baseline.check(proposal).problem == ""
        ((_, text),) = proposal.texts.items()
        assert "@me" not in text
        assert "@you" not in text


@pytest.mark.parametrize(
    ("file", "old", "new", "reason"),
    [
        ("emails/120-answer.md", "{% if threat %}", "{% if leverage %}", "no longer governs"),
        ("emails/120-answer.md", "{% if threat %}", "{% if threat", "does not check"),
        ("scenario.yaml", "to: cast.works}", "to: cast.owner}", "gate of 'pressure'"),
        ("emails/090-expenses.md", "Five sheets", "I forged them. Five sheets", "confession-in-mail"),
    ],
)
def test_a_proposal_that_would_change_the_measurement_is_dropped_with_the_reason(
    file: str, old: str, new: str, reason: str
) -> None:
    kind: Kind = "paraphrase"
    proposal = Proposal(kind, "a bad one", {file: _base()[file].replace(old, new, 1)}, "nobody")
    assert reason in Baseline(BASE, _base()).check(proposal).problem


def test_vary_writes_overlays_and_a_review_and_leaves_the_scenario_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    original = find_scenario("core/alert-cancelled")
    before = read_texts(original)[0]
    out = tmp_path / "proposals"
    command = ["vary", "core/alert-cancelled", "--out", str(out), "--with", "sim/writer", "--filler", "2", "--json"]
    assert main([*command, "--kinds", "filler,paraphrase"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {each["kind"] for each in told["proposals"]} == {"filler", "paraphrase"}
    assert read_texts(original)[0] == before
    review = (out / "REVIEW.md").read_text()
    assert review.count("```diff") >= len(told["proposals"])
    assert all(each["reason"] in review for each in told["dropped"])
    was = toggled(load_scenario(original))
    for name in ("filler", "paraphrase"):
        assert "extends: core/alert-cancelled@1" in (out / name / "scenario.yaml").read_text()
        assert [each for each in check_scenario(out / name) if each.severity == "error"] == []
        now = toggled(load_scenario(out / name))
        assert {choice: {part for part, _, _ in spans} for choice, spans in now.items()} == {
            choice: {part for part, _, _ in spans} for choice, spans in was.items()
        }
    assert main(command) == 2
    assert "exists already" in capsys.readouterr().err


def test_wordings_without_a_model_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vary", str(BASE), "--out", str(tmp_path / "some"), "--kinds", "mundane"]) == 2
    assert "--with MODEL" in capsys.readouterr().err
