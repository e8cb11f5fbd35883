"""The search for a minimal set as a story: the baseline, each set that was asked about, what was found, what confirms it."""

from __future__ import annotations

from collections.abc import Iterator

from am_studio.designs.base import BASELINE
from am_studio.designs.minimal import Course, Minimal
from am_studio.records import Counts
from am_studio.reports.document.blocks import Block, Points, Text
from am_studio.reports.numbers import percent
from am_studio.runs.carried import load_carried
from am_studio.runs.runfile import RunFile

_NOTE = (
    "The trials of the search choose the set, so they say nothing of how large anything is: the fresh trials of the table of "
    "effects do."
)


def search_blocks(run: RunFile) -> tuple[Block, ...]:
    """The story in each model; () for a study that searches nothing."""
    plan = run.plan
    if plan.study.design.get("kind") != Minimal.kind:
        return ()
    design = Minimal.open(plan.study, load_carried(run.scenario_texts, plan, run.other_texts))
    results = run.results()
    blocks: list[Block] = []
    for model in plan.study.models:
        steps = tuple(_steps(design.course(results, model.name), _baseline(run, model.name)))
        blocks += [Text((f"In {model.name}:",)), Points(steps)]
    return (*blocks, Text((_NOTE,), "note"))


def _baseline(run: RunFile, model: str) -> Counts:
    return run.counts(run.plan.study.outcome).get((BASELINE, model), Counts(0))


def _steps(course: Course, baseline: Counts) -> Iterator[tuple[str, str]]:
    """(the step, what came of it), in the order of the search."""
    n = baseline.completed
    rate = f"{baseline.yes}/{n}, {percent(baseline.yes / n)} %" if n else "no trial yet"
    yield "1. All details in place", f"The baseline: {rate}."
    number = 1
    for number, (enough, told) in enumerate(course.tried, 2):
        yield f"{number}. Only {told}", "Enough." if enough else "Not enough."
    last = f"{number + 1}. "
    if course.found is not None:
        found = ", ".join(sorted(course.found)) or "no detail"
        told = (
            "Fresh trials have still to confirm it."
            if course.wanted
            else "Fresh trials of it are in the table of effects."
        )
        yield f"{last}Found: {found}", told
    elif course.ended:
        yield f"{last}Given up", course.ended
    else:
        asked = "; ".join(arm.label for arm, _ in course.wanted)
        yield f"{last}Going on", f"Asked about next: {asked}." if asked else "Trials are being waited for."
