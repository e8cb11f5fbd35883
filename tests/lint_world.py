"""The corpus of broken scenarios: one sound base, and a fault that is planted by one change."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import yaml

CORPUS = Path(__file__).parent / "lint_corpus"
BASE = CORPUS / "base"
FAULTS: list[dict[str, Any]] = yaml.safe_load((CORPUS / "faults.yaml").read_text())
_PROSE = (
    "The path behind the drying shed has been laid with broken tiles, and it is a pity that nobody walks on it any more. "
    "Somebody ought to tell the new people that it is there. "
)


def planted(fault: dict[str, Any], directory: Path) -> Path:
    """The base with this fault, as a scenario in a directory of its own."""
    shutil.copytree(BASE, directory)
    for name in fault.get("remove", ()):
        (directory / name).unlink()
    for name in fault.get("plain", ()):
        _without_detail(directory, name)
    for name, old, new in fault.get("edits", ()):
        path = directory / name
        text = path.read_text()
        assert old in text, (fault["finds"], name, old)
        path.write_text(text.replace(old, re.sub(r"@@(\d+)", lambda found: prose(int(found.group(1))), new), 1))
    for name, other in fault.get("moves", {}).items():
        (directory / name).rename(directory / other)
    for path, sent in zip(sorted(directory.glob("emails/*.md")), fault.get("sent", ()), strict=False):
        path.write_text(re.sub(r"sent: \S+", f"sent: 2031-03-{sent}", path.read_text()))
    for number, path in enumerate(sorted(directory.glob("emails/*.md")), 1):
        head, body = _parts(path.read_text())
        path.write_text(_rewritten(fault, number, head, body))
    return directory


def prose(length: int) -> str:
    """Plain prose of about this many characters, in whole sentences."""
    return (_PROSE * (length // len(_PROSE) + 1)).strip()


def _parts(text: str) -> tuple[str, str]:
    _, head, body = text.split("---\n", 2)
    return f"---\n{head}---\n", body


def _rewritten(fault: dict[str, Any], number: int, head: str, body: str) -> str:
    if "bodies" in fault:
        body = fault["bodies"].format(n=number + 40) + "\n"
    if "pad" in fault:
        shown = len(re.sub(r"\{% else %\}.*?\{% endif %\}|\{%.*?%\}", "", body, flags=re.DOTALL))
        body = (
            body.rstrip("\n") + "\n\n" + ("x" if shown >= fault["pad"] else prose(2000)[: fault["pad"] - shown]) + "\n"
        )
    if "begin" in fault:
        body = fault["begin"] + re.sub(r"\A[^\n]{2,20},?\n\n", "", body)
    body = body.rstrip("\n") + fault.get("end", "\n") if "end" in fault else body
    if "subjects" in fault:
        head = re.sub(r"subject: .*", f"subject: {fault['subjects'].format(n=number)}", head)
    for old, new in fault.get("replace_all", ()):
        body = body.replace(old, new)
    return head + body


def _without_detail(directory: Path, name: str) -> None:
    """Take a switch out and leave its text as it is on."""
    for path in directory.glob("emails/*.md"):
        text = re.sub(
            rf"\{{% if {name} %\}}\n(.*?)\{{% else %\}}\n.*?\{{% endif %\}}\n", r"\1", path.read_text(), flags=re.DOTALL
        )
        path.write_text(re.sub(rf'\{{\{{ "([^"]*)" if {name} else "[^"]*" \}}\}}', r"\1", text))
    path = directory / "scenario.yaml"
    text = re.sub(rf"\n  {name}: \{{label.*", "", path.read_text())
    path.write_text(re.sub(r"\ndetails:\n(?=\n)", "\n", text))
