"""The library screen: packs and scenarios with what they are about, and the runs made from them.

It reads in threads, after the first paint; it changes files only after asking. What it shows is a `LibraryState`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, TabbedContent, Tree
from textual.widgets._tabbed_content import ContentTab
from textual.worker import get_current_worker

from am_studio.tui.library import reading
from am_studio.tui.library.actions import LibraryActions
from am_studio.tui.library.messages import FactsRead, PacksRead, RunsRead
from am_studio.tui.library.state import RunRow, found
from am_studio.tui.library.widgets import FactsPane, RunsPane, ScenarioTree, SearchLine
from am_studio.tui.palette import Command
from am_studio.tui.panes import Divider
from am_studio.tui.strangers import plain
from am_studio.tui.welcome.places import LibraryPlace
from am_studio.tui.widgets import EmptyState, StudioFooter, TitleBar

if TYPE_CHECKING:
    pass

_WATCH_SECONDS = 2.0
"""How often runs are read again while one is running, and looked for new ones."""
_ON_A_SCENARIO = {"clone", "overlay", "rename", "trash", "study", "author"}


class LibraryScreen(LibraryActions):
    """Where the studio starts: choose a scenario to edit or to study, or a run to look at."""

    DEFAULT_CSS = """
    LibraryScreen {
        #scenarios { width: 34; }
        &.-narrow #scenarios { width: 28; }
        &.-wide #scenarios { width: 48; }
        SearchLine { border: none; height: 1; padding: 0 1; background: $surface; }
        SearchLine:focus { border: none; background: $panel; }
        ScenarioTree { padding: 0 1; background: $background; scrollbar-size: 0 1; }
        #to-packs { width: 1fr; }
        #facts { width: 1fr; }
        FactsPane { height: 1fr; }
        #recent { height: 11; }
        &.-wide #recent { height: 17; }
        &.-narrow #recent, &.-short #recent { display: none; }
        &.-narrow.-runs, &.-short.-runs {
            #recent { display: block; height: 1fr; }
            #scenarios, FactsPane { display: none; }
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", id="library.search", tooltip="Find scenarios by words"),
        Binding("n", "new", "New", id="library.new", tooltip="Make a scenario from a template"),
        Binding("c", "clone", "Clone", id="library.clone", tooltip="Copy this scenario into a pack of your own"),
        Binding(
            "o",
            "overlay",
            "Overlay",
            id="library.overlay",
            tooltip="A variant of this scenario that says only what differs",
            show=False,
        ),
        Binding("s", "study", "Study", id="library.study", tooltip="Make a study of this scenario"),
        Binding("r", "runs", "Runs", id="library.runs", tooltip="Go to the recent runs"),
        Binding("p", "packs", "Packs", id="library.packs", tooltip="Install, verify, update, check and compare packs"),
        Binding("e,f2", "rename", "Rename", id="library.rename", tooltip="Give this scenario a new name", show=False),
        Binding("d,delete", "trash", "Delete", id="library.trash", tooltip="To the trash; asks first", show=False),
        Binding("i", "import", "Import", id="library.import", tooltip="Bring in scenarios or runs", show=False),
        Binding("g,f5", "reload", "Read again", id="library.reload", tooltip="Read packs and runs anew", show=False),
        Binding("1", "tab('about')", "About", id="library.about", tooltip="What the scenario is", show=False),
        Binding("2", "tab('cast')", "Cast", id="library.cast", tooltip="Who is in it", show=False),
        Binding("3", "tab('details')", "Details", id="library.details", tooltip="What can be toggled", show=False),
        Binding("4", "tab('results')", "Results", id="library.results", tooltip="Its runs", show=False),
        Binding("escape", "scenarios", "Scenarios", id="library.scenarios", tooltip="Back to the tree", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._tab = ""
        """The tab to turn to once the tabs are there."""
        self._runs_changed = 0
        """When a run was last made or taken away, in nanoseconds, as far as it is known."""

    def compose(self) -> ComposeResult:
        """Scenarios on the left; on the right what is chosen, and the runs below."""
        yield TitleBar(plain("Library"))
        with Horizontal():
            with Vertical(id="scenarios"):
                yield SearchLine(placeholder="/ to search", id="search")
                yield EmptyState("Reading the library ...", id="no-scenarios")
                yield ScenarioTree()
                yield Button("Packs", id="to-packs", compact=True)
            yield Divider("library.scenarios", least=(16, 30))
            yield Vertical(id="facts")
        yield StudioFooter()

    def on_mount(self) -> None:
        """The tree has the keys; runs are watched, for other programs make some too."""
        self.query_one(ScenarioTree).focus()
        self.set_interval(_WATCH_SECONDS, self._read_running)

    def on_screen_resume(self) -> None:
        """Fill and read after the first paint, and read again after another screen may have changed something."""
        self.call_after_refresh(self._fill)

    async def _fill(self) -> None:
        column = self.query_one("#facts", Vertical)
        if not column.is_attached:
            return  # the app is being closed
        if not column.children:
            none = plain("No runs yet: choose a scenario and press s to make a study of it.")
            runs = RunsPane(plain("Recent runs"), none, id="recent")
            await column.mount(FactsPane(), Divider("library.runs", sizes="after"), runs)
            self.call_after_refresh(self.turn_back)
            self.refresh_bindings()
        self.action_reload()

    # Reading. --------------------------------------------------------------------------------------------------------

    def action_reload(self) -> None:
        """Read packs and runs anew."""
        self._read_packs()
        self._read_runs()

    @work(thread=True, exclusive=True, group="packs")
    def _read_packs(self) -> None:
        from am_studio.scenarios.library import list_library

        self._post(PacksRead(list_library()))

    @work(thread=True, exclusive=True, group="runs")
    def _read_runs(self) -> None:
        from am_studio.foundation.locations import runs_directory

        worker = get_current_worker()
        self._post(RunsRead(reading.read_runs(runs_directory(), lambda: worker.is_cancelled)))

    @work(thread=True, exclusive=True, group="facts")
    def _read_facts(self, directory: Path) -> None:
        self._post(FactsRead(reading.read_facts(directory)))

    def _read_running(self) -> None:
        """Read the runs again while one is running, or when another program has made or taken away one."""
        changed = reading.runs_changed()
        if self.is_active and (
            changed != self._runs_changed or any(run.state == "running" for run in self.state.runs or ())
        ):
            self._runs_changed = changed
            self._read_runs()

    @on(PacksRead)
    def _packs_read(self, message: PacksRead) -> None:
        self.state = replace(self.state, packs=message.packs, facts={})
        self._draw_tree()

    @on(RunsRead)
    def _runs_read(self, message: RunsRead) -> None:
        self.state = replace(self.state, runs=message.runs)
        self._draw_runs()

    @on(FactsRead)
    def _facts_read(self, message: FactsRead) -> None:
        self.state = self.state.with_facts(message.facts)
        self.turn_back()
        self._draw_facts()

    # Drawing. --------------------------------------------------------------------------------------------------------

    @property
    def _complete(self) -> bool:
        """Whether there is something to draw on: before the first paint and while the app closes there is not."""
        return self.is_running and len(self.query("#no-scenarios, ScenarioTree, #about-text, RunsPane EmptyState")) == 5

    def _draw_tree(self) -> None:
        if not self._complete:
            return
        shown, empty = found(self.state), self.query_one("#no-scenarios", EmptyState)
        empty.display = not shown
        if self.state.query:
            empty.update("Nothing fits: escape empties the search.")
        else:
            empty.update("No packs here yet: press n to make a scenario.")
        self._choose(self.query_one(ScenarioTree).show(shown, self.state.selected))

    def _choose(self, directory: Path | None) -> None:
        self.state = replace(self.state, selected=directory)
        self._draw_facts()
        self._draw_runs()
        self.refresh_bindings()
        if directory is not None and directory not in self.state.facts:
            self._read_facts(directory)

    def _draw_facts(self) -> None:
        if not self._complete:
            return
        chosen = self.state.scenario
        self.query_one(TitleBar).show(plain("Library"), *([plain(chosen.ref)] if chosen else []))
        facts = self.state.facts.get(chosen.directory) if chosen else None
        if facts is not None:
            self.query_one(FactsPane).show(facts)
        elif chosen is None and self.state.packs is not None:
            self.query_one(FactsPane).show_nothing()

    def _draw_runs(self) -> None:
        if self.state.runs is not None and self._complete:
            self.query_one("#recent", RunsPane).show(self.state.runs)
            self.query_one(FactsPane).show_runs(self.state.scenario_runs)

    # Going about. ----------------------------------------------------------------------------------------------------

    @on(Input.Changed, "#search")
    def _searched(self, event: Input.Changed) -> None:
        self.state = replace(self.state, query=event.value)
        self._draw_tree()

    @on(Tree.NodeHighlighted)
    def _highlighted(self, event: Tree.NodeHighlighted[Path]) -> None:
        if event.node.data is not None and event.node.data != self.state.selected:
            self._choose(event.node.data)

    @on(SearchLine.Left)
    def action_scenarios(self) -> None:
        """Go to the tree."""
        self.remove_class("-runs")
        self.query_one(ScenarioTree).focus()

    def action_search(self) -> None:
        """Find scenarios by words."""
        self.remove_class("-runs")
        self.query_one(SearchLine).focus()

    def action_runs(self) -> None:
        """Go to the recent runs."""
        self.add_class("-runs")
        self.query_one("#recent", RunsPane).table.focus()

    def action_tab(self, name: str) -> None:
        """Show a tab of the chosen scenario."""
        self.remove_class("-runs")
        self.query_one(FactsPane).turn_to(name)

    @property
    def place(self) -> LibraryPlace:
        """Where one is: cursor, search, tab."""
        tabs = self.query(TabbedContent)
        chosen = str(self.state.selected or "")
        return LibraryPlace(chosen, self.state.query, tabs.first().active if tabs else "")

    def take_back(self, place: LibraryPlace, *, always: bool = False) -> None:
        """Go where one was when the studio was left; not when somebody has begun to go about already, unless `always`."""
        if not always and (self.state.query or self.query_one(ScenarioTree).went_about):
            return
        with self.prevent(Input.Changed):
            self.query_one(SearchLine).value = place.query
        self.state = replace(self.state, query=place.query, selected=Path(place.scenario) if place.scenario else None)
        self.turn_back(place.tab)
        if self.state.packs is not None:
            self._draw_tree()

    def turn_back(self, tab: str = "") -> None:
        """Turn to a tab as soon as the tabs are there; without one, to that which is still waited for."""
        self._tab = tab or self._tab
        if self._tab and self.query(ContentTab):
            self.query_one(FactsPane).turn_to(self._tab)
            self._tab = ""

    def show_changed(self, directory: Path | None) -> None:
        """Read the library anew, without a search, and go to this scenario, or stay."""
        with self.prevent(Input.Changed):
            self.query_one(SearchLine).value = ""
        self.state = replace(self.state, query="", selected=directory or self.state.selected)
        self.action_reload()

    # Commands. -------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What concerns a scenario needs one, and one that came with the program stays as it is; panes have to be there."""
        if action in _ON_A_SCENARIO and self.state.scenario is None:
            return None
        if action in {"runs", "tab"} and not self.query(FactsPane):
            return None
        if action in {"rename", "trash"} and self.state.scenario is not None and not self.state.scenario.editable:
            return None
        return True

    def palette_commands(self) -> list[Command]:
        """Everything that can be done here."""
        return [
            Command("library: Open in the author", "Edit the chosen scenario.", "author"),
            Command("library: New scenario", "Make a scenario from a template.", "new"),
            Command("library: Clone", "Copy the chosen scenario into a pack of your own.", "clone"),
            Command("library: New overlay", "A variant of this scenario that says only what differs.", "overlay"),
            Command("library: Packs", "Install, verify, update, check and compare packs.", "packs"),
            Command("library: Rename", "Give the chosen scenario another name.", "rename"),
            Command("library: Delete", "Move the chosen scenario to the trash; asks first.", "trash"),
            Command("library: New study", "Make a study of the chosen scenario.", "study"),
            Command("library: Import", "Suite, transcripts, Inspect logs, prompt or mail.", "import"),
            Command("library: Search", "Find scenarios by words.", "search"),
            Command("library: Show about", "What the scenario is.", "tab('about')"),
            Command("library: Show cast", "Who is in it.", "tab('cast')"),
            Command("library: Show details", "What can be toggled in it.", "tab('details')"),
            Command("library: Show results", "The runs of the scenario.", "tab('results')"),
            Command("library: Read again", "Read packs and runs anew.", "reload"),
            Command("runs: Recent", "Go to the recent runs.", "runs"),
            *(self._run_command(run) for run in (self.state.runs or ())[:10]),
        ]

    @staticmethod
    def _run_command(run: RunRow) -> Command:
        return Command(f"runs: Open {run.path.stem}", f"{run.scenario}, {run.state}.", f"open_run({str(run.path)!r})")
