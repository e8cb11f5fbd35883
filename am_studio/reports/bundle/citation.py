"""How a bundle is cited: CITATION.cff and BibTeX, from what the run says of itself and what whoever shares it adds.

Nobody's name is guessed: a run does not know who made it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from am_studio.foundation.hygiene import one_line
from am_studio.runs.plan import Plan

NOBODY = "Authors not stated"


@dataclass(frozen=True, slots=True)
class Credit:
    """What whoever shares a result says of it."""

    authors: tuple[str, ...] = ()
    """`Given Family`, or `Family, Given`."""
    title: str = ""
    """Empty: the study's own."""
    url: str = ""
    doi: str = ""
    license: str = ""
    """An SPDX identifier."""


@dataclass(frozen=True, slots=True)
class Cited:
    """A result as it is cited."""

    title: str
    authors: tuple[tuple[str, str], ...]
    """(family, given) names; the second is empty for a group."""
    date: str
    """ISO 8601."""
    identity: str
    """The hash over the bundle's data."""
    simulated: bool
    plan: Plan
    credit: Credit

    @classmethod
    def of(cls, plan: Plan, credit: Credit, created: float, identity: str, *, simulated: bool) -> Cited:
        """The citation of a run."""
        stamp = "SIMULATED: " if simulated else ""
        title = stamp + one_line(credit.title or plan.study.title or plan.study.name)
        date = datetime.fromtimestamp(created, UTC).date().isoformat()
        return cls(title, tuple(map(_split, credit.authors or (NOBODY,))), date, identity, simulated, plan, credit)

    def cff(self) -> str:
        """CITATION.cff, format 1.2.0."""
        lines = [
            "cff-version: 1.2.0",
            "message: If you use this result, please cite it as below.",
            "type: dataset",
            f"title: {_quoted(self.title)}",
            f"version: {_quoted(self.plan.hash)}",
            f"date-released: {self.date}",
            "authors:",
        ]
        for family, given in self.authors:
            lines += (
                [f"  - family-names: {_quoted(family)}", f"    given-names: {_quoted(given)}"]
                if given
                else [f"  - name: {_quoted(family)}"]
            )
        lines += [
            f"{key}: {_quoted(value)}"
            for key, value in (("url", self.credit.url), ("doi", self.credit.doi), ("license", self.credit.license))
            if value
        ]
        lines += [
            "identifiers:",
            "  - type: other",
            f"    value: {_quoted(self.identity)}",
            "    description: Hash over the data of the bundle",
            f"abstract: {_quoted(self._about())}",
        ]
        return "\n".join(lines) + "\n"

    def bibtex(self) -> str:
        """An entry for BibTeX."""
        names = " and ".join(f"{{{family}}}" if not given else f"{family}, {given}" for family, given in self.authors)
        key = re.sub(r"[^a-z0-9]+", "-", f"{self.plan.study.name}-{self.date[:4]}".lower()).strip("-")
        fields = {
            "title": f"{{{_tex(self.title)}}}",
            "author": _tex(names, braces=True),
            "year": self.date[:4],
            "month": str(int(self.date[5:7])),
            "note": _tex(self._about()),
            "howpublished": _tex(f"AM Studio result bundle, {self.identity}"),
            **({"url": self.credit.url} if self.credit.url else {}),
            **({"doi": self.credit.doi} if self.credit.doi else {}),
        }
        inside = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
        return f"@misc{{{key},\n{inside}\n}}\n"

    def _about(self) -> str:
        models = ", ".join(model.name for model in self.plan.models)
        told = f"Study {self.plan.study.name} of {', '.join(self.plan.scenarios)} on {models}, judged by {self.plan.judge}."
        told += " Simulated subjects: no evidence about any real model." if self.simulated else ""
        return f"{told} {self.plan.imported.told}" if self.plan.imported is not None else told


def checked_credit(authors: Sequence[str], title: str, url: str, doi: str, license_: str) -> Credit:
    """What a command line says, each on one visible line."""
    return Credit(tuple(filter(None, map(one_line, authors))), *map(one_line, (title, url, doi, license_)))


def _split(name: str) -> tuple[str, str]:
    family, comma, given = name.partition(",")
    if comma:
        return family.strip(), given.strip()
    *first, last = name.split()
    return (last, " ".join(first)) if first and name != NOBODY else (name, "")


def _quoted(text: str) -> str:
    """A YAML string in double quotes, which JSON's are."""
    return json.dumps(text, ensure_ascii=False)


def _tex(text: str, *, braces: bool = False) -> str:
    special = r"[\\%&$#_^~]" if braces else r"[\\{}%&$#_^~]"
    return re.sub(
        special,
        lambda match: {"\\": r"\textbackslash{}", "^": r"\^{}", "~": r"\~{}"}.get(match[0], "\\" + match[0]),
        text,
    )
