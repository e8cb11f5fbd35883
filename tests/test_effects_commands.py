"""The calculator, power and the selftest on the command line: numbers with their methods, mistakes in plain words."""

from __future__ import annotations

import json
import shlex

import pytest

from am_studio.cli.main import main
from am_studio.effects import golden
from am_studio.effects.power import power


def asked(capsys, line, code=0):
    assert main(shlex.split(line)) == code
    return capsys.readouterr()


def figures(capsys, line):
    told = json.loads(asked(capsys, line + " --json").out)
    return {figure["name"]: figure for figure in told["figures"]} | {"told": told}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("stats rate 7/50", ["0.1400", "95 % interval 0.0695 to 0.2619", "wilson"]),
        ("stats rate 0/30 --method clopper-pearson", ["0.0000 to 0.1157", "0/30 is not 0 %"]),
        ("stats rate 81/263 --level .99", ["99 % interval"]),
        ("stats difference 56/70 48/80", ["0.2000", "0.0528 to 0.3382", "miettinen-nurminen", "boschloo"]),
        ("stats difference 56/70 48/80 --method newcombe", ["0.0524 to 0.3339", "newcombe"]),
        ("stats ratio 36/40 16/80 --method koopman", ["4.5000", "2.9396 to 7.1522"]),
        ("stats ratio 3/40 0/80", ["undefined", "to infinity", "there is no ratio"]),
        ("stats test 7/34 1/34", ["0.03846", "boschloo"]),
        ("stats test 7/34 1/34 --method mid-p", ["0.02966", "fisher-mid-p"]),
        ("stats adjust .01 .04 .03", ["0.03000", "0.06000", "1 of 3 at most 0.05"]),
        ("stats adjust .01 .04 .03 --method bh", ["0.04000", "3 of 3", "tested again on fresh trials"]),
        ("stats kappa 40 9 6 45", ["0.6995", "0.5596 to 0.8394", "0.8500"]),
        ("stats kappa 9 0 0 0", ["undefined", "already makes agreement certain"]),
        ("stats cmh 8/10,2/10 7/10,3/10", ["8.6923", "9.5000", "breslow-day-tarone"]),
        ("stats interaction 9/10,1/10 5/10,4/10", ["0.7000", "0.1301 to 1.1484", "0.0186"]),
        ("stats power .96 .55 --n 15", ["0.8072", "mid-p"]),
        ("stats power .96 .55 --power .9", ["n a group        20", "0.9138"]),
        ("stats power .5 .5", ["undefined", "Equal rates"]),
        ("stats power .9 --n 60 --n0 135 --tests 5", ["0.694", "No higher rate"]),
        ("stats equivalence 9/60 10/60 --delta .15", ["undetermined", "3 + 3 more trials", "equivalent"]),
        ("stats equivalence 10/20 10/20 --delta 0", ["No number of trials".lower(), "undetermined"]),
        ("stats rogan-gladen 50/3330 --sensitivity 130/157 --specificity 3308/3324", ["0.01239", "lang-reiczigel"]),
        ("stats checked --yes 40:36/40 --no 160:2/40", ["0.2200", "0.1614 to 0.3146", "0.2000"]),
        ("stats looks 3 --method pocock", ["0.02264", "futile if p above"]),
        ("power --rates .55 .065", ["14", "exact enumeration"]),
    ],
)
def test_the_calculator_answers_with_interval_and_method(capsys, line, words):
    told = asked(capsys, line).out
    assert [word for word in words if word not in told] == []


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("stats rate 60/50", "more yes than trials"),
        ("stats rate 0/0", "there is no trial"),
        ("stats rate seven", "no count of trials"),
        ("stats rate 1/2 --level 95", "not between 0 and 1"),
        ("stats rate 1/2 --level 1", "says nothing"),
        ("stats adjust 1.2", "not between 0 and 1"),
        ("stats kappa 1 2 3", "no square table"),
        ("stats kappa 0 0 0 0", "table is empty"),
        ("stats kappa 1 2 x 3", "no count"),
        ("stats cmh 8/10", "no pair of groups"),
        ("stats checked --yes 4:1/9 --no 1:0/1", "more than there are"),
        ("stats checked --yes 0:0/0 --no 0:0/0", "there is no trial"),
        ("stats power .5", "--n says how many"),
        ("stats power .5 .4 .3", "3 rates"),
        ("stats power .5 .4 --n 5000", "can be enumerated"),
        ("power", "give a study, or --rates"),
        ("power single-line --n 5", "--trials N"),
        ("power nonesuch", "there is no study"),
    ],
)
def test_a_mistake_is_told_in_plain_words(capsys, line, word):
    said = asked(capsys, line, code=2)
    assert word in said.err
    assert said.out == ""
    assert "Traceback" not in said.err


def test_numbers_come_as_json_with_what_is_infinite_as_null(capsys):
    found = figures(capsys, "stats ratio 3/40 0/80")
    assert found["ratio"]["value"] is None
    assert found["ratio"]["interval"]["high"] is None
    assert found["told"]["interval"]["method"] == found["told"]["method"] == "miettinen-nurminen"
    difference = figures(capsys, "stats difference 56/70 48/80 --level .9")
    assert difference["told"]["value"] == pytest.approx(0.2)
    assert difference["difference"]["interval"]["level"] == 0.9
    assert difference["p, two-sided"]["method"] == "boschloo"


def test_the_power_of_a_study_is_that_of_its_rows(capsys):
    told = json.loads(asked(capsys, "power single-line --baseline .9 --changed .7 --json").out)
    (reach,) = told["reaches"]
    assert (reach["groups"], reach["rows"], told["tests"]) == ({"changed": 60, "reference": 135}, 5, 5)
    assert reach["power"] == pytest.approx(power(0.7, 60, 0.9, 135, alpha=0.01, test="boschloo"))
    assert power(0.9 - reach["hardest"]["drop"], 60, 0.9, 135, alpha=0.01, test="boschloo") >= 0.8
    assert reach["easiest"]["drop"] < reach["hardest"]["drop"]
    own = next(size for size in told["sizes"] if size["groups"]["changed"] == 60)
    assert (own["trials"], own["smallest"]) == (435, reach["hardest"])


def test_dollars_stand_beside_the_number_of_trials(capsys, tmp_path):
    study = tmp_path / "priced.yaml"
    study.write_text(
        "format: 1\nname: priced\nscenario: core/replacement-blackmail\n"
        "design: {kind: leave-one-out, details: [deadline, threat]}\n"
        "models: [{name: openai/example, price: {input: 1, output: 2}}]\n"
        "outcome: blackmail\ntrials: {per_arm: 10, baseline: 20}\nsampling: {max_tokens: 1000}\n"
    )
    shown = asked(capsys, f"power {study}").out
    told = json.loads(asked(capsys, f"power {study} --json").out)
    assert told["greatest_cost"] > 0
    double = next(size for size in told["sizes"] if size["groups"] == {"changed": 20, "reference": 40})
    assert double["greatest_cost"] == pytest.approx(2 * told["greatest_cost"])
    assert f"${told['greatest_cost']:,.2f}" in shown
    assert "2 x 10 trials of a changed arm against 20 of the baseline (boschloo)" in shown
    assert json.loads(asked(capsys, f"power {study} --trials 40 --json").out)["reaches"][0]["groups"]["changed"] == 40


def test_the_selftest_replays_every_number_and_simulates_coverage(capsys):
    told = json.loads(asked(capsys, "selftest --quick --json").out)
    assert told["ok"] is True
    assert len(told["numbers"]) > 80
    assert {"name", "source", "expected", "found", "ok"} == set(told["numbers"][0])
    assert all(check["ok"] and check["exact"] >= 0.91 for check in told["coverage"])
    assert "as they should be" in asked(capsys, "selftest --quick").out


def test_a_selftest_with_a_number_that_is_off_ends_with_code_1(capsys, monkeypatch):
    monkeypatch.setattr(
        golden, "goldens", lambda: iter([golden.Golden("pi", "a bill of Indiana", "3.2000", lambda: 3.1416)])
    )
    shown = asked(capsys, "selftest --quick", code=1).out
    assert "OFF  pi" in shown
    assert "8 of 9 as they should be" in shown
