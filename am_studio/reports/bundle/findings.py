"""What the reproduction of a bundle found: checks, each with what it looked at, where that differs, and what it could not see."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from am_studio.foundation.hygiene import one_line

CheckName = Literal["hashes", "plan", "scenario", "trials", "prompts", "replies", "subject", "verdicts", "numbers"]
MOST = 200
"""Differences of one check that are kept; all are counted."""
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where what a bundle says is not what comes of its parts."""

    part: str
    """Such as `trials.jsonl`."""
    what: str
    """What differs, such as `verdict`."""
    was: Any
    """As the bundle has it; plain JSON."""
    now: Any
    """As it comes out here."""
    trial: int | None = None
    outcome: str = ""
    judge: str = ""

    @property
    def told(self) -> str:
        """One line."""
        where = [self.part]
        where += [f"trial {self.trial}"] if self.trial is not None else []
        where += [part for part in (self.outcome, self.judge) if part]
        return one_line(f"{', '.join(where)}: {self.what}: was {_short(self.was)}, is {_short(self.now)}")


@dataclass
class Check:
    """One kind of check, as it goes."""

    name: CheckName
    what: str
    """What is counted, such as `prompts rendered again`."""
    done: int = 0
    differing: int = 0
    differences: list[Difference] = field(default_factory=list)
    """The first `MOST`."""
    unseen: Counter[str] = field(default_factory=Counter)
    """Reason -> how many could not be checked."""

    def differs(self, *differences: Difference) -> None:
        """Keep these."""
        self.differing += len(differences)
        self.differences += differences[: max(MOST - len(self.differences), 0)]

    def compare(self, part: str, what: str, was: Any, now: Any, **where: Any) -> None:
        """Keep a difference where the two are not the same."""
        if was != now:
            self.differs(Difference(part, what, was, now, **where))


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What came of it."""

    bundle: str
    """File name."""
    identity: str
    simulated: bool
    redacted: str
    study: str
    checks: tuple[Check, ...]
    notes: tuple[str, ...]
    """What of the two programs or of the bundle may stand behind a difference, and what was withheld."""

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not any(check.differing for check in self.checks)


def as_json(found: Reproduction) -> dict[str, Any]:
    """Everything, as plain data."""
    return {
        "format": 1,
        "bundle": found.bundle,
        "identity": found.identity,
        "simulated": found.simulated,
        "redacted": found.redacted or None,
        "study": found.study,
        "same": found.same,
        "notes": list(found.notes),
        "checks": [
            {
                "check": check.name,
                "what": check.what,
                "checked": check.done,
                "differing": check.differing,
                "not_checked": dict(check.unseen),
                "differences": [
                    {
                        "part": each.part,
                        "trial": each.trial,
                        "outcome": each.outcome or None,
                        "judge": each.judge or None,
                        "what": each.what,
                        "was": each.was,
                        "is": each.now,
                    }
                    for each in check.differences
                ],
            }
            for check in found.checks
        ],
    }


def lines(found: Reproduction, most: int = 12) -> list[str]:
    """The same in lines; of each check the first `most` differences."""
    told = []
    for check in found.checks:
        end = f"{check.differing:,} differ" if check.differing else "0 differ"
        told.append(f"{check.name:<9} {check.done:>9,} {check.what}: {end}")
        told += [f"          not checked: {number:,}, {reason}" for reason, number in check.unseen.items()]
        told += [f"          {each.told}" for each in check.differences[:most]]
        if check.differing > most:
            told.append(f"          and {check.differing - min(most, len(check.differences)):,} more")
    return told


def _short(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else "nothing" if value is None else str(value)
    return one_line(text, _SHOWN) or "nothing"
