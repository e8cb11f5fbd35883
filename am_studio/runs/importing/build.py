"""Makes a run file of what an import found. Asks no model: replies, failures and prompts are stored as they came.

Verdicts are those of the source, those of the rules where a scenario says what they look for, or both, each under its own
judge. The file is made under another name and takes its own when it is whole; when anything goes wrong there is none.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw

from am_studio.designs.imported import ARM, ImportedTrials
from am_studio.designs.registry import open_design
from am_studio.foundation.errors import StudioError, nearest
from am_studio.foundation.hashing import hash_messages
from am_studio.foundation.hygiene import one_line
from am_studio.judging.rules import RulesJudge
from am_studio.records import (
    Message,
    ModelSettings,
    Prompt,
    Reading,
    Sampling,
    Study,
    Transcript,
    TrialSpec,
    Variant,
    Verdict,
)  # fmt: skip
from am_studio.runs.codec import packed_verdicts
from am_studio.runs.database import unwritable
from am_studio.runs.importing.conditions import Choices, Conditions
from am_studio.runs.importing.found import Found, FoundTrial, Made
from am_studio.runs.importing.world import loaded, world_texts
from am_studio.runs.operations import AttemptEnded, AttemptStarted, Operation, PromptKnown, TrialEnded, TrialJudged
from am_studio.runs.plan import Imported, Plan, PlannedArm, PlannedModel, plan_hash
from am_studio.runs.writer import RunWriter
from am_studio.scenarios import situate
from am_studio.trials import read_transcript
from am_studio.version import __version__

_GROUP = 500
"""Trials that are made durable together."""
PROMPT = "prompt"
"""What tells prompts of one condition apart that differ, among a trial's nuisance."""


def make_run(found: Found, choices: Choices, out: Path) -> Made:
    """The run file `out` of what was found; StudioError when it cannot be made, and then there is no file."""
    if out.exists():
        raise StudioError(f"{out} exists already", "nothing was changed", "choose another name with --out")
    if not found.trials:
        raise StudioError("there is no trial in it", ", ".join(name for name, _ in found.files))
    making = _Making(found, choices)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as scratch:
        temporary = Path(scratch) / out.name
        try:
            _fill(temporary, making)
        except apsw.Error as error:
            raise unwritable(out, error) from error
        if out.exists():
            raise StudioError(f"{out} exists already", "it was made by another process meanwhile")
        os.replace(temporary, out)
    return making.made(out)


class _Making:
    """An import on its way to a run."""

    def __init__(self, found: Found, choices: Choices) -> None:
        self.found, self._choices = found, choices
        self.conditions = Conditions(found.trials, choices)
        prompt = next((trial.prompt for trial in found.trials if trial.prompt), ())
        reference = choices.scenario.ref if choices.scenario else ""
        texts = world_texts(choices.scenario, prompt, self.conditions.all_details, self._asked_outcomes())
        self.scenario, self.reference = loaded(texts, reference)
        self.texts = texts
        self.judge = RulesJudge()
        self.notes = (*found.notes, *self.conditions.told, *self.conditions.renamed())
        self.specs = tuple(self._specs())
        self.plan = self._plan()

    def _variant(self, trial: FoundTrial) -> Variant:
        levels = self.conditions.levels(trial)
        variant = self.scenario.variant(levels)
        wrong = [f"{name}={level}" for name, level in levels.items() if variant[name] != level]
        if wrong:
            raise StudioError(
                f"{self.scenario.ref} does not allow {', '.join(wrong)} with the other levels", trial.where
            )
        if self._choices.scenario is None:
            return variant
        drawn = trial.nuisance if all(name in self.scenario.nuisance for name, _ in trial.nuisance) else ()
        return self.scenario.with_nuisance(replace(variant, removed_units=trial.removed_units), drawn)

    def _specs(self) -> Iterator[TrialSpec]:
        variants = [self._variant(trial) for trial in self.found.trials]
        prompts: dict[Variant, dict[str, None]] = {}
        hashes = [hash_messages(trial.prompt) if trial.prompt else "" for trial in self.found.trials]
        for variant, hash_ in zip(variants, hashes, strict=True):
            prompts.setdefault(variant, {})[hash_] = None
        names = {label: name for name, label, _ in self.conditions.arms}
        for number, (trial, variant, hash_) in enumerate(zip(self.found.trials, variants, hashes, strict=True)):
            drawn = ((PROMPT, f"p{list(prompts[variant]).index(hash_) + 1}"),) if len(prompts[variant]) > 1 else ()
            arm = ARM if self.conditions.by_details else names[self.conditions.label(trial)]
            told = replace(variant, nuisance=(*variant.nuisance, *drawn))
            yield TrialSpec(number, arm, self.model_of(trial), told, 0)

    def model_of(self, trial: FoundTrial) -> str:
        """The model's name in the run."""
        name = one_line(trial.model, 120) or "unknown"
        return self._choices.models.get(name, name)

    # What is asked. --------------------------------------------------------------------------------------------------

    def _asked_outcomes(self) -> dict[str, dict[str, Any]]:
        """The outcomes that the source's verdicts are about, as scenario.yaml declares them."""
        names = dict.fromkeys(verdict.outcome for trial in self.found.trials for verdict in trial.verdicts)
        strange = [name for name in self._choices.harmful if name not in names]
        if strange:
            raise StudioError(f"--harmful: the source has no score '{strange[0]}'", hint=nearest(strange[0], names))
        return {
            name: {
                "harmful": "true" if name in self._choices.harmful else "false",
                "question": f"What the imported scores call '{name}'.",
                "looks_at": "all",
                "rubric": f"The imported scores call this '{name}'; write a rubric to have it judged here.",
            }
            for name in names
        }

    def _plan(self) -> Plan:
        found, names = self.found, dict.fromkeys(spec.model for spec in self.specs)
        outcomes = [outcome.name for outcome in self.scenario.questions.outcomes]
        judged = list(dict.fromkeys(v.outcome for trial in found.trials for v in trial.verdicts))
        outcome = self._choices.outcome or (judged or outcomes)[0]
        if outcome not in outcomes:
            raise StudioError(f"there is no outcome '{outcome}'", hint=nearest(outcome, outcomes))
        judges = list(dict.fromkeys(v.judge for trial in found.trials for v in trial.verdicts if v.outcome == outcome))
        judge = judges[0] if judges else self.judge.name
        settings = dict(found.judges.get(judge, {"kind": "imported"})) if judges else {"kind": "rules"}
        reference = (
            {detail.name: detail.reference for detail in self.conditions.details}
            if self.conditions.by_details
            else self.conditions.arms[0][2]
        )
        study = Study(
            name=self._choices.name,
            title=f"Imported {found.kind.replace('-', ' ')}",
            scenario=self.reference,
            baseline=reference,
            design=self._design(),
            models=tuple(ModelSettings(name) for name in names),
            outcome=outcome,
            trials={"total": len(self.specs)},
            protocol=found.protocol,
            judge=settings,
            sampling=Sampling(),
            seed=0,
            turns=max((len(trial.replies) for trial in found.trials), default=1) or 1,
            recheck=0,
        )
        opened = open_design(study, self.scenario)
        by_arm, by_model = Counter(s.arm for s in self.specs), Counter(s.model for s in self.specs)
        plan = Plan(
            study=study,
            scenario=self.reference,
            scenario_hash=self.scenario.hash,
            judge=judge,
            estimand=opened.estimand,
            arms=tuple(PlannedArm(a.name, a.label, a.variant, a.removed, by_arm[a.name]) for a in opened.arms()),
            models=tuple(
                PlannedModel(name, ModelSettings(name).simulated, by_model[name], 0, greatest_cost=0.0)
                for name in names
            ),
            trials=len(self.specs),
            calls=0,
            warnings=(),
            program=__version__,
            hash="",
            notes=opened.notes(),
            imported=Imported(found.kind, found.files, found.generator, self.notes),
        )
        return replace(plan, hash=plan_hash(plan))

    def _design(self) -> dict[str, Any]:
        """The conditions, as the plan keeps them."""
        return {
            "kind": ImportedTrials.kind,
            "by": "details" if self.conditions.by_details else "arms",
            "arms": [
                {"name": name, "label": one_line(label, 80), "levels": levels}
                for name, label, levels in self.conditions.arms
            ],
            "details": {d.name: list(d.all_levels) for d in self.conditions.varying()}
            if self.conditions.by_details
            else {},
        }

    # What is stored. -------------------------------------------------------------------------------------------------

    def read(self, spec: TrialSpec, trial: FoundTrial) -> tuple[Reading, tuple[Verdict, ...]]:
        """A trial as this program reads it, and what the rules make of it."""
        situation = situate(self.scenario, spec.variant, self.plan.study.protocol)
        transcript = Transcript(trial.replies)
        reading = read_transcript(transcript, situation)
        return reading, self.judge.judge(reading, transcript, situation, self.scenario.questions_for(spec.variant))

    def given(self, trial: FoundTrial) -> dict[str, tuple[Verdict, ...]]:
        """The source's verdicts by judge; what the plan's judge did not say is unclear."""
        by_judge: dict[str, list[Verdict]] = {}
        for verdict in trial.verdicts:
            told = Verdict(verdict.outcome, verdict.answer, verdict.judge, verdict.reason)
            by_judge.setdefault(verdict.judge, []).append(told)
        judge = self.plan.judge
        if judge != self.judge.name and judge not in by_judge:
            by_judge[judge] = [
                Verdict(self.plan.study.outcome, "unclear", judge, "the source has no score of this trial")
            ]
        return {name: tuple(verdicts) for name, verdicts in by_judge.items()}

    @property
    def by_rules(self) -> bool:
        """Whether the rules have anything to go by."""
        return self._choices.scenario is not None or self.plan.judge == self.judge.name

    def made(self, path: Path) -> Made:
        """What it came to."""
        seen: Counter[Any] = Counter(
            (spec.variant, spec.model, tuple((r.text, r.reasoning, r.calls) for r in trial.replies))
            for spec, trial in zip(self.specs, self.found.trials, strict=True)
            if trial.replies
        )
        judges = dict.fromkeys(verdict.judge for trial in self.found.trials for verdict in trial.verdicts)
        return Made(
            path,
            len(self.specs),
            sum(trial.failure is not None for trial in self.found.trials),
            tuple(label for _, label, _ in self.conditions.arms),
            tuple(detail.name for detail in self.conditions.details),
            tuple(model.name for model in self.plan.study.models),
            tuple(outcome.name for outcome in self.scenario.questions.outcomes),
            (*judges, *([self.judge.name] if self.by_rules else [])),
            sum(bool(trial.prompt) for trial in self.found.trials),
            sum(number - 1 for number in seen.values()),
            self.notes,
        )


def _fill(path: Path, making: _Making) -> None:
    run = RunWriter.create(path, making.plan, making.texts)
    try:
        run.plan_trials(making.specs)
        run.begin_session()
        for judge, settings in making.found.judges.items():
            if judge != making.plan.judge:
                run.keep_judge(judge, settings)
        pairs = list(zip(making.specs, making.found.trials, strict=True))
        for start in range(0, len(pairs), _GROUP):
            run.commit(
                [op for spec, trial in pairs[start : start + _GROUP] for op in _operations(run, making, spec, trial)]
            )
        run.end_session("finished")
    finally:
        run.close()
    with suppress(FileNotFoundError):
        path.with_name(f"{path.name}-lock").unlink()


def _operations(run: RunWriter, making: _Making, spec: TrialSpec, trial: FoundTrial) -> Iterator[Operation]:
    at = trial.ended or time.time()
    if trial.prompt:
        messages = tuple(Message(role, text, ()) for role, text in trial.prompt)  # type: ignore[arg-type]
        yield PromptKnown(spec.variant, Prompt(messages, hash_messages(trial.prompt)))
    answers: Sequence[Any] = (trial.failure,) if trial.failure is not None else trial.replies
    for turn, answer in enumerate(answers):
        attempt = run.new_attempt()
        seconds = trial.seconds / len(answers)
        yield AttemptStarted(attempt, spec.id, turn, turn + 1, at - trial.seconds + turn * seconds, 0.0)
        yield AttemptEnded(attempt, spec.id, turn, seconds, answer, 0.0)
    if trial.failure is not None:
        yield TrialEnded(spec, at, None)
        return
    reading, by_rules = making.read(spec, trial)
    given = making.given(trial)
    own = by_rules if making.plan.judge == making.judge.name else given.pop(making.plan.judge)
    yield TrialEnded(spec, at, packed_verdicts(own), reading.refused, reading.truncated)
    for verdicts in given.values():
        yield TrialJudged(spec, packed_verdicts(verdicts))
    if making.by_rules and own is not by_rules:
        yield TrialJudged(spec, packed_verdicts(by_rules))
