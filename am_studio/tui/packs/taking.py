"""What is asked before a pack is installed, replaced or removed, and in which order. Nothing is written before the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from am_studio.scenarios.finding import packs
from am_studio.scenarios.overlay_base import dependents_of
from am_studio.scenarios.sharing.installing import Distrusted
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
    wanted = Wanted(unquoted(texts["source"]), expect=texts["expect"])
    looked = await _looked(app, wanted, name)
    while looked is not None and (answer := await _answer(app, looked, texts["expect"])) != "take":
        identity = looked.preview.offer.pack.identity
        if answer != "trust" or not await _trusts(app, identity):
            return None
        looked = await _looked(app, replace(wanted, expect=identity, trust=identity), name)
    if looked is None:
        return None
    pack = looked.preview.offer.pack
    title = filled("Installing {name} {version}", name=pack.name, version=pack.version)
    place: Path | None = await app.push_screen_wait(JobScreen(title, partial(work.take, looked), stoppable=False))
    if place is not None:
        app.notify(f"{pack.name} {pack.version} is installed")
    return place


async def _looked(app: StudioApp, wanted: Wanted, name: str) -> Looked | None:
    title = filled("Looking at {source}", source=wanted.source)
    looked: Looked | None = await app.push_screen_wait(JobScreen(title, partial(work.look, wanted, name)))
    return looked


async def _answer(app: StudioApp, looked: Looked, expected: str) -> str:
    """`take` when somebody who has seen all of it wants it, `trust` when although it is refused, else nothing."""
    found, differences = looked.preview, looked.differences
    called = {"name": found.offer.pack.name, "version": found.offer.pack.version}
    body = views.preview(found, (differences.summary,) if differences is not None else (), expected)
    title, choices = _question(looked)
    while (answer := await app.push_screen_wait(TellScreen(filled(title, called), body, choices))) == "read":
        told = filled("{name}: what is installed -> {version}", called)
        await app.push_screen_wait(ChangesScreen(told, partial(work.parts_found, looked)))
    return answer if answer in {"take", "trust"} else ""


def _question(looked: Looked) -> tuple[str, tuple[Choice, ...]]:
    """What is asked of this, and the ways out of it, the harmless one first."""
    found = looked.preview
    if isinstance(found.refusal, Distrusted):
        return "{name} {version} is refused", (*CLOSE, Choice("trust", "I know why", "k", "warning"))
    if found.refusal is not None:
        return "{name} {version} is refused", CLOSE
    if not found.installable:
        return "{name} {version} has errors and is not installed", CLOSE
    if found.same:
        return "{name} {version} is what is installed", CLOSE
    cancel = Choice("leave", "Cancel", "c", "primary")
    if found.before is None:
        return "Install {name} {version}?", (cancel, Choice("take", "Install", "i", "warning"))
    read = (Choice("read", "Read the changes", "r"),) if looked.differences is not None else ()
    title = f"Replace {{name}} {_braced(found.before.version)} by {{version}}?"
    return title, (cancel, *read, Choice("take", "Replace", "p", "warning"))


def _braced(text: str) -> str:
    """A stranger's text inside a sentence that is filled afterwards."""
    return text.replace("{", "{{").replace("}", "}}")


async def _trusts(app: StudioApp, identity: str) -> bool:
    """Whether somebody can name the identity, which they have from whoever made the pack."""
    field = Field("identity", "Its whole identity, from whoever made the pack")

    def check(texts: Mapping[str, str]) -> str:
        return "" if texts["identity"] == identity else "this is not the identity of what was read"

    asked = AskScreen(plain("Take it all the same?"), (field,), verb="Go on", check=check)
    named = await app.push_screen_wait(asked)
    return bool(named)


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
