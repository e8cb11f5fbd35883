"""Reads a study file into a `Study`, with every mistake of form told at its place.

It looks at form alone: whether the details, arms and outcome exist is known once the scenario is loaded, and is
asked by the plan and the design. A study cannot set headers, proxies or keys; it may name a key's variable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, field_validator

from am_studio.designs.registry import known_designs
from am_studio.foundation.errors import StudioError, nearest
from am_studio.foundation.locations import ablations_roots
from am_studio.foundation.yamlfile import Form, load_as, read_yaml
from am_studio.records import AnalysisSettings, ClientName, ModelSettings, ProtocolName, RateLimits, Sampling, Study
from am_studio.scenarios.forms import FormatNumber, Level

_ENDPOINT = re.compile(r"https?://[^\s@]+$")


class PriceForm(Form):
    """What a model costs, in US dollars a million tokens."""

    input: float | None = Field(None, ge=0, description="US dollars a million tokens that the model reads.")
    output: float | None = Field(None, ge=0, description="US dollars a million tokens that the model writes.")


class LimitsForm(Form):
    """How fast a model may be asked; what is left out is learned from the provider."""

    requests_per_minute: float | None = Field(default=None, gt=0)
    tokens_per_minute: float | None = Field(default=None, gt=0)
    concurrency: int | None = Field(default=None, gt=0, le=10_000, description="Requests in flight, at most.")


class ModelForm(Form):
    """A model and how to reach it."""

    name: str = Field(min_length=1, description="`sim/strategist`, or a litellm name such as `anthropic/...`.")
    endpoint: str = Field("", description="Base URL of a server that speaks the provider's protocol.")
    key_env: str = Field(
        "", pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$", description="Name of the environment variable that holds the key."
    )
    price: PriceForm = Field(
        default_factory=lambda: PriceForm(input=None, output=None), description="Overrides the price table."
    )
    temperature: float | None = Field(None, ge=0, le=2, description="Instead of the study's, for this model.")
    max_tokens: int | None = Field(None, gt=0, le=1_000_000, description="Instead of the study's, for this model.")
    reasoning_effort: str = Field("", pattern=r"^[a-z]*$", max_length=20, description="Instead of the study's.")
    client: ClientName = Field(
        "litellm", description="`direct`: a lean client of our own, for servers that speak the OpenAI chat format."
    )
    limits: LimitsForm = Field(default_factory=LimitsForm, description="How fast it may be asked.")

    @field_validator("endpoint")
    @classmethod
    def _is_a_url(cls, value: str) -> str:
        if value and not _ENDPOINT.match(value):
            raise ValueError("should be an http or https URL without a name or password in it")
        return value


class ToolsForm(Form):
    """The protocol with native function calling."""

    turns: int = Field(12, gt=0, le=100, description="Most turns of one conversation.")


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


class AnalysisForm(Form):
    """What the analysis will hold the effects against; said before the first call, like everything here."""

    margin: float = Field(
        0.1,
        gt=0,
        lt=1,
        description="A difference of rates that does not matter: intervals within it are equivalent to 0.",
    )
    alpha: float = Field(0.05, gt=0, lt=0.5, description="The chance of any false effect in a table that is accepted.")


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
    protocol: Literal["inline"] | ToolsProtocolForm = Field(
        "inline", description="`inline`, or `{tools: {turns: 12}}`."
    )
    judge: dict[str, Any] = Field(default_factory=lambda: {"kind": "rules"}, description="`kind` and its settings.")
    sampling: SamplingForm = Field(default_factory=SamplingForm)
    budget: BudgetForm | None = Field(None)
    analysis: AnalysisForm = Field(
        default_factory=lambda: AnalysisForm(margin=0.1, alpha=0.05),
        description="What the effects will be held against.",
    )
    sessions: SessionsForm = Field(default_factory=SessionsForm, description="Work in several sessions.")
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


def scenario_location(study: Study) -> str:
    """What to load the study's scenario by: its reference, or a path made from the study file's own directory."""
    if not study.scenario.startswith((".", "/", "~")):
        return study.scenario
    here = Path(study.source).parent if study.source else Path()
    return str(here / Path(study.scenario).expanduser())


def with_changes(
    study: Study, *, models: tuple[str, ...] = (), per_arm: int | None = None, seed: int | None = None
) -> Study:
    """The study with what a command line overrides: other models, other trials an arm (or in all, where a design has no
    arms of a fixed size), another seed."""
    if models:
        known = {model.name: model for model in study.models}
        study = replace(study, models=tuple(known.get(name, ModelSettings(name)) for name in dict.fromkeys(models)))
    if per_arm is not None:
        study = replace(study, trials={**study.trials, _size_field(study): per_arm})
    return study if seed is None else replace(study, seed=seed)


def _size_field(study: Study) -> str:
    """What the number of trials is called in the study's design: `per_arm`, or `total`."""
    design = known_designs().get(str(study.design.get("kind")))
    fields = design.trials_form.model_fields if design else {}
    return "total" if "total" in fields and "per_arm" not in fields else "per_arm"


def study_as_json(study: Study) -> dict[str, Any]:
    """The study as plain JSON; where it was read from is left out, for it says nothing about what is done."""
    plain = asdict(study)
    del plain["source"]
    return plain


def study_from_json(plain: Mapping[str, Any]) -> Study:
    """The study that `study_as_json` gave."""
    return TypeAdapter(Study).validate_python(dict(plain))


def study_of(form: StudyForm, path: Path) -> Study:
    """The study that a form says, read from this file; StudioError when a model is listed twice."""
    tools = form.protocol.tools if isinstance(form.protocol, ToolsProtocolForm) else None
    protocol: ProtocolName = "tools" if tools else "inline"
    models = tuple(_model(model) for model in form.models)
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
        analysis=AnalysisSettings(form.analysis.margin, form.analysis.alpha),
        source=str(path),
    )


def _model(form: str | ModelForm) -> ModelSettings:
    if isinstance(form, str):
        return ModelSettings(form)
    limits = RateLimits(form.limits.requests_per_minute, form.limits.tokens_per_minute, form.limits.concurrency)
    return ModelSettings(
        form.name,
        form.endpoint,
        form.key_env,
        form.price.input,
        form.price.output,
        form.temperature,
        form.max_tokens,
        form.reasoning_effort,
        form.client,
        limits,
    )
