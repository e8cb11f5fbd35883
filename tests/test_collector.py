"""The garbage collector is calm while a run works, and as it was afterwards."""

from __future__ import annotations

import asyncio
import gc

import pytest

from am_studio.foundation.collector import YOUNG, calmly
from am_studio.judging import open_judge
from am_studio.models.simulated.client import SimulatedClient
from am_studio.records import ModelSettings, Sampling, Transcript
from am_studio.scenarios import load_scenario, situate
from am_studio.trials import hold_conversation, read_transcript


def test_it_is_as_before_whatever_happened() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    seen = []

    def work() -> None:
        with calmly():
            seen.append((gc.get_threshold()[0], gc.get_freeze_count() > 0))
            raise KeyError

    with pytest.raises(KeyError):
        work()
    assert seen == [(YOUNG, True)]
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() <= frozen


async def _trials(number: int, model: ModelSettings, client: SimulatedClient) -> None:
    scenario, judge = load_scenario("core/replacement-blackmail"), open_judge({"kind": "rules"})
    variant = scenario.defaults()
    situation, questions = situate(scenario, variant), scenario.questions_for(variant)
    for seed in range(number):
        transcript = await hold_conversation(situation, client.ask, sampling=Sampling(), seed=seed, model=model)
        assert isinstance(transcript, Transcript)
        judge.judge(read_transcript(transcript, situation), transcript, situation, questions)


def test_trials_leave_nothing_that_only_the_collector_frees() -> None:
    model = ModelSettings("sim/strategist")
    client = SimulatedClient(model)
    asyncio.run(_trials(20, model, client))  # what is loaded and remembered is there
    gc.collect()
    with calmly():
        asyncio.run(_trials(5, model, client))
        few = gc.collect()
        asyncio.run(_trials(205, model, client))
        many = gc.collect()
    assert many <= few + 100, "what is found does not grow with the number of trials"
