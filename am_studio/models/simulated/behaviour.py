"""From cues to exact probabilities of every belief, kind of reply and act. The equations stand in `subjects.yaml`.

It decides nothing by chance; drawing from what it returns is the writer's business.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple, TypeVar

from am_studio.models.simulated.forms import InteractionForm, LinearForm, PressureForm, SubjectForm
from am_studio.models.simulated.tables import acts, subject

Belief = Literal["test", "real", "silent"]
BELIEFS: tuple[Belief, ...] = ("test", "real", "silent")
NO_ACT = ""
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a sum: its name, its weight, whether it counts here."""

    name: str
    weight: float
    present: bool


@dataclass(frozen=True, slots=True)
class ActLogit:
    """An act: whether it is possible, and its logit for every belief."""

    subject: str
    act: str
    found: frozenset[str]
    """The cues that were found."""
    possible: bool
    why_not: str
    """What is missing, in words; empty when possible."""
    logits: Mapping[Belief, float]
    probabilities: Mapping[Belief, float]
    """Given the belief, before truncation."""

    @property
    def intercept(self) -> float:
        """What the logit is without any cue."""
        return subject(self.subject).acts[self.act].intercept

    @property
    def terms(self) -> tuple[Term, ...]:
        """What the cues add to it, shared pressure first."""
        table = subject(self.subject)
        form = table.acts[self.act]
        pressure = (Term(t.name, t.weight * form.pressure, t.present) for t in _terms(table.pressure, self.found))
        return (*pressure, *_terms(form, self.found))


class Cell(NamedTuple):
    """One way a reply can go, with its exact probability. Cells sum to 1."""

    kind: str
    act: str
    """The harmful act that is carried out; of a truncated reply the act it was cut off from. Empty: none."""
    belief: Belief
    probability: float


@dataclass(frozen=True, slots=True)
class Behaviour:
    """All that is known about a subject's reply before it is drawn."""

    subject: str
    found: frozenset[str]
    able: frozenset[str]
    beliefs: Mapping[Belief, float]
    cells: tuple[Cell, ...]

    @property
    def acts(self) -> tuple[ActLogit, ...]:
        """Every act of the subject's table; worked out when asked for, which no reply does."""
        return _act_logits(subject(self.subject), self.subject, self.found, self.able)

    def kind_probabilities(self) -> dict[str, float]:
        """Exact probability of each kind of reply."""
        return _sums((cell.kind, cell.probability) for cell in self.cells)

    def act_probabilities(self, kinds: Iterable[str] = ()) -> dict[str, float]:
        """Exact probability that each act is really carried out; in replies of these kinds only, where any are named."""
        wanted = frozenset(kinds)
        done = dict.fromkeys(subject(self.subject).acts, 0.0)
        for cell in self.cells:
            if cell.act and cell.kind != "truncated" and (not wanted or cell.kind in wanted):
                done[cell.act] += cell.probability
        return done


@lru_cache(maxsize=256)
def behaviour(name: str, found: frozenset[str], able: frozenset[str]) -> Behaviour:
    """What the subject of this name makes of the cues found; `able` names what it has the means to do."""
    table, sums = subject(name), _sums_of(name)
    beliefs = _beliefs(name, found & sums.cues_of_beliefs)
    chances = _act_chances(table, name, [act for act in table.acts if not _why_not(act, found, able)], found)
    kinds = _kind_shares(name, found & sums.cues_of_kinds, "escalate" in able)
    certain, cells = 1 - table.truncated, list[tuple[str, str, Belief, float]]()
    for belief in BELIEFS:
        of_belief = chances[belief]
        harmless = beliefs[belief] * (1 - sum([share for act, share in of_belief.items() if act]))
        for act, share_of_act in of_belief.items():
            if act:
                chance = beliefs[belief] * share_of_act
                cells += [(kind, act, belief, chance * share) for kind, share in _act_kinds(table, act)]
        cells += [(kind, NO_ACT, belief, harmless * share) for kind, share in kinds.items()]
    whole = [Cell(kind, act, belief, p * certain) for kind, act, belief, p in cells if p > 0]
    cut = _sums([((act, belief), p * table.truncated) for _, act, belief, p in cells if p > 0])
    truncated = [Cell("truncated", act, belief, p) for (act, belief), p in cut.items() if p > 0]
    return Behaviour(name, found, able, beliefs, tuple(whole + truncated))


@lru_cache(maxsize=1024)
def _beliefs(name: str, found: frozenset[str]) -> Mapping[Belief, float]:
    """From the cues that bear on them, so that most prompts share them."""
    sums = _sums_of(name)
    return _softmax({"test": sums.beliefs["test"].of(found), "real": sums.beliefs["real"].of(found), "silent": 0.0})


@dataclass(frozen=True, slots=True)
class _Sum:
    """A linear predictor made ready: every prompt of its own asks for a dozen of them."""

    intercept: float
    addends: tuple[tuple[float, frozenset[str], frozenset[str]], ...]
    """(weight, cues of which all must be there, cues of which one must be there when there are any)."""

    def of(self, found: frozenset[str]) -> float:
        """Its value where these cues were found."""
        present = [w for w, every, some in self.addends if every <= found and (not some or not some.isdisjoint(found))]
        return self.intercept + sum(present)


@dataclass(frozen=True, slots=True)
class _SubjectSums:
    beliefs: Mapping[str, _Sum]
    acts: Mapping[str, _Sum]
    kinds: Mapping[str, _Sum]
    cues_of_beliefs: frozenset[str]
    cues_of_kinds: frozenset[str]


@lru_cache(maxsize=64)
def _sums_of(name: str) -> _SubjectSums:
    table = subject(name)
    return _SubjectSums(
        {belief: _Sum(form.intercept, _addends(form)) for belief, form in table.belief.items()},
        {
            act: _Sum(form.intercept, (*_addends(table.pressure, form.pressure), *_addends(form)))
            for act, form in table.acts.items()
        },
        {kind: _Sum(form.intercept, _addends(form)) for kind, form in table.kinds.items()},
        frozenset().union(*map(_cues_in, table.belief.values())),
        frozenset({"read_only"}).union(
            *map(_cues_in, table.kinds.values()), *(k.needs_any for k in table.kinds.values())
        ),
    )


def _cues_in(form: LinearForm) -> frozenset[str]:
    return frozenset().union(form.weights, *(every | some for _, every, some in _addends(form)))


def _addends(
    form: LinearForm | PressureForm, scale: float | None = None
) -> tuple[tuple[float, frozenset[str], frozenset[str]], ...]:
    single = [(weight, frozenset((cue,)), frozenset[str]()) for cue, weight in form.weights.items()]
    several = [(each.weight, frozenset(each.all), frozenset(each.any)) for each in form.interactions]
    return tuple((w if scale is None else w * scale, every, some) for w, every, some in (*single, *several))


def _act_logits(table: SubjectForm, name: str, found: frozenset[str], able: frozenset[str]) -> tuple[ActLogit, ...]:
    why_not = {act: _why_not(act, found, able) for act in table.acts}
    chances = _act_chances(table, name, [act for act, missing in why_not.items() if not missing], found)
    return tuple(
        ActLogit(
            name,
            act,
            found,
            not missing,
            missing,
            _logits(table, _sums_of(name).acts[act].of(found)),
            {belief: chances[belief].get(act, 0.0) for belief in BELIEFS},
        )
        for act, missing in why_not.items()
    )


def _act_chances(
    table: SubjectForm, name: str, possible: Iterable[str], found: frozenset[str]
) -> dict[Belief, dict[str, float]]:
    """The acts that are possible compete with doing none of them."""
    sums = _sums_of(name).acts
    logits = {act: _logits(table, sums[act].of(found)) for act in possible}
    return {
        belief: _softmax({NO_ACT: 0.0, **{act: each[belief] for act, each in logits.items()}}) for belief in BELIEFS
    }


def _logits(table: SubjectForm, base: float) -> dict[Belief, float]:
    return {
        "test": base + table.belief_shift.get("test", 0.0),
        "real": base + table.belief_shift.get("real", 0.0),
        "silent": base,
    }


def _why_not(act: str, found: frozenset[str], able: frozenset[str]) -> str:
    missing = [cue for cue in acts()[act].needs if cue not in found]
    if missing:
        return "no " + ", no ".join(missing)
    if "read_only" in found:
        return "it may only read"
    return "" if act in able else "no tool for it is taught, or nobody to write to can be made out"


def _act_kinds(table: SubjectForm, act: str) -> tuple[tuple[str, float], ...]:
    if act == "coerce":
        return (("act", 1 - table.veiled), ("veiled", table.veiled))
    return (("disclose", 1.0),) if act == "disclose" else (("act", 1.0),)


@lru_cache(maxsize=1024)
def _kind_shares(name: str, found: frozenset[str], able_to_escalate: bool) -> Mapping[str, float]:
    """From the cues that bear on them, so that most prompts share them."""
    sums = _sums_of(name)
    scores = {
        kind: sums.kinds[kind].of(found)
        for kind, form in subject(name).kinds.items()
        if (not form.needs_any or found.intersection(form.needs_any))
        and (kind != "escalate" or (able_to_escalate and "read_only" not in found))
    }
    return _softmax(scores)


def _terms(form: LinearForm | PressureForm, found: frozenset[str]) -> tuple[Term, ...]:
    single = tuple(Term(cue, weight, cue in found) for cue, weight in form.weights.items())
    return single + tuple(Term(_name(each), each.weight, _holds(each, found)) for each in form.interactions)


def _holds(interaction: InteractionForm, found: frozenset[str]) -> bool:
    return found.issuperset(interaction.all) and (not interaction.any or not found.isdisjoint(interaction.any))


def _name(interaction: InteractionForm) -> str:
    both = " and ".join(interaction.all)
    either = " or ".join(interaction.any)
    return f"{both} and ({either})" if both and either else both or either


def _softmax(scores: Mapping[Key, float]) -> dict[Key, float]:
    top = max(scores.values())
    weights = {key: math.exp(score - top) for key, score in scores.items()}
    total = math.fsum(weights.values())
    return {key: weight / total for key, weight in weights.items()}


def _sums(pairs: Iterable[tuple[Key, float]]) -> dict[Key, float]:
    totals: dict[Key, float] = {}
    for key, value in pairs:
        totals[key] = totals.get(key, 0.0) + value
    return totals
