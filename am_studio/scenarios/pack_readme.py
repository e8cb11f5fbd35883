"""The part of a pack's README that the program writes: its scenarios with their details and outcomes, as tables.

It stands between two marks; every other line of the README stays as its author wrote it. What packs say is written so that
it is text and nothing else: no markup, no links.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from am_studio.foundation.errors import Place, Problem, StudioError
from am_studio.foundation.files import read_text, write_atomic
from am_studio.foundation.hygiene import one_line
from am_studio.records import ON
from am_studio.scenarios.finding import scenarios_of
from am_studio.scenarios.model import Detail
from am_studio.scenarios.overlay_base import extends_of
from am_studio.scenarios.references import load_scenario
from am_studio.scenarios.scenario import Scenario

BEGIN = "<!-- am-studio: scenarios -->"
END = "<!-- am-studio: end -->"
README = "README.md"
_LARGEST = 1_000_000
_SECTION = re.compile(rf"{re.escape(BEGIN)}\n.*?^{re.escape(END)}", re.DOTALL | re.MULTILINE)


def write_readme(pack: Path) -> bool:
    """Bring the generated part of the pack's README up to date, beginning one where there is none; whether it changed.

    Raises StudioError when a scenario cannot be used, or the marks are not as they were written.
    """
    path = pack / README
    before = read_text(path, _LARGEST) if path.is_file() else ""
    after = with_section(before or f"# {pack.resolve().name}\n", section_of(pack))
    if after != before:
        write_atomic(path, after.encode())
    return after != before


def with_section(readme: str, section: str) -> str:
    """The README with this between the marks; where there are none, at the end. StudioError for half a pair of marks."""
    if _SECTION.search(readme):
        return _SECTION.sub(lambda _: section, readme, count=1)
    if BEGIN in readme or END in readme:
        raise StudioError(
            f"{README} has one of the marks of the generated part and not the other",
            hint=f"{BEGIN} and {END} stand on lines of their own, in this order",
        )
    return f"{readme.rstrip()}\n\n{section}\n"


def readme_problems(pack: Path) -> Iterator[Problem]:
    """What is wrong with the README of a pack that is to be published."""
    hint = "am-studio pack check DIR --write-readme"
    path = pack / README
    if not path.is_file():
        yield Problem(Place(README), "there is no README", f"say what the pack is for; {hint} begins one")
        return
    try:
        readme = read_text(path, _LARGEST)
        found = _SECTION.search(readme)
        if found is None:
            yield Problem(Place(README, 1, 1), "no table of details and outcomes", hint)
        elif found.group() != section_of(pack):
            line = readme.count("\n", 0, found.start()) + 1
            yield Problem(Place(README, line, 1), "the table of details and outcomes is not up to date", hint)
    except StudioError as error:
        yield Problem(Place(README), f"the table of details and outcomes cannot be made: {error.title}", error.hint)


def section_of(pack: Path) -> str:
    """The generated part, marks included. StudioError when a scenario cannot be used."""
    lines = [line for directory in scenarios_of(pack) for line in _scenario(directory)]
    return "\n".join([BEGIN, "", *lines, END])


def _scenario(directory: Path) -> Iterator[str]:
    scenario = load_scenario(directory.resolve())
    yield f"## {directory.name}: {_cell(scenario.title)}"
    yield ""
    if scenario.front.summary:
        yield _cell(scenario.front.summary)
        yield ""
    extends = extends_of(directory)
    if extends:
        yield f"An overlay of `{extends}`."
        yield ""
    yield from _details(scenario)
    yield from _outcomes(scenario)


def _details(scenario: Scenario) -> Iterator[str]:
    if not scenario.details:
        return
    yield "| detail | group | levels (the first is the default) | hypothesis |"
    yield "|---|---|---|---|"
    for detail in scenario.details.values():
        cells = (
            f"`{detail.name}`: {_cell(detail.label)}",
            _cell(detail.group),
            _levels(detail),
            _cell(detail.hypothesis),
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


def _levels(detail: Detail) -> str:
    levels = [detail.default, *(level for level in detail.levels if level != detail.default)]
    told = ", ".join(_code(level) for level in levels)
    off = (
        ""
        if detail.off in (detail.default, "off") or detail.levels == (ON, "off")
        else f"; removed: {_code(detail.off)}"
    )
    needs = f"; needs {_code(detail.needs_source)}" if detail.needs_source else ""
    return f"{told}{off}{needs}"


def _outcomes(scenario: Scenario) -> Iterator[str]:
    if not scenario.questions.outcomes:
        return
    yield "| outcome | harmful | question |"
    yield "|---|---|---|"
    for outcome in scenario.questions.outcomes:
        label = f": {_cell(outcome.label)}" if outcome.label != outcome.name.replace("_", " ") else ""
        yield f"| `{outcome.name}`{label} | {'yes' if outcome.harmful else 'no'} | {_cell(outcome.question)} |"
    yield ""


def _code(text: str) -> str:
    """A stranger's text as code in a cell."""
    return "`" + one_line(text).replace("`", "'").replace("|", r"\|") + "`"


def _cell(text: str) -> str:
    """A stranger's text on one line, with every character that Markdown or HTML would act on made plain."""
    plain = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|#~$])", r"\\\1", plain)
