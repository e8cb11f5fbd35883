"""What somebody means who names something to open: a run's file, a study, or a scenario."""

from __future__ import annotations

from pathlib import Path

from am_studio.foundation.errors import StudioError, nearest
from am_studio.foundation.locations import ablations_roots
from am_studio.runs.runfile import SUFFIX, RunFile
from am_studio.runs.study import find_study
from am_studio.scenarios.finding import all_references, find_scenario, scenarios_of
from am_studio.tui.welcome.documents import Document, OpenBoard, OpenResults, OpenScenario, OpenStudy


def document_named(given: str) -> Document:
    """What is meant, on the screen that fits it: a run that is not at its end is watched on its board.

    A path, or the name of a scenario (`core/quiet-week`) or of a study (`single-line`). StudioError, with the nearest name
    that is known, when there is no such thing.
    """
    path = Path(given).expanduser()
    if path.suffix == SUFFIX:
        with RunFile.open(path) as run:
            ended = run.state() == "finished"
        return OpenResults(str(path.resolve())) if ended else OpenBoard(str(path.resolve()))
    if path.name == "scenario.yaml":
        path = path.parent
    if (path / "pack.yaml").is_file():
        inside = ", ".join(str(path / scenario.name) for scenario in scenarios_of(path))
        raise StudioError(f"{given} is a pack", hint=f"name one of its scenarios: {inside}" if inside else "")
    try:
        return OpenScenario(str(find_scenario(path).resolve()))
    except StudioError:
        if path.is_dir():
            raise
    try:
        return OpenStudy(str(find_study(str(path)).resolve()))
    except StudioError as error:
        studies = [file.stem for root in ablations_roots() for file in root.glob("*.yaml")]
        raise StudioError(
            f"there is no run, study or scenario '{given}'", hint=nearest(given, [*all_references(), *studies])
        ) from error
