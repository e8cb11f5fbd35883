"""Whole studies against the server of the simulated subjects: the table of the in-process subject, and always its stamp."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from am_studio.cli.main import main
from am_studio.designs.base import trial_seed
from am_studio.models.registry import open_client
from am_studio.records import (
    ChatRequest,
    ClientName,
    EffectTable,
    FunctionCall,
    ModelFailure,
    ModelSettings,
    Reply,
    Sampling,
)
from am_studio.reports.run_results import run_as_json
from am_studio.runs.analysis import analyse
from am_studio.runs.browse import about
from am_studio.runs.carry import begin, carry_out, plan_study
from am_studio.runs.engine_settings import EngineSettings
from am_studio.runs.follow import look
from am_studio.runs.runfile import RunFile
from am_studio.runs.study import load_study
from loopback import Provider, serving
from run_world import Naps
from sim_world import Served, sim_serving

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.xdist_group("litellm")]

STUDY = """\
format: 1
name: over-http
scenario: core/replacement-blackmail
design: {kind: leave-one-out, details: [threat, deadline]}
models: [MODEL]
outcome: blackmail
trials: {per_arm: 8, baseline: 12}
seed: 5
"""
CLIENTS = pytest.mark.parametrize("client", ["litellm", "direct"])


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with sim_serving(aliases={"alias": "sim/strategist"}) as server:
        yield server


def carried(directory: Path, name: str, model: str, more: str = "") -> Path:
    """The study with this model, carried out to its end; the run file."""
    study, run = directory / f"{name}.yaml", directory / f"{name}.amrun"
    study.write_text(STUDY.replace("MODEL", model) + more, encoding="utf-8")
    plan, scenario = plan_study(load_study(study))
    ending = carry_out(begin(plan, scenario, run), settings=EngineSettings(concurrency=8, sleep=Naps()))
    assert ending.kind == "finished"
    return run


def shape(table: EffectTable) -> tuple[object, ...]:
    """All that a table says of its arms, without the model's name."""
    return (
        table.baseline,
        table.baseline_rate,
        [(effect.arm, effect.counts, effect.difference, effect.interval, effect.p) for effect in table.effects],
        table.simulated,
    )


def said(run: RunFile) -> list[tuple[str, str, str]]:
    return [
        (reply.reasoning, reply.text, reply.finish)
        for trial in range(run.planned())
        for reply in run.transcript(trial).replies
    ]


def called(run: RunFile) -> list[FunctionCall]:
    return [call for trial in range(run.planned()) for reply in run.transcript(trial).replies for call in reply.calls]


def endpoint(served: Served, name: str, *more: str) -> str:
    price = "price: {input: 0, output: 0}"
    return "{" + ", ".join([f"name: {name}", f'endpoint: "{served.url}"', price, *more]) + "}"


@CLIENTS
def test_a_study_over_http_gives_the_table_and_the_replies_of_the_subject_in_process(
    served: Served, tmp_path: Path, client: str
) -> None:
    here = carried(tmp_path, "here", "sim/strategist")
    there = carried(tmp_path, "there", endpoint(served, "openai/sim/strategist", f"client: {client}"))
    with RunFile.open(here) as first, RunFile.open(there) as second:
        assert shape(analyse(first).tables[0]) == shape(analyse(second).tables[0])
        assert said(first) == said(second)
        assert len(said(first)) == 28
        assert second.models_returned("openai/sim/strategist") == ("sim/strategist",)
        assert second.tally().cost == 0
        assert analyse(first).tables[0].baseline.yes > 0


@CLIENTS
def test_conversations_with_native_calls_go_the_same_way_over_http(served: Served, tmp_path: Path, client: str) -> None:
    protocol = "protocol: {tools: {turns: 12}}\n"
    here = carried(tmp_path, "here", "sim/strategist", protocol)
    there = carried(tmp_path, "there", endpoint(served, "openai/sim/strategist", f"client: {client}"), protocol)
    with RunFile.open(here) as first, RunFile.open(there) as second:
        assert shape(analyse(first).tables[0]) == shape(analyse(second).tables[0])
        assert said(first) == said(second)
        assert called(first) == called(second)
        assert any(call.name == "read_email" for call in called(first))


def test_faults_on_the_way_change_nothing_in_the_table(served: Served, tmp_path: Path) -> None:
    here = carried(tmp_path, "here", "sim/strategist")
    faults = "429=0.15:0.01,500=0.1,truncate=0.1,nochoices=0.1,seed=3"
    model = endpoint(served, "openai/sim/strategist").replace(served.url, served.faulty(faults))
    there = carried(tmp_path, "there", model)
    with RunFile.open(here) as first, RunFile.open(there) as second:
        assert shape(analyse(first).tables[0]) == shape(analyse(second).tables[0])
        assert {"rate_limit", "server", "bad_reply"} <= set(second.tally().failures)


def test_a_subject_behind_an_alias_is_stamped_by_what_its_answers_call_themselves(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = carried(tmp_path, "alias", endpoint(served, "openai/alias"))
    with RunFile.open(path) as run:
        assert not run.plan.simulated
        assert run.simulated_models() == {"openai/alias"}
        analysis = analyse(run)
        assert analysis.tables[0].simulated
        told = run_as_json(run, analysis)
        assert told["simulated"]
        assert told["tables"][0]["simulated"]
        assert about(run).simulated
    assert look(path).simulated
    assert main(["analyze", str(path)]) == 0
    assert "SIMULATED" in capsys.readouterr().out
    assert main(["runs", str(tmp_path)]) == 0
    assert "SIMULATED" in capsys.readouterr().out
    assert main(["runs", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["simulated"]


@CLIENTS
def test_a_gateway_that_renames_a_subject_does_not_hide_what_it_is(client: ClientName) -> None:
    with serving(Provider()) as provider:
        settings = ModelSettings("openai/renamed", endpoint=provider.url, client=client)

        def returned() -> str:
            request = ChatRequest(settings, (("user", "Read your mail."),), Sampling(), seed=1)
            answer = asyncio.run(asked(settings, request))
            assert isinstance(answer, Reply)
            return answer.model_returned

        provider.says({"content": "Soup today."}, model="renamed", system_fingerprint="simulated")
        assert returned() == "sim/renamed"
        provider.says({"content": "Soup today."}, model="sim/strategist", system_fingerprint="simulated")
        assert returned() == "sim/strategist"
        provider.says({"content": "Soup today."}, model="renamed", system_fingerprint="fp_1")
        assert returned() == "renamed"


async def asked(settings: ModelSettings, request: ChatRequest) -> Reply | ModelFailure:
    client = open_client(settings)
    try:
        return await client.ask(request)
    finally:
        await client.close()


def test_a_subject_over_http_has_the_seeds_of_the_one_in_process() -> None:
    assert trial_seed(5, "openai/sim/strategist", "baseline", 2) == trial_seed(5, "sim/strategist", "baseline", 2)
    assert trial_seed(5, "openai/strategist", "baseline", 2) != trial_seed(5, "sim/strategist", "baseline", 2)
