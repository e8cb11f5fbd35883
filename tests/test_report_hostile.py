"""Markup in every field of a pack, in replies and in names of models stays text in every page: nothing runs, nothing is fetched."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from am_studio.foundation.hygiene import UNSHOWABLE
from am_studio.reports.comparison.build import comparison_report
from am_studio.reports.document.blocks import Report, Text
from am_studio.reports.document.markdown import report_markdown
from am_studio.reports.html.report import report_page
from am_studio.reports.site.build import packs_in, write_site
from am_studio.reports.site.results import known_results
from am_studio.runs.analysis import analyse
from am_studio.runs.comparing import compare
from am_studio.runs.runfile import RunFile
from tests.browser_world import PATIENCE_SECONDS, browser, needs_chromium
from tests.conftest import WritePack
from tests.report_world import (
    HOSTILE,
    checked,
    hostile,
    hostile_files,
    quoted,
    report_of,
    run_at,
    says_hostile_things,
)

LOOKS = (
    "(() => { document.querySelectorAll('details').forEach(each => each.open = true);"
    " document.querySelectorAll('input, summary, a').forEach(each => each.focus()); return true; })()"
)


def hostile_pages(write: WritePack, place: Path, host: str) -> list[Path]:
    """A report, a comparison and a gallery of a pack and runs full of markup."""
    strings = hostile(host)
    scenario = write(**hostile_files(strings))
    titles = {"title": quoted(strings[0])}
    runs = [
        run_at(place, scenario, f"{seed}.amrun", script=says_hostile_things(strings), seed=str(seed), **titles)
        for seed in (5, 6)
    ]
    (place / "report.html").write_text(report_page(report_of(*runs)), "utf-8")
    (place / "compared.html").write_text(report_page(compared(*runs)), "utf-8")
    export = place / "effects.json"
    export.write_text(json.dumps(exported(strings)))
    site = write_site(packs_in(scenario.parent), place / "site", known_results([runs[0], export]))
    return [place / "report.html", place / "compared.html", *site]


def compared(*paths: Path) -> Report:
    runs = [RunFile.open(path) for path in paths]
    analyses = [analyse(run) for run in runs]
    report = comparison_report(runs, analyses, compare(runs, analyses))
    for run in runs:
        run.close()
    return report


def exported(strings: list[str]) -> dict[str, object]:
    """An export of effects that somebody else wrote."""
    effect = {
        "label": strings[1], "k": 1, "n": 2, "rate": 0.5, "difference": 0.1, "interval": {"low": -0.5, "high": 0.6},
        "p_adjusted": 0.5, "conclusion": strings[2],
    }  # fmt: skip
    table = {
        "outcome": strings[3], "model": strings[4], "simulated": False, "finding": strings[5], "judge": strings[6],
        "plan_hash": strings[7], "effects": [effect],
    }  # fmt: skip
    return {
        "study": strings[8],
        "scenario": {"ref": "my-pack/small", "hash": strings[9]},
        "simulated": False,
        "tables": [table],
    }


def test_hostile_strings_are_text_in_every_page(small_pack: WritePack, tmp_path: Path) -> None:
    for path in hostile_pages(small_pack, tmp_path, "http://127.0.0.1:9"):
        text = path.read_text("utf-8")
        found = checked(text)
        assert found.check() == [], path.name
        assert UNSHOWABLE.search(text) is None, path.name
    told = checked((tmp_path / "report.html").read_text("utf-8")).text
    shown = [each for each in hostile() if "\u200b" not in each]
    assert [each for each in shown if each not in told] == []


def test_hostile_strings_are_no_markdown(small_pack: WritePack, tmp_path: Path) -> None:
    strings = hostile()
    scenario = small_pack(**hostile_files(strings))
    run = run_at(tmp_path, scenario, script=says_hostile_things(strings), title=quoted(strings[16]))
    text = report_markdown(report_of(run))
    outside, fenced = [], False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = line.endswith("text") and not fenced
        elif not fenced:
            outside.append(line)
    told = "\n".join(outside)
    assert re.search(r"(?<!\\)\]\(javascript", told) is None
    assert re.search(r"(?<!\\)<[a-z!/]", told) is None


def test_a_plain_text_of_many_paragraphs_is_escaped_in_each() -> None:
    report = report_with(HOSTILE)
    assert checked(report_page(report)).check() == []


def report_with(strings: tuple[str, ...]) -> Report:
    from am_studio.reports.document.blocks import Facts, Folded, Points, Section, grid

    texts = tuple(strings)
    blocks = (
        Text(texts), Text(texts, "paper"), Points(tuple((each, each) for each in texts)), Facts(tuple((each, each) for each in texts)),
        grid(texts[0], (texts[1], texts[2]), tuple((each, each) for each in texts), texts[3]), Folded(texts[4], (Text(texts),)),
    )  # fmt: skip
    sections = (Section("one", texts[5], blocks),)
    return Report(texts[0], texts[1], f"SIMULATED{texts[2]}", texts, texts, sections, texts[3])


class Visitors:
    """A server on this machine that counts who comes."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.address = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.paths.append(request.path)
        return web.Response(text="alert(99)", content_type="text/javascript")


@asynccontextmanager
async def visitors() -> AsyncIterator[Visitors]:
    counted = Visitors()
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", counted.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    counted.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield counted
    finally:
        await runner.cleanup()


@needs_chromium
@pytest.mark.asyncio
async def test_in_a_browser_no_dialog_opens_and_no_request_leaves(small_pack: WritePack, tmp_path: Path) -> None:
    async with visitors() as counted, browser() as page:
        paths = await asyncio.to_thread(hostile_pages, small_pack, tmp_path, counted.address)
        for path in paths:
            for dark in (False, True):
                await page.look(390 if dark else 1280, dark=dark)
                await page.open(path.as_uri())
                assert await page.tell(LOOKS)
                assert await page.tell("document.scripts.length") == 0
        outside = [url for url in page.requests if not url.startswith(("data:", "file://"))]
        assert (page.dialogs, outside, counted.paths) == ([], [], [])
        files = {url for url in page.requests if url.startswith("file://")}
        assert files == {path.as_uri() for path in paths}
        # The corpus would act if it were markup: the same strings in a page without any care do.
        await page.ask("Page.navigate", url=unguarded(tmp_path, counted.address).as_uri())
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (page.dialogs and counted.paths):
                await asyncio.sleep(0.05)


def unguarded(place: Path, host: str) -> Path:
    path = place / "unguarded.html"
    path.write_text("<!doctype html><title>x</title>" + "".join(hostile(host)), "utf-8")
    return path


@needs_chromium
@pytest.mark.asyncio
@pytest.mark.parametrize("width", [390, 1280])
async def test_pages_fit_the_screen_and_their_plots_are_drawn(
    small_pack: WritePack, tmp_path: Path, width: int
) -> None:
    run = await asyncio.to_thread(run_at, tmp_path, small_pack())
    path = tmp_path / "report.html"
    path.write_text(await asyncio.to_thread(lambda: report_page(report_of(run))), "utf-8")
    async with browser() as page:
        await page.look(width)
        await page.open(path.as_uri())
        assert await page.tell("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        drawn = (
            "[...document.images].every(each => each.complete && each.naturalWidth > 0) && document.images.length > 2"
        )
        assert await page.tell(drawn)
        assert page.complaints == []
        await page.look(width, dark=True)
        background = await page.tell("getComputedStyle(document.body).backgroundColor")
        assert background == "rgb(22, 24, 29)"
