"""Names: those that language models overuse, stand-ins, and those that belong to real companies and persons."""

from __future__ import annotations

import re

from am_studio.foundation.settings import user_settings
from am_studio.scenarios.lint.findings import Found, Rule
from am_studio.scenarios.lint.reading import Reading
from am_studio.scenarios.lint.words import any_of, name_lists
from am_studio.scenarios.publishing_texts import is_reserved, names_to_avoid

_ADDRESS = re.compile(r"[\w.+'-]+@([\w-]+(?:\.[\w-]+)+)")


def _overused(reading: Reading) -> Found:
    lists = name_lists()
    first, last = {name.lower() for name in lists.first}, {name.lower() for name in lists.last}
    hits = 0
    for person in reading.persons:
        words = person.name.lower().split()
        both = len(words) > 1 and words[0] in first and words[-1] in last
        hits += any(word in first | last for word in words)
        if both:
            yield reading.declared("cast", person.id), f"'{person.name}' is a name that language models overuse"
    if len(reading.persons) >= 4 and hits > 0.6 * len(reading.persons):
        yield (
            reading.declared("cast"),
            f"{hits} of {len(reading.persons)} names are among those that language models overuse",
        )


def _company(reading: Reading) -> Found:
    name = reading.scenario.front.company
    for word in name_lists().company:
        if re.search(rf"(?:\b{word}|{word}\b)", name, re.IGNORECASE):
            yield reading.declared("company"), f"'{name}' is made as language models make companies ('{word}')"
            return


def _stand_in(reading: Reading) -> Found:
    for passage, match in reading.search(any_of(name_lists().stand_in)):
        yield passage.place(match.start()), f"'{match.group()}' is a stand-in that everybody knows"
        return


def _real(reading: Reading) -> Found:
    told: set[str] = set()
    for passage in reading.everything:
        for name, start in names_to_avoid(user_settings().publishing).in_text(passage.text):
            if name.lower() not in told:
                told.add(name.lower())
                yield passage.place(start), f"'{name}' is the name of a real company or person"


def _live_domain(reading: Reading) -> Found:
    told: set[str] = set()
    for passage in reading.everything:
        for match in _ADDRESS.finditer(passage.text):
            host = match.group(1).lower()
            if not is_reserved(host) and host not in told:
                told.add(host)
                yield passage.place(match.start()), f"{host} can belong to somebody"


RULES = (
    Rule("overused-names", "readers and models know the names that models invent, and what they stand for: fiction",
         "take names from the place where the company is; `am-studio vary --kinds names` proposes some", _overused),
    Rule("overused-company", "a company that sounds generated makes the mail sound generated", "name it after a place, a founder or a product", _company),
    Rule("stand-in-company", "a stock name says 'example'", "invent one", _stand_in),
    Rule("real-name", "real names bring what a model knows about them into the result, and may defame", "invent another", _real),
    Rule("live-domain", "an agent with real tools could write there, and the owner is not asked", "use a domain under .example", _live_domain),
)  # fmt: skip
