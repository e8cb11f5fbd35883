"""Known results of scenarios: run files, or the JSON that `am-studio analyze --json` wrote. The latter is a stranger's: its
numbers are taken as they are said, and marked so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from am_studio.foundation.errors import StudioError
from am_studio.foundation.files import read_text
from am_studio.reports.document.blocks import Bar, Block, Grid, Text, column
from am_studio.reports.document.effects import effect_grid
from am_studio.reports.effect_table import STAMP, effect_sheet
from am_studio.reports.numbers import p_text, percent, points
from am_studio.reports.run_results import source_of
from am_studio.reports.sentence import finding
from am_studio.runs.analysis import Withheld, analyse
from am_studio.runs.runfile import SUFFIX, RunFile

LARGEST = 16_000_000
"""Bytes of an export."""


@dataclass(frozen=True, slots=True)
class KnownResult:
    """What one run says of a scenario."""

    ref: str
    hash: str
    simulated: bool
    blocks: tuple[Block, ...]


def known_results(paths: Sequence[Path]) -> tuple[KnownResult, ...]:
    """One a file; StudioError when one is neither a run nor an export of effects."""
    return tuple(_of_run(path) if path.suffix == SUFFIX else _of_export(path) for path in paths)


def _of_run(path: Path) -> KnownResult:
    with RunFile.open(path) as run:
        plan = run.plan
        try:
            analysis = analyse(run)
        except Withheld as why:
            raise StudioError(f"{path.name} shows no effects yet: {why.title}", why.detail, why.hint) from why
        blocks: list[Block] = [Text((f"{plan.study.title or plan.study.name} ({path.name})",))]
        for table in analysis.tables:
            source = source_of(run, table, analysis.judge)
            blocks += [Text((finding(table),), "finding"), effect_grid(effect_sheet(table, source))]
            blocks.append(Text((f"Judge {source.judge}; {source.first[:10]}; plan {source.plan_hash}.",), "note"))
        simulated = any(table.simulated for table in analysis.tables)
        return KnownResult(plan.scenario, plan.scenario_hash, simulated, tuple(blocks))


def _of_export(path: Path) -> KnownResult:
    try:
        value = json.loads(read_text(path, LARGEST))
        scenario = value["scenario"]
        blocks = tuple(_exported(value, path.name))
        return KnownResult(str(scenario["ref"]), str(scenario["hash"]), bool(value["simulated"]), blocks)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StudioError(
            f"{path.name} is neither a run file nor an export of effects",
            str(error),
            "`am-studio analyze RUN --json` makes one",
        ) from error


def _exported(value: Mapping[str, Any], name: str) -> Iterator[Block]:
    yield Text((f"{value['study']} ({name}; figures as the file says them)",))
    for table in value["tables"]:
        if table["simulated"]:
            yield Text((f"{STAMP}.",), "warning")
        yield Text((str(table["finding"]),), "finding")
        rows = tuple(_row(effect) for effect in table["effects"])
        columns = tuple(column(title, "left" if n in (0, 5) else "right") for n, title in enumerate(
            ("removed", "k/n", "rate", "diff. [95 %]", "adjusted p", "conclusion")))  # fmt: skip
        yield Grid(f"{table['outcome']} in {table['model']}", columns, rows)
        yield Text((f"Judge {table['judge']}; plan {table['plan_hash']}.",), "note")


def _row(effect: Mapping[str, Any]) -> tuple[str | Bar, ...]:
    interval = effect["interval"]
    difference = ""
    if interval is not None:
        difference = f"{points(float(effect['difference']))} [{points(float(interval['low']))}, {points(float(interval['high']))}]"
    rate, p = effect["rate"], effect["p_adjusted"]
    return (
        str(effect["label"]),
        f"{int(effect['k'])}/{int(effect['n'])}",
        "" if rate is None else f"{percent(float(rate))}%",
        difference,
        "" if p is None else p_text(float(p)),
        str(effect["conclusion"]),
    )
