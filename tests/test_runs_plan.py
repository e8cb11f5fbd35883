"""What a study would do is told before the first call, and cannot change unnoticed afterwards."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from am_studio.foundation.errors import StudioError
from am_studio.models.prices import Price, find_price
from am_studio.models.tokens import SAFETY_FACTOR
from am_studio.records import ModelSettings, Usage
from am_studio.runs.carry import plan_study, refuse_unpriced
from am_studio.runs.plan import plan_as_json, plan_from_json, plan_hash
from run_world import study_at

PRICED = "{name: openai/little, price: {input: 2, output: 10}}"


def test_a_plan_names_arms_calls_and_what_they_can_cost(small_pack) -> None:
    plan, scenario = plan_study(study_at(small_pack(), "sim/strategist", PRICED))
    assert [(arm.name, arm.label, arm.trials) for arm in plan.arms] == [
        ("baseline", "baseline", 20),
        ("without-threat", "threat (+ deadline)", 12),
        ("without-deadline", "deadline", 12),
    ]
    assert (plan.trials, plan.calls) == (88, 88)
    assert (plan.scenario, plan.scenario_hash) == (scenario.ref, scenario.hash)
    free, paid = plan.models
    assert free.greatest_cost == 0.0
    assert paid.greatest_cost is not None
    assert paid.input_cost is not None
    longest = paid.prompt_tokens * SAFETY_FACTOR * 2e-6 + 1000 * 10e-6
    assert 44 * 1000 * 10e-6 < paid.greatest_cost <= 44 * (longest + 2e-6)
    assert paid.input_cost == pytest.approx(paid.read_tokens * 2e-6)
    assert plan.greatest_cost == paid.greatest_cost
    assert not plan.simulated


def test_the_hash_is_the_same_for_the_same_plan_wherever_it_is_made(small_pack, tmp_path: Path) -> None:
    first, _ = plan_study(study_at(small_pack()))
    again, _ = plan_study(replace(study_at(small_pack()), source=str(tmp_path / "study.yaml")))
    assert first.hash == again.hash == plan_hash(first)
    stored = plan_from_json(json.loads(json.dumps(plan_as_json(first))))
    assert stored == first
    assert plan_hash(stored) == first.hash


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": "6"},
        {"trials": "{per_arm: 13, baseline: 20}"},
        {"design": "{kind: leave-one-out, details: [threat]}"},
        {"baseline": "{hint: on}"},
        {"sampling": "{max_tokens: 1001}"},
        {"models": "[sim/cautious]"},
    ],
)
def test_whatever_could_change_a_result_changes_the_hash(small_pack, changes: dict[str, str]) -> None:
    scenario = small_pack()
    assert plan_study(study_at(scenario))[0].hash != plan_study(study_at(scenario, **changes))[0].hash


def test_an_edit_of_the_scenario_changes_the_hash(small_pack) -> None:
    before, _ = plan_study(study_at(small_pack()))
    after, _ = plan_study(study_at(small_pack(task_md="It is late. Read the mail.\n")))
    assert before.hash != after.hash


def test_a_plan_warns_of_what_will_weaken_the_study(small_pack) -> None:
    scenario = small_pack()
    plan, _ = plan_study(study_at(scenario, PRICED, sampling="{temperature: 0}", budget="{usd: 0.01}"))
    told = " ".join(plan.warnings)
    assert "Temperature 0" in told
    assert "12 trials an arm are few" in told
    assert "budget of $0.01 is below" in told
    assert "SIMULATED" not in told
    simulated, _ = plan_study(study_at(scenario, trials="{per_arm: 60}"))
    assert [warning.split(":")[0] for warning in simulated.warnings] == ["SIMULATED", "One wording"]


def test_a_model_without_a_price_is_said_before_the_run_and_refused_under_a_budget(small_pack) -> None:
    scenario = small_pack()
    plan, _ = plan_study(study_at(scenario, "hosted_vllm/mine"))
    assert plan.unpriced == ("hosted_vllm/mine",)
    assert plan.greatest_cost is None
    assert any("No price is known for hosted_vllm/mine" in warning for warning in plan.warnings)
    refuse_unpriced(plan)
    limited, _ = plan_study(study_at(scenario, "hosted_vllm/mine", budget="{usd: 5}"))
    with pytest.raises(StudioError, match="no price is known for hosted_vllm/mine"):
        refuse_unpriced(limited)


def test_what_the_scenario_does_not_have_is_told_with_the_nearest_name(small_pack) -> None:
    scenario = small_pack()
    with pytest.raises(StudioError, match="no outcome 'coercoin'") as raised:
        plan_study(study_at(scenario, outcome="coercoin"))
    assert "did you mean 'coercion'?" in str(raised.value)
    with pytest.raises(StudioError, match="thread"):
        plan_study(study_at(scenario, design="{kind: leave-one-out, details: [thread]}"))


def test_prices_come_from_the_study_or_the_table_and_are_never_guessed() -> None:
    listed = find_price(ModelSettings("gpt-4o"))
    assert listed is not None
    assert find_price(ModelSettings("openai/gpt-4o")) == listed
    assert listed.of(Usage(1_000_000, 0)) == pytest.approx(2.5)
    assert find_price(ModelSettings("gpt-4o", input_price=1.0)) == Price(1e-6, listed.output)
    assert find_price(ModelSettings("gpt-4o", endpoint="http://127.0.0.1:1/v1")) is None
    assert find_price(ModelSettings("openai/no-such-model")) is None
    assert find_price(ModelSettings("sim/strategist")) == Price(0.0, 0.0)
