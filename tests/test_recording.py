"""README's moving picture: one file that loads nothing, runs nothing, and shows every step of the main job."""

from __future__ import annotations

import ast
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.segment import Segment
from rich.style import Style

ROOT = Path(__file__).resolve().parents[1]
RECORDING = ROOT / "docs" / "images" / "recording.svg"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def _docs_on_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    yield
    sys.modules.pop("moving_picture", None)


def captions() -> list[str]:
    """What the script says about each step."""
    tree = ast.parse((ROOT / "docs" / "make_recording.py").read_text(encoding="utf-8"))
    (value,) = (
        node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "CAPTIONS"
    )
    return list(ast.literal_eval(value).values())


def test_the_recording_loads_nothing_and_runs_nothing() -> None:
    text = RECORDING.read_text(encoding="utf-8")
    assert len(text.encode()) < 400_000
    root = ET.fromstring(text)
    drawn = {f"{SVG}{name}" for name in ("svg", "title", "desc", "style", "defs", "g", "rect", "text", "tspan", "use")}
    assert {each.tag for each in root.iter()} <= drawn
    names = {each.get("id") for each in root.iter()}
    for each in root.iter():
        assert not [name for name in each.attrib if name.startswith("on") or name == "style"]
        href = each.get("href", "#t")
        assert href.startswith("#")
        assert href[1:] in names
    assert not re.search(r"url\(|@import|@font-face|https?://(?!www\.w3\.org/2000/svg)", text)
    assert "/tmp" not in text


def test_every_step_is_shown_in_its_turn_and_the_last_one_to_who_wants_no_motion() -> None:
    text = RECORDING.read_text(encoding="utf-8")
    root = ET.fromstring(text)
    frames = [each for each in root.iter(f"{SVG}g") if "f" in (each.get("class") or "").split()]
    told = ["".join(caption.itertext()) for frame in frames if (caption := frame.find(f"{SVG}text")) is not None]
    assert told == [f"{number}/{len(captions())}  {each}" for number, each in enumerate(captions(), 1)]
    assert [frame.get("class") for frame in frames] == ["f"] * (len(frames) - 1) + ["f z"]
    assert "@media (prefers-reduced-motion:reduce){.f{animation:none!important}}" in text
    (whole,) = re.findall(r"animation:([\d.]+)s step-end infinite", text)
    assert 15 <= float(whole) <= 25
    assert "SIMULATED: made by the program" in text
    assert (root.findtext(f"{SVG}desc") or "").startswith("Eight screens of AM Studio")


@pytest.mark.usefixtures("_docs_on_path")
def test_lines_that_screens_share_are_drawn_once_and_strangers_text_is_text() -> None:
    from moving_picture import Frame, moving_picture  # type: ignore[import-not-found,unused-ignore]

    same = (Segment("<script>&", Style(color="#ff0000", bold=True)), Segment(" 世界", Style(bgcolor="#00ff00")))
    frames = [Frame("one", 1, (same,)), Frame("two", 2, (same, (Segment("more"),)))]
    made = moving_picture(frames, "A title", "A sentence.")
    root = ET.fromstring(made)
    assert [each.get("id") for each in root.iter(f"{SVG}g") if each.get("id", "").startswith("l")] == ["l0", "l1"]
    assert [each.get("href") for each in root.iter(f"{SVG}use")] == ["#l0", "#l0", "#l1"]
    (first, second, _) = [each for each in root.iter(f"{SVG}text") if each.get("textLength")]
    assert (first.text, first.get("x"), first.get("textLength")) == ("<script>&", "0", "90")
    assert (second.text, second.get("x"), second.get("textLength")) == ("世界", "100", "40")
    assert made == moving_picture(frames, "A title", "A sentence.")
