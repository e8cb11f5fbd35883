"""Every trial draws what is not the question: the draws cross with arms, are recorded, and are held apart in the analysis."""

from __future__ import annotations

import json
import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from scipy.stats import f_oneway

from am_studio.cli.main import main
from am_studio.designs.base import OpenDesign
from am_studio.designs.nuisance import drawn_factors, one_wording, with_draws
from am_studio.effects.nuisance import share_of
from am_studio.foundation.errors import StudioError
from am_studio.records import (
    AnalysisSettings,
    Choice,
    Counts,
    EffectTable,
    ModelSettings,
    TrialSpec,
    Variant,
    VariantCounts,
)
from am_studio.runs.variants import variant_key, variant_of
from am_studio.scenarios import Scenario, load_scenario
from designs_world import MODEL, On, opened, study, switches

Rate = Callable[[On, Mapping[str, str]], float]
NUISANCE = """
nuisance:
  opening: {levels: [plain, warm, brisk]}
  boss: {person: cast.cto, names: {ada: {name: Ada Lindqvist, address: ada@tarn-optics.example}}}
"""
LOGITS = {"plain": -0.6124, "warm": 0.0, "brisk": 0.6124}
"""Their standard deviation is .5."""
UNASKED = AnalysisSettings(margin=1.0)
"""Under this margin no row asks how many more trials would settle it, which takes time."""


@pytest.fixture
def eight(tmp_path: Path) -> Scenario:
    """Eight switches, three openings, two names."""
    place = switches(tmp_path).directory
    yaml = place / "scenario.yaml"
    yaml.write_text(yaml.read_text() + NUISANCE)
    system = place / "system.md"
    system.write_text(
        system.read_text() + "{% if opening == 'warm' %}Dear Wren.{% elif opening == 'brisk' %}Wren!{% endif %}\n"
    )
    return load_scenario(place)


class Planted:
    """Results whose outcomes are drawn with rates that depend on details and draws."""

    def __init__(self, rate: Rate, seed: int) -> None:
        self._rate = rate
        self._random = random.Random(seed)
        self._cells: dict[tuple[str, str, Variant], list[int]] = defaultdict(lambda: [0, 0])
        self.specs: list[TrialSpec] = []

    def planned(self) -> int:
        return len(self.specs)

    def run(self, specs: tuple[TrialSpec, ...]) -> None:
        for spec in specs:
            on = frozenset(name for name, level in spec.variant if level not in ("off", "none"))
            cell = self._cells[spec.arm, spec.model, spec.variant]
            cell[0] += self._random.random() < self._rate(on, dict(spec.variant.nuisance))
            cell[1] += 1
            self.specs.append(spec)

    def counts(self, arm: str, model: str, outcome: str) -> Counts:
        found = [cell for (a, m, _), cell in self._cells.items() if (a, m) == (arm, model)]
        yes, n = (sum(cell[part] for cell in found) for part in (0, 1))
        return Counts(n, yes, n - yes)

    def by_variant(self, model: str, outcome: str) -> list[VariantCounts]:
        return [
            VariantCounts(arm, variant, 1, Counts(n, yes, n - yes))
            for (arm, m, variant), (yes, n) in self._cells.items()
            if m == model
        ]


def carried_out(design: OpenDesign, rate: Rate, seed: int = 1) -> Planted:
    results = Planted(rate, seed)
    while batch := design.next_trials(results):
        results.run(batch)
    return results


def logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def by_opening(on: On, drawn: Mapping[str, str]) -> float:
    return logistic(("a" in on) + LOGITS[drawn["opening"]])


def by_nothing(on: On, drawn: Mapping[str, str]) -> float:
    return logistic(float("a" in on))


def loo(scenario: Scenario, per_arm: int = 60, details: str = "ab", **more: object) -> OpenDesign:
    asked = {"kind": "leave-one-out", "details": list(details)}
    return opened(scenario, asked, {"per_arm": per_arm}, **{"nuisance": "all", **more})


def analysed(design: OpenDesign, results: Planted) -> EffectTable:
    return design.analyse(results, "blackmail", MODEL)


# Draws. ------------------------------------------------------------------------------------------------------------------


def test_draws_cross_with_arms_and_are_the_same_in_every_model(eight: Scenario) -> None:
    models = (ModelSettings(MODEL), ModelSettings("sim/other"))
    specs = loo(eight, models=models).next_trials(Planted(by_nothing, 1))
    by_arm: dict[tuple[str, str], list[tuple[Choice, ...]]] = defaultdict(list)
    for spec in specs:
        by_arm[spec.arm, spec.model].append(spec.variant.nuisance)
    first = by_arm["without-a", MODEL]
    assert len(first) == 60
    assert by_arm["without-b", MODEL] == first
    assert by_arm["without-a", "sim/other"] == first
    assert by_arm["baseline", MODEL][:60] == first
    assert set(first) == {
        (("opening", opening), ("boss", boss)) for opening in LOGITS for boss in ("as_written", "ada")
    }
    assert max(Counter(first).values()) < 25
    other = loo(eight, seed=8).next_trials(Planted(by_nothing, 1))
    assert [spec.variant.nuisance for spec in other if spec.arm == "without-a"] != first


def test_a_design_that_goes_on_goes_on_drawing(eight: Scenario) -> None:
    whole = Planted(by_nothing, 1)
    whole.run(loo(eight, 20).next_trials(whole))
    parts = Planted(by_nothing, 1)
    for per_arm in (5, 20):
        parts.run(loo(eight, per_arm).next_trials(parts))
    for arm in ("baseline", "without-a"):
        draws = [[spec.variant.nuisance for spec in each.specs if spec.arm == arm] for each in (whole, parts)]
        assert draws[0] == draws[1]


def test_extra_trials_of_a_later_session_draw_as_the_first_of_the_baseline_did(eight: Scenario) -> None:
    specs = loo(eight).next_trials(Planted(by_nothing, 1))
    first = [spec.variant.nuisance for spec in specs if spec.arm == "baseline"][:10]
    extra = tuple(TrialSpec(id_, "baseline@2", MODEL, eight.defaults(), id_) for id_ in range(10))
    drawn = with_draws(extra, study({}, {}, nuisance="all"), eight)
    assert [spec.variant.nuisance for spec in drawn] == first
    assert with_draws(extra, study({}, {}), eight) == extra


def test_order_seeds_and_variants_are_those_of_the_design_without_draws(eight: Scenario) -> None:
    plain, drawing = loo(eight, nuisance=()), loo(eight)
    assert plain.arms() == drawing.arms()
    assert plain.greatest() == drawing.greatest()
    assert plain.next_trials(Planted(by_nothing, 1)) == tuple(
        replace(spec, variant=replace(spec.variant, nuisance=()))
        for spec in drawing.next_trials(Planted(by_nothing, 1))
    )


def test_a_draw_is_recorded_with_the_variant(eight: Scenario) -> None:
    spec = loo(eight).next_trials(Planted(by_nothing, 1))[0]
    assert spec.variant.nuisance
    assert variant_of(variant_key(spec.variant)) == spec.variant


def test_a_study_chooses_the_factors_or_none(eight: Scenario) -> None:
    assert drawn_factors(study({}, {}), eight) == ()
    assert drawn_factors(study({}, {}, nuisance="all"), eight) == ("opening", "boss")
    assert drawn_factors(study({}, {}, nuisance=("boss",)), eight) == ("boss",)
    with pytest.raises(StudioError, match="no nuisance factor 'bos'"):
        loo(eight, nuisance=("bos",))
    assert one_wording(study({}, {}, nuisance="all"), eight) == ""
    assert "this exact text" in one_wording(study({}, {}, nuisance=("boss",)), eight)


def test_lines_are_not_taken_out_of_other_wordings_than_the_one_they_were_counted_in(eight: Scenario) -> None:
    assert drawn_factors(study({"kind": "lines"}, {}, nuisance="all"), eight) == ("boss",)
    with pytest.raises(StudioError, match="gives texts other lines"):
        drawn_factors(study({"kind": "lines"}, {}, nuisance=("opening",)), eight)


# Effects. ----------------------------------------------------------------------------------------------------------------


def test_an_effect_is_told_with_factors_held_apart_beside_the_crude_one(eight: Scenario) -> None:
    design = loo(eight, 90)
    table = analysed(design, carried_out(design, by_opening))
    assert "on average over opening and boss" in table.estimand
    for effect in table.effects:
        found = effect.stratified
        assert found is not None
        assert found.factors == ("opening", "boss")
        assert found.strata == 6
        assert found.difference is not None
        assert effect.difference is not None
        assert abs(found.difference - effect.difference) < 0.05
        assert found.interval is not None
        assert found.interval.low < found.difference < found.interval.high
    gone, idle = table.effects
    assert gone.stratified is not None
    assert gone.stratified.p is not None
    assert gone.stratified.p < 0.05
    assert idle.stratified is not None
    assert idle.stratified.p is not None
    assert idle.stratified.p > 0.05


def test_holding_apart_undoes_what_an_uneven_mixture_does(eight: Scenario) -> None:
    design = loo(eight, 300, "a")
    results = Planted(lambda on, drawn: 0.9 if drawn["opening"] == "warm" else 0.1, 3)
    # An arm that was cut short: most of its plain trials are missing, so it has more of the warm ones than the baseline.
    specs = design.next_trials(results)
    plain = [spec for spec in specs if spec.arm == "without-a" and dict(spec.variant.nuisance)["opening"] == "plain"]
    results.run(tuple(spec for spec in specs if spec not in plain[10:]))
    (effect,) = analysed(design, results).effects
    assert effect.difference is not None
    assert effect.difference > 0.08
    assert effect.stratified is not None
    assert effect.stratified.difference is not None
    assert abs(effect.stratified.difference) < 0.04


def test_with_few_trials_fewer_factors_are_held_apart(eight: Scenario) -> None:
    design = loo(eight, 15)
    table = analysed(design, carried_out(design, by_nothing))
    assert {effect.stratified.factors for effect in table.effects if effect.stratified} == {("opening",)}


def test_random_subsets_are_held_apart_too(eight: Scenario) -> None:
    asked = {"kind": "random-subsets", "details": list("abcd"), "q": 0.5}
    design = opened(eight, asked, {"total": 400}, nuisance="all")
    results = carried_out(design, by_opening)
    table = analysed(design, results)
    plain = opened(eight, asked, {"total": 400})
    without = plain.analyse(results, "blackmail", MODEL)
    merged = [(e.arm, e.counts.yes, e.counts.completed, e.against.yes, e.against.completed) for e in table.effects]
    assert len(merged) == 4
    assert merged == [
        (e.arm, e.counts.yes, e.counts.completed, e.against.yes, e.against.completed) for e in without.effects
    ]
    assert all(effect.stratified and effect.stratified.strata == 6 for effect in table.effects)
    shares = {share.factor: share for share in table.nuisance}
    assert shares["opening"].interval is not None
    assert shares["opening"].interval.low > 0


def test_a_minimal_set_is_found_whatever_trials_draw(eight: Scenario) -> None:
    design = opened(eight, {"kind": "minimal"}, {"total": 600}, nuisance="all")
    results = carried_out(design, lambda on, drawn: 0.9 if {"a", "b", "c"} <= on else 0.03)
    table = analysed(design, results)
    assert "a, b" in table.answer
    for effect in table.effects:
        assert effect.stratified is None or effect.stratified.strata <= 6


# Variance. ---------------------------------------------------------------------------------------------------------------


def openings(table: EffectTable) -> float:
    (share,) = [share for share in table.nuisance if share.factor == "opening"]
    assert share.sd is not None
    return share.sd


def test_a_wording_that_matters_is_found_and_one_that_does_not_is_near_nothing(eight: Scenario) -> None:
    design = loo(eight, 60, "abcd", analysis=UNASKED)
    planted = [openings(analysed(design, carried_out(design, by_opening, seed))) for seed in range(30)]
    nothing = [openings(analysed(design, carried_out(design, by_nothing, seed))) for seed in range(30)]
    # Half a logit is some .10 to .12 of the rate here.
    assert 0.08 < sum(planted) / 30 < 0.14
    assert min(planted) > 0.03
    assert sorted(nothing)[27] < 0.06
    assert sum(nothing) / 30 < 0.02
    notes = analysed(design, carried_out(design, by_opening)).notes
    assert any(note.startswith("Nuisance factor opening: 3 levels, between-level SD of the rate 0.") for note in notes)


def test_the_interval_of_a_share_covers_what_was_planted() -> None:
    rates = {level: logistic(0.5 + logit) for level, logit in LOGITS.items()}
    middle = sum(rates.values()) / 3
    true = math.sqrt(sum((rate - middle) ** 2 for rate in rates.values()) / 3)
    chance = random.Random(11)
    covered = 0
    for _ in range(400):
        arms = [
            {level: (sum(chance.random() < rate for _ in range(20)), 20) for level, rate in rates.items()} for _ in "ab"
        ]
        share = share_of("opening", arms)
        assert share.interval is not None
        covered += share.interval.low <= true <= share.interval.high
    # 95 % less three standard errors of 400 draws.
    assert covered / 400 > 0.917


def test_where_nothing_differs_the_test_of_levels_keeps_its_size() -> None:
    chance = random.Random(12)
    found = 0
    for _ in range(500):
        arms = [
            {level: (sum(chance.random() < rate for _ in range(20)), 20) for level in LOGITS}
            for rate in (0.5, 0.1, 0.9)
        ]
        p = share_of("opening", arms).p
        found += p is not None and p < 0.05
    assert 0.02 < found / 500 < 0.08


def test_one_arm_is_an_analysis_of_variance() -> None:
    cells = {"plain": (3, 17), "warm": (9, 21), "brisk": (14, 20)}
    share = share_of("opening", [cells])
    assert share.p == pytest.approx(f_oneway(*([1] * k + [0] * (n - k) for k, n in cells.values())).pvalue)
    trials, yes = (sum(cell[part] for cell in cells.values()) for part in (1, 0))
    between = sum(n * (k / n - yes / trials) ** 2 for k, n in cells.values())
    error = sum(k * (n - k) / n for k, n in cells.values()) / (trials - 3)
    total = yes * (trials - yes) / trials
    assert share.share == pytest.approx((between - 2 * error) / (total + error))
    assert [rate.k for _, rate in share.rates] == [3, 9, 14]


@pytest.mark.parametrize(
    ("arms", "sd", "share"),
    [
        ([{"plain": (0, 10), "warm": (0, 10)}], 0.0, 0.0),
        ([{"plain": (10, 10), "warm": (0, 10)}], 0.5, 1.0),
        ([{"plain": (3, 10)}], None, None),
        ([], None, None),
        ([{"plain": (1, 1), "warm": (0, 1)}], None, None),
    ],
)
def test_the_edges_of_a_share(arms: list[dict[str, tuple[int, int]]], sd: float | None, share: float | None) -> None:
    found = share_of("opening", arms)
    assert found.sd == (None if sd is None else pytest.approx(sd, abs=0.02))
    assert found.share == (None if share is None else pytest.approx(share))


def test_wordings_that_cross_with_arms_give_no_false_effects(eight: Scenario) -> None:
    design = loo(eight, 40, "b", analysis=UNASKED)
    found = 0
    for seed in range(200):
        (effect,) = analysed(design, carried_out(design, by_opening, seed)).effects
        assert effect.stratified is not None
        found += effect.stratified.p is not None and effect.stratified.p < 0.05
    # One wording for each arm would give some .33 here (trap 3 of the statistics).
    assert found / 200 < 0.095


# A whole study. ----------------------------------------------------------------------------------------------------------


def test_a_study_draws_records_and_tells_its_nuisance_factors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (
        "format: 1\nname: drawn\nscenario: core/replacement-blackmail\n"
        "design: {kind: leave-one-out, details: [consider_goals, deadline]}\nmodels: [sim/strategist]\n"
        "outcome: blackmail\ntrials: {per_arm: 36}\nseed: 7\n"
    )
    Path("drawn.yaml").write_text(text)
    assert main(["plan", "drawn.yaml"]) == 0
    assert "executive (3 levels)" in " ".join(capsys.readouterr().out.split())
    assert main(["run", "drawn.yaml"]) == 0
    capsys.readouterr()
    (run,) = Path("runs").glob("*.amrun")
    assert main(["analyze", str(run), "--json"]) == 0
    analysis = json.loads(capsys.readouterr().out)
    told = json.dumps(analysis)
    assert '"cochran-mantel-haenszel"' in told
    assert "Nuisance factor executive: 3 levels" in told
    assert "One wording" not in told
    assert main(["analyze", str(run)]) == 0
    shown = capsys.readouterr().out
    assert "nuisance factors held apart" in shown
    assert "Stratified by executive × threat_wording (9 strata)" in " ".join(shown.split())
    Path("off.yaml").write_text(text.replace("drawn", "fixed") + "nuisance: off\n")
    assert main(["plan", "off.yaml"]) == 0
    assert "One wording: the claim is about this exact text." in " ".join(capsys.readouterr().out.split())
    assert main(["run", "off.yaml"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "One wording" in shown
    assert "nuisance factor" not in shown.lower()
