"""How far the judge can be trusted, as blocks: its errors by human labels, and each rate and effect corrected for them."""

from __future__ import annotations

from collections.abc import Iterator

from am_studio.judging import Agreement
from am_studio.reports.document.blocks import Block, Cell, Text, grid
from am_studio.reports.numbers import percent, points
from am_studio.reports.run_results import agreement_sentence
from am_studio.reports.trust_results import corrected_points, corrected_share, plain_rate, trust_sentence
from am_studio.runs.trust import Trust


def trust_blocks(trust: Trust | None, meant: Agreement | None, judge: str) -> tuple[Block, ...]:
    """What labels say of the judge, and for simulated subjects what they meant."""
    blocks: list[Block] = []
    if meant is not None:
        blocks.append(Text((agreement_sentence(meant, judge),)))
    if trust is None or not trust.labelled:
        told = (
            f"Nobody has labelled trials that were drawn for it: what {judge} gets wrong is not known. `am-studio label RUN` "
            "draws a sample and asks."
        )
        return (*blocks, Text((told,), "warning"))
    return (*blocks, Text((trust_sentence(trust),)), *_tables(trust))


def _tables(trust: Trust) -> Iterator[Block]:
    rows: list[tuple[Cell, ...]] = [
        (
            row.answer,
            str(row.trials),
            str(row.drawn),
            str(row.yes),
            str(row.no),
            str(row.undecided),
            plain_rate(row.truly_yes) if row.checked else "",
        )
        for row in trust.matrix
    ]
    head = ("judge says", "trials", "drawn", "labels: yes", "no", "undecided", "truly yes (95 %)")
    yield grid("What people found behind each answer of the judge", head, tuple(rows))
    rates: tuple[tuple[Cell, ...], ...] = tuple(
        (
            f"{arm.arm}, {arm.model}",
            f"{arm.raw.k}/{arm.raw.n}",
            "" if arm.raw.value is None else f"{percent(arm.raw.value)}%",
            corrected_share(arm.corrected),
            arm.basis,
        )
        for arm in trust.arms
    )
    of_rates = ("arm", "k/n", "as judged", "corrected (95 %)", "labels of")
    yield grid("Rates, as judged and corrected", of_rates, rates)
    effects: tuple[tuple[Cell, ...], ...] = tuple(
        (
            effect.label,
            "" if effect.raw is None else points(effect.raw),
            corrected_points(effect.corrected),
            effect.basis,
        )
        for effect in trust.effects
    )
    if effects:
        of_effects = ("effect", "as judged, points", "corrected (95 %)", "labels of")
        yield grid("Effects, as judged and corrected", of_effects, effects)
