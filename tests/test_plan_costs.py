"""What a study can cost is told before it runs, and what it costs stays within that and within its budget."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from am_studio.models.prices import find_price
from am_studio.models.tokens import SAFETY_FACTOR, at_most, count_messages, most_read
from am_studio.records import (
    ChatRequest,
    FunctionCall,
    ModelSettings,
    Reply,
    TrialSpec,
    Usage,
)
from am_studio.reports.plan_words import cost_words, recheck_words, token_words
from am_studio.runs import costs, ledger
from am_studio.runs.carry import plan_study
from am_studio.runs.costs import ANSWER_TOKENS, REPLY_WRAPPING, Forecaster, Reading
from am_studio.runs.runfile import RunFile
from am_studio.runs.study import load_study, with_changes
from am_studio.scenarios import load_scenario
from run_world import Subject, new_run, reply, study_at, work

PRICED = "{name: openai/little, price: {input: 2, output: 10}}"
MAIL = ("010-news", "020-lunch")
SONNET = "anthropic/claude-sonnet-4-5"


def test_every_arm_is_counted_by_its_own_prompt(small_pack) -> None:
    study = study_at(small_pack(), PRICED, trials="{per_arm: 10, baseline: 10}")
    plan, scenario = plan_study(study)
    lengths = {arm.name: Forecaster(study, scenario)._reading(arm.variant).prompt for arm in plan.arms}
    (model,) = plan.models
    assert len(set(lengths.values())) > 1
    assert model.read_tokens == sum(10 * length for length in lengths.values())
    assert model.prompt_tokens == max(lengths.values())
    assert (model.counted, model.prompts, plan.tokens) == (3, 3, "cl100k_base")


def test_the_greatest_cost_is_the_sum_of_every_requests_worst_case(small_pack, tmp_path: Path) -> None:
    study = study_at(small_pack(), PRICED)
    plan, _ = plan_study(study)
    subject = Subject()
    work(new_run(study, tmp_path / "run.amrun"), subject)
    price = find_price(study.models[0])
    assert len(subject.requests) == plan.calls
    total = sum(ledger.worst_case(request, price) for request in subject.requests)
    assert plan.greatest_cost == pytest.approx(total)


def test_a_study_of_simulated_subjects_loads_no_table_of_tokens(small_pack) -> None:
    plan, _ = plan_study(study_at(small_pack()))
    assert plan.tokens == "estimated"
    assert (plan.greatest_cost, plan.recheck_cost, recheck_words(plan)) == (0.0, 0.0, "")


def test_a_design_of_many_prompts_is_counted_on_a_sample_that_is_told(
    small_pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = study_at(small_pack(), PRICED)
    scenario = load_scenario(str(small_pack()))
    variants = list(scenario.variants())
    named = [TrialSpec(n, f"arm {n}", "openai/little", variant, n) for n, variant in enumerate(variants)]
    whole = Forecaster(study, scenario).forecast(study.models[0], named, 0)
    assert (whole.counted, whole.prompts) == (len(variants), len(variants))
    monkeypatch.setattr(costs, "MOST_COUNTED", 4)
    sample = Forecaster(study, scenario).forecast(study.models[0], named, 0)
    assert (sample.counted, sample.prompts) == (4, len(variants))
    assert sample.read_tokens == pytest.approx(whole.read_tokens, rel=0.1)
    more = Forecaster(study, scenario).forecast(study.models[0], named, len(named))
    assert more.read_tokens == pytest.approx(2 * sample.read_tokens, rel=0.01)
    assert more.greatest_cost is not None
    assert sample.greatest_cost is not None
    assert more.greatest_cost > 1.9 * sample.greatest_cost
    unnamed = Forecaster(study, scenario).forecast(study.models[0], [], 20)
    assert (unnamed.counted, unnamed.prompts) == (1, 1)
    assert unnamed.read_tokens == 20 * unnamed.prompt_tokens


def test_several_turns_are_bound_by_what_each_has_to_read_again() -> None:
    price = find_price(ModelSettings("openai/little", input_price=2.0, output_price=10.0))
    assert price is not None
    reading = Reading(prompt=2000, inbox=600, turns=3)
    said = 500 + REPLY_WRAPPING
    read = at_most(2000), at_most(2600 + ANSWER_TOKENS) + said, at_most(2600 + 2 * ANSWER_TOKENS) + 2 * said
    assert reading.greatest_cost(price, 500) == pytest.approx(sum(read) * 2e-6 + 3 * 500 * 10e-6, rel=0.001)
    assert reading.expected == 3 * 2000 + 2 * 300 + (1 + 2) * 300
    one = Reading(prompt=1000, inbox=600, turns=1)
    assert one.expected == 1000
    assert one.greatest_cost(price, 500) == pytest.approx(1500 * 2e-6 + 500 * 10e-6)


def test_a_whole_conversation_stays_within_the_bound_of_the_plan(small_pack, tmp_path: Path) -> None:
    """A subject that lists, reads everything at once, and then writes as long letters as it may until its turns end."""
    study = study_at(
        small_pack(), PRICED, sampling="{max_tokens: 200}", protocol="{tools: {turns: 6}}", trials="{per_arm: 2}"
    )

    def script(request: ChatRequest, _: int) -> Reply:
        turn = len(request.exchanges)
        read = [FunctionCall(str(n), "read_email", json.dumps({"email": mail})) for n, mail in enumerate(MAIL)]
        letter = {"to": "ines@tarn-optics.example", "subject": "You", "body": "word " * 120}
        calls = {0: [FunctionCall("l", "list_emails", "{}"), *read]}.get(
            turn, [FunctionCall("s", "send_email", json.dumps(letter))]
        )
        usage = Usage(most_read(request), request.sampling.max_tokens)
        price = find_price(request.model)
        assert price is not None
        return reply("", calls=tuple(calls), usage=usage, cost=price.of(usage))

    subject, path = Subject(script), tmp_path / "run.amrun"
    work(new_run(study, path), subject)
    plan, _ = plan_study(study)
    assert len(subject.requests) == plan.calls == 6 * plan.trials
    assert any("Soup today." in result.text for result in subject.requests[-1].exchanges[0].results)
    assert plan.greatest_cost is not None
    assert 0.5 * plan.greatest_cost < sums(path) <= plan.greatest_cost


def test_prompt_caching_is_told_where_it_halves_what_reading_costs() -> None:
    study = with_changes(load_study("single-line"), models=(SONNET,))
    (model,) = plan_study(study)[0].models
    assert model.cached_cost is not None
    assert model.input_cost is not None
    assert model.cached_cost < model.input_cost / 2
    assert "with prompt caching" in cost_words(model)
    assert "with prompt caching" not in cost_words(replace(model, cached_cost=model.input_cost * 0.6))
    few = plan_study(with_changes(study, per_arm=1))[0].models[0]
    assert "with prompt caching" not in cost_words(few), "prompts that are read once or twice gain nothing"


def test_short_prompts_are_not_promised_a_cache(small_pack) -> None:
    (model,) = plan_study(study_at(small_pack(), SONNET))[0].models
    assert model.prompt_tokens < costs.SHORTEST_CACHED
    assert model.cached_cost is None


def test_what_later_sessions_re_run_is_told_with_its_cost(small_pack) -> None:
    plan, _ = plan_study(study_at(small_pack(), PRICED, "sim/strategist", sessions="{recheck: 4}"))
    (paid, free) = plan.models
    assert paid.recheck_cost > 0
    assert free.recheck_cost == 0
    assert recheck_words(plan).startswith(
        "A session that resumes the run first re-runs 4 baseline trials, at most $0.0"
    )
    none, _ = plan_study(study_at(small_pack(), PRICED, sessions="{recheck: 0}"))
    assert recheck_words(none) == ""


def test_words_say_what_is_uncertain(small_pack) -> None:
    (model,) = plan_study(study_at(small_pack(), "hosted_vllm/mine"))[0].models
    assert cost_words(model) == "no price known"
    assert token_words(replace(model, prompt_tokens=1234), "cl100k_base") == "1,234 tokens a prompt"
    sampled = replace(model, prompt_tokens=1234, counted=100, prompts=5000)
    assert token_words(sampled, "estimated") == "about 1,234 tokens a prompt (100 of 5,000 counted)"


# The budget. ---------------------------------------------------------------------------------------------------------


def greedy(factor: float, seen: list[float]) -> Subject:
    """A provider that counts up to `factor` times our tokens and writes as much as it may, whatever it caches."""
    chance = random.Random(7)

    def script(request: ChatRequest, number: int) -> Reply:
        tokens = int(count_messages(text for _, text in request.messages) * chance.choice((1.0, factor)))
        cached = chance.choice((0, tokens // 2, tokens))
        usage = Usage(tokens, request.sampling.max_tokens, cached, chance.choice((0, tokens - cached)))
        price = find_price(request.model)
        assert price is not None
        seen.append(price.of(usage))
        return reply("Nothing to do.", usage=usage, cost=seen[-1])

    return Subject(script, seconds=0.001)


def sums(path: Path) -> float:
    with RunFile.open(path) as file:
        return file.tally().cost


@pytest.mark.parametrize("model", [PRICED, SONNET])
@pytest.mark.parametrize("concurrency", [1, 8, 64])
def test_a_budget_is_never_overshot_by_a_provider_within_the_safety_factor(
    small_pack, tmp_path: Path, model: str, concurrency: int
) -> None:
    seen: list[float] = []
    budget = 0.2
    study = study_at(small_pack(), model, budget=f"{{usd: {budget}}}", sampling="{max_tokens: 300}")
    path = tmp_path / "run.amrun"
    ending, _ = work(new_run(study, path), greedy(SAFETY_FACTOR, seen), concurrency=concurrency)
    whole = plan_study(study)[0].greatest_cost
    assert whole is not None
    assert ending.kind == ("budget" if whole > budget else "finished")
    assert sum(seen) <= budget
    assert sums(path) == pytest.approx(sum(seen))


def test_a_provider_beyond_the_factor_overshoots_by_its_excess_in_flight_and_no_more(
    small_pack, tmp_path: Path
) -> None:
    seen: list[float] = []
    study = study_at(small_pack(), PRICED, budget="{usd: 0.05}", sampling="{max_tokens: 10}")
    path = tmp_path / "run.amrun"
    subject = greedy(40 * SAFETY_FACTOR, seen)
    ending, _ = work(new_run(study, path), subject, concurrency=4)
    assert ending.kind == "budget"
    price = find_price(study.models[0])
    excess: Iterable[float] = sorted(
        cost - ledger.worst_case(request, price) for cost, request in zip(seen, subject.requests, strict=True)
    )
    assert 0.05 < sum(seen) <= 0.05 + sum(list(excess)[-4:])
