"""The one way out of the command line: data to stdout, talk to stderr, nothing that acts on a terminal.

With `--plain`, or `AM_STUDIO_PLAIN` in the environment, every command tells its tables one fact a line, without colour, lines
or redrawing; that is decided here, for all of them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from am_studio.foundation.cells import cells, filled_up, wrapped
from am_studio.foundation.hygiene import in_ascii, visible
from am_studio.foundation.plainly import figures_told, plainly, tell_plainly

if TYPE_CHECKING:
    from rich.console import Console


def data(text: str = "") -> None:
    """A line of data for stdout."""
    sys.stdout.write(_fitting(text, sys.stdout.encoding) + "\n")


def say(text: str = "") -> None:
    """A line of talk for stderr."""
    sys.stderr.write(_fitting(text, sys.stderr.encoding) + "\n")


PLAIN = "--plain"


@contextmanager
def told_as_asked(words: Sequence[str]) -> Iterator[list[str]]:
    """The words of a command without `--plain`, which may stand anywhere among them; with it, all is told plainly inside."""
    words = list(words)
    end = words.index("--") if "--" in words else len(words)
    kept = [word for place, word in enumerate(words) if word != PLAIN or place > end]
    if len(kept) == len(words):
        yield kept
        return
    before = tell_plainly(True)
    try:
        yield kept
    finally:
        tell_plainly(before)


def columns(titles: Sequence[str], rows: Iterable[Sequence[str]], right: str = "") -> None:
    """Rows of data under their titles, aligned; `right` has an `r` for each column that belongs to the right."""
    rows = [tuple(row) for row in rows]
    if plainly():
        for line in figures_told(titles, rows):
            data(line)
        return
    widths = [max(cells(row[n]) for row in (titles, *rows)) for n in range(len(titles))]
    for row in (titles, *rows) if any(titles) else rows:
        shown = (filled_up(text, widths[n], right=right[n : n + 1] == "r") for n, text in enumerate(row))
        data("  ".join(shown).rstrip())


def tell(text: str, width: int) -> None:
    """A line of data, broken at words into lines of this width; a row of a table, with its aligned columns, stays whole."""
    indent = "  " if text.startswith(("- ", "  ")) else ""
    table = "  " in text.strip()
    for line in [text] if table or plainly() else wrapped(text, width, indent) or [""]:
        data(line)


def _fitting(text: str, encoding: str | None) -> str:
    """The visible text, in ASCII where the stream can take no more."""
    told = visible(text)
    return told if (encoding or "ascii").lower().replace("-", "") in {"utf8", "utf16", "utf32"} else in_ascii(told)


def emit_json(value: Any, *, indent: int | None = 2) -> None:
    """JSON to stdout; everything outside ASCII is escaped, so nothing in it can act on a terminal."""
    sys.stdout.write(json.dumps(value, indent=indent, ensure_ascii=True, allow_nan=False) + "\n")


def stdout_console(**options: Any) -> Console:
    """A rich console on stdout that never reads markup, emoji codes or highlights into text."""
    return _console(stderr=False, **options)


def stderr_console(**options: Any) -> Console:
    """A rich console on stderr that never reads markup, emoji codes or highlights into text."""
    return _console(stderr=True, **options)


def _console(**options: Any) -> Console:
    if plainly() and not options.get("record"):
        from am_studio.cli.plain_console import PlainConsole

        return PlainConsole(stderr=bool(options.get("stderr")))
    from rich.console import Console

    return Console(markup=False, emoji=False, highlight=False, **options)
