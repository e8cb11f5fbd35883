"""What an overlay replaces in its base, and how it is told when the base has changed there since.

Each replaced piece is recorded in `base.yaml` beside the overlay's scenario.yaml, with its hash and its text at the time.
The file is written by the program when the author has looked at the pieces, and by nobody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from am_studio.foundation.errors import Place, Problem, StudioError, nearest
from am_studio.foundation.files import MEGABYTE, read_text
from am_studio.foundation.hashing import hash_json
from am_studio.foundation.yamlfile import Node, load_as, parse_yaml
from am_studio.scenarios.overlay_base import Base
from am_studio.scenarios.overlay_forms import BaseRecordForm, OverlayBase
from am_studio.scenarios.yaml_style import in_lines

RECORD = "base.yaml"
NOTHING = "none"
"""The hash of what is not there."""
_LARGEST = 4 * MEGABYTE


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that an overlay says otherwise than its base."""

    address: str
    """`system.md`, `emails/010-news.md`, `emails/010-news.md:subject`, `emails/010-news.md#passage`, `details.a.default`."""
    place: Place
    """Where the overlay says it."""
    was: Any
    """What the base has there, as plain data; None: nothing."""
    now: Any
    """What the overlay has there instead; None: nothing."""

    @property
    def hash(self) -> str:
        """Of what the base has there."""
        return NOTHING if self.was is None else hash_json(self.was)

    @property
    def text(self) -> str:
        """What the base has there, for people; empty when it has nothing."""
        return shown(self.was)


def shown(plain: Any) -> str:
    """A piece's content as text: prose as it is, fields as YAML, nothing as nothing."""
    return "" if plain is None else plain if isinstance(plain, str) else in_lines(plain, 0)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A piece that the base has changed since the overlay's author last looked at it."""

    piece: Piece
    was: str
    """What the base had there then; empty: nothing."""
    was_there: bool
    since: str
    """The base's version then."""
    base: Base
    others: tuple[str, ...] = ()
    """What the base has of the same kind, where it no longer has this one."""

    @property
    def problem(self) -> Problem:
        """The conflict as a problem of the overlay's file."""
        told = f"{self.base.reference} {self.base.version}"
        if not self.was_there:
            message = f"{told} has a '{self.piece.address}' of its own, which {self.since} had not"
        elif self.piece.was is None:
            message = f"{told} has no '{self.piece.address}' any more, which this replaces"
        else:
            message = (
                f"{told} says something else at '{self.piece.address}' than {self.since}, for which this was written"
            )
        lost = nearest(self.piece.address, self.others) if self.others and self.piece.was is None else ""
        look = "'am-studio pack check DIR' shows the difference; change yours where needed, then add --accept-base"
        return Problem(self.piece.place, message, f"{lost} {look}".strip())


@dataclass
class Layer:
    """An overlay while it is laid over its base: what it says, what it replaces, what is wrong with it."""

    node: Node
    form: OverlayBase
    texts: Mapping[str, str]
    """The overlay's own files."""
    base: Base
    name: str
    """How this overlay's files are called in origins: empty, or `pack/scenario/`."""
    pieces: list[Piece] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def at(self, *path: str | int, key: bool = True) -> Place:
        """Where the overlay's scenario.yaml says this."""
        place = self.node.key_place(*path) if key else self.node.at(*path).place
        return Place(f"{self.name}scenario.yaml", place.line, place.column)

    def file(self, name: str) -> Place:
        """One of the overlay's own files."""
        return Place(f"{self.name}{name}", 1, 1)

    def replaces(self, address: str, place: Place, was: Any, now: Any) -> None:
        """Note that the overlay says something else here."""
        self.pieces.append(Piece(address, place, was, now))

    def wrong(self, place: Place, message: str, hint: str = "") -> None:
        """Note a mistake."""
        self.problems.append(Problem(place, message, hint))


def record_text(pieces: Iterable[Piece], base: Base, extends: str) -> str:
    """The text of `base.yaml` for these pieces."""
    recorded: dict[str, Any] = {}
    for piece in sorted(pieces, key=lambda piece: piece.address):
        recorded[piece.address] = {"hash": piece.hash, **({"was": piece.text} if piece.was is not None else {})}
    plain = {"format": "1", "extends": extends, "version": base.version, "pieces": recorded}
    head = f"# What this overlay replaces in {base.reference}, as its author last saw it. Written by am-studio.\n"
    for safe in (False, True):
        text = f"{head}{in_lines(plain, 0, safe=safe)}\n"
        if parse_yaml(text, RECORD).plain() == plain:
            return text
    raise StudioError(f"{RECORD} cannot be written so that it reads back")


def read_record(directory: Path) -> BaseRecordForm | None:
    """What `base.yaml` says; None when there is none. FileProblems or StudioError when it cannot be used."""
    path = directory / RECORD
    if not path.is_file():
        return None
    return load_as(BaseRecordForm, parse_yaml(read_text(path, _LARGEST), RECORD))


def conflicts_of(layer: Layer, record: BaseRecordForm | None, had: Iterable[str]) -> Iterator[Conflict]:
    """The pieces that the base has changed since they were recorded; `had` are the addresses of its texts."""
    known = record.pieces if record is not None else {}
    for piece in layer.pieces:
        noted = known.get(piece.address)
        if record is not None and noted is not None and noted.hash != piece.hash:
            there = noted.hash != NOTHING
            yield Conflict(piece, noted.was, there, record.version, layer.base, tuple(had))


def unrecorded(layer: Layer, record: BaseRecordForm | None) -> Iterator[Problem]:
    """A warning when the overlay replaces what is not recorded: a change of the base there would go unseen."""
    known = record.pieces if record is not None else {}
    missing = [piece for piece in layer.pieces if piece.address not in known]
    if missing:
        others = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        yield Problem(
            missing[0].place,
            f"{RECORD} does not record what is replaced at '{missing[0].address}'{others}",
            "a later change of the base there would go unseen: am-studio pack check DIR --accept-base",
            "warning",
        )
