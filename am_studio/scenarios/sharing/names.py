"""Which names a file of a pack may have: those that mean one and the same file on every system, and nothing else.

Refuses what leaves the pack (`..`, absolute, drives, backslashes), what hides or acts (NUL, control, bidirectional,
invisible and tag characters), what Windows reserves or mangles, and names that differ by case or normal form alone. Takes texts, touches no disk.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from am_studio.foundation.hygiene import UNSHOWABLE

MAX_NAME = 100
"""Bytes of one step of a path, as UTF-8."""
MAX_PATH = 240
"""Bytes of a path from the pack's root; Windows takes 260 characters with what stands before it."""
MAX_STEPS = 8

_RESERVED = re.compile(r"(con|prn|aux|nul|clock\$|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.IGNORECASE)
_UNPORTABLE = re.compile(r'[<>:"|?*]')
_NOT_SHARED = re.compile(r"\..*|__pycache__|__macosx|thumbs\.db|desktop\.ini|.*~", re.IGNORECASE)


def name_fault(path: str) -> str:
    """Why a pack may have no file of this name (a path with `/` from the pack's root); empty when it may."""
    if not path:
        return "an empty name"
    if "\\" in path:
        return "a backslash in a name"
    if path.startswith("/"):
        return "an absolute path"
    if re.match(r"[A-Za-z]:", path):
        return "a path with a drive"
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        return "a name that is not text"
    if size > MAX_PATH:
        return f"a path longer than {MAX_PATH} bytes"
    steps = path.split("/")
    if len(steps) > MAX_STEPS:
        return f"a path of more than {MAX_STEPS} steps"
    return next((fault for step in steps if (fault := _step_fault(step))), "")


def is_shared(path: str) -> bool:
    """Whether a file of this name is part of its pack: names that begin with a dot, caches and what systems leave behind are not."""
    return not any(_NOT_SHARED.fullmatch(step) for step in path.split("/"))


def collision(paths: Iterable[str]) -> tuple[str, str] | None:
    """Two paths that some system takes for the same file, or for a file and a directory at once; None when there are none."""
    files: dict[str, str] = {}
    directories: dict[str, str] = {}
    for path in paths:
        if (key := _folded(path)) in files:
            return files[key], path
        files[key] = path
        steps = path.split("/")
        for depth in range(1, len(steps)):
            directory = "/".join(steps[:depth])
            if (spelled := directories.setdefault(_folded(directory), directory)) != directory:
                return spelled, directory
    both = next(iter(files.keys() & directories.keys()), None)
    return None if both is None else (files[both], directories[both])


def _folded(path: str) -> str:
    """What a system that minds neither case nor normal form makes of a path."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _step_fault(step: str) -> str:
    """Why no file or directory may be called this; empty when it may."""
    if step in ("", ".", ".."):
        return "a step that is empty, '.' or '..'"
    if any(character != " " and unicodedata.category(character)[0] in "CZ" for character in step):
        return "a control, direction, invisible or unassigned character in a name"
    if UNSHOWABLE.search(step):
        return "an invisible character in a name"
    if found := _UNPORTABLE.search(step):
        return f"the character '{found.group()}' in a name, which Windows does not take"
    if _RESERVED.fullmatch(step):
        return "a name that Windows reserves"
    if step[-1] in ". " or step[0] == " ":
        return "a name with a space at an end, or a dot at its end"
    if len(step.encode()) > MAX_NAME:
        return f"a name longer than {MAX_NAME} bytes"
    if unicodedata.normalize("NFC", step) != step:
        return "a name that is not in Unicode's composed form (NFC)"
    return ""
