"""What makes the mail hard to believe, looked for in a thread while nobody types, and what an author does about it.

The lint reads the texts as they stand, saved or not. Proposals and realism are commands of their own, of the saved scenario.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from textual import events, on, work
from textual.message import Message
from textual.timer import Timer
from textual.worker import get_current_worker

from am_studio.foundation.errors import FileProblems, StudioError
from am_studio.foundation.files import MEGABYTE, read_text
from am_studio.scenarios import edits
from am_studio.scenarios.documents import ScenarioDocument
from am_studio.scenarios.forms import LEAST_REASON
from am_studio.scenarios.lint import Finding, GivenUp, Report, lint_draft
from am_studio.scenarios.loading import Draft
from am_studio.tui.author.editor_pane import EditorPane
from am_studio.tui.author.findings_screen import FindingsScreen
from am_studio.tui.author.inbox_list import InboxList
from am_studio.tui.author.movement import Movement
from am_studio.tui.author.preview_column import PreviewColumn
from am_studio.tui.author.state import InboxRow
from am_studio.tui.command_screen import CommandScreen
from am_studio.tui.looking import LookScreen
from am_studio.tui.strangers import filled, plain
from am_studio.tui.widgets import AskScreen, Choice, ChoiceScreen, Field

LINT_PAUSE = 1.0
"""Seconds after the last change before the lint looks: longer than a check, for it renders many variants."""
USUAL_READER = "sim/reader"
USUAL_ROUTINE = "8"


class LintActions(Movement):
    """Findings in place, kept by a reason; proposals and realism by command."""

    @dataclass
    class Linted(Message):
        """What the lint says of a draft; no report where it has errors."""

        draft: Draft
        report: Report | None

    def __init__(self, document: ScenarioDocument) -> None:
        super().__init__(document)
        self.report: Report | None = None
        self._lint_timer: Timer | None = None

    # Looking. --------------------------------------------------------------------------------------------------------

    def after_change(self, typed_in: str = "") -> None:
        """Look again once nobody types any more."""
        super().after_change(typed_in)
        self.lint_soon()

    def lint_soon(self) -> None:
        """Have the lint look after a pause; what it is at now is given up."""
        if self._lint_timer is not None:
            self._lint_timer.stop()
        self.workers.cancel_group(self, "lint")
        self._lint_timer = self.set_timer(LINT_PAUSE, lambda: self._lint(self.draft))

    @work(thread=True, exclusive=True, group="lint", description="look for findings")
    def _lint(self, draft: Draft) -> None:
        worker = get_current_worker()
        try:
            report = lint_draft(draft, lambda: worker.is_cancelled)
        except FileProblems:
            report = None
        except GivenUp:
            return
        if not worker.is_cancelled:
            self.post_message(self.Linted(draft, report))

    @on(Linted)
    def _linted(self, message: Linted) -> None:
        if message.draft is not self.draft:
            return
        self.report = message.report
        self.draw_findings()
        if isinstance(self.app.screen, FindingsScreen):
            self.app.screen.show(self.report)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the lint objects to and nobody keeps."""
        return self.report.open if self.report is not None else ()

    def doubted(self, rows: tuple[InboxRow, ...]) -> tuple[InboxRow, ...]:
        """The rows of texts, each with the number of its findings."""
        counts = Counter(finding.place.file for finding in self.findings)
        return tuple(replace(row, findings=counts[row.file]) if counts[row.file] else row for row in rows)

    def draw_findings(self) -> None:
        """Mark texts and lines."""
        rows = self.doubted(self.shown.inbox)
        self.query_one(InboxList).show_inbox(rows, self.shown.marks, self.dark, self.asked.file)
        self.query_one(EditorPane).show_findings(self.findings)
        self.query_one(PreviewColumn).show_findings(len(self.findings))

    @on(events.Click, "#doubt, #tokens")
    def _clicked(self) -> None:
        if self.findings:
            self.action_findings()

    # Doing. ----------------------------------------------------------------------------------------------------------

    @work(group="findings", exclusive=True)
    async def action_findings(self) -> None:
        """List the findings; go to one, or keep it by a reason."""
        while True:
            wanted = await self.app.push_screen_wait(FindingsScreen(self.report))
            if wanted is None:
                return
            if wanted.what == "go":
                self.go_to_place(wanted.finding.place.file, wanted.finding.place.line, wanted.finding.place.column)
                return
            await self._keep(wanted.finding)

    async def _keep(self, finding: Finding) -> None:
        scope = await self.app.push_screen_wait(
            ChoiceScreen(
                plain(f"Keep '{finding.id}' where?"),
                plain("The reason goes into scenario.yaml, under lint."),
                (
                    Choice("here", f"In {Path(finding.place.file).name} alone", "t", "primary"),
                    Choice("everywhere", "Wherever it is", "w"),
                    Choice("", "Cancel", "c"),
                ),
            )
        )
        if not scope:
            return
        said = await self.app.push_screen_wait(
            AskScreen(plain("Why does it stay?"), (Field("reason", finding.told),), verb="Keep it", check=_no_reason)
        )
        if not said:
            return
        file = finding.place.file if scope == "here" else ""
        try:
            texts = edits.keep_finding(self.texts, finding.id, file, said["reason"])
        except StudioError as error:
            self.refuse(error)
            return
        self.change(texts, f"keep {finding.id}")
        if self.report is not None:  # shown as kept at once; the lint looks again in a moment
            marked = (_kept(each, finding.id, file, said["reason"]) for each in self.report.findings)
            self.report = replace(self.report, findings=tuple(marked))
            self.draw_findings()

    @work(group="findings", exclusive=True)
    async def action_vary(self) -> None:
        """Have renamed casts and routine mail proposed, as a pack to be reviewed."""
        if not self._saved():
            return
        free = next(n for n in range(1, 10_000) if not self._proposals(n).exists())
        fields = (
            Field("filler", "Routine emails to propose", USUAL_ROUTINE),
            Field("model", "Who proposes other wordings (empty: nobody; sim/writer needs no key)"),
            Field("out", "Where the proposals go", str(self._proposals(free))),
        )
        said = await self.app.push_screen_wait(
            AskScreen(plain("Propose variants"), fields, verb="Propose", check=_wrong_variation)
        )
        if not said:
            return
        words = ["vary", str(self.document.directory), "--out", said["out"], f"--filler={said['filler']}"]
        words += [f"--with={said['model']}"] if said["model"] else []
        title = filled("Proposing variants of {name} …", name=self.document.directory.name)
        done = await self.app.push_screen_wait(CommandScreen(title, plain("Proposed"), words, go="Read the review"))
        if done is not None:
            try:
                lines = read_text(Path(said["out"]) / "REVIEW.md", MEGABYTE).splitlines()
            except StudioError as error:
                self.refuse(error)
                return
            await self.app.push_screen_wait(LookScreen(tuple(lines), "What is proposed   (escape closes)"))

    def _proposals(self, number: int) -> Path:
        ending = "proposals" if number == 1 else f"proposals-{number}"
        return Path.cwd() / f"{self.document.directory.name}-{ending}"

    @work(group="findings", exclusive=True)
    async def action_realism(self) -> None:
        """Have a model tell the emails from everyday mail."""
        if not self._saved():
            return
        field = Field("judge", "Who reads (sim/reader needs no key and is no evidence about any reader)", USUAL_READER)
        said = await self.app.push_screen_wait(
            AskScreen(plain("Which emails pass for everyday mail?"), (field,), verb="Ask")
        )
        if said:
            title = filled("{judge} reads …", judge=said["judge"] or USUAL_READER)
            words = ("realism", str(self.document.directory), f"--judge={said['judge'] or USUAL_READER}")
            await self.app.push_screen_wait(CommandScreen(title, plain("Realism of the emails"), words))

    def _saved(self) -> bool:
        if self.document.dirty:
            self.notify("Save first (ctrl+s): this reads the files on disk.", markup=False)
        return not self.document.dirty


def _kept(finding: Finding, kind: str, file: str, reason: str) -> Finding:
    meant = finding.id == kind and file in {"", finding.place.file}
    return replace(finding, allowed=reason) if meant else finding


def _no_reason(said: Mapping[str, str]) -> str:
    return "" if len(said["reason"]) >= LEAST_REASON else f"say why, in {LEAST_REASON} characters at least"


def _wrong_variation(said: Mapping[str, str]) -> str:
    if not said["filler"].isdigit():
        return "a number of emails, such as 8"
    return "" if said["out"] else "say where the proposals go"
