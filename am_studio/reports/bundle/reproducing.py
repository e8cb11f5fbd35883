"""Does again, from a bundle's own parts, everything that led to its numbers, and says where anything comes out otherwise.

Hashes of parts; the plan's hash, arms and trials; every prompt from the scenario's texts; every reply read; every simulated
reply; every verdict, by rules or by the stored answers of judging models; every number. No model is called and nothing is
written. Who alters a part and its hash is found by what no longer follows; who alters a reply of a real model so that nothing
follows from it is found by the bundle's identity alone, which is why that is published with a result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from am_studio.designs.base import NoResults
from am_studio.designs.registry import open_design
from am_studio.foundation.errors import StudioError
from am_studio.foundation.hygiene import one_line
from am_studio.records import TrialSpec
from am_studio.reports.bundle.conversations import Conversations
from am_studio.reports.bundle.findings import Check, Difference, Reproduction
from am_studio.reports.bundle.numbers import Changed, all_numbers, belief_numbers, changes
from am_studio.reports.bundle.parts import FORMAT, MANIFEST, digest_of, identity
from am_studio.reports.bundle.rebuilding import BundledRun, rebuilt
from am_studio.reports.bundle.replaying import settled
from am_studio.reports.bundle.source import Source, document_of, open_source, rows_of
from am_studio.runs import codec
from am_studio.runs.carried import load_carried
from am_studio.runs.plan import hash_of_stored
from am_studio.runs.rechecks import recheck_session
from am_studio.runs.variants import variant_of
from am_studio.runs.verify import damages
from am_studio.scenarios import Scenario, render
from am_studio.version import __version__

MOST_NAMED = 2_000_000
"""A study of a stranger's that names more trials is not asked which."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle says of itself."""

    program: str
    redacted: str
    simulated: bool
    withheld: tuple[str, ...]
    identity: str
    plan_hash: str
    parts: Mapping[str, str]
    """Hex SHA-256 by name."""


def manifest_of(source: Source, name: str) -> Manifest:
    """The manifest; StudioError when there is none, or one of a newer format."""
    if MANIFEST not in source.names:
        raise StudioError(f"{name} is no result bundle", f"it has no {MANIFEST}")
    plain = document_of(source, MANIFEST)
    try:
        if plain["format"] != FORMAT:
            raise StudioError(f"{name} has format {str(plain['format'])[:20]}; this program reads format {FORMAT}")
        return Manifest(
            str(plain["program"]),
            str(plain["redacted"] or ""),
            bool(plain["simulated"]),
            tuple(map(str, plain["withheld"])),
            str(plain["identity"]),
            str(plain["plan_hash"]),
            {str(part): str(about["sha256"]) for part, about in plain["parts"].items()},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise StudioError(f"{name} is no usable result bundle", f"its {MANIFEST} lacks something: {error}") from error


def reproduce(path: Path, *, expect: str = "") -> Reproduction:
    """Check a bundle, or a directory that one was unpacked into; `expect`: the identity that was published.

    StudioError when it is no bundle, is refused, or a part has another form than it should.
    """
    source = open_source(path)
    try:
        manifest = manifest_of(source, path.name)
        hashes = _hashes(source, manifest, expect)
        with rebuilt(source) as run:
            return _Reproducing(path, source, manifest, run).result(hashes)
    finally:
        source.close()


def _hashes(source: Source, manifest: Manifest, expect: str) -> Check:
    check, found = Check("hashes", "parts against their hashes"), dict[str, str]()
    for name in source.names:
        if name == MANIFEST or name.endswith("/"):
            continue
        found[name], _ = digest_of(source.chunks(name))
        check.done += 1
        check.compare(name, "SHA-256", manifest.parts.get(name, "not listed"), found[name])
    for name in manifest.parts.keys() - found.keys():
        check.differs(Difference(name, "part", "listed", "missing"))
    now = identity(found)
    check.compare(MANIFEST, "identity", manifest.identity, now)
    if expect:
        check.compare("the bundle", "identity", expect, now)
    return check


class _Reproducing:
    """One reproduction."""

    def __init__(self, path: Path, source: Source, manifest: Manifest, run: BundledRun) -> None:
        self._path = path
        self._source = source
        self._manifest = manifest
        self._run = run
        self._plan = run.plan
        self._protocol = run.plan.study.protocol
        self._notes: list[str] = []

    def result(self, hashes: Check) -> Reproduction:
        """Every check, in the order in which one follows from another."""
        self._version_notes()
        scenario, carried = self._scenario()
        checks = [hashes, self._plan_check(scenario), carried]
        if scenario is not None:
            checks += [self._trials(scenario), self._prompts(scenario), *self._conversations(scenario), self._numbers()]
        return Reproduction(
            self._path.name,
            self._manifest.identity,
            self._manifest.simulated,
            self._manifest.redacted,
            self._plan.study.name,
            tuple(checks),
            tuple(self._notes),
        )

    def _version_notes(self) -> None:
        made = {self._plan.program, self._manifest.program}
        if made != {__version__}:
            told = f"Planned with version {self._plan.program} of the program, bundled with {self._manifest.program}"
            self._notes.append(f"{told}; this is {__version__}: a difference may be the program's.")
        if self._manifest.withheld:
            self._notes.append(
                f"Withheld from the plan by whoever made the bundle: {', '.join(self._manifest.withheld)}."
            )

    def _scenario(self) -> tuple[Scenario | None, Check]:
        """The carried scenario, where it is the one that was planned with."""
        check = Check("scenario", "files of the carried scenarios")
        run = self._run
        check.done = len(run.scenario_texts) + sum(map(len, run.other_texts.values()))
        try:
            return load_carried(run.scenario_texts, self._plan, run.other_texts), check
        except StudioError as error:
            told = one_line(f"{error.title}: {error.detail}")
            check.differs(Difference("scenario", "its texts", self._plan.scenario_hash, told))
            check.unseen["prompts, replies, verdicts and numbers: they need the scenario"] += 1
            return None, check

    def _plan_check(self, scenario: Scenario | None) -> Check:
        check, plain = Check("plan", "fields of the plan"), document_of(self._source, "plan.json")
        check.compare("plan.json", "hash", self._manifest.plan_hash, self._plan.hash)
        if self._manifest.withheld:
            check.unseen["the plan's hash: something that it covers is withheld"] += 1
        else:
            check.done += 1
            check.compare("plan.json", "hash", self._plan.hash, codec.decoded("plan", hash_of_stored, plain))
        if scenario is not None:
            try:
                design = open_design(self._plan.study, scenario)
            except StudioError as error:
                check.differs(Difference("plan.json", "design", self._plan.study.design.get("kind"), error.title))
                return check
            check.done += 1 + len(self._plan.arms)
            check.compare("plan.json", "estimand", self._plan.estimand, design.estimand)
            was = {arm.name: (arm.label, arm.variant, arm.removed) for arm in self._plan.arms}
            now = {arm.name: (arm.label, arm.variant, arm.removed) for arm in design.arms()}
            for name in dict.fromkeys([*was, *now]):
                if was.get(name) != now.get(name):
                    check.differs(Difference("plan.json", f"arm {name}", str(was.get(name)), str(now.get(name))))
        return check

    def _trials(self, scenario: Scenario) -> Check:
        """Planned trials against those that the design names first, and rows against rows."""
        check = Check("trials", "planned trials and rows that belong together")
        design = open_design(self._plan.study, scenario)
        due: dict[int, TrialSpec] = {}
        if design.greatest() > MOST_NAMED:
            check.unseen[f"planned trials: the study names {design.greatest():,}"] += 1
        else:
            due = {spec.id: spec for spec in design.next_trials(NoResults())}
        for spec in self._run.trials():
            wanted = due.pop(spec.id, None)
            check.done += 1
            if wanted is None or recheck_session(spec.arm) is not None:
                continue
            for what in ("arm", "model", "seed", "variant"):
                was, now = getattr(spec, what), getattr(wanted, what)
                if was != now:
                    one, other = (str(dict(each)) if what == "variant" else each for each in (was, now))
                    check.differs(Difference("trials.jsonl", what, one, other, trial=spec.id))
        for spec in list(due.values()):
            check.differs(Difference("trials.jsonl", "trial", None, f"planned for {spec.arm}", trial=spec.id))
        for told in damages(self._run):
            if not told.startswith("prompt "):
                check.differs(Difference("the bundle", "rows", told, "rows that fit"))
        return check

    def _prompts(self, scenario: Scenario) -> Check:
        check = Check("prompts", "prompts rendered again")
        for row in rows_of(self._source, "variants.jsonl"):
            if not row["prompt"]:
                continue
            if self._run.plan.imported is not None:
                check.unseen["their trials were imported with the prompts that were sent"] += 1
                continue
            ((key,),) = self._run.query("SELECT key FROM variant WHERE id = ?", (row["variant"],))
            check.done += 1
            try:
                now = render(scenario, variant_of(key), self._protocol).hash
            except (StudioError, LookupError) as error:
                now = one_line(str(error), 80)
            check.compare("prompts.jsonl", f"prompt of variant {row['variant']}", row["prompt"], now)
        for hash_, body in self._run.query("SELECT hash, body FROM prompt WHERE body IS NOT NULL"):
            try:
                codec.prompt_texts(hash_, body)
            except StudioError:
                check.differs(Difference("prompts.jsonl", "messages", hash_, "their text does not fit the hash"))
        return check

    def _conversations(self, scenario: Scenario) -> tuple[Check, ...]:
        return settled(Conversations(self._source, self._manifest.redacted, self._run, scenario, self._notes).checked())

    def _numbers(self) -> Check:
        check = Check("numbers", "analyses computed again")
        was = document_of(self._source, "effects.json")
        try:
            now = all_numbers(self._run)
        except StudioError as error:
            check.differs(
                Difference("effects.json", "all numbers", "computed", one_line(f"{error.title}: {error.detail}"))
            )
            return check
        check.done = len(now)
        self._compare(check, "effects.json", was, now)
        if "beliefs.json" in self._source.names:
            check.done += 1
            self._compare(check, "beliefs.json", document_of(self._source, "beliefs.json"), belief_numbers(self._run))
        return check

    def _compare(self, check: Check, part: str, was: Any, now: Any) -> None:
        found: Iterator[Changed] = changes(was, now)
        for each in found:
            check.differs(Difference(part, each.where or "content", each.was, each.now))
