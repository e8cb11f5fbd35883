"""A scenario being edited: its texts in memory, their history, and how they get back to the disk.

Every change is an edit that can be undone; what a scenario means is worked out when it is asked for. Saving writes only
files that changed, whole or not at all, keeps the bytes of lines that did not, moves deleted emails to a trash, and writes
nothing over a file that somebody else has changed meanwhile.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from am_studio.foundation.errors import Problem, StudioError
from am_studio.foundation.files import MEGABYTE, write_atomic
from am_studio.foundation.locations import came_with_program
from am_studio.scenarios.checking import check_draft
from am_studio.scenarios.evaluation import World
from am_studio.scenarios.line_ends import ending_of, with_line_ends
from am_studio.scenarios.loading import MAIN_FILES, Draft, draft_of, read_texts
from am_studio.scenarios.overlay_base import extends_of
from am_studio.scenarios.references import reference_of
from am_studio.scenarios.rendering import Renderer
from am_studio.scenarios.scenario import Scenario
from am_studio.scenarios.trash import move_to_trash

MERGE_SECONDS = 1.0
"""Edits with the same merge key that follow each other within this time are one step of undo."""

_FILE = re.compile(r"emails/[^./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]*\.md")


class DiskConflict(StudioError):
    """Files were changed on disk since they were loaded; nothing was written."""

    def __init__(self, files: tuple[str, ...]) -> None:
        self.files = files
        super().__init__(
            f"{len(files)} file{'s' if len(files) != 1 else ''} changed on disk meanwhile",
            ", ".join(files),
            "take theirs, or keep yours",
        )


@dataclass(frozen=True, slots=True)
class _Version:
    """The texts after an edit."""

    texts: Mapping[str, str]
    label: str


class ScenarioDocument:
    """The files of one scenario's directory, open for editing."""

    def __init__(self, directory: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.directory = directory.resolve()
        self._reference = reference_of(self.directory)
        self._clock = clock
        self._raw = _read_raw(self.directory)
        saved, self._unreadable = self._read()
        self._saved: dict[str, str] = saved
        self._history = [_Version(MappingProxyType(dict(saved)), "open")]
        self._position = 0
        self._merging: tuple[str, float] | None = None
        self._draft: tuple[Mapping[str, str], Draft] | None = None
        self._problems: tuple[Draft, tuple[Problem, ...]] | None = None
        self._scenario: tuple[Mapping[str, str], Scenario] | None = None

    @classmethod
    def open(cls, directory: Path, clock: Callable[[], float] = time.monotonic) -> ScenarioDocument:
        """The scenario in this directory, with whatever problems it has; StudioError when there is none."""
        if not (directory / "scenario.yaml").is_file():
            raise StudioError(f"there is no scenario in {directory}", hint="a scenario has a scenario.yaml")
        if extends_of(directory):
            # Overlays build on what is here, and their forms take a while to build.
            from am_studio.scenarios.overlay_documents import OverlayDocument

            return OverlayDocument(directory, clock)
        return cls(directory, clock)

    def _read(self) -> tuple[dict[str, str], list[Problem]]:
        """The texts to be edited by their names, and what could not be read."""
        return read_texts(self.directory)

    @property
    def other_problems(self) -> tuple[Problem, ...]:
        """What is wrong with the scenario that no text of it shows; looked at when it is loaded and saved."""
        return ()

    # What it says. ---------------------------------------------------------------------------------------------------

    @property
    def texts(self) -> Mapping[str, str]:
        """The current text of every file by its name, which is relative to the directory."""
        return self._history[self._position].texts

    @property
    def draft(self) -> Draft:
        """The scenario of the current texts, as far as it can be understood; quick, for nothing is checked."""
        if self._draft is None or self._draft[0] is not self.texts:
            self._draft = self.texts, draft_of(self.texts, self.directory)
        return self._draft[1]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem of the current texts, errors and warnings, in the order of the files; checked when asked for."""
        draft = self.draft
        if self._problems is None or self._problems[0] is not draft:
            unreadable = {problem.place.file for problem in self._unreadable} - self.texts.keys()
            found = [problem for problem in check_draft(draft) if problem.place.file not in unreadable]
            found += [problem for problem in self._unreadable if problem.place.file in unreadable]
            found += self.other_problems
            self._problems = draft, tuple(sorted(found))
        return self._problems[1]

    @property
    def scenario(self) -> Scenario | None:
        """The scenario of the current texts when they have no error, else the last one that had none (see `stale`)."""
        sound = not any(problem.severity == "error" for problem in self.problems)
        texts, parts, front = self.texts, self.draft.parts, self.draft.front
        if sound and parts and front and (self._scenario is None or self._scenario[0] is not texts):
            world = World(parts)
            made = Scenario(self._reference, self.directory, self.draft.hash, front, world, Renderer(world))
            self._scenario = texts, made
        return self._scenario[1] if self._scenario else None

    @property
    def stale(self) -> bool:
        """Whether `scenario` is of earlier texts, because the current ones have errors."""
        return self.scenario is None or self._scenario is None or self._scenario[0] is not self.texts

    # Editing. --------------------------------------------------------------------------------------------------------

    def edit(self, change: Mapping[str, str] | tuple[str, str], label: str, *, merge_key: str | None = None) -> None:
        """Make these the current texts (or this the text of one file), as one step of undo called `label`.

        An edit with the same `merge_key` as the one before it, within a second and with no `boundary` between, becomes
        part of that step. Raises StudioError for a file name that a scenario cannot have.
        """
        texts = {**self.texts, change[0]: change[1]} if isinstance(change, tuple) else dict(change)
        for name, text in texts.items():
            if name not in self.texts and name not in MAIN_FILES and not _FILE.fullmatch(name):
                raise StudioError(f"a scenario cannot have a file '{name}'", hint="emails are named emails/name.md")
            if "\r" in text:
                texts[name] = text.replace("\r\n", "\n").replace("\r", "\n")
        now = self._clock()
        if texts != self.texts:
            self._keep(_Version(MappingProxyType(texts), label), merge_key, now)
        self._merging = None if merge_key is None else (merge_key, now)

    def _keep(self, version: _Version, merge_key: str | None, now: float) -> None:
        key, last = self._merging or (None, now)
        if merge_key is None or key != merge_key or now - last > MERGE_SECONDS:
            self._position += 1
        self._history[self._position :] = [version]

    def boundary(self) -> None:
        """End the current step of undo: the next edit begins a new one."""
        self._merging = None

    def undo(self) -> str | None:
        """Go back one step; the label of what was undone, or None at the beginning."""
        self.boundary()
        if not self._position:
            return None
        self._position -= 1
        return self._history[self._position + 1].label

    def redo(self) -> str | None:
        """Go forward one step; the label of what was done again, or None at the end."""
        self.boundary()
        if self._position + 1 == len(self._history):
            return None
        self._position += 1
        return self._history[self._position].label

    @property
    def undo_label(self) -> str | None:
        """What `undo` would take back."""
        return self._history[self._position].label if self._position else None

    @property
    def redo_label(self) -> str | None:
        """What `redo` would do again."""
        return self._history[self._position + 1].label if self._position + 1 < len(self._history) else None

    # The disk. -------------------------------------------------------------------------------------------------------

    @property
    def dirty(self) -> tuple[str, ...]:
        """Files whose text is not the one last loaded or saved, those added and deleted included."""
        names = self.texts.keys() | self._saved.keys()
        return tuple(sorted(name for name in names if self.texts.get(name) != self._saved.get(name)))

    def changed_on_disk(self) -> tuple[str, ...]:
        """Files that somebody else has changed, added or deleted since they were loaded or saved."""
        raw = _read_raw(self.directory)
        return tuple(sorted(name for name in raw.keys() | self._raw.keys() if raw.get(name) != self._raw.get(name)))

    def save(self) -> tuple[str, ...]:
        """Write what changed and give the files' names; deleted emails go to the trash beside the scenario.

        Raises DiskConflict, with nothing written, when any file was changed on disk since it was loaded; StudioError when
        a file cannot be written (it is then as it was, and still dirty), or when the scenario came with the program.
        """
        if came_with_program(self.directory):
            raise StudioError(
                f"{self.directory.name} came with the program and stays as it is",
                hint="clone it in the library, into a pack of your own",
            )
        self.boundary()
        dirty = self.dirty
        unread = {name for name in dirty if name in self._raw and name not in self._saved}
        conflicts = {*self.changed_on_disk(), *unread}
        if conflicts:
            raise DiskConflict(tuple(sorted(conflicts)))
        if dirty:
            self._put(dirty)
        return dirty

    def _put(self, dirty: tuple[str, ...]) -> None:
        """Bring the disk up to the current texts of these files."""
        for name, data in self._encoded({name: self.texts[name] for name in dirty if name in self.texts}).items():
            self._write(name, data)
            self._saved[name] = self.texts[name]
        deleted = [name for name in dirty if name not in self.texts]
        self._trash(deleted)
        for name in deleted:
            del self._saved[name]

    def _encoded(self, texts: Mapping[str, str]) -> dict[str, bytes]:
        """The bytes of these files; StudioError when one cannot be saved, before any is written."""
        ending = ending_of(self._raw.get("scenario.yaml", b""))
        return {name: with_line_ends(text, name, self._raw.get(name), ending) for name, text in texts.items()}

    def _write(self, name: str, content: bytes) -> None:
        path = self.directory / name
        try:
            path.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise StudioError(f"{path} cannot be written", error.strerror or str(error)) from error
        write_atomic(path, content)
        self._raw[name] = content

    def _trash(self, names: Sequence[str]) -> None:
        if names:
            move_to_trash([self.directory / name for name in names], self.directory, self.directory.parent)
        for name in names:
            del self._raw[name]

    def reload(self, keep_mine: bool) -> None:
        """Take up what is on disk now, as one step of undo; with `keep_mine`, files that are dirty here stay as they are."""
        mine = {name: self.texts.get(name) for name in self.dirty} if keep_mine else {}
        self._raw = _read_raw(self.directory)
        self._saved, self._unreadable = self._read()
        together: dict[str, str | None] = {**self._saved, **mine}
        self.boundary()
        self.edit({name: text for name, text in together.items() if text is not None}, "reload from disk")
        self._problems = None


def _read_raw(directory: Path) -> dict[str, bytes]:
    """The bytes of a scenario's files, each up to one more than may be read."""
    raw = {}
    for path in (*(directory / name for name in MAIN_FILES), *directory.glob("emails/*.md")):
        try:
            with path.open("rb") as file:
                raw[path.relative_to(directory).as_posix()] = file.read(MEGABYTE + 1)
        except OSError:
            continue
    return raw
