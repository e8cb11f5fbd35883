"""The files of the agentic-misalignment suite, wherever they lie: an installed package, a wheel, a checkout.

Files are read as text with a cap each; nothing is imported, unpacked or run. What is not there is told with the place where
it was looked for.
"""

from __future__ import annotations

import importlib.util
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from am_studio.foundation.errors import StudioError
from am_studio.foundation.files import MEGABYTE, read_text
from am_studio.foundation.hashing import hash_json

PROMPTS = "templates/system_prompt_templates.py"
"""The file by which the suite is recognised."""
_PACKAGE = "inspect_evals/agentic_misalignment"
_WANTED = re.compile(
    r"templates/system_prompt_templates\.py|templates/\w+/(templates|variables)/[\w.-]+\.md|classifiers/\w+\.py"
    r"|(scripts/)?\w+\.py|configs/[\w.-]+\.ya?ml|LICENSE(\.\w+)?"
)
_MOST_FILES = 500
_HINT = (
    "give --from PATH: an environment's site-packages, an inspect_evals wheel, or a checkout of "
    "anthropic-experimental/agentic-misalignment"
)


@dataclass(frozen=True, slots=True)
class SuiteFiles:
    """The suite's texts by their name relative to it, with `/`."""

    where: str
    """As a person would look for it: the directory, or the wheel with the directory in it."""
    origin: str
    """What it is, such as `inspect_evals 0.28.0`."""
    texts: dict[str, str]

    @property
    def hash(self) -> str:
        """Over names and texts."""
        return hash_json(self.texts)

    def text(self, name: str) -> str:
        """The text of a file; StudioError with the place when there is none."""
        if name not in self.texts:
            raise StudioError(f"the suite lacks {name}", f"looked for in {self.where}", "nothing was written")
        return self.texts[name]

    def find(self, pattern: str) -> list[str]:
        """Names that match a regular expression as a whole, sorted."""
        return sorted(name for name in self.texts if re.fullmatch(pattern, name))


def read_suite(given: Path | None) -> SuiteFiles:
    """The suite at a path (None: the package installed beside this program).

    Raises StudioError when it is not there or a file of it cannot be read.
    """
    if given is None:
        return _installed()
    if given.is_file():
        return _from_wheel(given)
    if not given.is_dir():
        raise StudioError(f"{given} is neither a directory nor a file", hint=_HINT)
    for root, packages in _roots(given):
        if (root / PROMPTS).is_file():
            return _from_directory(root, packages)
    raise StudioError(f"there is no agentic-misalignment suite in {given}", f"looked for {PROMPTS}", _HINT)


def _installed() -> SuiteFiles:
    found = importlib.util.find_spec("inspect_evals")
    for place in (found.submodule_search_locations or ()) if found else ():
        root = Path(place) / "agentic_misalignment"
        if (root / PROMPTS).is_file():
            return _from_directory(root, Path(place).parent)
    raise StudioError("the package inspect_evals is not installed beside this program", hint=_HINT)


def _roots(given: Path) -> Iterator[tuple[Path, Path]]:
    """(a directory that may hold the suite, where its package would be described)."""
    yield given, given.parent.parent
    packages = [given, given / "src", *sorted(given.glob("lib/python*/site-packages")), given / "Lib/site-packages"]
    for place in packages:
        yield place / _PACKAGE, place
    yield given / "agentic_misalignment", given.parent


def _from_directory(root: Path, packages: Path) -> SuiteFiles:
    names = [path.relative_to(root).as_posix() for path in sorted(root.rglob("*")) if path.is_file()]
    texts = _texts(names, lambda name: read_text(root / name))
    described = next(packages.glob("inspect_evals-*.dist-info/METADATA"), None)
    version = _version(read_text(described)) if described else ""
    origin = f"inspect_evals {version}".strip() if root.as_posix().endswith(_PACKAGE) else "agentic-misalignment"
    return SuiteFiles(str(root), origin, texts)


def _from_wheel(wheel: Path) -> SuiteFiles:
    try:
        with zipfile.ZipFile(wheel) as archive:
            inside = [info.filename for info in archive.infolist() if not info.is_dir()]
            prefix = f"{_PACKAGE}/"
            names = [name.removeprefix(prefix) for name in inside if name.startswith(prefix)]
            if PROMPTS not in names:
                raise StudioError(
                    f"{wheel} holds no agentic-misalignment suite", f"looked for {prefix}{PROMPTS}", _HINT
                )
            texts = _texts(names, lambda name: _member(archive, prefix + name))
            described = next((name for name in inside if PurePosixPath(name).match("*.dist-info/METADATA")), "")
            version = _version(_member(archive, described)) if described else ""
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise StudioError(f"{wheel} cannot be read as a wheel", str(error), _HINT) from error
    return SuiteFiles(f"{wheel}: {_PACKAGE}", f"inspect_evals {version}".strip(), texts)


def _texts(names: list[str], read: Callable[[str], str]) -> dict[str, str]:
    wanted = [name for name in names if _WANTED.fullmatch(name)]
    if len(wanted) > _MOST_FILES:
        raise StudioError(f"the suite has {len(wanted):,} files; at most {_MOST_FILES} are read")
    return {name: read(name) for name in wanted}


def _member(archive: zipfile.ZipFile, name: str) -> str:
    with archive.open(name) as file:
        data = file.read(MEGABYTE + 1)
    if len(data) > MEGABYTE:
        raise StudioError(f"{name} in the wheel is larger than {MEGABYTE:,} bytes")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise StudioError(f"{name} in the wheel is not UTF-8 text", f"byte {error.start}: {error.reason}") from error


def _version(metadata: str) -> str:
    found = re.search(r"^Version: ([\w.+-]+)$", metadata, re.MULTILINE)
    return found[1] if found else ""
