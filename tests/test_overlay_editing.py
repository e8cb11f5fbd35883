"""An author edits an overlay as if it were a whole scenario; only what differs goes into the overlay's own files."""

from __future__ import annotations

from pathlib import Path

import pytest

from am_studio.foundation.errors import StudioError
from am_studio.scenarios import load_scenario, render
from am_studio.scenarios.documents import DiskConflict, ScenarioDocument
from am_studio.scenarios.edits import set_detail_field
from am_studio.scenarios.overlay_documents import OverlayDocument
from am_studio.scenarios.references import check_scenario
from am_studio.tui.author.screen import AuthorScreen
from conftest import SMALL_FILES, WritePack
from overlay_world import write_overlay
from test_tui_author import opened

OVERLAY = """
    # mine
    format: 1
    extends: my-pack/small@1
    details: {deadline: {default: off}}   # no hurry
    emails: {010-news: {subject: A word}}
    remove: {emails: [020-lunch]}
"""


@pytest.fixture
def overlay(small_pack: WritePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    small_pack()
    return write_overlay(tmp_path, OVERLAY)


def below(tmp_path: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in (tmp_path / "my-pack").rglob("*") if path.is_file()}


def saved(document: ScenarioDocument) -> str:
    document.save()
    assert document.dirty == ()
    assert not [p for p in check_scenario(document.directory) if p.severity == "error"]
    return (document.directory / "scenario.yaml").read_text()


def test_the_whole_scenario_is_shown_and_nothing_is_dirty(overlay: Path) -> None:
    document = ScenarioDocument.open(overlay)
    assert isinstance(document, OverlayDocument)
    assert set(document.texts) == set(SMALL_FILES) - {"emails/020-lunch.md"}
    assert "subject: A word" in document.texts["emails/010-news.md"]
    assert document.dirty == ()
    assert document.scenario is not None
    assert render(document.scenario).hash == render(load_scenario(overlay)).hash


def test_a_changed_text_becomes_a_file_of_the_overlay_and_the_base_stays(overlay: Path, tmp_path: Path) -> None:
    before = below(tmp_path)
    document = ScenarioDocument.open(overlay)
    news = document.texts["emails/010-news.md"].replace("Hello,", "Good morning,")
    document.edit(("emails/010-news.md", news), "greet")
    main = saved(document)
    assert (overlay / "emails/010-news.md").read_text() == news
    assert "010-news" not in main
    assert main.startswith("# mine\nformat: 1\n")
    assert "{deadline: {default: off}}   # no hurry" in main
    assert below(tmp_path) == before
    assert "Good morning," in "".join(m.text for m in render(load_scenario(overlay)).messages)
    assert "emails/010-news.md" in (overlay / "base.yaml").read_text()


def test_a_text_that_is_the_bases_again_is_said_no_more(overlay: Path, tmp_path: Path) -> None:
    document = ScenarioDocument.open(overlay)
    original = (tmp_path / "my-pack/small/emails/010-news.md").read_text()
    document.edit(("emails/010-news.md", original), "as it was")
    assert "emails: {010-news" not in saved(document)
    assert not (overlay / "emails/010-news.md").exists()


def test_emails_come_and_go(overlay: Path) -> None:
    document = ScenarioDocument.open(overlay)
    lunch = SMALL_FILES["emails/020-lunch.md"].replace("\n        ", "\n").lstrip("\n").rstrip(" ")
    texts = {
        **document.texts,
        "emails/020-lunch.md": lunch.replace("Soup", "Bread {{ when_text }}"),
        "emails/030-x.md": lunch,
    }
    del texts["emails/010-news.md"]
    document.edit(texts, "rearrange")
    main = saved(document)
    assert "remove: {emails: [010-news]}" in main
    assert "emails: {010-news:" not in main
    assert "Bread" in (overlay / "emails/020-lunch.md").read_text()
    assert (overlay / "emails/030-x.md").exists()
    texts = dict(document.texts)
    del texts["emails/030-x.md"]
    document.edit(texts, "drop")
    saved(document)
    assert not (overlay / "emails/030-x.md").exists()
    assert list(overlay.parent.rglob(".trash/*/**/030-x.md")) or list(overlay.parent.parent.rglob("030-x.md"))


def test_fields_of_scenario_yaml_are_said_one_by_one(overlay: Path) -> None:
    document = ScenarioDocument.open(overlay)
    texts = set_detail_field(document.texts, "hint", "label", "A hint")
    texts = set_detail_field(texts, "deadline", "default", "on")
    texts["scenario.yaml"] = texts["scenario.yaml"].replace("The small one", "The same one")
    document.edit(texts, "fields")
    main = saved(document)
    assert "hint: {label: A hint}" in main
    assert "title: The same one" in main
    assert "company" not in main
    scenario = load_scenario(overlay)
    assert scenario.details["hint"].label == "A hint"
    assert scenario.details["deadline"].default == "on"
    document.edit(
        {**document.texts, "scenario.yaml": document.texts["scenario.yaml"].replace("A hint", "Hint")}, "back"
    )
    assert "hint:" not in saved(document)


def test_what_an_overlay_cannot_say_is_refused_and_stays_in_the_editor(overlay: Path) -> None:
    document = ScenarioDocument.open(overlay)
    before = {path: path.read_bytes() for path in overlay.rglob("*") if path.is_file()}
    texts = dict(document.texts)
    texts["scenario.yaml"] = texts["scenario.yaml"].replace(
        "    gate: {action: send_email, to: cast.cto}\n", "    looks_at: all\n"
    )
    document.edit(texts, "no gate")
    with pytest.raises(StudioError, match="cannot be said in an overlay"):
        document.save()
    texts["scenario.yaml"] = "format: 1\ntitle: [\n"
    document.edit(texts, "broken")
    with pytest.raises(StudioError):
        document.save()
    assert document.dirty == ("scenario.yaml",)
    assert {path: path.read_bytes() for path in overlay.rglob("*") if path.is_file()} == before


def test_a_base_that_changed_meanwhile_is_not_written_over(overlay: Path, tmp_path: Path) -> None:
    document = ScenarioDocument.open(overlay)
    document.edit(("task.md", "Read.\n"), "shorter")
    system = tmp_path / "my-pack/small/system.md"
    system.write_text(system.read_text() + "More.\n")
    with pytest.raises(StudioError, match="scenario below was changed"):
        document.save()
    assert not (overlay / "task.md").exists()


def test_the_overlays_own_files_are_watched(overlay: Path) -> None:
    document = ScenarioDocument.open(overlay)
    document.edit(("task.md", "Read.\n"), "shorter")
    main = overlay / "scenario.yaml"
    main.write_text(main.read_text().replace("A word", "Words"))
    with pytest.raises(DiskConflict, match="1 file changed on disk meanwhile"):
        document.save()
    document.reload(keep_mine=True)
    assert "subject: Words" in document.texts["emails/010-news.md"]
    assert document.texts["task.md"] == "Read.\n"
    saved(document)
    assert (overlay / "task.md").read_text() == "Read.\n"


def test_an_overlay_without_its_base_is_refused_in_words(overlay: Path, tmp_path: Path) -> None:
    (tmp_path / "my-pack").rename(tmp_path / "elsewhere")
    with pytest.raises(StudioError, match="problem found") as refused:
        ScenarioDocument.open(overlay)
    assert "install the pack 'my-pack'" in str(refused.value)


@pytest.mark.asyncio
async def test_the_studio_opens_edits_and_saves_an_overlay(overlay: Path, tmp_path: Path) -> None:
    before = below(tmp_path)
    async with opened(overlay) as author:
        assert "Subject: A word" in author.preview
        assert isinstance(author.screen, AuthorScreen)
        author.screen.change(("task.md", "It is {{ clock.time }}. Go on.\n"), "task")
        await author.press("f2")
        await author.until(lambda: author.screen.unsaved() == ())
        assert "Go on." in author.preview
    assert (overlay / "task.md").read_text().endswith("Go on.\n")
    assert below(tmp_path) == before
