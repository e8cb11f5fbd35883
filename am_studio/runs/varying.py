"""Proposals for a scenario, from the built-in generators and from a model, each checked; nothing is written or taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from am_studio.foundation.errors import StudioError
from am_studio.records import ChatRequest, ModelFailure, ModelSettings, Sampling
from am_studio.runs.errands import Errand, cost_of, run_errand
from am_studio.scenarios.references import find_scenario, load_scenario
from am_studio.scenarios.scenario import Scenario
from am_studio.scenarios.varying import (
    Baseline,
    Checked,
    Passage,
    Proposal,
    passages_to_rewrite,
    propose_filler,
    propose_names,
    rewritten,
)
from am_studio.scenarios.varying.proposals import MODEL_KINDS, Kind
from am_studio.scenarios.varying.rewriting import instruction, question


@dataclass(frozen=True)
class VaryPlan:
    """What is to be proposed, and what a model would be asked for it."""

    directory: Path
    scenario: Scenario
    base: Mapping[str, str]
    kinds: tuple[Kind, ...]
    filler: int
    seed: int
    errand: Errand | None
    asked: tuple[tuple[Kind, Passage], ...] = ()
    """For each request, in order."""


@dataclass(frozen=True, slots=True)
class Varied:
    """What came of it."""

    checked: tuple[Checked, ...]
    dropped: tuple[tuple[str, str], ...]
    """Title and reason of what made no proposal at all."""
    cost: float
    """US dollars."""


def plan_varying(
    reference: str, kinds: Sequence[Kind], model: ModelSettings | None, *, filler: int = 8, seed: int = 0
) -> VaryPlan:
    """What would be proposed; StudioError when a kind needs a model and none is named, or the scenario cannot be used."""
    directory = find_scenario(reference)
    scenario = load_scenario(reference)
    from am_studio.scenarios.documents import ScenarioDocument

    base = dict(ScenarioDocument.open(directory).texts)
    wanted = [kind for kind in kinds if kind in MODEL_KINDS]
    if wanted and model is None:
        raise StudioError(
            f"{' and '.join(wanted)} needs a model", hint="say --with MODEL; sim/writer tries it without a key"
        )
    if model is None:
        return VaryPlan(directory, scenario, base, tuple(kinds), filler, seed, None)
    asked = tuple((kind, passage) for kind in wanted for passage in passages_to_rewrite(base))
    requests = tuple(
        ChatRequest(
            model, (("system", instruction(kind)), ("user", question(passage))), model.sampling(Sampling()), seed
        )
        for kind, passage in asked
    )
    errand = Errand(model, requests) if requests else None
    return VaryPlan(directory, scenario, base, tuple(kinds), filler, seed, errand, asked)


def carry_out_varying(plan: VaryPlan) -> Varied:
    """Make the proposals, ask what is to be asked, and check every one."""
    proposals: list[Proposal] = []
    dropped: list[tuple[str, str]] = []
    if "names" in plan.kinds:
        proposals += propose_names(plan.scenario, plan.base, plan.seed)
    if "filler" in plan.kinds:
        proposals += propose_filler(plan.scenario, plan.filler, plan.seed)
    answers = run_errand(plan.errand) if plan.errand else ()
    for (kind, passage), answer in zip(plan.asked, answers, strict=True):
        title = f"{Path(passage.file).stem} ({kind})"
        if isinstance(answer, ModelFailure):
            dropped.append((title, answer.message))
            continue
        made = rewritten(kind, passage, answer.text, answer.model_returned or "a model")
        if isinstance(made, Proposal):
            proposals.append(made)
        else:
            dropped.append((title, made))
    baseline = Baseline(plan.directory, plan.base)
    return Varied(tuple(baseline.check(each) for each in proposals), tuple(dropped), cost_of(answers))
