"""Overlays: a scenario that is another one with a few emails, details or texts changed.

Resolved when it is loaded, so that all that follows sees an ordinary scenario; a base that has changed under what the
overlay replaces is a conflict, told and never passed over. A base is found as `overlay_base.py` says; it is only read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from am_studio.foundation.errors import FileProblems, Place, Problem, StudioError
from am_studio.foundation.files import write_atomic
from am_studio.foundation.locations import came_with_program
from am_studio.foundation.yamlfile import load_as, parse_yaml
from am_studio.scenarios.loading import read_texts
from am_studio.scenarios.origins import Line, Origins, Text
from am_studio.scenarios.overlay_base import MOST_LAYERS, Base, bases_of, extends_in, find_base
from am_studio.scenarios.overlay_forms import BaseRecordForm, OverlayForm
from am_studio.scenarios.overlay_pieces import (
    RECORD,
    Conflict,
    Layer,
    Piece,
    conflicts_of,
    read_record,
    record_text,
    unrecorded,
)
from am_studio.scenarios.overlay_prose import merged_prose
from am_studio.scenarios.overlay_yaml import merged_main

MAIN = "scenario.yaml"


@dataclass(frozen=True)
class Resolved:
    """An overlay laid over its base."""

    texts: Mapping[str, str]
    """Of an ordinary scenario, by file; without scenario.yaml when they could not be put together."""
    origins: Origins
    problems: tuple[Problem, ...] = ()
    """What is wrong with the overlay itself, with the places where it says so."""
    base: Base | None = None
    base_texts: Mapping[str, str] = field(default_factory=dict)
    """The texts of the scenario below, as the overlay found them."""
    pieces: tuple[Piece, ...] = ()
    """What the overlay replaces, in the order in which it says so."""
    conflicts: tuple[Conflict, ...] = ()
    """The pieces that the base has changed since they were recorded."""

    @property
    def usable(self) -> bool:
        """Whether the two could be put together."""
        return MAIN in self.texts


def resolve(directory: Path, texts: Mapping[str, str]) -> Resolved:
    """The scenario that the overlay in this directory makes; `texts` are its own files. Never raises for what they say."""
    stack = _Stack((directory.resolve(),))
    made = _resolved(directory, texts, "", stack)
    return replace(made, problems=tuple(dict.fromkeys(made.problems)))


def is_overlay(texts: Mapping[str, str]) -> bool:
    """Whether a scenario of these files extends another one."""
    return bool(extends_in(texts.get(MAIN, "")))


def files_of(directory: Path) -> Iterator[Path]:
    """Every file on which the scenario in this directory depends, those of its bases included."""
    yield from _own_files(directory)
    for base in bases_of(directory):
        yield from _own_files(base.directory)
        yield base.directory.parent / "pack.yaml"


def _own_files(directory: Path) -> Iterator[Path]:
    yield from (*directory.glob("*.yaml"), *directory.glob("*.md"), *directory.glob("emails/*.md"))


def record_base(directory: Path) -> tuple[Piece, ...]:
    """Write down what the overlay in this directory replaces, as the base has it now; the pieces that are recorded.

    Raises StudioError when the directory holds no overlay, when it came with the program, or when the overlay names what
    its base has not: FileProblems with each.
    """
    texts, problems = read_texts(directory)
    if not is_overlay(texts):
        raise StudioError(
            f"{directory.name} extends no other scenario", hint="an overlay's scenario.yaml says 'extends'"
        )
    if came_with_program(directory):
        raise StudioError(f"{directory.name} came with the program and stays as it is")
    made = resolve(directory, texts)
    told = {conflict.problem for conflict in made.conflicts}
    wrong = [*problems, *(each for each in made.problems if each.severity == "error" and each not in told)]
    if wrong or made.base is None:
        raise FileProblems(wrong)
    write_atomic(directory / RECORD, record_text(made.pieces, made.base, extends_in(texts[MAIN])).encode())
    return made.pieces


@dataclass(frozen=True, slots=True)
class _Stack:
    """The scenarios that are being laid over each other, the uppermost first."""

    directories: tuple[Path, ...]

    def below(self, base: Base, extends: str, place: Place) -> _Stack:
        """With one more below; FileProblems for a circle or too many."""
        if base.directory in self.directories:
            names = " -> ".join(path.name for path in (*self.directories, base.directory))
            raise FileProblems([Problem(place, f"'{extends}' leads back to itself", names)])
        if len(self.directories) > MOST_LAYERS:
            hint = "extend the scenario at the bottom instead"
            raise FileProblems([Problem(place, f"more than {MOST_LAYERS} overlays on top of each other", hint)])
        return _Stack((*self.directories, base.directory))


def _resolved(directory: Path, texts: Mapping[str, str], name: str, stack: _Stack) -> Resolved:
    place = Place(f"{name}{MAIN}")
    try:
        node = parse_yaml(texts[MAIN], f"{name}{MAIN}")
        form = load_as(OverlayForm, node)
        place = node.at("extends").place
        base = find_base(form.extends, directory)
        below = _below(base, stack.below(base, form.extends, place))
        layer = Layer(node, form, texts, base, name)
        return _laid(layer, below, directory)
    except FileProblems as error:
        return _unusable(texts, name, error.problems)
    except StudioError as error:
        return _unusable(texts, name, [Problem(place, error.title, error.hint or error.detail)])


def _below(base: Base, stack: _Stack) -> Resolved:
    """The scenario that is extended, itself resolved; FileProblems when it cannot be read."""
    name = f"{base.reference}/"
    texts, problems = read_texts(base.directory)
    told = tuple(replace(each, place=replace(each.place, file=f"{name}{each.place.file}")) for each in problems)
    if is_overlay(texts):
        made = _resolved(base.directory, texts, name, stack)
        if not made.usable:
            raise FileProblems(made.problems)
        return replace(made, problems=(*told, *made.problems))
    files = {file: Text.of_file(text, f"{name}{file}").lines for file, text in texts.items()}
    return Resolved(texts, Origins(files), told)


def _laid(layer: Layer, below: Resolved, directory: Path) -> Resolved:
    base = {file: Text(text, tuple(below.origins.files[file])) for file, text in below.texts.items()}
    texts = merged_prose(layer, base)
    main = merged_main(layer, base[MAIN])
    if main is not None:
        texts[MAIN] = main
    record, problems = _record(directory, layer)
    if record is not None and record.extends.partition("@")[0] != layer.base.reference:
        record = None
    conflicts = tuple(conflicts_of(layer, record, base))
    problems += [*layer.problems, *(conflict.problem for conflict in conflicts)]
    if not layer.problems:
        problems += unrecorded(layer, record)
    return Resolved(
        {file: text.text for file, text in sorted(texts.items(), key=_order)},
        Origins(
            {file: text.lines for file, text in texts.items()},
            {layer.base.reference: layer.base.directory, **below.origins.bases},
        ),
        (*below.problems, *problems),
        layer.base,
        below.texts,
        tuple(layer.pieces),
        conflicts,
    )


def _record(directory: Path, layer: Layer) -> tuple[BaseRecordForm | None, list[Problem]]:
    try:
        return read_record(directory), []
    except FileProblems as error:
        return None, [replace(each, place=replace(each.place, file=f"{layer.name}{RECORD}")) for each in error.problems]
    except StudioError as error:
        return None, [Problem(Place(f"{layer.name}{RECORD}"), error.title, error.hint)]


def _order(item: tuple[str, Text]) -> tuple[bool, str]:
    return item[0].startswith("emails/"), item[0]


def _unusable(texts: Mapping[str, str], name: str, problems: list[Problem] | tuple[Problem, ...]) -> Resolved:
    own = {file: text for file, text in texts.items() if file != MAIN}
    files = {
        file: tuple(Line(f"{name}{file}", n) for n in range(1, text.count("\n") + 2)) for file, text in own.items()
    }
    return Resolved(own, Origins(files), tuple(problems))
