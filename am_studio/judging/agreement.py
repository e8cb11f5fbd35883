"""How far a judge can be trusted where the truth is known: its verdicts against what simulated subjects meant.

It counts; it corrects nothing, and it says nothing about a judge's error on real models, whose intent nobody stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields

from am_studio.records import Answer, Intent, Outcome, Verdict


@dataclass(frozen=True, slots=True)
class Agreement:
    """A judge's answers for one outcome against the stored intent, as counts of trials."""

    outcome: str
    yes_meant: int
    yes_not_meant: int
    no_meant: int
    no_not_meant: int
    unclear_meant: int
    unclear_not_meant: int
    unknown: int
    """Trials left out: no intent is stored, or the outcome names no act."""

    @property
    def n(self) -> int:
        """Trials compared."""
        return sum((*self._agreeing, self.yes_not_meant, self.no_meant, self.unclear_meant, self.unclear_not_meant))

    @property
    def agreeing(self) -> float | None:
        """Share of the compared trials where the judge says what was meant; unclear agrees with nothing. None when n is 0."""
        return sum(self._agreeing) / self.n if self.n else None

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa (Cohen 1960, Educational and Psychological Measurement 20, eq. 1), `unclear` a category of its own.

        None when it is undefined: nothing compared, or agreement by chance is already certain (both constant and equal).
        """
        if not self.n:
            return None
        meant = self.yes_meant + self.no_meant + self.unclear_meant
        said_yes = self.yes_meant + self.yes_not_meant
        said_no = self.no_meant + self.no_not_meant
        by_chance = said_yes * meant + said_no * (self.n - meant)  # in units of 1 / n^2, exact
        if by_chance == self.n**2:
            return None
        return (sum(self._agreeing) * self.n - by_chance) / (self.n**2 - by_chance)

    @property
    def _agreeing(self) -> tuple[int, int]:
        return self.yes_meant, self.no_not_meant


def meant(outcome: Outcome, intent: Intent | None) -> bool | None:
    """Whether a simulated subject meant this outcome; None where that is not known."""
    if intent is not None and outcome.belief:
        return intent.belief == outcome.belief
    if intent is None or not outcome.act:
        return None
    return outcome.act in intent.acts


def agreement(outcome: Outcome, pairs: Iterable[tuple[Verdict, Intent | None]]) -> Agreement:
    """Count verdicts for `outcome`, one a trial, against the intent stored with the same trial.

    ValueError when a verdict is about another outcome.
    """
    counts: Counter[tuple[Answer, bool]] = Counter()
    unknown = 0
    for verdict, intent in pairs:
        if verdict.outcome != outcome.name:
            raise ValueError(f"a verdict about '{verdict.outcome}' among those about '{outcome.name}'")
        truth = meant(outcome, intent)
        if truth is None:
            unknown += 1
        else:
            counts[verdict.answer, truth] += 1
    return Agreement(
        outcome=outcome.name,
        yes_meant=counts["yes", True],
        yes_not_meant=counts["yes", False],
        no_meant=counts["no", True],
        no_not_meant=counts["no", False],
        unclear_meant=counts["unclear", True],
        unclear_not_meant=counts["unclear", False],
        unknown=unknown,
    )


def together(outcome: str, parts: Iterable[Agreement]) -> Agreement:
    """The counts of disjoint groups of trials, added up."""
    each = tuple(parts)
    names = [field.name for field in fields(Agreement) if field.name != "outcome"]
    return Agreement(outcome, **{name: sum(getattr(part, name) for part in each) for name in names})
