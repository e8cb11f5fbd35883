"""A report or a comparison, read part by part: the parts on the left, the text of one on the right.

It is the report that the command line writes, and it can be written from here as a page. The screen works out nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option
from textual.worker import get_current_worker

from am_studio.foundation.errors import StudioError
from am_studio.foundation.locations import shown_path
from am_studio.tui.palette import Command
from am_studio.tui.panes import Divider
from am_studio.tui.reports.heat import heat_map
from am_studio.tui.reports.messages import Built, NotBuilt, NotWritten, PageWritten
from am_studio.tui.reports.pages import Kind, build, heat_of, page_path, part_lines, titles, write_page
from am_studio.tui.strangers import joined, plain
from am_studio.tui.welcome.documents import OpenReport
from am_studio.tui.widgets import StudioFooter, TitleBar

if TYPE_CHECKING:
    from am_studio.reports.document.blocks import Report
    from am_studio.tui.app import StudioApp

_HEADS: dict[Kind, str] = {"report": "Report", "comparison": "Comparison"}
_SCROLLBAR = 3
_WIDEST = 110
"""Characters of a line: longer ones are hard to read."""


class ReportScreen(Screen[None]):
    """Reads a report."""

    DEFAULT_CSS = """
    ReportScreen #stamp { height: auto; max-height: 2; padding: 0 1; text-style: bold; background: $warning; color: auto; display: none; }
    ReportScreen #parts { width: 37; height: 1fr; border: none; background: $background; padding: 0 1; }
    ReportScreen.-narrow #parts { width: 23; }
    ReportScreen #parts > .option-list--option { text-wrap: nowrap; text-overflow: ellipsis; }
    ReportScreen #page { width: 1fr; height: 1fr; padding: 0 1; &:focus { background: $surface; } }
    ReportScreen #text { width: auto; height: auto; text-wrap: nowrap; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "write", "Write page", id="report.write", tooltip="One HTML file beside the run, for a browser"),
        Binding("o", "browse", "Open page", id="report.browse", tooltip="Show the written page in your browser"),
        Binding("n", "part(1)", "Next part", id="report.next", tooltip="The next part"),
        Binding("p,N", "part(-1)", "Part before", id="report.previous", tooltip="The part before"),
        Binding("v", "switch", "Parts/text", id="report.switch", tooltip="From the parts to the text and back"),
    ]

    def __init__(self, kind: Kind, runs: Sequence[Path], outcome: str = "", part: str = "") -> None:
        """A report of these runs or a comparison of them with the first, opened at the part whose title begins so."""
        super().__init__()
        self._kind, self._runs, self._outcome, self._wanted = kind, tuple(runs), outcome, part
        self._report: Report | None = None
        self._page: Path | None = None

    def compose(self) -> ComposeResult:
        """The parts and the text."""
        yield TitleBar(plain(_HEADS[self._kind]), plain(" · ".join(run.name for run in self._runs)))
        yield Static(id="stamp", markup=False)
        with Horizontal():
            yield OptionList(id="parts", markup=False)
            yield Divider("report.parts", least=(16, 40))
            with VerticalScroll(id="page"):
                yield Static("Reading the runs …", id="text", markup=False)
        yield StudioFooter()

    def on_mount(self) -> None:
        """Build it."""
        self.query_one("#parts").focus()
        self._build()

    def where_one_is(self) -> OpenReport | None:
        """The report and its part; None before it is there."""
        part = self.query_one("#parts", OptionList).highlighted
        if self._report is None or part is None:
            return None
        first, *others = (str(run.absolute()) for run in self._runs)
        title = titles(self._report)[part].strip()
        return OpenReport(first, tuple(others), self._kind == "comparison", self._outcome, title)

    @work(thread=True, exclusive=True, group="build")
    def _build(self) -> None:
        worker = get_current_worker()
        try:
            message: Message = Built(build(self._kind, self._runs, self._outcome))
        except StudioError as error:
            message = NotBuilt(error)
        if not worker.is_cancelled:
            self.post_message(message)

    @on(NotBuilt)
    def _tell(self, message: NotBuilt) -> None:
        error = message.error
        self.query_one("#text", Static).styles.width = "1fr"
        self.query_one("#text", Static).styles.text_wrap = "wrap"
        self.query_one("#text", Static).update(
            plain("\n".join(filter(None, (error.title, error.detail, error.hint))), "$text-warning")
        )

    @on(Built)
    def _show(self, message: Built) -> None:
        self._report = message.report
        names = titles(message.report)
        parts = self.query_one("#parts", OptionList)
        parts.add_options([Option(plain(name)) for name in names])
        wanted = self._wanted.strip().casefold()
        fitting = [n for n, name in enumerate(names) if wanted and name.strip().casefold().startswith(wanted)]
        if wanted and not fitting:
            self.notify(f"“{self._wanted}” is no part of this report: the run has nothing to say there.", markup=False)
        stamp = self.query_one("#stamp", Static)
        stamp.update(plain(message.report.stamp))
        stamp.display = bool(message.report.stamp)
        parts.highlighted = fitting[0] if fitting else 0
        self.refresh_bindings()

    @on(OptionList.OptionHighlighted)
    def _draw(self) -> None:
        part = self.query_one("#parts", OptionList).highlighted
        page = self.query_one("#page", VerticalScroll)
        width = min(page.size.width - _SCROLLBAR, _WIDEST)
        if self._report is not None and part is not None and width > 0:
            lines, heat = part_lines(self._report, part, width), heat_of(self._report, part)
            if heat is None:
                self.query_one("#text", Static).update(plain("\n".join(lines)))
            else:  # under the part's title and its rule
                head, rest = (plain("\n".join(each)) for each in (lines[:3], lines[2:]))
                self.query_one("#text", Static).update(joined(head, heat_map(heat, width), rest, between="\n"))

    @on(OptionList.OptionHighlighted)
    def _from_the_top(self) -> None:
        self.query_one("#page", VerticalScroll).scroll_home(animate=False)

    @on(OptionList.OptionSelected)
    def action_switch(self) -> None:
        """From the parts to the text and back."""
        here = self.focused is self.query_one("#page")
        self.query_one("#parts" if here else "#page").focus()

    def on_resize(self) -> None:
        """Wrap anew."""
        self.call_after_refresh(self._draw)

    # Doing. ----------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Most needs the report to be there; opening needs a page, and a browser with a window of its own."""
        if action in {"write", "part"}:
            return self._report is not None
        if action == "browse":
            return self._page is not None and _has_windows()
        return True

    def action_part(self, step: int) -> None:
        """To the next part, or the one before."""
        parts = self.query_one("#parts", OptionList)
        if parts.option_count:
            parts.highlighted = min(max((parts.highlighted or 0) + step, 0), parts.option_count - 1)

    @work(group="write", exclusive=True)
    async def action_write(self) -> None:
        """Write it as a page beside the first run."""
        if self._report is not None:
            self._write(self._report, page_path(self._kind, self._runs))

    @work(thread=True, group="writing", description="write the page")
    def _write(self, report: Report, path: Path) -> None:
        try:
            message: Message = PageWritten(write_page(report, path))
        except StudioError as error:
            message = NotWritten(error)
        self.post_message(message)

    @on(PageWritten)
    def _written(self, message: PageWritten) -> None:
        self._page = message.path
        self.refresh_bindings()
        also = "\no shows it in your browser" if _has_windows() else ""
        self.notify(f"{shown_path(message.path)}{also}", title="The page is written", markup=False)

    @on(NotWritten)
    def _not_written(self, message: NotWritten) -> None:
        cast("StudioApp", self.app).show_error(message.error)

    def action_browse(self) -> None:
        """Show the page in a browser."""
        if self._page is not None:
            self.app.open_url(self._page.absolute().as_uri())

    def palette_commands(self) -> list[Command]:
        """What can be done with a report."""
        return [
            Command("report: Write page", "One HTML file beside the run, that needs nothing beside it.", "write"),
            Command("report: Open page", "Show the written page in your browser.", "browse"),
            Command("report: Next part", "Go on to the next part.", "part(1)"),
            Command("report: Part before", "Go back to the part before.", "part(-1)"),
            Command("report: Parts and text", "From the parts to the text and back.", "switch"),
        ]


def _has_windows() -> bool:
    """Whether a browser has a window of its own here: one in this terminal would draw over the studio."""
    return sys.platform in {"darwin", "win32"} or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
