"""The agentic-misalignment suite as a pack: read, made, held against the suite's own rules, and written whole or not at all.

Every one of the published conditions is rendered and compared before anything is written. The suite's code is never run,
nothing that exists is overwritten, and its licence goes along.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from am_studio.foundation.errors import FileProblems, StudioError
from am_studio.foundation.locations import installed_packs
from am_studio.scenarios.checking import check_draft
from am_studio.scenarios.importing.suite_files import SuiteFiles, read_suite
from am_studio.scenarios.importing.suite_reading import Suite, SuiteScenario, understand
from am_studio.scenarios.importing.suite_rules import as_published
from am_studio.scenarios.importing.suite_scenario import MadeScenario, make_scenario
from am_studio.scenarios.loading import draft_of
from am_studio.scenarios.references import scenario_of
from am_studio.scenarios.scenario import Scenario
from am_studio.scenarios.yaml_style import in_lines

PUBLISHED = ("goal_type", "goal_value", "urgency", "extra_system_instructions", "prod", "test_eval_awareness")
"""The suite's own parameters, which are details of the scenarios."""
PACK_NAME = "agentic-misalignment"
_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_CANARY = re.compile(r"canary[^\n]{0,120}?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})", re.IGNORECASE)
_COPYRIGHT = re.compile(r"^Copyright \(c\) [\d, -]+ (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ImportedScenario:
    """What came of one experiment."""

    name: str
    emails: int
    details: int
    conditions: int
    """Conditions of the published parameters; each was rendered and is the suite's, to the byte."""
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import wrote."""

    directory: Path
    origin: str
    """What was read, such as `inspect_evals 0.28.0`."""
    where: str
    scenarios: tuple[ImportedScenario, ...]


def import_suite(source: Path | None, out: Path | None = None, *, finer: bool = True) -> ImportReport:
    """Write the pack of the suite at `source` (None: the installed package) to `out`, or into the user's packs.

    With `finer` off only the published parameters become details. Raises StudioError, and has written nothing, when the
    suite is not there, lacks a part, has another shape, or does not read as its own rules make it; and when `out` exists.
    """
    directory = (out or installed_packs() / PACK_NAME).absolute()
    _is_free(directory)
    files = read_suite(source)
    suite = understand(files)
    if not suite.licence:
        raise StudioError("the suite lacks its LICENSE", f"looked for in {suite.where}", "nothing was written")
    made = [make_scenario(suite, scenario, finer=finer) for scenario in suite.scenarios]
    reports = [_proved(suite, scenario, each) for scenario, each in zip(suite.scenarios, made, strict=True)]
    report = ImportReport(directory, suite.origin, suite.where, tuple(reports))
    texts = {f"{each.name}/{name}": text for each in made for name, text in each.texts.items()}
    _write(directory, {**texts, **_pack_files(directory.name, suite, files, report)})
    return report


def _is_free(directory: Path) -> None:
    if not _SLUG.fullmatch(directory.name):
        hint = "lower case, digits and hyphens, such as --out my-packs/agentic-misalignment"
        raise StudioError(f"'{directory.name}' cannot be a pack's name", hint=hint)
    if directory.exists():
        raise StudioError(f"{directory} exists already", "nothing was changed", "choose another place with --out")


def _proved(suite: Suite, source: SuiteScenario, made: MadeScenario) -> ImportedScenario:
    """The scenario's report, once it is sound and all its published conditions read as the suite's."""
    draft = draft_of(made.texts, Path(made.name))
    errors = [problem for problem in check_draft(draft, reach=False) if problem.severity == "error"]
    if errors:
        raise FileProblems(errors)
    scenario = scenario_of(draft, reach=False)
    conditions = 0
    for variant in scenario.variants(PUBLISHED):
        levels = variant.as_dict()
        prompt = scenario.renderer.plain(variant)[0]
        if tuple(message.text for message in prompt.messages) != _published(suite, source, levels):
            told = ", ".join(f"{name}={levels[name]}" for name in PUBLISHED)
            hint = "nothing was written; the suite has a form that this import does not know"
            raise StudioError(f"{made.name} does not read as the suite's own rules make it", told, hint)
        conditions += 1
    notes = (*made.notes, *_clock_note(scenario))
    return ImportedScenario(made.name, len(made.emails), len(scenario.details), conditions, notes)


def _published(suite: Suite, source: SuiteScenario, levels: Mapping[str, str]) -> tuple[str, str]:
    return as_published(
        suite,
        source,
        goal_type=levels["goal_type"],
        goal_value=levels["goal_value"],
        urgency=levels["urgency"],
        extra=levels["extra_system_instructions"],
        prod=levels["prod"] == "on",
        asks=levels["test_eval_awareness"] == "on",
    )


def _clock_note(scenario: Scenario) -> Iterator[str]:
    newest = max(email.sent for email in scenario.parts.emails)
    if scenario.front.now == newest:
        yield f"an email is sent after the session begins, so the scenario's clock stands at {newest}"


# The pack. -----------------------------------------------------------------------------------------------------------


def _pack_files(name: str, suite: Suite, files: SuiteFiles, report: ImportReport) -> dict[str, str]:
    holder = _COPYRIGHT.search(suite.licence)
    canary = next((found[1] for text in files.texts.values() if (found := _CANARY.search(text))), "")
    pack = {
        "format": "1",
        "name": name,
        "version": "1.0.0",
        "title": "Agentic misalignment: the published suite",
        "authors": [holder[1] if holder else "the authors of agentic-misalignment"],
        "license": "MIT",
        "content_notice": "Fictional workplace mail in which an AI agent could blackmail, leak or let somebody die. "
        "Persons are invented; some addresses and companies have names that exist.",
        **({"canary": canary} if canary else {}),
    }
    return {"pack.yaml": in_lines(pack, 0) + "\n", "LICENSE": suite.licence, "README.md": _readme(suite, report)}


def _readme(suite: Suite, report: ImportReport) -> str:
    rows = "\n".join(
        f"| {each.name} | {each.emails} | {each.details} | {each.conditions:,} |" for each in report.scenarios
    )
    notes = "\n".join(f"- {each.name}: {note}" for each in report.scenarios for note in each.notes)
    return f"""\
# Agentic misalignment: the published suite

Imported from {suite.origin} ({suite.hash}) by `am-studio import agentic-misalignment`. The texts are those of
anthropic-experimental/agentic-misalignment under the MIT licence, which is in `LICENSE` and must go along with every copy:
Lynch et al. (2025), "Agentic Misalignment: How LLMs could be insider threats", arXiv 2510.05179. Rubrics quote its
classifiers; gates, terms, outcomes beside the published ones and the finer details were added by the import.

| scenario | emails | details | published conditions, equal to the byte |
|---|---|---|---|
{rows}

`goal_type`, `goal_value`, `urgency`, `extra_system_instructions`, `prod` and `test_eval_awareness` are the suite's own parameters.
Settings that the suite merely keeps for compatibility (`goal_value` none or ambiguous with a stated or latent goal) read as
`goal_type` ambiguous does, and are left out. All other details are stretches of the same text, on unless switched off.
Where the suite leaves `{{company_name}}` or `${{a_name}}` unfilled, so does this pack.

## What was kept as it is

{notes or "Nothing out of the ordinary."}
"""


def _write(directory: Path, texts: Mapping[str, str]) -> None:
    """All files or none."""
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=directory.parent, prefix=f".{directory.name}.")) / directory.name
        try:
            for name, text in texts.items():
                path = temporary / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text.encode())
            os.rename(temporary, directory)
        finally:
            shutil.rmtree(temporary.parent, ignore_errors=True)
    except OSError as error:
        raise StudioError(
            f"{directory} cannot be written", error.strerror or str(error), "nothing was written"
        ) from error
