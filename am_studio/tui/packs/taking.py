"""What is asked before a pack is installed, replaced or removed, and in which order. Nothing is written before the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from am_studio.scenarios.diff_telling import parts_of
from am_studio.scenarios.finding import packs
from am_studio.scenarios.overlay_base import dependents_of
from am_studio.scenarios.sharing.laid_aside import put_back
from am_studio.scenarios.sharing.preview import Wanted
from am_studio.scenarios.sharing.shelf import ShelvedPack
from am_studio.scenarios.sharing.sources import FORMS
from am_studio.tui.packs import views, work
from am_studio.tui.packs.changes_screen import ChangesScreen
from am_studio.tui.packs.job_screen import JobScreen, TellScreen
from am_studio.tui.packs.state import Removed
from am_studio.tui.packs.work import Looked
from am_studio.tui.strangers import filled, joined, plain
from am_studio.tui.widgets import AskScreen, Choice, ChoiceScreen, Field

if TYPE_CHECKING:
    from am_studio.tui.app import StudioApp

CLOSE = (Choice("close", "Close", "c", "primary"),)
EXPECT = Field("expect", "The identity that you were told, h1:... (may be empty)")


async def install_something(app: StudioApp) -> Path | None:
    """Ask where from, show what it is, install it when that is wanted; its directory, or None."""
    fields = (EXPECT, Field("source", "A directory, a zip file, https://... or git@... (#TAG)", "", nearby()))
    asked = AskScreen(plain("Install a pack"), fields, verb="Look", check=lacking)
    return await _take(app, await app.push_screen_wait(asked), "")


async def update_pack(app: StudioApp, pack: ShelvedPack) -> Path | None:
    """Ask where another version is, show what would change, replace the pack when that is wanted."""
    fields = (EXPECT, Field("source", "Where it is (add #TAG for another version)", pack.source, nearby()))
    asked = AskScreen(filled("Update {name} {v}", name=pack.name, v=pack.version), fields, verb="Look", check=lacking)
    return await _take(app, await app.push_screen_wait(asked), pack.name)


async def _take(app: StudioApp, texts: Mapping[str, str], name: str) -> Path | None:
    if not texts:
        return None
    source = unquoted(texts["source"])
    wanted = Wanted(source, expect=texts["expect"])
    looking = JobScreen(filled("Looking at {source}", source=source), lambda step: work.look(wanted, name, step))
    looked: Looked | None = await app.push_screen_wait(looking)
    if looked is None or not await _agreed(app, looked, texts["expect"]):
        return None
    pack = looked.preview.offer.pack
    title = filled("Installing {name} {version}", name=pack.name, version=pack.version)
    taking = JobScreen(title, lambda step: work.take(looked, step), stoppable=False)
    place: Path | None = await app.push_screen_wait(taking)
    if place is not None:
        app.notify(f"{pack.name} {pack.version} is installed")
    return place


async def _agreed(app: StudioApp, looked: Looked, expected: str) -> bool:
    """Whether somebody who has seen all of it wants it."""
    found, differences = looked.preview, looked.differences
    pack = found.offer.pack
    called = {"name": pack.name, "version": pack.version}
    summary = (differences.summary,) if differences is not None else ()
    body = views.preview(found, summary, expected)
    if not found.installable:
        why = "{name} {version} is refused" if found.refusal else "{name} {version} has errors and is not installed"
        await app.push_screen_wait(TellScreen(filled(why, called), body, CLOSE))
        return False
    if found.same:
        title = filled("{name} {version} is what is installed", called)
        await app.push_screen_wait(TellScreen(title, body, CLOSE))
        return False
    read = () if differences is None else (Choice("read", "Read the changes", "r"),)
    verb = "Install" if found.before is None else "Replace"
    choices = (Choice("leave", "Cancel", "c", "primary"), *read, Choice("take", verb, verb[0].lower(), "warning"))
    if verb == "Replace":
        choices = (choices[0], *read, Choice("take", "Replace", "p", "warning"))
    title = filled("Replace {name} by {version}?" if found.before else "Install {name} {version}?", called)
    while (answer := await app.push_screen_wait(TellScreen(title, body, choices))) == "read":
        told = filled("{name}: installed -> {version}", called)
        await app.push_screen_wait(ChangesScreen(told, lambda _, __: parts_of(differences) if differences else ()))
    return answer == "take"


async def remove_pack(app: StudioApp, pack: ShelvedPack) -> Removed | None:
    """Ask, and move a pack to the trash; how to put it back."""
    needing = await asyncio.to_thread(lambda: dependents_of(pack.name, packs()))
    lines = [filled("It goes to the trash of installed packs; z puts it back.")]
    if needing:
        told = "{packs} builds on it and cannot be used without it."
        lines.append(plain(told.format(packs=", ".join(needing)), "$text-warning"))
    choices = (Choice("keep", "Keep", "k", "primary"), Choice("remove", "Remove", "r", "error"))
    question = ChoiceScreen(filled("Remove {name}?", name=pack.name), joined(*lines, between="\n"), choices)
    if await app.push_screen_wait(question) != "remove":
        return None
    title = filled("Removing {name}", name=pack.name)
    taking = JobScreen(title, lambda step: (work.take_away(pack.name, step),), stoppable=False)
    done: tuple[Removed | None] | None = await app.push_screen_wait(taking)
    if done is None:
        return None
    removed = done[0]
    app.notify(f"{pack.name} lies in {removed.lying}; z puts it back" if removed else f"{pack.name} is removed")
    return removed


async def bring_back(app: StudioApp, removed: Removed) -> bool:
    """Put the pack that was removed last back; whether it is there again."""
    title = filled("Putting {name} back", name=removed.lying.name)
    doing = JobScreen(title, lambda _: put_back(removed.lying, removed.entry), stoppable=False)
    return await app.push_screen_wait(doing) is not None


def lacking(texts: Mapping[str, str]) -> str:
    """What is wrong with what was filled in; empty: nothing."""
    expect = texts["expect"]
    if expect and not (expect.startswith("h1:") and len(expect) == 47):
        return "an identity is h1: and 44 characters"
    return "" if texts["source"] else f"say where it is: {FORMS}"


def unquoted(source: str) -> str:
    """A path as terminals paste it when a file is dropped: without the quotes around it."""
    whole = len(source) > 1 and source[0] == source[-1] and source[0] in "'\""
    return source[1:-1] if whole else source


def nearby() -> tuple[str, ...]:
    """What lies in the working directory and may be a pack, as completions."""
    return tuple(sorted(path.name for path in Path.cwd().glob("*.zip")))
