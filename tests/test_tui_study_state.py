"""What the study's form says of a study, without a terminal: fields come from forms and registries."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import Field as FormField

from am_studio.designs import registry
from am_studio.designs.leave_one_out import LeaveOneOut
from am_studio.foundation.errors import StudioError
from am_studio.foundation.yamlfile import Form
from am_studio.judging import base as judging
from am_studio.runs.study_document import StudyDocument
from am_studio.tui.study.edits import apply_choice, apply_model, apply_text
from am_studio.tui.study.fields import Field, form_fields, read_yaml_field
from am_studio.tui.study.options_line import placed
from am_studio.tui.study.plan_told import launch_lines, plan_lines
from am_studio.tui.study.state import fields_of, form, toggled
from tests.conftest import WritePack
from tests.run_world import study_at


class DeepSettings(Form):
    """Settings of a design that nobody has written yet."""

    depth: int = FormField(2, description="How deep.")
    order: Literal["given", "random"] = "given"
    strict: bool = False
    weights: dict[str, float] = FormField(default_factory=dict)
    target: float | None = None
    needed: str


class DeepTrials(Form):
    total: int


class DeepDesign(LeaveOneOut):
    kind = "deep"
    summary = "Looks deeper."
    settings = DeepSettings
    trials_form = DeepTrials  # type: ignore[assignment]


@pytest.fixture
def document(small_pack: WritePack) -> StudyDocument:
    return StudyDocument.open(Path(study_at(small_pack()).source))


def fields(document: StudyDocument) -> dict[tuple[str | int, ...], Field]:
    return {field.path: field for field in fields_of(form(document.values, document.assessment, ("core/x",)))}


def test_every_field_of_a_form_gets_an_editor_that_fits_it() -> None:
    made = {field.path[-1]: field for field in form_fields(DeepSettings, ("design",), {"design": {"strict": "on"}})}
    assert {name: field.kind for name, field in made.items()} == {
        "depth": "text", "order": "choice", "strict": "choice", "weights": "yaml", "target": "text", "needed": "text",
    }  # fmt: skip
    assert (made["depth"].empty, made["depth"].help) == ("2", "How deep.")
    assert (made["order"].value, [option.value for option in made["order"].options]) == ("given", ["given", "random"])
    assert made["strict"].value == "on"
    assert [name for name, field in made.items() if not field.optional] == ["needed"]


def test_a_design_and_a_judge_that_are_added_show_up(document: StudyDocument, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {**registry.known_designs(), "deep": DeepDesign}
    for module in ("state",):
        monkeypatch.setattr(f"am_studio.tui.study.{module}.known_designs", lambda: known)
    monkeypatch.setattr("am_studio.runs.study_text.known_designs", lambda: known)
    monkeypatch.setitem(judging._OPENERS, "oracle", lambda settings: judging.open_judge({"kind": "rules"}))
    before = fields(document)
    assert [option.value for option in before["design", "kind"].options] == list(known)
    assert "oracle" in [option.value for option in before["judge", "kind"].options]
    apply_choice(document, before["design", "kind"], "deep")
    assert document.values["trials"] == {"total": "12"}
    after = fields(document)
    assert ("design", "weights") in after
    assert ("design", "details") not in after
    assert ("trials", "total") in after
    apply_text(document, after["design", "weights"], "{threat: 2}")
    assert document.values["design"]["weights"] == {"threat": "2"}


def test_the_details_that_are_on_can_be_ticked(document: StudyDocument) -> None:
    details = fields(document)["design", "details"]
    assert (details.kind, details.values) == ("several", ("threat", "deadline"))
    assert [option.value for option in details.options] == ["threat", "deadline"]
    apply_choice(document, details, "threat")
    assert document.values["design"]["details"] == ["deadline"]
    details = fields(document)["design", "details"]
    apply_choice(document, details, "threat")
    assert document.values["design"]["details"] == ["threat", "deadline"]


def test_left_out_means_every_detail_and_unticking_one_names_the_others(document: StudyDocument) -> None:
    document.set(("design", "details"), None)
    details = fields(document)["design", "details"]
    assert details.values == ("threat", "deadline")
    assert "every detail" in details.note
    apply_choice(document, details, "deadline")
    assert document.values["design"]["details"] == ["threat"]


def test_the_baseline_says_only_what_differs_from_the_defaults(document: StudyDocument) -> None:
    threat = fields(document)["baseline", "threat"]
    assert [option.value for option in threat.options] == ["replacement", "restriction", "none"]
    apply_choice(document, threat, "none")
    assert document.values["baseline"] == {"threat": "none"}
    changed = fields(document)
    assert changed["baseline", "threat"].note == "default: replacement"
    assert "needs" in changed["baseline", "deadline"].note
    assert changed["design", "details"].options[0].note == "off already"
    apply_choice(document, changed["baseline", "threat"], "replacement")
    assert "baseline" not in document.values


def test_a_problem_stands_at_its_field(document: StudyDocument) -> None:
    apply_text(document, fields(document)["trials", "per_arm"], "many")
    wrong = {path: field.problems for path, field in fields(document).items() if field.problems}
    assert wrong == {("trials", "per_arm"): ("'trials.per_arm' should be a whole number",)}


def test_an_emptied_field_is_left_out_or_told(document: StudyDocument) -> None:
    every = fields(document)
    apply_text(document, every["trials", "baseline"], "")
    assert document.values["trials"] == {"per_arm": "12"}
    apply_text(document, every["budget", "usd"], "7")
    apply_text(document, every["budget", "usd"], "")
    assert "budget" not in document.values
    apply_text(document, every["name",], "")
    assert ("name",) in {path for path, field in fields(document).items() if field.problems}


def test_a_rubric_judge_has_a_field_for_each_of_its_settings(document: StudyDocument) -> None:
    apply_choice(document, fields(document)["judge", "kind"], "rubric")
    assert document.values["judge"] == {"kind": "rubric"}
    every = fields(document)
    assert ("judge",) not in every
    assert {path[1]: field.kind for path, field in every.items() if path[0] == "judge"} == {
        "kind": "choice", "models": "items", "votes": "text", "mask_names": "choice", "gate_first": "choice",
        "prompt": "yaml", "only": "several",
    }  # fmt: skip
    assert any("models" in problem for problem in every["judge", "kind"].problems), "somebody has to judge"
    apply_text(document, every["judge", "models"], "sim/judge, {name: openai/judge, endpoint: 'http://127.0.0.1:9/v1'}")
    assert document.values["judge"]["models"] == [
        "sim/judge", {"name": "openai/judge", "endpoint": "http://127.0.0.1:9/v1"}
    ]  # fmt: skip
    assert fields(document)["judge", "models"].value.startswith("sim/judge, {name: openai/judge")
    apply_text(document, fields(document)["judge", "models"], "sim/judge")
    apply_text(document, fields(document)["judge", "votes"], "3")
    apply_choice(document, fields(document)["judge", "mask_names"], "off")
    apply_choice(document, fields(document)["judge", "only"], "coercion")
    assert document.values["judge"] == {
        "kind": "rubric", "models": ["sim/judge"], "votes": "3", "mask_names": "off", "only": ["coercion"]
    }  # fmt: skip
    assert document.problems == ()
    assert document.plan.study.judge["votes"] == 3
    apply_choice(document, fields(document)["judge", "only"], "coercion")
    assert "only" not in document.values["judge"]
    apply_text(document, fields(document)["judge", "votes"], "many")
    assert fields(document)["judge", "votes"].problems
    apply_choice(document, fields(document)["judge", "kind"], "rules")
    assert document.values["judge"] == {"kind": "rules"}
    assert document.problems == ()


def test_settings_that_no_form_declares_are_typed_as_yaml(document: StudyDocument) -> None:
    settings = fields(document)["judge",]
    apply_text(document, settings, "votes: 3, who: [a, b]")
    assert document.values["judge"] == {"votes": "3", "who": ["a", "b"]}
    assert "unknown" in document.problems[0].message or "no `kind`" in document.problems[0].message
    document.undo()
    document.set(("judge",), {"kind": "rules"})
    settings = fields(document)["judge",]
    apply_text(document, settings, "votes: 3")
    assert document.values["judge"] == {"kind": "rules", "votes": "3"}
    assert fields(document)["judge",].value == "votes: 3"
    apply_text(document, fields(document)["judge",], "")
    assert document.values["judge"] == {"kind": "rules"}
    with pytest.raises(StudioError):
        read_yaml_field("votes: [", mapping=True)


def test_models_are_added_changed_and_taken_out(document: StudyDocument) -> None:
    assert "sim/strategist" not in fields(document)["models",].completions
    apply_model(document, None, {"name": "openai/little"})
    apply_model(document, 1, {"name": "openai/little", "price": {"input": "1", "output": "2"}})
    assert document.values["models"] == [
        "sim/strategist", {"name": "openai/little", "price": {"input": "1", "output": "2"}}
    ]  # fmt: skip
    models = fields(document)["models",]
    assert [option.label for option in models.options] == ["sim/strategist", "openai/little"]
    assert models.options[0].note == "simulated, free"
    assert models.options[1].note.startswith("at most $")
    apply_model(document, 0, None)
    assert [option.label for option in fields(document)["models",].options] == ["openai/little"]


def test_ticking_keeps_the_authors_order() -> None:
    field = Field(("x",), "x", "several", values=("c", "a"), options=())
    assert toggled(field, "a") == ("c",)
    from am_studio.tui.study.fields import Option

    field = Field(("x",), "x", "several", values=("a", "d"), options=tuple(Option(o, o) for o in "abcd"))
    assert toggled(field, "c") == ("a", "c", "d")
    assert toggled(field, "b") == ("a", "b", "d")


def test_options_take_as_few_lines_as_they_need() -> None:
    assert [(each.line, each.start) for each in placed([5, 5, 9, 3], 14)] == [(0, 0), (0, 7), (1, 0), (1, 11)]
    assert [(each.line, each.start) for each in placed([30, 2], 10)] == [(0, 0), (1, 0)]


def test_the_plan_is_told_with_all_that_is_agreed_to(document: StudyDocument, tmp_path: Path) -> None:
    apply_model(document, None, {"name": "openai/little", "price": {"input": "1", "output": "2"}})
    apply_text(document, fields(document)["budget", "usd"], "0.5")
    plan = document.plan
    assert plan is not None
    told = "\n".join(line.text for line in plan_lines(plan))
    for words in ("88 trials", "88 calls", "at most $", "SIMULATED", "without", "baseline", "tokens"):
        assert words in told or words == "without"
    asked = "\n".join(line.text for line in launch_lines(plan, document.path, tmp_path / "a.amrun", unsaved=True))
    for words in (
        "88 trials",
        "88 calls",
        "at most $",
        "budget of $0.50",
        "sim/strategist, openai/little",
        "Saved first",
    ):
        assert words in asked


def test_the_state_behind_the_screen_needs_no_terminal() -> None:
    import subprocess
    import sys

    code = (
        "import sys, am_studio.tui.study.state, am_studio.tui.study.edits, am_studio.tui.study.plan_told\n"
        "import am_studio.tui.launching\n"
        "print({'textual', 'litellm', 'scipy', 'rich'} & {name.partition('.')[0] for name in sys.modules})"
    )
    ran: Any = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
