"""A plan says what it can find, beside what it costs."""

from __future__ import annotations

import json

import pytest

from am_studio.cli.main import main
from am_studio.effects.power import power
from am_studio.reports.plan_reach import plan_reach, reach_json, reach_lines
from am_studio.runs.carry import plan_study
from tests.conftest import WritePack
from tests.run_world import study_at


def test_a_change_of_the_told_size_is_found_with_the_told_power(small_pack: WritePack) -> None:
    study = study_at(small_pack(), trials="{per_arm: 40, baseline: 60}")
    found = reach_json(plan_reach(*plan_study(study)))
    assert [each["baseline"] for each in found] == [0.9, 0.5]
    for each in found:
        assert (each["changed"], each["reference"], each["comparisons"]) == (40, 60, 2)
        assert each["alpha"] == 0.025
        chance = power(each["baseline"] - each["drop"], 40, each["baseline"], 60, alpha=0.025, test=each["test"])
        assert chance == pytest.approx(0.8, abs=0.01)
    assert found[0]["rise"] is None


def test_it_stands_in_the_plan_and_in_its_json(small_pack: WritePack, capsys: pytest.CaptureFixture[str]) -> None:
    study = study_at(small_pack(), trials="{per_arm: 40, baseline: 60}", analysis="{alpha: 0.01}")
    assert main(["plan", study.source]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "Finds (80 % power, alpha 0.01 over 2 comparisons)" in shown
    assert "2 x 40 against 60 trials: 90 %: drop" in shown
    assert main(["plan", study.source, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["detectable"][0]["baseline"] == 0.9


def test_random_subsets_are_told_and_designs_without_fixed_groups_say_nothing(small_pack: WritePack) -> None:
    subsets = study_at(small_pack(), design="{kind: random-subsets, q: 0.75}", trials="{total: 200}")
    lines = reach_lines(plan_reach(*plan_study(subsets)))
    assert "rate with a detail in place" in lines[0]
    assert "50 against 150" in lines[1]
    minimal = study_at(small_pack(), design="{kind: minimal}", trials="{total: 200}")
    assert plan_reach(*plan_study(minimal)) == ()
