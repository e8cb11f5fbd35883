"""Help on a key: what every key does right now, made from the real bindings of what has the focus.

Nothing is written down twice: a binding without a description does not appear, and a key that is disabled here does not
either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from am_studio.tui.pointing import Dialog
from am_studio.tui.strangers import MUTED, joined, plain


@dataclass(frozen=True, slots=True)
class HelpRow:
    """One thing that can be done."""

    keys: tuple[str, ...]
    """As people read them: `^s`, `F1`, `enter`."""
    does: str
    more: str
    """The tooltip; may be empty."""


@dataclass(frozen=True, slots=True)
class HelpGroup:
    """What can be done by the keys of one node, from the focused widget outwards."""

    title: str
    rows: tuple[HelpRow, ...]


def help_groups(
    active: Mapping[str, ActiveBinding], shown: Callable[[Binding], str], title_of: Callable[[DOMNode], str]
) -> tuple[HelpGroup, ...]:
    """The bindings by the node that owns them, keys of one action together; `shown` names a key."""
    by_title: dict[str, dict[str, HelpRow]] = {}
    for node, binding, enabled, tooltip in active.values():
        if not enabled or not binding.description:
            continue
        rows = by_title.setdefault(title_of(node), {})
        key, known = shown(binding), rows.get(binding.action)
        keys = tuple(dict.fromkeys((*(known.keys if known else ()), key)))
        rows[binding.action] = HelpRow(keys, binding.description, tooltip or (known.more if known else ""))
    # Textual's own keys (arrows, pages) carry no tooltip: they come after ours.
    return tuple(
        HelpGroup(title, tuple(sorted(rows.values(), key=lambda row: not row.more))) for title, rows in by_title.items()
    )


def told(groups: tuple[HelpGroup, ...]) -> Content:
    """The groups as text: keys in a column, then what they do."""
    width = max((len(" ".join(row.keys)) for group in groups for row in group.rows), default=0)
    lines: list[Content] = []
    for group in groups:
        lines.append(plain(group.title, "bold underline"))
        for row in group.rows:
            does = plain(row.does)
            more = plain(f"  {row.more}" if row.more and row.more != row.does else "", MUTED)
            lines.append(joined(plain(f"  {' '.join(row.keys):<{width}}  ", "bold $text-accent"), does, more))
        lines.append(plain(""))
    return joined(*lines, between="\n")


def help_for(screen: Screen[object]) -> HelpScreen:
    """The help of a screen as it stands: what has the focus first, then the screen, then the app."""

    def title_of(node: DOMNode) -> str:
        if isinstance(node, App):
            return "Everywhere"
        if isinstance(node, Screen):
            return "On this screen"
        return node.BINDING_GROUP_TITLE or f"Here ({_words(type(node).__name__)})"

    focused = screen.focused
    chain = focused.ancestors_with_self if focused else screen.ancestors_with_self
    text = next((node.HELP for node in chain if isinstance(node, Widget) and node.HELP), "")
    return HelpScreen(help_groups(screen.active_bindings, screen.app.get_key_display, title_of), text or "")


class HelpScreen(Dialog[None]):
    """Shows the keys; any of escape, F1 or ? leaves."""

    OUTSIDE_LEAVES = True
    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > VerticalScroll {
        width: 100; max-width: 95%; height: auto; max-height: 90%;
        padding: 1 2; background: $surface; border: round $primary; border-title-color: $text-primary;
        border-subtitle-color: $text-muted;
    }
    HelpScreen Static { height: auto; }
    HelpScreen .help--text { margin-bottom: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,question_mark,q", "leave", "Close", id="help.leave", tooltip="Close the help"),
        Binding("T", "go('app.tour')", "Tour", id="help.tour", tooltip="Take the tour", show=False),
        Binding("plus", "go('app.changelog')", "News", id="help.changelog", tooltip="What is new", show=False),
    ]

    def __init__(self, groups: tuple[HelpGroup, ...], text: str = "") -> None:
        super().__init__()
        self._groups, self._text = groups, text

    def compose(self) -> ComposeResult:
        """The words of the focused widget, then the keys."""
        with VerticalScroll() as scroll:
            scroll.border_title = "Keys"
            scroll.border_subtitle = "escape closes · ctrl+p has every command by name"
            if self._text:
                yield Static(plain(self._text.strip()), classes="help--text")
            yield Static(told(self._groups))

    def on_mount(self) -> None:
        """The arrows scroll at once."""
        self.query_one(VerticalScroll).focus()

    def action_go(self, action: str) -> None:
        """Close the help and do this."""
        self.dismiss(None)
        self.app.call_later(self.app.run_action, action)

    def action_leave(self) -> None:
        """Close the help."""
        self.dismiss(None)


def _words(name: str) -> str:
    """`RunsTable` as `runs table`."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
