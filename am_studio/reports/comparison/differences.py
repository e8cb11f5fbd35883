"""What differs between runs apart from their results: scenario, texts, details, judge, design, models, dates. Tests nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from am_studio.foundation.hygiene import one_line
from am_studio.records import Study
from am_studio.reports.document.provenance import moment
from am_studio.reports.plan_words import settings_words
from am_studio.reports.registration import judge_hash
from am_studio.runs.analysis import Analysis
from am_studio.runs.comparing import letter
from am_studio.runs.runfile import RunFile
from am_studio.scenarios import Scenario, render
from am_studio.scenarios.prompt_diff import Hunk, prompt_hunks

MOST_CHANGES = 12
"""Changes of the text that are shown of one run."""
_EXCERPT = 160
HARMLESS = ("trials", "when", "program", "run seed")
"""Differences that are no other question."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not the same in all runs."""

    name: str
    values: tuple[str, ...]
    """One a run."""

    @property
    def counts(self) -> bool:
        """Whether it could be why results differ, as far as anybody knows beforehand."""
        return self.name not in HARMLESS


def differences(runs: Sequence[RunFile], analyses: Sequence[Analysis]) -> tuple[Difference, ...]:
    """Everything that differs, the weightiest first."""
    aspects = [_aspects(run, analysis) for run, analysis in zip(runs, analyses, strict=True)]
    names = dict.fromkeys(name for each in aspects for name in each)
    rows = (Difference(name, tuple(each.get(name, "–") for each in aspects)) for name in names)
    return tuple(row for row in rows if len(set(row.values)) > 1)


def same(runs: Sequence[RunFile], analyses: Sequence[Analysis]) -> tuple[str, ...]:
    """The names of what does not."""
    found = {each.name for each in differences(runs, analyses)}
    return tuple(name for name in _aspects(runs[0], analyses[0]) if name not in found)


def _aspects(run: RunFile, analysis: Analysis) -> dict[str, str]:
    plan, study, scenario = run.plan, run.plan.study, run.scenario
    spans = [span for table in analysis.tables if (span := run.span(table.model))]
    when = f"{moment(min(a for a, _ in spans))[:16]} to {moment(max(b for _, b in spans))[:16]}" if spans else "–"
    question = scenario.questions.outcome(analysis.outcome).question if scenario.asks(analysis.outcome) else "–"
    returned = "; ".join(", ".join(run.models_returned(table.model)) or "–" for table in analysis.tables)
    return {
        "scenario": plan.scenario,
        "scenario content": plan.scenario_hash[:19],
        "details": ", ".join(f"{name}={detail.default}" for name, detail in scenario.details.items()),
        "baseline": ", ".join(f"{name}={level}" for name, level in study.baseline.items()) or "the defaults",
        "question": question,
        "judge": analysis.judge,
        "what the plan's judge asks by": judge_hash(plan, scenario)[:19],
        "design": _design(study),
        "models": ", ".join(model.name for model in study.models),
        "models as returned": returned,
        "sampling": f"temperature {study.sampling.temperature:g}, {study.sampling.max_tokens} tokens",
        "settings of models": "; ".join(filter(None, (settings_words(model) for model in study.models))) or "none",
        "protocol": f"{study.protocol}, {study.turns} turns" if study.turns > 1 else study.protocol,
        "nuisance factors": study.nuisance if isinstance(study.nuisance, str) else ", ".join(study.nuisance) or "none",
        "analysis": "as planned" if not analysis.exploratory else f"exploratory: {'; '.join(analysis.exploratory)}",
        "trials": f"{run.planned() - run.unfinished():,} of {run.planned():,} ended",
        "when": when,
        "program": plan.program,
        "run seed": str(study.seed),
    }


def _design(study: Study) -> str:
    told = [f"{name}: {_plain(value)}" for name, value in study.design.items() if name != "kind"]
    return "; ".join([str(study.design.get("kind")), *told])


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def text_changes(runs: Sequence[RunFile]) -> Iterator[tuple[str, str]]:
    """(where, what) for each change of the baseline's prompt of a run against the first run's, a few of each run."""
    first = runs[0]
    for number, run in enumerate(runs[1:], 1):
        if run.plan.scenario_hash == first.plan.scenario_hash and run.plan.study.baseline == first.plan.study.baseline:
            continue
        hunks = _hunks(first, run)
        if not hunks:
            yield f"{letter(number)} against A", "the baseline reads the same to the character"
        for hunk in hunks[:MOST_CHANGES]:
            yield f"{letter(number)} against A, {hunk.part}", _words(hunk)
        if len(hunks) > MOST_CHANGES:
            yield f"{letter(number)} against A", f"{len(hunks) - MOST_CHANGES} more changes of the baseline's text"


def file_changes(first: RunFile, other: RunFile) -> tuple[str, ...]:
    """The scenario's files that are not the same in both runs."""
    here, there = first.scenario_texts, other.scenario_texts
    return tuple(name for name in sorted({*here, *there}) if _of(here, name) != _of(there, name))


def _of(texts: Mapping[str, str], name: str) -> str | None:
    return texts.get(name)


def _hunks(first: RunFile, other: RunFile) -> tuple[Hunk, ...]:
    prompts = []
    for run in (first, other):
        scenario: Scenario = run.scenario
        prompts.append(render(scenario, scenario.variant(run.plan.study.baseline), run.plan.study.protocol))
    return prompt_hunks(prompts[0], prompts[1], ())


def _words(hunk: Hunk) -> str:
    gone = one_line(" … ".join(text for kind, text in hunk.words if kind == "gone"), _EXCERPT)
    new = one_line(" … ".join(text for kind, text in hunk.words if kind == "new"), _EXCERPT)
    parts = [f"gone: “{gone}”" if gone else "", f"new: “{new}”" if new else ""]
    return "; ".join(part for part in parts if part) or "blank characters alone"
