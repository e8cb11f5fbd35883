"""Where each line of a scenario's texts was written, when they were put together from several files.

An overlay's texts are its base's with some pieces replaced. Everything that reads them sees ordinary texts with ordinary
places; here such a place is turned into the file and line where an author finds it. Without origins a place is its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from am_studio.foundation.errors import Place, Problem


@dataclass(frozen=True, slots=True)
class Line:
    """Where one line of a text was written."""

    file: str
    """Relative to the scenario, or `pack/scenario/...` for a file of another one."""
    line: int
    column: int = 0
    """Where the value stands that the line was made from; 0: the line is the same to the character."""

    def place(self, column: int) -> Place:
        """The place of a character of the line."""
        return Place(self.file, self.line, self.column or column)


@dataclass(frozen=True, slots=True)
class Text:
    """A text with the origin of each of its lines, one more than it has line breaks."""

    text: str
    lines: tuple[Line, ...]

    @classmethod
    def of_file(cls, text: str, file: str) -> Text:
        """A text as it stands in this file."""
        return cls(text, tuple(Line(file, number) for number in range(1, text.count("\n") + 2)))

    def between(self, start: int, end: int) -> Text:
        """The stretch between two offsets."""
        first, last = self.text.count("\n", 0, start), self.text.count("\n", 0, end)
        return Text(self.text[start:end], self.lines[first : last + 1])

    @classmethod
    def joined(cls, texts: Iterable[Text]) -> Text:
        """Texts one after the other; a line that two of them share has the origin of the one that begins it."""
        pieces: list[str] = []
        lines = [Line("", 0)]
        for piece in texts:
            if not piece.text:
                continue
            if not pieces or pieces[-1].endswith("\n"):
                lines[-1] = piece.lines[0]
            lines += piece.lines[1:]
            pieces.append(piece.text)
        return cls("".join(pieces), tuple(lines))


@dataclass(frozen=True, slots=True)
class Origins:
    """Where the lines of a scenario's files were written; empty for a scenario that stands by itself."""

    files: Mapping[str, Sequence[Line]] = field(default_factory=dict)
    """Line by line, for each file that the scenario is made of."""
    bases: Mapping[str, Path] = field(default_factory=dict)
    """The directories of the scenarios below, by reference, the nearest first."""

    def place(self, place: Place) -> Place:
        """Where a place in the scenario's texts was written; the place itself where nothing is known of it."""
        lines = self.files.get(place.file, ())
        if not 0 < place.line <= len(lines):
            return place
        return lines[place.line - 1].place(place.column)

    def problems(self, found: Iterable[Problem]) -> Iterator[Problem]:
        """Problems of the scenario's texts, with the places where an author can mend them."""
        for problem in found:
            yield replace(problem, place=self.place(problem.place)) if self.files else problem

    def on_disk(self, place: Place) -> Place:
        """A place in a file of a scenario below with the path of that file; any other as it is."""
        for reference, directory in self.bases.items():
            inside = place.file.removeprefix(f"{reference}/")
            if inside != place.file:
                return replace(place, file=str(directory / inside))
        return place


NO_ORIGINS = Origins()
