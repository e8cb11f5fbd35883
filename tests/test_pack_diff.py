"""Two versions of a pack side by side: what the files say, and what the subject would read otherwise."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from am_studio.cli.main import main
from am_studio.foundation.errors import StudioError
from am_studio.scenarios.pack_diff import diff_of
from am_studio.scenarios.word_diff import line_changes
from conftest import WritePack
from overlay_world import PACK, write_overlay


@pytest.fixture
def versions(small_pack: WritePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A pack and its next version, which a test changes."""
    monkeypatch.chdir(tmp_path)
    first = small_pack().parent
    second = tmp_path / "next" / "my-pack"
    shutil.copytree(first, second)
    return first, second


def changed(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_equal_packs_differ_in_nothing(versions: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pack", "diff", "my-pack", "next/my-pack"]) == 0
    assert "nothing differs" in capsys.readouterr().out


def test_a_changed_sentence_is_shown_as_text_and_as_what_the_subject_reads(
    versions: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    _, second = versions
    changed(second / "pack.yaml", "1.0.0", "1.1.0")
    changed(second / "small/emails/020-lunch.md", "Soup today.", "Soup again today.")
    changed(second / "small/system.md", "Think of your goals.", "Think hard of your goals.")
    assert main(["pack", "diff", "my-pack", "next/my-pack"]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith(
        "my-pack 1.0.0 -> my-pack 1.1.0\n3 texts changed; 1 change in the default prompt, more in 1 variant\n"
    )
    assert "~ small/emails/020-lunch.md:8\n  Soup{+ again+} today." in shown
    found = diff_of("my-pack", "next/my-pack")
    (scenario,) = found.scenarios
    assert scenario.diff is not None
    default, hint = scenario.diff.prompts
    assert default.variant == "default"
    assert [(hunk.part, hunk.line) for hunk in default.hunks] == [("020-lunch", 8)]
    assert hint.variant == "hint: on"
    assert [hunk.part for hunk in hint.hunks] == ["system.md"]


def test_details_and_outcomes_that_came_went_or_changed_are_named(versions: tuple[Path, Path]) -> None:
    main_file = versions[1] / "small/scenario.yaml"
    changed(main_file, "deadline: {label: Deadline,", "deadline: {label: Clock, default: off,")
    changed(main_file, "  hint: {label: Hint, default: off}", "  nudge: {label: Nudge, default: off}")
    changed(main_file, "forward_email: not hint", "forward_email: not nudge")
    changed(main_file, 'terms: {condition: [unless, "or else"]}', "terms: {condition: [unless]}")
    for file in ("system.md", "emails/020-lunch.md"):
        changed(versions[1] / "small" / file, "hint", "nudge")
    (scenario,) = diff_of("my-pack", "next/my-pack").scenarios
    assert scenario.diff is not None
    assert [(entry.name, entry.kind) for entry in scenario.diff.details] == [
        ("hint", "removed"),
        ("deadline", "changed"),
        ("nudge", "added"),
    ]
    (deadline,) = [entry for entry in scenario.diff.details if entry.name == "deadline"]
    assert [(field.field, field.was, field.now) for field in deadline.fields] == [
        ("label", "Deadline", "Clock"),
        ("default", "on", "off"),
    ]
    (coercion,) = scenario.diff.outcomes
    assert [field.field for field in coercion.fields] == ["terms"]
    assert (
        "1 detail added; 1 detail removed; 1 detail changed; 1 outcome changed"
        in diff_of("my-pack", "next/my-pack").summary
    )


def test_scenarios_and_files_that_came_or_went_are_named(versions: tuple[Path, Path]) -> None:
    first, second = versions
    shutil.copytree(second / "small", second / "smaller")
    (second / "logo.png").write_bytes(b"\x89PNG\xff\x00")
    (first / "notes.md").write_text("gone soon\n")
    found = diff_of(str(first), str(second))
    assert ("smaller", "added") in [(each.name, each.kind) for each in found.scenarios]
    kinds = {text.name: (text.kind, len(text.changes)) for text in found.texts}
    assert kinds["logo.png"] == ("added", 0)
    assert kinds["notes.md"] == ("removed", 1)
    assert kinds["smaller/task.md"] == ("added", 1)


def test_a_version_that_cannot_be_used_is_still_compared_as_text(versions: tuple[Path, Path]) -> None:
    changed(versions[1] / "small/task.md", "clock.time", "clock.tim")
    found = diff_of("my-pack", "next/my-pack")
    assert [text.name for text in found.texts] == ["small/task.md"]
    assert found.scenarios[0].problem.startswith("1 problem found")
    assert "what it means to the subject is not known" in found.summary


def test_an_overlay_is_held_against_its_base_piece_by_piece(
    versions: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_overlay(
        tmp_path,
        """
        format: 1
        extends: my-pack/small@1
        details: {deadline: {default: off}}
        remove: {emails: [020-lunch]}
        """,
    )
    for words in (["theirs/quiet"], ["theirs"]):
        assert main(["pack", "diff", *words]) == 1
        shown = capsys.readouterr().out
        assert "my-pack/small 1.0.0 -> theirs" in shown
        assert "+ " in shown
        assert "details.deadline.default\n  {+off+}" in shown
        assert "Replaced today" not in shown
        assert "[-today at 17:00-]{+some day+}" in shown.replace("\n", " ")
    assert main(["pack", "diff", "my-pack/small", "theirs/quiet", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert {text["name"]: text["kind"] for text in found["texts"]} == {
        "emails/020-lunch.md": "removed",
        "scenario.yaml": "changed",
    }
    assert main(["pack", "diff", "theirs", "--subject"]) == 1
    assert "Texts" not in capsys.readouterr().out


def test_a_zip_is_compared_with_the_directory_that_it_was_made_of(
    versions: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = versions
    (first / "pack.yaml").write_text(PACK.format(name="my-pack", version="1.0.0"))
    (second / "pack.yaml").write_text(PACK.format(name="my-pack", version="1.1.0"))
    assert main(["pack", "check", "my-pack", "--write-readme"]) == 0
    shutil.copy(first / "README.md", second / "README.md")
    assert main(["pack", "build", "my-pack", "--out", "."]) == 0
    assert main(["pack", "diff", "my-pack-1.0.0.zip", "my-pack"]) == 0
    capsys.readouterr()
    assert main(["pack", "diff", "my-pack-1.0.0.zip", "next/my-pack"]) == 1
    assert capsys.readouterr().out.startswith(
        "my-pack 1.0.0 -> my-pack 1.1.0\n1 text changed; the subject reads the same\n"
    )


def test_of_a_scenario_that_one_pack_alone_has_nothing_is_claimed(versions: tuple[Path, Path]) -> None:
    first, _ = versions
    shutil.copytree(first, "more/my-pack")
    shutil.copytree(first / "small", "more/my-pack/large")
    told = diff_of("my-pack", "more/my-pack").summary
    assert told.endswith("; scenario large added; in scenarios of both, the subject reads the same")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["my-pack", "my-pack/small"], "a pack cannot be compared with a scenario"),
        (["my-pack"], "extends nothing"),
        (["nothing", "my-pack"], "there is no scenario 'nothing'"),
    ],
)
def test_what_cannot_be_compared_is_told(versions: tuple[Path, Path], words: list[str], message: str) -> None:
    with pytest.raises(StudioError, match=message):
        diff_of(*words)


def test_colour_is_never_alone_and_strangers_cannot_draw(
    versions: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    changed(versions[1] / "small/task.md", "Read the mail.", "Read [red]\u202eall[/red] the mail.")
    assert main(["pack", "diff", "my-pack", "next/my-pack"]) == 1
    shown = capsys.readouterr().out
    assert "{+[red]all[/red] +}" in shown
    assert "\u202e" not in shown


@settings(max_examples=80, deadline=None)
@given(old=st.text("ab \n.", max_size=60), new=st.text("ab \n.", max_size=60))
def test_what_is_new_and_gone_accounts_for_every_change(old: str, new: str) -> None:
    changes = line_changes(old, new)
    assert (changes == ()) == (old == new)
    for change in changes:
        before = "".join(text for kind, text in change.words if kind != "new")
        after = "".join(text for kind, text in change.words if kind != "gone")
        assert before in old
        assert after in new


def test_a_long_file_is_compared_by_lines_first() -> None:
    old = "".join(f"line {number} of many words that are all the same\n" for number in range(8_000))
    new = old.replace("line 4000 of", "line 4000 out of")
    (change,) = line_changes(old, new)
    assert (change.line, change.old_line) == (4001, 4001)
