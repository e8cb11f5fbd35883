"""Extra baseline trials of later sessions, so that drift of a provider between sessions shows: which, and what they are called.

They have an arm of their own for each session, which no design knows: they are in no effect.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from am_studio.designs.base import BASELINE, Arm, trial_seed
from am_studio.records import ModelSettings, Study, TrialSpec

_MARK = f"{BASELINE}@"


def recheck_arm(session: int) -> str:
    """The name of the arm of this session's extra baseline trials."""
    return f"{_MARK}{session}"


def recheck_session(arm: str) -> int | None:
    """Which session's extra baseline trials an arm holds; None for an arm of the design."""
    number = arm.removeprefix(_MARK)
    return int(number) if arm.startswith(_MARK) and number.isdecimal() else None


def arm_label(arm: str, labels: Mapping[str, str]) -> str:
    """What an arm is called, where `labels` are those of the design's arms."""
    session = recheck_session(arm)
    return labels.get(arm, arm) if session is None else f"{BASELINE}, session {session}"


def recheck_trials(
    study: Study,
    arms: Iterable[Arm],
    session: int,
    *,
    ended: Mapping[str, int],
    left: Sequence[TrialSpec],
    first_id: int,
) -> tuple[TrialSpec, ...]:
    """The extra baseline trials of a later session; `ended` counts each model's trials that have ended, `left` is to come.

    None for a model inside this process, which cannot drift, for one that has ended nothing yet or has nothing left, and
    without a baseline arm. Never more than the design's own trials left; extra ones that an earlier session left count.
    """
    baseline = next((arm for arm in arms if arm.name == BASELINE), None)
    if baseline is None:
        return ()
    extra = Counter(spec.model for spec in left if recheck_session(spec.arm) is not None)
    own = Counter(spec.model for spec in left if recheck_session(spec.arm) is None)
    name = recheck_arm(session)
    planned: list[TrialSpec] = []
    for model in study.models:
        for index in range(_wanted(model, study, ended, own, extra)):
            seed = trial_seed(study.seed, model.name, name, index)
            planned.append(TrialSpec(first_id + len(planned), name, model.name, baseline.variant, seed))
    return tuple(planned)


def _wanted(
    model: ModelSettings, study: Study, ended: Mapping[str, int], own: Mapping[str, int], extra: Mapping[str, int]
) -> int:
    if model.embedded or not ended.get(model.name):
        return 0
    return max(0, min(study.recheck, own.get(model.name, 0)) - extra.get(model.name, 0))


def mixed_in(extra: Sequence[TrialSpec], left: Sequence[TrialSpec], seed: int, session: int) -> tuple[TrialSpec, ...]:
    """The trials that are left, in their order, with the extra ones at random places among them."""
    places = [True] * len(extra) + [False] * len(left)
    random.Random(trial_seed(seed, "order", recheck_arm(session), len(left))).shuffle(places)
    upcoming, others = iter(extra), iter(left)
    return tuple(next(upcoming if place else others) for place in places)
