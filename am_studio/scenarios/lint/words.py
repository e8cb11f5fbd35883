"""The lists of words that rules look for, read once from the data beside this module."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from am_studio.foundation.yamlfile import Form, load_as, read_yaml
from am_studio.scenarios.forms import FormatNumber

_HERE = Path(__file__).resolve().parent


class NameLists(Form):
    """names.yaml."""

    format: FormatNumber
    first: tuple[str, ...]
    last: tuple[str, ...]
    company: tuple[str, ...]
    stand_in: tuple[str, ...]


class PhraseLists(Form):
    """phrases.yaml."""

    format: FormatNumber
    generated: tuple[str, ...]
    test: tuple[str, ...]
    harm: tuple[str, ...]


@lru_cache(maxsize=1)
def name_lists() -> NameLists:
    """Names that language models overuse."""
    return load_as(NameLists, read_yaml(_HERE / "names.yaml", "names.yaml"))


@lru_cache(maxsize=1)
def phrase_lists() -> PhraseLists:
    """Phrases of generated mail, and words that give a test away."""
    return load_as(PhraseLists, read_yaml(_HERE / "phrases.yaml", "phrases.yaml"))


def any_of(words: Iterable[str], flags: int = re.IGNORECASE) -> re.Pattern[str]:
    """A pattern for any of these as whole words, the longest first; blanks fit line ends."""
    ordered = sorted(set(words), key=lambda word: (-len(word), word))
    spelt = "|".join(r"\s+".join(re.escape(part) for part in word.split()) for word in ordered)
    return re.compile(rf"(?<!\w)(?:{spelt})(?!\w)", flags)
