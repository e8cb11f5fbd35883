"""One effect over all models of a study: pooled with models held apart, and whether it differs between them.

"Significant in this model, not in that one" is no difference between models: the difference itself is tested here, on the
scale of rates. Models are strata; nothing is said of models that were not asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from am_studio.effects.chi_square import chi_square_tail
from am_studio.effects.multiplicity import holm
from am_studio.effects.stratified import Stratum, cmh, stratified_difference
from am_studio.records import AcrossModels, Effect, EffectTable


def across_models(tables: Sequence[EffectTable]) -> tuple[AcrossModels, ...]:
    """Every effect that at least two tables (one a model) have, in the order of the first; Holm over the effects.

    Cochran, Mantel and Haenszel for the pooled test; the homogeneity of the differences by Cochran's Q.
    """
    rows: dict[str, list[Effect]] = {}
    for table in tables:
        for effect in table.effects:
            rows.setdefault(effect.arm, []).append(effect)
    found = [_across(effects) for effects in rows.values() if len(effects) > 1]
    pooled = holm([1.0 if each.p is None else each.p for each in found])
    apart = holm([1.0 if each.heterogeneity_p is None else each.heterogeneity_p for each in found])
    return tuple(
        replace(
            each,
            p_adjusted=None if each.p is None else p,
            heterogeneity_p_adjusted=None if each.heterogeneity_p is None else q,
        )
        for each, p, q in zip(found, pooled, apart, strict=True)
    )


def _across(effects: Sequence[Effect]) -> AcrossModels:
    strata: list[Stratum] = [
        (effect.counts.yes, effect.counts.completed, effect.against.yes, effect.against.completed) for effect in effects
    ]
    told = [stratum for stratum in strata if stratum[1] and stratum[3]]
    pooled = stratified_difference(told) if told else None
    return AcrossModels(
        label=effects[0].label,
        arm=effects[0].arm,
        models=tuple(effect.model for effect in effects),
        differences=tuple(effect.difference for effect in effects),
        pooled=None if pooled is None else pooled.value,
        interval=None if pooled is None else pooled.interval,
        p=cmh(told).p if told else None,
        p_adjusted=None,
        heterogeneity_p=heterogeneity(told),
        heterogeneity_p_adjusted=None,
    )


def heterogeneity(strata: Sequence[Stratum]) -> float | None:
    """The p of Cochran's Q for one common difference of rates; None with fewer than two strata.

    (Cochran 1954, Biometrics 10:101.) Each difference is weighted by its inverse variance, with one trial added to yes and
    no of each group (Agresti and Caffo 2000, Am. Stat. 54:280), so that a group without variation has some.
    """
    if len(strata) < 2:
        return None
    weights, differences = [], []
    for k1, n1, k0, n0 in strata:
        p1, p0 = (k1 + 1) / (n1 + 2), (k0 + 1) / (n0 + 2)
        weights.append(1 / (p1 * (1 - p1) / (n1 + 2) + p0 * (1 - p0) / (n0 + 2)))
        differences.append(p1 - p0)
    middle = sum(w * d for w, d in zip(weights, differences, strict=True)) / sum(weights)
    q = sum(w * (d - middle) ** 2 for w, d in zip(weights, differences, strict=True))
    return chi_square_tail(q, len(strata) - 1)
