"""Looks at the pages as people see them: `make look`. Makes reports, a comparison and a gallery of the shipped studies, takes
their pictures (390 and 1280 pixels, light and dark, printed), and asks axe for faults of accessibility; fails by exit code on
a serious one. The script of axe is read from the directory, and only if it is the one whose hash stands here.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from pathlib import Path

from am_studio.cli.main import main as am_studio
from tests.browser_world import Page, browser

ROOT = Path(__file__).resolve().parent.parent.parent
AXE_SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
STUDIES = ("single-line", "which-details", "rubric-judge", "two-stories")
SERIOUS = {"serious", "critical"}
OPENED = "document.querySelectorAll('details').forEach(each => each.open = true)"
ASK = """axe.run(document, {resultTypes: ['violations']}).then(found => found.violations.map(
    each => ({id: each.id, impact: each.impact, help: each.help, where: each.nodes.slice(0, 3).map(node => node.html.slice(0, 120))})))"""


def make_pages(place: Path) -> list[Path]:
    """The pages, made by the commands that people use."""
    runs = []
    for study in STUDIES:
        run = place / f"{study}.amrun"
        if not run.exists():
            must(["run", str(ROOT / "ablations" / f"{study}.yaml"), "--yes", "--out", str(run)])
        must(["report", str(run), "--html", str(run.with_suffix(".html"))])
        runs.append(run)
    other = place / "another-model.amrun"
    if not other.exists():
        study = str(ROOT / "ablations" / "single-line.yaml")
        must(["run", study, "--yes", "--model", "sim/test-aware", "--out", str(other)])
    must(["compare", str(runs[0]), str(other), "--html", str(place / "compared.html")])
    must(["report", str(runs[0]), str(other), "--html", str(place / "two-runs.html")])
    must(["pack", "site", str(ROOT / "scenario_library"), "--out", str(place / "site"), "--runs", str(runs[0])])
    return sorted([*place.glob("*.html"), *place.glob("site/**/*.html")])


def must(command: list[str]) -> None:
    if am_studio(command):
        raise SystemExit(f"am-studio {' '.join(command)} failed")


async def look(page: Page, path: Path, place: Path, axe: str) -> int:
    """Take the pictures of one page; the number of its serious faults."""
    faults = 0
    for width, dark, media in (
        (390, False, "screen"),
        (1280, False, "screen"),
        (1280, True, "screen"),
        (800, False, "print"),
    ):
        await page.look(width, dark=dark, media=media)
        await page.open(path.as_uri())
        name = f"{path.stem}-{width}{'-dark' if dark else ''}{'-print' if media == 'print' else ''}"
        await page.picture(place / f"{name}.png", most=4000)
        wide = await page.tell("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        if wide and media == "screen":
            print(f"  {name}: wider than the screen")
            faults += 1
        await page.tell(OPENED)
        if axe:
            await page.tell(axe + "; true")
            for fault in await page.tell(ASK):
                print(f"  {name}: {fault['impact']}: {fault['help']} ({fault['id']}): {fault['where']}")
                faults += fault["impact"] in SERIOUS
    await page.pdf(place / f"{path.stem}.pdf")
    print(f"{path.name}: {path.stat().st_size:,} bytes, {faults} serious faults, dialogs {page.dialogs}")
    return faults + len(page.dialogs)


async def look_at_all(place: Path) -> int:
    script = place / "package" / "axe.min.js"
    axe = script.read_text("utf-8") if script.exists() else ""
    if axe and hashlib.sha256(axe.encode()).hexdigest() != AXE_SHA256:
        raise SystemExit(f"{script} is not the script that was meant")
    if not axe:
        print("axe is not here: pictures alone")
    pages = await asyncio.to_thread(make_pages, place)
    pictures = place / "pictures"
    pictures.mkdir(exist_ok=True)
    async with browser() as page:
        return sum([await look(page, path, pictures, axe) for path in pages])


if __name__ == "__main__":
    directory = Path(sys.argv[1] if len(sys.argv) > 1 else "build/look").resolve()
    directory.mkdir(parents=True, exist_ok=True)
    sys.exit(1 if asyncio.run(look_at_all(directory)) else 0)
