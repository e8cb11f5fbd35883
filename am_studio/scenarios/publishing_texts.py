"""What the texts of a pack to be published may not hold: real names, keys, paths of somebody's machine, addresses that exist.

Looks at texts as they are written. Says what it found and where; of a key it says the kind alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from am_studio.foundation.errors import Place, Problem
from am_studio.foundation.key_patterns import known_keys
from am_studio.foundation.settings import PublishingForm
from am_studio.foundation.yamlfile import Form, load_as, read_yaml
from am_studio.scenarios.forms import FormatNumber

_NAMES = Path(__file__).resolve().parent / "real_names.yaml"
_PATHS = {
    "a path of somebody's home directory": re.compile(r"(?<![\w/.~-])/(?:home|Users|root|export/home)/[\w.-]+"),
    "a path of a Windows machine": re.compile(
        r"\b[A-Za-z]:[\\/]+(?:Users|Documents and Settings|Windows|Program Files)\b", re.IGNORECASE
    ),
    "a path of a network share": re.compile(r"(?<!\\)\\\\[\w.-]+\\[\w$.-]+"),
    "a file URL": re.compile(r"\bfile:///\S+"),
    "a path of a temporary or system directory": re.compile(
        r"(?<![\w/.~-])/(?:tmp|var/folders|private/var|opt|mnt|media)/[\w.-]+"
    ),
}
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+"
_ADDRESS = re.compile(rf"(?<![\w.+-])[\w.+-]+@({_HOST})")
_URL = re.compile(rf"\b(?:https?://|www\.)(?:[^\s/@]+@)?({_HOST})", re.IGNORECASE)
_RESERVED = re.compile(r"(?:.*\.)?(?:example|test|invalid|localhost|example\.(?:com|net|org))", re.IGNORECASE)


class _NamesForm(Form):
    """real_names.yaml."""

    format: FormatNumber
    companies: tuple[str, ...]
    people: tuple[str, ...]
    exact: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """Names of real companies and persons, ready to be looked for."""

    loose: re.Pattern[str]
    """Whatever their capitals."""
    exact: re.Pattern[str]
    """As they are written."""

    def in_text(self, text: str) -> Iterator[tuple[str, int]]:
        """Every name that stands in a text, as it stands there, with its offset."""
        for pattern in (self.loose, self.exact):
            for found in pattern.finditer(text):
                yield found.group(), found.start()


def names_to_avoid(own: PublishingForm) -> Names:
    """The names that these settings of the user leave of the program's list, and those that they add."""
    return _names(own.names, own.allow, own.builtin)


def is_reserved(host: str) -> bool:
    """Whether a domain can belong to nobody (RFC 2606, RFC 6761)."""
    return _RESERVED.fullmatch(host) is not None


def name_problems(text: str, file: str, names: Names) -> Iterator[Problem]:
    """Names of real companies and persons in the text of a scenario."""
    for name, start in names.in_text(text):
        hint = "invent another; if it is nobody's, allow it under 'publishing' in your settings"
        yield Problem(_place(text, file, start), f"'{name}' is the name of a real company or person", hint)


def address_problems(text: str, file: str) -> Iterator[Problem]:
    """Addresses and links under domains that may belong to somebody."""
    for pattern, what in ((_ADDRESS, "an address"), (_URL, "a link")):
        for found in pattern.finditer(text):
            if not is_reserved(found.group(1)):
                hint = "use a domain that is nobody's: one under .example, .test or .invalid"
                yield Problem(
                    _place(text, file, found.start()), f"{what} under {found.group(1)}, which can exist", hint
                )


def leak_problems(text: str, file: str) -> Iterator[Problem]:
    """Keys, and paths that tell of the machine on which a file was written."""
    places: set[int] = set()
    for what, start in known_keys(text):
        if start not in places:
            places.add(start)
            yield Problem(_place(text, file, start), f"this looks like {what}", "take it out, and have it revoked")
    for what, pattern in _PATHS.items():
        for found in pattern.finditer(text):
            hint = "write a path that is nobody's, such as a name alone"
            yield Problem(_place(text, file, found.start()), f"{what}: {found.group()[:60]}", hint)


@lru_cache(maxsize=4)
def _names(added: tuple[str, ...], allowed: tuple[str, ...], builtin: bool) -> Names:
    form = load_as(_NamesForm, read_yaml(_NAMES, _NAMES.name)) if builtin else None
    loose = [*added, *(form.companies + form.people if form else ())]
    exact = form.exact if form else ()
    gone = {name.casefold() for name in allowed}
    return Names(_words(loose, gone, re.IGNORECASE), _words(exact, gone, 0))


def _words(names: list[str] | tuple[str, ...], gone: set[str], flags: int) -> re.Pattern[str]:
    kept = sorted({name for name in names if name.strip() and name.casefold() not in gone}, key=lambda n: (-len(n), n))
    if not kept:
        return re.compile(r"(?!)")
    spelt = "|".join(r"\s+".join(re.escape(word) for word in name.split()) for name in kept)
    return re.compile(rf"(?<!\w)(?:{spelt})(?!\w)", flags)


def _place(text: str, file: str, offset: int) -> Place:
    return Place(file, text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))
