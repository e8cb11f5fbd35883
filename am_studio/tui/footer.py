"""The footer: the keys that work right now, in three groups, and never more of them than fit.

Movement comes first, then what this screen does, then what the app does everywhere. What does not fit gives way in this
order: Quit; keys that can do nothing at present; movement but for its first two keys; what the screen does, from its end;
the other movement; what the focused part does, from its end; the palette. Help stays always, and is called `more` as soon as
anything has given way. No key is ever cut in the middle.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.containers import HorizontalGroup
from textual.screen import Screen
from textual.widgets import Footer, Static
from textual.widgets._footer import FooterKey

Group = Literal["move", "here", "app"]
_MOVES = frozenset(
    {
        "next_pane", "step", "part", "switch", "next_problem", "next_model", "next_outcome", "next_governed", "next_mark",
        "runs", "leave", "scenarios", "search", "follow",
    }
)  # fmt: skip
"""Actions that go somewhere and change nothing."""
_HELP, _QUIT, _PALETTE = "help", "quit", "command_palette"
_FIRST_MOVES = 2
"""Movement that stays longer than what the screen does."""
_GAP = 3
"""Cells of the line between two groups."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One key as the footer weighs it."""

    action: str
    """Without where it is looked for: `next_pane`, `step(1)`."""
    group: Group
    width: int
    """Cells, with the gap after it."""
    own: bool = False
    """Whether it belongs to the focused part and not to the screen around it."""
    enabled: bool = True


def fitted(keys: Sequence[Shown], room: int) -> frozenset[int]:
    """Which keys are shown in so many cells, by their place; the others give way in the order the module tells."""
    kept = set(range(len(keys)))
    for place in sorted(kept, key=lambda place: _weight(keys, place)):
        if needed(keys, kept) <= room or keys[place].action == _HELP:
            break
        kept.discard(place)
    return frozenset(kept)


def needed(keys: Sequence[Shown], kept: Iterable[int]) -> int:
    """Cells that these keys take, with the lines between their groups."""
    kept = list(kept)
    groups = len({keys[place].group for place in kept})
    return sum(keys[place].width for place in kept) + _GAP * max(groups - 1, 0)


def _weight(keys: Sequence[Shown], place: int) -> tuple[int, int]:
    """What gives way first has the least."""
    key = keys[place]
    if key.group == "app":
        return {_QUIT: 0, _PALETTE: 6, _HELP: 7}.get(key.action, 1), -place
    if not key.enabled:
        return 1, -place
    if key.group == "move":
        before = sum(other.group == "move" for other in keys[:place])
        return (4 if before < _FIRST_MOVES else 2), -place
    return (5 if key.own else 3), -place


def bare(action: str) -> str:
    """The action without the node it is looked for on: `screen.undo` is `undo`."""
    return action.removeprefix("screen.").removeprefix("app.")


def group_of(active: ActiveBinding, *, of_app: bool) -> Group:
    """Where a key stands."""
    if of_app:
        return "app"
    return "move" if bare(active.binding.action).partition("(")[0] in _MOVES else "here"


class StudioFooter(Footer):
    """The keys of the focused part, its screen and the app."""

    DEFAULT_CSS = """
    StudioFooter .footer--line { width: 3; height: 1; padding: 0 1; color: $foreground 40%; }
    StudioFooter .footer--app { dock: right; width: auto; height: 1; }
    StudioFooter HorizontalGroup { width: auto; height: 1; }
    StudioFooter FooterKey.-command-palette { dock: none; border: none; padding: 0; }
    """

    def __init__(self, *, compact: bool = False) -> None:
        super().__init__(compact=compact)
        self._shown: tuple[tuple[Shown, FooterKey], ...] = ()
        self._help = "Help"

    def compose(self) -> ComposeResult:
        """The groups, a line between two of them."""
        self._shown = ()
        if not self._bindings_ready:
            return
        keys = [(self._weighed(active), self._key(active)) for active in self._active()]
        self._shown = tuple(keys)
        for group in ("move", "here", "app"):
            with HorizontalGroup(classes=f"footer--{group}"):
                if group != "move":
                    yield Static("|" if self.app.has_class("-linear") else "│", classes="footer--line")
                for shown, key in keys:
                    if shown.group == group:
                        yield key

    def _active(self) -> list[ActiveBinding]:
        """The bindings to show: one an action, the app's last, and the palette's among them."""
        found: dict[str, ActiveBinding] = {}
        for active in self.screen.active_bindings.values():
            action = bare(active.binding.action)
            if (active.binding.show and active.binding.description) or action == _PALETTE:
                found.setdefault(action, active)
        places = {_HELP: 1, _PALETTE: 2, _QUIT: 3}
        return sorted(found.values(), key=lambda active: places.get(bare(active.binding.action), 0))

    def _weighed(self, active: ActiveBinding) -> Shown:
        node, binding = active.node, active.binding
        return Shown(
            bare(binding.action),
            group_of(active, of_app=node is self.app or bare(binding.action) in {_HELP, _QUIT, _PALETTE}),
            0,
            own=node is not self.app and not isinstance(node, Screen),
            enabled=active.enabled,
        )

    def _key(self, active: ActiveBinding) -> FooterKey:
        _, binding, enabled, tooltip = active
        palette = bare(binding.action) == _PALETTE
        key = FooterKey(
            binding.key,
            self.app.get_key_display(binding),
            binding.description,
            binding.action,
            disabled=not enabled,
            tooltip=tooltip or binding.description,
            classes="-command-palette" if palette else "",
        )
        return key.data_bind(compact=Footer.compact)

    async def recompose(self) -> None:
        """Textual builds the keys anew whenever the focus or the screen changes."""
        await super().recompose()
        self._fit()

    def on_resize(self) -> None:
        """A wider terminal shows more keys."""
        self._fit()

    def watch_compact(self) -> None:
        """Less room between keys is room for more of them."""
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        keys = [key for _, key in self._shown if key.is_attached]
        if not keys or len(keys) < len(self._shown):
            return
        everything = self._measured()
        room = self.size.width
        kept = fitted(everything, room)
        if len(kept) < len(everything):
            self._call_help("more")
            kept = fitted(self._measured(), room)
        else:
            self._call_help("Help")
        for place, (_, key) in enumerate(self._shown):
            key.display = place in kept
        groups = {self._shown[place][0].group for place in kept}
        for group in ("here", "app"):
            before = {"here": {"move"}, "app": {"move", "here"}}[group]
            for line in self.query(f".footer--{group} > .footer--line"):
                line.display = bool(groups & before) and group in groups

    def _call_help(self, word: str) -> None:
        for shown, key in self._shown:
            if shown.action == _HELP and key.description != word:
                key.description = word
                key.refresh(layout=True)

    def _measured(self) -> list[Shown]:
        return [Shown(shown.action, shown.group, _width(key), shown.own, shown.enabled) for shown, key in self._shown]


def _width(key: FooterKey) -> int:
    """The cells that a key takes in the footer, the gap after it included."""
    blanks = 2 if key.compact else 3
    return cell_len(key.key_display) + cell_len(key.description) + blanks
