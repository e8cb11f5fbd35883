"""Reads a study file into a `Study`, with every mistake of form told at its place.

It looks at form alone: whether the details, arms and outcome exist is known once the scenario is loaded, and is
asked by the plan and the design. A study cannot set headers, proxies or keys; it may name a key's variable. What it
leaves open of a model is taken from the user's own settings here, once: the plan stores it, so a resumed run depends on
no settings file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from am_studio.designs.registry import known_designs, not_for_studies
from am_studio.foundation.errors import StudioError, nearest
from am_studio.foundation.locations import ablations_roots
from am_studio.foundation.yamlfile import Form, load_as, read_yaml
from am_studio.models.naming import ModelForm, model_of
from am_studio.records import (
    AnalysisSettings,
    ProtocolName,
    Sampling,
    Stopping,
    StoppingKind,
    Study,
    TrustGate,
)
from am_studio.scenarios.forms import FormatNumber, Level


class ToolsForm(Form):
    """The protocol with native function calling."""

    turns: int = Field(default=12, gt=0, le=100, description="Most turns of one conversation.")


class ToolsProtocolForm(Form):
    """`{tools: {turns: N}}`."""

    tools: ToolsForm


class SamplingForm(Form):
    """How every model of the study is sampled."""

    temperature: float = Field(default=1.0, ge=0, le=2)
    max_tokens: int = Field(default=4096, gt=0, le=1_000_000)
    reasoning_effort: str = Field(
        default="", pattern=r"^[a-z]*$", max_length=20, description="As the provider calls it: low, medium, high, ..."
    )


class SessionsForm(Form):
    """What every later session of work on a run does first."""

    recheck: int = Field(
        default=10,
        ge=0,
        le=1000,
        description="Baseline trials of each model that it re-runs, so that drift shows; 0: none.",
    )


class BudgetForm(Form):
    """What the run may cost at most."""

    usd: float = Field(gt=0, description="US dollars; a hard stop that counts requests in flight.")


class RequireForm(Form):
    """How far the judge must be known to be right before effects are shown as confirmed."""

    kappa: float = Field(
        0.7, gt=0, le=1, description="Cohen's kappa of judge and human labels over all judged trials; at least."
    )
    labels: int = Field(50, ge=10, le=10_000, description="Trials of the drawn sample with a label; at least.")


class AnalysisForm(Form):
    """What the analysis will hold the effects against; said before the first call, like everything here."""

    margin: float = Field(
        0.1,
        gt=0,
        lt=1,
        description="A difference of rates that does not matter: intervals within it are equivalent to 0.",
    )
    alpha: float = Field(0.05, gt=0, lt=0.5, description="The chance of any false effect in a table that is accepted.")
    require: RequireForm | None = Field(
        None, description="What the judge must have shown first: `{kappa: .7, labels: 50}`. Left out: nothing."
    )


class StoppingForm(Form):
    """How the study may end before all its trials."""

    kind: StoppingKind = Field(
        description="`obrien-fleming` (strict early), `pocock` (even), or `e-process` (may be watched at any time)."
    )
    looks: int | None = Field(
        None, ge=3, le=5, description="Planned looks at the results, the last one at all trials. Left out: 4."
    )
    futility: bool | None = Field(
        None, description="Whether comparisons that would hardly find anything any more are given up. Left out: no."
    )
    every: int | None = Field(
        None, ge=1, le=1000, description="Of an e-process: trials of an arm between looks. Left out: 10."
    )

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        anytime = self.kind == "e-process"
        strange = ("looks", "futility") if anytime else ("every",)
        for name in strange:
            if getattr(self, name) is not None:
                raise ValueError(f"`{name}` has no meaning with `kind: {self.kind}`")
        return self


class StudyForm(Form):
    """A study file, format 1."""

    format: FormatNumber
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=80, description="Lower case, digits, hyphens.")
    title: str = Field("", description="The question, in a sentence.")
    scenario: str = Field(min_length=1, description="`pack/scenario`, or a path from this file that starts with a dot.")
    baseline: dict[str, Level] = Field(
        default_factory=dict, description="Levels that differ from the scenario's defaults."
    )
    design: dict[str, Any] = Field(description="`kind` and the settings of that design.")
    models: list[str | ModelForm] = Field(min_length=1, description="The subjects.")
    outcome: str = Field(min_length=1, description="The outcome of the scenario that the study is about.")
    trials: dict[str, Annotated[int, Field(gt=0)]] = Field(
        description="How many: `per_arm`, or what the design asks for."
    )
    protocol: Literal["inline", "tools"] | ToolsProtocolForm = Field(
        "inline", description="`inline`, or `{tools: {turns: 12}}`; `tools` alone has the usual number of turns."
    )
    judge: dict[str, Any] = Field(default_factory=lambda: {"kind": "rules"}, description="`kind` and its settings.")
    sampling: SamplingForm = Field(default_factory=SamplingForm)
    budget: BudgetForm | None = Field(None)
    analysis: AnalysisForm = Field(
        default_factory=lambda: AnalysisForm(margin=0.1, alpha=0.05, require=None),
        description="What the effects will be held against.",
    )
    stopping: StoppingForm | None = Field(
        None, description="How it may end before all its trials. Left out: it does not."
    )
    sessions: SessionsForm = Field(default_factory=SessionsForm, description="Work in several sessions.")
    nuisance: bool | list[str] = Field(
        True,
        description="Nuisance factors that every trial draws: all that the scenario declares, a list of some, or `off`.",
    )
    seed: int = Field(0, ge=0, lt=2**63, description="Same seed, same order and same seeds of the trials.")


def find_study(given: str) -> Path:
    """The file that is meant: a path, or the name of a study in the working directory's `ablations/` or a bundled one.

    StudioError with the nearest known name when there is none.
    """
    path = Path(given)
    if path.is_file():
        return path
    known: dict[str, Path] = {}
    for root in ablations_roots():
        for file in sorted(root.glob("*.yaml")):
            known.setdefault(file.stem, file)
    found = known.get(path.stem if path.suffix in {"", ".yaml"} and len(path.parts) <= 2 else given)
    if found is None:
        raise StudioError(f"there is no study '{given}'", hint=nearest(path.stem, known))
    return found


def load_study(given: str | Path) -> Study:
    """The study in this file, or of this name; FileProblems or StudioError when it cannot be used."""
    path = find_study(str(given))
    return study_of(load_as(StudyForm, read_yaml(path)), path)


def scenario_location(study: Study, named: str | None = None) -> str:
    """What to load a scenario by that the study names so (its own when None).

    Its reference, or a path made from the study file's own directory.
    """
    named = study.scenario if named is None else named
    if not named.startswith((".", "/", "~")):
        return named
    here = Path(study.source).parent if study.source else Path()
    return str(here / Path(named).expanduser())


def with_changes(
    study: Study,
    *,
    models: tuple[str, ...] = (),
    per_arm: int | None = None,
    seed: int | None = None,
    budget_usd: float | None = None,
) -> Study:
    """The study with what a command line overrides: other models, other trials an arm (or in all, where a design has no
    arms of a fixed size), another seed, another budget."""
    if models:
        known = {model.name: model for model in study.models}
        study = replace(
            study,
            models=tuple(known.get(name) or model_of(name, study.stated_sampling) for name in dict.fromkeys(models)),
        )
    if per_arm is not None:
        study = replace(study, trials={**study.trials, _size_field(study): per_arm})
    if budget_usd is not None:
        study = replace(study, budget_usd=budget_usd)
    return study if seed is None else replace(study, seed=seed)


def _size_field(study: Study) -> str:
    """What the number of trials is called in the study's design: `per_arm`, or `total`."""
    design = known_designs().get(str(study.design.get("kind")))
    fields = design.trials_form.model_fields if design else {}
    return "total" if "total" in fields and "per_arm" not in fields else "per_arm"


def _gate(form: RequireForm | None) -> TrustGate | None:
    return None if form is None else TrustGate(form.kappa, form.labels)


def study_as_json(study: Study) -> dict[str, Any]:
    """The study as plain JSON; where it was read from is left out, for it says nothing about what is done."""
    plain = asdict(study)
    del plain["source"], plain["stated_sampling"]
    # So that plans made before there were such things keep their hash.
    if study.stopping is None:
        del plain["stopping"]
    if study.analysis.require is None:
        del plain["analysis"]["require"]
    return plain


def study_from_json(plain: Mapping[str, Any]) -> Study:
    """The study that `study_as_json` gave."""
    return TypeAdapter(Study).validate_python(dict(plain))


def study_of(form: StudyForm, path: Path) -> Study:
    """The study that a form says, read from this file; StudioError when a model is listed twice."""
    if form.design.get("kind") in not_for_studies():
        raise StudioError(
            f"{path}: no study can ask for the design '{form.design['kind']}'",
            hint=nearest(str(form.design["kind"]), known_designs()),
        )
    tools = form.protocol.tools if isinstance(form.protocol, ToolsProtocolForm) else None
    if form.protocol == "tools":
        tools = ToolsForm()
    protocol: ProtocolName = "tools" if tools else "inline"
    stated = tuple(sorted(form.sampling.model_fields_set))
    models = tuple(model_of(model, stated) for model in form.models)
    names = [model.name for model in models]
    if len(set(names)) < len(names):
        raise StudioError(f"{path}: a model is listed twice", ", ".join(names))
    return Study(
        name=form.name,
        title=form.title,
        scenario=form.scenario,
        baseline=form.baseline,
        design=form.design,
        models=models,
        outcome=form.outcome,
        trials=form.trials,
        protocol=protocol,
        judge=form.judge,
        sampling=Sampling(form.sampling.temperature, form.sampling.max_tokens, form.sampling.reasoning_effort),
        seed=form.seed,
        budget_usd=form.budget.usd if form.budget else None,
        turns=tools.turns if tools else 1,
        recheck=form.sessions.recheck,
        analysis=AnalysisSettings(form.analysis.margin, form.analysis.alpha, _gate(form.analysis.require)),
        stopping=_stopping(form.stopping),
        nuisance=_nuisance(form.nuisance),
        source=str(path),
        stated_sampling=stated,
    )


def _stopping(form: StoppingForm | None) -> Stopping | None:
    if form is None:
        return None
    said = {name: value for name, value in form.model_dump().items() if value is not None}
    return Stopping(**said)


def _nuisance(form: bool | list[str]) -> Literal["all"] | tuple[str, ...]:
    if isinstance(form, bool):
        return "all" if form else ()
    return tuple(dict.fromkeys(form))
