"""A study file being edited: its text, what it comes to, undo and redo, saving.

The text is the document; every change is a change of text that leaves other lines as they are, so comments, order and line
ends stay. It launches nothing and knows no screen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from am_studio.foundation.errors import FileProblems, Problem, StudioError
from am_studio.foundation.files import read_text, write_atomic
from am_studio.foundation.locations import library_roots
from am_studio.foundation.yamlfile import parse_yaml
from am_studio.models.registry import simulated_names
from am_studio.runs.plan import Plan
from am_studio.runs.study_assessment import Assessment, FieldPath, assess, named_scenario
from am_studio.runs.study_text import changed, fitted, moved, new_text, path_from, with_design
from am_studio.scenarios.documents import DiskConflict
from am_studio.scenarios.line_ends import with_line_ends
from am_studio.scenarios.references import find_scenario
from am_studio.scenarios.yaml_edits import set_value


class StudyDocument:
    """A study file open for editing."""

    def __init__(self, text: str, path: Path, loaded: bytes | None) -> None:
        self.text = text
        """As it stands, with LF at the ends of lines."""
        self.path = path
        """Where it lies, or will lie when it is saved."""
        self._loaded = loaded
        """The file's bytes as last read or written; None: it has never been saved."""
        self._saved = text
        self._past: list[tuple[str, str]] = []
        """(text before, what was done to it)."""
        self._future: list[tuple[str, str]] = []
        """(text after, what was done to get it)."""
        self._merging: object = None
        self._assessed: Assessment | None = None

    @classmethod
    def open(cls, path: Path) -> Self:
        """The study in this file; StudioError when it cannot be read as text. Mistakes in it are `problems`."""
        path = path.absolute()
        text = read_text(path)
        return cls(text, path, path.read_bytes())

    @classmethod
    def new(cls, scenario: str, directory: Path | None = None) -> Self:
        """A new study of a scenario, by reference or path, to be saved in `directory` (default: `ablations/` here).

        It asks what each detail that is on does on average, by random subsets (a single one is left out), on a simulated
        subject, for the first harmful outcome.
        StudioError when there is no such scenario; when it cannot be used the study says so in its problems.
        """
        directory = (directory or Path.cwd() / "ablations").absolute()
        found = find_scenario(scenario)
        name = _free_name(_slug(found.resolve().name), directory)
        simulated = simulated_names()
        model = "sim/strategist" if "sim/strategist" in simulated else simulated[0]
        text = new_text(name, _reference(found, directory), model)
        path = directory / f"{name}.yaml"
        loaded = named_scenario(text, path)
        if loaded is not None:
            text = fitted(text, loaded, every_detail=True)
            if len(parse_yaml(text, name).at("design", "details").plain()) == 1:
                text = with_design(text, "leave-one-out")
        return cls(text, path, None)

    # What it is. -----------------------------------------------------------------------------------------------------

    @property
    def values(self) -> Mapping[str, Any]:
        """The text as nested dicts, lists and strings; empty when it is not YAML or no mapping."""
        try:
            plain = parse_yaml(self.text, str(self.path)).plain()
        except FileProblems:
            return {}
        return plain if isinstance(plain, dict) else {}

    @property
    def assessment(self) -> Assessment:
        """What the text comes to, worked out when it has not been."""
        if self._assessed is None or self._assessed.text != self.text:
            self._assessed = assess(self.text, self.path)
        return self._assessed

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with it."""
        return self.assessment.problems

    @property
    def plan(self) -> Plan | None:
        """What it would do; None while there are problems."""
        return self.assessment.plan

    @property
    def is_new(self) -> bool:
        """Whether it has never been saved."""
        return self._loaded is None

    @property
    def dirty(self) -> bool:
        """Whether it has changes that are not saved."""
        return self.text != self._saved

    # Changing it. ----------------------------------------------------------------------------------------------------

    def edit(self, text: str, label: str, *, merge_key: object = None) -> None:
        """Another text. Edits in a row with the same `merge_key` are undone together."""
        if text == self.text:
            return
        if merge_key is None or merge_key != self._merging or not self._past:
            self._past.append((self.text, label))
        self._future.clear()
        self._merging = merge_key
        self.text = text

    def boundary(self) -> None:
        """What comes next is not merged with what came before."""
        self._merging = None

    def set(self, path: FieldPath, value: Any, *, merge: bool = False) -> None:
        """Set a field, None removes it; with `merge` several in a row to the same field are undone as one.

        StudioError when that cannot be written; nothing is changed then.
        """
        self.edit(changed(self.text, path, value), f"change {_told(path)}", merge_key=path if merge else None)

    def choose_design(self, kind: str) -> None:
        """Use another design; of settings and trials what it does not know goes."""
        self.edit(with_design(self.text, kind), f"use the design {kind}")

    def choose_scenario(self, scenario: str) -> None:
        """Ask it of another scenario; what names details and outcomes of the old one is fitted to the new one."""
        self.edit(self.text_for_scenario(scenario), f"use the scenario {scenario}")

    def text_for_scenario(self, scenario: str) -> str:
        """The text that `choose_scenario` makes; slow where the scenario has not been loaded yet."""
        text = set_value(self.text, ("scenario",), scenario)
        loaded = named_scenario(text, self.path)
        return text if loaded is None else fitted(text, loaded)

    def undo(self) -> str | None:
        """Take the last change back; says what it was, None when there is none."""
        return self._step(self._past, self._future)

    def redo(self) -> str | None:
        """Do again what was undone last; says what it was, None when there is nothing."""
        return self._step(self._future, self._past)

    def _step(self, source: list[tuple[str, str]], target: list[tuple[str, str]]) -> str | None:
        self._merging = None
        if not source:
            return None
        text, label = source.pop()
        target.append((self.text, label))
        self.text = text
        return label

    # Saving it. ------------------------------------------------------------------------------------------------------

    def changed_on_disk(self) -> bool:
        """Whether the file is not as it was when it was last read or written here."""
        return self.on_disk() != self._loaded

    def on_disk(self) -> bytes | None:
        """What the file holds now; None when it cannot be read."""
        try:
            return self.path.read_bytes()
        except OSError:
            return None

    def save(self, *, overwrite: bool = False) -> None:
        """Write the file; lines that did not change keep their bytes.

        Raises DiskConflict when the file is not as it was loaded (unless `overwrite`), StudioError when it cannot be
        written; nothing is written then.
        """
        if not overwrite and self.changed_on_disk():
            raise DiskConflict((self.path.name,))
        self._write(self.path, self.text)

    def save_as(self, path: Path) -> None:
        """Write it as a new file, which is edited from then on; a path to the scenario is led from there.

        Raises DiskConflict when there is such a file, StudioError when it cannot be written; nothing changes then.
        """
        path = path.absolute()
        if path == self.path:
            self.save()
            return
        if path.exists():
            raise DiskConflict((path.name,))
        text = moved(self.text, self.path.parent, path.parent)
        self._write(path, text)
        self.edit(text, "save as another file")
        self.path = path

    def _write(self, path: Path, text: str) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StudioError(f"{path.parent} cannot be made", error.strerror or str(error)) from error
        data = with_line_ends(text, path.name, self._loaded, "\n")
        write_atomic(path, data)
        self._loaded, self._saved = data, text

    def reload(self) -> None:
        """Take the file's text in place of one's own, which can be undone; StudioError when it cannot be read."""
        text = read_text(self.path)
        self._loaded = self.on_disk()
        self._saved = text
        self.edit(text, "load the file anew")


def _told(path: FieldPath) -> str:
    return " ".join(str(step).replace("_", " ") for step in path if isinstance(step, str))


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "study"


def _free_name(name: str, directory: Path) -> str:
    number, free = 1, name
    while (directory / f"{free}.yaml").exists():
        number += 1
        free = f"{name}-{number}"
    return free


def _reference(found: Path, directory: Path) -> str:
    """How a study in this directory calls a scenario: by its reference in the library, else by a path from itself."""
    place = found.resolve()
    for root in library_roots():
        if place.is_relative_to(root):
            return place.relative_to(root).as_posix()
    return path_from(directory, place)
