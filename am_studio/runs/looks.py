"""Where the comparisons of a study that may stop early stand: what the last look saw, and what the next one needs.

Evidence is that of looks which the plan itself made; between looks nothing new is worked out, for whoever peeks finds
effects that are not there. An e-process may be watched whenever one likes, and is told as it stands at its last look.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from am_studio.designs.registry import open_design
from am_studio.designs.sequential import Looked
from am_studio.records import Stop, StoppingKind
from am_studio.runs.carried import load_carried
from am_studio.runs.follow import Snapshot
from am_studio.runs.runfile import RunFile


@dataclass(frozen=True, slots=True)
class NextLook:
    """The look that has not been taken yet, and what it would take."""

    number: int
    looks: int
    sizes: tuple[int, int]
    """Trials by then in one model: of the first comparison's arm, of the one it is compared with (0: no such arm)."""
    boundary: float | None
    """The p up to which it calls an effect; None for an e-process."""
    futility: float | None
    """The p above which it gives a comparison up; None: it does not."""


@dataclass(frozen=True, slots=True)
class ModelLooks:
    """The comparisons in one model."""

    model: str
    stops: tuple[Stop, ...]
    """One a comparison, in the table's order."""
    next: NextLook | None
    """None once every comparison has come to its end."""


@dataclass(frozen=True, slots=True)
class LooksTaken:
    """All of it."""

    kind: StoppingKind
    rule: str
    """In words, with level and source."""
    models: tuple[ModelLooks, ...]


def looks_taken(path: Path) -> LooksTaken | None:
    """Where a run's comparisons stand; None for a study that does not stop early. StudioError when it cannot be read."""
    with RunFile.open(path) as run:
        plan = run.plan
        stopping = plan.study.stopping
        if stopping is None:
            return None
        design = open_design(plan.study, load_carried(run.scenario_texts, plan, run.other_texts))
        if not isinstance(design, Looked):
            return None
        results = run.results()
        each = tuple(_of_model(design, model.name, design.course(results, model.name)) for model in plan.study.models)
        return LooksTaken(stopping.kind, design.rule, each)


def seen_by(snapshot: Snapshot) -> object:
    """What changes whenever a look may have been taken: a run is read again only then."""
    stopping = snapshot.plan.study.stopping
    if stopping is None:
        return None
    named = tuple(counts.planned for counts in snapshot.counts.values())
    through = snapshot.ended >= snapshot.planned
    return (named, through, snapshot.state)


def _of_model(design: Looked, model: str, stops: tuple[Stop, ...]) -> ModelLooks:
    going = [stop for stop in stops if stop.reason == "going on"]
    if not going:
        return ModelLooks(model, stops, None)
    number = min(max(stop.look for stop in going) + 1, design.looks)
    sizes, looks = design.sizes(number), design.plan
    changed = sizes.get(going[0].arm)
    reference = next(iter(sizes.values()))
    pair = (reference, 0) if changed is None else (changed, reference)
    planned = looks[number - 1] if looks else None
    boundary, futility = (None, None) if planned is None else (planned.p_nominal, planned.futility)
    return ModelLooks(model, stops, NextLook(number, design.looks, pair, boundary, futility))
