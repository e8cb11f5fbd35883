"""Advice on a study's design: from the latest pilot that fits it, or by launching one, once that is agreed to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from am_studio.foundation.errors import StudioError
from am_studio.foundation.locations import runs_directory
from am_studio.foundation.yamlfile import parse_yaml
from am_studio.records import Study
from am_studio.runs.advice import Advice, advise, pilot_study
from am_studio.runs.carry import plan_study
from am_studio.runs.runfile import SUFFIX, RunFile
from am_studio.runs.study_assessment import assess
from am_studio.runs.study_document import StudyDocument
from am_studio.scenarios import Scenario
from am_studio.tui.launching import launch_pilot
from am_studio.tui.strangers import filled, plain
from am_studio.tui.study.launch_flow import launch_agreed
from am_studio.tui.widgets import Choice, ChoiceScreen

if TYPE_CHECKING:
    from am_studio.tui.app import StudioApp

MOST_LOOKED_AT = 20
"""Pilots of a study, the latest first, that are tried for one that fits it as it is now."""


async def advise_study(app: StudioApp, document: StudyDocument, save: Callable[[], Awaitable[bool]]) -> Path | None:
    """Show what the latest fitting pilot advises, or run one; a pilot's run when one has begun, else None.

    The document takes the advised design where that is agreed to.
    """
    assessment = await asyncio.to_thread(assess, document.text, document.path)
    plan, scenario = assessment.plan, assessment.scenario
    if plan is None or scenario is None:
        app.notify("Mend the problems first: f7 goes to the next one.", severity="warning", markup=False)
        return None
    study = replace(plan.study, source=str(document.path))
    advice = await asyncio.to_thread(latest_advice, study, scenario)
    answer = await _asked(app, study, advice)
    if answer == "use" and advice is not None:
        use_advice(document, advice)
    return await _pilot(app, document, study, save) if answer == "run" else None


def latest_advice(study: Study, scenario: Scenario) -> Advice | None:
    """What the latest pilot in the runs directory advises that fits the study; None when none does."""
    pilots = sorted(runs_directory().glob(f"{pilot_study(study).name}-*{SUFFIX}"), reverse=True)
    for path in pilots[:MOST_LOOKED_AT]:
        try:
            with RunFile.open(path) as run:
                return advise(study, scenario, run)
        except StudioError:
            continue  # of an earlier version of the study, or not at its end
    return None


def use_advice(document: StudyDocument, advice: Advice) -> None:
    """Write the advised design and trials into the document; each is one change that can be undone."""
    block = parse_yaml(advice.block, "the advice").plain()
    document.choose_design(str(block["design"]["kind"]))
    for name in ("design", "trials"):
        if name in block:
            document.set((name,), block[name])
    document.boundary()


async def _asked(app: StudioApp, study: Study, advice: Advice | None) -> str:
    from am_studio.reports.advice import advice_lines, how_to_pilot

    run = Choice("run", "Run a pilot", "r")
    if advice is None:
        told = how_to_pilot(Path(study.source).name)
        return await app.push_screen_wait(
            ChoiceScreen(plain("Which design fits?"), plain(told), (Choice("", "Close", "c", "primary"), run))
        )
    use = (Choice("use", "Use it", "u", "success"),) if advice.block else ()
    choices = (Choice("", "Close", "c", "primary"), *use, replace(run, label="New pilot", id="run"))
    title = filled("Advice for {study}", study=study.name)
    return await app.push_screen_wait(ChoiceScreen(title, plain("\n".join(advice_lines(advice))), choices))


async def _pilot(
    app: StudioApp, document: StudyDocument, study: Study, save: Callable[[], Awaitable[bool]]
) -> Path | None:
    """Launch a pilot once that is agreed to; its run when it has begun."""
    try:
        planned = await asyncio.to_thread(plan_study, pilot_study(study))
    except StudioError as error:
        app.show_error(error)
        return None
    return await launch_agreed(app, document, planned, launch_pilot, save)
