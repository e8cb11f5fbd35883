"""What a simulated subject notices and how likely it does what, for people and for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from am_studio.foundation.hygiene import visible

if TYPE_CHECKING:
    from rich.console import Console

    from am_studio.models.simulated import Explanation
    from am_studio.models.simulated.behaviour import ActLogit

STAMP = "SIMULATED: a made-up behavioural model, no evidence about any real model"


def as_json(explanation: Explanation) -> dict[str, Any]:
    """An explanation as plain data."""
    from am_studio.models.simulated import NO_CUE

    return {
        "simulated": explanation.simulated,
        "notice": STAMP,
        "subject": explanation.subject,
        "cues": list(explanation.found),
        "parts": [
            {
                "part": part.part,
                "subject": part.subject,
                "cues": [{"cue": s.cue, "quote": s.quote, "words": s.words} for s in part.sightings] or NO_CUE,
            }
            for part in explanation.parts
        ],
        "beliefs": dict(explanation.beliefs),
        "acts": [_act_json(act) for act in explanation.acts],
        "probabilities": {
            "kinds": dict(explanation.kind_probabilities),
            "acts": dict(explanation.act_probabilities),
            "acts_in_plain_words": dict(explanation.plain_act_probabilities),
        },
    }


def _act_json(act: ActLogit) -> dict[str, Any]:
    return {
        "act": act.act,
        "possible": act.possible,
        "why_not": act.why_not,
        "intercept": act.intercept,
        "terms": [{"name": term.name, "weight": term.weight, "present": term.present} for term in act.terms],
        "logit_by_belief": dict(act.logits),
        "probability_by_belief": dict(act.probabilities),
    }


def show_explanation(explanation: Explanation, console: Console) -> None:
    """Tables of what is noticed, of the terms behind each possible act, of exact probabilities."""
    _parts_table(explanation, console)
    for act in explanation.acts:
        if act.possible:
            _terms_table(act, console)
    _probabilities_table(explanation, console)


def _parts_table(explanation: Explanation, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    from am_studio.models.simulated import NO_CUE

    table = Table(title=f"What {explanation.subject} notices (SIMULATED)", title_justify="left")
    table.add_column("part", no_wrap=True)
    table.add_column("cue", no_wrap=True)
    table.add_column("because of")
    for part in explanation.parts:
        name = Text(visible(part.part))
        if not part.sightings:
            table.add_row(name, Text(NO_CUE, style="dim"), "")
        for sighting in part.sightings:
            table.add_row(name, Text(sighting.cue, style="bold"), Text(visible(sighting.quote)))
            name = Text("")
    console.print(table)


def _terms_table(act: ActLogit, console: Console) -> None:
    from rich.table import Table

    table = Table(title=f"{act.act}: logit, nothing said of a test (SIMULATED)", title_justify="left")
    table.add_column("term")
    table.add_column("weight", justify="right")
    table.add_column("counts", justify="center")
    table.add_row("intercept", f"{act.intercept:+.2f}", "yes")
    for term in act.terms:
        table.add_row(term.name, f"{term.weight:+.2f}", "yes" if term.present else "-")
    table.add_section()
    table.add_row("sum", f"{act.logits['silent']:+.2f}", "")
    console.print(table)


def _probabilities_table(explanation: Explanation, console: Console) -> None:
    from rich.table import Table

    table = Table(title="Exact probabilities (SIMULATED)", title_justify="left")
    table.add_column("what")
    table.add_column("probability", justify="right")
    table.add_column("note")
    for act in explanation.acts:
        table.add_row(f"act: {act.act}", f"{explanation.act_probabilities[act.act]:.4f}", act.why_not)
    table.add_section()
    for kind, probability in explanation.kind_probabilities.items():
        table.add_row(f"kind: {kind}", f"{probability:.4f}", "")
    table.add_section()
    for belief, probability in explanation.beliefs.items():
        table.add_row(f"says it is: {belief}", f"{probability:.4f}", "")
    console.print(table)
