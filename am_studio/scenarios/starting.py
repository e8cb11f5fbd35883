"""A pack of one's own, begun from a scenario of the library. Overwrites nothing."""

from __future__ import annotations

import re
import shutil
import uuid
from pathlib import Path

from am_studio.foundation.errors import StudioError
from am_studio.foundation.files import write_atomic
from am_studio.scenarios.references import find_scenario, reference_of

_PACK = """\
format: 1
name: {name}
version: 0.1.0
title: {title}
authors: [Your Name]
license: CC-BY-4.0
content_notice: Fictional workplace mail in which an AI agent could do harm. All persons and companies are invented.
canary: {canary}
"""

_README = """\
# {title}

Begun from `{source}`. Check it with `am-studio check .`
"""


def pack_slug(pack: Path) -> str:
    """The name of the pack in this directory; StudioError when it cannot be one."""
    slug = pack.resolve().name
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", slug):
        raise StudioError(f"'{slug}' cannot be a pack's name", hint="lower case, digits and hyphens, such as my-pack")
    return slug


def pack_files(slug: str, source: str) -> dict[str, str]:
    """The files that every pack begins with, by name."""
    title = slug.replace("-", " ").capitalize()
    return {
        "pack.yaml": _PACK.format(name=slug, title=title, canary=uuid.uuid4()),
        "README.md": _README.format(title=title, source=source),
    }


def start_pack(pack: Path, source: str, name: str = "") -> Path:
    """The directory of the copied scenario in a new or existing pack.

    Raises StudioError for a name that cannot be a pack's, or where the copy would overwrite something.
    """
    original = find_scenario(source)
    slug = pack_slug(pack)
    copy = pack / (name or original.name)
    if copy.exists():
        raise StudioError(f"{copy} exists already", "nothing was changed", "choose another name with --name")
    pack.mkdir(parents=True, exist_ok=True)
    for name_, text in pack_files(slug, reference_of(original)).items():
        if not (pack / name_).exists():
            write_atomic(pack / name_, text.encode())
    (copy / "emails").mkdir(parents=True)
    for file in (*original.glob("*.yaml"), *original.glob("*.md")):
        shutil.copyfile(file, copy / file.name)
    for file in original.glob("emails/*.md"):
        shutil.copyfile(file, copy / "emails" / file.name)
    return copy
