"""What labels say of a run's judge, in a sentence, in lines of at most 74 characters (a panel of 80 columns), and as plain data.

It says nothing of what simulated subjects meant: that is `run_results.agreement_sentence`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from am_studio.effects.agreement import AgreementBeyondChance
from am_studio.effects.judge_error import Corrected
from am_studio.foundation.cells import filled_up
from am_studio.foundation.hygiene import one_line
from am_studio.foundation.plainly import facts_line, figures_told, plainly, spoken
from am_studio.records import Interval, Rate
from am_studio.reports.numbers import percent, points
from am_studio.runs.trust import Basis, CorrectedArm, CorrectedEffect, Panel, Trust

WIDTH = 74
_LABEL = 25
_BASES: dict[Basis, str] = {"own": "own", "model": "all arms'", "all": "all"}
_TAKEN_FOR_GRANTED = (
    "“own”: by the arm's own labels. “all arms'”: by those of all arms in its model; “all”: by all there are. The judge's "
    "sensitivity and specificity are then taken to be the same in all of them: it does not see the arm, but an arm may "
    "change how things are said."
)


def trust_sentence(found: Trust) -> str:
    """Judge and labels on one line; empty where nothing was drawn and labelled."""
    if not found.labelled:
        return ""
    parts = [
        f"sensitivity {corrected_share(found.error.sensitivity)}",
        f"specificity {corrected_share(found.error.specificity)}",
        f"Cohen's kappa {_kappa(found.kappa)}",
    ]
    drawn = f"labels on {found.labelled} of {found.sample} drawn trials"
    return one_line(f"Judge {found.judge} against {drawn}: {', '.join(parts)}.")


def trust_lines(found: Trust) -> tuple[str, ...]:
    """All of it for people."""
    lines = [one_line(f"Trust in the judge {found.judge}, outcome {found.outcome}", WIDTH), *_wrapped(_sample(found))]
    if found.labelled:
        lines += ["", *_matrix(found), "", *_error(found)]
    for who, panel in (("raters", found.among_raters), ("judges", found.among_judges)):
        if panel:
            lines += _wrapped(_panel(who, panel))
    if found.labelled:
        lines += ["", *_arms(found.arms), *_effects(found.effects), "", *_wrapped(_TAKEN_FOR_GRANTED)]
    return tuple(lines)


def trust_as_json(found: Trust) -> dict[str, Any]:
    """All numbers of it."""
    plain = asdict(found)
    plain["matrix"] = [
        {**asdict(row), "checked": row.checked, "truly_yes_rate": _rate_json(row.truly_yes)} for row in found.matrix
    ]
    for arm, entry in zip(found.arms, plain["arms"], strict=True):
        entry["raw"] = _rate_json(arm.raw)
    return plain


def _rate_json(rate: Rate) -> dict[str, Any]:
    return {"k": rate.k, "n": rate.n, "value": rate.value, "interval": asdict(rate.interval) if rate.interval else None}


# Lines. --------------------------------------------------------------------------------------------------------------


def _sample(found: Trust) -> str:
    if not found.sample:
        told = f"No sample has been drawn: `am-studio label RUN --judge {found.judge}` draws one and asks."
        return told + (
            f" {found.chosen} trials have labels already; those of them that are drawn will count."
            if found.chosen
            else ""
        )
    told = f"{found.sample} trials were drawn by its answers; {found.labelled} are labelled."
    if found.chosen:
        told += f" {found.chosen} more have labels, but were not drawn: they do not count here."
    if found.since:
        told += (
            f" {found.since} trials were judged since: `am-studio label RUN --sample {found.sample}` draws from all."
        )
    if found.draws > 1:
        told += f" It was drawn or added to {found.draws} times."
    return told


def _matrix(found: Trust) -> Iterator[str]:
    if plainly():
        heads = ("judge says", "trials", "drawn", "labels yes", "labels no", "labels undecided", "truly yes")
        counted = [(row.answer, row.trials, row.drawn, row.yes, row.no, row.undecided) for row in found.matrix]
        rates = [plain_rate(row.truly_yes) if row.checked else "" for row in found.matrix]
        yield from figures_told(heads, [(*map(str, row), rate) for row, rate in zip(counted, rates, strict=True)])
        return
    yield f"  {'judge says':<11}{'trials':>6}{'drawn':>6}  labels:{'yes':>4}{'no':>4}{'undecided':>10}  truly yes"
    for row in found.matrix:
        rate = plain_rate(row.truly_yes) if row.checked else ""
        yield (
            f"  {row.answer:<11}{row.trials:>6}{row.drawn:>6}         {row.yes:>4}{row.no:>4}{row.undecided:>10}  {rate}"
        ).rstrip()


def _error(found: Trust) -> Iterator[str]:
    yield f"  Sensitivity (of what is so, the share called yes): {corrected_share(found.error.sensitivity)}"
    yield f"  Specificity (of what is not, the share called no): {corrected_share(found.error.specificity)}"
    open_ = [row for row in found.matrix if row.trials and not row.checked]
    if open_:
        told = " and ".join(f"{row.trials} it calls {row.answer}" for row in open_)
        yield from _wrapped(f"They are not known while no label settles any of the {told}.")
    yield f"  Cohen's kappa, judge and labels, over all trials: {_kappa(found.kappa)}"
    if len(found.raters) > 1:
        for rater in found.raters:
            yield f"    {one_line(rater.rater, 24)} ({rater.labels} labels): {_kappa(rater.kappa)}"


def _panel(who: str, panel: Panel) -> str:
    fleiss = f", Fleiss' kappa {_kappa(panel.fleiss)}" if panel.fleiss else ""
    names = ", ".join(one_line(name, WIDTH - 4) for name in panel.names)
    return (
        f"Among {len(panel.names)} {who} ({names}), on {panel.trials:,} trials: "
        f"Krippendorff's alpha {_kappa(panel.alpha)}{fleiss}."
    )


def _arms(arms: Sequence[CorrectedArm]) -> Iterator[str]:
    several = len({arm.model for arm in arms}) > 1
    model = ""
    yield "" if plainly() else f"  {'rate':<{_LABEL}}{'as judged':>13}   {'corrected, 95 %':<20} labels"
    for arm in arms:
        if several and arm.model != model:
            model = arm.model
            yield f"  {one_line(model, WIDTH - 4)}"
        raw = f"{arm.raw.k}/{arm.raw.n} {'' if arm.raw.value is None else percent(arm.raw.value) + ' %'}"
        yield _line("rate of", arm.arm, raw, corrected_share(arm.corrected), arm.basis)
        if arm.error is not None:
            yield f"    se {corrected_share(arm.error.sensitivity)}, sp {corrected_share(arm.error.specificity)} in this arm alone"


def _effects(effects: Sequence[CorrectedEffect]) -> Iterator[str]:
    if not effects:
        return
    several = len({effect.model for effect in effects}) > 1
    model = ""
    yield ""
    yield "" if plainly() else f"  {'effect, in points':<{_LABEL}}{'as judged':>13}   {'corrected, 95 %':<20} labels"
    for effect in effects:
        if several and effect.model != model:
            model = effect.model
            yield f"  {one_line(model, WIDTH - 4)}"
        raw = "" if effect.raw is None else points(effect.raw)
        yield _line("effect of", effect.label, raw, corrected_points(effect.corrected), effect.basis)


def _line(what: str, label: str, raw: str, corrected: str, basis: Basis) -> str:
    if plainly():
        return facts_line(
            ((what, label), ("as judged", spoken(raw)), ("corrected", spoken(corrected)), ("labels", _BASES[basis]))
        )
    return f"  {filled_up(one_line(label, _LABEL - 1), _LABEL)}{raw:>13}   {corrected:<20} {_BASES[basis]}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)


def plain_rate(rate: Rate) -> str:
    """A rate with the ends of its interval, in per cent; empty without one."""
    return "" if rate.value is None or rate.interval is None else f"{percent(rate.value)} % ({_ends(rate.interval)})"


def corrected_share(found: Corrected) -> str:
    """A corrected rate with the ends of its interval, in per cent."""
    if found.value is None or found.interval is None:
        return "not known"
    return f"{percent(found.value)} % ({_ends(found.interval)})"


def corrected_points(found: Corrected) -> str:
    """A corrected difference with the ends of its interval, in points."""
    if found.value is None or found.interval is None:
        return "not known"
    return f"{points(found.value)} ({points(found.interval.low)} to {points(found.interval.high)})"


def _ends(interval: Interval) -> str:
    return f"{percent(interval.low)} to {percent(interval.high)}"


def _kappa(found: AgreementBeyondChance | None) -> str:
    if found is None:
        return "not known yet"
    if found.value is None:
        return f"not defined (all agree: {percent(found.observed)} %)"
    told = f"{found.value:.2f}"
    return told if found.interval is None else f"{told} ({found.interval.low:.2f} to {found.interval.high:.2f})"
