"""What differs between two packs or versions, or an overlay and its base, as prose: parts on the left, one of them on the right.

It works out nothing and writes nothing: what it was given to find out runs in a thread, and a failure is told in place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from am_studio.scenarios.diff_telling import Part
from am_studio.scenarios.sharing.steps import Step
from am_studio.tui.packs.change_views import told
from am_studio.tui.packs.thread import Done, Failed, Stepped, carry_out
from am_studio.tui.palette import Command
from am_studio.tui.panes import Divider
from am_studio.tui.strangers import MUTED, joined, plain
from am_studio.tui.widgets import StudioFooter, TitleBar

Find = Callable[[Step, bool], Sequence[Part]]
"""Finds the parts; with True from the second to the first."""
_GROUPS = {"text": "Texts", "subject": "For the subject", "base": "Changed below since"}


class ChangesScreen(Screen[None]):
    """Reads a difference."""

    DEFAULT_CSS = """
    ChangesScreen #parts { width: 37; height: 1fr; border: none; background: $background; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    ChangesScreen.-narrow #parts { width: 27; }
    ChangesScreen #page { width: 1fr; height: 1fr; padding: 0 1; &:focus { background: $surface; } }
    ChangesScreen #text { height: auto; max-width: 110; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "part(1)", "Next part", id="changes.next", tooltip="The next part"),
        Binding("p", "part(-1)", "Part before", id="changes.previous", tooltip="The part before"),
        Binding("v", "switch", "Parts/text", id="changes.switch", tooltip="From the parts to the text and back"),
        Binding("x", "swap", "Other way", id="changes.swap", tooltip="From the second to the first"),
        Binding("escape", "leave", "Back", id="changes.leave", tooltip="Back to the screen before", show=False),
    ]

    def __init__(self, title: Content, find: Find, *, both_ways: bool = False) -> None:
        """`find` runs in a thread; `both_ways`: whether it can be read the other way too."""
        super().__init__()
        self._title, self._find, self._both_ways = title, find, both_ways
        self._swapped = False
        self.parts: tuple[Part, ...] = ()

    def compose(self) -> ComposeResult:
        """The parts and the text."""
        yield TitleBar(plain("Changes"), self._title)
        with Horizontal():
            yield OptionList(id="parts", markup=False)
            yield Divider("changes.parts", least=(16, 30))
            with VerticalScroll(id="page"):
                yield Static("Comparing …", id="text", markup=False)
        yield StudioFooter()

    def on_mount(self) -> None:
        """Find out."""
        self.query_one("#parts").focus()
        self._look()

    @work(thread=True, exclusive=True, group="changes")
    def _look(self) -> None:
        find, swapped = self._find, self._swapped
        carry_out(lambda step: find(step, swapped), self)

    @on(Stepped)
    def _step(self, message: Stepped) -> None:
        if not self.parts:
            self.query_one("#text", Static).update(plain(f"{message.doing} …", MUTED))

    @on(Failed)
    def _tell(self, message: Failed) -> None:
        error = message.error
        words = "\n".join(filter(None, (error.title, error.detail, error.hint)))
        self.query_one("#text", Static).update(plain(words, "$text-warning"))

    @on(Done)
    def _show(self, message: Done) -> None:
        self.parts = tuple(message.result)
        listing = self.query_one("#parts", OptionList)
        listing.clear_options()
        group = ""
        for number, part in enumerate(self.parts):
            if part.about != group and part.about in _GROUPS:
                listing.add_option(Option(plain(_GROUPS[part.about], "bold"), disabled=True))
            group = part.about
            listing.add_option(Option(_label(part), id=str(number)))
        if self.parts:
            listing.highlighted = listing.get_option_index("0")  # a heading may stand before it
        self.refresh_bindings()

    @on(OptionList.OptionHighlighted)
    def _draw(self, event: OptionList.OptionHighlighted) -> None:
        part = self.parts[int(event.option.id or 0)]
        self.query_one("#text", Static).update(told(part.lines))
        self.query_one("#page", VerticalScroll).scroll_home(animate=False)

    @on(OptionList.OptionSelected)
    def action_switch(self) -> None:
        """From the parts to the text and back."""
        here = self.focused is self.query_one("#page")
        self.query_one("#parts" if here else "#page").focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Parts have to be there; not everything can be read both ways."""
        if action == "part":
            return len(self.parts) > 1
        if action == "swap":
            return self._both_ways and bool(self.parts)
        return True

    def action_part(self, step: int) -> None:
        """To the next part, or the one before."""
        listing = self.query_one("#parts", OptionList)
        (listing.action_cursor_down if step > 0 else listing.action_cursor_up)()

    def action_swap(self) -> None:
        """Read it the other way."""
        self._swapped = not self._swapped
        self.parts = ()
        self.query_one("#parts", OptionList).clear_options()
        self._look()

    def action_leave(self) -> None:
        """Back to where this was asked for."""
        self.dismiss(None)

    def palette_commands(self) -> list[Command]:
        """What can be done with a difference."""
        return [
            Command("changes: Next part", "Go on to the next part.", "part(1)"),
            Command("changes: Part before", "Go back to the part before.", "part(-1)"),
            Command("changes: Parts and text", "From the parts to the text and back.", "switch"),
            Command("changes: Other way", "From the second to the first.", "swap"),
        ]


def _label(part: Part) -> Content:
    """A part in the list: of a text in a scenario's directory the text comes first, which is what tells parts apart."""
    sign, _, path = part.title.partition(" ")
    scenario, slash, inside = path.partition("/")
    if part.about != "text" or not slash or scenario == "emails":
        return plain(part.title)
    return joined(plain(f"{sign} {inside}"), plain(f"  {scenario}", MUTED))
