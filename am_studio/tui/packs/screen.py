"""The packs screen: every pack there is with where it came from and whether it holds, and what can be done with one.

It reads and verifies in threads; it changes nothing before showing what and asking. What it shows is a `PacksState`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
from am_studio.scenarios.sharing.shelf import ShelvedPack, shelf
from am_studio.tui.packs import looking, taking, views
from am_studio.tui.packs.state import ORIGINS, PacksState, Verdict
from am_studio.tui.packs.work import verdict_of
from am_studio.tui.palette import Command
from am_studio.tui.panes import Divider
from am_studio.tui.strangers import plain
from am_studio.tui.widgets import StudioFooter, TitleBar

if TYPE_CHECKING:
    from am_studio.tui.app import StudioApp

_ON_A_PACK = {"verify", "check", "compare"}
_ON_AN_INSTALLED = {"update", "remove"}


class PackList(OptionList):
    """Every pack there is, by where it is from."""

    BINDING_GROUP_TITLE = "Here (packs)"
    HELP = (
        "✓ the pack is what a manifest, the lock, a signature or an identity says. ✗ it is not. "
        "· there is nothing to compare it with. … it is being verified."
    )


class PacksScreen(Screen[None]):
    """Packs: what there is, and taking, verifying, updating, checking, comparing and removing them."""

    DEFAULT_CSS = """
    PacksScreen #packs { width: 39; height: 1fr; border: none; background: $background; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    PacksScreen.-narrow #packs { width: 27; }
    PacksScreen #page { width: 1fr; height: 1fr; padding: 0 0 0 1; scrollbar-size-vertical: 1; &:focus { background: $surface; } }
    PacksScreen #facts { height: auto; max-width: 110; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "i",
            "install",
            "Install",
            id="packs.install",
            tooltip="From a file, a directory or a repository; shows it first",
        ),
        Binding(
            "u", "update", "Update", id="packs.update", tooltip="Look for another version; shows what changes first"
        ),
        Binding(
            "v",
            "verify",
            "Verify",
            id="packs.verify",
            tooltip="Compare it with its manifest, the lock, a signature, an identity",
        ),
        Binding(
            "c", "check", "Check", id="packs.check", tooltip="What is wrong in it, and whether it may be published"
        ),
        Binding(
            "x", "compare", "Compare", id="packs.compare", tooltip="What differs from another pack or version, as prose"
        ),
        Binding("d,delete", "remove", "Remove", id="packs.remove", tooltip="To the trash; asks first"),
        Binding("z", "put_back", "Put back", id="packs.put_back", tooltip="Put back what was removed last"),
        Binding(
            "t", "switch", "List/text", id="packs.switch", tooltip="From the list to the text and back", show=False
        ),
        Binding(
            "g,f5", "reload", "Read again", id="packs.reload", tooltip="Read and verify every pack anew", show=False
        ),
    ]

    @dataclass
    class Read(Message):
        """The packs were read."""

        packs: tuple[ShelvedPack, ...]

    @dataclass
    class Unreadable(Message):
        """They could not be."""

        error: StudioError

    @dataclass
    class Verified(Message):
        """A pack was verified."""

        directory: Path
        verdict: Verdict

    def __init__(self, selected: Path | None = None) -> None:
        """With the cursor on the pack in this directory, when it is there."""
        super().__init__()
        self.state = PacksState(selected=selected)

    @property
    def studio(self) -> StudioApp:
        """The app that opens other screens."""
        return cast("StudioApp", self.app)

    def compose(self) -> ComposeResult:
        """The packs on the left, the chosen one on the right."""
        yield TitleBar(plain("Packs"))
        with Horizontal():
            yield PackList(id="packs", markup=False)
            yield Divider("packs.list", least=(16, 30))
            with VerticalScroll(id="page"):
                yield Static("Reading the packs …", id="facts", markup=False)
        yield StudioFooter()

    def on_mount(self) -> None:
        """The list has the keys."""
        self.query_one("#packs").focus()
        self.action_reload()

    # Reading. --------------------------------------------------------------------------------------------------------

    @work(thread=True, exclusive=True, group="shelf")
    def action_reload(self) -> None:
        """Read every pack, then verify one after the other."""
        worker = get_current_worker()
        try:
            packs = shelf()
        except StudioError as error:
            self.post_message(self.Unreadable(error))
            return
        if not worker.is_cancelled:
            self.post_message(self.Read(packs))
        for pack in packs:
            if worker.is_cancelled:
                return
            self.post_message(self.Verified(pack.directory, verdict_of(pack)))

    @on(Unreadable)
    def _tell(self, message: Unreadable) -> None:
        error = message.error
        words = "\n".join(filter(None, (error.title, error.detail, error.hint)))
        self.query_one("#facts", Static).update(plain(words, "$text-warning"))

    @on(Read)
    def _read(self, message: Read) -> None:
        self.state = self.state.with_packs(message.packs)
        self._draw_list()
        self._draw()

    @on(Verified)
    def _verified(self, message: Verified) -> None:
        self.state = self.state.with_verdict(message.directory, message.verdict)
        listing = self.query_one("#packs", OptionList)
        for number, pack in enumerate(self.state.packs or ()):
            if pack.directory == message.directory:
                listing.replace_option_prompt(str(number), views.row(pack, self.state.mark(pack)))
        if message.directory == self.state.selected:
            self._draw()

    # Drawing. --------------------------------------------------------------------------------------------------------

    def _draw_list(self) -> None:
        listing = self.query_one("#packs", OptionList)
        with self.prevent(OptionList.OptionHighlighted):
            listing.clear_options()
            origin = ""
            for number, pack in enumerate(self.state.packs or ()):
                if pack.origin != origin:
                    listing.add_option(Option(plain(ORIGINS[pack.origin], "bold underline"), disabled=True))
                origin = pack.origin
                listing.add_option(Option(views.row(pack, self.state.mark(pack)), id=str(number)))
                if pack.directory == self.state.selected:
                    listing.highlighted = listing.option_count - 1

    def _draw(self) -> None:
        pack = self.state.pack
        shown = plain("No pack is here.") if pack is None else views.facts(
            pack, self.state.mark(pack), self.state.verdicts.get(pack.directory)
        )  # fmt: skip
        self.query_one("#facts", Static).update(shown)
        self.query_one(TitleBar).show(plain("Packs"), *(() if pack is None else (plain(pack.name),)))
        self.refresh_bindings()

    @on(OptionList.OptionHighlighted)
    def _chosen(self, event: OptionList.OptionHighlighted) -> None:
        packs = self.state.packs or ()
        number = int(event.option.id or 0)
        if number < len(packs) and packs[number].directory != self.state.selected:
            self.state = replace(self.state, selected=packs[number].directory)
            self.query_one("#page", VerticalScroll).scroll_home(animate=False)
            self._draw()

    @on(OptionList.OptionSelected)
    def action_switch(self) -> None:
        """From the list to the text and back."""
        here = self.focused is self.query_one("#page")
        self.query_one("#packs" if here else "#page").focus()

    # Doing. ----------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Most concerns the chosen pack; only what was installed is updated and removed."""
        pack = self.state.pack
        if action in _ON_A_PACK:
            return True if pack is not None else None
        if action in _ON_AN_INSTALLED:
            return True if pack is not None and pack.origin == "installed" else None
        if action == "put_back":
            return self.state.removed is not None
        return True

    @work(group="doing", exclusive=True)
    async def action_install(self) -> None:
        """Install a pack, after showing it."""
        self._taken(await taking.install_something(self.studio))

    @work(group="doing", exclusive=True)
    async def action_update(self) -> None:
        """Replace the pack by another version, after showing what changes."""
        if self.state.pack is not None:
            self._taken(await taking.update_pack(self.studio, self.state.pack))

    def _taken(self, place: Path | None) -> None:
        if place is not None:
            self.state = replace(self.state, selected=place.resolve())
            self.action_reload()

    @work(group="doing", exclusive=True)
    async def action_remove(self) -> None:
        """Move the pack to the trash, if that is meant."""
        pack = self.state.pack
        if pack is not None:
            removed = await taking.remove_pack(self.studio, pack)
            self.state = replace(self.state, removed=removed or self.state.removed)
            self.action_reload()

    @work(group="doing", exclusive=True)
    async def action_put_back(self) -> None:
        """Put back what was removed last."""
        removed = self.state.removed
        if removed is not None and await taking.bring_back(self.studio, removed):
            place = removed.lying.parent.parent.parent / removed.lying.name
            self.state = replace(self.state, removed=None, selected=place.resolve())
            self.action_reload()

    @work(group="doing", exclusive=True)
    async def action_verify(self) -> None:
        """Verify the pack, and tell."""
        pack = self.state.pack
        if pack is not None:
            verdict = await looking.verify(self.studio, pack)
            if verdict is not None:
                self.post_message(self.Verified(pack.directory, verdict))

    @work(group="doing", exclusive=True)
    async def action_check(self) -> None:
        """Check the pack, and tell."""
        if self.state.pack is not None:
            await looking.check(self.studio, self.state.pack)

    @work(group="doing", exclusive=True)
    async def action_compare(self) -> None:
        """Compare the pack with another one."""
        if self.state.pack is not None:
            await looking.compare(self.studio, self.state.pack, self.state.packs or ())

    def palette_commands(self) -> list[Command]:
        """Everything that can be done here."""
        return [
            Command("packs: Install", "From a file, a directory or a repository; shows it first.", "install"),
            Command("packs: Update", "Look for another version; shows what changes first.", "update"),
            Command("packs: Verify", "Compare it with its manifest, the lock, a signature, an identity.", "verify"),
            Command("packs: Check", "What is wrong in it, and whether it may be published.", "check"),
            Command("packs: Compare", "What differs from another pack or version, as prose.", "compare"),
            Command("packs: Remove", "Move an installed pack to the trash; asks first.", "remove"),
            Command("packs: Put back", "Put back what was removed last.", "put_back"),
            Command("packs: List and text", "From the list to the text and back.", "switch"),
            Command("packs: Read again", "Read and verify every pack anew.", "reload"),
        ]
