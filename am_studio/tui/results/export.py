"""The effects of a run as files beside it: JSON with all numbers, and CSV for spreadsheets.

No cell of the CSV can start a formula, whatever a scenario or a provider calls itself. Files of the same outcome are
replaced, whole or not at all.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from am_studio.foundation.files import write_atomic
from am_studio.foundation.hygiene import one_line

_FORMULA = tuple("=+-@\t\r|%＝＋－＠")
_HEAD = (
    "stamp", "study", "outcome", "model", "models_returned", "judge", "arm", "label", "removed", "k", "n", "rate",
    "rate_low", "rate_high", "difference", "low", "high", "p", "p_adjusted", "bound_low", "bound_high", "kind", "against_k", "against_n",
    "ratio", "ratio_low", "ratio_high", "conclusion", "more_trials", "detectable", "planned",
    "completed", "yes", "no", "unclear", "failed", "refused", "truncated", "rate_method", "interval_method", "level",
    "test", "adjustment", "family", "estimand", "first_trial", "last_trial", "plan_hash", "notes",
)  # fmt: skip


def export(run: Path, outcome: str, numbers: Mapping[str, Any]) -> tuple[Path, Path]:
    """Write the numbers (those of `am-studio analyze --json`) beside the run; the two files. StudioError when one cannot."""
    stem = (
        run.name.removesuffix(run.suffix) + "." + (re.sub(r"[^a-z0-9]+", "-", outcome.lower()).strip("-") or "outcome")
    )
    as_json, as_csv = run.with_name(f"{stem}.effects.json"), run.with_name(f"{stem}.effects.csv")
    write_atomic(as_json, (json.dumps(numbers, indent=2, allow_nan=False) + "\n").encode("ascii"))
    write_atomic(as_csv, effects_csv(numbers).encode("utf-8"))
    return as_json, as_csv


def effects_csv(numbers: Mapping[str, Any]) -> str:
    """One line an arm and model, the baselines among them, under a head."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_HEAD)
    for line in _lines(numbers):
        writer.writerow([_cell(line.get(name)) for name in _HEAD])
    return text.getvalue()


def _lines(numbers: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for table in numbers["tables"]:
        shared = {
            **{
                name: table[name] for name in ("stamp", "outcome", "model", "judge", "adjustment", "family", "estimand")
            },
            **{name: table[name] for name in ("first_trial", "last_trial", "plan_hash")},
            "study": numbers["study"],
            "models_returned": ", ".join(table["models_returned"]),
            "notes": " ".join(table["notes"]),
        }
        yield {**shared, "arm": "baseline", "label": "baseline", **_flat(table["baseline"])}
        for effect in table["effects"]:
            yield {**shared, **_flat(effect)}


def _flat(entry: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(entry)
    rate, interval = entry["rate_interval"] or {}, entry.get("interval") or {}
    found |= {"rate_low": rate.get("low"), "rate_high": rate.get("high"), "rate_method": rate.get("method")}
    found |= {"low": interval.get("low"), "high": interval.get("high"), "interval_method": interval.get("method")}
    found["level"] = interval.get("level", rate.get("level"))
    found["bound_low"], found["bound_high"] = entry.get("bounds") or (None, None)
    against, ratio = entry.get("against") or {}, entry.get("ratio") or {}
    found |= {"against_k": against.get("k"), "against_n": against.get("n"), "ratio": ratio.get("value")}
    ends = ratio.get("interval") or {}
    found |= {"ratio_low": ends.get("low"), "ratio_high": ends.get("high")}
    found["removed"] = ", ".join(f"{name}={level}" for name, level in entry.get("removed", {}).items())
    return found


def _cell(value: object) -> object:
    """A number as it is; text on one line, with an apostrophe before anything that a spreadsheet would work out."""
    if value is None or isinstance(value, int | float):
        return "" if value is None else value
    text = one_line(str(value))
    return f"'{text}" if text.startswith(_FORMULA) else text
