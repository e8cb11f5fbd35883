"""Variants as the text that stands for them in a run file, and the digest of trials that were planned together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import apsw

from am_studio.foundation.hashing import canonical_json
from am_studio.records import Choice, TrialSpec, Variant
from am_studio.runs import codec


@lru_cache(maxsize=256)
def variant_key(variant: Variant) -> str:
    """The one text of a variant."""
    parts = [_listed(variant.levels), canonical_json(variant.removed_units), _listed(variant.dragged)]
    if variant.nuisance or variant.scenario:
        parts.append(_listed(variant.nuisance))
    if variant.scenario:
        parts.append(canonical_json(variant.scenario))
    return f"[{','.join(parts)}]"


def _listed(choices: tuple[Choice, ...]) -> str:
    return f"[{','.join(map(_told, choices))}]"


@lru_cache(maxsize=4096)
def _told(choice: Choice) -> str:
    # Where every trial is a variant of its own its choices are those of others all the same.
    return canonical_json(choice)


def variant_of(key: str) -> Variant:
    """The variant of this text."""
    levels, removed_units, dragged, *more = json.loads(key)
    drawn = more[0] if more else ()
    scenario = str(more[1]) if len(more) > 1 else ""
    return Variant(_choices(levels), tuple(map(str, removed_units)), _choices(dragged), _choices(drawn), scenario)


def _choices(pairs: Iterable[Any]) -> tuple[Choice, ...]:
    return tuple(_choice(name, level) for name, level in pairs)


@lru_cache(maxsize=4096)
def _choice(name: Any, level: Any) -> Choice:
    # One pair for all variants: there may be tens of thousands of them.
    return str(name), str(level)


def batch_digest(first: int, specs: Iterable[TrialSpec]) -> bytes:
    """16 bytes over trials that were planned together: over their JSON, a trial at a time."""
    return codec.digest_of_parts("batch", first, _batch_json(specs))


def _batch_json(specs: Iterable[TrialSpec]) -> Iterator[bytes]:
    yield b"["
    for number, spec in enumerate(specs):
        plain = [spec.id, spec.arm, spec.model, variant_key(spec.variant), spec.seed]
        yield ("," * (number > 0) + canonical_json(plain)).encode()
    yield b"]"


class Variants(dict[int, Variant]):
    """The variants of a run by their numbers, read when they are asked for."""

    def __init__(self, db: apsw.Connection) -> None:
        super().__init__()
        self._db = db

    def __missing__(self, number: int) -> Variant:
        for (key,) in self._db.execute("SELECT key FROM variant WHERE id = ?", (number,)):
            found = self[number] = codec.decoded("variant", variant_of, key)
            return found
        raise KeyError(number)
