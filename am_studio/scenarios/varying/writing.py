"""Proposals on disk: a pack to be read, beside a file that shows every change. Overwrites nothing."""

from __future__ import annotations

import difflib
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from am_studio.foundation.errors import StudioError
from am_studio.foundation.files import write_atomic
from am_studio.scenarios.documents import ScenarioDocument
from am_studio.scenarios.starting import pack_files, pack_slug, start_overlay
from am_studio.scenarios.varying.checks import Checked
from am_studio.scenarios.varying.proposals import KINDS, Proposal

REVIEW = "REVIEW.md"


def write_proposals(
    out: Path, reference: str, base: Mapping[str, str], checked: Sequence[Checked], dropped: Sequence[tuple[str, str]]
) -> tuple[str, ...]:
    """The pack with a scenario for each kind of proposal, and REVIEW.md; the names of the scenarios.

    `dropped` are titles and reasons of what made no proposal at all. StudioError where `out` has something already.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise StudioError(f"{out} exists already", "nothing was written", "name another place with --out")
    pack_slug(out)
    passed = [each.proposal for each in checked if not each.problem]
    names, notes = [], []
    for kind in KINDS:
        taken = [proposal for proposal in passed if proposal.kind == kind]
        if taken:
            names.append(kind)
            laid = dict(base)
            for proposal in taken:
                laid.update(proposal.texts)
            notes += _write_scenario(out, reference, kind, laid)
    out.mkdir(parents=True, exist_ok=True)
    write_atomic(out / REVIEW, review(reference, base, checked, dropped, notes).encode())
    return tuple(names)


def _write_scenario(out: Path, reference: str, name: str, texts: Mapping[str, str]) -> list[str]:
    """An overlay with these texts; a whole copy where an overlay cannot say them, with a note that says so."""
    try:
        directory = start_overlay(out, reference, name)
        document = ScenarioDocument.open(directory)
        document.edit(texts, "proposals")
        document.save()
        return []
    except StudioError as error:
        shutil.rmtree(out / name, ignore_errors=True)
        for file, text in {
            **pack_files(out.resolve().name, reference),
            **{f"{name}/{f}": t for f, t in texts.items()},
        }.items():
            path = out / file
            if file.startswith(f"{name}/") or not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                write_atomic(path, text.encode())
        return [f"`{name}` is a whole copy and no overlay: {error.title}."]


def review(
    reference: str,
    base: Mapping[str, str],
    checked: Sequence[Checked],
    dropped: Sequence[tuple[str, str]],
    notes: Sequence[str] = (),
) -> str:
    """What is proposed, as differences that a person reads, and what was dropped and why."""
    passed = [each.proposal for each in checked if not each.problem]
    lost = [(each.proposal.title, each.problem) for each in checked if each.problem] + list(dropped)
    lines = [
        f"# Proposals for {reference}",
        "",
        f"{len(passed)} passed every check (they render, each detail toggles what it toggled, gates mean what they meant);",
        f"{len(lost)} were dropped. Nothing of the scenario was changed: copy over what you want, file by file.",
        "",
        *notes,
    ]
    for number, proposal in enumerate(passed, 1):
        lines += [f"## {number}. {proposal.kind}: {proposal.title}", "", f"Source: {proposal.source}", ""]
        lines += [line for name in sorted(proposal.texts) for line in _difference(name, base, proposal)]
    if lost:
        lines += ["## Dropped", "", *(f"- {title}: {reason}" for title, reason in lost), ""]
    return "\n".join(lines)


def _difference(name: str, base: Mapping[str, str], proposal: Proposal) -> list[str]:
    old, new = base.get(name, ""), proposal.texts[name]
    made = difflib.unified_diff(old.splitlines(), new.splitlines(), name if old else "(new)", name, lineterm="", n=1)
    # A fence longer than any run of backticks inside cannot be closed from inside.
    told = "\n".join(made)
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", told)), default=0))
    return [f"{fence}diff", told, fence, ""]
