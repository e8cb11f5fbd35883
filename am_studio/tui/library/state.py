"""What the library screen shows, as plain data: packs that fit the search, runs, and the words for them.

No Textual here: the screen folds what it reads and what is typed into a `LibraryState` and draws what these functions
make of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from am_studio.foundation.errors import Problem
    from am_studio.records import Person
    from am_studio.scenarios.library import PackEntry, ScenarioEntry
    from am_studio.scenarios.model import Detail

RunMood = Literal["running", "finished", "interrupted", "paused", "planned", "unreadable"]
MARKS: Mapping[str, str] = {
    "running": "▶", "finished": "✓", "interrupted": "!", "paused": "‖", "planned": "·", "unreadable": "✗",
}  # fmt: skip
"""A sign for each state of a run, for those who see no colour."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run file: what it is about and where it stands."""

    path: Path
    state: RunMood
    created: float = 0.0
    """Seconds since 1970; for an unreadable file when it was last changed."""
    study: str = ""
    scenario: str = ""
    others: tuple[str, ...] = ()
    """Scenarios that it sets beside its own."""
    outcome: str = ""
    models: tuple[str, ...] = ()
    simulated: bool = False
    planned: int = 0
    left: int = 0
    """Trials that have not ended."""
    baseline: tuple[tuple[int, int], ...] = ()
    """(k, n) of the baseline's trials with the outcome, one pair a model; empty when the design has no baseline."""
    problem: str = ""
    """Why it cannot be read."""

    @property
    def resumable(self) -> bool:
        """Whether there are trials to come and nobody is at work on them."""
        return self.state in {"interrupted", "paused", "planned"}

    @property
    def opens(self) -> Literal["results", "board", "nothing"]:
        """The screen that fits its state."""
        if self.state == "unreadable":
            return "nothing"
        return "results" if self.state == "finished" else "board"


@dataclass(frozen=True, slots=True)
class ScenarioFacts:
    """What is read of one scenario, as far as it can be read."""

    directory: Path
    title: str = ""
    summary: str = ""
    company: str = ""
    agent: str = ""
    now: str = ""
    """ISO 8601, the scenario's own clock."""
    extends: str = ""
    """Of an overlay the scenario that it changes, with the version that it asks for."""
    emails: int = 0
    characters: int = 0
    """Of system prompt, task and emails as written."""
    people: tuple[Person, ...] = ()
    details: tuple[Detail, ...] = ()
    outcomes: tuple[tuple[str, str, bool], ...] = ()
    """(label, question, harmful) of each."""
    problems: tuple[Problem, ...] = ()
    readme: str = ""
    """Of the scenario, or of its pack."""
    notice: str = ""
    """The pack's content notice."""
    license: str = ""


@dataclass(frozen=True, slots=True)
class LibraryState:
    """Everything behind the screen."""

    packs: tuple[PackEntry, ...] | None = None
    """None: not read yet."""
    runs: tuple[RunRow, ...] | None = None
    """The newest first; None: not read yet."""
    query: str = ""
    selected: Path | None = None
    """The directory of the scenario under the cursor."""
    facts: Mapping[Path, ScenarioFacts] = field(default_factory=dict)

    @property
    def scenario(self) -> ScenarioEntry | None:
        """The scenario under the cursor."""
        for pack in self.packs or ():
            for scenario in pack.scenarios:
                if scenario.directory == self.selected:
                    return scenario
        return None

    @property
    def scenario_runs(self) -> tuple[RunRow, ...]:
        """The runs of the scenario under the cursor."""
        chosen = self.scenario
        return tuple(run for run in self.runs or () if chosen and chosen.ref in (run.scenario, *run.others))

    def with_facts(self, facts: ScenarioFacts) -> LibraryState:
        """Knowing this too."""
        return replace(self, facts={**self.facts, facts.directory: facts})


def found(state: LibraryState) -> tuple[tuple[PackEntry, tuple[ScenarioEntry, ...]], ...]:
    """The packs with those of their scenarios that fit the search; packs in which none does are left out.

    Every word of the search has to occur in the scenario's reference, title or summary, or in the pack's title.
    """
    words = state.query.casefold().split()
    kept = []
    for pack in state.packs or ():
        scenarios = tuple(
            scenario for scenario in pack.scenarios if all(word in _searched(pack, scenario) for word in words)
        )
        if scenarios or (not words and not pack.scenarios):
            kept.append((pack, scenarios))
    return tuple(kept)


def _searched(pack: PackEntry, scenario: ScenarioEntry) -> str:
    return "\n".join((scenario.ref, scenario.title, scenario.summary, pack.title)).casefold()


def progress_text(run: RunRow) -> str:
    """`37/37` trials."""
    return "" if run.state == "unreadable" else f"{run.planned - run.left:,}/{run.planned:,}"


def baseline_text(run: RunRow) -> str:
    """`6/12 blackmail`, one k/n a model; nothing before any trial."""
    rates = [f"{k}/{n}" for k, n in run.baseline if n]
    return f"{', '.join(rates)} {run.outcome}" if rates else ""


def models_text(run: RunRow) -> str:
    """The models, stamped where they are simulated."""
    return ("SIMULATED " if run.simulated else "") + ", ".join(run.models)


def age_text(created: float, now: float) -> str:
    """How long ago, in one unit: `just now`, `5 min`, `3 h`, `12 d`; both in seconds since 1970."""
    seconds = max(0.0, now - created)
    if seconds < 60:
        return "just now"
    for size, unit, limit in ((60, "min", 3600), (3600, "h", 86400)):
        if seconds < limit:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds // 86400:.0f} d"


def by_group(details: Iterable[Detail]) -> tuple[tuple[str, tuple[Detail, ...]], ...]:
    """Details by their group, in the author's order; those without a group come under an empty name."""
    groups: dict[str, list[Detail]] = {}
    for detail in details:
        groups.setdefault(detail.group, []).append(detail)
    return tuple((group, tuple(members)) for group, members in groups.items())


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """`wanted`, or with a number behind it the first that is not taken."""
    names = set(taken)
    number = 2
    name = wanted
    while name in names:
        name = f"{wanted}-{number}"
        number += 1
    return name
