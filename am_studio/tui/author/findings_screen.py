"""What makes the scenario's mail hard to believe: a list of places, and of the chosen one why it matters and a way out.

It shows a report and announces what is wanted; going there and writing a reason are the author screen's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Label, OptionList, Static

from am_studio.scenarios.lint import Finding, Report
from am_studio.tui.author.row_list import ListRow, RowList
from am_studio.tui.pointing import Dialog
from am_studio.tui.strangers import MUTED, joined, plain
from am_studio.tui.widgets import DIALOG_CSS


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be done with a finding."""

    what: str
    """`go` or `keep`."""
    finding: Finding


class FindingsList(RowList):
    """The findings, those that nobody keeps first."""

    BINDING_GROUP_TITLE = "Findings"


class FindingsScreen(Dialog[Wanted | None]):
    """The result is what is wanted of the chosen finding; None when it was left."""

    DEFAULT_CSS = (
        DIALOG_CSS.format(name="FindingsScreen")
        + """
    FindingsScreen > Vertical { width: 100; padding: 0 1; }
    FindingsScreen .dialog--title { margin-bottom: 0; }
    FindingsScreen FindingsList { height: auto; max-height: 12; }
    FindingsScreen .dialog--detail { height: auto; min-height: 5; max-height: 11; border-top: solid $panel; }
    FindingsScreen.-short FindingsList { max-height: 7; }
    FindingsScreen.-short .dialog--detail { max-height: 9; }
    FindingsScreen.-short Horizontal { margin-top: 0; }
    FindingsScreen.-short > Vertical { max-height: 100%; }
    """
    )
    HELP = "Nothing here is an error: these are places where a reader, or a model, would stop believing the mail."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Close", id="findings.leave", tooltip="Back to the text"),
        Binding("enter", "want('go')", "Go there", id="findings.go", tooltip="Edit the place of the finding"),
        Binding("r", "want('keep')", "Keep it", id="findings.keep", tooltip="Keep it, and say why in the scenario"),
        Binding(
            "f1,question_mark", "app.help", "Help", id="findings.help", tooltip="What every key does here", show=False
        ),
    ]

    def __init__(self, report: Report | None) -> None:
        """`report` is None while the lint cannot say: texts with errors, or it is still at work."""
        super().__init__()
        self._report = report

    def compose(self) -> ComposeResult:
        """Title, findings, the chosen one in full, what can be done."""
        with Vertical():
            yield Label("", classes="dialog--title")
            yield FindingsList(id="findings")
            with VerticalScroll(classes="dialog--detail"):
                yield Static(id="finding", markup=False)
            with Horizontal():
                yield Button("Go there", id="go", variant="primary")
                yield Button("Keep it (r)", id="keep")
                yield Button("Close", id="close")

    def on_mount(self) -> None:
        """Show what is known so far."""
        self.query_one(FindingsList).focus()
        self.show(self._report)

    @property
    def _findings(self) -> tuple[Finding, ...]:
        found = self._report.findings if self._report is not None else ()
        return tuple(sorted(found, key=lambda finding: bool(finding.allowed)))

    def show(self, report: Report | None) -> None:
        """Show this report, the chosen finding kept."""
        self._report = report
        listing, findings = self.query_one(FindingsList), self._findings
        listing.show([ListRow(_name(finding), _row(finding)) for finding in findings])
        if findings and not listing.current:
            listing.highlighted = 0
        self.query_one(".dialog--title", Label).update(plain(_title(report)))
        self._tell()

    @property
    def chosen(self) -> Finding | None:
        """The highlighted finding."""
        current = self.query_one(FindingsList).current
        return next((finding for finding in self._findings if _name(finding) == current), None)

    @on(OptionList.OptionHighlighted)
    def _tell(self) -> None:
        finding = self.chosen
        self.query_one("#finding", Static).update(plain("") if finding is None else _in_full(finding))
        self.query_one("#go", Button).disabled = finding is None
        self.query_one("#keep", Button).disabled = finding is None or not _keepable(finding)
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what is not kept already can be kept."""
        if action == "want":
            finding = self.chosen
            return finding is not None and (parameters == ("go",) or _keepable(finding))
        return True

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_want("go")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "close":
            self.action_leave()
        else:
            self.action_want(event.button.id or "go")

    def action_want(self, what: str) -> None:
        """Go to the finding, or keep it by a reason."""
        finding = self.chosen
        if finding is not None and (what == "go" or _keepable(finding)):
            self.dismiss(Wanted(what, finding))

    def action_leave(self) -> None:
        """Close."""
        self.dismiss(None)


def _name(finding: Finding) -> str:
    return f"{finding.place.file} {finding.place.line} {finding.place.column} {finding.id} {finding.told}"


def _keepable(finding: Finding) -> bool:
    return not finding.allowed and finding.id != "idle-allowance"


def _title(report: Report | None) -> str:
    if report is None:
        return "Findings: not known yet; texts with errors are not looked at"
    left, kept = len(report.open), len(report.findings) - len(report.open)
    told = f"{left} finding{'s' * (left != 1)}" if left else "Nothing is hard to believe here"
    parts = [
        told,
        *([f"{kept} kept by a reason"] if kept else []),
        f"the plot uses {report.plot} of {report.emails} emails",
    ]
    return " · ".join(parts)


def _row(finding: Finding) -> Content:
    sign = plain("✓ ", MUTED) if finding.allowed else plain("? ", "bold $text-warning")
    return joined(sign, plain(f"{finding.place} ", MUTED), plain(finding.told))


def _in_full(finding: Finding) -> Content:
    kept = [plain(f"Kept: {finding.allowed}", "bold")] if finding.allowed else []
    lines = (
        joined(plain(finding.id, "bold"), plain(f" · {finding.place}", MUTED)),
        plain(finding.told),
        *kept,
        joined(plain("Why it matters: ", MUTED), plain(finding.why)),
        joined(plain("A way out: ", MUTED), plain(finding.way_out)),
    )
    return joined(*lines, between="\n")
