"""The one way out of the command line: data to stdout, talk to stderr, nothing that acts on a terminal."""

from __future__ import annotations

import json
import sys
import textwrap
from typing import TYPE_CHECKING, Any

from am_studio.foundation.hygiene import in_ascii, visible

if TYPE_CHECKING:
    from rich.console import Console


def data(text: str = "") -> None:
    """A line of data for stdout."""
    sys.stdout.write(_fitting(text, sys.stdout.encoding) + "\n")


def say(text: str = "") -> None:
    """A line of talk for stderr."""
    sys.stderr.write(_fitting(text, sys.stderr.encoding) + "\n")


def tell(text: str, width: int) -> None:
    """A line of data, broken at words into lines of this width; a row of a table, with its aligned columns, stays whole."""
    indent = "  " if text.startswith(("- ", "  ")) else ""
    table = "  " in text.strip()
    for line in (
        [text] if table else textwrap.wrap(text, width, subsequent_indent=indent, break_long_words=False) or [""]
    ):
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
    from rich.console import Console

    return Console(markup=False, emoji=False, highlight=False, **options)
