"""What of a run is nobody else's business: servers of one's own, places on a disk, names of people who labelled.

A bundle names none of them. Each is replaced in the same way wherever it stands, so that what belongs together still does;
which fields of the plan were touched is told, for the plan's hash was taken over them. Texts of scenarios, prompts and
replies are never touched here: they are what was run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from am_studio.records import ModelSettings
from am_studio.runs.asking import is_loopback

ENDPOINT = "https://withheld.example/v1"
"""In place of a server's address."""
PLACE = "withheld-path"
_HOME = re.compile(
    r"""(?x)
    (?:file://)?(?<!\w)(?:~|/(?:home|Users|root|mnt|media|srv|data|scratch|workspace|work|tmp|private|var|opt)\b)/[^\s'"<>|,;:)\]}]*
    | (?<![A-Za-z])[A-Za-z]:[\\/](?:Users|Documents\ and\ Settings)[\\/][^\s'"<>|,;)\]}]*
    | \\\\[A-Za-z0-9._-]+\\[^\s'"<>|,;)\]}]*
    """
)
_CREDENTIALS = re.compile(r"(https?://)[^\s/@]+@")


class Leaks:
    """Replaces what a bundle must not tell."""

    def __init__(self, models: Iterable[ModelSettings], raters: Iterable[str], *, keep_endpoints: bool = False) -> None:
        endpoints = sorted({model.endpoint for model in models if model.endpoint}, key=len, reverse=True)
        self.endpoints = () if keep_endpoints else tuple(each for each in endpoints if not is_loopback(each))
        hosts = {host for each in self.endpoints for host in (urlsplit(each).netloc, urlsplit(each).hostname) if host}
        self._hosts = sorted(hosts, key=len, reverse=True)
        names = sorted(set(raters))
        self._raters = {name: f"rater-{number:0{len(str(len(names)))}}" for number, name in enumerate(names, 1)}

    def rater(self, name: str) -> str:
        """What somebody who labelled is called; the order of names stays."""
        return self._raters.get(name, "rater")

    def text(self, text: str) -> str:
        """A short text of the program's own making, such as a failure's sentence or a model's name, without any of it."""
        for endpoint in self.endpoints:
            text = text.replace(endpoint, ENDPOINT)
        for host in self._hosts:
            text = text.replace(host, "withheld.example")
        text = _CREDENTIALS.sub(r"\1", text)
        return _HOME.sub(_place, text)

    def value(self, value: Any) -> Any:
        """Plain JSON with every text in it cleaned, keys too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.value(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(inner) for inner in value]
        return value


def touched(before: Any, after: Any, where: str = "") -> Iterator[str]:
    """The places (`study.models.0.endpoint`) where two JSON values of one shape differ."""
    if isinstance(before, Mapping) and isinstance(after, Mapping) and len(before) == len(after):
        for (key, one), (_, other) in zip(before.items(), after.items(), strict=True):
            yield from touched(one, other, f"{where}.{key}" if where else str(key))
    elif isinstance(before, list | tuple) and isinstance(after, list | tuple) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from touched(one, other, f"{where}.{number}")
    elif before != after:
        yield where


def _place(match: re.Match[str]) -> str:
    """A path without what leads to it: its last name stays, for it tells scenarios and models apart."""
    last = re.split(r"[\\/]", match[0].rstrip("\\/"))[-1]
    return f"{PLACE}/{last}" if last and last != "~" else PLACE
