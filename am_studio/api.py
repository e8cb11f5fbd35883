"""The studio for notebooks and scripts: load, render, compare, plan, run, analyse, export, reproduce.

Each function is what the command of that name does, without a terminal: it prints nothing, asks nobody, and raises
StudioError with a title, a detail and a hint. A run that could cost money, or send prompts to a server that is not yours, is
refused unless `agree=True` says that it is meant. All functions work in a notebook, where an event loop is running already.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from am_studio.foundation.errors import StudioError
from am_studio.foundation.locations import runs_directory
from am_studio.records import Effect, EffectTable, Prompt, ProtocolName, Study, Variant
from am_studio.reports.bundle.findings import Reproduction
from am_studio.reports.tables.columns import Table
from am_studio.runs.analysis import Analysis
from am_studio.runs.events import Observer
from am_studio.runs.plan import Plan
from am_studio.runs.runfile import SUFFIX, RunFile
from am_studio.scenarios import Scenario

__all__ = [
    "Analysis",
    "Effect",
    "EffectTable",
    "Plan",
    "Prompt",
    "Reproduction",
    "RunFile",
    "Scenario",
    "StudioError",
    "Study",
    "Table",
    "Variant",
    "effects",
    "effects_table",
    "export_bundle",
    "load_scenario",
    "load_study",
    "open_run",
    "plan_study",
    "prompt_diff",
    "render",
    "reproduce",
    "run_study",
    "study_of",
    "trials_table",
]


def load_scenario(reference: str | Path) -> Scenario:
    """A scenario by `pack/scenario` or by its directory.

    Its details are in `.details`, and `.variant({"deadline": "off"})` sets levels; FileProblems names every mistake in one
    that cannot be used.
    """
    from am_studio.scenarios import load_scenario as load

    return load(reference)


def render(
    scenario: Scenario | str | Path,
    levels: Mapping[str, str] | Variant | None = None,
    *,
    protocol: ProtocolName = "inline",
) -> Prompt:
    """What the subject reads: messages, content hash, and for every stretch its source and its cause.

    `levels`: of details, such as `{"deadline": "off"}`, the others at their defaults; or a whole variant; or nothing.
    """
    from am_studio.scenarios import render as rendered

    loaded = _scenario(scenario)
    variant = levels if isinstance(levels, Variant) else loaded.variant(dict(levels or {}))
    return rendered(loaded, variant, protocol)


def prompt_diff(
    scenario: Scenario | str | Path,
    changed: Mapping[str, str],
    base: Mapping[str, str] | None = None,
    *,
    protocol: ProtocolName = "inline",
) -> str:
    """How a prompt changes with these levels, as a unified diff of its lines; empty: not at all."""
    import difflib

    loaded = _scenario(scenario)
    start = loaded.variant(dict(base or {}))
    before, after = (
        [line for message in prompt.messages for line in (f"[{message.role}]", *message.text.split("\n"))]
        for prompt in (render(loaded, each, protocol=protocol) for each in (start, loaded.variant(changed, start)))
    )
    told = " ".join(f"{detail}={level}" for detail, level in changed.items())
    return "\n".join(difflib.unified_diff(before, after, "base", told, n=1, lineterm=""))


def load_study(name: str | Path) -> Study:
    """A study by its file, or by the name of one in `ablations/` or that came with the program."""
    from am_studio.runs.study import load_study as load

    return load(name)


def study_of(form: Mapping[str, Any]) -> Study:
    """A study from what its file would say, as a mapping: `scenario`, `design`, `models`, `outcome`, `trials`, ...

    `format` and `name` may be left out. FileProblems names every field that is wrong.
    """
    import yaml

    from am_studio.foundation.yamlfile import load_as, parse_yaml
    from am_studio.runs.study import StudyForm
    from am_studio.runs.study import study_of as made

    said = yaml.safe_dump({"format": 1, "name": "notebook", **form}, sort_keys=False)
    return made(load_as(StudyForm, parse_yaml(said, "the study")), Path("the study"))


def plan_study(study: Study | str | Path) -> Plan:
    """What a study would do: arms, calls, greatest cost, warnings, hash. Calls no model and writes nothing."""
    from am_studio.runs.carry import plan_study as planned

    return planned(_study(study))[0]


def run_study(
    study: Study | str | Path,
    path: str | Path | None = None,
    *,
    models: tuple[str, ...] | list[str] = (),
    trials: int | None = None,
    seed: int | None = None,
    budget_usd: float | None = None,
    agree: bool = False,
    observer: Observer = lambda _: None,
) -> RunFile:
    """Carry a study out, and open its run; or go on with the run in `path`, where there is one.

    `models`, `trials` (of an arm, or in all), `seed` and `budget_usd` change the study as `am-studio run` does. `path`: the run
    file, by default `runs/NAME-TIME.amrun`. `observer` is told every event. StudioError where it should be agreed to first
    (`agree=True`), and where it paused before its end; whatever ended by then is in the file.
    """
    from am_studio.reports.bundle.replaying import apart
    from am_studio.runs.carry import begin, carry_out, refuse_unpriced
    from am_studio.runs.carry import plan_study as planned
    from am_studio.runs.study import with_changes
    from am_studio.runs.writer import RunWriter

    given = _study(study)
    changed = with_changes(given, models=tuple(models), per_arm=trials, seed=seed, budget_usd=budget_usd)
    plan, scenario = planned(changed)
    out = Path(path) if path else runs_directory() / f"{changed.name}-{datetime.now():%Y%m%d-%H%M%S}{SUFFIX}"
    _agree(plan, scenario, agree=agree)
    if out.exists():
        run = RunWriter.open(out)
        if run.plan.hash != plan.hash:
            run.close()
            raise StudioError(f"{out} is a run of another plan", hint="choose another path")
    else:
        refuse_unpriced(plan)
        run = begin(plan, scenario, out)
    ending = apart(lambda: carry_out(run, observer=observer))
    if ending.kind != "finished":
        raise StudioError(
            f"the run paused: {ending.reason}",
            f"{ending.left} trials are still to come",
            f"call it again with path={str(out)!r}",
            exit_code=1,
        )
    return RunFile.open(out)


def open_run(path: str | Path) -> RunFile:
    """A run, open for reading; a context manager. StudioError when it is none."""
    return RunFile.open(Path(path))


def effects(
    run: RunFile | str | Path,
    outcome: str | None = None,
    *,
    judge: str | None = None,
    margin: float | None = None,
    alpha: float | None = None,
    peek: bool = False,
    anyway: bool = False,
) -> Analysis:
    """The effects on an outcome (the study's own when None), a table a model in `.tables`.

    What differs from the plan makes it exploratory, and `.exploratory` says how. Withheld where the plan allows no look yet.
    """
    from am_studio.runs.analysis import analyse
    from am_studio.runs.deviations import AnalysisChoices

    choices = AnalysisChoices(judge=judge, margin=margin, alpha=alpha, peek=peek, anyway=anyway)
    with _Opened(run) as opened:
        return analyse(opened, outcome, choices)


def trials_table(run: RunFile, *, text: bool = False) -> Table:
    """A row a trial: `.to_pandas()`, `.to_polars()`, `.to_arrow()`, `.dicts()`, `.columns`. The run has to stay open."""
    from am_studio.reports.tables.trials import trials_table as made

    return made(run, text=text)


def effects_table(run: RunFile) -> Table:
    """A row an effect, of every outcome and judge; as `trials_table`."""
    from am_studio.reports.tables.effects import effects_table as made

    return made(run)


def export_bundle(
    run: RunFile | str | Path,
    path: str | Path,
    *,
    redact: Literal["", "reasoning", "transcripts"] = "",
    authors: tuple[str, ...] | list[str] = (),
) -> str:
    """Make a result bundle, in place of a file of this name; the identity that it is cited by."""
    from am_studio.reports.bundle.citation import Credit
    from am_studio.reports.bundle.writing import BundleOptions, write_bundle

    with _Opened(run) as opened:
        return write_bundle(opened, Path(path), BundleOptions(redact, credit=Credit(tuple(authors)))).identity


def reproduce(bundle: str | Path, *, expect: str = "") -> Reproduction:
    """Check a result bundle: `.same`, and in `.checks` what was looked at and where it differs. No model is called."""
    from am_studio.reports.bundle.reproducing import reproduce as checked

    return checked(Path(bundle), expect=expect)


class _Opened:
    """A run that is given open, and stays so, or by its path, and is closed again."""

    def __init__(self, run: RunFile | str | Path) -> None:
        self._own = None if isinstance(run, RunFile) else RunFile.open(Path(run))
        self._run = run

    def __enter__(self) -> RunFile:
        if self._own is not None:
            return self._own
        assert isinstance(self._run, RunFile)  # noqa: S101 - one of the two it is
        return self._run

    def __exit__(self, *_: object) -> None:
        if self._own is not None:
            self._own.close()


def _scenario(given: Scenario | str | Path) -> Scenario:
    return given if isinstance(given, Scenario) else load_scenario(given)


def _study(given: Study | str | Path) -> Study:
    return given if isinstance(given, Study) else load_study(given)


def _agree(plan: Plan, scenario: Scenario, *, agree: bool) -> None:
    from am_studio.runs.asking import reasons_to_ask

    reasons = () if agree else reasons_to_ask(plan, *(each.directory for each in scenario.every))
    if reasons:
        raise StudioError("this run has to be agreed to", "\n".join(reasons), "say agree=True if that is meant")
