"""A small grammar: rules of `wordings.yaml` filled with the facts of a prompt, then drawn from at random."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from am_studio.foundation.errors import StudioError
from am_studio.models.simulated.facts import Facts
from am_studio.models.simulated.tables import wordings

FACT_NAMES = frozenset(
    {"agent", "target", "target_first", "third_first", "ceo_first", "rival_first", "danger"}
    | {"time", "document", "excerpt", "alert", "alert_subject", "code"}
)
_CONDITION = re.compile(r"\[([a-z_, ]+)\] ")
_SLOT = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Slot:
    """A place where a rule is drawn."""

    rule: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A place where a fact stands."""

    name: str


Alternative = tuple[str | Slot, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """An alternative as `wordings.yaml` has it."""

    present: tuple[str, ...]
    absent: tuple[str, ...]
    """Flags that must and must not be there."""
    pieces: tuple[str | Slot | Fact, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with everything that it depends on, through the rules it calls as well."""

    wordings: tuple[Wording, ...]
    flags: frozenset[str]
    facts: tuple[str, ...]


class Phrasebook:
    """The rules as they stand for one prompt, each worked out when it is first needed: facts filled in, what does not
    apply left out. A rule with nothing left takes with it the alternatives that call it."""

    def __init__(self, flags: frozenset[str], words: Mapping[str, str]) -> None:
        self._flags = flags
        self._words = words
        self._rules: dict[str, tuple[Alternative, ...]] = {}

    def say(self, rule: str, chance: Callable[[], float]) -> str:
        """A text for this rule; empty when none of its alternatives applies. `chance` gives floats in [0, 1)."""
        alternatives = self._rules.get(rule)
        if alternatives is None:
            # Most prompts that differ do not differ in what one rule depends on.
            known = _rules()[rule]
            words = tuple(map(self._words.get, known.facts))
            alternatives = self._rules[rule] = _filled(rule, self._flags & known.flags, words)
        if not alternatives:
            return ""
        chosen = alternatives[int(chance() * len(alternatives))]
        return "".join([piece if isinstance(piece, str) else self.say(piece.rule, chance) for piece in chosen])


@lru_cache(maxsize=4096)
def _filled(rule: str, flags: frozenset[str], words: tuple[str | None, ...]) -> tuple[Alternative, ...]:
    """The alternatives of a rule that apply; `words` are its facts, None for one that is not known."""
    known = dict(zip(_rules()[rule].facts, words, strict=True))
    filled = (_alternative(wording, flags, known) for wording in _rules()[rule].wordings)
    return tuple(alternative for alternative in filled if alternative is not None)


def _alternative(wording: Wording, flags: frozenset[str], known: Mapping[str, str | None]) -> Alternative | None:
    if not (flags.issuperset(wording.present) and flags.isdisjoint(wording.absent)):
        return None
    pieces: list[str | Slot] = []
    for piece in wording.pieces:
        if isinstance(piece, Slot):
            called = _rules()[piece.rule]
            if not _filled(piece.rule, flags & called.flags, tuple(map(known.get, called.facts))):
                return None
            pieces.append(piece)
            continue
        text = known.get(piece.name) if isinstance(piece, Fact) else piece
        if text is None:
            return None
        if pieces and isinstance(pieces[-1], str):
            pieces[-1] += text
        else:
            pieces.append(text)
    return tuple(pieces)


def phrasebook(facts: Facts) -> Phrasebook:
    """The wordings that fit these facts."""
    return _phrasebook(facts.flags, tuple(sorted(facts.words.items())))


@lru_cache(maxsize=128)
def _phrasebook(flags: frozenset[str], words: tuple[tuple[str, str], ...]) -> Phrasebook:
    return Phrasebook(flags, dict(words))


@lru_cache(maxsize=1)
def _rules() -> Mapping[str, Rule]:
    """Every rule taken apart; StudioError for one that names what is neither a fact nor a rule, or calls itself."""
    apart = {rule: tuple(map(_taken_apart, alternatives)) for rule, alternatives in wordings().items()}
    made: dict[str, Rule] = {}
    for rule in apart:
        _make(rule, apart, made, ())
    return made


def _make(rule: str, apart: Mapping[str, tuple[Wording, ...]], made: dict[str, Rule], above: tuple[str, ...]) -> Rule:
    if rule in above:
        raise StudioError(f"wordings.yaml: the rule {rule} calls itself")
    if rule not in made:
        flags: set[str] = set()
        facts: set[str] = set()
        for wording in apart[rule]:
            flags.update(wording.present, wording.absent)
            for piece in wording.pieces:
                if isinstance(piece, Fact):
                    facts.add(piece.name)
                elif isinstance(piece, Slot):
                    called = _make(piece.rule, apart, made, (*above, rule))
                    flags |= called.flags
                    facts.update(called.facts)
        made[rule] = Rule(apart[rule], frozenset(flags), tuple(sorted(facts)))
    return made[rule]


def _taken_apart(text: str) -> Wording:
    condition = _CONDITION.match(text)
    asked = [part.strip() for part in condition[1].split(",")] if condition else []
    rest = text[condition.end() :] if condition else text
    pieces: list[str | Slot | Fact] = []
    for at, piece in enumerate(_SLOT.split(rest.replace("//", "\n\n"))):
        if at % 2 == 0:
            pieces += [piece] if piece else []
        elif piece in FACT_NAMES:
            pieces.append(Fact(piece))
        elif piece in wordings():
            pieces.append(Slot(piece))
        else:
            raise StudioError(f"wordings.yaml uses {{{piece}}}, which is neither a fact nor a rule")
    return Wording(
        tuple(part for part in asked if not part.startswith("not ")),
        tuple(part[4:] for part in asked if part.startswith("not ")),
        tuple(pieces),
    )
