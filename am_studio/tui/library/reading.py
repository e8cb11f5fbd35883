"""Reads what the library screen shows: scenarios as far as they can be read, and run files. Called in threads; draws nothing.

A file that cannot be read is a row that says why, never an error. Nothing is checked in full and nothing is written.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

from am_studio.foundation.errors import StudioError
from am_studio.foundation.files import read_text
from am_studio.tui.library.state import RunRow, ScenarioFacts

_README_BYTES = 64_000


def read_facts(directory: Path) -> ScenarioFacts:
    """What there is to know of the scenario in this directory, its problems included."""
    from am_studio.scenarios.checking import check_draft
    from am_studio.scenarios.loading import read_draft
    from am_studio.scenarios.overlay_base import extends_of

    draft = read_draft(directory)
    readme, notice, licence = _about_pack(directory)
    front, parts = draft.front, draft.parts
    return ScenarioFacts(
        directory=directory,
        title=front.title if front else directory.name,
        summary=front.summary if front else "",
        company=front.company if front else "",
        agent=front.agent.name if front else "",
        now=front.now if front else "",
        extends=extends_of(directory),
        emails=sum(name.startswith("emails/") for name in draft.texts),
        characters=sum(len(text) for name, text in draft.texts.items() if name != "scenario.yaml"),
        people=front.people if front else (),
        details=tuple(parts.details.values()) if parts else (),
        outcomes=tuple((it.label, it.question, it.harmful) for it in front.questions.outcomes) if front else (),
        problems=tuple(check_draft(draft)),
        readme=readme,
        notice=notice,
        license=licence,
    )


def _about_pack(directory: Path) -> tuple[str, str, str]:
    """(readme, content notice, licence), each empty when it cannot be read."""
    from am_studio.foundation.yamlfile import load_as, read_yaml
    from am_studio.scenarios.forms import PackForm

    readme = ""
    for path in (directory / "README.md", directory.parent / "README.md"):
        if path.is_file():
            try:
                readme = read_text(path, _README_BYTES)
            except StudioError as error:
                readme = error.title
            break
    try:
        form = load_as(PackForm, read_yaml(directory.parent / "pack.yaml", "pack.yaml"))
    except StudioError:
        return readme, "", ""
    return readme, form.content_notice, form.license


def read_runs(directory: Path, cancelled: Callable[[], bool] = lambda: False) -> tuple[RunRow, ...]:
    """Every run in this directory, the newest first; stops early, with what it has, when `cancelled` says so."""
    from am_studio.runs.runfile import SUFFIX

    rows = []
    for path in directory.glob(f"*{SUFFIX}"):
        if cancelled():
            break
        rows.append(_row(path))
    return tuple(sorted(rows, key=lambda row: (-row.created, row.path.name)))


def _row(path: Path) -> RunRow:
    """The run in this file; what was read before is used again while the file is unchanged and nobody is at work."""
    from am_studio.runs.lock import is_held

    try:
        stamp = tuple(_stamp(path))
        return _read_run(path, stamp, is_held(path))
    except (OSError, StudioError) as error:
        title = error.title if isinstance(error, StudioError) else str(error)
        return RunRow(path, "unreadable", created=_changed(path), problem=title)


def _stamp(path: Path) -> Iterator[tuple[int, int]]:
    """What changes when a run does: a running one writes to the file beside it first."""
    for file in (path, path.with_name(path.name + "-wal")):
        if file.exists():
            told = os.stat(file)
            yield told.st_mtime_ns, told.st_size


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


@lru_cache(maxsize=4096)
def _read_run(path: Path, _stamp: tuple[tuple[int, int], ...], _held: bool) -> RunRow:
    from am_studio.designs.base import BASELINE
    from am_studio.runs.runfile import RunFile

    with RunFile.open(path) as run:
        plan = run.plan
        counts = run.counts(plan.study.outcome)
        # A run that was never begun has named no trial yet.
        planned = run.planned()
        baseline = [counts[BASELINE, model.name] for model in plan.models if (BASELINE, model.name) in counts]
        return RunRow(
            path=path,
            state=run.state(),
            created=run.created,
            study=plan.study.name,
            scenario=plan.scenario,
            others=tuple(each.ref for each in plan.others),
            outcome=plan.study.outcome,
            models=tuple(model.name for model in plan.models),
            simulated=run.simulated,
            planned=planned or plan.trials,
            left=run.unfinished() if planned else plan.trials,
            baseline=tuple((count.yes, count.completed) for count in baseline),
        )


def runs_changed() -> int:
    """When the directory of runs last changed, in nanoseconds; 0 when there is none."""
    from am_studio.foundation.locations import runs_directory

    try:
        return runs_directory().stat().st_mtime_ns
    except OSError:
        return 0
