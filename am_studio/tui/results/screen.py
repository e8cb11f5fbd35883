"""The results of a run: effects per model and outcome, what they are evidence of, and the trials behind each number.

It shows what the analysis says and works out nothing itself. Tests load their library in a thread.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.screen import Screen
from textual.widgets import DataTable, Label, ProgressBar, Select, Static
from textual.worker import get_current_worker

from am_studio.foundation.errors import StudioError
from am_studio.reports.effect_table import STAMP, effect_sheet
from am_studio.reports.nuisance_tables import nuisance_lines
from am_studio.reports.sentence import finding
from am_studio.reports.side_tables import side_lines
from am_studio.tui.palette import Command
from am_studio.tui.panes import Divider
from am_studio.tui.results import doing
from am_studio.tui.results.effects import EffectsTable
from am_studio.tui.results.export import export
from am_studio.tui.results.messages import Exported, Failed, Found
from am_studio.tui.results.reading import Findings, find
from am_studio.tui.results.state import answer_behind
from am_studio.tui.results.trust_panel import TrustPanel
from am_studio.tui.strangers import plain
from am_studio.tui.welcome.documents import OpenResults
from am_studio.tui.widgets import StudioFooter, TitleBar

if TYPE_CHECKING:
    from am_studio.tui.app import StudioApp


class ResultsScreen(Screen[None]):
    """Effects of removing details, one model and outcome at a time."""

    DEFAULT_CSS = """
    ResultsScreen #stamp { height: auto; padding: 0 1; text-style: bold; background: $warning; color: auto; display: none; }
    ResultsScreen.-stamped #stamp { display: block; }
    ResultsScreen #choices { height: 1; padding: 0 1; }
    ResultsScreen #choices Label { width: auto; color: $text-muted; }
    ResultsScreen #choices Select { width: 1fr; max-width: 40; margin-right: 2; }
    ResultsScreen #summary { height: auto; max-height: 8; padding: 0 1; margin: 1 0; }
    ResultsScreen #finding { height: auto; }
    ResultsScreen.-trouble #finding { color: $text-warning; }
    ResultsScreen #busy { height: 1; padding: 0 1; display: none; }
    ResultsScreen.-busy #busy { display: block; }
    ResultsScreen #busy Label { width: auto; margin-right: 2; color: $text-muted; }
    ResultsScreen #details {
        height: auto; min-height: 2; max-height: 6; padding: 0 1; border-top: solid $panel; color: $foreground;
    }
    ResultsScreen #notes { height: 30%; padding: 0 1; border-top: hkey $panel; border-title-color: $text-muted; }
    ResultsScreen.-short {
        #stamp { text-wrap: nowrap; text-overflow: ellipsis; }
        #summary { max-height: 6; margin: 0; }
        #details { max-height: 3; border-top: none; background: $surface; }
        #notes { height: 2; }
    }
    """
    # fmt: off
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sort", "Sort", id="results.sort", tooltip="Sort by this column; again: the other way, then not"),
        Binding("m", "next_model", "Model", id="results.model", tooltip="The next model"),
        Binding("o", "next_outcome", "Outcome", id="results.outcome", tooltip="The next outcome"),
        Binding("e", "export", "Export", id="results.export", tooltip="Effects, tables or a bundle, as files"),
        Binding("t", "transcripts", "All trials", id="results.transcripts", tooltip="The trials of the whole run"),
        Binding(
            "j,J", "judge", "Judge", id="results.judge", tooltip="How far the judge can be trusted, by human labels"
        ),
        Binding("b", "board", "Board", id="results.board", tooltip="The run board", show=False),
        Binding("u", "update", "Update", id="results.update", tooltip="Read the run again", show=False),
        Binding("w", "report", "Report", id="results.report", tooltip="Read the report; w there writes it as a page"),
        Binding("v", "compare", "Compare", id="results.compare", tooltip="Whether another run differs", show=False),
        Binding(
            "d", "disagreements", "Disagreements", id="results.disagreements",
            tooltip="The trials on which labels and the judge differ, or two judges", show=False,
        ),
        Binding("h,H", "part('Details by model')", "Heat map", id="results.heat", tooltip="Details by model", show=False),
        Binding("i", "part('Effects')", "Interactions", id="results.interactions", tooltip="Effects and their interactions in full", show=False),
        Binding("n", "part('The search')", "Search", id="results.search", tooltip="How a minimal set was found, step by step", show=False),
        Binding("y", "part('Test or real')", "Beliefs", id="results.beliefs", tooltip="Rates by what the subject believes", show=False),
    ]

    def __init__(self, run: Path, *, outcome: str = "", model: str = "") -> None:
        """The results of a run: an outcome (default: the study's own) in a model, where there are such."""
        super().__init__()
        self._first = outcome
        self._run = run
        self._known: dict[str, Findings] = {}
        self._shown: Findings | None = None
        self._model = model

    def compose(self) -> ComposeResult:
        """What is shown of which, the finding, the table, its row in words, the notes."""
        yield TitleBar(plain("Results"), plain(self._run.name))
        yield Static(id="stamp", markup=False)
        with Horizontal(id="choices"):
            yield Label("Outcome ", markup=False)
            yield Select[str]([], id="outcome", compact=True, prompt="…")
            yield Label("Model ", markup=False)
            yield Select[str]([], id="model", compact=True, prompt="…")
        with VerticalScroll(id="summary"):
            yield Static(id="finding", markup=False)
        with Horizontal(id="busy"):
            yield Label("Working out the effects and their tests …", markup=False)
            yield ProgressBar(show_percentage=False, show_eta=False)
        yield EffectsTable(id="effects")
        yield Static(id="details", markup=False)
        yield Divider("results.notes", sizes="after", low=2, gives="effects")
        with VerticalScroll(id="notes") as notes:
            notes.border_title = "Notes and methods"
            yield Static(id="legend", markup=False)
        yield StudioFooter()

    def on_mount(self) -> None:
        """Work out the study's own outcome."""
        self.query_one(EffectsTable).focus()
        self._ask(self._first)

    def where_one_is(self) -> OpenResults:
        """The run, with what is shown of it."""
        outcome = self._shown.outcome if self._shown is not None else self._first
        return OpenResults(str(self._run.absolute()), outcome, self._model)

    def on_screen_resume(self) -> None:
        """A run that was going on may have gone further."""
        if self._shown is not None and self._shown.state == "running":
            self.action_update()

    # What is shown. --------------------------------------------------------------------------------------------------

    def _ask(self, outcome: str) -> None:
        """Show an outcome, after working it out when that has not been done."""
        known = self._known.get(outcome)
        if known is not None:
            self._show(known)
            return
        self.add_class("-busy")
        self._find(outcome)

    @work(thread=True, exclusive=True, group="find")
    def _find(self, outcome: str) -> None:
        worker = get_current_worker()
        try:
            message: Message = Found(find(self._run, outcome))
        except StudioError as error:
            message = Failed(error)
        if not worker.is_cancelled:
            self.post_message(message)

    @on(Found)
    def _take(self, message: Found) -> None:
        self._known[message.findings.outcome] = message.findings
        self._show(message.findings)

    @on(Failed)
    def _tell(self, message: Failed) -> None:
        self.remove_class("-busy")
        if self._shown is not None:
            self._studio.show_error(message.error)
            return
        if self._first:  # an outcome that was once looked at and is no more
            self._first = ""
            self._ask("")
            return
        error = message.error
        self.add_class("-trouble")
        told = "\n".join(filter(None, (error.title, error.detail, error.hint)))
        self.query_one("#finding", Static).update(plain(told))

    def _show(self, findings: Findings) -> None:
        self._shown = findings
        self.remove_class("-busy", "-trouble")
        models = [table.model for table in findings.tables]
        self._model = self._model if self._model in models else models[0]
        with self.prevent(Select.Changed):
            _offer(self.query_one("#outcome", Select), findings.outcomes, findings.outcome)
            _offer(self.query_one("#model", Select), models, self._model)
        self._show_model()
        self.refresh_bindings()

    def _show_model(self) -> None:
        findings = self._shown
        if findings is None:
            return
        number = [table.model for table in findings.tables].index(self._model)
        table, source = findings.tables[number], findings.sources[number]
        self.query_one("#finding", Static).update(plain(finding(table)))
        self.query_one(EffectsTable).show(table, source)
        beside = [*side_lines(table), *nuisance_lines(table), *findings.across]
        sheet = effect_sheet(table, source)
        asked = [*findings.referee, *([""] if findings.referee else [])]
        lines = [*beside, *asked, *table.notes, *filter(None, [findings.agreement, *findings.trust[:1]]), *sheet.legend]
        stamps = [*([STAMP] if findings.simulated else []), *filter(None, [sheet.exploratory])]
        self.query_one("#stamp", Static).update(plain("\n".join(stamps)))
        self.set_class(bool(stamps), "-stamped")
        self.query_one("#legend", Static).update(plain("\n".join(lines)))
        self._show_details()

    @on(DataTable.CellHighlighted)
    @on(EffectsTable.FactChosen)
    def _show_details(self) -> None:
        self.query_one("#details", Static).update(plain(self.query_one(EffectsTable).details))

    @on(Select.Changed, "#model")
    def _model_chosen(self, event: Select.Changed) -> None:
        if isinstance(event.value, str) and event.value != self._model:
            self._model = event.value
            self._show_model()

    @on(Select.Changed, "#outcome")
    def _outcome_chosen(self, event: Select.Changed) -> None:
        if isinstance(event.value, str) and self._shown is not None and event.value != self._shown.outcome:
            self._ask(event.value)

    # Doing. ----------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Most needs the effects to be there; choosing needs something to choose from."""
        if action == "next_model":
            return self._shown is not None and len(self._shown.tables) > 1
        if action == "next_outcome":
            return self._shown is not None and len(self._shown.outcomes) > 1
        if action in {"sort", "export", "trials", "judge", "report", "part", "compare", "disagreements"}:
            return self._shown is not None
        return True

    def action_sort(self) -> None:
        """Sort by the column under the cursor."""
        table = self.query_one(EffectsTable)
        if table.chosen is not None:
            table.sort_by(table.chosen[1])

    @on(DataTable.HeaderSelected)
    def _sort_by_head(self, event: DataTable.HeaderSelected) -> None:
        table = self.query_one(EffectsTable)
        table.sort_by(table.column_at(event.column_index))

    def action_next_model(self) -> None:
        """Show the next model."""
        if self._shown is not None:
            models = [table.model for table in self._shown.tables]
            self.query_one("#model", Select).value = models[(models.index(self._model) + 1) % len(models)]

    def action_next_outcome(self) -> None:
        """Show the next outcome."""
        if self._shown is not None:
            names = self._shown.outcomes
            self.query_one("#outcome", Select).value = names[(names.index(self._shown.outcome) + 1) % len(names)]

    def action_update(self) -> None:
        """Read the run again."""
        outcome = self._shown.outcome if self._shown else ""
        self._known.clear()
        self._ask(outcome)

    @on(DataTable.CellSelected)
    def action_trials(self) -> None:
        """Open the trials behind the number under the cursor."""
        chosen = self.query_one(EffectsTable).chosen
        if chosen is not None and self._shown is not None:
            row, column = chosen
            arm = self.query_one(EffectsTable).trials_of(row)
            self._studio.open_transcripts(
                self._run, arm=arm, model=self._model, outcome=self._shown.outcome, answer=answer_behind(column)
            )

    def action_transcripts(self) -> None:
        """Open the trials of the whole run."""
        self._studio.open_transcripts(self._run, outcome=self._shown.outcome if self._shown else "")

    def action_judge(self) -> None:
        """Show how far the judge can be trusted."""
        if self._shown is not None:
            self.app.push_screen(TrustPanel(self._shown.trust[1:]))

    def action_board(self) -> None:
        """Open the run board."""
        self._studio.open_board(self._run)

    def action_report(self) -> None:
        """Read the report of the run on this outcome."""
        self.action_part("")

    def action_part(self, title: str) -> None:
        """Read the report at the part whose title begins so."""
        if self._shown is not None:
            self._studio.open_report((self._run,), self._shown.outcome, title)

    @work(group="ask", exclusive=True)
    async def action_compare(self) -> None:
        """Set another run beside this one."""
        if self._shown is not None:
            other = await doing.ask_for_other_run(self.app, self._run)
            if other is not None:
                self._studio.open_comparison((self._run, other), self._shown.outcome)

    @work(group="ask", exclusive=True)
    async def action_disagreements(self) -> None:
        """Open the trials on which labels and the judge differ, or two judges."""
        if self._shown is not None:
            between = await doing.ask_between(self.app)
            if between is not None:
                self._studio.open_disagreements(self._run, self._shown.outcome, between)

    @work(group="ask", exclusive=True)
    async def action_export(self) -> None:
        """Write effects, tables or a bundle beside the run."""
        if self._shown is not None:
            form = await doing.ask_what_to_export(self.app)
            if form == "effects":
                self._export(self._shown)
            elif form:
                await doing.export_with_command(self.app, self._run, form)

    @work(thread=True, group="export", description="export the effects")
    def _export(self, findings: Findings) -> None:
        try:
            message: Message = Exported(export(self._run, findings.outcome, findings.numbers))
        except StudioError as error:
            message = Failed(error)
        self.post_message(message)

    @on(Exported)
    def _tell_exported(self, message: Exported) -> None:
        names = "\n".join(file.name for file in message.files)
        self.notify(f"{names}\nin {message.files[0].parent}", title="Exported", markup=False)

    @property
    def _studio(self) -> StudioApp:
        return cast("StudioApp", self.app)

    def palette_commands(self) -> list[Command]:
        """What can be done with results."""
        return [
            Command("results: Open trials behind the number", "The transcripts it counts.", "trials"),
            Command("results: Open all trials", "The transcripts of the whole run.", "transcripts"),
            Command("results: Trust in the judge", "What human labels say of it; corrected rates.", "judge"),
            Command("results: Sort by column", "By the column under the cursor.", "sort"),
            Command("results: Next outcome", "Show the effects on the next outcome.", "next_outcome"),
            Command("results: Next model", "Show the effects in the next model.", "next_model"),
            Command("results: Export", "Effects, tables or a bundle, as files beside the run.", "export"),
            Command("results: Report", "Read the report of the run; it can be written as a page.", "report"),
            Command("results: Compare", "Whether another run differs, and in what else it does.", "compare"),
            Command("results: Disagreements", "Trials on which labels and judge differ, or two judges.", "disagreements"),
            Command("results: Interactions", "Effects and interactions in full.", "part('Effects')"),
            Command("results: Heat map", "Details by model.", "part('Details by model')"),
            Command("results: Beliefs", "Rates by whether the subject takes it for a test.", "part('Test or real')"),
            Command("results: Search", "The steps of a search for the minimal set.", "part('The search')"),
            Command("results: Update", "Read the run again.", "update"),
            Command("results: Run board", "Watch the run, or carry it on.", "board"),
        ]


def _offer(select: Select[Any], names: Any, chosen: str) -> None:
    """Have a choice offer these names, literally, with one of them chosen."""
    select.set_options([(plain(name), name) for name in names])
    select.value = chosen
