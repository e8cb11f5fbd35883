"""Verifying, checking and comparing a pack: what is asked, and what is told of it. Writes nothing but what is accepted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual.content import Content

from am_studio.scenarios.diff_telling import Part, base_parts
from am_studio.scenarios.overlay_base import extends_of
from am_studio.scenarios.pack_check import Checked, checked
from am_studio.scenarios.sharing.laid_aside import laid_aside
from am_studio.scenarios.sharing.shelf import ShelvedPack
from am_studio.scenarios.sharing.steps import Step
from am_studio.tui.packs import views, work
from am_studio.tui.packs.changes_screen import ChangesScreen, Find
from am_studio.tui.packs.job_screen import JobScreen, TellScreen
from am_studio.tui.packs.state import Verdict
from am_studio.tui.packs.taking import CLOSE, EXPECT, lacking, nearby, unquoted
from am_studio.tui.picking import PickScreen
from am_studio.tui.strangers import filled, plain
from am_studio.tui.widgets import AskScreen, Choice, Field

if TYPE_CHECKING:
    from am_studio.tui.app import StudioApp


# Verifying. ----------------------------------------------------------------------------------------------------------


async def verify(app: StudioApp, pack: ShelvedPack) -> Verdict | None:
    """Verify, tell, and compare with an identity that somebody was told; what came of verifying."""
    title = filled("Verifying {name}", name=pack.name)
    first: Verdict | None = await app.push_screen_wait(JobScreen(title, lambda _: work.verdict_of(pack)))
    found = first
    while found is not None:
        told = filled(_HOLDS[found.mark], name=pack.name)
        choices = (*CLOSE, Choice("told", "Compare with one I was told", "i"))
        if await app.push_screen_wait(TellScreen(told, views.verdict(pack, found), choices)) != "told":
            break
        asked = AskScreen(plain("Which identity were you told?"), (EXPECT,), verb="Compare", check=_no_identity)
        texts = await app.push_screen_wait(asked)
        if texts:
            found = await app.push_screen_wait(JobScreen(title, partial(_verified_with, pack, texts["expect"])))
    return first


_HOLDS = {"good": "{name} holds", "bad": "{name} does not hold", "nothing": "Nothing vouches for {name}"}


def _verified_with(pack: ShelvedPack, identity: str, _: Step) -> Verdict:
    return work.verdict_with(pack, identity)


def _no_identity(texts: Mapping[str, str]) -> str:
    return lacking({**texts, "source": "-"}) if texts["expect"] else "such as h1:..., from whoever made the pack"


# Checking. -----------------------------------------------------------------------------------------------------------


async def check(app: StudioApp, pack: ShelvedPack) -> None:
    """Check and tell; of one's own also whether it may be published; what has changed below overlays, and accept that."""
    publish, found = False, await _checked(app, pack, publish=False)
    while found is not None:
        told = "{name} has errors" if found.errors else "{name} may be published" if publish else "{name} can be used"
        choices = _ways(pack, found, publish=publish)
        answer = await app.push_screen_wait(TellScreen(filled(told, name=pack.name), views.check(found), choices))
        if answer == "below":
            await app.push_screen_wait(ChangesScreen(plain(pack.name), partial(_below, found)))
        elif answer in {"publish", "accept"}:
            publish = publish or answer == "publish"
            if answer == "accept":
                recording = JobScreen(plain("Recording the bases"), partial(_accept, found), stoppable=False)
                await app.push_screen_wait(recording)
            found = await _checked(app, pack, publish=publish)
        else:
            return


async def _checked(app: StudioApp, pack: ShelvedPack, *, publish: bool) -> Checked | None:
    title = filled("Checking {name}", name=pack.name)
    found: Checked | None = await app.push_screen_wait(
        JobScreen(title, lambda _: checked(pack.directory, publish=publish))
    )
    return found


def _ways(pack: ShelvedPack, found: Checked, *, publish: bool) -> tuple[Choice, ...]:
    choices = [*CLOSE]
    if pack.editable and not publish:
        choices.append(Choice("publish", "May it be published?", "p"))
    if found.conflicts:
        choices.append(Choice("below", "What changed", "w"))
        if pack.editable:
            choices.append(Choice("accept", "Accept the bases", "a", "warning"))
    return tuple(choices)


def _below(found: Checked, _: Step, __: bool) -> Sequence[Part]:
    return [part for conflicts in found.conflicts.values() for part in base_parts(conflicts)]


def _accept(found: Checked, _: Step) -> int:
    from am_studio.scenarios.overlays import record_base

    return sum(len(record_base(directory)) for directory in found.conflicts)


# Comparing. ----------------------------------------------------------------------------------------------------------


async def compare(app: StudioApp, pack: ShelvedPack, every: Sequence[ShelvedPack]) -> None:
    """Ask with what, and open what differs."""
    offered = list(_others(pack, every))
    lines = [*((name, more) for name, more, _, _ in offered), ("Something else", "a directory, zip file or repository")]
    question = PickScreen(filled("Compare {name} {v} with", name=pack.name, v=pack.version), lines)
    picked = await app.push_screen_wait(question)
    if picked is None:
        return
    if picked < len(offered):
        _, _, title, find = offered[picked]
        app.open_changes(title, find, both_ways=bool(picked or not _overlays(pack)))
        return
    field = Field("source", "A directory, a zip file, https://... or git@... (#TAG)", "", nearby())
    asked = AskScreen(plain("Compare with"), (field,), verb="Compare", check=_no_source)
    texts = await app.push_screen_wait(asked)
    if texts:
        source = unquoted(texts["source"])
        title = filled("{name} -> {source}", name=pack.name, source=source)
        app.open_changes(title, partial(work.compare_with_source, pack.directory, source), both_ways=True)


def _no_source(texts: Mapping[str, str]) -> str:
    return "" if texts["source"] else "say where it is"


Other = tuple[str, str, Content, Find]
"""What something is called, what else there is to say of it, the title of the difference, and how that is found out."""


def _others(pack: ShelvedPack, every: Sequence[ShelvedPack]) -> list[Other]:
    """What it may be compared with; what its overlays extend comes first."""
    here, found = str(pack.directory), list[Other]()
    called = {"name": pack.name, "version": pack.version}
    if _overlays(pack):
        told = "what its overlays change in the scenarios below"
        title = filled("{name} against what it extends", called)
        found.append(("What it extends", told, title, partial(work.compare_places, here, "")))
    for old in laid_aside(pack.name):
        told = f"in the trash since {old.when:%Y-%m-%d %H:%M}"
        title = filled("{name} {old} -> {version}", called, old=old.version)
        find = partial(work.compare_places, str(old.directory), here)
        found.append((f"{old.name} {old.version}", told, title, find))
    if pack.source:
        title = filled("{name} {version} -> {source}", called, source=pack.source)
        find = partial(work.compare_with_source, pack.directory, pack.source)
        found.append(("Where it came from", pack.source, title, find))
    for other in every:
        if other.directory != pack.directory and other.identity:
            title = filled("{a} {b} -> {name} {version}", called, a=other.name, b=other.version)
            find = partial(work.compare_places, str(other.directory), here)
            found.append((f"{other.name} {other.version}", other.origin, title, find))
    return found


def _overlays(pack: ShelvedPack) -> bool:
    return any(extends_of(pack.directory / name) for name in pack.scenarios)
