"""Two versions of a pack or a scenario side by side: what their files say, and what changed for the subject.

A pack may be a directory, a zip or the name of one in the library, a scenario a directory or a reference; an overlay can
be held against the scenario that it extends. Zips are read as strangers' packs are; nothing of what is compared is changed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from am_studio.foundation.errors import FileProblems, StudioError
from am_studio.foundation.locations import library_roots
from am_studio.foundation.yamlfile import parse_yaml
from am_studio.scenarios.finding import find_scenario, reference_of, scenarios_of
from am_studio.scenarios.loading import Draft, read_texts, resolved_texts
from am_studio.scenarios.overlay_base import bases_of, extends_of, pack_version
from am_studio.scenarios.references import load_scenario, scenario_of
from am_studio.scenarios.scenario_diff import ChangeKind, ScenarioDiff, scenario_diff
from am_studio.scenarios.sharing.archives import pack_in_archive
from am_studio.scenarios.sharing.contents import SIDECARS, PackContents
from am_studio.scenarios.sharing.directories import unpacked
from am_studio.scenarios.sharing.names import is_shared
from am_studio.scenarios.word_diff import LineChange, line_changes
from am_studio.scenarios.yaml_style import in_lines

if TYPE_CHECKING:
    from am_studio.scenarios.overlays import Resolved

_LARGEST = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class TextChange:
    """A file, or a piece of one, that says something else."""

    name: str
    kind: ChangeKind
    changes: tuple[LineChange, ...]
    """Empty for what is no text."""


@dataclass(frozen=True, slots=True)
class NamedDiff:
    """What changed in one scenario of a pack."""

    name: str
    kind: ChangeKind
    diff: ScenarioDiff | None
    """None for one that came or went, and where one of the two cannot be used."""
    problem: str = ""
    """Why it cannot be said what changed for the subject."""


@dataclass(frozen=True, slots=True)
class PackDiff:
    """Everything that differs."""

    before: str
    after: str
    """What was compared, with versions."""
    texts: tuple[TextChange, ...]
    scenarios: tuple[NamedDiff, ...]

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.texts or self.scenarios)

    @property
    def summary(self) -> str:
        """One line of what differs."""
        if self.same:
            return "nothing differs"
        parts = [f"{_counted(len(self.texts), 'text')} changed"] if self.texts else []
        parts += [
            f"scenario {each.name} {each.kind}" for each in self.scenarios if each.diff is None and not each.problem
        ]
        diffs = [each.diff for each in self.scenarios if each.diff is not None]
        for what in ("details", "outcomes"):
            entries = [entry for diff in diffs for entry in getattr(diff, what)]
            for kind in ("added", "removed", "changed"):
                count = sum(entry.kind == kind for entry in entries)
                parts += [f"{_counted(count, what.removesuffix('s'))} {kind}"] if count else []
        prompts = [prompt for diff in diffs for prompt in diff.prompts]
        default = sum(len(prompt.hunks) for prompt in prompts if prompt.variant == "default")
        others = len([prompt for prompt in prompts if prompt.variant != "default"])
        unknown = any(each.problem for each in self.scenarios)
        if prompts:
            told = f"{_counted(default, 'change')} in the default prompt"
        else:  # of a scenario that only one of them has there is nothing to compare
            shared = all(each.diff is not None for each in self.scenarios)
            told = "the subject reads the same" if shared else "in scenarios of both, the subject reads the same"
        more = f", more in {_counted(others, 'variant')}" if others else ""
        return "; ".join([*parts, *(["what it means to the subject is not known"] if unknown else [told + more])])


def diff_of(before: str, after: str = "") -> PackDiff:
    """What differs from one pack or scenario to another, or (without `after`) from its base to an overlay.

    Raises StudioError when there is no such thing, when the two are not of a kind, or for a lone one that is no overlay.
    """
    with contextlib.ExitStack() as opened:
        first = opened.enter_context(_opened(before))
        if not after:
            return _against_bases(first)
        second = opened.enter_context(_opened(after))
        if _is_pack(first) != _is_pack(second):
            told = [
                f"{text}: a {'pack' if _is_pack(place) else 'scenario'}"
                for text, place in ((before, first), (after, second))
            ]
            raise StudioError("a pack cannot be compared with a scenario", "; ".join(told), "name two of a kind")
        compare = _packs if _is_pack(first) else _scenarios
        return compare(first, second)


def diff_of_contents(before: PackContents, after: PackContents) -> PackDiff:
    """What differs from one pack in memory to another; nothing of them has to be installed."""
    with unpacked(before) as first, unpacked(after) as second:
        return _packs(first, second)


def overlay_diff(draft: Draft, made: Resolved) -> PackDiff:
    """What an overlay that is being edited changes in its base: `made` of its own files, `draft` the whole scenario."""
    if made.base is None:
        raise FileProblems(made.problems)
    base, directory = made.base, draft.directory
    found = tuple(_named(directory.resolve().name, base.directory, draft))
    return PackDiff(f"{base.reference} {base.version}", _called(directory), tuple(_pieces(made, "")), found)


# What is compared. ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _opened(text: str) -> Iterator[Path]:
    """The directory of a pack or scenario; that of a zip lasts as long as it is looked at."""
    path = Path(text)
    if path.is_file() and path.suffix == ".zip":
        with unpacked(pack_in_archive(path)) as directory:
            yield directory
        return
    if _is_pack(path) or (path / "scenario.yaml").is_file():
        yield path
        return
    packs = (root / text for root in library_roots() if "/" not in text)
    yield next((pack for pack in packs if _is_pack(pack)), None) or find_scenario(text)


def _is_pack(place: Path) -> bool:
    return (place / "pack.yaml").is_file()


def _called(place: Path) -> str:
    """How a pack or scenario is told, with the version of the pack."""
    pack = place if _is_pack(place) else place.resolve().parent
    version = pack_version(pack)
    name = place.resolve().name if _is_pack(place) else reference_of(place)
    return f"{name} {version}".strip()


# Comparing. ----------------------------------------------------------------------------------------------------------


def _packs(before: Path, after: Path) -> PackDiff:
    old, new = {path.name: path for path in scenarios_of(before)}, {path.name: path for path in scenarios_of(after)}
    found: list[NamedDiff] = []
    for name in sorted({*old, *new}):
        if name not in new or name not in old:
            found.append(NamedDiff(name, "removed" if name in old else "added", None))
        else:
            found += _named(name, old[name], new[name])
    texts = tuple(_text_changes(_files(before), _files(after)))
    return PackDiff(_called(before), _called(after), texts, tuple(found))


def _scenarios(before: Path, after: Path) -> PackDiff:
    if extends_of(before) or extends_of(after):
        sides = [_resolved(place) for place in (before, after)]
    else:
        sides = [read_texts(place)[0] for place in (before, after)]
    encoded = [{name: text.encode() for name, text in side.items()} for side in sides]
    texts = tuple(_text_changes(*encoded))
    return PackDiff(_called(before), _called(after), texts, tuple(_named(after.resolve().name, before, after)))


def _against_bases(place: Path) -> PackDiff:
    """An overlay, or every overlay of a pack, against the scenario below."""
    overlays = [
        directory for directory in (scenarios_of(place) if _is_pack(place) else [place]) if extends_of(directory)
    ]
    if not overlays:
        raise StudioError(f"{_called(place)} extends nothing", hint="name what it is to be compared with as well")
    # Most of what is compared are no overlays, whose forms take a while to build.
    from am_studio.scenarios.overlays import resolve

    texts: list[TextChange] = []
    found: list[NamedDiff] = []
    bases: dict[str, None] = {}
    for directory in overlays:
        texts += _pieces(resolve(directory, read_texts(directory)[0]), f"{directory.name}/" if _is_pack(place) else "")
        base = bases_of(directory)[0]
        bases.setdefault(f"{base.reference} {base.version}")
        found += _named(directory.name, base.directory, directory)
    return PackDiff(", ".join(bases), _called(place), tuple(texts), tuple(found))


def _pieces(made: Resolved, prefix: str) -> Iterator[TextChange]:
    from am_studio.scenarios.overlay_pieces import shown

    if made.base is None:
        raise FileProblems(made.problems)
    for piece in made.pieces:
        if piece.was != piece.now:
            kind: ChangeKind = "added" if piece.was is None else "removed" if piece.now is None else "changed"
            yield TextChange(f"{prefix}{piece.address}", kind, line_changes(shown(piece.was), shown(piece.now)))


def _named(name: str, before: Path, after: Path | Draft) -> Iterator[NamedDiff]:
    try:
        meant = scenario_of(after) if isinstance(after, Draft) else load_scenario(after.resolve())
        found = scenario_diff(load_scenario(before.resolve()), meant)
    except StudioError as error:
        yield NamedDiff(name, "changed", None, f"{error.title}: {error.detail.splitlines()[0] if error.detail else ''}")
        return
    if not found.same:
        yield NamedDiff(name, "changed", found)


def _text_changes(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Iterator[TextChange]:
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        kind: ChangeKind = "added" if old is None else "removed" if new is None else "changed"
        try:
            yield TextChange(name, kind, line_changes((old or b"").decode(), (new or b"").decode()))
        except UnicodeDecodeError:
            yield TextChange(name, kind, ())


def _resolved(directory: Path) -> dict[str, str]:
    """A scenario's texts with its base's, its scenario.yaml in one form, for an overlay's is put together anew."""
    texts, problems = resolved_texts(directory)
    if problems:
        raise FileProblems(problems)
    plain = parse_yaml(texts["scenario.yaml"], "scenario.yaml").plain()
    return {**texts, "scenario.yaml": f"{in_lines(plain, 0)}\n"}


def _files(pack: Path) -> dict[str, bytes]:
    """The files of a pack by their names from its root; its manifest and signature are no part of it."""
    files = {}
    for path in sorted(pack.rglob("*")):
        inside = path.relative_to(pack)
        shared = is_shared(inside.as_posix()) and inside.as_posix() not in SIDECARS
        if shared and path.is_file() and not path.is_symlink() and path.stat().st_size <= _LARGEST:
            files[inside.as_posix()] = path.read_bytes()
    return files


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
