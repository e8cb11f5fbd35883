"""A study's power as a sentence and a curve of characters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from am_studio.reports.power_plot import power_plot, size_words, smallest_words
from am_studio.runs.carry import plan_study
from am_studio.runs.study_power import StudyPower, power_curve, study_power
from run_world import study_at

WritePack = Callable[..., Path]


@pytest.fixture
def found(small_pack: WritePack) -> StudyPower:
    plan, scenario = plan_study(study_at(small_pack()))
    return study_power(plan, scenario, baseline=0.9, sizes=(20, 40))


def test_the_curve_crosses_the_wanted_power_at_the_smallest_change(found: StudyPower) -> None:
    curve = power_curve(found, 90)
    assert curve[0][0] == pytest.approx(0.9)
    assert curve[-1][0] == pytest.approx(0.0)
    smallest = found.reaches[0].hardest.drop
    assert smallest is not None
    assert f"fall of {100 * smallest:.0f} points" in smallest_words(found)
    for rate, power in curve:
        assert (power >= 0.8) == (0.9 - rate >= smallest - 1e-3)


@pytest.mark.parametrize("width", [24, 40, 76, 120])
def test_the_curve_keeps_to_its_width_and_names_its_ends(found: StudyPower, width: int) -> None:
    lines = power_plot(found, width, 4)
    assert len(lines) == 5
    assert max(map(len, lines)) <= width
    assert "█" in lines[0]
    assert lines[0].startswith(" .8┤")
    assert lines[-1].split()[0] == "0"
    assert lines[-1].split()[-1] in {"80", "90", "points"}
    assert len(power_plot(found, width, 1)) == 2


def test_a_rare_outcome_is_asked_whether_it_rises(small_pack: WritePack) -> None:
    plan, scenario = plan_study(study_at(small_pack()))
    found = study_power(plan, scenario, baseline=0.1, sizes=())
    assert "rise" in smallest_words(found)
    assert size_words(found) == ""
    assert power_curve(found, 10)[-1][0] == pytest.approx(1.0)


def test_too_narrow_a_place_has_no_curve(found: StudyPower) -> None:
    assert power_plot(found, 12, 4) == ()
