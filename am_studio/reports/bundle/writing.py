"""Makes a bundle of a run: plain parts, a hash of each, one zip. The same run gives the same bytes.

The numbers in it are worked out from its own parts, not from the run file: what is told is what can be computed from what
is told. A run that is being carried out, or that is damaged, makes no bundle.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from am_studio.foundation.errors import StudioError
from am_studio.foundation.files import replacing
from am_studio.foundation.zipread import wrong_name
from am_studio.records import ModelSettings
from am_studio.reports.bundle.citation import Cited, Credit
from am_studio.reports.bundle.leaks import Leaks, touched
from am_studio.reports.bundle.numbers import all_numbers, belief_numbers
from am_studio.reports.bundle.parts import (
    FORMAT,
    MANIFEST,
    OTHERS,
    SCENARIO,
    digest_of,
    document,
    identity,
    row,
)
from am_studio.reports.bundle.readme import readme
from am_studio.reports.bundle.rebuilding import rebuilt
from am_studio.reports.bundle.redaction import Redact, Redaction
from am_studio.reports.bundle.rows import Rows
from am_studio.reports.bundle.source import Directory
from am_studio.reports.stamps import stamp_of
from am_studio.runs.judging_plan import judges_seen
from am_studio.runs.labels import label_history, read_labels
from am_studio.runs.plan import plan_as_json
from am_studio.runs.runfile import RunFile
from am_studio.version import __version__

_MOMENT = (1980, 1, 1, 0, 0, 0)
"""Of every entry: when a bundle was packed says nothing."""
_LEVEL = 9


@dataclass(frozen=True, slots=True)
class BundleOptions:
    """What a bundle tells, and of whom."""

    redact: Redact = ""
    keep_endpoints: bool = False
    """Whether addresses of servers are told (never a name or password in them)."""
    credit: Credit = field(default_factory=Credit)


@dataclass(frozen=True, slots=True)
class Written:
    """A bundle that was made."""

    path: Path
    identity: str
    """What it is cited by, and what `reproduce --expect` takes."""
    size: int
    """Bytes."""
    trials: int
    parts: int
    simulated: bool
    withheld: tuple[str, ...]
    """Fields of the plan that were replaced."""
    redacted_whole: int
    """Trials of which all was taken out, because their reasoning could not be told apart."""


def write_bundle(run: RunFile, path: Path, options: BundleOptions | None = None) -> Written:
    """Make the bundle of a run, in place of a file of this name; StudioError when it cannot be made or written."""
    options = options or BundleOptions()
    if run.state() == "running":
        raise StudioError(
            f"{run.path} is being carried out", "a bundle is made of a run that stands still", "wait for it, or stop it"
        )
    with TemporaryDirectory(prefix="am-studio-") as directory, _one_moment(run):
        root = Path(directory)
        made = _Made(run, root, options)
        made.write()
        size = _pack(root, path)
    return Written(
        path, made.identity, size, run.planned(), made.parts, made.simulated, made.withheld, made.redaction.whole
    )


@contextmanager
def _one_moment(run: RunFile) -> Iterator[None]:
    """All that is read belongs together, whoever labels meanwhile."""
    list(run.query("BEGIN"))
    try:
        yield
    finally:
        list(run.query("ROLLBACK"))


class _Made:
    """The parts of one bundle, in a directory."""

    def __init__(self, run: RunFile, root: Path, options: BundleOptions) -> None:
        plan = run.plan
        models: list[ModelSettings] = [*plan.study.models, *plan.judge_models]
        for judge in judges_seen(run):
            models += _models_of(run.judge_settings(judge.name))
        raters = {label.rater for label in read_labels(run)} | {change.rater for change in label_history(run)}
        self.leaks = Leaks(models, raters, keep_endpoints=options.keep_endpoints)
        self.redaction = Redaction(options.redact, run)
        self.identity = ""
        self.withheld: tuple[str, ...] = ()
        self.parts = 0
        self.simulated = run.simulated
        self._run = run
        self._root = root
        self._options = options
        self._rows = Rows(run, self.leaks, self.redaction)

    def write(self) -> None:
        """Every part, the manifest last."""
        self._plan()
        self._texts()
        for name, rows in self._rows.parts().items():
            self._lines(name, rows())
        with rebuilt(Directory(self._root)) as run:
            self._put("effects.json", document(all_numbers(run)))
            beliefs = belief_numbers(run)
            if beliefs is not None:
                self._put("beliefs.json", document(beliefs))
        self._put("versions.json", document(self._versions()))
        plan, created = self._run.plan, self._run.created
        self.identity = identity({name: digest for name, (digest, _) in self._hashes().items()})
        cited = Cited.of(plan_of(self._root), self._options.credit, created, self.identity, simulated=self.simulated)
        self._put("CITATION.cff", cited.cff().encode())
        self._put("citation.bib", cited.bibtex().encode())
        told = readme(cited, plan, redact=self.redaction.mode, trials=self._run.planned(), left=self._run.unfinished())
        self._put("README.md", told.encode())
        hashes = self._hashes()
        self.parts = len(hashes) + 1
        self._put(MANIFEST, document(self._manifest(hashes)))

    def _plan(self) -> None:
        plain = plan_as_json(self._run.plan)
        told = self.leaks.value(plain)
        self.withheld = tuple(touched(plain, told))
        self._put("plan.json", document(told))
        judges = {
            judge.name: self._run.judge_settings(judge.name)
            for judge in judges_seen(self._run)
            if judge.name != self._run.plan.judge
        }
        batches = [list(each) for each in self._run.query("SELECT first, trials FROM batch ORDER BY first")]
        about = {
            "created": self._run.created,
            "others": self.leaks.value([each.name for each in self._run.plan.others]),
            "judges": self.leaks.value({name: settings for name, settings in judges.items() if settings}),
            "batches": batches,
            "names": self._rows.names(),
        }
        self._put("run.json", document(about))

    def _texts(self) -> None:
        self._directory(SCENARIO, self._run.scenario_texts)
        for number, texts in enumerate(self._run.other_texts.values(), 1):
            self._directory(f"{OTHERS}{number}/", texts)

    def _directory(self, where: str, texts: Mapping[str, str]) -> None:
        for name, text in sorted(texts.items()):
            if wrong_name(f"{where}{name}"):
                raise StudioError("a file of the carried scenario cannot be in a bundle", wrong_name(f"{where}{name}"))
            try:
                self._put(f"{where}{name}", text.encode())
            except UnicodeEncodeError as error:
                raise StudioError("a text of the carried scenario cannot be in a bundle", str(error)) from error

    def _lines(self, name: str, rows: Iterator[Mapping[str, Any]]) -> None:
        first = next(rows, None)
        if first is None:
            return
        with (self._root / name).open("wb") as file:
            file.write(row(first))
            file.writelines(map(row, rows))

    def _put(self, name: str, content: bytes) -> None:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def _versions(self) -> dict[str, Any]:
        sessions = self._run.sessions()
        return {
            "planned_with": self._run.plan.program,
            "carried_out_with": list(dict.fromkeys(session.program for session in sessions)),
            "bundled_with": __version__,
            "judges": [judge.name for judge in judges_seen(self._run)],
            "models_returned": {
                self.leaks.text(model.name): list(map(self.leaks.text, self._run.models_returned(model.name)))
                for model in self._run.plan.models
            },
            "reads_as": {"study": 1, "scenario": 1, "plan": self._run.plan.hash, "tokens": self._run.plan.tokens},
        }

    def _hashes(self) -> dict[str, tuple[str, int]]:
        source = Directory(self._root)
        return {name: digest_of(source.chunks(name)) for name in source.names}

    def _manifest(self, hashes: Mapping[str, tuple[str, int]]) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "kind": "am-studio result bundle",
            "simulated": self.simulated,
            "stamp": stamp_of(self._run.plan, simulated=self.simulated),
            "identity": self.identity,
            "program": __version__,
            "redacted": self.redaction.mode or None,
            "withheld": list(self.withheld),
            "plan_hash": self._run.plan.hash,
            "trials": self._run.planned(),
            "parts": {name: {"sha256": digest, "bytes": size} for name, (digest, size) in sorted(hashes.items())},
        }


def plan_of(root: Path) -> Any:
    """The plan as it is told in a directory of parts."""
    from am_studio.reports.bundle.source import document_of
    from am_studio.runs.plan import plan_from_json

    return plan_from_json(document_of(Directory(root), "plan.json"))


def _models_of(settings: Mapping[str, Any]) -> Iterator[ModelSettings]:
    for model in settings.get("models") or ():
        if isinstance(model, Mapping) and model.get("endpoint"):
            yield ModelSettings(str(model.get("name")), endpoint=str(model["endpoint"]))


def _pack(root: Path, path: Path) -> int:
    """One zip of the parts, in the order of their names; its size in bytes."""
    if not path.parent.is_dir():
        raise StudioError(f"{path} cannot be written", f"there is no directory {path.parent}")
    with replacing(path) as file:
        _zip(root, file)
        return file.tell()


def _zip(root: Path, file: BinaryIO) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        for name in Directory(root).names:
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o100644 << 16
            with (
                (root / name).open("rb") as part,
                archive.open(entry, "w", force_zip64=part.seek(0, 2) >= 1 << 31) as packed,
            ):
                part.seek(0)
                while chunk := part.read(1 << 20):
                    packed.write(chunk)
