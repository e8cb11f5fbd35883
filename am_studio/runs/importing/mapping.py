"""Which column is what: a mapping that is given, or a guess that is shown before it is used.

The left side of `--map reply=response,detail.ceo=ceo_reachable` is a name of this program, the right side a column; a column
inside another is written with dots (`raw_response.model`). A column that is not there is refused before any row is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from am_studio.foundation.errors import StudioError, nearest
from am_studio.foundation.yamlfile import read_yaml
from am_studio.runs.importing.rows import Row

FIELDS: dict[str, tuple[str, ...]] = {
    "reply": (
        "response",
        "reply",
        "completion",
        "output",
        "answer",
        "raw_response",
        "model_response",
        "text",
        "content",
    ),
    "reasoning": ("reasoning", "thinking", "reasoning_content", "scratchpad", "thoughts", "chain_of_thought"),
    "prompt": ("prompt", "messages", "input", "user_prompt", "full_prompt", "user"),
    "system": ("system_prompt", "system", "system_message"),
    "model": ("model", "model_id", "model_name", "engine"),
    "arm": ("condition", "arm", "variant", "group", "treatment"),
    "finish": ("finish_reason", "stop_reason", "finish"),
    "error": ("error", "exception", "failure"),
    "time": ("timestamp", "time", "created", "created_at", "date"),
}
"""Every single field and the columns it is usually called by, the likeliest first."""
FAMILIES = ("detail.", "verdict.")
"""Beginnings of fields of which there may be several."""
_UNMAPPED = 20


@dataclass(frozen=True, slots=True)
class Mapped:
    """Which column is what."""

    columns: Mapping[str, str]
    """Column by field."""
    guessed: bool
    unused: tuple[str, ...]
    """Columns that are nothing."""

    def details(self) -> dict[str, str]:
        """Column by detail."""
        return self._family("detail.")

    def verdicts(self) -> dict[str, str]:
        """Column by outcome."""
        return self._family("verdict.")

    def _family(self, prefix: str) -> dict[str, str]:
        return {name.removeprefix(prefix): column for name, column in self.columns.items() if name.startswith(prefix)}

    @property
    def told(self) -> str:
        """As `--map` takes it."""
        return ",".join(f"{name}={column}" for name, column in self.columns.items())


def read_mapping(texts: Iterable[str], file: Path | None) -> dict[str, str]:
    """The mapping that options and a YAML file spell; the options win. StudioError when one is no pair, or unknown."""
    found: dict[str, str] = {}
    if file is not None:
        plain = read_yaml(file).plain()
        if not isinstance(plain, dict):
            raise StudioError(f"{file} is no mapping", hint="such as `reply: response`")
        for name, value in plain.items():
            if isinstance(value, dict):
                found |= {f"{name}.{inner}": str(column) for inner, column in value.items()}
            else:
                found[str(name)] = str(value)
    for text in texts:
        for pair in text.split(","):
            name, equals, column = (part.strip() for part in pair.partition("="))
            if not equals or not name or not column:
                raise StudioError(
                    f"--map: '{pair}' is not FIELD=COLUMN", hint="such as --map reply=response,model=engine"
                )
            found[name] = column
    for name in found:
        if name not in FIELDS and not any(name.startswith(family) and name != family for family in FAMILIES):
            raise StudioError(
                f"--map: there is no field '{name}'", hint=nearest(name, [*FIELDS, "detail.NAME", "verdict.OUTCOME"])
            )
    return found


def map_columns(rows: Sequence[Row], given: Mapping[str, str]) -> Mapped:
    """The mapping of these rows: what is given, and where nothing is, a guess. StudioError where it cannot be."""
    columns = _columns(rows)
    for name, column in given.items():
        if not any(_has(row, column) for row in rows):
            raise StudioError(f"--map {name}={column}: there is no column '{column}'", hint=nearest(column, columns))
    chosen = dict(given) or _guess(rows, columns)
    if "reply" not in chosen and "prompt" in chosen and _holds_answer(rows, chosen["prompt"]):
        pass  # whole conversations: the answer is their last message
    elif "reply" not in chosen:
        raise StudioError(
            "which column holds the reply?", f"columns: {', '.join(columns[:_UNMAPPED])}", "say --map reply=COLUMN"
        )
    used = {column.split(".")[0] for column in chosen.values()} | set(chosen.values())
    return Mapped(chosen, not given, tuple(column for column in columns if column not in used))


def value_at(row: Row, column: str) -> Any:
    """The value of a column, or of one inside another; None where there is none."""
    if column in row.values:
        return row.values[column]
    value: Any = row.values
    for part in column.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def _has(row: Row, column: str) -> bool:
    return column in row.values or value_at(row, column) is not None


def _columns(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(column for row in rows for column in row.values))


def _guess(rows: Sequence[Row], columns: Sequence[str]) -> dict[str, str]:
    lowered = {column.lower(): column for column in reversed(columns)}
    found: dict[str, str] = {}
    for name, usual in FIELDS.items():
        column = next(
            (lowered[word] for word in usual if word in lowered and lowered[word] not in found.values()), None
        )
        if column is not None:
            found[name] = column
    if "reply" not in found:
        texts = [
            c for c in columns if c not in found.values() and all(isinstance(r.values.get(c), str) for r in rows[:50])
        ]
        longest = sorted(texts, key=lambda c: -sum(len(row.values[c]) for row in rows[:50]))
        if len(longest) == 1:
            found["reply"] = longest[0]
    for column in columns:
        lead = next((lead for lead in ("detail.", "detail_", "factor_") if column.lower().startswith(lead)), "")
        if lead and len(column) > len(lead):
            found[f"detail.{column[len(lead) :]}"] = column
    return found


def _holds_answer(rows: Sequence[Row], column: str) -> bool:
    """Whether a column holds whole conversations, answers among them."""
    value = value_at(rows[0], column)
    messages = value.get("messages") if isinstance(value, Mapping) else value
    return isinstance(messages, list) and any(isinstance(m, Mapping) and m.get("role") == "assistant" for m in messages)
