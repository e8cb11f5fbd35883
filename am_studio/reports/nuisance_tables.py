"""What nuisance factors and sessions do to a table of effects: each effect with them held apart, and how far each factor moves the rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from am_studio.foundation.hygiene import one_line
from am_studio.records import Effect, EffectTable, NuisanceShare, Stratified
from am_studio.reports.numbers import p_text, points
from am_studio.reports.side_tables import LABEL_WIDTH, aligned, estimate_text, interval_json


def nuisance_lines(table: EffectTable, width: int = 0) -> tuple[str, ...]:
    """The effects with nuisance factors and with sessions held apart, each under a head, then the factors' shares; () for none."""
    stratified = [(effect, effect.stratified) for effect in table.effects if effect.stratified is not None]
    sessions = [(effect, effect.by_session) for effect in table.effects if effect.by_session is not None]
    parts = (
        _stratified_lines("nuisance factors held apart", stratified, width),
        _stratified_lines("sessions held apart", sessions, width),
        _share_lines(table.nuisance, width),
    )
    told = [line for part in parts if part for line in ("", *part)]
    return tuple(told[1:])


def _stratified_lines(head: str, apart: Sequence[tuple[Effect, Stratified]], width: int) -> tuple[str, ...]:
    if not apart:
        return ()
    rows: list[tuple[str, ...]] = [(head, "crude", "stratified diff.", "CMH p")]
    for effect, found in apart:
        rows.append(
            (
                one_line(effect.label, LABEL_WIDTH),
                "" if effect.difference is None else points(effect.difference),
                estimate_text(found.difference, found.interval),
                "" if found.p is None else p_text(found.p),
            )
        )
    factors = one_line(" × ".join(apart[0][1].factors))
    strata = max(found.strata for _, found in apart)
    told = (
        f"Stratified by {factors} ({strata} strata): Mantel-Haenszel weights, Miettinen-Nurminen's stratified score "
        "interval, Cochran-Mantel-Haenszel test; p not adjusted."
    )
    return (*aligned(rows, width), told)


def _share_lines(shares: tuple[NuisanceShare, ...], width: int) -> tuple[str, ...]:
    if not shares:
        return ()
    rows: list[tuple[str, ...]] = [("nuisance factor", "rates of its levels", "SD between", "share", "F p")]
    for each in shares:
        rates = ", ".join(points(rate.value).lstrip("+") for _, rate in each.rates if rate.value is not None)
        rows.append(
            (
                one_line(each.factor, LABEL_WIDTH),
                rates,
                "" if each.sd is None else _sd(each),
                "" if each.share is None else f"{each.share:.1%}",
                "" if each.p is None else p_text(each.p),
            )
        )
    told = (
        "SD between: how far the rate differs between the levels, in points, arms held apart, chance taken off; its interval "
        "from the noncentral F. Share: of the variance of one trial's outcome within an arm (omega squared)."
    )
    return (*aligned(rows, width), told)


def _sd(share: NuisanceShare) -> str:
    told = f"{100 * (share.sd or 0):.0f}"
    return f"{told} [{100 * share.interval.low:.0f}, {100 * share.interval.high:.0f}]" if share.interval else told


def stratified_json(found: Stratified | None) -> dict[str, Any] | None:
    """An effect with nuisance factors or sessions held apart; None where there were none to hold apart."""
    if found is None:
        return None
    return {
        "factors": list(found.factors),
        "strata": found.strata,
        "difference": found.difference,
        "interval": interval_json(found.interval),
        "p": found.p,
        "test": "cochran-mantel-haenszel",
    }


def nuisance_json(table: EffectTable) -> list[dict[str, Any]]:
    """Every nuisance factor with the rates of its levels and its share of variance."""
    return [
        {
            "factor": each.factor,
            "levels": [{"level": level, "k": rate.k, "n": rate.n, "rate": rate.value} for level, rate in each.rates],
            "sd": each.sd,
            "interval": interval_json(each.interval),
            "share_of_variance": each.share,
            "measure": "omega squared, partial",
            "p": each.p,
            "test": "F",
        }
        for each in table.nuisance
    ]
