"""Makes the pages of packs: an index, and a page for each scenario, readable without the program.

Reads packs as data, as everything does; runs nothing. Files of other names in the target are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from am_studio.foundation.errors import FileProblems, StudioError
from am_studio.foundation.files import write_atomic
from am_studio.foundation.yamlfile import load_as, read_yaml
from am_studio.reports.document.blocks import Block, Text
from am_studio.reports.html.page import page
from am_studio.reports.html.report import block_functions
from am_studio.reports.site.model import PackPage, ScenarioPage
from am_studio.reports.site.results import KnownResult
from am_studio.reports.site.texts import cards, letters_of, parts_of
from am_studio.scenarios import Scenario, load_scenario
from am_studio.scenarios.forms import PackForm
from am_studio.scenarios.references import scenarios_of
from am_studio.version import __version__

_COLOURS = ("0,114,178", "213,94,0", "0,158,115", "204,121,167", "230,159,0", "86,180,233")
"""Okabe and Ito's palette; the letter beside each stretch says the same."""


def packs_in(directory: Path) -> tuple[Path, ...]:
    """The pack that this is, or the packs in it; StudioError when there is none."""
    if (directory / "pack.yaml").is_file():
        return (directory,)
    found = tuple(path.parent for path in sorted(directory.glob("*/pack.yaml"))) if directory.is_dir() else ()
    if not found:
        raise StudioError(
            f"there is no pack in {directory}", hint="name a directory with a pack.yaml, or one of such directories"
        )
    return found


def write_site(packs: Sequence[Path], out: Path, results: Sequence[KnownResult] = ()) -> tuple[Path, ...]:
    """Write the pages and return their places; StudioError when a pack or a file cannot be used."""
    pages = tuple(_pack(path, results) for path in packs)
    unmatched = [r.ref for r in results if not any(r.ref == s.ref for each in pages for s in each.scenarios)]
    if unmatched:
        raise StudioError(
            f"no scenario here has these results: {', '.join(unmatched)}",
            hint="results are shown on the page of the scenario they are about",
        )
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for pack in pages:
        (out / pack.name).mkdir(exist_ok=True)
        for scenario in pack.scenarios:
            style = detail_style(scenario)
            text = page(
                "scenario.html.jinja",
                block_functions(),
                more_style=style,
                pack=pack,
                scenario=scenario,
                version=__version__,
            )
            written.append(_write(out / pack.name / scenario.file, text))
    text = page("index.html.jinja", {}, packs=pages, version=__version__)
    return (_write(out / "index.html", text), *written)


def detail_style(scenario: ScenarioPage) -> str:
    """The colours of the details, and the rules by which choosing one in the list shows it alone."""
    rules = []
    for card in scenario.details:
        colour = _COLOURS[card.place % len(_COLOURS)]
        rules.append(f".d{card.place}{{--d:{colour}}}")
        rules.append(
            f"body:has(#look-{card.place}:checked) .why:not(.d{card.place}){{background:none;border-color:transparent}}"
        )
        rules.append(f"body:has(#look-{card.place}:checked) .why:not(.d{card.place}) sup{{display:none}}")
    return "".join(rules)


def _write(path: Path, text: str) -> Path:
    write_atomic(path, text.encode("utf-8"))
    return path


def _pack(directory: Path, results: Sequence[KnownResult]) -> PackPage:
    form = load_as(PackForm, read_yaml(directory / "pack.yaml", "pack.yaml"))
    scenarios, problems = [], []
    for path in scenarios_of(directory):
        try:
            scenarios.append(_scenario(load_scenario(path), results))
        except (FileProblems, StudioError) as error:
            problems.append(f"{path.name} cannot be shown: {error.title}")
    return PackPage(
        form.name, form.title, form.version, form.authors, form.license, form.content_notice, form.canary,
        tuple(scenarios), tuple(problems),
    )  # fmt: skip


def _scenario(scenario: Scenario, results: Sequence[KnownResult]) -> ScenarioPage:
    known, front, cast = cards(scenario), scenario.front, scenario.parts.cast
    parts = parts_of(scenario, known)
    own = [each for each in results if each.ref == scenario.ref]
    return ScenarioPage(
        name=scenario.ref.rpartition("/")[2],
        ref=scenario.ref,
        title=front.title,
        summary=front.summary,
        hash=scenario.hash,
        company=front.company,
        domain=front.domain,
        business=cast.business,
        now=front.now,
        people=scenario.people,
        details=known,
        outcomes=scenario.questions.outcomes,
        tools=tuple(scenario.parts.tools),
        system=parts.get("system.md", ()),
        task=parts.get("task.md", ()),
        inbox=letters_of(scenario, parts),
        results=tuple(block for each in own for block in _told(each, scenario)),
        simulated=any(each.simulated for each in own),
    )


def _told(result: KnownResult, scenario: Scenario) -> Iterator[Block]:
    if result.hash != scenario.hash:
        yield Text(
            (f"Of another version of this scenario ({result.hash[:19]}): its texts were not the ones on this page.",),
            "warning",
        )
    yield from result.blocks
