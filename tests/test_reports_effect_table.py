"""The table as people and scripts get it: text, drawings, sentences, JSON, and a terminal of any width."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from am_studio.cli.effect_view import show_effects
from am_studio.effects.table import ArmCounts, removal_effects
from am_studio.records import Counts, Interval
from am_studio.reports.effect_table import STAMP, Source, as_json, effect_sheet
from am_studio.reports.forest import forest_axis, forest_cell, zero_cell
from am_studio.reports.numbers import p_text, percent, points
from am_studio.reports.sentence import effect_sentence, finding

SOURCE = Source(
    judge="rules/2",
    models_returned=("sim/strategist@1",),
    first="2031-05-14T10:00:00Z",
    last="2031-05-14T10:00:09Z",
    plan_hash="sha256:0123456789abcdef",
    run="single-line.amrun",
)
BASELINE = Counts(136, yes=108, no=24, unclear=3, failed=1, refused=2, truncated=1)
ARMS = (
    ArmCounts("without-consider_goals", "consider_goals", (("consider_goals", "off"),), Counts(60, yes=12, no=48)),
    ArmCounts("without-deadline", "deadline", (("deadline", "off"),), Counts(60, yes=50, no=10, refused=1)),
    ArmCounts("without-failed_persuasion", "failed_persuasion", (("failed_persuasion", "off"),), Counts(60, 40, 20)),
    ArmCounts(
        "without-threat",
        "threat (+ deadline, sole_authority)",
        (("threat", "none"), ("deadline", "off")),
        Counts(60, 0, 60),
    ),
    ArmCounts("without-ally", "ally", (("ally", "off"),), Counts(60)),
)


def answer(simulated=True, baseline=BASELINE, arms=ARMS, **options):
    told = {"outcome": "blackmail", "model": "sim/strategist", "estimand": "difference in rate (local effect)"}
    return removal_effects(baseline, arms, simulated=simulated, **told, **options)


def shown(width, encoding="utf-8", table=None, **options):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="")
    console = Console(file=stream, width=width, markup=False, emoji=False, highlight=False, **options)
    show_effects(table or answer(), SOURCE, console)
    stream.flush()
    return raw.getvalue().decode(encoding)


# Numbers ----------------------------------------------------------------------------------------------------------------


def test_rounding_never_makes_a_rate_of_something_nothing_or_everything():
    assert [percent(rate) for rate in (0, 1, 0.384, 0.996, 0.004, 0.0001)] == ["0", "100", "38", "99.6", "0.4", "0.01"]
    assert [points(x) for x in (0, -0.421, 0.07, -0.003, 0.00004)] == ["0", "−42", "+7", "−0.3", "+0.004"]
    assert [p_text(p) for p in (1.0, 0.0384, 0.0009, 0.9996)] == ["1", ".038", "<.001", "1"]


@given(st.floats(-1, 1))
def test_a_difference_keeps_its_sign(x):
    told = points(x)
    assert told[0] == ("−" if x < 0 else "+") or abs(x) < 1e-10
    assert told == "0" or told.strip("−+0.") != ""


# Drawings ---------------------------------------------------------------------------------------------------------------


def test_a_drawing_shows_on_which_side_of_zero_an_interval_lies():
    assert forest_cell(-0.7, -0.6, -0.5, 21) == "   ─●─    │          "
    assert forest_cell(-0.2, 0.1, 0.4, 21) == "        ──┼○───      "
    assert forest_cell(-0.2, 0.1, 0.4, 21, ascii_only=True) == "        --+o---      "
    assert forest_cell(0.2, 0.5, 0.9, 11, lo=-0.5, hi=0.5) == "     │ ───●"
    assert zero_cell(11) == "     │     "
    assert forest_cell(0, 0.5, 1, 2) == "  "


def test_a_line_that_leaves_the_range_ends_in_an_arrow():
    assert forest_cell(-0.9, -0.3, 0.9, 9, lo=-0.5, hi=0.5)[0] == "◂"
    assert forest_cell(-0.9, -0.3, 0.9, 9, lo=-0.5, hi=0.5)[-1] == "▸"


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1), st.integers(3, 60))
def test_a_drawing_always_has_its_width_one_dot_and_a_hollow_one_only_around_zero(a, b, c, width):
    low, estimate, high = sorted((a, b, c))
    lo, hi = forest_axis([Interval(low, high, "miettinen-nurminen")])
    assert -1 <= lo <= min(low, 0)
    assert max(high, 0) <= hi <= 1
    for ascii_only, filled, hollow in ((False, "●", "○"), (True, "*", "o")):
        cell = forest_cell(low, estimate, high, width, lo=lo, hi=hi, ascii_only=ascii_only)
        assert len(cell) == width
        assert cell.count(hollow) == (low <= 0 <= high)
        assert cell.count(filled) == (not low <= 0 <= high)
        assert not ascii_only or cell.isascii()


# Sentences --------------------------------------------------------------------------------------------------------------


def test_the_finding_names_what_moved_and_what_is_undetermined():
    told = finding(answer())
    assert told.startswith(
        "SIMULATED (no evidence about any real model): The rate of blackmail in sim/strategist was 80%"
    )
    assert "108/135" in told
    assert "lower without consider_goals (−60 points [−71, −46])" in told
    assert "without deadline or ally is undetermined" in told
    assert "SIMULATED" not in finding(answer(simulated=False))


def test_one_removal_in_a_sentence():
    table = answer(simulated=False)
    goals, deadline, _, _, ally = (effect_sentence(table, effect) for effect in table.effects)
    assert goals == (
        "Without consider_goals, the rate of blackmail in sim/strategist was 20% (12/60), at baseline 80% (108/135): "
        "60 points lower (95 % interval −71 to −46)."
    )
    assert "undetermined (95 % interval" in deadline
    assert "includes 0" in deadline
    assert ally == "No trial without ally can be compared yet: the change is undetermined."


def test_an_interval_that_excludes_zero_is_doubted_when_adjusting_takes_it_back():
    same = Counts(60, yes=48, no=12)
    arms = [ArmCounts(f"a{i}", f"d{i}", (), same) for i in range(5)] + [ArmCounts("x", "x", (), Counts(60, 36, 24))]
    table = answer(baseline=Counts(60, yes=48, no=12), arms=arms)
    last = table.effects[-1]
    assert last.interval.high < 0
    assert last.p_adjusted > 0.05
    assert "not beyond chance once adjusted" in effect_sentence(table, last)
    assert "not beyond chance once adjusted" in finding(table)


@pytest.mark.parametrize("word", ["cause", "because", "necessary", "no effect", "proves", "significant"])
def test_no_sentence_claims_more_than_was_seen(word):
    table = answer()
    told = [finding(table), *(effect_sentence(table, effect) for effect in table.effects)]
    assert not [sentence for sentence in told if word in sentence.lower()]


# JSON -------------------------------------------------------------------------------------------------------------------


def test_json_has_every_number_with_its_method_and_origin():
    told = json.loads(json.dumps(as_json(answer(), SOURCE), allow_nan=False))
    assert told["simulated"] is True
    assert told["stamp"] == STAMP
    assert told["baseline"]["k"] == 108
    assert told["baseline"]["n"] == 135
    assert told["baseline"]["failed"] == 1
    threat = told["effects"][3]
    assert threat["removed"] == {"threat": "none", "deadline": "off"}
    assert (threat["k"], threat["n"], threat["rate"]) == (0, 60, 0.0)
    assert threat["rate_interval"]["method"] == "wilson"
    assert threat["interval"]["method"] == "miettinen-nurminen"
    assert threat["interval"]["level"] == 0.95
    assert threat["interval"]["low"] < threat["difference"] < threat["interval"]["high"] < 0
    assert threat["test"] == "boschloo"
    assert threat["adjustment"] == "holm"
    assert threat["p"] <= threat["p_adjusted"] < 0.001
    assert threat["judge"] == "rules/2"
    assert threat["model"] == "sim/strategist"
    assert threat["estimand"] == told["estimand"]
    assert len(threat["bounds"]) == 2
    for name in ("refused", "failed", "truncated", "unclear", "planned", "completed"):
        assert name in threat
    assert told["effects"][4]["difference"] is None
    assert told["plan_hash"] == SOURCE.plan_hash


# A terminal -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [40, 60, 80, 100, 160, 220])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_it_fits_the_terminal_and_hides_nothing(width, encoding):
    text = shown(width, encoding)
    assert max(len(line) for line in text.splitlines()) <= width
    assert text.startswith("SIMULATED")
    words = " ".join(text.split())
    for part in (
        *("consider_goals", "failed_persuasion", "12/60", "108/135", "80%", "Holm p", "<.001"),
        *("refused", "unclear", "truncated", "failed", "bounds", "undetermined", "Wilson", "Miettinen-Nurminen"),
        *("Boschloo's exact test", "Holm over the 5 removals", "rules/2", "(local effect)", "sha256:0123456789abcdef"),
    ):
        assert part in words


def test_wide_terminals_get_one_table_and_narrow_ones_several():
    assert shown(200).count("\nbaseline ") == 1
    assert shown(80).count("\nbaseline ") == 3
    at_80 = shown(80).splitlines()
    first = next(line for line in at_80 if line.startswith("consider_goals"))
    for part in ("12/60", "20%", "−60 [−71, −46]", "●", "<.001"):
        assert part in first


def test_a_pipe_gets_plain_text_and_no_colour_means_no_colour(monkeypatch):
    assert "\x1b" not in shown(80)
    monkeypatch.setenv("NO_COLOR", "1")
    coloured = shown(80, force_terminal=True)
    assert not [code for code in range(30, 48) if f"\x1b[{code}m" in coloured]


def test_the_word_simulated_is_there_only_when_it_is_true():
    assert "SIMULATED" not in shown(80, table=answer(simulated=False))


def test_strangers_text_cannot_act_on_the_terminal_or_be_read_as_markup():
    arm = ArmCounts("x", "[red]evil\x1b[2J\u202e", (), Counts(10, 5, 5))
    told = shown(120, table=answer(arms=[arm]))
    assert "[red]evil" in told
    assert "\x1b" not in told
    assert "\u202e" not in told


def test_before_the_first_trial_the_table_is_empty_and_says_so():
    table = answer(baseline=Counts(60), arms=[ArmCounts("x", "goals", (), Counts(60))])
    told = " ".join(shown(80, table=table).split())
    assert "0/0" in told
    assert "unknown (0 trials)" in told
    assert "Planned trials still to come: 120" in told
    assert effect_sheet(table, Source("rules/2")).rows[1].span is None
