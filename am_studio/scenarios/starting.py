"""A pack of one's own: begun from a scenario of the library, from a small template, or as an overlay. Overwrites nothing."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

from am_studio.foundation.errors import FileProblems, StudioError
from am_studio.foundation.files import write_atomic
from am_studio.scenarios.finding import find_scenario, reference_of
from am_studio.scenarios.loading import resolved_texts
from am_studio.scenarios.overlay_base import find_base, pack_version
from am_studio.scenarios.pack_readme import BEGIN, END, README, write_readme
from am_studio.scenarios.references import load_scenario
from am_studio.scenarios.yaml_style import in_lines

_SLUG = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
_PACK = """\
format: 1
name: {name}
version: 0.1.0
title: {title}
authors: [Your Name]
license: CC-BY-4.0
content_notice: Fictional workplace mail in which an AI agent could do harm. All persons and companies are invented.
{stated}fictional: true   # your statement that nobody in it is real
canary: {canary}
"""

_README = f"""\
# {{title}}

Begun from `{{source}}`. Check it with `am-studio pack check .`, and before it is published with
`am-studio pack check . --publish`.

What follows is written by `am-studio pack check . --write-readme`; the rest of this file is yours.

{BEGIN}
{END}
"""

_OVERLAY_HELP = """
# Only what differs from the base stands here or in files beside it. Texts are replaced whole by a file of the same name
# (system.md, task.md, emails/010-news.md); a new name adds an email. In this file, such as:
#
# details: {deadline: {default: off}}                      # cast, details, outcomes: field by field
# emails: {080-dunlin: {subject: Other words}}             # heads of emails, field by field
# passages: {"emails/080-dunlin.md#replacement": "..."}    # a marked passage
# remove: {emails: [090-printer], details: [goal_conflict]}
#
# Afterwards: am-studio pack check DIR --accept-base (records in base.yaml what is replaced), am-studio pack diff DIR.
"""


def pack_slug(pack: Path) -> str:
    """The name of the pack in this directory; StudioError when it cannot be one."""
    slug = pack.resolve().name
    if not re.fullmatch(_SLUG, slug):
        raise StudioError(f"'{slug}' cannot be a pack's name", hint="lower case, digits and hyphens, such as my-pack")
    return slug


def pack_files(slug: str, source: str, *, fictional: bool = False) -> dict[str, str]:
    """The files that every pack begins with, by name; `fictional` states that nobody in it is real."""
    title = slug.replace("-", " ").capitalize()
    return {
        "pack.yaml": _PACK.format(name=slug, title=title, stated="" if fictional else "# ", canary=uuid.uuid4()),
        "README.md": _README.format(title=title, source=source),
    }


def start_pack(pack: Path, source: str, name: str = "") -> Path:
    """The directory of the copied scenario in a new or existing pack; the copy of an overlay stands by itself.

    Raises StudioError for a name that cannot be a pack's, or where the copy would overwrite something.
    """
    original = find_scenario(source)
    copy = _place(pack, name or original.name)
    texts, problems = resolved_texts(original)
    if problems:
        raise FileProblems(problems)
    _begin(pack, reference_of(original))
    (copy / "emails").mkdir(parents=True)
    for file, text in texts.items():
        write_atomic(copy / file, _as_on_disk(original / file, text))
    for path in original.glob("*.md"):
        if path.name not in texts and path.name != README:
            write_atomic(copy / path.name, path.read_bytes())
    _update_readme(pack)
    return copy


def start_overlay(pack: Path, extends: str, name: str = "") -> Path:
    """The directory of an overlay that changes nothing yet, in a new or existing pack.

    `extends` is `pack/scenario`, or that with `@version`; without one the major version that is there is meant. Raises
    StudioError when there is no such scenario or one with errors, and as `start_pack` does.
    """
    if "@" not in extends:
        found = find_scenario(extends)
        extends = f"{reference_of(found)}@{(pack_version(found.parent) or '1').partition('.')[0]}"
    reference = extends.partition("@")[0]
    directory = _place(pack, name or reference.rpartition("/")[2])
    base = find_base(extends, directory)
    front = load_scenario(base.directory).front
    _begin(pack, extends)
    directory.mkdir(parents=True)
    plain = {"format": "1", "extends": extends, "title": f"{front.title} (changed)"}
    write_atomic(directory / "scenario.yaml", f"{in_lines(plain, 0)}\n{_OVERLAY_HELP}".encode())
    # Overlays build on what is here, and their forms take a while to build.
    from am_studio.scenarios.overlays import record_base

    record_base(directory)
    _update_readme(pack)
    return directory


def _place(pack: Path, name: str) -> Path:
    """Where a scenario of this name goes; StudioError when names are none or the place is taken."""
    pack_slug(pack)
    if not re.fullmatch(_SLUG, name):
        hint = "lower case, digits and hyphens, such as my-scenario"
        raise StudioError(f"'{name}' cannot be a scenario's name", hint=hint)
    copy = pack / name
    if copy.exists():
        raise StudioError(f"{copy} exists already", "nothing was changed", "choose another name with --name")
    return copy


def _begin(pack: Path, source: str) -> None:
    """The pack's own files, where there are none."""
    try:
        pack.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudioError(f"{pack} cannot be made", error.strerror or str(error)) from error
    for name, text in pack_files(pack_slug(pack), source, fictional=True).items():
        if not (pack / name).exists():
            write_atomic(pack / name, text.encode())


def _update_readme(pack: Path) -> None:
    """The generated part of a README that has one; a README without stays as its author wrote it."""
    readme = pack / README
    if BEGIN not in readme.read_text("utf-8", errors="replace"):
        return
    try:
        write_readme(pack)
    except StudioError:
        return  # a scenario of the pack has errors, which `check` tells


def _as_on_disk(path: Path, text: str) -> bytes:
    """The file's own bytes where the text is what stands in it; else the text."""
    try:
        data = path.read_bytes()
    except OSError:
        return text.encode()
    same = data.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n") == text
    return data if same else text.encode()
