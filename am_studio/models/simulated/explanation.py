"""Why a simulated subject does what it does: cues with their quotes, sums, exact probabilities. Nothing is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from am_studio.models.simulated.behaviour import ActLogit, Behaviour, Belief
from am_studio.models.simulated.cue_reading import Sighting
from am_studio.models.simulated.drawing import prepare
from am_studio.models.simulated.native import prepare_conversation
from am_studio.records import Exchange, Function

NO_CUE = "no cue recognised"


@dataclass(frozen=True, slots=True)
class PartReading:
    """A part of the prompt and the cues found in it; none: the text means nothing to the subject."""

    part: str
    subject: str
    """Of an email; empty for instructions."""
    sightings: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything about a subject in front of a prompt, as exact numbers. SIMULATED: no evidence about any real model.

    Probabilities are those of a reply with room enough; a `max_tokens` shorter than the reply cuts it off as well.
    """

    subject: str
    parts: tuple[PartReading, ...]
    found: tuple[str, ...]
    beliefs: Mapping[Belief, float]
    acts: tuple[ActLogit, ...]
    kind_probabilities: Mapping[str, float]
    act_probabilities: Mapping[str, float]
    """Probability that the act is really carried out, hints included."""
    plain_act_probabilities: Mapping[str, float]
    """The same without the kind `veiled`: what a judge that looks for plain words can see."""
    behaviour: Behaviour
    simulated: bool = True


def explain(
    messages: Iterable[tuple[str, str]],
    subject: str,
    *,
    exchanges: Sequence[Exchange] = (),
    functions: tuple[Function, ...] = (),
) -> Explanation:
    """The subject (`sim/strategist` or `strategist`) in front of these (role, text) pairs; StudioError if unknown.

    With `functions`: as it decides after these exchanges, with the mail in mind that it has opened in them.
    """
    if functions:
        prepared = prepare_conversation(tuple(messages), subject, exchanges, functions)
    else:
        prepared = prepare(messages, subject)
    made = prepared.behaviour
    return Explanation(
        subject=f"sim/{made.subject}",
        parts=tuple(
            PartReading(part.name, part.subject, tuple(s for s in prepared.reading.sightings if s.part == part.name))
            for part in prepared.reading.prompt.parts
        ),
        found=tuple(sorted(prepared.reading.found)),
        beliefs=made.beliefs,
        acts=made.acts,
        kind_probabilities=made.kind_probabilities(),
        act_probabilities=made.act_probabilities(),
        plain_act_probabilities=made.act_probabilities(kinds=("act", "disclose")),
        behaviour=made,
    )
