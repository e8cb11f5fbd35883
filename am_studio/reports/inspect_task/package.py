"""The files of a task for Inspect: prompts as they are rendered, one sample a trial, the scenarios, and the task's code.

Everything a run of ours would send is in the package, and nothing is rendered elsewhere. A design that chooses its trials as it
goes cannot be handed over, and is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from am_studio.designs.base import NoResults
from am_studio.designs.registry import open_design
from am_studio.designs.sequential import Looked
from am_studio.foundation.errors import StudioError
from am_studio.foundation.files import write_atomic
from am_studio.records import Study, TrialSpec, Variant
from am_studio.runs.carried import scenario_texts
from am_studio.runs.plan import Plan
from am_studio.runs.variants import variant_key
from am_studio.scenarios import Scenario, situate
from am_studio.trials.functions import functions
from am_studio.version import __version__

FORMAT = 1
_OWN = "own"
"""The directory of the study's own scenario."""


@dataclass(frozen=True, slots=True)
class Package:
    """A task for Inspect."""

    files: Mapping[str, bytes]
    """Content by name, with / between directories."""
    samples: int
    arms: tuple[str, ...]
    outcomes: tuple[str, ...]
    notes: tuple[str, ...]


def task_package(plan: Plan, scenario: Scenario) -> Package:
    """The package of a planned study; StudioError where its design chooses trials as it goes."""
    study = plan.study
    specs = _specs(study, scenario)
    prompts: dict[str, dict[str, Any]] = {}
    by_variant: dict[Variant, str] = {}
    lines = []
    labels = {arm.name: arm.label for arm in plan.arms}
    for spec in specs:
        if spec.variant not in by_variant:
            by_variant[spec.variant] = _prompt(scenario, spec.variant, study, prompts)
        lines.append(_trial(spec, by_variant[spec.variant], labels))
    told = _told(plan, scenario)
    contents = {
        "task.py": _part("task.py.txt"),
        "README.md": _readme(told, len(specs), labels, scenario),
        "package.json": json.dumps(told, indent=2, ensure_ascii=False) + "\n",
        "prompts.jsonl": _jsonl(prompts.values()),
        "trials.jsonl": _jsonl(lines),
    }
    for _, each, directory in _scenarios(scenario):
        contents |= {f"{directory}/{name}": text for name, text in scenario_texts(each).items()}
        pack = each.directory.parent / "pack.yaml"
        if pack.is_file():
            contents[f"{directory}-pack.yaml"] = pack.read_text(encoding="utf-8")
    arms = tuple(dict.fromkeys(labels.get(spec.arm, spec.arm) for spec in specs))
    encoded = {name: text.encode("utf-8", "surrogatepass") for name, text in contents.items()}
    return Package(encoded, len(specs), arms, tuple(told["outcomes"]), tuple(_notes(study)))


def _told(plan: Plan, scenario: Scenario) -> dict[str, Any]:
    """package.json: what the task and the process that reads have to know."""
    study = plan.study
    names = [one.name for one in scenario.questions.outcomes]
    outcomes = sorted(names, key=lambda name: name != study.outcome)
    return {
        "format": FORMAT,
        "program": __version__,
        "name": study.name,
        "title": study.title,
        "plan_hash": plan.hash,
        "outcome": study.outcome,
        "outcomes": outcomes,
        "harmful": [one.name for one in scenario.questions.outcomes if one.harmful],
        "protocol": study.protocol,
        "turns": study.turns,
        "temperature": study.sampling.temperature,
        "max_tokens": study.sampling.max_tokens,
        "models": [model.name for model in study.models],
        "scenarios": [
            {"name": name, "ref": each.ref, "hash": each.hash, "directory": directory}
            for name, each, directory in _scenarios(scenario)
        ],
    }


def write_package(package: Package, directory: Path) -> None:
    """Write the files; StudioError where the directory has anything in it."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise StudioError(f"{directory} exists already", "nothing was changed", "choose another directory with --out")
    for name, content in package.files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, content)


def _specs(study: Study, scenario: Scenario) -> tuple[TrialSpec, ...]:
    """Every trial of the first model; the others get the same ones."""
    design = open_design(study, scenario)
    first = design.every_trial if isinstance(design, Looked) else design.next_trials(NoResults())
    if len(first) < design.greatest() or not first:
        raise StudioError(
            f"the design {study.design.get('kind')} chooses its trials as it goes, and cannot be handed over",
            hint="leave-one-out, random-subsets, compare and the factorials can",
        )
    own = [spec for spec in first if spec.model == study.models[0].name]
    return tuple(own)


def _prompt(scenario: Scenario, variant: Variant, study: Study, prompts: dict[str, dict[str, Any]]) -> str:
    """The name under which the prompt of a variant is kept."""
    situation = situate(scenario, variant, study.protocol)
    offered = functions(situation) if study.protocol == "tools" else ()
    plain = [
        {"name": f.name, "purpose": f.purpose, "arguments": dict(f.arguments), "required": list(f.required)}
        for f in offered
    ]
    key = situation.prompt.hash if not plain else f"{situation.prompt.hash} {json.dumps(plain, sort_keys=True)}"
    if key not in prompts:
        messages = [{"role": message.role, "content": message.text} for message in situation.prompt.messages]
        prompts[key] = {
            "id": f"p{len(prompts) + 1}",
            "hash": situation.prompt.hash,
            "messages": messages,
            "functions": plain,
        }
    return str(prompts[key]["id"])


def _trial(spec: TrialSpec, prompt: str, labels: Mapping[str, str]) -> dict[str, Any]:
    variant = spec.variant
    return {
        "id": spec.id,
        "arm": spec.arm,
        "label": labels.get(spec.arm, spec.arm),
        "prompt": prompt,
        "seed": spec.seed,
        "levels": variant.as_dict(),
        **({"nuisance": dict(variant.nuisance)} if variant.nuisance else {}),
        **({"removed": list(variant.removed_units)} if variant.removed_units else {}),
        "variant": variant_key(variant),
    }


def _scenarios(scenario: Scenario) -> list[tuple[str, Scenario, str]]:
    """(name in the study, scenario, directory in the package) of the study's own scenario and those beside it."""
    beside = [(name, each, f"scenarios/beside-{n}") for n, (name, each) in enumerate(scenario.beside.items(), start=1)]
    return [("", scenario, f"scenarios/{_OWN}"), *beside]


def _part(name: str) -> str:
    return (files("am_studio.reports.inspect_task") / name).read_text(encoding="utf-8")


def _jsonl(values: Any) -> str:
    return "".join(json.dumps(value, ensure_ascii=True) + "\n" for value in values)


def _readme(told: Mapping[str, Any], samples: int, labels: Mapping[str, str], scenario: Scenario) -> str:
    arms = "\n".join(f"- `{name}`" + (f": {label}" if label != name else "") for name, label in labels.items())
    values = {
        "name": told["name"], "title": told["title"] or scenario.title, "samples": str(samples), "arms": arms,
        "scenario": scenario.ref, "plan": told["plan_hash"], "version": told["program"], "protocol": told["protocol"],
        "models": ", ".join(told["models"]), "outcome": told["outcome"],
    }  # fmt: skip
    text = _part("README.md.txt")
    for name, value in values.items():
        text = text.replace(f"[[{name}]]", value)
    return text


def _notes(study: Study) -> list[str]:
    notes = []
    if study.stopping is not None:
        notes.append("The study may stop early; Inspect runs all of its trials.")
    if study.judge.get("kind") == "rubric":
        notes.append("The rubric judge is a scorer of its own: -T rubric=true --model-role grader=MODEL.")
    if any(model.temperature is not None or model.max_tokens is not None for model in study.models):
        notes.append("Sampling that the study gives single models is not handed over: give it to Inspect.")
    return notes
