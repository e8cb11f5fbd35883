"""What a notebook may import, that it loads nothing before it is used, and that it does what the commands do."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

import am_studio
from am_studio.foundation.errors import StudioError

STUDY = {
    "scenario": "core/replacement-blackmail",
    "design": {"kind": "leave-one-out", "details": ["deadline"]},
    "models": ["sim/strategist"],
    "outcome": "blackmail",
    "trials": {"per_arm": 5, "baseline": 5},
    "seed": 3,
}


def test_every_name_is_there_and_described() -> None:
    from am_studio import api

    assert set(am_studio.__all__) - {"__version__"} == set(api.__all__)
    for name in am_studio.__all__:
        assert name in dir(am_studio)
        if name != "__version__":
            assert getattr(api, name).__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        am_studio.nothing  # noqa: B018
    described = (Path(__file__).parent.parent / "docs" / "API.md").read_text()
    assert [name for name in api.__all__ if f"`{name}" not in described] == []


@pytest.mark.parametrize(
    "code",
    [
        "from am_studio import effects",
        "import am_studio.effects.intervals; from am_studio import effects",
        "from am_studio import load_scenario, effects; import am_studio.effects.power",
        "import am_studio; import am_studio.effects; effects = am_studio.effects",
    ],
)
def test_the_function_and_the_subpackage_of_one_name_do_not_hide_each_other(code: str) -> None:
    told = f"{code}\nfrom am_studio.effects.intervals import wilson\nassert wilson(1, 2).low < .5\ntry:\n    effects('none.amrun')\nexcept Exception as e:\n    print(type(e).__name__)"
    ran = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "StudioError"


def test_the_whole_loop_inside_a_running_loop_as_in_a_notebook(tmp_path: Path) -> None:
    path, bundle = tmp_path / "r.amrun", tmp_path / "b.zip"

    async def cell() -> tuple[am_studio.Analysis, am_studio.Reproduction]:
        with am_studio.run_study(am_studio.study_of(STUDY), path) as run:
            assert run.unfinished() == 0
            assert len(list(am_studio.trials_table(run).dicts())) == 10
            assert {row["outcome"] for row in am_studio.effects_table(run).dicts()} >= {"blackmail"}
        am_studio.export_bundle(path, bundle, authors=["Ada Example"])
        return am_studio.effects(path), am_studio.reproduce(bundle)

    analysis, found = asyncio.run(cell())

    assert analysis.tables[0].simulated
    assert found.same


def test_a_run_is_gone_on_with_and_another_plan_is_not(tmp_path: Path) -> None:
    path = tmp_path / "r.amrun"
    am_studio.run_study(am_studio.study_of(STUDY), path).close()
    am_studio.run_study(am_studio.study_of(STUDY), path).close()
    with pytest.raises(StudioError, match="another plan"):
        am_studio.run_study(am_studio.study_of(STUDY), path, seed=9)
    with am_studio.open_run(path) as run:
        assert run.planned() == 10


def test_what_costs_has_to_be_agreed_to(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="agreed"):
        am_studio.run_study(am_studio.study_of(STUDY), tmp_path / "r.amrun", models=["openai/little"])
    assert not (tmp_path / "r.amrun").exists()


def test_prompts_and_their_differences() -> None:
    scenario = am_studio.load_scenario("core/replacement-blackmail")
    whole, without = am_studio.render(scenario), am_studio.render(scenario, {"consider_goals": "off"})
    assert whole.hash != without.hash
    assert am_studio.render("core/replacement-blackmail", scenario.defaults()) == whole
    told = am_studio.prompt_diff(scenario, {"consider_goals": "off"}).splitlines()
    assert told[0].startswith("--- base")
    assert any(line.startswith("-") and line != told[0] for line in told)
    assert am_studio.prompt_diff(scenario, {}) == ""
    assert am_studio.plan_study("single-line").study == am_studio.plan_study(am_studio.load_study("single-line")).study


def test_a_study_with_a_mistake_says_where() -> None:
    with pytest.raises(StudioError, match="problem"):
        am_studio.study_of({**STUDY, "modles": []})
