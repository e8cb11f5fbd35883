"""Line ablation finds the lines that carry the behaviour, also where they act only together, and names no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from am_studio.designs.registry import open_design
from am_studio.foundation.errors import StudioError
from am_studio.records import Study
from am_studio.scenarios import Scenario, load_scenario, render
from designs_world import MODEL, study
from lines_world import PLANTED, LinesWorld, found_by, opened, sixty_lines


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    return sixty_lines(tmp_path_factory.mktemp("lines"))


def test_three_lines_that_act_only_together_are_found_and_no_others(scenario: Scenario) -> None:
    right = sum(found_by(opened(scenario, adjustment="holm", q=0.75), seed) == PLANTED for seed in range(20))
    assert right >= 16, "bench-stats asks for 85 % over many more worlds"


def test_each_trial_keeps_each_line_with_the_probability_that_was_asked_for(scenario: Scenario) -> None:
    design = opened(scenario, q=0.75)
    specs = design.next_trials(LinesWorld(0))
    assert len(specs) == 240
    assert len({spec.variant for spec in specs}) == 240
    gone = sum(len(spec.variant.removed_units) for spec in specs)
    assert gone / (240 * 60) == pytest.approx(0.25, abs=0.02)
    protected = "".join(render(scenario, spec.variant).messages[0].text for spec in specs[:5])
    assert protected.count("<tool_use:send_email>") == 5


def test_a_run_that_was_cut_short_goes_on_with_the_same_trials(scenario: Scenario) -> None:
    whole, cut = LinesWorld(1), LinesWorld(1)
    specs = opened(scenario).next_trials(whole)
    cut.run(specs[:100])
    rest = opened(scenario).next_trials(cut)
    assert sorted(spec.variant.removed_units for spec in (*specs[:100], *rest)) == sorted(
        spec.variant.removed_units for spec in specs
    )


def test_what_the_table_says_is_a_lead_unless_a_confirmation_was_asked_for(scenario: Scenario) -> None:
    design, world = opened(scenario, removal="neutral"), LinesWorld(2)
    world.run(design.next_trials(world))
    table = design.analyse(world, "blackmail", MODEL)
    assert table.screening
    assert table.adjustment == "benjamini-hochberg"
    assert {effect.arm for effect in table.effects[:3]} == PLANTED, "the strongest come first"
    first = table.effects[0]
    assert "Rule" in first.label
    assert first.counts.completed + first.against.completed == 240
    assert any("fresh trials" in note for note in table.notes)
    assert not opened(scenario, adjustment="holm").analyse(world, "blackmail", MODEL).screening


def test_a_place_without_such_units_is_refused_in_words(scenario: Scenario) -> None:
    with pytest.raises(StudioError, match="no email to take out in: system"):
        opened(scenario, units="email")


@pytest.mark.parametrize("units", ["line", "sentence", "paragraph", "email"])
def test_every_kind_of_unit_runs_in_a_core_scenario(units: str, tmp_path: Path) -> None:
    scenario = load_scenario("core/replacement-blackmail")
    asked: Study = study({"kind": "lines", "units": units, "within": ["system", "inbox"]}, {"total": 5})
    specs = open_design(asked, scenario).next_trials(LinesWorld(0))
    hashes = {render(scenario, spec.variant).hash for spec in specs}
    assert len(hashes) == 5
