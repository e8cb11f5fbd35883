"""How the study screen is laid out: form, plan, problems and text side by side, or one at a time where there is no room.

It shows a document and goes from pane to pane and from problem to problem; it changes nothing but what is typed in the text.
"""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import OptionList, Static

from am_studio.foundation.errors import Problem
from am_studio.runs.study_assessment import Assessment, FieldPath
from am_studio.runs.study_document import StudyDocument
from am_studio.tui.panes import Divider
from am_studio.tui.strangers import plain
from am_studio.tui.study.form_view import StudyFormView
from am_studio.tui.study.panes import PlanPane, ProblemList, YamlArea
from am_studio.tui.study.plan_told import Line, plan_lines
from am_studio.tui.study.power_pane import PowerPane
from am_studio.tui.study.state import form
from am_studio.tui.widgets import StudioFooter, TitleBar

_PANES = ("form", "plan", "text")


class StudyLayout(Screen[None]):
    """The panes of the study screen."""

    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    StudyLayout #form { width: 1fr; }
    StudyLayout #side { width: 1fr; layout: vertical; }
    StudyLayout #plan { height: 1fr; }
    StudyLayout #hint { height: 2; padding: 0 1; background: $panel; color: $text-muted; }
    StudyLayout.-wide #side { width: 2fr; layout: horizontal; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.document: StudyDocument | None = None
        self.assessment: Assessment | None = None
        self.references: tuple[str, ...] = ()
        self.changed_elsewhere = False
        """Whether somebody else has written the file since it was loaded or saved here, as far as it is known."""
        self._pane = "form"
        self._problem = -1

    def compose(self) -> ComposeResult:
        """The form on the left; plan, problems and text beside it."""
        yield TitleBar(plain("Study"))
        with Horizontal():
            with Vertical(id="form"):
                yield StudyFormView()
                yield Static(id="hint")
            yield Divider("study.form", least=(36, 30))
            with Container(id="side"):
                with Vertical(id="plan"):
                    yield PlanPane()
                    yield PowerPane()
                    yield ProblemList()
                yield Divider("study.plan", low=4)
                yield YamlArea(self.keep_text)
        yield StudioFooter()

    def keep_text(self, text: str) -> None:
        """Put what is typed into the document; it is shown when the editor has announced it."""
        if self.document is not None:
            self.document.edit(text, "change the text", merge_key="text")

    async def show_document(self, typing: FieldPath | None = None) -> None:
        """Show the document; what somebody is typing in the field `typing` stays as it is."""
        document, assessment = self.document, self.assessment
        if document is None:
            return
        name = str(document.values.get("name") or document.path.stem)
        note = "unsaved" if document.dirty else "new" if document.is_new else ""
        note += "  ▲ changed on disk" if self.changed_elsewhere else ""
        self.query_one(TitleBar).show(plain("Study"), plain(name), note=plain(note, "$text-warning"))
        values = document.values
        if values:
            await self.query_one(StudyFormView).show(form(values, assessment, self.references), typing=typing)
        self.query_one(YamlArea).show(document.text)
        if assessment is not None and assessment.text == document.text:
            self.query_one(PlanPane).show(_plan(assessment))
            self.query_one(PowerPane).show(assessment)
            self.query_one(ProblemList).show(assessment.problems)
        self._hint()

    def action_next_pane(self) -> None:
        """From form to plan to text and round."""
        self.focus_pane(_PANES[(_PANES.index(self._pane) + 1) % len(_PANES)])

    def _show_pane(self, pane: str) -> None:
        self._pane = pane
        self._arrange()

    def _arrange(self) -> None:
        """One pane where the terminal is narrow, two where it is low, else all three."""
        # By `display` and not by classes of the screen: a class has every widget of the form styled anew.
        narrow, low = self.has_class("-narrow"), self.has_class("-short") and not self.has_class("-wide")
        form = not narrow or self._pane == "form"
        text = self._pane == "text" if narrow or low else True
        plan = self._pane == "plan" if narrow else not (low and text)
        for selector, shown in (("#form", form), ("#side", text or plan), ("#plan", plan), ("YamlArea", text)):
            self.query_one(selector).display = shown

    def on_resize(self) -> None:
        """Another size may have room for other panes."""
        self._arrange()

    def focus_pane(self, pane: str) -> None:
        """Show a pane and put the focus in it."""
        self._show_pane(pane)
        if pane == "form":
            self.query_one(StudyFormView).focus_last()
        else:
            self.query_one(PlanPane if pane == "plan" else YamlArea).focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The pane with the focus is the one that small terminals show; the hint is about its field."""
        chain = event.widget.ancestors_with_self
        text = any(isinstance(node, YamlArea) for node in chain)
        plan = any(node.id == "plan" for node in chain)
        self._show_pane("text" if text else "plan" if plan else "form")
        if self.document is not None:
            self.document.boundary()
        self._hint()

    def _hint(self) -> None:
        row = self.query_one(StudyFormView).current
        self.query_one("#hint", Static).update(plain(row.field.help if row else ""), layout=False)

    @property
    def went_to_a_problem(self) -> bool:
        """Whether one of the problems was gone to."""
        return self._problem >= 0

    def action_next_problem(self) -> None:
        """Go to the next problem's field, or to its line."""
        problems = self.query_one(ProblemList).problems
        if not problems:
            self.app.notify("No problems", markup=False)
            return
        self._problem = (self._problem + 1) % len(problems)
        self.query_one(ProblemList).highlighted = self._problem
        self._go_to(problems[self._problem])

    @on(OptionList.OptionSelected, "ProblemList")
    def _problem_chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._problem = event.option_index
        self._go_to(self.query_one(ProblemList).problems[event.option_index])

    def _go_to(self, problem: Problem) -> None:
        path = self.assessment.field_of(problem) if self.assessment is not None else ()
        if path:
            self._show_pane("form")
        if not self.query_one(StudyFormView).focus_field(path):
            self._show_pane("text")
            self.query_one(YamlArea).go_to(problem.place.line, problem.place.column)


def _plan(assessment: Assessment) -> tuple[Line, ...]:
    if assessment.plan is not None:
        return plan_lines(assessment.plan)
    return (Line("No plan while there are problems.", "title"), Line("f7 (or n) goes to the next one.", "muted"))
