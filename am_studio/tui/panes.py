"""Panes that can be made larger and smaller: by dragging the line between them, or by keys; kept over restarts.

A `Divider` stands between two panes and sizes one of them. It follows the layout: side by side it is a line down, one under
the other a line across that takes the place of the lower pane's top border and bears its title; where one of the two is not
shown there is nothing to divide, and it is not there. A size is kept as a share of the room, so that it fits any terminal.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from textual import events
from textual.binding import Binding, BindingType
from textual.widget import Widget

from am_studio.foundation.errors import StudioError
from am_studio.tui.kept_shares import KeptShares
from am_studio.tui.looks import LooksApp

Sized = Literal["before", "after"]
STEP = 2
"""Cells that one key press moves a line."""


class Divider(Widget):
    """The line between the panes before and after it. Dragging it sizes one of them; a double click gives that back its own size."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Divider { width: 1; height: 100%; border-right: vkey $panel; }
    Divider.-across { width: 100%; height: 1; border-right: none; border-top: hkey $panel; border-title-color: $text-muted; }
    Divider.-here { border-title-color: $text-primary; }
    Divider.-across.-here { border-top: hkey $primary; }
    Divider:hover, Divider.-dragged { border-right: vkey $primary; }
    Divider.-across:hover, Divider.-across.-dragged { border-right: none; border-top: hkey $primary; }
    """

    def __init__(
        self, name: str, *, sizes: Sized = "before", least: tuple[int, int] = (16, 16), low: int = 3, gives: str = ""
    ) -> None:
        """`name` is what the size is kept under; `sizes` the pane that it sizes; `least` cells that each pane keeps side by
        side, `low` rows that each keeps one under the other; `gives` selects the pane that makes room, where that is not
        the one on the other side.
        """
        super().__init__(name=name, id=f"divider-{name.replace('.', '-')}")
        self._sizes, self._least, self._low, self._gives = sizes, least, low, gives
        self._dragging = False

    def render(self) -> str:
        """The line is its border; nothing is written in it."""
        return ""

    def on_mount(self) -> None:
        """Follow the layout and the focus."""
        self.tooltip = "Drag it, or < > { } on a pane; a double click or _ gives it its own size"
        self.screen.screen_layout_refresh_signal.subscribe(self, lambda _: self.settle())
        self.watch(self.screen, "focused", self._show_focus, init=False)
        self.call_after_refresh(self.settle)

    # Which panes. ----------------------------------------------------------------------------------------------------

    @property
    def key(self) -> str:
        """What its size is kept under."""
        return self.name or ""

    @property
    def across(self) -> bool:
        """Whether the panes stand one under the other."""
        parent = self.parent
        return (
            isinstance(parent, Widget) and parent.styles.layout is not None and parent.styles.layout.name == "vertical"
        )

    def _side(self, step: Literal[-1, 1]) -> list[Widget]:
        """The panes on one side, the nearest first."""
        parent = self.parent
        if not isinstance(parent, Widget):
            return []
        siblings = [each for each in parent.children if each.styles.dock == "none"]
        place = siblings.index(self)
        side = siblings[:place][::-1] if step < 0 else siblings[place + 1 :]
        return [each for each in side if not isinstance(each, Divider)]

    def panes(self) -> tuple[Widget, Widget] | None:
        """(before, after) as they are shown; None where there is nothing to divide."""
        before, after = self._side(-1), self._side(1)
        own = before if self._sizes == "before" else after
        if not own or not own[0].display:
            return None
        shown = [next((each for each in side if each.display), None) for side in (before, after)]
        return (shown[0], shown[1]) if shown[0] is not None and shown[1] is not None else None

    @property
    def sized(self) -> Widget | None:
        """The pane that it sizes, shown or not."""
        side = self._side(-1 if self._sizes == "before" else 1)
        return side[0] if side else None

    def grows(self, focused: Widget, *, across: bool) -> int:
        """1 when moving the line on makes the pane with the focus larger, -1 when smaller, 0 when it is none of the two."""
        panes = self.panes()
        if panes is None or self.across != across:
            return 0
        chain = focused.ancestors_with_self
        if panes[1] in chain:
            return -1
        return int(panes[0] in chain or any(each in chain for each in self._side(-1)))

    # Sizing. ---------------------------------------------------------------------------------------------------------

    @property
    def _room(self) -> int:
        """Cells along which the panes share."""
        parent = self.parent
        if not isinstance(parent, Widget):
            return 0
        return parent.size.height if self.across else parent.size.width

    def _length(self, pane: Widget) -> int:
        return pane.outer_size.height if self.across else pane.outer_size.width

    def settle(self) -> None:
        """Be there or not, and give the pane the size that was chosen for it."""
        if not self.is_attached:
            return
        panes = self.panes()
        self.display = panes is not None
        sized = self.sized
        if sized is None:
            return
        self.set_class(self.across, "-across")
        share = self._app.shares.get(self.key) if panes is not None and self._app else None
        self._give(sized, None if share is None or panes is None else self._clamped(round(share * self._room), panes))
        self._bear_title(panes)

    def _clamped(self, wanted: int, panes: tuple[Widget, Widget]) -> int:
        """The nearest size that leaves both panes what they need at least."""
        before, after = panes
        own, other = (before, after) if self._sizes == "before" else (after, before)
        if self._gives and self.across:
            found = [each for each in self._side(-1 if self._sizes == "after" else 1) if each.id == self._gives]
            other = found[0] if found else other
        shared = self._length(own) + self._length(other)
        least = (self._low, self._low) if self.across else self._least
        mine, yours = least if self._sizes == "before" else least[::-1]
        return max(min(wanted, shared - yours), min(mine, max(shared // 2, 1)))

    def _give(self, pane: Widget, length: int | None) -> None:
        """Give a pane so many cells along the line's way, and its own size the other way."""
        along, other = ("height", "width") if self.across else ("width", "height")
        inline = pane.styles.inline
        for rule in (other, f"max_{other}", f"min_{other}"):
            if inline.has_rule(rule):
                inline.clear_rule(rule)
                pane.refresh(layout=True)
        if length is None:
            for rule in (along, f"max_{along}", f"min_{along}"):
                if inline.has_rule(rule):
                    inline.clear_rule(rule)
                    pane.refresh(layout=True)
        elif str(inline.get_rules().get(along)) != str(length):
            setattr(inline, along, length)
            setattr(inline, f"max_{along}", "100%")
            setattr(inline, f"min_{along}", 1)
            pane.refresh(layout=True)

    def _bear_title(self, panes: tuple[Widget, Widget] | None) -> None:
        """Across, take over the top border of the pane below, and its title."""
        after = next(iter(self._side(1)), None)
        if after is None:
            return
        takes = self.across and panes is not None
        inline = after.styles.inline
        if takes and not inline.has_rule("border_top"):
            after.styles.border_top = ("none", "transparent")
        elif not takes and inline.has_rule("border_top"):
            inline.clear_rule("border_top")
            after.refresh(layout=True)
        title = after._border_title if takes else None
        if title != self._border_title:
            self._border_title = title
            self.refresh()

    def _show_focus(self) -> None:
        panes, focused = self.panes(), self.screen.focused
        self.set_class(panes is not None and focused is not None and panes[1] in focused.ancestors_with_self, "-here")

    def move(self, step: int) -> None:
        """Move the line by so many cells: to the right, or down."""
        panes, sized = self.panes(), self.sized
        if panes is None or sized is None or self._app is None or not self._room:
            return
        length = self._length(sized) + (step if self._sizes == "before" else -step)
        self._app.shares.put(self.key, min(max(self._clamped(length, panes) / self._room, 0.001), 0.999))
        self.settle()

    def reset(self) -> None:
        """Give the pane its own size again."""
        if self._app is not None:
            self._app.shares.put(self.key, None)
            self.settle()
            self.keep()

    def keep(self) -> None:
        """Write the size down."""
        if self._app is not None:
            self._app.keep_share(self.key)

    @property
    def _app(self) -> PanesApp | None:
        app = self.app
        return app if isinstance(app, PanesApp) else None

    # The mouse. ------------------------------------------------------------------------------------------------------

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of the line."""
        event.stop()
        self._dragging = True
        self.add_class("-dragged")
        self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """The line follows the mouse."""
        if self._dragging:
            event.stop()
            here = self.region.y if self.across else self.region.x
            there = int(event.screen_y if self.across else event.screen_x)
            if there != here:
                self.move(there - here)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let it go, and keep where it is."""
        if self._dragging:
            event.stop()
            self._let_go()
            self.keep()

    def on_click(self, event: events.Click) -> None:
        """Two clicks: its own size."""
        event.stop()
        if event.chain == 2:
            self.reset()

    def on_mouse_release(self) -> None:
        """Something else has taken the mouse."""
        self._let_go(release=False)

    def _let_go(self, *, release: bool = True) -> None:
        self._dragging = False
        self.remove_class("-dragged")
        if release:
            self.release_mouse()


class PanesApp(LooksApp):
    """An app whose panes can be sized by keys."""

    CSS = """
    .-theme-am-contrast Divider { border-right: vkey $border-blurred; }
    .-theme-am-contrast Divider.-across { border-right: none; border-top: hkey $border-blurred; }
    .-theme-am-contrast Divider.-here.-across { border-top: hkey $primary; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("greater_than_sign,alt+right", "size_pane(1, False)", "Wider", id="pane.wider", tooltip="Make this pane wider", show=False),
        Binding("less_than_sign,alt+left", "size_pane(-1, False)", "Narrower", id="pane.narrower", tooltip="Make this pane narrower", show=False),
        Binding("right_curly_bracket,alt+down", "size_pane(1, True)", "Higher", id="pane.higher", tooltip="Make this pane higher", show=False),
        Binding("left_curly_bracket,alt+up", "size_pane(-1, True)", "Lower", id="pane.lower", tooltip="Make this pane lower", show=False),
        Binding("underscore,alt+0", "reset_panes", "Own sizes", id="pane.reset", tooltip="Give all panes here their own sizes", show=False),
    ]  # fmt: skip

    def __init__(self, *, plain: bool = False) -> None:
        super().__init__(plain=plain)
        self.shares = KeptShares()

    def action_size_pane(self, step: int, across: bool) -> None:
        """Make the pane with the focus larger (1) or smaller (-1)."""
        focused = self.screen.focused
        found = [] if focused is None else self._around(focused, across=across)
        if not found:
            self.bell()
            return
        divider, direction = found[0]
        divider.move(step * direction * STEP)
        divider.keep()

    def action_reset_panes(self) -> None:
        """Give all panes of the screen their own sizes."""
        for divider in self.screen.query(Divider):
            if self.shares.get(divider.key) is not None:
                divider.reset()

    def _around(self, focused: Widget, *, across: bool) -> list[tuple[Divider, int]]:
        """The lines that size the pane with the focus, the innermost first, and which way makes it larger."""
        found = [(each, each.grows(focused, across=across)) for each in self.screen.query(Divider)]
        near = [(each, way) for each, way in found if way]
        return sorted(near, key=lambda pair: (-len(pair[0].ancestors), pair[1] < 0))

    def keep_share(self, name: str) -> None:
        """Write a size down; told once when that cannot be done, and the panes stay as they are."""
        try:
            self.shares.save(name)
        except StudioError as error:
            self.notify(f"{error.title}: {error.detail}", severity="warning", markup=False)

    def has_panes(self) -> bool:
        """Whether there is anything to size on the screen in front."""
        return bool(self.screen.query(Divider))
