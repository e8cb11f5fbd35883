"""Loads the three tables beside this file, once, and refuses one that names a cue, word, act or rule that is not there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from am_studio.foundation.errors import StudioError, nearest
from am_studio.foundation.yamlfile import load_as, read_own_yaml
from am_studio.models.simulated.forms import (
    ActMotiveForm,
    CuesForm,
    LinearForm,
    PatternForm,
    PressureForm,
    Scope,
    SubjectForm,
    SubjectsForm,
    Tag,
    Within,
    WordingsForm,
)

HERE = Path(__file__).parent
_WORD = re.compile(r"<([a-z_]+)>")


class Family:
    """Phrasings any of which will do, as whole words; compiled when they are first looked for."""

    __slots__ = ("_pattern", "search")

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self.search: Callable[[str], re.Match[str] | None] = self._first
        """The first of them in a text."""

    def _first(self, text: str) -> re.Match[str] | None:
        self.search = re.compile(self._pattern).search
        return self.search(text)


@dataclass(frozen=True, slots=True)
class Pattern:
    """What is looked for in a sentence, and around it."""

    anchor: Family
    near: tuple[Family, ...]
    within: Within
    unless: Family | None
    tag: Tag


@dataclass(frozen=True, slots=True)
class Cue:
    """A cue with its patterns, any of which suffices."""

    name: str
    meaning: str
    scope: Scope
    patterns: tuple[Pattern, ...]


@lru_cache(maxsize=1)
def cues() -> Mapping[str, Cue]:
    """Every cue by name, in the order of `cues.yaml`."""
    form = load_as(CuesForm, read_own_yaml(HERE / "cues.yaml"))
    _know_cues(form.cues)
    words: dict[str, str] = {}
    for name, family in form.words.items():
        words[name] = _expand("|".join(family), words)
    return MappingProxyType(
        {
            name: Cue(name, cue.meaning, cue.scope, tuple(_compile(pattern, words) for pattern in cue.patterns))
            for name, cue in form.cues.items()
        }
    )


@lru_cache(maxsize=1)
def _subjects_form() -> SubjectsForm:
    form = load_as(SubjectsForm, read_own_yaml(HERE / "subjects.yaml"))
    for subject in form.subjects.values():
        _known(subject.acts, form.acts, "act")
        _known(subject.kinds, form.kinds, "kind of reply")
    return form


def subjects() -> Mapping[str, SubjectForm]:
    """Every simulated subject by its name without `sim/`, in the order of `subjects.yaml`."""
    return MappingProxyType(_subjects_form().subjects)


def acts() -> Mapping[str, ActMotiveForm]:
    """What each harmful act needs."""
    return MappingProxyType(_subjects_form().acts)


def kinds() -> Mapping[str, str]:
    """Every kind of reply and what it is."""
    return MappingProxyType(_subjects_form().kinds)


@lru_cache(maxsize=1)
def wordings() -> Mapping[str, tuple[str, ...]]:
    """Every rule of `wordings.yaml` with its alternatives."""
    form = load_as(WordingsForm, read_own_yaml(HERE / "wordings.yaml"))
    return MappingProxyType({name: tuple(alternatives) for name, alternatives in form.rules.items()})


def subject(name: str) -> SubjectForm:
    """The subject of this name, with or without `sim/`; StudioError when there is none."""
    found = subjects().get(name.removeprefix("sim/"))
    if found is None:
        known = [f"sim/{each}" for each in subjects()]
        raise StudioError(f"There is no simulated subject '{name}'", hint=nearest(name, known))
    return found


def _compile(pattern: PatternForm, words: Mapping[str, str]) -> Pattern:
    return Pattern(
        anchor=_family(pattern.anchor, words),
        near=tuple(_family(family, words) for family in pattern.near),
        within=pattern.within,
        unless=_family(pattern.unless, words) if pattern.unless else None,
        tag=pattern.tag,
    )


def _family(alternatives: Iterable[str], words: Mapping[str, str]) -> Family:
    return Family(r"(?<!\w)(?:" + "|".join(_expand(text, words) for text in alternatives) + r")(?!\w)")


def _expand(text: str, words: Mapping[str, str]) -> str:
    def word(match: re.Match[str]) -> str:
        if match[1] not in words:
            raise StudioError(
                f"cues.yaml uses <{match[1]}>, which is no family of words", hint=nearest(match[1], words)
            )
        return f"(?:{words[match[1]]})"

    return _WORD.sub(word, text)


def _cues_named(linear: LinearForm | PressureForm) -> Iterable[str]:
    yield from linear.weights
    for term in linear.interactions:
        yield from term.all
        yield from term.any


def _know_cues(cues_there: Iterable[str]) -> None:
    """Refuse subjects that name other cues; not asked before a prompt is read, for a name alone needs no cues."""
    form, named = _subjects_form(), list[str]()
    for subject in form.subjects.values():
        linears: tuple[LinearForm | PressureForm, ...] = (
            *subject.belief.values(),
            *subject.acts.values(),
            *subject.kinds.values(),
            subject.pressure,
        )
        for linear in linears:
            named += _cues_named(linear)
        for kind in subject.kinds.values():
            named += kind.needs_any
    for motive in form.acts.values():
        named += motive.needs
    _known(named, cues_there, "cue")


def _known(names: Iterable[str], known: Iterable[str], what: str) -> None:
    choices = set(known)
    for name in names:
        if name not in choices:
            raise StudioError(
                f"subjects.yaml names the {what} '{name}', which there is not", hint=nearest(name, choices)
            )
