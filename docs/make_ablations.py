"""Writes `ablations/README.md`: what every ready study asks, how, and what was published about it, read from the studies.

    python docs/make_ablations.py           # writes the file
    python docs/make_ablations.py --check   # says whether it is current, and writes nothing

Question and finding are the first line and the paragraph `What was found before:` of a study's leading comment. It refuses
a study that lacks one of them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from am_studio.runs.study import Study, load_study

ABLATIONS = Path(__file__).parent.parent / "ablations"
FOUND = "What was found before: "
HEAD = """# Ready studies

Each file here asks one question of the field. They run as they are on a simulated subject, without a key; write a model's name
under `models` for a real one. `am-studio plan ablations/NAME.yaml` tells what a study would cost and find before any call.
This page is written by `python docs/make_ablations.py`.

| study | question | scenario | design | details | nuisance | published finding | command |
|---|---|---|---|---|---|---|---|
"""


def leading_comment(text: str) -> list[str]:
    """The paragraphs of the comment a study begins with, each on one line."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    return [" ".join(paragraph.split("\n")) for paragraph in "\n".join(lines).split("\n\n")]


def row(path: Path) -> str:
    """A study's line of the table. ValueError where its comment has no question or no finding."""
    study = load_study(path)
    paragraphs = leading_comment(path.read_text(encoding="utf-8"))
    found = [each.removeprefix(FOUND) for each in paragraphs if each.startswith(FOUND)]
    if len(found) != 1 or not paragraphs[0].endswith("?"):
        raise ValueError(f"{path.name}: its comment begins with a question and has one paragraph '{FOUND.strip()}'")
    nuisance = study.nuisance if isinstance(study.nuisance, str) else ", ".join(study.nuisance) or "off"
    finding = found[0][0].upper() + found[0][1:]
    cells = (
        f"[{study.name}]({path.name})",
        paragraphs[0],
        ", ".join(f"`{name}`" for name in scenarios(study)),
        study.design["kind"],
        details(study),
        nuisance,
        finding,
        f"`am-studio run {study.name}`",
    )
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |\n"


def scenarios(study: Study) -> tuple[str, ...]:
    """The study's own scenario, and the others that its variants name."""
    variants = study.design.get("variants", {}).values()
    return tuple(dict.fromkeys((study.scenario, *(each["scenario"] for each in variants if "scenario" in each))))


def details(study: Study) -> str:
    """The details that a design names, those that its variants set among them."""
    named = list(study.design.get("details", ()))
    for levels in study.design.get("variants", {}).values():
        named += levels.get("set", {}) if "scenario" in levels else levels
    return ", ".join(f"`{name}`" for name in dict.fromkeys(named)) or "all"


def page() -> str:
    """The whole file."""
    return HEAD + "".join(row(path) for path in sorted(ABLATIONS.glob("*.yaml"), key=lambda path: path.stem))


def main() -> int:
    """Writes the file, or with --check returns 1 where it is not current."""
    readme = ABLATIONS / "README.md"
    if "--check" in sys.argv[1:]:
        current = readme.exists() and readme.read_text(encoding="utf-8") == page()
        print("current" if current else "not current: python docs/make_ablations.py")
        return 0 if current else 1
    readme.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
