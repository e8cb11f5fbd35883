"""Which key does what, everywhere: find it, press another key for it, or take it back to what it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Key
from textual.screen import Screen
from textual.widgets import DataTable, Input, Label, Static

from am_studio.foundation.errors import StudioError
from am_studio.foundation.plainly import facts_line
from am_studio.foundation.settings import user_settings
from am_studio.tui.linear import ToldTable
from am_studio.tui.pointing import Dialog
from am_studio.tui.settings.bindings import Bound, shared_keys, wrong_ids
from am_studio.tui.settings.store import save_setting
from am_studio.tui.settings.swallowed import taken_by
from am_studio.tui.strangers import plain, plain_text
from am_studio.tui.widgets import DIALOG_CSS, StudioFooter, TitleBar

if TYPE_CHECKING:
    from am_studio.tui.app import StudioApp


class PressScreen(Dialog[str]):
    """Waits for a key; the result is its name, or empty for escape."""

    DEFAULT_CSS = DIALOG_CSS.format(name="PressScreen")

    def __init__(self, bound: Bound) -> None:
        super().__init__()
        self._bound = bound

    def compose(self) -> ComposeResult:
        """What the key is for."""
        with Vertical():
            yield Label(plain(f"Press the key for {self._bound.id}"), classes="dialog--title")
            yield Static(plain(f"{self._bound.description}. Escape leaves it as it is."))

    def takes_key(self, _: Key) -> bool:
        """Every key is the one that is asked for."""
        return True

    def action_leave(self) -> None:
        """Leave the key as it is."""
        self.dismiss("")

    def on_key(self, event: Key) -> None:
        """This key it is."""
        event.stop()
        event.prevent_default()
        self.dismiss("" if event.key == "escape" else event.key)


class KeyTable(ToldTable):
    """What keys do, a row each."""

    rows_shown: Sequence[tuple[str, str, str, str]] = ()
    """(id, keys, what they do, whose they are) of each."""

    BINDING_GROUP_TITLE = "Keys"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Change", id="keys.change", tooltip="Press another key for this"),
    ]

    def show(self, rows: Sequence[tuple[str, str, str, str]]) -> None:
        """Show these; the cursor stays where it is."""
        self.rows_shown = rows
        self.redraw()

    def draw_grid(self) -> None:
        """A row each."""
        at = self.cursor_row
        self.clear(columns=True)
        for head in ("what", "keys", "does", ""):
            self.add_column(head)
        for row in self.rows_shown:
            self.add_row(*(plain_text(cell) for cell in row))
        self.move_cursor(row=min(at, max(len(self.rows_shown) - 1, 0)))

    def sentences(self) -> list[tuple[str, str]]:
        """A sentence each."""
        return [
            (facts_line((("", does), ("keys", keys), ("id", name), ("", own))), "")
            for name, keys, does, own in self.rows_shown
        ]


class KeysScreen(Screen[None]):
    """Every key of the studio."""

    BINDING_GROUP_TITLE = "Keys"
    DEFAULT_CSS = """
    KeysScreen KeyTable { height: 1fr; }
    KeysScreen Input { height: 1; border: none; padding: 0 1; background: $boost; }
    KeysScreen #told { height: auto; max-height: 3; padding: 0 1; color: $text-warning; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.go_back", "Back", id="keys.back", tooltip="Back to the screen before"),
        Binding("delete,x", "reset", "Reset", id="keys.reset", tooltip="The key that the program has for it"),
        Binding("slash", "search", "Search", id="keys.search", tooltip="Find by words or key"),
    ]

    def __init__(self, bindings: tuple[Bound, ...]) -> None:
        super().__init__()
        self._known = bindings
        self._words = ""

    def compose(self) -> ComposeResult:
        """Search, table, what is told."""
        yield TitleBar(plain("Settings"), plain("Keys"))
        yield Input(placeholder="/ to search", id="words")
        yield KeyTable(cursor_type="row", zebra_stripes=True)
        yield Static("", id="told")
        yield StudioFooter()

    def on_mount(self) -> None:
        """Show them all."""
        self._fill()
        self.query_one(KeyTable).focus()

    @property
    def current(self) -> Bound | None:
        """The row with the cursor."""
        table = self.query_one(KeyTable)
        shown = self._shown
        return shown[table.cursor_row] if table.row_count and table.cursor_row < len(shown) else None

    @property
    def _shown(self) -> tuple[Bound, ...]:
        words = self._words.lower().split()
        own = user_settings().studio.keys
        return tuple(
            bound
            for bound in self._known
            if all(
                word in f"{bound.id} {bound.description} {own.get(bound.id, ','.join(bound.keys))}".lower()
                for word in words
            )
        )

    def _fill(self) -> None:
        own = user_settings().studio.keys
        self.query_one(KeyTable).show(
            [
                (
                    bound.id,
                    own.get(bound.id, ",".join(bound.keys)),
                    bound.description,
                    "yours" if bound.id in own else "",
                )
                for bound in self._shown
            ]
        )
        shared = [f"{key}: {name} and {other}" for key, name, other in shared_keys(own, self._known)]
        taken = [
            f"{key} by {', '.join(who)}" for keys in own.values() for key in keys.split(",") if (who := taken_by(key))
        ]
        lines = [*wrong_ids(own, self._known)]
        lines += ["Shared keys: " + "; ".join(shared)] if shared else []
        lines += ["May be taken: " + "; ".join(taken)] if taken else []
        self.query_one("#told", Static).update(plain("\n".join(lines)))

    @on(Input.Changed, "#words")
    def _search(self, event: Input.Changed) -> None:
        self._words = event.value
        self._fill()

    @on(Input.Submitted, "#words")
    def _found(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one(KeyTable).focus()

    def action_search(self) -> None:
        """Find by words."""
        self.query_one("#words").focus()

    @on(DataTable.RowSelected)
    def _selected(self) -> None:
        self.action_change()

    @work(exclusive=True)
    async def action_change(self) -> None:
        """Ask for another key."""
        bound = self.current
        if bound is None:
            return
        key = await self.app.push_screen_wait(PressScreen(bound))
        if key:
            self._save(bound, key)

    def action_reset(self) -> None:
        """Back to the program's own key."""
        bound = self.current
        if bound is not None and bound.id in user_settings().studio.keys:
            self._save(bound, None)

    def _save(self, bound: Bound, key: str | None) -> None:
        app = cast("StudioApp", self.app)
        try:
            save_setting(("studio", "keys", bound.id), key)
            app.use_settings()
        except StudioError as error:
            app.show_error(error)
        self._fill()
