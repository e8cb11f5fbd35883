"""Somebody looks at packs in the studio, takes what strangers offer only after seeing it, and reads what differs."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Button, Input, OptionList, Static

from am_studio.foundation.errors import StudioError
from am_studio.foundation.locations import installed_packs
from am_studio.scenarios.sharing.directories import pack_in_directory
from am_studio.scenarios.sharing.installing import install, remove
from am_studio.scenarios.sharing.laid_aside import laid_aside, put_back
from am_studio.scenarios.sharing.lockfile import read_lock
from am_studio.scenarios.sharing.preview import Wanted, locked, offered, preview
from am_studio.tui.app import StudioApp
from am_studio.tui.author.screen import AuthorScreen
from am_studio.tui.library.screen import LibraryScreen
from am_studio.tui.packs.changes_screen import ChangesScreen
from am_studio.tui.packs.job_screen import JobScreen, TellScreen
from am_studio.tui.packs.screen import PacksScreen
from am_studio.tui.picking import PickScreen
from am_studio.tui.strangers import plain
from am_studio.tui.widgets import AskScreen, ChoiceScreen
from tests.packs_world import RawEntry, RawZip, overlapping_bomb, pack_files, repository, write_pack, zipped
from tests.studio_world import until
from tests.test_tui_strangers import PAYLOADS, assert_harmless, screen_text

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
unix = pytest.mark.skipif(sys.platform == "win32", reason="processes and scripts of Unix")
SMALL = (80, 24)
ANSWER = "It is {{ clock.time }}. Read the mail and answer what needs it.\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory to work in, and a data directory of its own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


async def on(pilot: Pilot[None], kind: type[Screen[Any]]) -> None:
    """Waits for a screen of this kind, drawn."""
    await until(pilot, lambda: isinstance(pilot.app.screen, kind))
    await pilot.pause()


async def opened(pilot: Pilot[None]) -> PacksScreen:
    """The packs screen with every pack read and verified."""
    screen = PacksScreen()
    await pilot.app.push_screen(screen)
    await verified(pilot, screen)
    return screen


def page(pilot: Pilot[None]) -> str:
    """The part that is being read, in one line."""
    return " ".join(str(pilot.app.screen.query_one("#text", Static).render()).split())


async def verified(pilot: Pilot[None], screen: PacksScreen) -> None:
    """Waits until nothing is read or verified any more."""
    await until(
        pilot, lambda: screen.state.packs and all(p.directory in screen.state.verdicts for p in screen.state.packs)
    )
    await pilot.pause()


async def fill(pilot: Pilot[None], source: str, expect: str = "") -> None:
    """Answer where from, and which identity one was told."""
    await on(pilot, AskScreen)
    for field in pilot.app.screen.query(Input):
        field.value = {"source": source, "expect": expect}[field.name or ""]
    await pilot.pause()
    await pilot.press("enter")


async def look(pilot: Pilot[None], source: object, expect: str = "") -> str:
    """Ask to install this; what is told of it, or why it is not to be had."""
    await pilot.press("i")
    await fill(pilot, str(source), expect)
    return await answered(pilot)


async def answered(pilot: Pilot[None]) -> str:
    """Waits until a job has ended; everything that the dialog after it says."""
    app = pilot.app
    await until(pilot, lambda: isinstance(app.screen, TellScreen) or app.screen.has_class("-failed"))
    await pilot.pause()
    texts = [str(each.render()) for each in app.screen.query(Static)]
    return "\n".join([*texts, *(str(button.label) for button in app.screen.query(Button))])


def named(screen: PacksScreen) -> list[str]:
    return [f"{pack.name} {pack.version}" for pack in screen.state.packs or ()]


def fits(pilot: Pilot[None], *words: str) -> None:
    """Every one of these is on the screen whole."""
    shown = screen_text(pilot.app)
    assert [word for word in words if word not in shown] == [], shown


def nothing_installed() -> bool:
    return not installed_packs().exists() or [path.name for path in installed_packs().iterdir()] in ([], [".staging"])


def released(root: Path, version: str = "1.0.0", **changes: str) -> Path:
    """A zip of this version."""
    root.mkdir(exist_ok=True)
    archive = root / f"their-pack-{version}.zip"
    archive.write_bytes(
        zipped({f"their-pack/{path}": data for path, data in pack_files(version=version, **changes).items()})
    )
    return archive


def choose(screen: PacksScreen, name: str) -> None:
    """Put the cursor on a pack."""
    number = next(number for number, pack in enumerate(screen.state.packs or ()) if pack.name == name)
    listing = screen.query_one("#packs", OptionList)
    listing.highlighted = listing.get_option_index(str(number))


# Looking. ------------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_every_pack_is_told_with_where_it_is_from_and_whether_it_holds(home: Path) -> None:
    mine = write_pack(home, "my-pack")
    install(offered(Wanted(str(released(home)))))
    app = StudioApp()
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        assert named(screen)[:3] == [
            "my-pack 1.0.0",
            "their-pack 1.0.0",
            next(n for n in named(screen) if n.startswith("core")),
        ]
        fits(pilot, "Working directory", "Installed", "Came with the program", "· my-pack 1.0.0", "✓ their-pack 1.0.0")
        identity = pack_in_directory(mine).identity
        fits(pilot, identity, "Fictional office mail.", f"{identity[:11]}…")
        choose(screen, "their-pack")
        await until(pilot, lambda: "✓ agrees with its PACK.sha256, the lock file" in screen_text(app))
        fits(pilot, "not signed", "CC-BY-4.0", "Somebody")


@pytest.mark.asyncio
async def test_a_pack_that_was_changed_after_it_was_installed_does_not_hold(home: Path) -> None:
    place = install(offered(Wanted(str(released(home)))))
    (place / "small" / "task.md").write_text("Another task.\n")
    app = StudioApp()
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        choose(screen, "their-pack")
        await pilot.press("v")
        told = await answered(pilot)
        assert "their-pack does not hold" in told
        assert "✗ small/task.md: changed" in told
        assert "✗ it is not what was installed" in told
        await pilot.press("escape")
        fits(pilot, "✗ their-pack 1.0.0")


@pytest.mark.asyncio
async def test_an_identity_that_one_was_told_is_compared_with_the_pack(home: Path) -> None:
    identity = pack_in_directory(write_pack(home, "my-pack")).identity
    app = StudioApp()
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot)
        await pilot.press("v")
        assert "Nothing vouches for my-pack" in await answered(pilot)
        for expect, outcome in ((identity, "my-pack holds"), (f"h1:{'x' * 43}=", "my-pack does not hold")):
            await pilot.press("i")
            await on(pilot, AskScreen)
            app.screen.query_one(Input).value = expect
            await pilot.pause()
            await pilot.press("enter")
            await on(pilot, TellScreen)
            fits(pilot, outcome)


@pytest.mark.asyncio
async def test_a_check_tells_what_is_wrong_and_what_keeps_ones_own_from_being_published(home: Path) -> None:
    write_pack(home, "my-pack", small__task_md="{% if nowhere %}x{% endif %}\n")
    app = StudioApp()
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot)
        await pilot.press("c")
        told = await answered(pilot)
        assert "my-pack has errors" in told
        assert "✗ my-pack/small/task.md:1" in told
        assert "nowhere" in told
        (home / "my-pack" / "small" / "task.md").write_text("Read the mail.\n")
        (home / "my-pack" / "README.md").unlink()
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, TellScreen) and "README.md" in screen_text(app))
        fits(pilot, "Close (c)")


# Taking. -------------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_pack_is_shown_before_anything_is_written_and_then_installed(home: Path) -> None:
    archive = released(home)
    app = StudioApp()
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        told = await look(pilot, f"'{archive}'")
        identity = offered(Wanted(str(archive))).pack.identity
        words = (
            "Install their-pack 1.0.0?",
            "Somebody",
            "CC-BY-4.0",
            "not signed",
            identity,
            "nothing is wrong",
            "Fictional office mail.",
        )
        assert [word for word in words if word not in told] == []
        fits(
            pilot,
            "Install their-pack 1.0.0?",
            identity,
            "✓ nothing is wrong in it",
            "Replaces   nothing",
            "Cancel (c)",
            "Install (i)",
        )
        assert nothing_installed()
        await pilot.press("enter")
        await on(pilot, PacksScreen)
        assert nothing_installed()
        assert "✓ the one that you were told" in await look(pilot, archive, identity)
        await pilot.press("i")
        await on(pilot, PacksScreen)
        await until(pilot, lambda: "their-pack 1.0.0" in named(screen))
        await verified(pilot, screen)
        fits(pilot, "✓ their-pack 1.0.0")
        assert screen.state.pack is not None
        assert screen.state.pack.name == "their-pack"
        assert read_lock().packs["their-pack"].source == str(archive)
        assert "this very content is installed" in await look(pilot, archive)
        assert [str(button.label) for button in app.screen.query(Button)] == ["Close (c)"]


def hostile() -> dict[str, bytes]:
    """Zips that are not to be installed, by what is said of them."""
    files = {f"their-pack/{path}": data for path, data in pack_files().items()}
    leaving = [RawEntry(b"their-pack/../../evil", b"x"), *(RawEntry(n.encode(), d) for n, d in files.items())]
    made = {
        "overlaps another": overlapping_bomb(3),
        "'..'": RawZip(leaving).bytes(),
        "has errors and is not installed": zipped(pack_files(small__system_md="{{ nowhere.at_all }}\n")),
    }
    if shutil.which("ssh-keygen") is not None:
        made["the signature is not good"] = zipped({**files, "their-pack/PACK.sha256.sig": b"nothing"})
    return made


@pytest.mark.asyncio
async def test_what_means_harm_is_refused_in_place_and_nothing_is_installed(home: Path) -> None:
    path = home / "offer.zip"
    app = StudioApp()
    async with app.run_test(size=SMALL) as pilot:
        await app.push_screen(PacksScreen())
        for why, archive in hostile().items():
            path.write_bytes(archive)
            told = await look(pilot, path)
            assert why in told.replace("\n", " ")
            fits(pilot, "Close")
            assert {str(button.label) for button in app.screen.query(Button)} <= {"Close", "Close (c)"}
            await pilot.press("enter")
            await on(pilot, PacksScreen)
            assert nothing_installed()
            assert not read_lock().packs
            assert not read_lock().seen
    assert not (home.parent / "evil").exists()


@pytest.mark.asyncio
async def test_what_one_was_told_and_what_is_there_have_to_agree(home: Path) -> None:
    archive = released(home)
    other = pack_in_directory(write_pack(home / "other", version="2.0.0")).identity
    app = StudioApp()
    async with app.run_test(size=SMALL) as pilot:
        await app.push_screen(PacksScreen())
        await pilot.press("i")
        await on(pilot, AskScreen)
        app.screen.query(Input).first().value = "h1:short"
        await until(pilot, lambda: "an identity is h1: and 44 characters" in screen_text(app))
        await fill(pilot, str(archive), other)
        told = await answered(pilot)
        assert "is not what you expected" in told
        assert other in told
        assert nothing_installed()


@pytest.mark.asyncio
async def test_another_content_under_a_known_version_is_taken_only_by_whoever_names_its_identity(home: Path) -> None:
    install(offered(Wanted(str(released(home)))))
    changed = released(home / "again", small__task_md=ANSWER)
    identity = offered(Wanted(str(changed))).pack.identity
    app = StudioApp()
    async with app.run_test(size=SMALL) as pilot:
        await app.push_screen(PacksScreen())
        told = await look(pilot, changed)
        assert "is not what it was when you first installed it" in told
        assert "Install (i)" not in told
        await pilot.press("k")
        await on(pilot, AskScreen)
        await pilot.press("enter")
        assert isinstance(app.screen, AskScreen)
        app.screen.query_one(Input).value = identity
        await pilot.pause()
        await pilot.press("enter")
        assert "Replace their-pack 1.0.0 by 1.0.0?" in await answered(pilot)
        await pilot.press("p")
        await until(pilot, lambda: read_lock().packs["their-pack"].identity == identity)


@pytest.mark.asyncio
@needs_git
async def test_an_update_is_read_as_prose_before_it_replaces_anything(home: Path) -> None:
    repo = home.parent / "authors"
    write_pack(repo, version="1.0.0")
    repository(repo, tag="v1.0.0")
    install(offered(Wanted(f"{repo}#v1.0.0&subdirectory=their-pack")))
    before = read_lock().packs["their-pack"]
    write_pack(repo, version="1.1.0", small__task_md=ANSWER)
    shutil.rmtree(repo / ".git")
    repository(repo, tag="v1.1.0")
    app = StudioApp()
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        choose(screen, "their-pack")
        await pilot.press("u")
        await on(pilot, AskScreen)
        assert app.screen.query(Input).last().value == before.source
        await fill(pilot, f"{repo}#v1.1.0&subdirectory=their-pack")
        told = await answered(pilot)
        assert "Replace their-pack 1.0.0 by 1.1.0?" in told
        fits(
            pilot,
            "Replaces   their-pack 1.0.0",
            "1 change in the default prompt",
            "Replace (p)",
            "Read the changes (r)",
        )
        await pilot.press("r")
        await on(pilot, ChangesScreen)
        await until(pilot, lambda: app.screen.query_one("#parts", OptionList).option_count > 4)
        await pilot.press("n", "n", "n")
        await until(pilot, lambda: "answer what needs it+}" in page(pilot))
        assert read_lock().packs["their-pack"] == before
        await pilot.press("escape")
        await on(pilot, TellScreen)
        await pilot.press("p")
        await on(pilot, PacksScreen)
        await until(pilot, lambda: "their-pack 1.1.0" in named(screen))
        assert [old.version for old in laid_aside("their-pack")] == ["1.0.0"]
        choose(screen, "their-pack")
        await pilot.press("x")
        await on(pilot, PickScreen)
        fits(pilot, "their-pack 1.0.0  in the trash since", "Where it came from", "Something else")
        await pilot.press("enter")
        await on(pilot, ChangesScreen)
        await until(pilot, lambda: "their-pack 1.0.0 -> their-pack 1.1.0" in screen_text(app))
        await pilot.press("x")
        await until(pilot, lambda: "their-pack 1.1.0 -> their-pack 1.0.0" in screen_text(app))


@pytest.mark.asyncio
async def test_an_update_that_is_another_pack_or_nowhere_changes_nothing(home: Path) -> None:
    archive = released(home)
    install(offered(Wanted(str(archive))))
    archive.unlink()
    other = write_pack(home / "elsewhere", "other-pack")
    app = StudioApp()
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        choose(screen, "their-pack")
        for source, why in (
            (str(archive), "there is nothing at"),
            (str(other), "is the pack 'other-pack', not 'their-pack'"),
        ):
            await pilot.press("u")
            await fill(pilot, source)
            assert why in (await answered(pilot)).replace("\n", " ")
            await pilot.press("escape")
            await on(pilot, PacksScreen)
    assert list(read_lock().packs) == ["their-pack"]


@pytest.mark.asyncio
@needs_git
@unix
async def test_what_takes_too_long_is_stopped_and_leaves_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools, started = home.parent / "tools", home.parent / "started"
    tools.mkdir()
    ssh = tools / "ssh"
    ssh.write_text(f"#!/bin/sh\necho $$ > {started}.part && mv {started}.part {started}\nexec sleep 600\n")
    ssh.chmod(ssh.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    app = StudioApp()
    async with app.run_test(size=SMALL) as pilot:
        await app.push_screen(PacksScreen())
        await pilot.press("i")
        await fill(pilot, "ssh://git@packs.example/theirs")
        await on(pilot, JobScreen)
        await until(pilot, started.exists)
        await until(pilot, lambda: "getting ssh://git@packs.example/theirs" in screen_text(app))
        await pilot.press("escape")
        await on(pilot, PacksScreen)
        child = int(started.read_text())
        await until(pilot, lambda: not is_running(child))
        assert nothing_installed()


def is_running(process: int) -> bool:
    """Whether there is a process of this number that has not ended."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


# Removing. -----------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_what_is_removed_is_asked_about_and_can_be_put_back(home: Path) -> None:
    install(offered(Wanted(str(released(home)))))
    before = read_lock().packs["their-pack"]
    app = StudioApp()
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        assert screen.check_action("put_back", ()) is False
        choose(screen, "core")
        await until(pilot, lambda: screen.check_action("remove", ()) is None)
        choose(screen, "their-pack")
        await pilot.press("d")
        await on(pilot, ChoiceScreen)
        await pilot.press("enter")
        await on(pilot, PacksScreen)
        assert "their-pack" in read_lock().packs
        await pilot.press("d")
        await on(pilot, ChoiceScreen)
        await pilot.press("r")
        await until(pilot, lambda: "their-pack 1.0.0" not in named(screen))
        assert "their-pack" not in read_lock().packs
        await pilot.press("z")
        await until(pilot, lambda: "their-pack 1.0.0" in named(screen))
        assert read_lock().packs["their-pack"] == before
        assert screen.check_action("put_back", ()) is False


def test_what_is_put_back_is_what_was_removed_and_replaces_nothing(home: Path) -> None:
    archive = released(home)
    install(offered(Wanted(str(archive))))
    entry = locked("their-pack")
    lying = remove("their-pack")
    assert lying is not None
    install(offered(Wanted(str(archive))))
    with pytest.raises(StudioError, match="installed again"):
        put_back(lying, entry)
    remove("their-pack")
    (lying / "small" / "task.md").write_text("Another.\n")
    with pytest.raises(StudioError, match="not what was removed"):
        put_back(lying, entry)
    assert "their-pack" not in read_lock().packs
    assert len(laid_aside("their-pack")) == 2


def test_a_look_writes_nothing_and_names_what_an_overlay_lacks(home: Path) -> None:
    source = write_pack(home, "their-pack")
    (source / "quiet").mkdir()
    (source / "quiet" / "scenario.yaml").write_text("format: 1\nextends: far-pack/small@1\ntitle: Quiet\n")
    found = preview(offered(Wanted(str(source))))
    assert found.missing == ("far-pack",)
    assert not found.installable
    assert nothing_installed()


# Overlays. -----------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_an_overlay_is_made_in_the_library_and_tells_what_it_changes(home: Path) -> None:
    write_pack(home, "my-pack")
    app = StudioApp()
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LibraryScreen) and app.screen.state.facts)
        await pilot.press("o")
        await on(pilot, AskScreen)
        await pilot.press("enter")
        await on(pilot, AuthorScreen)
        await until(pilot, lambda: "overlay of my-pack/small 1.0.0" in screen_text(app))
        author = app.screen
        assert isinstance(author, AuthorScreen)
        author.change(("task.md", ANSWER), "another task")
        await pilot.press("b")
        await on(pilot, ChangesScreen)
        await until(pilot, lambda: "~ task.md" in screen_text(app))
        await pilot.press("n")
        await until(pilot, lambda: "answer what needs it+}" in page(pilot))
        await pilot.press("escape")
        await on(pilot, AuthorScreen)
        author.action_save()
        await pilot.press("escape", "escape")
        await on(pilot, LibraryScreen)
        await until(pilot, lambda: "small-2 « small" in screen_text(app))
        await until(pilot, lambda: "of my-pack/small@1: says only what differs" in screen_text(app))
        await pilot.press("p")
        await on(pilot, PacksScreen)
        await pilot.press("x")
        await on(pilot, PickScreen)
        await pilot.press("enter")
        await on(pilot, ChangesScreen)
        await until(pilot, lambda: "~ task.md  small-2" in screen_text(app))
        assert app.screen.check_action("swap", ()) is False


@pytest.mark.asyncio
async def test_what_changed_below_an_overlay_is_read_and_accepted(home: Path) -> None:
    from am_studio.scenarios.library import overlay_scenario
    from am_studio.scenarios.overlays import record_base

    base = write_pack(home, "base-pack") / "small"
    overlay = overlay_scenario(base, home / "my-pack", "quiet")
    (overlay / "task.md").write_text("Only this.\n")
    record_base(overlay)
    (base / "task.md").write_text(ANSWER)
    app = StudioApp()
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        choose(screen, "my-pack")
        await pilot.press("c")
        assert "! quiet: 1" in await answered(pilot)
        await pilot.press("w")
        await on(pilot, ChangesScreen)
        await until(pilot, lambda: "answer what needs it+}" in page(pilot))
        await pilot.press("escape")
        await on(pilot, TellScreen)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, TellScreen) and "my-pack can be used" in screen_text(app))


@pytest.mark.asyncio
async def test_a_difference_that_cannot_be_had_says_why_in_place(home: Path) -> None:
    app = StudioApp()
    write_pack(home, "my-pack")
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot)
        await pilot.press("x")
        await on(pilot, PickScreen)
        await pilot.press(*"something", "enter")
        await on(pilot, AskScreen)
        app.screen.query_one(Input).value = "nowhere.zip"
        await pilot.pause()
        await pilot.press("enter")
        await on(pilot, ChangesScreen)
        await until(pilot, lambda: "there is nothing at nowhere.zip" in screen_text(app))
        assert app.screen.check_action("part", (1,)) is False
        await pilot.press("escape")
        await on(pilot, PacksScreen)


# Strangers, keys and mouse. ------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_packs_own_words_are_shown_as_they_are(home: Path) -> None:
    text = " ".join(payload for payload in PAYLOADS if "\n" not in payload and payload.isprintable())
    quoted = text.replace("'", "''")
    files = pack_files("their-pack", small__task_md=f"{{# {text.replace('#}', '')[:200]} #}}Read.\n")
    words = files["pack.yaml"].decode().replace("title: Theirs", f"title: '{quoted}'")
    files["pack.yaml"] = words.replace("Fictional office mail.", f"'[bold]notice[/] {quoted}'").encode()
    place = home / "their-pack"
    for path, data in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(data)
    (home / "offer.zip").write_bytes(zipped(files))
    app = StudioApp()
    async with app.run_test(size=(200, 60)) as pilot:
        await opened(pilot)
        fits(pilot, "[bold]notice[/]")
        assert_harmless(app)
        told = await look(pilot, home / "offer.zip")
        assert "[bold]notice[/]" in told
        assert_harmless(app)


@pytest.mark.asyncio
async def test_a_pack_is_installed_with_the_mouse_alone(home: Path) -> None:
    archive = released(home)
    app = StudioApp()
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LibraryScreen) and app.screen.query("#facts > FactsPane"))
        await pilot.click("#to-packs")
        await on(pilot, PacksScreen)
        await until(pilot, lambda: app.screen.query("FooterKey"))
        install_key = next(key for key in app.screen.query("FooterKey") if "Install" in str(key.render()))
        await pilot.click(install_key)
        await on(pilot, AskScreen)
        app.screen.query(Input).last().value = str(archive)
        await pilot.pause()
        await pilot.click(app.screen.query(Button).first())
        await answered(pilot)
        await pilot.click(app.screen.query(Button).last())
        await until(pilot, lambda: "their-pack" in read_lock().packs)


@pytest.mark.asyncio
async def test_every_action_is_in_the_palette_and_has_a_key(home: Path) -> None:
    app = StudioApp()
    async with app.run_test(size=SMALL):
        for screen in (PacksScreen(), ChangesScreen(plain("a"), lambda _, __: ())):
            offered_here = {command.action.partition("(")[0] for command in screen.palette_commands()}
            bound = {binding.action.partition("(")[0] for binding in screen.BINDINGS}  # type: ignore[union-attr]
            assert bound - offered_here <= {"leave"}
            assert all(binding.id and binding.tooltip for binding in screen.BINDINGS)  # type: ignore[union-attr]
        assert "app.packs" in {command.action for command in app.palette_commands()}
        assert app.check_action("packs", ()) is False
        await app.push_screen(ChangesScreen(plain("a"), lambda _, __: ()))
        assert app.check_action("packs", ()) is True
