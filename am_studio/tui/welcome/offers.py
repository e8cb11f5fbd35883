"""A line above the keys with what is on offer: the tour, what was open last, what is new. It offers and opens nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.containers import Horizontal
from textual.events import Click
from textual.widgets import Static

from am_studio.tui.strangers import plain
from am_studio.tui.widgets import StudioFooter


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that a key, or a click, opens."""

    action: str
    """Of the app, such as `tour`."""
    told: str
    """With its key; may quote the name of a document."""


class OfferText(Static):
    """One offer; a click takes it."""

    def __init__(self, offer: Offer) -> None:
        super().__init__(plain(offer.told))
        self._offer = offer

    async def on_click(self, event: Click) -> None:
        """Take it."""
        event.stop()
        await self.app.run_action(self._offer.action)


class OfferLine(Horizontal):
    """The offers beside each other."""

    DEFAULT_CSS = """
    OfferLine { height: 1; background: $primary-muted; padding: 0 1; }
    OfferLine OfferText {
        width: auto; max-width: 100%; height: 1; margin-right: 3; color: $text-primary; text-wrap: nowrap; text-overflow: ellipsis;
    }
    OfferLine OfferText:hover { text-style: underline; }
    """

    def __init__(self, offers: Sequence[Offer]) -> None:
        super().__init__(*(OfferText(offer) for offer in offers))


def show_offers(footer: StudioFooter, offers: Sequence[Offer]) -> None:
    """Show these above the keys, in place of any others."""
    screen = footer.screen
    screen.query(OfferLine).remove()
    if offers:
        screen.mount(OfferLine(offers), before=footer)
