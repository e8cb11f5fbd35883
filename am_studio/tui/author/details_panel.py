"""The details of the scenario: what each is set to in the previewed variant. Announces what is asked; changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList

from am_studio.tui.author.row_list import ListRow, RowList
from am_studio.tui.author.state import DetailRow
from am_studio.tui.author.steady import Steady
from am_studio.tui.looks import is_linear
from am_studio.tui.strangers import MUTED, joined, plain


class DetailsPanel(RowList):
    """A row a detail, by groups. Space or a click moves on to the next level."""

    BINDING_GROUP_TITLE = "Details"
    HELP = "Letter, characters governed in the prompt, level, label. A star: the previewed level is not the scenario's default. Only `=` changes the scenario."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "step(1)", "Toggle", id="details.toggle", tooltip="Next level in the previewed variant"),
        Binding("right", "step(1)", "Next level", id="details.next", tooltip="Next level", show=False),
        Binding("left", "step(-1)", "Level before", id="details.before", tooltip="The level before", show=False),
        Binding("0", "remove", "Remove", id="details.remove", tooltip="The level that 'removed' means"),
        Binding("equals_sign", "make_default", "Default", id="details.default", tooltip="Make this level the default"),
        Binding("r", "screen.reset_variant", "Reset", id="details.reset", tooltip="Preview the defaults again"),
        Binding("enter", "open", "Fields", id="details.open", tooltip="Edit label, group, hypothesis, levels"),
        Binding("f", "follow", "Find in preview", id="details.follow", tooltip="Show the next text it governs"),
    ]

    @dataclass
    class Step(Message):
        """Choose the level that is `step` further."""

        name: str
        step: int

    @dataclass
    class Wanted(Message):
        """Something else is asked for a detail: `remove`, `default`, `open` or `follow`."""

        name: str
        what: str

    def show_details(self, rows: Sequence[DetailRow], dark: bool, current: str = "") -> None:
        """Show these details under the names of their groups."""
        drawn: list[ListRow] = []
        group: str | None = None
        for row in rows:
            if row.group != group:
                group = row.group
                drawn.append(ListRow(f"group {group}", plain(group or "no group"), heading=True))
            drawn.append(ListRow(row.name, _drawn(row, dark, spelled=is_linear(self))))
        self.show(drawn, current)
        if not self.current and drawn:
            self.highlight(drawn[1].id)

    def action_step(self, step: int) -> None:
        """The next level, or the one before."""
        if self.current:
            self.post_message(self.Step(self.current, step))

    def action_remove(self) -> None:
        """The level that "removed" means."""
        self._want("remove")

    def action_make_default(self) -> None:
        """Make the previewed level the scenario's default."""
        self._want("default")

    def action_open(self) -> None:
        """Edit the detail's fields."""
        self._want("open")

    def action_follow(self) -> None:
        """Show in the preview what it governs."""
        self._want("follow")

    def _want(self, what: str) -> None:
        if self.current:
            self.post_message(self.Wanted(self.current, what))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click toggles; enter has an action of its own."""
        event.stop()
        self.action_step(1)


def _drawn(row: DetailRow, dark: bool, *, spelled: bool) -> Content:
    colour = row.mark.colour(dark)
    changed = plain("*", "bold $text-warning") if row.chosen != row.default else plain(" ")
    governed = plain(f"{row.characters:>6,} " if row.characters else "     - ", MUTED)
    return joined(
        plain(row.mark.letter, f"bold {colour}"),
        changed,
        governed,
        _level(row, spelled=spelled),
        plain(f" {row.label}", colour),
    )


def _level(row: DetailRow, *, spelled: bool) -> Content:
    """The level; `spelled`: as a word."""
    if spelled:
        return plain(f"{row.level}:", "bold")
    if row.is_switch:
        return plain("[■]", "bold") if row.level == "on" else plain("[ ]", MUTED)
    return plain(f"‹{row.level}›", MUTED if row.level == row.off else "bold")


class DetailFacts(Steady):
    """What the highlighted detail is about."""

    DEFAULT_CSS = """
    DetailFacts { height: auto; max-height: 7; padding: 0 1; background: $boost; color: $text-muted; }
    """

    def show(self, row: DetailRow | None, dark: bool) -> None:
        """Say what this detail is."""
        if row is None:
            self.say(plain("No details yet: select text in an email and press F7 to make one."))
            return
        levels = " / ".join(level + (" (default)" if level == row.default else "") for level in row.levels)
        waiting = f"\nchosen {row.chosen}, but it needs {row.needs}" if row.chosen != row.level else ""
        name = plain(row.name, f"bold {row.mark.colour(dark)}")
        self.say(joined(name, plain(f"  {levels}{waiting}\n{row.hypothesis}".rstrip())))
