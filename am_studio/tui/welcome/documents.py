"""What can be open in the studio, with the place in it, as plain records that can be kept and read back. Opens nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

_LONGEST = 4096
"""Characters of one remembered word: the longest path that systems take."""
_MOST = 400
"""Parts of a filter, or details with another level than their own."""


@dataclass(frozen=True, slots=True)
class OpenScenario:
    """A scenario in the author."""

    place: str
    """Its directory."""
    file: str = ""
    """The text that was chosen."""
    line: int = 1
    column: int = 1
    pane: str = ""
    """The pane with the focus: inbox, editor, details or preview."""
    choices: Mapping[str, str] = field(default_factory=dict)
    """The levels that were chosen, by detail."""


@dataclass(frozen=True, slots=True)
class OpenStudy:
    """A study in its form."""

    place: str
    """Its file."""


@dataclass(frozen=True, slots=True)
class OpenBoard:
    """A run on its board."""

    place: str
    """Its file."""


@dataclass(frozen=True, slots=True)
class OpenResults:
    """What a run found."""

    place: str
    """The run's file."""
    outcome: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class OpenTranscripts:
    """The transcripts of a run."""

    place: str
    """The run's file."""
    filter: Mapping[str, str] = field(default_factory=dict)
    """What each part of the filter says."""
    needle: str = ""
    """The words that were searched for."""
    trial: int = -1
    """The trial that was read; -1: none."""


@dataclass(frozen=True, slots=True)
class OpenReport:
    """A report of runs, or a comparison of them with the first."""

    place: str
    """The first run's file."""
    others: tuple[str, ...] = ()
    """The other runs' files."""
    comparison: bool = False
    outcome: str = ""
    part: str = ""
    """The title of the part that was read."""


Document = OpenScenario | OpenStudy | OpenBoard | OpenResults | OpenTranscripts | OpenReport
_KINDS: Mapping[str, type[Document]] = {
    "scenario": OpenScenario,
    "study": OpenStudy,
    "board": OpenBoard,
    "results": OpenResults,
    "transcripts": OpenTranscripts,
    "report": OpenReport,
}
_WORDS = {
    "scenario": "",
    "study": "study ",
    "board": "run ",
    "results": "results of ",
    "transcripts": "transcripts of ",
    "report": "report of ",
}


@runtime_checkable
class TellsPlace(Protocol):
    """A screen with a document on it that can be opened again."""

    def where_one_is(self) -> Document | None:
        """The document and the place in it; None while there is none, or none that lies in a file."""
        ...


def kind_of(document: Document) -> str:
    """The word for it in a file."""
    return next(name for name, kind in _KINDS.items() if isinstance(document, kind))


def called(document: Document) -> str:
    """What it is called, in a few words: `my-pack/cold-store`, `results of single-line`."""
    place = Path(document.place)
    name = f"{place.parent.name}/{place.name}" if isinstance(document, OpenScenario) else place.stem
    return _WORDS[kind_of(document)] + name


def same(one: Document, other: Document) -> bool:
    """Whether they are one document on one screen, wherever in it."""
    if isinstance(one, OpenReport) and isinstance(other, OpenReport):
        return (one.place, one.others, one.comparison) == (other.place, other.others, other.comparison)
    return type(one) is type(other) and one.place == other.place


def is_there(document: Document) -> bool:
    """Whether it still lies where it lay."""
    place = Path(document.place)
    if isinstance(document, OpenReport):
        return all(Path(run).is_file() for run in (document.place, *document.others))
    return place.is_dir() if isinstance(document, OpenScenario) else place.is_file()


def as_data(document: Document) -> dict[str, Any]:
    """As it is kept."""
    return {"kind": kind_of(document), **asdict(document)}


def from_data(kept: Any) -> Document:
    """What was kept; ValueError, KeyError or TypeError when it is not what `as_data` makes."""
    kind = _KINDS[kept["kind"]]
    given: dict[str, Any] = {part.name: kept[part.name] for part in fields(kind)}
    for part in fields(kind):
        _check(given[part.name], "" if part.name == "place" else part.default)
        if isinstance(given[part.name], list):
            given[part.name] = tuple(given[part.name])
    return kind(**given)


def _check(value: object, like: object) -> None:
    """ValueError unless this is a word, a number, a list or a mapping of words, as `like` is."""
    if isinstance(like, tuple):
        if not isinstance(value, list | tuple) or len(value) > _MOST:
            raise ValueError("not what was kept")
        for word in value:
            _check(word, "")
    elif isinstance(like, (str, int)):
        if type(value) is not type(like) or (isinstance(value, str) and len(value) > _LONGEST):
            raise ValueError("not what was kept")
    elif not isinstance(value, dict) or len(value) > _MOST:
        raise ValueError("not what was kept")
    else:
        for word in (*value, *value.values()):
            _check(word, "")
