"""How tables of other kinds than leave-one-out read: both groups, what was estimated, what stands beside them."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from am_studio.cli.effect_view import show_effects
from am_studio.effects.across import across_models
from am_studio.effects.interaction import interaction_of
from am_studio.effects.reach import detectable_difference, more_trials
from am_studio.effects.table import ArmCounts, Comparison, effect_table, removal_effects
from am_studio.records import AnalysisSettings, Attribution, Counts, EffectKind, EffectTable, Interval
from am_studio.reports.effect_table import Source, as_json, effect_sheet
from am_studio.reports.sentence import effect_sentence, finding
from am_studio.reports.side_tables import MOST_SHOWN, across_json, across_lines, side_lines
from am_studio.tui.results.effects import EffectsTable

SOURCE = Source("rules/2")
TOLD = {"outcome": "blackmail", "model": "some/model", "estimand": "difference", "simulated": False}


def counted(yes: int, n: int) -> Counts:
    return Counts(n, yes, n - yes)


def average() -> EffectTable:
    rows = [
        Comparison("without-a", "a", (("a", "off"),), counted(20, 160), counted(90, 160), "subsets", 0.0001, "firth-lr", -0.4),
        Comparison("without-b", "b", (("b", "off"),), counted(45, 160), counted(65, 160), "subsets", 0.003, "firth-lr", -0.13),
        Comparison("without-c", "c", (("c", "off"),), counted(54, 160), counted(56, 160), "subsets", 0.8, "firth-lr", -0.01),
    ]  # fmt: skip
    table = effect_table(counted(110, 320), rows, kind="average", baseline_label="all trials", **TOLD)
    cells = (counted(40, 80), counted(10, 80), counted(38, 80), counted(9, 80))
    crossed = tuple(replace(interaction_of(f"a × {n}", ("a", str(n)), cells), p_adjusted=0.9) for n in range(13))
    shares = (Attribution("a", 0.4, 0.44, Interval(0.3, 0.5, "miettinen-nurminen"), "fitted"),)
    return replace(table, interactions=crossed, attributions=shares)


def shown(table: EffectTable, width: int, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="")
    show_effects(table, SOURCE, Console(file=stream, width=width, markup=False, emoji=False, highlight=False))
    stream.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [80, 120, 200])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_an_average_effect_shows_both_groups_and_says_what_it_is(width: int, encoding: str) -> None:
    text = shown(average(), width, encoding)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "average effects" in text
    assert "all trials" in text
    row = next(line for line in text.splitlines() if line.startswith("a "))
    for part in ("90/160", "20/160", "<.001"):
        assert part in row
    words = " ".join(text.split())
    for part in ("undetermined", "Shapley", "diff. of diff.", "3 more in JSON", "Firth's logistic regression"):
        assert part in words


def test_the_sentence_of_an_average_effect_names_its_own_reference() -> None:
    table = average()
    told = effect_sentence(table, table.effects[0])
    assert told.startswith(
        "With a removed, on average, the rate of blackmail in some/model was 12% (20/160), with a in place"
    )
    assert "56% (90/160): 44 points lower" in told
    assert "over all trials" in finding(table)
    assert "it was lower with a (" in finding(table)


def test_an_effect_that_only_the_model_of_all_details_finds_is_told_with_its_test() -> None:
    table = effect_table(
        counted(100, 320),
        [Comparison("without-a", "a", (), counted(42, 160), counted(58, 160), "subsets", 0.01, "firth-lr", -0.12)],
        kind="average",
        **TOLD,
    )
    (effect,) = table.effects
    assert effect.interval is not None
    assert effect.interval.low < 0 < effect.interval.high
    assert effect.conclusion == "effect"
    assert "with the other details held apart −12 points, Holm p = .010" in effect_sentence(table, effect)
    assert "undetermined" not in finding(table)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("local", "without x"),
        ("alone", "with x alone"),
        ("level", "with x"),
        ("contrast", "in x"),
    ],
)
def test_each_kind_has_words_of_its_own(kind: EffectKind, told: str) -> None:
    arms = [ArmCounts("x", "x", (), counted(30, 40))]
    table = replace(removal_effects(counted(4, 40), arms, kind=kind, **TOLD), baseline_label="all off")
    assert told in effect_sentence(table, table.effects[0]).lower()
    assert "with all off" in finding(table)
    assert effect_sheet(table, SOURCE).rows[0].cells[0] == "all off"


def test_a_null_result_is_equivalent_or_undetermined_with_what_it_could_have_found() -> None:
    arms = [ArmCounts("x", "x", (), counted(200, 400)), ArmCounts("y", "y", (), counted(9, 20))]
    table = removal_effects(counted(400, 800), arms, asked=AnalysisSettings(margin=0.1), **TOLD)
    same, unknown = table.effects
    assert same.conclusion == "equivalent"
    assert same.more_trials is None
    assert "equivalent to none within 10 points" in effect_sentence(table, same)
    assert "changes by less than 10 points without x" in finding(table)
    assert unknown.conclusion == "undetermined"
    assert unknown.more_trials is not None
    assert f"about {unknown.more_trials:,} more trials would settle it" in effect_sentence(table, unknown)
    assert unknown.detectable is not None
    assert same.detectable is not None
    assert unknown.detectable > 2 * same.detectable
    narrow = removal_effects(counted(400, 800), arms, asked=AnalysisSettings(margin=0.01), **TOLD)
    assert narrow.effects[0].conclusion == "undetermined"


def test_a_design_with_an_answer_of_its_own_gives_it_first() -> None:
    table = replace(average(), answer="Minimal set: a.")
    assert finding(table).startswith("Minimal set: a. The rate of blackmail")


def test_json_has_everything_and_no_infinity() -> None:
    table = average()
    plain = as_json(replace(table, effects=(*table.effects,)), SOURCE)
    told = json.loads(json.dumps(plain, allow_nan=False))
    first = told["effects"][0]
    assert (first["kind"], first["against"]["k"], first["against"]["n"]) == ("average", 90, 160)
    assert first["ratio"]["value"] == pytest.approx(20 / 90)
    assert first["trials_of"] == "subsets"
    assert first["conclusion"] == "effect"
    assert len(told["interactions"]) == 13
    assert told["attributions"][0]["banzhaf_interval"]["low"] == 0.3
    never = removal_effects(counted(0, 20), [ArmCounts("x", "x", (), counted(3, 20))], **TOLD)
    ratio = json.loads(json.dumps(as_json(never, SOURCE), allow_nan=False))["effects"][0]["ratio"]
    assert ratio["value"] is None
    assert ratio["interval"]["high"] is None


def test_effects_over_models_are_lines_and_json() -> None:
    tables = [
        replace(removal_effects(counted(50, 60), [ArmCounts("x", "x", (), counted(k, 60))], **TOLD), model=model)
        for model, k in (("m/one", 10), ("m/two", 48))
    ]
    across = across_models(tables)
    lines = across_lines(across)
    assert lines[0].split()[:3] == ["over", "all", "models"]
    assert lines[1].startswith("x ")
    (plain,) = json.loads(json.dumps(across_json(across), allow_nan=False))
    assert plain["test"] == "cochran-mantel-haenszel"
    assert plain["heterogeneity_p"] < 0.001
    assert across_lines(()) == ()


def test_interactions_that_are_shown_are_the_least_likely_by_chance() -> None:
    lines = side_lines(average())
    rows = [line for line in lines if line.startswith("a × ")]
    assert len(rows) == MOST_SHOWN
    assert side_lines(replace(average(), interactions=(), attributions=())) == ()


def test_a_row_of_averages_leads_to_the_arm_that_has_its_trials() -> None:
    widget = EffectsTable()
    widget._table = average()
    assert widget.trials_of("without-a") == "subsets"
    assert widget.trials_of("baseline") == ""
    widget._table = removal_effects(counted(4, 40), [ArmCounts("without-x", "x", (), counted(3, 40))], **TOLD)
    assert widget.trials_of("without-x") == "without-x"
    assert widget.trials_of("baseline") == "baseline"


# Numbers. ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("p1", "p0", "exact"), [(0.96, 0.55, 15), (0.55, 0.065, 14), (0.96, 0.85, 111), (0.30, 0.05, 34)]
)
def test_the_reach_of_a_number_of_trials_is_within_a_few_of_the_exact_one(p1: float, p0: float, exact: int) -> None:
    """STATISTICS: n an arm for 80 % power, two-sided 5 %, exact mid-p."""
    found = min(n for n in range(2, 400) if (detectable_difference(p0, n, n, 0.05) or 9.0) <= abs(p1 - p0))
    assert abs(found - exact) <= 0.1 * exact + 1


def test_more_trials_are_none_where_no_number_of_use_would_do() -> None:
    assert more_trials((0, 0), (5, 10), 0.05, 0.1) is None
    assert more_trials((50, 100), (50, 100), 0.05, 0.000001) is None
    few, many = more_trials((50, 100), (52, 100), 0.05, 0.1), more_trials((50, 100), (52, 100), 0.05, 0.05)
    assert few is not None
    assert many is not None
    assert 0 < few < many


def test_an_interaction_covers_its_planted_value_and_its_test_agrees_with_its_interval() -> None:
    cells = (counted(72, 80), counted(40, 80), counted(38, 80), counted(8, 80))
    found = interaction_of("a × b", ("a", "b"), cells)
    assert found.estimate == pytest.approx(8 / 80 - 38 / 80 - 40 / 80 + 72 / 80)
    assert found.interval is not None
    assert found.interval.low < 0 < found.interval.high
    assert found.p is not None
    assert found.p > 0.05
    strong = interaction_of("a × b", ("a", "b"), (counted(72, 80), *(counted(4, 80),) * 3))
    assert strong.interval is not None
    assert strong.interval.low > 0
    assert strong.p is not None
    assert strong.p < 1e-6
    assert interaction_of("a × b", ("a", "b"), (counted(1, 2), Counts(2), counted(1, 2), counted(1, 2))).p is None
