"""The parts of the library screen: the search line and the tree of scenarios, what is told of one, the tables of runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widgets import DataTable, Input, Static, TabbedContent, TabPane, Tree

from am_studio.foundation.hygiene import one_line
from am_studio.foundation.plainly import facts_line
from am_studio.tui.library import views
from am_studio.tui.library.state import (
    MARKS,
    RunRow,
    ScenarioFacts,
    age_text,
    baseline_text,
    models_text,
    progress_text,
)  # fmt: skip
from am_studio.tui.linear import ToldTable
from am_studio.tui.looks import is_linear
from am_studio.tui.strangers import MUTED, plain, plain_text
from am_studio.tui.widgets import EmptyState

if TYPE_CHECKING:
    from am_studio.scenarios.library import PackEntry, ScenarioEntry

_MOOD_STYLES = {"running": "bold", "finished": "", "interrupted": "bold", "unreadable": "dim"}
_COLUMNS = ("", "study", "trials", "baseline", "made", "models", "scenario")


class SearchLine(Input):
    """Filters the tree as one types."""

    HELP = "Every word has to occur in a scenario's reference, title or summary, or in its pack's title."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "Clear", id="search.clear", tooltip="Empty the search and go to the scenarios"),
        Binding("down,enter", "leave", "To the scenarios", id="search.leave", tooltip="Go to what was found"),
    ]

    class Left(Message):
        """Done with searching: the tree is next."""

    def action_clear(self) -> None:
        """Empty the search."""
        self.value = ""
        self.post_message(self.Left())

    def action_leave(self) -> None:
        """Go to what was found."""
        self.post_message(self.Left())


class ScenarioTree(Tree[Path]):
    """Packs with their scenarios. The cursor shows a scenario beside it; enter or a double click opens it."""

    HELP = f"A scenario with {views.OVERLAY} is an overlay: it says only what differs from the one behind the sign."

    BINDING_GROUP_TITLE = "Here (scenarios)"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", id="tree.open", tooltip="Edit this scenario; on a pack: fold it"),
        Binding("left", "fold", "Fold", id="tree.fold", tooltip="Fold the pack", show=False),
        Binding("right", "unfold", "Unfold", id="tree.unfold", tooltip="Unfold the pack", show=False),
    ]

    class Opened(Message):
        """The scenario under the cursor is to be opened."""

    def __init__(self) -> None:
        super().__init__("")
        self.show_root = False
        self.guide_depth = 2
        self.went_about = False
        """Whether somebody has moved the cursor, or clicked."""

    def show(self, packs: Sequence[tuple[PackEntry, tuple[ScenarioEntry, ...]]], selected: Path | None) -> Path | None:
        """Draw these packs with the cursor on the selected scenario, or the first; returns which one it is."""
        self.show_guides = not is_linear(self)  # lines from packs to scenarios
        self.clear()
        first: Path | None = None
        line: int | None = None
        for pack, scenarios in packs:
            label = plain_text(views.marked(pack.name, pack.problem), "bold")
            label.append_text(plain_text(f" {pack.version}", "dim"))
            node = self.root.add(label, expand=True)
            for scenario in scenarios:
                leaf = node.add_leaf(views.leaf(scenario), data=scenario.directory)
                first = first or scenario.directory
                if scenario.directory == selected or line is None:
                    line = self._line_of(leaf.id)
                if scenario.directory == selected:
                    first = selected
        if line is not None:
            self.move_cursor_to_line(line)
        return first

    def _line_of(self, node_id: int) -> int:
        # Lines of nodes are known after they have been laid out, which reading this property does.
        _ = self.last_line
        return self.get_node_by_id(node_id).line  # type: ignore[arg-type]

    def action_open(self) -> None:
        """Open the scenario, or fold the pack."""
        node = self.cursor_node
        if node is not None and node.data is None:
            node.toggle()
        elif node is not None:
            self.post_message(self.Opened())

    def on_key(self) -> None:
        """Somebody is going about."""
        self.went_about = True

    def action_fold(self) -> None:
        """Fold the pack that the cursor is in."""
        node = self.cursor_node
        pack = node.parent if node is not None and node.data is not None else node
        if pack is not None and not pack.is_root:
            pack.collapse()
            self.move_cursor(pack)

    def action_unfold(self) -> None:
        """Unfold the pack under the cursor."""
        if self.cursor_node is not None:
            self.cursor_node.expand()

    def on_click(self, event: Click) -> None:
        """The second click of two opens; the first has put the cursor there."""
        self.went_about = True
        if event.chain == 2:
            self.action_open()

    def action_select_cursor(self) -> None:
        """A single click chooses, it does not open."""


class RunsTable(ToldTable):
    """Runs, the newest first."""

    HELP = "Baseline: how many of the baseline's trials had the outcome of the study, a model. Enter opens a run."

    BINDING_GROUP_TITLE = "Here (runs)"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "select_cursor", "Open", id="runs.open", tooltip="Results when it is finished, else its board"
        ),
        Binding("u", "resume", "Resume", id="runs.resume", tooltip="Carry on a run that was stopped"),
        Binding("v", "compare", "Compare", id="runs.compare", tooltip="Put two runs beside each other"),
    ]

    @dataclass
    class Opened(Message):
        """A run is to be opened."""

        run: RunRow

    @dataclass
    class ToResume(Message):
        """A run is to be carried on."""

        run: RunRow

    @dataclass
    class ToCompare(Message):
        """A run is to be compared."""

        run: RunRow

    def __init__(self) -> None:
        super().__init__(cursor_type="row", zebra_stripes=True)
        self._runs: tuple[RunRow, ...] = ()

    @property
    def run(self) -> RunRow | None:
        """The run under the cursor."""
        return self._runs[self.cursor_row] if 0 <= self.cursor_row < len(self._runs) else None

    def show(self, runs: tuple[RunRow, ...]) -> None:
        """Draw these runs; the cursor stays on its run."""
        if runs == self._runs and self.row_count:
            return
        before = self.run
        self._runs = runs
        self.redraw()
        paths = [run.path for run in runs]
        if before is not None and before.path in paths:
            self.move_cursor(row=paths.index(before.path))

    def draw_grid(self) -> None:
        """A row a run."""
        at, now = self.cursor_row, time.time()
        self.clear(columns=True)
        self.add_columns(*_COLUMNS)
        for run in self._runs:
            style = _MOOD_STYLES.get(run.state, "")
            cells = (
                f"{MARKS[run.state]} {run.state}", run.study or run.path.name, progress_text(run), baseline_text(run),
                age_text(run.created, now), run.problem or models_text(run), run.scenario,
            )  # fmt: skip
            self.add_row(*(plain_text(one_line(cell), style) for cell in cells))
        self.move_cursor(row=min(at, max(len(self._runs) - 1, 0)))

    def sentences(self) -> list[tuple[str, str]]:
        """A sentence a run."""
        now = time.time()
        return [(_told(run, now), _MOOD_STYLES.get(run.state, "")) for run in self._runs]

    @on(DataTable.RowSelected)
    def _row_selected(self) -> None:
        self._post(self.Opened)

    def action_resume(self) -> None:
        """Carry the run on."""
        self._post(self.ToResume)

    def action_compare(self) -> None:
        """Compare the run."""
        self._post(self.ToCompare)

    def _post(self, message: Callable[[RunRow], Message]) -> None:
        if self.run is not None:
            self.post_message(message(self.run))


def _told(run: RunRow, now: float) -> str:
    return facts_line(
        (
            (run.study or run.path.name, run.state),
            ("trials", progress_text(run).replace("/", " of ")),
            ("baseline", baseline_text(run)),
            ("made", age_text(run.created, now)),
            ("problem", run.problem),
            ("models", "" if run.problem else models_text(run)),
            ("scenario", run.scenario),
        )
    )


class RunsPane(Vertical):
    """A table of runs, or what to do to have one."""

    DEFAULT_CSS = """
    RunsPane > RunsTable { height: 1fr; }
    RunsPane > .title { height: 1; padding: 0 1; color: $text-muted; }
    """

    def __init__(self, title: Content, empty: Content, *, id: str) -> None:
        super().__init__(id=id)
        self._title, self._empty = title, empty

    def compose(self) -> ComposeResult:
        """Title, what to do, table."""
        if self._title:
            yield Static(self._title, classes="title")
        yield EmptyState("Reading the runs ...")
        yield RunsTable()

    @property
    def table(self) -> RunsTable:
        """The runs."""
        return self.query_one(RunsTable)

    def show(self, runs: tuple[RunRow, ...]) -> None:
        """Draw these runs."""
        empty = self.query_one(EmptyState)
        empty.display, self.table.display = not runs, bool(runs)
        empty.update(self._empty)
        self.table.show(runs)


class FactsPane(Vertical):
    """What there is to know of the chosen scenario, in four tabs."""

    DEFAULT_CSS = """
    FactsPane TabbedContent { height: 1fr; }
    FactsPane TabPane { padding: 0; }
    FactsPane TabPane > VerticalScroll { padding: 0 1; }
    """

    def compose(self) -> ComposeResult:
        """About, cast, details, results."""
        with TabbedContent():
            for id, label in (("about", "About"), ("cast", "Cast"), ("details", "Details")):
                with TabPane(label, id=id), VerticalScroll():
                    yield Static(id=f"{id}-text")
            with TabPane("Results", id="results"):
                none = plain("No run of this scenario yet: press s to make a study of it.")
                yield RunsPane(Content(), none, id="scenario-runs")

    def turn_to(self, tab: str) -> None:
        """Show a tab: `about`, `cast`, `details` or `results`, with the keys in it."""
        self.query_one(TabbedContent).active = tab

    def show(self, facts: ScenarioFacts) -> None:
        """Draw what is known of a scenario."""
        self._tell(views.about(facts), views.cast(facts), views.details(facts))

    def show_nothing(self) -> None:
        """No scenario is chosen."""
        self._tell(*[plain("Choose a scenario on the left.", MUTED)] * 3)

    def _tell(self, about: Content, cast: Content, details: Content) -> None:
        self.query_one("#about-text", Static).update(about)
        self.query_one("#cast-text", Static).update(cast)
        self.query_one("#details-text", Static).update(details)

    def show_runs(self, runs: tuple[RunRow, ...]) -> None:
        """Draw the runs of the scenario."""
        self.query_one(RunsPane).show(runs)
