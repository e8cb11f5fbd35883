"""How far a run's judge can be trusted, from the trials that people labelled, and what its rates and effects are corrected
for its errors.

Only labels of drawn trials count here (`label_samples.py`): those that somebody chose to read say nothing of the rest. A
trial is what most of its raters say; where they are split, or cannot tell, nothing is known of it. Nothing is written, and
what simulated subjects meant is not looked at.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from am_studio.designs.base import BASELINE
from am_studio.effects.agreement import AgreementBeyondChance, fleiss_kappa, krippendorff_alpha, stratified_kappa
from am_studio.effects.common_error import CommonError, LabelledGroup
from am_studio.effects.intervals import rate_of
from am_studio.effects.judge_error import Corrected, Found, JudgeError, Verification, difference_between
from am_studio.judging.label_sampling import Candidate
from am_studio.records import Answer, Counts, Effect, EffectTable, Rate, TrustGate
from am_studio.runs import schema
from am_studio.runs.label_samples import LabelSample, judged, label_sample
from am_studio.runs.labels import Label, read_labels
from am_studio.runs.runfile import RunFile

ANSWERS: tuple[Answer, ...] = ("yes", "no", "unclear")
"""The order of all that follows: the judge's answers and the raters'."""
ENOUGH = 10
"""Checked trials behind each verdict with which a group is judged by labels of its own; or all that it has."""

MOST_FOR_FLEISS = 2000
"""Trials; the work of its interval grows with their square, and where all have answered alpha says the same."""

Basis = Literal["own", "model", "all"]
"""Whose labels a correction is made with: the arm's own, stratum by stratum; or those of all arms in its model, or all.
With the latter two it is taken for granted that the judge errs alike in all of them (sensitivity and specificity, not what a
verdict is worth, which depends on how common the outcome is)."""
Cell = tuple[str, str]
"""(arm, model)."""


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """What people found behind one answer of the judge."""

    answer: Answer
    trials: int
    """With this answer."""
    drawn: int
    """Of them, in the sample."""
    yes: int
    no: int
    """Of the drawn: what their raters say."""
    undecided: int
    """Labelled, but split or unclear."""

    @property
    def checked(self) -> int:
        """Drawn trials of which the truth is known."""
        return self.yes + self.no

    @property
    def truly_yes(self) -> Rate:
        """How often it is yes where the judge gives this answer: for `yes` its positive predictive value."""
        return rate_of(self.yes, self.checked)


@dataclass(frozen=True, slots=True)
class RaterAgreement:
    """The judge against one rater."""

    rater: str
    labels: int
    """On drawn trials."""
    kappa: AgreementBeyondChance | None


@dataclass(frozen=True, slots=True)
class Panel:
    """How far several raters, or several judges, agree with each other."""

    names: tuple[str, ...]
    trials: int
    """Those that two of them or more have answered."""
    alpha: AgreementBeyondChance
    """Krippendorff's."""
    fleiss: AgreementBeyondChance | None
    """Fleiss' kappa; None unless all of them answered each of those trials, and those are not too many."""


@dataclass(frozen=True, slots=True)
class CorrectedArm:
    """An arm's rate as the judge gives it, and as it would be with a judge that does not err."""

    arm: str
    model: str
    raw: Rate
    corrected: Corrected
    basis: Basis
    error: JudgeError | None
    """The judge's in this arm alone; None where it has too few labels of its own."""


@dataclass(frozen=True, slots=True)
class CorrectedEffect:
    """An effect likewise."""

    arm: str
    label: str
    model: str
    raw: float | None
    corrected: Corrected
    basis: Basis


@dataclass(frozen=True, slots=True)
class Trust:
    """What the labels of a run say of its judge, for one outcome."""

    outcome: str
    judge: str
    sample: int
    """Trials drawn; 0: none yet."""
    draws: int
    labelled: int
    """Drawn trials with a label of anybody."""
    chosen: int
    """Labelled trials that nobody drew; they count nowhere but among raters."""
    since: int
    """Trials judged since the sample was drawn."""
    matrix: tuple[MatrixRow, ...]
    error: JudgeError
    kappa: AgreementBeyondChance | None
    """The judge against what the raters say together; None where an answer has no label yet."""
    raters: tuple[RaterAgreement, ...]
    among_raters: Panel | None
    among_judges: Panel | None
    arms: tuple[CorrectedArm, ...]
    effects: tuple[CorrectedEffect, ...]


def trust(
    run: RunFile, outcome: str = "", judge: str = "", *, tables: Iterable[EffectTable] = (), rater: str = ""
) -> Trust | None:
    """What is known of a judge (the plan's when empty) for an outcome (the study's own when empty).

    `tables`: effects to be corrected, of this judge's verdicts. `rater`: by this one's labels alone. None where nothing
    was drawn or labelled and no second judge answered.
    """
    outcome, judge = outcome or run.plan.study.outcome, judge or run.plan.judge
    labels = read_labels(run, outcome=outcome, rater=rater)
    sample = label_sample(run, outcome, judge)
    among_judges = _among_judges(run, outcome)
    if sample is None and not labels and among_judges is None:
        return None
    checked = _Checked(judged(run, outcome, judge), sample, labels)
    return Trust(
        outcome=outcome,
        judge=judge,
        sample=len(checked.drawn),
        draws=sample.draws if sample else 0,
        labelled=len(checked.labels),
        chosen=len({label.trial for label in labels}) - len(checked.labels),
        since=max(len(checked.candidates) - sample.candidates, 0) if sample else 0,
        matrix=checked.matrix(),
        error=checked.own(None).error(checked.sizes(None)),
        kappa=checked.kappa(checked.said),
        raters=tuple(checked.rater(name) for name in sorted({label.rater for label in labels})),
        among_raters=_panel(_by_trial((label.trial, label.rater, label.answer) for label in labels)),
        among_judges=among_judges,
        arms=tuple(checked.arm(cell) for cell in checked.cells()),
        effects=tuple(checked.effect(effect) for table in tables for effect in table.effects),
    )


def lacking(found: Trust | None, gate: TrustGate | None) -> tuple[str, ...]:
    """What a gate still asks for, a sentence each; () where it is met or there is none."""
    if gate is None:
        return ()
    labelled = found.labelled if found else 0
    told = []
    if labelled < gate.labels:
        told.append(f"{labelled} of the {gate.labels} labels that the study requires are there")
    kappa = found.kappa if found else None
    if kappa is None:
        told.append("Cohen's kappa between judge and labels is not known: an answer of the judge has no label yet")
    elif kappa.value is None:
        told.append("Cohen's kappa between judge and labels is not defined: both always give the same answer")
    elif kappa.value < gate.kappa:
        told.append(f"Cohen's kappa between judge and labels is {kappa.value:.2f}; the study requires {gate.kappa:g}")
    return tuple(told)


class _Checked:
    """The judged trials of an outcome with what is known of those that were drawn."""

    def __init__(self, candidates: Sequence[Candidate], sample: LabelSample | None, labels: Sequence[Label]) -> None:
        self.candidates = {candidate.trial: candidate for candidate in candidates}
        drawn = (each.trial for each in sample.trials) if sample else ()
        self.drawn = {trial: self.candidates[trial] for trial in drawn if trial in self.candidates}
        self.labels: dict[int, dict[str, Answer]] = {
            trial: given for trial, given in _by_trial((e.trial, e.rater, e.answer) for e in labels).items()
            if trial in self.drawn
        }  # fmt: skip
        self.said: dict[int, Answer] = {trial: _together(given.values()) for trial, given in self.labels.items()}
        self._sizes: dict[Cell, Counter[Answer]] = defaultdict(Counter)
        for candidate in candidates:
            self._sizes[candidate.arm, candidate.model][candidate.answer] += 1
        self._found: dict[Cell, Counter[tuple[Answer, Answer]]] = defaultdict(Counter)
        for trial, answer in self.said.items():
            there = self.drawn[trial]
            self._found[there.arm, there.model][there.answer, answer] += 1
        self._own: dict[Cell | None, Verification] = {}
        self._joint: dict[str | None, tuple[CommonError | None, dict[Cell, int]]] = {}

    def cells(self) -> tuple[Cell, ...]:
        """Every arm and model with a judged trial, the arms of a model together."""
        return tuple(sorted(self._sizes, key=lambda cell: (cell[1], cell[0] != BASELINE, cell[0])))

    def matrix(self) -> tuple[MatrixRow, ...]:
        """A row an answer of the judge."""
        sizes, found = self._summed(self._sizes), self._summed(self._found)
        drawn = Counter(candidate.answer for candidate in self.drawn.values())
        return tuple(
            MatrixRow(
                answer, sizes[answer], drawn[answer], found[answer, "yes"], found[answer, "no"], found[answer, "unclear"]
            )
            for answer in ANSWERS
        )  # fmt: skip

    def kappa(self, said: Mapping[int, Answer]) -> AgreementBeyondChance | None:
        """The judge against these labels of drawn trials."""
        pairs = Counter((self.drawn[trial].answer, answer) for trial, answer in said.items())
        return stratified_kappa(self.sizes(None), [[pairs[row, column] for column in ANSWERS] for row in ANSWERS])

    def rater(self, name: str) -> RaterAgreement:
        """The judge against one rater."""
        said = {trial: given[name] for trial, given in self.labels.items() if name in given}
        return RaterAgreement(name, len(said), self.kappa(said))

    def sizes(self, cell: Cell | None) -> tuple[int, ...]:
        """Trials of each answer, in a cell or (None) in all."""
        sizes = self._summed(self._sizes) if cell is None else self._sizes.get(cell, Counter())
        return tuple(sizes[answer] for answer in ANSWERS)

    def arm(self, cell: Cell) -> CorrectedArm:
        """The rate of a cell."""
        basis, sizes = self.basis([cell]), self.sizes(cell)
        raw = rate_of(sizes[0], sum(sizes))
        if basis == "own":
            own = self.own(cell)
            return CorrectedArm(*cell, raw, own.rate(sizes), basis, own.error(sizes))
        joint, places = self.joint(basis, cell[1])
        corrected = joint.rate(places[cell]) if joint else Corrected(None, None)
        return CorrectedArm(*cell, raw, corrected, basis, None)

    def effect(self, effect: Effect) -> CorrectedEffect:
        """The difference of an effect's groups; with labels of their own where both are arms that have enough."""
        arms = [(effect.source or effect.arm, effect.model), (BASELINE, effect.model)]
        groups = [_answers(effect.counts), _answers(effect.against)]
        are_arms = [self.sizes(cell) for cell in arms] == groups
        basis = self.basis(arms) if are_arms else self.basis([("", effect.model)])
        joint, places = (None, {}) if basis == "own" else self.joint(basis, effect.model)
        if basis == "own":
            sides = [(self.own(cell), group) for cell, group in zip(arms, groups, strict=True)]
            corrected = difference_between(*sides)
        elif joint is None:
            corrected = Corrected(None, None)
        elif are_arms:
            corrected = joint.difference(*(places[cell] for cell in arms))
        else:
            corrected = joint.difference_of(*groups)
        return CorrectedEffect(effect.arm, effect.label, effect.model, effect.difference, corrected, basis)

    def basis(self, cells: Sequence[Cell]) -> Basis:
        """The nearest labels that are enough for all of these cells."""
        nearest: tuple[Basis, ...] = ("own", "model")
        return next((basis for basis in nearest if all(self._enough(basis, cell) for cell in cells)), "all")

    def own(self, cell: Cell | None) -> Verification:
        """What was found behind each answer in a cell, or (None) in all."""
        if cell not in self._own:
            found = self._summed(self._found) if cell is None else self._found.get(cell, Counter())
            shares = [Found(found[answer, "yes"] + found[answer, "no"], found[answer, "yes"]) for answer in ANSWERS]
            # Those that share no label share no draw either.
            self._own[cell] = Verification(shares, seed=len(self._own))
        return self._own[cell]

    def joint(self, basis: Basis, model: str) -> tuple[CommonError | None, dict[Cell, int]]:
        """The cells of a model, or all, with the judge's error common to them; and each cell's place. None without labels."""
        key = model if basis == "model" else None
        if key not in self._joint:
            cells = [cell for cell in self.cells() if key is None or cell[1] == key]
            groups = [
                LabelledGroup(
                    self.sizes(cell),
                    tuple(self._found[cell][answer, "yes"] for answer in ANSWERS),
                    tuple(self._found[cell][answer, "no"] for answer in ANSWERS),
                )
                for cell in cells
            ]
            known = any(any(group.yes) or any(group.no) for group in groups)
            self._joint[key] = CommonError(groups) if known else None, {cell: i for i, cell in enumerate(cells)}
        return self._joint[key]

    def _enough(self, basis: Basis, cell: Cell) -> bool:
        key = cell if basis == "own" else ("", cell[1])
        sizes, found = self._summed(self._sizes, basis, key), self._summed(self._found, basis, key)
        checked = [found[answer, "yes"] + found[answer, "no"] for answer in ANSWERS]
        return sum(sizes.values()) > 0 and all(
            not sizes[answer] or number >= min(ENOUGH, sizes[answer])
            for answer, number in zip(ANSWERS, checked, strict=True)
        )

    def _summed(self, cells: Mapping[Cell, Counter[Any]], basis: Basis = "all", of: Cell | None = None) -> Counter[Any]:
        total: Counter[Any] = Counter()
        for cell, counts in cells.items():
            if basis == "all" or of is None or (cell == of if basis == "own" else cell[1] == of[1]):
                total.update(counts)
        return total


def _answers(counts: Counts) -> tuple[int, ...]:
    return counts.yes, counts.no, counts.unclear


def _together(answers: Iterable[Answer]) -> Answer:
    """What most raters say; `unclear` where they are split or cannot tell."""
    said = Counter(answers)
    return "yes" if said["yes"] > said["no"] else "no" if said["no"] > said["yes"] else "unclear"


def _by_trial(given: Iterable[tuple[int, str, Answer]]) -> dict[int, dict[str, Answer]]:
    by_trial: dict[int, dict[str, Answer]] = defaultdict(dict)
    for trial, name, answer in given:
        by_trial[trial][name] = answer
    return by_trial


def _panel(given: Mapping[int, Mapping[str, Answer]]) -> Panel | None:
    """How far those who answered agree; None where no trial has two answers."""
    twice = [answers for answers in given.values() if len(answers) > 1]
    if not twice:
        return None
    names = tuple(sorted({name for answers in twice for name in answers}))
    alpha = krippendorff_alpha([list(answers.values()) for answers in twice])
    complete = len(twice) <= MOST_FOR_FLEISS and all(len(answers) == len(names) for answers in twice)
    counts = [[list(answers.values()).count(answer) for answer in ANSWERS] for answers in twice]
    return Panel(names, len(twice), alpha, fleiss_kappa(counts) if complete else None)


def _among_judges(run: RunFile, outcome: str) -> Panel | None:
    judges = list(run.query("SELECT id FROM name WHERE kind = 'judge'"))
    if len(judges) < 2:
        return None
    rows = run.query(
        """SELECT verdict.trial, judge.name, verdict.answer FROM verdict JOIN name judge ON judge.id = verdict.judge
        JOIN name outcome ON outcome.id = verdict.outcome WHERE outcome.kind = 'outcome' AND outcome.name = ?""",
        (outcome,),
    )
    return _panel(_by_trial((trial, judge, schema.ANSWERS[answer]) for trial, judge, answer in rows))
